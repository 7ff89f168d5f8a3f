"""OCPP's words in evtech's: states, reasons to stop, tokens, measurands with phases and units (1.6 and 2.0.1)."""

import math
from typing import Any

from evtech.measure.vocabulary import TERMS

STATES = {
    "Available": "IDLE", "Preparing": "PLUGGED", "Occupied": "PLUGGED", "EVConnected": "PLUGGED",
    "Charging": "CHARGING", "SuspendedEV": "PAUSED_BY_EV", "SuspendedEVSE": "PAUSED_BY_EVSE",
    "Finishing": "FINISHING", "Idle": "FINISHING", "Reserved": "RESERVED", "Unavailable": "UNAVAILABLE",
    "Faulted": "FAULTED",
}  # fmt: skip
# OCPP 1.6 section 7.37 Reason, 2.0.1 ReasonEnumType; left out means Local. Other and Timeout say nothing of the end
STOPS = {
    "Local": "driver", "EVDisconnected": "driver", "StoppedByEV": "vehicle", "Remote": "remote",
    "MasterPass": "remote", "UnlockCommand": "remote", "SOCLimitReached": "full", "EnergyLimitReached": "limit",
    "TimeLimitReached": "limit", "LocalOutOfCredit": "limit", "EmergencyStop": "emergency_stop",
    "PowerLoss": "power_loss", "DeAuthorized": "deauthorised", "GroundFault": "fault", "OvercurrentFault": "fault",
    "PowerQuality": "fault", "HardReset": "fault", "SoftReset": "fault", "Reboot": "fault", "ImmediateReset": "fault",
    "ReqEnergyTransferRejected": "vehicle", "Other": "unknown", "Timeout": "unknown",
}  # fmt: skip
# 2.0.1 IdTokenEnumType, and what 2.1 adds; 1.6 does not say what a token is
PAYMENTS = {
    "ISO14443": "rfid", "ISO15693": "rfid", "eMAID": "plug_and_charge", "KeyCode": "key_code", "Local": "local",
    "MacAddress": "vehicle", "EVCCID": "vehicle", "VIN": "vehicle", "Central": "remote", "NoAuthorization": "none",
    "DirectPayment": "ad_hoc",
}  # fmt: skip
REGISTER, INTERVAL = "Energy.Active.Import.Register", "Energy.Active.Import.Interval"
# of a value without a phase: of all of them, or of the only one
_WHOLE = {
    "Energy.Active.Import.Register": "energy_import_total", "Energy.Active.Export.Register": "energy_export_total",
    "Energy.Reactive.Import.Register": "reactive_energy_import_total", "Power.Active.Import": "power_total",
    "Power.Active.Export": "power_export", "Power.Reactive.Import": "reactive_power_total",
    "Power.Factor": "power_factor_total", "Current.Offered": "current_limit_actual", "Current.Import": "current_total",
    "Voltage": "voltage_ln_average", "Frequency": "frequency", "SoC": "soc", "RPM": "",
}  # fmt: skip
_BY_PHASE = {
    "Energy.Active.Import.Register": "energy_import", "Energy.Active.Export.Register": "energy_export",
    "Power.Active.Import": "power", "Power.Reactive.Import": "reactive_power", "Power.Factor": "power_factor",
    "Current.Import": "current", "Voltage": "voltage",
}  # fmt: skip
_TEMPERATURES = {"Body": "temperature", "Cable": "temperature_connector", "Outlet": "temperature_connector"}
# in direct current: what a value without a phase is where a vehicle tells its charge or the voltage is no mains
DC_NAMES = {"voltage_ln_average": "dc_voltage", "current_total": "dc_current"}
_FACTORS = {"k": 1e3, "m": 1e-3, "M": 1e6}
_PREFIXED = frozenset(("kWh", "kW", "kvar", "kvarh", "kVA", "kVAh", "mA", "mV", "MWh", "MW", "kV"))
_MOST = 1e15


def point_of(sampled: dict[str, Any]) -> str | None:
    """Return the standard name of a sampled value; ``None`` where evtech has none, or where it is another place."""
    measurand = str(sampled.get("measurand") or REGISTER)
    place = sampled.get("location")
    if measurand == "Temperature":
        return _TEMPERATURES.get(str(place or "Body"))
    if place not in (None, "Outlet", "EV"):  # the grid's side, the cable: another meter than the session's
        return None
    phase = str(sampled.get("phase") or "").casefold()
    if not phase:
        name = _WHOLE.get(measurand)
    elif phase in ("l1-l2", "l2-l3", "l3-l1"):
        name = f"voltage_{phase.replace('-', '_')}" if measurand == "Voltage" else None
    elif phase == "n":
        name = "current_neutral" if measurand == "Current.Import" else None
    else:
        base = _BY_PHASE.get(measurand)
        name = f"{base}_{phase.removesuffix('-n')}" if base else None
    return name if name in TERMS else None


def value_of(sampled: dict[str, Any]) -> float | None:
    """Return a sampled value in the base unit; signed records and what is no number are ``None``."""
    if sampled.get("format") == "SignedData":
        return None
    told = sampled.get("unitOfMeasure")
    told = told if isinstance(told, dict) else {}
    unit = str(sampled.get("unit") or told.get("unit") or "")
    try:
        power = int(told.get("multiplier") or 0)
        number = float(sampled["value"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if isinstance(sampled["value"], bool) or not math.isfinite(number) or abs(power) > 12:
        return None
    number *= 10.0**power * (_FACTORS[unit[0]] if unit in _PREFIXED else 1.0)
    if unit == "Fahrenheit":
        number = (number - 32.0) / 1.8
    elif unit == "K":
        number -= 273.15
    elif unit in ("Percent", "%") and sampled.get("measurand") == "Power.Factor":
        number /= 100.0
    return number if abs(number) < _MOST else None


def interval_of(sampled: dict[str, Any]) -> float | None:
    """Return the energy (Wh) of an interval, where a value is one of all phases."""
    if sampled.get("measurand") != INTERVAL or sampled.get("phase") or sampled.get("location") not in (None, "Outlet"):
        return None
    return value_of(sampled)


def signed_of(sampled: dict[str, Any]) -> tuple[str, str] | None:
    """Return context and text of a signed value: 1.6 has it in the value, 2.0.1 beside it."""
    context = str(sampled.get("context") or "Sample.Periodic")
    if sampled.get("format") == "SignedData":
        return context, str(sampled.get("value") or "")
    beside = sampled.get("signedMeterValue")
    if isinstance(beside, dict) and beside.get("signedMeterData"):
        return context, str(beside["signedMeterData"])
    return None
