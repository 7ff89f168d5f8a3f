"""Which pole or phase a finding is about."""

from collections.abc import Callable

import numpy as np

from evtech.diagnostics.electrical import ACTIVE_A, LIVE_V, impedances
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.trace import Floats

Test = Callable[[Floats], Bools]


def poles_of(fault: str, evidence: Evidence, true: Bools) -> str | None:
    """Return the phases concerned, such as ``L1,L3``; ``None`` where a fault has none or it cannot be told."""
    if not true.any():
        return None
    chosen = _FINDERS[fault](evidence, true) if fault in _FINDERS else []
    return ",".join(chosen) or None


def _where(columns: dict[str, Floats], true: Bools, test: Test) -> list[str]:
    """Return the phases whose column passes a test at most of the samples at which the finding held."""
    found = []
    for phase, column in columns.items():
        values = column[true]
        values = values[~np.isnan(values)]
        if len(values) and float(test(values).mean()) > 0.5:
            found.append(phase)
    return found


def _welded(evidence: Evidence, true: Bools) -> list[str]:
    by_voltage = _where(evidence.outputs, true, lambda v: v > LIVE_V)
    return by_voltage or _where(evidence.currents, true, lambda i: i > 0.5)


def _worst_impedance(evidence: Evidence, true: Bools) -> list[str]:
    rises = {}
    for phase, column in impedances(evidence).items():
        real = column[~np.isnan(column)]
        if len(real):
            rises[phase] = float(real[-1])
    for phase, volts in evidence.of_fitted(evidence.voltages).items():
        amps = evidence.currents.get(phase)
        idle = volts[np.nan_to_num(amps if amps is not None else volts * 0 + 99, nan=99.0) < 0.5]
        if phase not in rises and len(idle):
            rises[phase] = float(np.nanmedian(idle) - np.nanmedian(volts[true]))
        elif len(idle) and amps is not None and np.nanmedian(amps[true]) > 1:
            late = (float(np.nanmedian(idle)) - float(np.nanmedian(volts[true]))) / float(np.nanmedian(amps[true]))
            rises[phase] = max(rises[phase], late)
    if not rises:
        return []
    worst = max(rises, key=lambda phase: rises[phase])
    others = [value for phase, value in rises.items() if phase != worst]
    return [worst] if not others or rises[worst] > 1.3 * max(others) else []


_FINDERS: dict[str, Callable[[Evidence, Bools], list[str]]] = {
    "SW-WELD": _welded,
    "CONN-VOLTAGE": lambda e, t: _where(e.outputs, t, lambda v: v > 30),
    "SW-NO-CLOSE": lambda e, t: _where(e.of_fitted(e.outputs) or e.outputs, t, lambda v: v < LIVE_V),
    "SUP-PHASE-LOSS": lambda e, t: _where(e.of_fitted(e.voltages), t, lambda v: v < LIVE_V),
    "PH-MISSING": lambda e, t: _where(e.currents, t, lambda i: i <= ACTIVE_A),
    "SUP-OVERVOLT": lambda e, t: _where(e.of_fitted(e.voltages), t, lambda v: v > 252),
    "SUP-UNDERVOLT": lambda e, t: _where(e.of_fitted(e.voltages), t, lambda v: v < 208),
    "SUP-HIGH-Z": _worst_impedance,
    "MTR-CT": lambda e, t: _where(e._columns("power_l"), t, lambda p: p < -50),
}
