"""The supply's impedance per phase: from steps of the current, and from how the voltage sinks under a steady load.

A loose joint drops a voltage that goes with its current and grows as it warms; a neighbour's load, a tap changer or a
wandering mains does not. What all phases do at once comes from the network.
"""

from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.predicates import Bools, Signal
from evtech.diagnostics.trace import Floats, last_known

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

NOMINAL_V, LIVE_V = 230.0, 180.0
STEP_A = 4.0  # a step of current that shows the supply's impedance
STEADY_A, LEVEL_A = 0.7, 1.0
APART_S = 120.0  # longest time between the two levels of a step: the mains wanders
DRIFT_V = 0.5  # what the mains does meanwhile
COMPARED_V, COARSE_V, ALONE_V = 3.5, 6.0, 6.0
STAYS = 0.6  # a joint that has grown stays so under the same load; a wandering mains comes back
# a jump within one sample is switched by somebody, a joint warms; slower samples need a larger one
FAST_S, SLOW_S, JUMP_V, SLOW_JUMP_V = 10.0, 60.0, 1.2, 2.0
LOADED_A = 6.0
LATELY_S = 600.0


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


def impedances(evidence: "Evidence") -> dict[str, Floats]:
    """Return per phase the supply's impedance (ohm) at every sample, from its steps of current up to then.

    It is the median weighted by the size of the steps, less what resolution and a wandering mains may have done
    (R08: 1.4 times the resolution over the step).
    """
    found = {}
    for phase, volts in evidence.of_fitted(evidence.voltages).items():
        amps = evidence.currents.get(phase)
        steps = [] if amps is None else _steps(evidence.trace.times, volts, amps)
        if steps:
            values = np.full(len(volts), np.nan)
            grain = _grain(volts)
            for count in range(1, len(steps) + 1):
                end = steps[count][0] if count < len(steps) else len(volts)
                values[steps[count - 1][0] : end] = _typical(steps[max(0, count - 50) : count], grain)
            found[phase] = values
    return found


def _typical(steps: list[tuple[int, float, float]], grain: float) -> float:
    ohms = np.array([ohm for _, ohm, _ in steps])
    weights = np.array([change**2 for *_, change in steps])
    order = np.argsort(ohms)
    middle = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    doubt: float = (1.4 * grain + DRIFT_V) / max(abs(change) for *_, change in steps)
    return max(float(ohms[order][middle]) - doubt / float(np.sqrt(len(steps))), 0.0)


def _grain(volts: Floats) -> float:
    known = np.unique(volts[~np.isnan(volts)])
    return float(np.clip(np.diff(known).min(), 0.0, 1.0)) if len(known) > 1 else 0.0


def _steps(times: Floats, volts: Floats, amps: Floats) -> list[tuple[int, float, float]]:
    """Return (index, ohm, ampere) of each step of at least 4 A between two steady stretches close to each other."""
    level, steps = 0, []
    steady = np.zeros(len(amps), bool)
    with np.errstate(invalid="ignore"):
        steady[1:] = np.abs(np.diff(amps)) < STEADY_A
    usable = np.flatnonzero(steady & ~np.isnan(amps) & ~np.isnan(volts))
    for i in usable.tolist():
        change = float(amps[i] - amps[level])
        if abs(change) < LEVEL_A:
            level = i
            continue
        if abs(change) >= STEP_A and times[i] - times[level] <= APART_S:
            with np.errstate(invalid="ignore"):
                settled = volts[i : i + 4][np.abs(amps[i : i + 4] - amps[i]) < LEVEL_A]
            before = volts[max(level - 3, 0) : level + 1]
            before = before[~np.isnan(before)]
            ohm = (float(np.median(before)) - float(np.nanmedian(settled))) / change if len(before) else np.nan
            if -0.2 < ohm < 10:
                steps.append((i, ohm, change))
        level = i
    return steps


