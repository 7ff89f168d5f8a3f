"""A charger's clock in a recording, as seconds since 1970 in UTC: one value, date and time, or parts with a zone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from evtech.insights.columns import Floats

PARTS = ("clock_year", "clock_month", "clock_day", "clock_hour", "clock_minute", "clock_second")
ZONE = "time_zone_offset"
NAMES = ("clock", "clock_date", "clock_time", *PARTS, ZONE)
MOST_TEXTS = 500  # that are read of a column of texts: a clock is known from some of them
_YEAR_2001 = 1e9  # a number below it is no time since 1970


def device_times(
    count: int, numbers: Mapping[str, Floats], texts: Mapping[str, Sequence[str | None]]
) -> tuple[Floats | None, bool]:
    """Return the clock at each sample (NaN where it cannot be read), and whether it tells its zone.

    ``None`` where the recording holds no clock. A clock without a zone is read as if it were UTC.
    """
    zone = numbers.get(ZONE)
    known_zone = zone is not None and bool(np.isfinite(zone).any())
    shift = zone if known_zone and zone is not None else np.zeros(count)
    if "clock" in numbers and bool((numbers["clock"] > _YEAR_2001).any()):
        return np.where(numbers["clock"] > _YEAR_2001, numbers["clock"], np.nan), True
    if "clock" in texts:
        return _read_texts(texts["clock"], shift)
    if all(name in numbers for name in PARTS):
        found = _from_parts(*(numbers[name] for name in PARTS)) - shift
    elif "clock_date" in numbers and "clock_time" in numbers:
        date, time = numbers["clock_date"], numbers["clock_time"]
        found = _from_parts(date // 10_000, date // 100 % 100, date % 100,
                            time // 10_000, time // 100 % 100, time % 100) - shift  # fmt: skip
    else:
        return None, known_zone
    return (found if np.isfinite(found).any() else None), known_zone


def _from_parts(year: Floats, month: Floats, day: Floats, hour: Floats, minute: Floats, second: Floats) -> Floats:
    """Return seconds since 1970 of a calendar's parts; NaN for what is no moment."""
    year = np.where(year < 100, year + 2000, year)
    good = np.isfinite(year + month + day + hour + minute + second) & (year >= 2001) & (year < 2200)
    for part, low, high in ((month, 1, 12), (day, 1, 31), (hour, 0, 23), (minute, 0, 59), (second, 0, 59)):
        good &= (part >= low) & (part <= high)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(good, day - 1, 0).astype("timedelta64[D]")
    good &= days.astype("datetime64[M]") == months  # no 30 February
    seconds = days.astype("datetime64[s]").astype(np.float64) + hour * 3600 + minute * 60 + second
    return np.where(good, seconds, np.nan)


def _read_texts(column: Sequence[str | None], shift: Floats) -> tuple[Floats | None, bool]:
    found = np.full(len(column), np.nan)
    tells_zone = False
    for place in range(0, len(column), max(1, len(column) // MOST_TEXTS)):
        moment = _moment(column[place])
        if moment is not None:
            tells_zone |= moment.tzinfo is not None
            own = 0.0 if moment.tzinfo is not None else shift[place]
            found[place] = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - own
    return (found if np.isfinite(found).any() else None), tells_zone or bool(np.any(shift))


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    digits = "".join(c for c in text if c.isdigit())
    try:
        if len(digits) == 12:  # six parts of two digits
            return datetime.strptime(digits, "%y%m%d%H%M%S")  # noqa: DTZ007  # the caller knows the zone, or that none is told
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
