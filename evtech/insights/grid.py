"""Energy and exposure on a grid of 15 minutes, the common ground of demand and the hour-of-week map.

Every zone's offset is a multiple of a quarter of an hour, so quarters of the local wall clock are quarters of UTC.
Energy without a power profile counts as uniform between first and last energy.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from evtech.insights.intervals import Interval
from evtech.insights.records import Attempt

QUARTER_S = 900.0
_A_DAY = 96  # quarters
Array = NDArray[np.float64]


def quarters(period: Interval) -> Array:
    """Return the grid's boundaries (s): both ends of the period and every quarter of an hour between."""
    first = np.ceil(period[0] / QUARTER_S) * QUARTER_S
    inner = np.arange(first, period[1], QUARTER_S)
    return np.unique(np.concatenate(([period[0]], inner, [period[1]])))


def spread(spans: Iterable[tuple[float, float, float]], grid: Array) -> Array:
    """Return per step of the grid the integral of rectangles ``(start, end, height)``; shape ``(len(grid) - 1,)``.

    The sum of rectangles is piecewise constant, its integral piecewise linear: exact at every boundary.
    """
    table = np.array(list(spans), dtype=float).reshape(-1, 3)
    if not len(table):
        return np.zeros(len(grid) - 1)
    times = np.concatenate((table[:, 0], table[:, 1]))
    slopes = np.concatenate((table[:, 2], -table[:, 2]))
    order = np.argsort(times, kind="stable")
    times, slopes = times[order], slopes[order]
    heights = np.cumsum(slopes)
    integral = np.concatenate(([0.0], np.cumsum(heights[:-1] * np.diff(times))))
    at = np.interp(grid, times, integral, left=0.0, right=float(integral[-1]))
    return np.maximum(np.diff(at), 0.0)  # rounding may leave −1e-10


def energy_spans(attempts: Iterable[Attempt]) -> list[tuple[float, float, float]]:
    """Return rectangles of power in kWh per second; energy without a duration or below zero is left out."""
    found = []
    for attempt in attempts:
        span = attempt.energy_span
        if span is not None and attempt.energy_kwh is not None and attempt.energy_kwh > 0 and span[1] > span[0]:
            found.append((span[0], span[1], attempt.energy_kwh / (span[1] - span[0])))
    return found


def hour_of_week(grid: Array, zone: str) -> NDArray[np.int64]:
    """Return for each step of the grid its local hour of the week, 0 = Monday 0 h; shape ``(len(grid) - 1,)``."""
    offsets = _offsets(grid[:-1], ZoneInfo(zone))
    local = grid[:-1] + offsets
    hours = np.floor(local / 3600.0).astype(np.int64)
    return np.asarray((hours + 3 * 24) % 168)  # 1970-01-01 was a Thursday


def local_hours(grid: Array, zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each step of the grid its local day (counted from 1970-01-01) and its hour of that day."""
    local = grid[:-1] + _offsets(grid[:-1], ZoneInfo(zone))
    hours = np.floor(local / 3600.0).astype(np.int64)
    return hours // 24, hours % 24


def _offsets(moments: Sequence[float] | Array, zone: ZoneInfo) -> Array:
    """Return the zone's offset (s) at each moment; all changes fall on quarters of an hour of UTC."""
    steps, at = np.unique(np.floor(np.asarray(moments) / QUARTER_S).astype(np.int64), return_inverse=True)
    offsets = np.empty(len(steps))
    days = steps // _A_DAY
    for day in np.unique(days):
        first, after = int(np.searchsorted(days, day, "left")), int(np.searchsorted(days, day, "right"))
        begin, end = _offset(int(day) * _A_DAY, zone), _offset((int(day) + 1) * _A_DAY, zone)
        # a zone does not change twice a day: most days need no closer look
        offsets[first:after] = begin if begin == end else [_offset(int(step), zone) for step in steps[first:after]]
    return offsets[at] if len(steps) else np.zeros(0)


@lru_cache(maxsize=100_000)
def _offset(quarter: int, zone: ZoneInfo) -> float:
    offset = datetime.fromtimestamp(quarter * QUARTER_S, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