def voltage_drop(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the drop of the worst phase at the current that it carried within ten minutes, in % of 230 V.

    A charge whose limit is stepped shows the same joint all the time, though its drop comes and goes.
    """
    found = impedances(evidence)
    if not found:
        return None
    times = evidence.trace.times
    drops = [100 * z * _lately_carried(times, evidence.currents[phase]) / NOMINAL_V for phase, z in found.items()]
    return Signal(np.max(np.nan_to_num(np.vstack(drops)), axis=0), point="voltage")


def _lately_carried(times: Floats, amps: Floats) -> Floats:
    """Return the largest current of the last ten minutes at every sample; a single sample is no load (A)."""
    carried = np.nan_to_num(amps)
    carried[1:] = np.minimum(carried[1:], carried[:-1].copy())
    at = np.arange(len(times))
    first = np.searchsorted(times, times - LATELY_S, "left")
    size = np.frexp(at - first + 1)[1] - 1  # the largest power of two that fits into each window
    found = carried.copy()
    reach = carried.copy()  # the largest of the last 2 ** power samples
    for power in range(int(size.max(initial=0)) + 1):
        here = size == power
        found[here] = np.maximum(reach[here], reach[first[here] + 2**power - 1])
        reach[2**power :] = np.maximum(reach[2**power :], reach[: -(2**power)].copy())
    return found


def impedance_rise(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return by how many % the drop of the worst phase grew under steady load, beyond what the other phases did.

    When the others rise while one falls, the neutral moves. Too small a change (3.5 V; 6 V where the samples are too
    slow to tell a jump; 6 V without another phase to compare with) cannot be told from a wandering mains.
    """
    changes = rises(evidence)
    if changes is None:
        return None
    worst = np.zeros(len(evidence.trace))
    for excess in changes.values():
        worst = np.maximum(worst, excess)
    return Signal(worst, point="voltage")


def rises(evidence: "Evidence") -> dict[str, Floats] | None:
    """Return per phase the growth of its drop under steady load (%), 0 where it does not count."""
    # a dead phase is no measure for the others
    volts = {p: np.where(v > LIVE_V, v, np.nan) for p, v in evidence.of_fitted(evidence.voltages).items()}
    volts = {phase: column for phase, column in volts.items() if not np.isnan(column).all()}
    times = evidence.trace.times
    usual = float(np.median(np.diff(times))) if len(times) > 1 else np.inf
    fast = usual <= SLOW_S + 1
    found: dict[str, Floats] = {}
    for phase in volts:
        load = _steady_load(evidence, phase)
        if load is None:
            continue
        own = _sunk(times, volts[phase], load)
        others = [_sunk(times, v, load) for name, v in volts.items() if name != phase]
        common = np.median(np.vstack(others), axis=0) if others else np.zeros(len(own))
        excess = own - common
        if fast and others:
            excess = excess - _jumps(times, volts, phase, load, JUMP_V if usual <= FAST_S else SLOW_JUMP_V)
        limit = ALONE_V if not others else COMPARED_V if fast else COARSE_V
        limit += 1.4 * (_grain(volts[phase]) if _grain(volts[phase]) >= 0.5 else 0.0)
        if excess[load][-1] < STAYS * float(excess[load].max()):
            limit = np.inf
        counts = (excess >= limit) & (common > -0.3 * np.abs(own)) & load
        found[phase] = np.where(counts, 100 * excess / _first_drop(evidence, phase, load), 0.0)
    return found or None


def _steady_load(evidence: "Evidence", phase: str) -> Bools | None:
    """Return where a phase carries the same load as after it settled; ``None`` without five minutes of such a load."""
    amps, times = evidence.currents.get(phase), evidence.trace.times
    if amps is None:
        return None
    flowing = np.flatnonzero(np.nan_to_num(amps) > LOADED_A)
    if len(flowing) < 6:
        return None
    settled = flowing[times[flowing] >= times[flowing[0]] + 10]
    if len(settled) < 6 or times[settled[-1]] - times[settled[0]] < 300:
        return None
    first = float(np.nanmedian(amps[settled[: max(3, min(60, len(settled) // 4))]]))
    load = np.zeros(len(amps), bool)
    load[settled] = np.abs(amps[settled] - first) < 0.1 * first
    return load if load.sum() >= 6 else None


def _reference(times: Floats, volts: Floats, load: Bools) -> float:
    at = np.flatnonzero(load)
    early = at[times[at] <= times[at[0]] + 60]
    return float(np.nanmedian(volts[early if len(early) >= 3 else at[:3]]))


def _sunk(times: Floats, volts: Floats, load: Bools) -> Floats:
    """Return how far a voltage has fallen since the load settled (V), as a one-minute mean under that load."""
    if np.isnan(volts[load]).all():
        return np.zeros(len(volts))
    return np.nan_to_num(_reference(times, volts, load) - rolling_mean(times, np.where(load, volts, np.nan), 60.0))


def _jumps(times: Floats, volts: dict[str, Floats], phase: str, load: Bools, least: float) -> Floats:
    """Return what jumps within one sample have added to the fall of a phase against the others (V)."""
    others = [last_known(v) for name, v in volts.items() if name != phase]
    apart = np.median(np.vstack(others), axis=0) - last_known(volts[phase])
    steps = np.nan_to_num(np.diff(apart, prepend=apart[:1]))
    noise = 1.48 * float(np.median(np.abs(steps[load]))) if load.any() else 0.0
    both = load & np.concatenate([[False], load[:-1]])
    jumped = np.cumsum(np.where(both & (np.abs(steps) > max(least, 6 * noise)), steps, 0.0))
    # the fall is a mean over a minute: so must be what is taken off it
    return np.maximum(np.nan_to_num(rolling_mean(times, jumped, 60.0)), 0.0)


def _first_drop(evidence: "Evidence", phase: str, load: Bools) -> float:
    """Return the drop of a phase when its load had settled (V, at least 1); 1 % of 230 V where no idle was seen."""
    volts, amps = evidence.voltages[phase], evidence.currents[phase]
    idle = volts[np.nan_to_num(amps, nan=99.0) < 0.5]
    idle = idle[~np.isnan(idle)]
    if not len(idle):
        return NOMINAL_V / 100
    return max(float(np.median(idle)) - _reference(evidence.trace.times, volts, load), 1.0)
