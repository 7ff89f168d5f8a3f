"""Energy and exposure on grids of time, the common ground of demand, the hour-of-week map and trends.

Every zone's offset is a multiple of a quarter of an hour, so quarters of the local wall clock are quarters of UTC.
Energy without a power profile counts as uniform between first and last energy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.intervals import Interval, Spans
from evtech.store.columns import Floats, Ints

QUARTER_S = 900.0
_A_DAY = 96  # quarters


@dataclass(frozen=True, slots=True, eq=False)
class Integral:
    """The running integral of rectangles over time: ``sums`` at ``times``, linear between, constant outside.

    The sum of rectangles is piecewise constant, its integral piecewise linear: exact at every boundary.
    """

    times: Floats
    sums: Floats

    @classmethod
    def of(cls, spans: Spans, heights: Floats | float) -> "Integral":
        """Return the integral of rectangles over spans; ``heights`` per second."""
        high = np.broadcast_to(heights, len(spans))
        times = np.concatenate((spans.starts, spans.ends))
        order = np.argsort(times, kind="stable")
        times = times[order]
        levels = np.cumsum(np.concatenate((high, -high))[order])
        return cls(times, np.concatenate(([0.0], np.cumsum(levels[:-1] * np.diff(times)))))

    def over(self, grid: Floats) -> Floats:
        """Return the integral over each step of a grid; shape ``(len(grid) - 1,)``."""
        if not len(self.times):
            return np.zeros(len(grid) - 1)
        at = np.interp(grid, self.times, self.sums, left=0.0, right=float(self.sums[-1]))
        return np.maximum(np.diff(at), 0.0)  # rounding may leave −1e-10


@dataclass(frozen=True, slots=True, eq=False)
class LocalHours:
    """A period cut at every hour of a zone's wall clock: for each step its local day (from 1970-01-01) and hour."""

    grid: Floats
    day: Ints
    hour: Ints

    @property
    def of_week(self) -> Ints:
        """Return each step's hour of the week, 0 = Monday 0 h."""
        return weekday(self.day) * 24 + self.hour


def hours_of(spans: Iterable[Interval]) -> Integral:
    """Return the integral of hours that lie in spans."""
    return Integral.of(Spans.of(spans), 1 / 3600)


def energy_of(attempts: Attempts) -> Integral:
    """Return the integral of energy (kWh); energy without a duration or below zero is left out."""
    spans = attempts.energy_span
    lengths = spans.ends - spans.starts
    flowed = (lengths > 0) & (attempts.energy_kwh > 0)
    return Integral.of(spans.take(flowed), attempts.energy_kwh[flowed] / lengths[flowed])


def quarters(period: Interval) -> Floats:
    """Return the grid's boundaries (s): both ends of the period and every quarter of an hour between."""
    first = np.ceil(period[0] / QUARTER_S) * QUARTER_S
    inner = np.arange(first, period[1], QUARTER_S)
    inside = (inner > period[0]) & (inner < period[1])
    return np.concatenate(([period[0]], inner[inside], [period[1]]))


@lru_cache(maxsize=8)  # ports of a period mostly share a zone
def local_hours(period: Interval, zone: str) -> LocalHours:
    """Return a period cut at the full hours of a zone's wall clock."""
    grid = quarters(period)
    day, hour = local_time(grid[:-1], zone)
    first = np.concatenate(([0], np.flatnonzero(np.diff(day * 24 + hour)) + 1))
    return LocalHours(np.append(grid[first], grid[-1]), day[first], hour[first])


def local_time(moments: Floats, zone: str) -> tuple[Ints, Ints]:
    """Return for each moment its local day (counted from 1970-01-01) and its hour of that day."""
    hours = np.floor(wall_hours(moments, zone)).astype(np.int64)
    return hours // 24, hours % 24


def wall_hours(moments: Floats, zone: str) -> Floats:
    """Return for each moment the hours that a zone's wall clock counts since 1970-01-01, with fractions."""
    return np.asarray((moments + _offsets(moments, ZoneInfo(zone))) / 3600.0)


def weekday(day: Ints) -> Ints:
    """Return a local day's place in the week, 0 = Monday."""
    return np.asarray((day + 3) % 7)  # 1970-01-01 was a Thursday


def _offsets(moments: Floats, zone: ZoneInfo) -> Floats:
    """Return the zone's offset (s) at each moment; all changes fall on quarters of an hour of UTC."""
    steps = np.floor(moments / QUARTER_S).astype(np.int64)
    days, at = np.unique(steps // _A_DAY, return_inverse=True)
    begin = np.array([_offset(int(day) * _A_DAY, zone) for day in days])
    end = np.array([_offset((int(day) + 1) * _A_DAY, zone) for day in days])
    offsets = begin[at]
    # a zone does not change twice a day: most days need no closer look
    closer = np.flatnonzero((begin != end)[at])
    offsets[closer] = [_offset(int(step), zone) for step in steps[closer]]
    return offsets


@lru_cache(maxsize=100_000)
def _offset(quarter: int, zone: ZoneInfo) -> float:
    offset = datetime.fromtimestamp(quarter * QUARTER_S, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
