"""Signals of the energy register: steps, falls, jumps, standstill, and its ratio to the integrated power.

Coarse registers, slow meters, gaps and missing values are innocent: what they could have done is taken off before
anything is judged.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.predicates import Bools, Signal
from evtech.diagnostics.trace import Floats, last_known

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

TYPICAL_RATED_W = 22_000.0
NOMINAL_V = 230.0
_GAP_S, _GAP_STEPS = 10.0, 5.0  # an interval longer than this, and than so many usual ones, is a gap
_POWER_U = 0.002  # what two views of one meter may differ by
_SMALLEST_WH = 20.0


def _register(evidence: "Evidence") -> tuple[Floats, str] | None:
    """Return the register's last known values and its point; ``session_energy`` stands in, without its restarts."""
    for point in ("energy_import_total", "energy_total"):
        column = evidence.numbers(point)
        if column is not None:
            return last_known(column), point
    column = evidence.numbers("session_energy")
    if column is None:
        return None
    filled = last_known(column)
    steps = np.diff(filled, prepend=filled[:1])
    restart = (steps < 0) & (filled < 100.0)
    return np.cumsum(np.where(restart, filled, np.nan_to_num(steps))) + np.nan_to_num(filled[:1]), "session_energy"


def resolution(energy: Floats) -> float:
    """Return the register's smallest step (Wh): the smallest rise, or what its figures show where it never rises."""
    known = energy[~np.isnan(energy)]
    rises = np.diff(known)
    rises = rises[rises > 1e-6]
    coarse = next((size for size in (1000.0, 100.0, 10.0, 1.0) if len(known) and not (known % size).any()), 0.1)
    if len(rises) == 0:
        return coarse
    return float(rises.min()) if len(rises) > 1 else min(float(rises.min()), max(coarse, 1.0))


def _grain(energy: Floats, rise: Floats, powered: Bools) -> float:
    """Return what one reading of the register may be off by (Wh): its grain, or its lump where it rises in lumps."""
    if powered.any() and float((rise[powered] <= 0).mean()) > 0.1:
        return resolution(energy)
    known = energy[~np.isnan(energy)]
    off = known - known[0]
    fits = (size for size in (1000.0, 100.0, 10.0, 1.0) if np.allclose(off / size, np.round(off / size), atol=1e-4))
    return next(fits, 0.1)


def _gap(steps: Floats) -> float:
    return max(_GAP_STEPS * (float(np.median(steps)) if len(steps) else 1.0), _GAP_S)


