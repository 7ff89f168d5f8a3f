"""OCPP's words in evtech's: states, reasons to stop, measurands with their phases and units (1.6 and 2.0.1)."""

import math
from typing import Any

from evtech.measure.vocabulary import TERMS

STATES = {
    "Available": "IDLE", "Preparing": "PLUGGED", "Occupied": "PLUGGED", "EVConnected": "PLUGGED",
    "Charging": "CHARGING", "SuspendedEV": "PAUSED_BY_EV", "SuspendedEVSE": "PAUSED_BY_EVSE",
    "Finishing": "FINISHING", "Idle": "FINISHING", "Reserved": "RESERVED", "Unavailable": "UNAVAILABLE",
    "Faulted": "FAULTED",
}  # fmt: skip
STOPS = {
    "Local": "driver", "EVDisconnected": "driver", "EVCommunicationLost": "comm_loss", "StoppedByEV": "vehicle",
    "Remote": "remote", "MasterPass": "remote", "UnlockCommand": "remote", "SOCLimitReached": "full",
    "EnergyLimitReached": "limit", "TimeLimitReached": "limit", "LocalOutOfCredit": "limit",
    "EmergencyStop": "emergency_stop", "PowerLoss": "power_loss", "DeAuthorized": "deauthorised",
    "GroundFault": "fault", "OvercurrentFault": "fault", "PowerQuality": "fault", "HardReset": "fault",
    "SoftReset": "fault", "Reboot": "fault", "ImmediateReset": "fault",
}  # fmt: skip
_POINTS = {
    "Energy.Active.Import.Register": "energy_import_total", "Energy.Active.Export.Register": "energy_export_total",
    "Power.Active.Import": "power", "Voltage": "voltage", "Current.Import": "current",
    "Current.Offered": "current_limit_actual", "Frequency": "frequency", "SoC": "soc",
    "Power.Factor": "power_factor",
}  # fmt: skip
_FACTORS = {"kWh": 1e3, "kW": 1e3, "Wh": 1.0, "W": 1.0, "V": 1.0, "A": 1.0}


def point_of(sampled: dict[str, Any]) -> str | None:
    """Return the standard name of a sampled value; ``None`` where evtech has none, or where it is another context."""
    measurand = str(sampled.get("measurand") or "Energy.Active.Import.Register")
    if sampled.get("location") not in (None, "Outlet", "EV"):
        return None
    base, phase = _POINTS.get(measurand), str(sampled.get("phase") or "").casefold()
    if base is None:
        return None
    if base in ("power", "voltage", "current", "power_factor"):
        short = phase.removesuffix("-n")
        if short in ("l1", "l2", "l3"):
            base = f"{base}_{short}"
        elif phase or base in ("voltage", "current"):
            base = {"voltage": "voltage_dc", "current": "current_dc"}.get(base, "") if not phase else ""
        else:
            base = f"{base}_total"
    elif phase:
        return None
    return base if base in TERMS else None


def value_of(sampled: dict[str, Any]) -> float | None:
    """Return a sampled value in the base unit; signed records and what is no number are ``None``."""
    if sampled.get("format") == "SignedData":
        return None
    unit = sampled.get("unitOfMeasure") or {}
    factor = _FACTORS.get(str(sampled.get("unit") or unit.get("unit") or ""), 1.0) * 10.0 ** int(
        unit.get("multiplier", 0)
    )
    try:
        number = float(sampled["value"]) * factor
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
