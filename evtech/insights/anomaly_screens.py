"""Which of many sessions a rule has to look at: a port's year holds thousands, and rules find something in few.

A screen lets through every session in which a rule finds something, and some more; the rule decides. So each rule is
written once, for one session. A rule of a single row needs its condition in ``suspicious``.
"""

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.records import Port
from evtech.store.columns import Floats, Mask

PLAUSIBLE = 1.2  # times the rated power: what a meter may show before it cannot be true
MEAN_ABOVE_PEAK = 1.02  # times the peak: what a mean power may be above it by rounding
_ROUNDING = 1e-9  # a screen must not lose by rounding what a rule would find


def suspicious(attempts: Attempts, port: Port) -> Mask:
    """Return for each whether a rule of a single row may find something in it."""
    begun, energy, peak = attempts.energy_started_at, attempts.energy_kwh, attempts.peak_kw
    is_backwards = (attempts.energy_ended_at < begun) | (attempts.unplugged_at < np.fmax(begun, attempts.plugged_at))
    is_backwards |= begun < attempts.plugged_at
    span = attempts.energy_span
    hours = (span.ends - span.starts) / 3600
    is_much = (peak != 0) & (hours > 0) & _exceeds(energy, MEAN_ABOVE_PEAK * peak * hours)
    found = is_backwards | (energy < 0) | is_much
    if port.rated_kw:
        most = PLAUSIBLE * port.rated_kw
        found |= _exceeds(peak, np.array(most)) | ((hours > 0) & _exceeds(energy, most * hours))
    return np.asarray(found)


def _exceeds(values: Floats, limits: Floats) -> Mask:
    return np.asarray(values > limits - _ROUNDING * np.abs(limits))


def overlapping(attempts: Attempts) -> list[tuple[int, float]]:
    """Return each session of a port that was plugged in before all earlier ones were unplugged, and when they were."""
    rows = np.flatnonzero(~np.isnan(attempts.plugged_at))
    rows = rows[np.argsort(attempts.plugged_at[rows], kind="stable")]
    if not len(rows):
        return []
    unplugged = attempts.unplugged_at[rows]
    taken_until = np.maximum.accumulate(np.where(np.isnan(unplugged), -np.inf, unplugged))
    late = np.flatnonzero(attempts.plugged_at[rows[1:]] < taken_until[:-1])
    return list(zip(rows[late + 1].tolist(), taken_until[late].tolist(), strict=True))
