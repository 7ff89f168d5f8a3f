"""What may be said of a port and of an outage: each field with its check, as people enter it and as rows keep it.

In memory moments are s since 1970 UTC; in a row they are ISO 8601 with ``Z``, for whoever reads it with another tool.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evtech.errors import InputError

Fact = str | float | bool | None
MOST_KW = 10_000.0  # above it somebody entered W
_LONGEST = 500
# nobody operates a port before or plans one after
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1990, 2200))


def checked(name: str, value: object) -> Fact:
    """Return a value as its field wants it, ``None`` for "not known"; raise ``InputError`` naming what is allowed."""
    if value is None or value == "":
        return None
    try:
        return _CHECKS[name](value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name}: {str(value)!r:.60} is not valid.", f"Expected {_ALLOWED[_CHECKS[name]]}.") from error


def as_json(name: str, value: Fact) -> Fact:
    """Return a checked value as a row keeps it."""
    return iso(value) if _CHECKS[name] is _moment and isinstance(value, float) else value


def moment_there(text: str, zone: str) -> float | None:
    """Return the instant of a date or time on a place's own clock, ``None`` for an empty text; raise ``InputError``."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        there = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
        return float(_moment(there.timestamp()))
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"{text.strip()!r:.60} is no date or time.", "Such as 2026-03-01 or 2026-03-01 14:30."
        ) from error


def text_there(moment: float | None, zone: str) -> str:
    """Return an instant on a place's own clock as people write it; a midnight is a date."""
    if moment is None:
        return ""
    there = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    return f"{there:%Y-%m-%d}" if (there.hour, there.minute) == (0, 0) else f"{there:%Y-%m-%d %H:%M}"


def iso(moment: float) -> str:
    """Return an instant as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    text = " ".join(value.split())
    if len(text) > _LONGEST or not text.isprintable():
        raise ValueError
    return text


def _zone(value: object) -> str:
    name = _text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error
    return name


def _kw(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    number = float(value)
    if not 0 < number <= MOST_KW or not math.isfinite(number):
        raise ValueError
    return number


def _moment(value: object) -> float:
    """Return an instant; a text without a zone is UTC. Rows keep ms, so nothing finer is kept here either."""
    if isinstance(value, str):
        found = datetime.fromisoformat(value)
        value = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not _FIRST <= value <= _LAST:
        raise ValueError
    return round(float(value), 3)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_CHECKS: dict[str, Callable[[object], Fact]] = {
    "site": _text, "station_id": _text, "evse_id": _text, "timezone": _zone, "rated_kw": _kw, "min_kw": _kw,
    "in_service_from": _moment, "in_service_to": _moment, "complete_from": _moment, "complete_to": _moment,
    "from": _moment, "to": _moment, "cause": _text, "excluded": _flag, "exclusion": _flag, "evidence": _text,
    "withdrawn": _flag, "reason": _text,
}  # fmt: skip
_ALLOWED: dict[Callable[[object], Fact], str] = {
    _text: f"one line of at most {_LONGEST} characters",
    _zone: "an IANA zone such as Europe/Berlin",
    _kw: f"a power in kW above 0 and up to {MOST_KW:g}",
    _moment: "a date or time such as 2026-03-01T12:00:00Z",
    _flag: "true or false",
}
PORT_FACTS = (
    "site", "station_id", "evse_id", "timezone", "rated_kw", "min_kw", "in_service_from", "in_service_to",
    "complete_from", "complete_to",
)  # fmt: skip
OUTAGE_FIELDS = ("from", "to", "cause", "excluded", "exclusion", "evidence", "withdrawn", "reason")
