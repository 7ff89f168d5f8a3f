"""Which pole or phase a finding is about."""

from collections.abc import Callable

import numpy as np

from evtech.diagnostics.electrical import ACTIVE_A, LIVE_V, closing_poles
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.supply import impedances, rises
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


def _above_offer(evidence: Evidence, true: Bools) -> list[str]:
    """Return the phases above the offer where others carry current and are not: 2 A, above 20 A a tenth."""
    offer = evidence.signal("lim.eff")
    if offer is None or offer.numbers is None:
        return []
    allowed = np.where(offer.numbers <= 20, offer.numbers + 2, offer.numbers * 1.1)[true]
    with np.errstate(invalid="ignore"):
        above = [p for p, amps in evidence.currents.items() if float((amps[true] > allowed).mean()) > 0.5]
    carrying = _where(evidence.currents, true, lambda i: i > ACTIVE_A)
    return above if len(above) < len(carrying) else []


def _worst_impedance(evidence: Evidence, true: Bools) -> list[str]:
    """Return the phase with the hottest terminal, else the one that sank, else the one with the most ohms."""
    hot = _hottest(evidence, true)
    if hot:
        return [hot]
    grown = {p: float(np.nanmax(c[true])) for p, c in (rises(evidence) or {}).items() if true.any()}
    ohms = {p: float(np.nanmax(np.append(c[true], 0.0))) for p, c in impedances(evidence).items()}
    for found, factor in ((grown, 1.5), (ohms, 1.3)):
        if found and max(found.values()) > 0:
            worst = max(found, key=lambda phase: found[phase])
            others = [value for phase, value in found.items() if phase != worst]
            if not others or found[worst] > factor * max(others):
                return [worst]
    return []


def _hottest(evidence: Evidence, true: Bools) -> str | None:
    around = evidence.numbers("temperature_ambient")
    around = around if around is not None else evidence.numbers("temperature")
    columns = evidence.columns("temperature_terminal_l")
    if around is None or not columns:
        return None
    warmest = {phase: float(np.nanmax(np.append((c - around)[true], 0.0))) for phase, c in columns.items()}
    worst = max(warmest, key=lambda phase: warmest[phase])
    return worst if warmest[worst] > 45 else None


_FINDERS: dict[str, Callable[[Evidence, Bools], list[str]]] = {
    "SW-WELD": _welded,
    "CONN-VOLTAGE": lambda e, t: _where(e.outputs, t, lambda v: v > 30),
    "SW-NO-CLOSE": lambda e, t: _where(closing_poles(e), t, lambda v: v < LIVE_V),
    "SUP-PHASE-LOSS": lambda e, t: _where(e.of_fitted(e.voltages), t, lambda v: v < LIVE_V),
    "PH-MISSING": lambda e, t: _where(e.currents, t, lambda i: i <= ACTIVE_A),
    "SUP-OVERVOLT": lambda e, t: _where(e.of_fitted(e.voltages), t, lambda v: v > 252),
    "SUP-UNDERVOLT": lambda e, t: _where(e.of_fitted(e.voltages), t, lambda v: v < 208),
    "EV-OVERCURRENT": _above_offer,
    "SUP-HIGH-Z": _worst_impedance,
    "MTR-CT": lambda e, t: _where(e.columns("power_l"), t, lambda p: p < -50),
}
