"""Finds charging periods that should have been split.

An operator starts a new period whenever another price component becomes active. A period inside which the active
component of one of its dimensions would change is priced by its start all the same, but the record is defective.

Energy is taken to flow evenly within a period. The clock can jump inside one, so local times of day are turned into
instants in both readings of a doubled hour, and the jump itself is an edge too.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from evtech.billing.session import VOLUMES, Session, component_type, seconds
from evtech.billing.tariff import MIDNIGHT, Element

DAY = timedelta(days=1)
MAX_EVALUATIONS = 500_000  # of elements, about a second; beyond it the rest is not looked at, and that is said
WEEK = 8  # days looked at from each date: after a week the times of day and weekdays repeat


@dataclass(frozen=True, slots=True)
class Edges:
    """The values at which some restriction changes; empty tuples where none depends on the quantity."""

    times: tuple[time, ...]
    dates: tuple[date, ...]
    durations: tuple[Decimal, ...]
    kwh: tuple[Decimal, ...]


def unsplit_dimensions(session: Session) -> Iterator[tuple[int, str | None]]:
    """Yield each period whose active price would change inside it, with the first such dimension.

    Where the work has no end, the last pair is the first period that was not looked at, with ``None``.
    """
    known: dict[int, Edges] = {}
    work = 0
    for index, period in enumerate(session.cdr.periods):
        for dimension in VOLUMES:
            if not period.volumes.get(dimension):
                continue
            type_ = component_type(dimension, period)
            candidates = session.candidates(index, type_)
            edges = known.get(id(candidates))  # candidate lists are kept by the session, so ids stay
            if edges is None:
                edges = known[id(candidates)] = _edges([element for _, element in candidates])
            marks = _marks(session, index, edges)
            work += len(marks) + (len(marks) > 2) * len(marks) * len(candidates)
            if work > MAX_EVALUATIONS:
                yield index, None
                return
            if len(marks) > 2 and _changes(session, index, type_, marks):
                yield index, dimension
                break


def _marks(session: Session, index: int, edges: Edges) -> list[Fraction]:
    """Return the shares of a period, 0 and 1 included, at which some restriction may change."""
    start, span = session.cdr.periods[index].start, _span(session, index)
    before, after = session.kwh[index], session.kwh[index + 1]
    marks = {Fraction(0), Fraction(1)}
    marks |= {_share(k - before, after - before) for k in edges.kwh if min(before, after) < k < max(before, after)}
    if span:
        passed, whole = seconds(start - session.cdr.start), seconds(span)
        marks |= {_share(d - passed, whole) for d in edges.durations if 0 < d - passed < whole}
        marks |= {_share(seconds(i - start), whole) for i in _instants(session, start, start + span, edges)}
    return sorted(marks)


def _changes(session: Session, index: int, type_: str, marks: list[Fraction]) -> bool:
    """Tell whether another component than at the period's start is active between two of its marks."""
    start, span = session.cdr.periods[index].start, _span(session, index)
    before, after = session.kwh[index], session.kwh[index + 1]
    first = session.active(index, type_, session.at_start(index))
    for low, high in pairwise(marks):
        middle = float((low + high) / 2)
        at = session.at(index, start + span * middle, before + (after - before) * Decimal(middle))
        if session.active(index, type_, at) != first:
            return True
    return False


def _span(session: Session, index: int) -> timedelta:
    return max(session.cdr.end_of(index) - session.cdr.periods[index].start, timedelta(0))


def _instants(session: Session, start: datetime, end: datetime, edges: Edges) -> set[datetime]:
    """Return the moments within a period at which a local time of day or date is reached, or the clock jumps."""
    if not edges.times:
        return set()
    zone = session.zone
    local, local_end = start.astimezone(zone), end.astimezone(zone)
    if end - start < DAY and local.utcoffset() == local_end.utcoffset():  # the usual period, without a jump: no zones
        wall, wall_end = local.replace(tzinfo=None), local_end.replace(tzinfo=None)
        reached = (datetime.combine(day, edge) for day in {wall.date(), wall_end.date()} for edge in edges.times)
        return {start + (edge - wall) for edge in reached if wall < edge < wall_end}
    first, last = local.date(), local_end.date()
    days = {day + n * DAY for day in (first, *edges.dates) for n in range(WEEK + 1) if first <= day + n * DAY <= last}
    found = {
        datetime.combine(day, edge, zone).replace(fold=fold).astimezone(UTC)
        for day in days
        for edge in edges.times
        for fold in (0, 1)
    }
    if local.utcoffset() != local_end.utcoffset():
        found.add(_jump(session, start, end))
    return {instant for instant in found if start < instant < end}


def _jump(session: Session, start: datetime, end: datetime) -> datetime:
    """Return the second at which the clock jumps between two moments with different offsets."""
    before = start.astimezone(session.zone).utcoffset()
    span = int((end - start).total_seconds()) + 1

    def jumped(after: int) -> bool:
        return (start + timedelta(seconds=after)).astimezone(session.zone).utcoffset() != before

    return start + timedelta(seconds=bisect_left(range(span), True, key=jumped))


def _edges(elements: list[Element]) -> Edges:
    times: set[time] = set()
    dates: set[date] = set()
    durations: set[Decimal] = set()
    kwh: set[Decimal] = set()
    for r in (element.restrictions for element in elements):
        if r is None:
            continue
        times |= {edge for edge in (r.start_time, r.end_time) if edge is not None}
        dates |= {edge for edge in (r.start_date, r.end_date) if edge is not None}
        durations |= {edge for edge in (r.min_duration, r.max_duration) if edge is not None}
        kwh |= {edge for edge in (r.min_kwh, r.max_kwh) if edge is not None}
        if r.day_of_week or r.start_date or r.end_date or (r.start_time is None) != (r.end_time is None):
            times.add(MIDNIGHT)  # a time of day with one bound alone runs from, or to, the day's end
    return Edges(tuple(times), tuple(dates), tuple(durations), tuple(kwh))


def _share(part: Decimal, whole: Decimal) -> Fraction:
    return Fraction(part) / Fraction(whole)
