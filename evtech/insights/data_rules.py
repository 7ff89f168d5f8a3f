"""Rules over the data themselves: times, gaps, missing values, the charger's clock."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from evtech.insights.anomalies import Anomaly
from evtech.insights.columns import Floats, Mask, Samples, evidence, found, has, poll, runs
from evtech.insights.rule_limits import SampleLimits

ZONE_STEP_S = 900.0  # every time zone is a multiple of a quarter of an hour from UTC
ZONE_WITHIN_S = 60.0  # so near to whole quarters a difference is a zone, not a drift
CLOCK_SET_S = 2.0  # between two samples only a person or a server moves a clock that far
DRIFT_LEAST_S = 1.5  # more than a clock that shows whole seconds and an unlucky poll make of nothing
_NEEDED = (
    "power_total", "energy_import_total", "energy_total", "current_l1", "current_l2", "current_l3", "voltage_l1",
    "voltage_l2", "voltage_l3",
)  # fmt: skip


def stamps(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find samples that have the time of their predecessor or an earlier one."""
    bad = np.flatnonzero(np.diff(s.times) <= 0)
    if len(bad):
        at = float(s.times[bad[0]])
        yield found(s, "duplicate_time", "warning", (at, at), float(len(bad)), 0.0)


def gaps(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find gaps of more than three polls: a warning where they take more than 5 % of the session."""
    pace = poll(s.times, limits)
    steps = np.diff(s.times)
    long = np.flatnonzero(steps > limits.gap_polls * pace)
    whole = float(s.times[-1] - s.times[0])
    if not len(long) or whole <= 0:
        return
    share = 100 * float((steps[long] - pace).sum()) / whole
    worst = int(long[steps[long].argmax()])
    grave = "warning" if share > limits.gap_share_pct else "info"
    yield found(s, "gap", grave, (float(s.times[worst]), float(s.times[worst + 1])), float(steps[worst]),
                limits.gap_polls * pace, n=float(len(long)), share=share)  # fmt: skip


def missing_values(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a point that was often without a value in a recording that otherwise has it."""
    worst: tuple[float, str] = (limits.gap_share_pct, "")
    for name in _NEEDED:
        if has(s, name):
            worst = max(worst, (100 * float(np.isnan(s.columns[name]).mean()), name))
    share, name = worst
    if not name:
        return
    holes = np.isnan(s.columns[name])
    first, last = max(runs(holes), key=lambda run: s.times[run[1]] - s.times[run[0]])
    span = (float(s.times[first]), float(s.times[last]))
    yield found(s, "missing", "warning", span, share, limits.gap_share_pct, rule="gap", about=name, point=name)


def clock(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a charger's clock that is off, set to a wrong zone, or drifting (own limits: 5 s, 20 ppm).

    A clock that does not tell its zone is only judged by what is left of whole quarters of an hour. A drift is
    looked for between two settings of the clock, and must be more than whole seconds can feign.
    """
    if s.device_times is None:
        return
    known = np.flatnonzero(np.isfinite(s.device_times))
    if len(known) < 3:
        return
    off = s.device_times[known] - s.times[known]
    middle = float(np.median(off))
    if not s.zone_known:
        zone = round(middle / ZONE_STEP_S) * ZONE_STEP_S
        off, middle = off - zone, middle - zone
    places = (known[0], known[len(known) // 2], known[-1])
    shown = tuple(e for e in evidence(_with_offset(s), ("clock_offset",), *places))
    if abs(middle) > limits.clock_s:
        quarters = round(middle / ZONE_STEP_S)
        is_zone = bool(quarters) and abs(middle - quarters * ZONE_STEP_S) <= ZONE_WITHIN_S
        yield found(s, "clock_zone" if is_zone else "clock", "warning", s.span, middle, limits.clock_s, rule="clock",
                    hours=quarters / 4, evidence=shown)  # fmt: skip
    drift = _drift(s.times[known], off)
    if drift is not None and abs(drift) > limits.clock_ppm:
        yield found(s, "clock_drift", "warning", s.span, drift, limits.clock_ppm, rule="clock", about="drift",
                    evidence=shown)  # fmt: skip


def _with_offset(s: Samples) -> Samples:
    offset = s.device_times - s.times if s.device_times is not None else np.full(len(s.times), np.nan)
    return Samples(s.port, s.times, {"clock_offset": offset})


def _drift(times: Floats, off: Floats) -> float | None:
    """Return the drift (ppm) over the longest stretch in which nobody set the clock; ``None``: too short to tell."""
    steps: Mask = np.abs(np.diff(off)) > CLOCK_SET_S
    ends = np.concatenate(([-1], np.flatnonzero(steps), [len(off) - 1]))
    stretches = [(int(a) + 1, int(b)) for a, b in pairwise(ends)]
    first, last = max(stretches, key=lambda run: float(times[run[1]] - times[run[0]]))
    t, o = times[first : last + 1], off[first : last + 1]
    if len(t) < 10 or t[-1] <= t[0]:
        return None
    third = max(len(t) // 3, 1)  # whole seconds against whole polls: means of many, not two values
    apart = float(t[-third:].mean() - t[:third].mean())
    moved = float(o[-third:].mean() - o[:third].mean())
    return 1e6 * moved / apart if abs(moved) > DRIFT_LEAST_S else None
