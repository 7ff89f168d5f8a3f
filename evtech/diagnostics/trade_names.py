"""Names under which the trade knows faults: ChargeX, OCPP, the unified codes of CharIN, ISO 15118, Matter.

Sources: ChargeX minimum required error codes; OCPP 1.6 ChargePointErrorCode; DIN DKE SPEC 99003 (draft); ISO 15118-2
EV error codes; the Matter cluster "Energy EVSE". Names that mean nothing but "something else" are left out.
"""

import re
from collections.abc import Mapping

MREC: Mapping[str, str] = {
    "CX001": "ConnectorLockFailure", "CX002": "GroundFailure", "CX003": "HighTemperature",
    "CX004": "OverCurrentFailure", "CX005": "OverVoltage", "CX006": "UnderVoltage", "CX007": "WeakSignal",
    "CX008": "EmergencyStop", "CX009": "AuthorizationTimeout", "CX010": "InvalidVehicleMode",
    "CX011": "CableCheckFailure", "CX012": "PreChargeFailure", "CX013": "NoInternet", "CX014": "PilotFault",
    "CX015": "PowerLoss", "CX016": "EVContactorFault", "CX017": "EVSEContactorFault",
    "CX018": "CableOverTempDerate", "CX019": "CableOverTempStop", "CX020": "PartialInsertion",
    "CX021": "CapacitanceFault", "CX022": "ResistanceFault", "CX023": "ProximityFault",
    "CX024": "ConnectorVoltageHigh", "CX025": "BrokenLatch", "CX026": "CutCable",
}  # fmt: skip
_FAULTS: Mapping[str, tuple[str, ...]] = {
    "LocalListConflict": ("AUT-REJECTED",), "AuthorizationTimeoutUser": ("AUT-TIMEOUT",),
    "AuthorizationTimeoutServer": ("AUT-TIMEOUT", "NET-OFFLINE"), "AuthorizationRejected": ("AUT-REJECTED",),
    "ControlPilotFault": ("CP-RANGE", "CP-SHORT", "CP-DIODE"), "ControlPilotStateUnexpected": ("CP-FLAP",),
    "ControlPilotStateNotSupported": ("CP-STATE-D",), "ProximityPilotFault": ("PP-INVALID",),
    "ProximityPilotNotDetected": ("PLUG-PARTIAL",), "SLACTimeout": ("EV-HLC",), "PLCNotFound": ("EV-HLC",),
    "PLCFault": ("EV-HLC",), "PLCLinkLost": ("EV-HLC",), "ContactorFault": ("SW-WELD", "SW-NO-CLOSE"),
    "InsulationFault": ("DC-CABLECHECK", "DC-ISO", "DC-CAPACITANCE"), "PowerModuleFault": ("DC-MODULE",),
    "LowTemperature": ("TMP-LOW",), "OverCurrent": ("EV-OVERCURRENT", "SUP-OVERCURRENT"),
    "EVRESSMalfunction": ("EV-CONTACTOR",), "FAILED_EVRESSMalfunction": ("EV-CONTACTOR",),
    "FAILED_ChargerConnectorLockFault": ("LOCK-FAIL",), "FAILED_RESSTemperatureInhibit": ("EV-CONTACTOR",),
    "FAILED_ChargingVoltageOutOfRange": ("DC-PRECHARGE",), "FAILED_EVShiftPosition": ("EV-HLC",),
    "FAILED_PowerDeliveryNotApplied": ("DC-PRECHARGE",), "FAILED_ContactorError": ("SW-NO-CLOSE",),
    "FAILED_ChargingSystemIncompatibility": ("EV-CONTACTOR", "EV-HLC"), "meterFailure": ("MTR-UNREADABLE",),
    "contactWet": ("SW-WELD",), "contactDry": ("SW-NO-CLOSE",), "groundFault": ("RCD-AC", "RCD-DC"),
    "powerQuality": ("SUP-FREQ",), "pilotShortCircuit": ("CP-SHORT",), "liveNeutralSwap": ("GND-MISWIRED",),
    "overTemperature": ("TMP-STOP",),
}  # fmt: skip


def plain(name: str) -> str:
    """Return a name as it is compared: letters and digits only, in one case; words with spaces are no name."""
    return "" if " " in name.strip() else re.sub(r"[^a-z0-9]", "", name.casefold())


def mrec_code(name: str) -> str | None:
    """Return the ChargeX code that a name stands for, such as CX026 for CutCable."""
    return _MREC_BY_NAME.get(plain(name))


def faults_named(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the usual spelling of another name of the trade and the faults that it stands for."""
    return _BY_NAME.get(plain(name))


_MREC_BY_NAME = {plain(name): code for code, name in MREC.items()}
_BY_NAME = {plain(name): (name, faults) for name, faults in _FAULTS.items()}
