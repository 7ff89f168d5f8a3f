"""Stretches of time as half-open intervals ``(start, end)`` in seconds since 1970 UTC, and their algebra.

Durations are differences of UTC instants, so a day of a clock change has 23 or 25 hours by itself.
"""

from collections.abc import Iterable, Sequence

Interval = tuple[float, float]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same time as sorted intervals that neither overlap nor touch; empty ones vanish."""
    merged: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[1] > i[0]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(intervals: Iterable[Interval], period: Interval) -> list[Interval]:
    """Return what of each interval lies in the period."""
    low, high = period
    cut = [(max(start, low), min(end, high)) for start, end in intervals]
    return [(start, end) for start, end in cut if end > start]


def intersect(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    """Return the time that lies in both; both are unions."""
    found: list[Interval] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if end > start:
            found.append((start, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return found


def subtract(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    """Return the time of the first that does not lie in the second; both are unions."""
    left: list[Interval] = []
    j = 0
    for start, end in first:
        while j < len(second) and second[j][1] <= start:
            j += 1
        at = j
        while at < len(second) and second[at][0] < end:
            low, high = second[at]
            if low > start:
                left.append((start, low))
            start = max(start, high)
            at += 1
        if start < end:
            left.append((start, end))
    return left


def measure(intervals: Iterable[Interval]) -> float:
    """Return the minutes of intervals that do not overlap, unrounded."""
    return sum(end - start for start, end in intervals) / 60.0
