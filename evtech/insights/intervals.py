"""Stretches of time as half-open intervals ``(start, end)`` in seconds since 1970 UTC, and their algebra.

Durations are differences of UTC instants, so a day of a clock change has 23 or 25 hours by itself. A port has thousands
of stretches a year, so they are kept as two arrays (``Spans``); every function takes pairs as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np

from evtech.store.columns import At, Floats, Ints

Interval = tuple[float, float]


class Spans(Sequence[Interval]):
    """Intervals in the order given, as an array of starts and one of ends; read like a sequence of pairs."""

    __slots__ = ("ends", "starts")

    def __init__(self, starts: Floats, ends: Floats) -> None:
        self.starts, self.ends = starts, ends

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> "Spans":
        """Return pairs as arrays; what is one already stays itself."""
        if isinstance(intervals, Spans):
            return intervals
        table = np.array(list(intervals), dtype=np.float64).reshape(-1, 2)
        return cls(table[:, 0], table[:, 1])

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[Interval]:
        return zip(self.starts.tolist(), self.ends.tolist(), strict=True)

    @overload
    def __getitem__(self, at: int) -> Interval: ...
    @overload
    def __getitem__(self, at: slice) -> "Spans": ...
    def __getitem__(self, at: int | slice) -> "Interval | Spans":
        if isinstance(at, slice):
            return self.take(at)
        return float(self.starts[at]), float(self.ends[at])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Spans.of({list(self)!r})"

    def take(self, at: At) -> "Spans":
        """Return some of them."""
        return Spans(self.starts[at], self.ends[at])


NOTHING = Spans(np.zeros(0), np.zeros(0))
_FIRST, _LAST = np.array([0]), np.array([-1])  # rows
_BEGINNING, _END = np.array([-np.inf]), np.array([np.inf])  # of all time


def joined(parts: Iterable[Iterable[Interval]]) -> Spans:
    """Return all intervals of all parts, as they are."""
    spans = [Spans.of(part) for part in parts]
    return (
        Spans(np.concatenate([s.starts for s in spans]), np.concatenate([s.ends for s in spans])) if spans else NOTHING
    )


def union(intervals: Iterable[Interval]) -> Spans:
    """Return the same time as sorted intervals that neither overlap nor touch; empty ones vanish."""
    spans = _filled(Spans.of(intervals))
    if len(spans) < 2:
        return spans
    if (spans.starts[1:] > spans.ends[:-1]).all():  # they mostly come so: half of the work is saved
        return spans
    order = spans.starts.argsort(kind="stable")
    starts, latest = spans.starts[order], np.maximum.accumulate(spans.ends[order])
    breaks = (starts[1:] > latest[:-1]).nonzero()[0]
    return Spans(starts[np.concatenate((_FIRST, breaks + 1))], latest[np.concatenate((breaks, _LAST))])


def clip(intervals: Iterable[Interval], period: Interval) -> Spans:
    """Return what of each interval lies in the period."""
    spans = Spans.of(intervals)
    return _filled(Spans(np.maximum(spans.starts, period[0]), np.minimum(spans.ends, period[1])))


def intersect(first: Iterable[Interval], second: Iterable[Interval]) -> Spans:
    """Return the time that lies in both; both are unions."""
    return pieces(first, second)[0]


def subtract(first: Iterable[Interval], second: Iterable[Interval]) -> Spans:
    """Return the time of the first that does not lie in the second; both are unions."""
    return rest(first, second)[0]


def pieces(first: Iterable[Interval], second: Iterable[Interval]) -> tuple[Spans, Ints]:
    """Return what of each of the first lies in the second, a union, and for each piece of which one it is."""
    own, other = Spans.of(first), Spans.of(second)
    if not len(own) or not len(other):
        return NOTHING, np.zeros(0, np.int64)
    if len(other) == 1:  # a period, a time in service
        cut = Spans(np.maximum(own.starts, other.starts), np.minimum(own.ends, other.ends))
        of = (cut.ends > cut.starts).nonzero()[0]
        return (cut if len(of) == len(own) else cut.take(of)), of
    low = other.ends.searchsorted(own.starts, "right")
    counts = np.maximum(other.starts.searchsorted(own.ends, "left") - low, 0)
    of = np.arange(len(own)).repeat(counts)
    at = np.arange(len(of)) + (low - counts.cumsum() + counts)[of]
    cut = Spans(np.maximum(own.starts[of], other.starts[at]), np.minimum(own.ends[of], other.ends[at]))
    filled = cut.ends > cut.starts
    return (cut, of) if filled.all() else (cut.take(filled), of[filled])


def rest(first: Iterable[Interval], second: Iterable[Interval]) -> tuple[Spans, Ints]:
    """Return what of each of the first lies outside the second, a union, and for each piece of which one it is."""
    taken = Spans.of(second)
    return pieces(first, Spans(np.concatenate((_BEGINNING, taken.ends)), np.concatenate((taken.starts, _END))))


def measure(intervals: Iterable[Interval]) -> float:
    """Return the minutes of intervals that do not overlap, unrounded."""
    spans = Spans.of(intervals)
    return float((spans.ends - spans.starts).sum()) / 60.0


def _filled(spans: Spans) -> Spans:
    filled = spans.ends > spans.starts
    return spans if filled.all() else spans.take(filled)
