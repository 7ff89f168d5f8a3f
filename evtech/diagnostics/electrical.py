"""Signals of the meter, the contactor and the supply, derived from columns of samples."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.predicates import Signal
from evtech.diagnostics.supply import rolling_mean
from evtech.diagnostics.trace import Floats, Trace

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

LIVE_V, PRESENT_V = 180.0, 50.0
ACTIVE_A = 1.0


def fitted_phases(trace: Trace) -> tuple[str, ...]:
    """Return the phases the station is wired for.

    One dead phase of three is a fault; two that never carry voltage nor current are a single-phase box, unless the
    recording says that three are fitted or in use.
    """
    alive = []
    present = []
    for phase in ("1", "2", "3"):
        volts = trace.numbers.get(f"voltage_l{phase}")
        if volts is None or np.isnan(volts).all():
            continue
        present.append(f"L{phase}")
        amps = trace.numbers.get(f"current_l{phase}")
        flows = amps is not None and bool(np.nanmax(np.append(amps, 0.0)) > 1.0)
        if np.nanmax(volts) > PRESENT_V or flows:
            alive.append(f"L{phase}")
    told = [trace.numbers[n] for n in ("phase_count", "phase_switch_state") if n in trace.numbers]
    if any(np.nanmax(np.append(column, 0.0)) >= 3 for column in told):
        return tuple(present)
    return tuple(alive) if alive and len(present) - len(alive) >= 2 else tuple(present)


def largest_current(evidence: "Evidence") -> Floats | None:
    """Return the largest phase current (A), ``None`` where no phase current is recorded."""
    if not evidence.currents:
        return None
    stacked = np.vstack(list(evidence.currents.values()))
    nothing = np.isnan(stacked).all(axis=0)
    return np.where(nothing, np.nan, np.max(np.where(np.isnan(stacked), -np.inf, stacked), axis=0))


def current_max(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the largest phase current; of a device that tells only the sum, what each of its phases has at least."""
    found = largest_current(evidence)
    if found is not None:
        return Signal(found, point="current")
    total = evidence.numbers("current_total")
    if total is None:
        return None
    return Signal(total / max(1, len(evidence.fitted)), point="current_total")


def supply_side(evidence: "Evidence", volts: dict[str, Floats]) -> dict[str, Floats]:
    """Return the supply's voltages: a meter behind the contactor sees it only while the contactor is closed.

    Such a meter shows nothing in A and B and the supply in C; of a box that uses one phase it shows that one.
    """
    words = evidence.state_words
    idle, charging = np.isin(words, ["A1", "A2", "B", "B1", "B2"]), np.isin(words, ["C2", "D2"])
    if not volts or not idle.any() or not charging.any():
        return volts
    highest = np.nan_to_num(np.vstack(list(volts.values()))).max(axis=0)
    if (highest[idle] > PRESENT_V).mean() > 0.1 or (highest[charging] > LIVE_V).mean() < 0.5:
        return volts
    single = _single(evidence)
    return {phase: np.where(charging & ~(single & (phase != "L1")), column, np.nan) for phase, column in volts.items()}


def _single(evidence: "Evidence") -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return where the charger uses one phase only."""
    mode, words = evidence.numbers("phase_switch_state"), evidence.words("relay_command")
    single = np.zeros(len(evidence.trace), bool) if mode is None else np.asarray(mode == 1)
    return single if words is None else single | (np.char.lower(words) == "closed_l1")


def switch_command(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the contactor command: open or closed. In A, B1 and F it is open (IEC 61851-1, annex A)."""
    told = _switch(evidence, "relay_command")
    if told is not None or not evidence.outputs or evidence.state is None:
        return told
    rests = np.isin(evidence.state_words, ["A1", "A2", "B1", "E", "F"])
    return Signal(words=np.where(rests, "open", ""), point="cp_state")