def _last_moved(energy: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    moved = np.concatenate([[True], np.abs(np.nan_to_num(np.diff(energy))) > 1e-6])
    return np.asarray(np.maximum.accumulate(np.where(moved, np.arange(len(energy)), 0)), np.int64)


def energy_step(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how far the register moved: since the last sample, or over a window in which it must have moved."""
    found = _register(evidence)
    if found is None:
        return None
    energy, point = found
    step = resolution(energy)
    if window is None:
        moved = np.diff(energy, prepend=energy[:1])
        return Signal(np.where(np.abs(moved) < 0.5 * min(step, 100.0), 0.0, moved), point=point)
    total = _integral(evidence)
    if total is None:
        return None
    times = evidence.trace.times
    last = _last_moved(energy)
    still = times - times[last] >= window
    # a coarse register moves seldom: standing still counts only when more than one of its steps was due
    overdue = total - total[last] >= 1.5 * step + _SMALLEST_WH
    start = np.maximum(np.searchsorted(times, times - window, "left") - 1, 0)
    return Signal(np.where(~still, energy - energy[start], np.where(overdue, 0.0, np.nan)), point=point)


def _integral(evidence: "Evidence") -> Floats | None:
    """Return the energy by power (Wh), by trapezoids; steps over a gap or without power count nothing."""
    power = evidence.numbers("power_total")
    if power is None:
        return None
    steps = np.diff(evidence.trace.times)
    pieces = (power[1:] + power[:-1]) / 2 * steps / 3600
    pieces = np.where((steps > _gap(steps)) | np.isnan(pieces), 0.0, pieces)
    return np.concatenate([[0.0], np.cumsum(pieces)])


def energy_jump(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how far the register rose since the sample before (Wh)."""
    found = _register(evidence)
    return None if found is None else Signal(np.maximum(np.diff(found[0], prepend=found[0][:1]), 0.0), point=found[1])


def energy_possible(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the most that the register can have risen (Wh) since it moved last, with its own resolution.

    That is the power that was seen since then, and the rating for the last interval and for every gap; without a
    power the rating for all that time.
    """
    found = _register(evidence)
    if found is None:
        return None
    energy, _ = found
    times = evidence.trace.times
    rated = _rated(evidence)
    last = _last_moved(energy)
    before = np.concatenate([[0], last[:-1]])
    total = _integral(evidence)
    if total is None:
        possible = rated * (times - times[before]) / 3600
    else:
        steps = np.diff(times, prepend=times[:1])
        power = evidence.numbers("power_total")
        unseen = (steps > _gap(steps[1:])) | np.isnan(np.zeros(1) if power is None else power)
        dark = np.cumsum(np.where(unseen, steps, 0.0)) * rated / 3600
        possible = np.maximum(total - total[before], 0.0) + dark - dark[before] + rated * steps / 3600
    return Signal(possible + min(resolution(energy), 1000.0), point="power_total")


def _rated(evidence: "Evidence") -> float:
    rating, power = evidence.signal("lim.hw"), evidence.numbers("power_total")
    rated = TYPICAL_RATED_W
    if rating is not None and rating.numbers is not None and np.nanmax(rating.numbers) > 0:
        rated = max(rated, 3 * NOMINAL_V * float(np.nanmax(rating.numbers)))
    return rated if power is None else max(rated, float(np.nanmax(power)))


@dataclass(frozen=True, slots=True)
class Balance:
    """Register rise and integrated power (Wh), cumulated over the same intervals, and the doubt about them (Wh)."""

    rise: Floats
    integral: Floats
    doubt: Floats


def balance(evidence: "Evidence") -> Balance | None:
    """Return the balance at every sample; ``None`` without a register or a power.

    Used are the intervals between samples at which both are known. Left out on both sides: gaps, falls and impossible
    rises, a standstill (another fault), and intervals whose power changed too much for a trapezoid to tell the energy.
    """
    found, power = _register(evidence), evidence.numbers("power_total")
    if found is None or power is None:
        return None
    register = evidence.numbers(found[1])
    assert register is not None
    both = ~np.isnan(power) & ~np.isnan(register)
    if both.sum() < 3:
        return None
    times, watts, energy = evidence.trace.times[both], power[both], found[0][both]
    steps, rise = np.diff(times), np.diff(energy)
    size = _grain(energy, rise, (watts[1:] > 500) & (watts[:-1] > 500))
    possible = _rated(evidence) * steps / 3600 * 1.2 + resolution(energy) + 100
    unsure = np.abs(np.diff(watts)) * steps / 3600 / 12**0.5
    pieces = (watts[1:] + watts[:-1]) / 2 * steps / 3600
    stands = _stands_still(energy, np.concatenate([[0.0], np.cumsum(pieces)]), resolution(energy))
    used = (steps <= _gap(steps)) & (rise >= 0) & (rise <= possible) & (unsure <= max(size, 2.0)) & ~stands
    pieces = np.where(used, pieces, 0.0)
    cuts = np.cumsum(used[1:] & ~used[:-1])
    sampling = np.cumsum(np.where(used, unsure, 0.0) ** 2)
    edges = size**2 * (1 + np.concatenate([[0], cuts]))
    integral = np.cumsum(pieces)
    doubt = 2 * np.sqrt(edges + sampling + (_POWER_U * integral) ** 2)
    return Balance(*(_spread(column, both) for column in (np.cumsum(np.where(used, rise, 0.0)), integral, doubt)))


def _stands_still(energy: Floats, total: Floats, step: float) -> Bools:
    """Return the intervals in stretches without a move of the register although more than a step was due."""
    last = _last_moved(energy)
    ends = np.append(np.flatnonzero(np.diff(last)), len(last) - 1)  # the last sample of each stretch
    due = total[ends] - total[last[ends]]
    long = np.isin(last, last[ends][due > 1.5 * step + _SMALLEST_WH])
    return np.asarray(long[:-1])


def _spread(values: Floats, both: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Floats:
    """Return values of the used samples (but the first) at every sample."""
    at = np.clip(np.cumsum(both) - 2, -1, None)
    return np.where(at < 0, 0.0, values[np.maximum(at, 0)])


def energy_base(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the integrated energy that the ratio rests on (Wh)."""
    found = balance(evidence)
    return None if found is None else Signal(found.integral, point="power_total")


def energy_ratio(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return register over integral, moved towards 1 by twice its standard uncertainty."""
    found = balance(evidence)
    if found is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        # a register that hardly moves is frozen, which is another fault than a wrong ratio
        moves = (found.integral > 0) & (found.rise > 0.05 * found.integral)
        ratio = np.where(moves, found.rise / found.integral, np.nan)
        doubt = found.doubt / found.integral
    off = np.sign(ratio - 1) * np.maximum(np.abs(ratio - 1) - doubt, 0.0)
    return Signal(1 + off, point="energy_total")
