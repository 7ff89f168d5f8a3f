"""Times as files write them, into seconds since 1970 UTC: ISO 8601, day or month first, seconds, milliseconds.

A time without an offset is of a zone that somebody names. Where a clock goes back an hour comes twice, where it goes
forward one is missing: both are counted with their lines, never passed over in silence.
"""

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evtech.errors import InputError

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
ORDERS = ("day", "month")  # which number of 01/02/2026 comes first; a year in front needs no word
MOST_NAMED = 5
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # of wall clocks
_MILLISECONDS = 1e11  # seconds since 1970 stay below it until the year 5138
_QUARTER = 900
_DATE = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]")


@dataclass(slots=True)
class Clock:
    """Reads the times of one file. ``order`` is the first number of a date that does not begin with the year."""

    zone: str = "UTC"
    order: str = "day"
    doubled: list[int] = field(default_factory=list)  # lines whose hour comes twice
    skipped: list[int] = field(default_factory=list)  # lines whose hour does not exist
    doubled_count: int = 0
    skipped_count: int = 0
    _zone: ZoneInfo = field(init=False)
    _offsets: dict[int, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look the zone up; raise ``InputError`` where it is not known."""
        self._zone = zone_of(self.zone)

    def seconds(self, text: str, line: int = 0, after: float | None = None) -> float | None:
        """Return a moment (s since 1970 UTC), ``None`` for what is no time between 1990 and 2100.

        ``after``: an earlier moment of the same row or file; an hour that comes twice is then the one that follows it.
        """
        words = text.strip()
        found = self._read(words, line, after) if "\0" not in words else None  # the standard library bears one
        return found if found is not None and EARLIEST <= found < LATEST else None

    def warnings(self) -> list[str]:
        """Return what is to be said about hours that come twice or not at all."""
        said = []
        if self.doubled_count:
            said.append(
                f"{self.doubled_count} times lie in the hour that {self.zone} has twice when summer time ends"
                f" ({_lines(self.doubled, self.doubled_count)}): the first of both is taken, or the second where the"
                " order of the rows asks for it"
            )
        if self.skipped_count:
            said.append(
                f"{self.skipped_count} times lie in the hour that {self.zone} leaves out when summer time begins"
                f" ({_lines(self.skipped, self.skipped_count)}): they are read with the time before the change"
            )
        return said

    def _read(self, words: str, line: int, after: float | None) -> float | None:
        if _ISO.match(words):
            try:
                moment = datetime.fromisoformat(words.replace(",", "."))
            except ValueError:
                return self._read_date(words, line, after)
            return moment.timestamp() if moment.tzinfo else self._local(moment, line, after)
        try:
            number = float(words)
        except ValueError:
            return self._read_date(words, line, after)
        if not math.isfinite(number):
            return None
        return number / 1000 if abs(number) >= _MILLISECONDS else number

    def _read_date(self, words: str, line: int, after: float | None) -> float | None:
        match = _DATE.match(words)
        if match is None:
            return None
        one, two, three, hour, minute, second, fraction, half, offset = match.groups()
        year, month, day = self._ordered(one, two, three)
        hours = int(hour or 0)
        if half:
            if not 1 <= hours <= 12:
                return None
            hours = hours % 12 + (12 if half[0] in "Pp" else 0)
        try:
            moment = datetime(year, month, day, hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
        except ValueError:
            return None
        moment += timedelta(seconds=float(f"0.{fraction}")) if fraction else timedelta()
        if offset:
            return (moment - _EPOCH).total_seconds() - _offset_s(offset)
        return self._local(moment, line, after)

    def _ordered(self, one: str, two: str, three: str) -> tuple[int, int, int]:
        if len(one) == 4:
            return int(one), int(two), int(three)
        year = int(three) + (2000 if len(three) == 2 else 0)
        return (year, int(two), int(one)) if self.order == "day" else (year, int(one), int(two))

    def _local(self, moment: datetime, line: int, after: float | None) -> float:
        wall = (moment - _EPOCH).total_seconds()
        key = int(wall // _QUARTER)
        if key not in self._offsets:
            self._offsets[key] = _offsets(moment, self._zone)
        first, second = self._offsets[key]
        early = wall - first
        if first == second:
            return early
        late = wall - second
        if late > early:  # twice
            self.doubled_count += 1
            _note(self.doubled, line)
            return late if after is not None and early < after <= late else early
        self.skipped_count += 1
        _note(self.skipped, line)
        return early


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone; raise ``InputError`` for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"{name!r} is no time zone.", "Such as Europe/Berlin or UTC.") from error


def _offsets(moment: datetime, zone: ZoneInfo) -> tuple[float, float]:
    """Return the offsets (s) of a wall clock's moment: of its first and of its second coming."""
    first = moment.replace(tzinfo=zone, fold=0).utcoffset()
    second = moment.replace(tzinfo=zone, fold=1).utcoffset()
    assert first is not None
    assert second is not None
    return first.total_seconds(), second.total_seconds()


def _offset_s(text: str) -> float:
    if text[0] not in "+-":
        return 0.0
    digits = text[1:].replace(":", "")
    return (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if text[0] == "-" else 1)


def _note(lines: list[int], line: int) -> None:
    if len(lines) < MOST_NAMED and line and (not lines or lines[-1] != line):
        lines.append(line)


def _lines(lines: list[int], count: int) -> str:
    more = ", …" if count > len(lines) else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}{more}"
