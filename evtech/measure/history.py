"""The newest samples of each point, append-only, with a pyramid of extremes that a plot can read.

A plot never needs more than two values a pixel. Each level of the pyramid keeps minimum and maximum of sixteen entries
of the level below, so a window costs as many steps as it has pixels, however long the recording is.
"""

import threading
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from evtech.measure.sample import Reading

FACTOR = 16
_START = 4096
Times = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]


class _Level:
    """One level of the pyramid: rows of (minimum, maximum) for all points."""

    def __init__(self, columns: int) -> None:
        self.low = np.full((_START // FACTOR, columns), np.nan, np.float32)
        self.high = np.full((_START // FACTOR, columns), np.nan, np.float32)

    def grow(self, rows: int) -> None:
        if rows > len(self.low):
            more = np.full((max(rows, 2 * len(self.low)) - len(self.low), self.low.shape[1]), np.nan, np.float32)
            self.low, self.high = np.concatenate([self.low, more]), np.concatenate([self.high, more])


class History:
    """Samples of some points; one thread appends, another reads. Times are s since 1970, gaps are rows of NaN."""

    def __init__(self, points: Sequence[str]) -> None:
        self.points = tuple(points)
        self._column = {name: index for index, name in enumerate(self.points)}
        self._times = np.empty(_START, np.float64)
        self._values = np.full((_START, len(self.points)), np.nan, np.float32)
        self._levels: list[_Level] = []
        self._count = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    @property
    def span(self) -> tuple[float, float] | None:
        """Return the first and the last time, ``None`` while empty."""
        return (float(self._times[0]), float(self._times[self._count - 1])) if self._count else None

    def append(self, reading: Reading) -> None:
        """Keep one reading; points without a number become NaN."""
        row = [np.nan if (value := reading.number(name)) is None else value for name in self.points]
        self.extend(np.array([reading.time.timestamp()]), np.array([row], np.float32))

    def gap(self, start: datetime, end: datetime) -> None:
        """Break the curves: nothing was measured between two moments."""
        middle = (start.timestamp() + end.timestamp()) / 2
        last = self._times[self._count - 1] if self._count else middle
        # the reading that ended the gap may be in already: the break then goes just before the next one
        self.extend(np.array([max(middle, last)]), np.full((1, len(self.points)), np.nan, np.float32))

    def extend(self, times: Times, values: Values) -> None:
        """Keep many rows at once; ``values`` has one column a point."""
        with self._lock:
            start, end = self._count, self._count + len(times)
            while end > len(self._times):
                self._times = np.concatenate([self._times, np.empty_like(self._times)])
                self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)])
            self._times[start:end] = times
            self._values[start:end] = values
            self._build(start, end)
            self._count = end

    def window(self, point: str, start: float, end: float, pixels: int) -> tuple[Times, Values]:
        """Return times and values of [start, end], at most about two a pixel: the extremes, so no spike is lost."""
        with self._lock:
            column = self._column[point]
            times = self._times[: self._count]
            first = max(int(np.searchsorted(times, start, "left")) - 1, 0)
            last = min(int(np.searchsorted(times, end, "right")) + 1, self._count)
            level, step = -1, 1
            while (last - first) / step > max(pixels, 1) and level + 1 < len(self._levels):
                level, step = level + 1, step * FACTOR
            if level < 0:
                return times[first:last].copy(), self._values[first:last, column].copy()
            return self._extremes(self._levels[level], step, first, last, column)

    def latest(self, point: str) -> float | None:
        """Return the newest value of a point, ``None`` where it is unknown."""
        if not self._count:
            return None
        value = float(self._values[self._count - 1, self._column[point]])
        return None if np.isnan(value) else value

    def _extremes(self, level: _Level, step: int, first: int, last: int, column: int) -> tuple[Times, Values]:
        low, high = first // step, -(-last // step)
        times = np.repeat(self._times[np.minimum(np.arange(low, high) * step, self._count - 1)], 2)
        values = np.empty(2 * (high - low), np.float32)
        values[0::2], values[1::2] = level.low[low:high, column], level.high[low:high, column]
        return times, values

    def _build(self, start: int, end: int) -> None:
        """Bring every level up to date for rows start to end."""
        below_low = below_high = self._values
        index = 0
        while index < len(self._levels) or (end - 1) // FACTOR > 0:
            if index == len(self._levels):
                self._levels.append(_Level(len(self.points)))
                start = 0
            level = self._levels[index]
            first, last = start // FACTOR, -(-end // FACTOR)
            level.grow(last)
            low, high = below_low[first * FACTOR : end], below_high[first * FACTOR : end]
            edges = np.arange(0, len(low), FACTOR)
            # fmin and fmax pass over NaN; a stretch of only NaN stays NaN
            level.low[first:last] = np.fmin.reduceat(low, edges)
            level.high[first:last] = np.fmax.reduceat(high, edges)
            below_low, below_high = level.low, level.high
            start, end, index = first, last, index + 1
