"""Periods that are named by the calendar: a year, a quarter, a month. When they begin depends on the place."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from evtech.errors import InputError
from evtech.insights.intervals import Interval

_NAMED = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days from ``first`` until before ``after``."""

    first: date
    after: date

    def in_zone(self, zone: str) -> Interval:
        """Return the instants (s since 1970 UTC) between the local midnights."""
        start, end = (
            datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()
            for day in (self.first, self.after)
        )
        return start, end


def named_period(text: str) -> Days:
    """Return a year (2025), a quarter (2025-Q1) or a month (2025-03); raise ``InputError`` for anything else."""
    found = _NAMED.fullmatch(text.strip())
    if found is None or not 1970 <= int(found[1]) <= 2200:
        raise InputError(f"{text!r} is no period.", "Such as 2025, 2025-Q1 or 2025-03.")
    year, first, months = int(found[1]), 1, 12
    if found[2]:
        first, months = 3 * int(found[2]) - 2, 3
    elif found[3]:
        first, months = int(found[3]), 1
    after = first + months
    return Days(date(year, first, 1), date(year + (after > 12), (after - 1) % 12 + 1, 1))


def local(moment: float, zone: str) -> datetime:
    """Return an instant on a place's own clock."""
    return datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