def switch_feedback(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the contactor's own contact: open or closed."""
    return _switch(evidence, "relay_state")


def _switch(evidence: "Evidence", point: str) -> Signal | None:
    words = evidence.words(point)
    if words is None:
        return None
    lowered = np.char.lower(words)
    closed = np.char.startswith(lowered, "closed") | np.isin(lowered, [*_CLOSED, "1", "1.0", "3", "3.0"])
    is_open = np.isin(lowered, ["open", "opened", "0", "0.0", "false", "off"])
    return Signal(words=np.where(closed, "closed", np.where(is_open, "open", "")), point=point)


_CLOSED = ("true", "on", "close", "one phase", "three phases", "one_phase", "three_phases")


def _fitted_outputs(evidence: "Evidence") -> dict[str, Floats]:
    """Return the outputs of the fitted phases; without supply voltages two that are never live are not fitted."""
    if evidence.voltages:
        return evidence.of_fitted(evidence.outputs) or evidence.outputs
    live = {p: c for p, c in evidence.outputs.items() if np.nanmax(np.append(c, 0.0)) > LIVE_V}
    return live if len(live) == 1 and len(evidence.outputs) == 3 else evidence.outputs


def closing_poles(evidence: "Evidence") -> dict[str, Floats]:
    """Return the output voltages of the poles that should be closed and have a supply; NaN where they need not be."""
    words = evidence.words("relay_command")
    told = None if words is None else np.char.lower(words)
    single = _single(evidence)
    found = {}
    for phase, column in _fitted_outputs(evidence).items():
        wanted = ~(single & (phase != "L1"))
        if told is not None:
            # closed_L1 or closed_L1,L2 closes these alone
            named = np.char.startswith(told, "closed_")
            wanted &= ~named | (np.char.find(told, phase.lower()) >= 0)
        supply = evidence.voltages.get(phase)
        dead = np.zeros(len(column), bool) if supply is None else np.asarray(supply < LIVE_V)
        found[phase] = np.where(wanted & ~dead, column, np.nan)
    return found


def output_low(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the lowest output voltage of the poles that are told to close and whose supply is live."""
    if not evidence.outputs:
        return None
    stacked = np.vstack(list(closing_poles(evidence).values()))
    lowest = np.min(np.where(np.isnan(stacked), np.inf, stacked), axis=0)
    return Signal(np.where(np.isinf(lowest), np.nan, lowest), point="output_voltage")


def ten_minutes(pick: Callable[..., Floats]) -> Callable[["Evidence", float | None], Signal | None]:
    """Return a signal: the extreme over the fitted phases of their ten-minute means (EN 50160)."""

    def make(evidence: "Evidence", window: float | None) -> Signal | None:
        columns = evidence.of_fitted(evidence.voltages)
        if not columns or np.ptp(evidence.trace.times) < 590:
            return None
        means = np.vstack([rolling_mean(evidence.trace.times, c, 600.0) for c in columns.values()])
        nothing = np.isnan(means).any(axis=0)
        return Signal(np.where(nothing, np.nan, pick(np.nan_to_num(means), axis=0)), point="voltage")

    return make


def active_phases(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many phases carry more than 1 A."""
    if len(evidence.currents) < 2:
        return None
    stacked = np.vstack(list(evidence.currents.values()))
    return Signal((np.nan_to_num(stacked) > 1.0).sum(axis=0).astype(float), point="current")


def voltage_unbalance(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the largest deviation of a phase from their mean (%)."""
    columns = evidence.of_fitted(evidence.voltages)
    if len(columns) < 3:
        return None
    stacked = np.vstack(list(columns.values()))
    mean = stacked.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Signal(
            np.where(mean > PRESENT_V, 100 * np.abs(stacked - mean).max(axis=0) / mean, np.nan), point="voltage"
        )


def current_unbalance(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the difference between the phases with the most and the least current (A)."""
    if len(evidence.currents) < 3:
        return None
    stacked = np.vstack(list(evidence.currents.values()))
    return Signal(stacked.max(axis=0) - stacked.min(axis=0), point="current")


def terminal_rise(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how much warmer the hottest terminal is than the air around (K)."""
    columns = [c for c in (evidence.numbers(f"temperature_terminal_l{n}") for n in (1, 2, 3)) if c is not None]
    single = evidence.numbers("temperature_terminal")
    columns += [single] if single is not None else []
    around = evidence.numbers("temperature_ambient")
    around = around if around is not None else evidence.numbers("temperature")
    if not columns or around is None:
        return None
    return Signal(np.fmax.reduce(columns) - around, point="temperature_terminal")
