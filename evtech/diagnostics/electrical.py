"""Signals of the meter, the contactor and the supply, derived from columns of samples."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.predicates import Signal
from evtech.diagnostics.trace import Floats, Trace

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

LIVE_V, PRESENT_V = 180.0, 50.0
NOMINAL_V = 230.0
ACTIVE_A = 1.0
STEP_A = 4.0  # a step of current that shows the supply's impedance
TYPICAL_RATED_W = 22_000.0
COMPARED_V, ALONE_V = 2.5, 6.0


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
    return tuple(alive) if len(present) - len(alive) >= 2 else tuple(present)


def switch_command(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the contactor command: open or closed."""
    return _switch(evidence, "relay_command")


def switch_feedback(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the contactor's own contact: open or closed."""
    return _switch(evidence, "relay_state")


def _switch(evidence: "Evidence", point: str) -> Signal | None:
    words = evidence.words(point)
    if words is None:
        return None
    lowered = np.char.lower(words)
    closed = np.char.startswith(lowered, "closed") | np.isin(lowered, ["1", "1.0", "true", "on", "close"])
    is_open = np.isin(lowered, ["open", "0", "0.0", "false", "off"])
    return Signal(words=np.where(closed, "closed", np.where(is_open, "open", "")), point=point)


def output_low(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the lowest output voltage of the poles that are told to close (closed_L1 = that pole alone)."""
    if not evidence.outputs:
        return None
    words = evidence.words("relay_command")
    single = np.zeros(len(evidence.trace), bool) if words is None else np.char.lower(words) == "closed_l1"
    fitted = evidence.of_fitted(evidence.outputs) or evidence.outputs
    stacked = np.vstack(list(fitted.values()))
    lowest = np.min(np.where(np.isnan(stacked), np.inf, stacked), axis=0)
    lowest = np.where(np.isinf(lowest), np.nan, lowest)
    first = evidence.outputs.get("L1", lowest)
    return Signal(np.where(single, first, lowest), point="output_voltage")


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


def rolling_mean(times: Floats, values: Floats, seconds: float) -> Floats:
    """Return the time-weighted mean over the window before each sample; NaN until the window is nine tenths full."""
    good = ~np.isnan(values)
    steps = np.diff(times, prepend=times[:1])
    weights = np.where(good, steps, 0.0)
    total = np.cumsum(np.where(good, values, 0.0) * weights)
    span = np.cumsum(weights)
    start = np.searchsorted(times, times - seconds, "left")
    before_total = np.where(start > 0, total[start - 1], 0.0)
    before_span = np.where(start > 0, span[start - 1], 0.0)
    covered = span - before_span
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(covered >= 0.9 * seconds, (total - before_total) / covered, np.nan)


def active_phases(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many phases carry more than 1 A."""
    if len(evidence.currents) < 2:
        return None
    stacked = np.vstack(list(evidence.currents.values()))
    return Signal((np.nan_to_num(stacked) > 1.0).sum(axis=0).astype(float), point="current")


def _energy(evidence: "Evidence") -> tuple[Floats, str] | None:
    for point in ("energy_import_total", "energy_total"):
        column = evidence.numbers(point)
        if column is not None:
            return column, point
    return None


def _power(evidence: "Evidence") -> Floats | None:
    return evidence.numbers("power_total")


def _resolution(energy: Floats) -> float | None:
    steps = np.diff(energy[~np.isnan(energy)])
    rising = steps[steps > 0]
    return float(rising.min()) if len(rising) else None


def energy_step(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how far the register moved: since the last sample, or over a window in which it must have moved."""
    found = _energy(evidence)
    if found is None:
        return None
    energy, point = found
    if window is None:
        fall = np.diff(energy, prepend=energy[:1])
        tolerance = 0.5 * (_resolution(energy) or 1.0)
        return Signal(np.where(np.abs(fall) < tolerance, 0.0, fall), point=point)
    times = evidence.trace.times
    start = np.searchsorted(times, times - window, "left")
    moved = energy - energy[start]
    due = _integral_over(evidence, start)
    if due is None:
        return None
    # a coarse register moves seldom: silence counts only when several of its steps were due
    needed = max(3 * (_resolution(energy) or 100.0), 20.0)
    return Signal(np.where((times - times[start] >= 0.9 * window) & (due >= needed), moved, np.nan), point=point)


def _integral_over(evidence: "Evidence", start: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Floats | None:
    total = _integral(evidence)
    return None if total is None else total - total[start]


def _integral(evidence: "Evidence") -> Floats | None:
    """Return the energy by power (Wh), by trapezoids; steps over a gap count nothing."""
    power = _power(evidence)
    if power is None:
        return None
    times = evidence.trace.times
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 1.0
    pieces = (power[1:] + power[:-1]) / 2 * steps / 3600
    pieces = np.where((steps > max(5 * usual, 10.0)) | np.isnan(pieces), 0.0, pieces)
    return np.concatenate([[0.0], np.cumsum(pieces)])


def energy_jump(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how far the register rose since the sample before (Wh)."""
    found = _energy(evidence)
    return None if found is None else Signal(np.maximum(np.diff(found[0], prepend=found[0][:1]), 0.0), point=found[1])


def energy_possible(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the most that can have flowed since the sample before: rated power over that time (Wh)."""
    rating = evidence.signal("lim.hw")
    rated = TYPICAL_RATED_W
    if rating is not None and rating.numbers is not None and np.nanmax(rating.numbers) > 0:
        rated = max(TYPICAL_RATED_W, 3 * NOMINAL_V * float(np.nanmax(rating.numbers)))
    power = _power(evidence)
    if power is not None and not np.isnan(power).all():
        rated = max(rated, float(np.nanmax(power)))
    steps = np.diff(evidence.trace.times, prepend=evidence.trace.times[:1])
    return Signal(rated * steps / 3600, point="power_total")


def _energy_balance(evidence: "Evidence") -> tuple[Floats, Floats, float] | None:
    """Return register rise and integral, both cumulated over the same steps, and the register's resolution."""
    found, power = _energy(evidence), _power(evidence)
    if found is None or power is None:
        return None
    energy = found[0]
    total = _integral(evidence)
    assert total is not None
    rise = np.diff(energy, prepend=energy[:1])
    steps = np.diff(evidence.trace.times, prepend=evidence.trace.times[:1])
    usual = float(np.median(steps[1:])) if len(steps) > 1 else 1.0
    usable = (steps <= max(5 * usual, 10.0)) & ~np.isnan(rise) & (rise >= 0)
    return np.cumsum(np.where(usable, rise, 0.0)), total, _resolution(energy) or 0.0


def energy_base(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the integrated energy that the ratio rests on (Wh)."""
    balance = _energy_balance(evidence)
    return None if balance is None else Signal(balance[1], point="power_total")


def energy_ratio(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return register over integral, moved towards 1 by twice its uncertainty (resolution, sampling)."""
    balance = _energy_balance(evidence)
    if balance is None:
        return None
    rise, total, resolution = balance
    with np.errstate(invalid="ignore", divide="ignore"):
        # a register that hardly moves is frozen, which is another fault than a wrong ratio
        ratio = np.where((total > 0) & (rise > 0.05 * total), rise / total, np.nan)
        doubt = 2 * np.sqrt((resolution / np.maximum(total, 1e-9)) ** 2 + 0.002**2)
    off = np.sign(ratio - 1) * np.maximum(np.abs(ratio - 1) - doubt, 0.0)
    return Signal(1 + off, point="energy_total")


def impedances(evidence: "Evidence") -> dict[str, Floats]:
    """Return per phase the supply's impedance (ohm) at every sample, from its steps of current up to then."""
    found = {}
    for phase, volts in evidence.of_fitted(evidence.voltages).items():
        amps = evidence.currents.get(phase)
        if amps is None:
            continue
        steps = _steps(evidence.trace.times, volts, amps)
        if steps:
            values = np.full(len(volts), np.nan)
            for at in range(len(steps)):
                values[steps[at][0] :] = np.median([z for _, z in steps[: at + 1]])
            found[phase] = values
    return found


def _steps(times: Floats, volts: Floats, amps: Floats) -> list[tuple[int, float]]:
    """Return (index, ohm) of each step of at least 4 A between two steady stretches at most two minutes apart."""
    level, steps = 0, []
    steady = np.zeros(len(amps), bool)
    steady[1:] = np.abs(np.diff(amps)) < 0.7
    for i in range(1, len(amps)):
        if not steady[i] or np.isnan(amps[i]) or np.isnan(volts[i]):
            continue
        if abs(amps[i] - amps[level]) < 1.0:
            level = i
            continue
        if abs(amps[i] - amps[level]) >= STEP_A and times[i] - times[level] <= 120:
            settled = slice(i, min(i + 4, len(amps)))
            before = slice(max(level - 3, 0), level + 1)
            high, low = float(np.nanmedian(volts[settled])), float(np.nanmedian(volts[before]))
            ohm = -(high - low) / (amps[i] - amps[level])
            if -0.2 < ohm < 10:
                steps.append((i, float(ohm)))
        level = i
    return steps


def voltage_drop(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the drop of the worst phase at its present current, in % of 230 V."""
    found = impedances(evidence)
    if not found:
        return None
    drops = [100 * z * np.nan_to_num(evidence.currents[phase]) / NOMINAL_V for phase, z in found.items()]
    return Signal(np.max(np.nan_to_num(np.vstack(drops)), axis=0), point="voltage")


def impedance_rise(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return by how many % the drop of the worst phase grew under steady load, beyond what the other phases did.

    What all phases do comes from the network; when the others rise while one falls, the neutral moves. Less than
    2.5 V (6 V without another phase to compare with) cannot be told from a wandering mains.
    """
    volts = evidence.of_fitted(evidence.voltages)
    changes = {phase: c for phase in volts if (c := _change_under_load(evidence, phase)) is not None}
    if not changes:
        return None
    loaded = evidence.signal("m.i_max")
    begin = _load_begin(evidence, loaded.numbers if loaded else None)
    worst = np.zeros(len(evidence.trace))
    for phase, (lost, first_drop) in changes.items():
        others = [_smooth_change(evidence, v, begin) for name, v in volts.items() if name != phase]
        common = np.median(np.vstack(others), axis=0) if others else np.zeros(len(lost))
        excess = lost - common
        counts = (excess >= (ALONE_V if not others else COMPARED_V)) & (common > -0.3 * np.abs(lost))
        worst = np.maximum(worst, np.where(counts, 100 * excess / max(first_drop, 1.0), 0.0))
    return Signal(worst, point="voltage")


def _load_begin(evidence: "Evidence", amps: Floats | None) -> int:
    """Return the index from which a load has settled."""
    if amps is None:
        return 0
    flowing = np.flatnonzero(np.nan_to_num(amps) > 6)
    return int(flowing[min(len(flowing) - 1, 10)]) if len(flowing) else 0


def _smooth_change(evidence: "Evidence", volts: Floats, begin: int) -> Floats:
    """Return how far a voltage has fallen since the load settled (V), as a one-minute mean."""
    smooth = rolling_mean(evidence.trace.times, volts, 60.0)
    reference = float(np.nanmedian(volts[begin : begin + 60]))
    return np.nan_to_num(reference - smooth)


def _change_under_load(evidence: "Evidence", phase: str) -> tuple[Floats, float] | None:
    """Return the fall of a loaded phase since its load settled, and its drop then (V); ``None`` without such a load."""
    amps, volts = evidence.currents.get(phase), evidence.voltages[phase]
    if amps is None:
        return None
    steady = np.nan_to_num(amps) > 6
    index = np.flatnonzero(steady)
    if len(index) < 20 or evidence.trace.times[index[-1]] - evidence.trace.times[index[0]] < 300:
        return None
    begin = int(index[10])
    first = float(np.nanmedian(amps[begin : begin + 60]))
    idle = volts[np.nan_to_num(amps, nan=99.0) < 0.5]
    drop = float(np.nanmedian(idle) - np.nanmedian(volts[begin : begin + 60])) if len(idle) else 1.0
    same_load = steady & (np.abs(np.nan_to_num(amps) - first) < 0.1 * first)
    smooth = rolling_mean(evidence.trace.times, np.where(same_load, volts, np.nan), 60.0)
    reference = float(np.nanmedian(volts[begin : begin + 60]))
    return np.nan_to_num(reference - smooth), drop


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
    return Signal(np.max(np.vstack(columns), axis=0) - around, point="temperature_terminal")
