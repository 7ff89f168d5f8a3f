"""Where elements of a tariff apply, for the linter: does one imply another, where do two meet, what is left open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice, product
from typing import Any

from evtech.billing.tariff import MIDNIGHT, WEEKDAYS, Element, Moment, Restrictions

MONDAY = date(2024, 1, 1)
ENOUGH = 20_000  # points looked at; a tariff with more combinations is not searched to the end
PAIRS = ("kwh", "duration", "current", "power")
ANYTHING = Restrictions()


@dataclass(frozen=True, slots=True)
class Point:
    """A situation in which prices are asked for."""

    at: Moment

    def __str__(self) -> str:
        day = WEEKDAYS[self.at.local.weekday()].capitalize()
        return f"{day} {self.at.local:%H:%M}, {self.at.seconds} s and {self.at.kwh} kWh into the session"


def never_true(r: Restrictions) -> str | None:
    """Return which restrictions exclude each other, ``None`` where the element can apply."""
    if r.start_time is not None and r.start_time == r.end_time != MIDNIGHT:
        return "start_time and end_time are equal"
    if r.start_date is not None and r.end_date is not None and r.start_date >= r.end_date:
        return "end_date is not after start_date"
    for name in PAIRS:
        low, high = getattr(r, f"min_{name}"), getattr(r, f"max_{name}")
        if low is not None and high is not None and low >= high:
            return f"min_{name} is not below max_{name}"
        if high is not None and high <= 0:
            return f"max_{name} is {high}"
    return None


def covers(wide: Restrictions | None, narrow: Restrictions | None) -> bool:
    """Tell whether one applies wherever the other does, as far as single restrictions show it."""
    wide, narrow = wide or ANYTHING, narrow or ANYTHING
    days_in = not wide.day_of_week or (narrow.day_of_week and set(narrow.day_of_week) <= set(wide.day_of_week))
    return bool(
        days_in
        and (wide.start_time is wide.end_time is None or _minutes(narrow) <= _minutes(wide))
        and _range_in(wide.start_date, wide.end_date, narrow.start_date, narrow.end_date)
        and all(
            _range_in(*(getattr(r, f"{end}_{name}") for r in (wide, narrow) for end in ("min", "max")))
            for name in PAIRS
        )
    )


def points(elements: Sequence[Element]) -> Iterator[Point]:
    """Yield situations between all edges of the elements' restrictions, at most ``ENOUGH``."""
    rs = [element.restrictions or ANYTHING for element in elements]
    times = sorted({MIDNIGHT, *_all(rs, "start_time"), *_all(rs, "end_time")})
    dates = sorted({*_all(rs, "start_date"), *_all(rs, "end_date")})
    by_day = any(r.day_of_week for r in rs)
    days = [start + timedelta(days=n) for start in (dates or [MONDAY]) for n in range(7 if by_day else 1)]
    if dates:
        days = [dates[0] - timedelta(days=n) for n in range(1, 8 if by_day else 2)] + days
    levels = {
        name: sorted({Decimal(0), *(v for v in (*_all(rs, f"min_{name}"), *_all(rs, f"max_{name}")) if v > 0)})
        for name in PAIRS
    }
    every = product(days, times, *levels.values())
    for day, clock, kwh, duration, current, power in islice(every, ENOUGH):
        measured = {"MIN_CURRENT": current, "MAX_CURRENT": current, "MIN_POWER": power, "MAX_POWER": power}
        yield Point(Moment(datetime.combine(day, clock), kwh, duration, measured))


def open_point(elements: Sequence[Element]) -> Point | None:
    """Return a situation in which none of the elements applies, ``None`` where there is none."""
    return next((p for p in points(elements) if not any(element.applies(p.at) for element in elements)), None)


def _all(rs: Sequence[Restrictions], name: str) -> Iterator[Any]:
    """Yield the values of one restriction, of whatever kind it is."""
    assert name in {field.name for field in fields(Restrictions)}
    return (value for r in rs if (value := getattr(r, name)) is not None)


@lru_cache(2048)
def _minutes(r: Restrictions) -> frozenset[int]:
    """Return the minutes of the day a time window contains."""
    start = _minute(r.start_time or MIDNIGHT)
    end = 1440 if r.end_time in (None, MIDNIGHT) else _minute(r.end_time or MIDNIGHT)
    return frozenset(range(start, end) if start <= end else (*range(start, 1440), *range(end)))


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _range_in(low: Any, high: Any, inner_low: Any, inner_high: Any) -> bool:
    """Tell whether the second half-open range lies in the first; the values are dates or numbers, alike."""
    return (low is None or (inner_low is not None and inner_low >= low)) and (
        high is None or (inner_high is not None and inner_high <= high)
    )
