"""OCPP's words in evtech's: states, reasons to stop, tokens, measurands with phases and units (1.6 and 2.0.1)."""

from functools import lru_cache
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
_WORD = 60  # letters of a measurand, a phase or a unit; what a foreign file says is remembered below


def point_of(sampled: dict[str, Any]) -> str | None:
    """Return the standard name of a sampled value; ``None`` where evtech has none, or where it is another place."""
    return _point(
        str(sampled.get("measurand") or REGISTER)[:_WORD], str(sampled.get("location") or "")[:_WORD],
        str(sampled.get("phase") or "")[:_WORD],
    )  # fmt: skip


@lru_cache(4096)  # a log repeats its few measurands
def _point(measurand: str, place: str, phase: str) -> str | None:
    if measurand == "Temperature":
        return _TEMPERATURES.get(place or "Body")
    if place not in ("", "Outlet", "EV"):  # the grid's side, the cable: another meter than the session's
        return None
    phase = phase.casefold()
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
    try:
        power = int(told.get("multiplier") or 0)
        value = sampled["value"]
        number = float(value)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if isinstance(value, bool) or abs(power) > 12 or not abs(number) < _MOST:
        return None
    unit, measurand = sampled.get("unit") or told.get("unit"), sampled.get("measurand")
    factor, shift = _scale(str(unit or "")[:_WORD], str(measurand or "")[:_WORD])
    number = number * 10.0**power * factor + shift if power else number * factor + shift
    return number if abs(number) < _MOST else None


@lru_cache(1024)
def _scale(unit: str, measurand: str) -> tuple[float, float]:
    """Return factor and shift to the base unit."""
    if unit == "Fahrenheit":
        return 1 / 1.8, -32.0 / 1.8
    if unit == "K":
        return 1.0, -273.15
    if unit in ("Percent", "%") and measurand == "Power.Factor":
        return 0.01, 0.0
    return (_FACTORS[unit[0]] if unit in _PREFIXED else 1.0), 0.0


def interval_of(sampled: dict[str, Any]) -> float | None:
    """Return the energy (Wh) of an interval, where a value is one of all phases."""
    if sampled.get("measurand") != INTERVAL or sampled.get("phase") or sampled.get("location") not in (None, "Outlet"):
        return None
    return value_of(sampled)


def signed_of(sampled: dict[str, Any]) -> tuple[str, str] | None:
    """Return context and text of a signed value: 1.6 has it in the value, 2.0.1 beside it."""
    beside = sampled.get("signedMeterValue")
    if sampled.get("format") == "SignedData":
        text = sampled.get("value")
    elif isinstance(beside, dict):
        text = beside.get("signedMeterData")
    else:
        return None
    return str(sampled.get("context") or "Sample.Periodic"), str(text or "")
