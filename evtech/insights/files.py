"""Reading sessions, outages, states and ports from CSV; a wrong row names file, line, column and what is allowed.

UTF-8, comma or semicolon (then a decimal comma is read too), first row the column names. Times are ISO 8601; without a
zone they are UTC.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evtech.errors import InputError
from evtech.insights.records import FAILED_ENDS, NORMAL_ENDS, Attempt, Outage, Port, Records, StateSpan

STATES = frozenset(
    ("AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED", "UNKNOWN")
)
_COLUMNS = {
    "ports": (
        "port", "site", "timezone", "rated_kw", "in_service_from", "in_service_to", "min_kw", "station_id", "evse_id",
        "complete_from", "complete_to",
    ),
    "sessions": (
        "port", "plugged_at", "authorised_at", "auth_ok", "energy_started_at", "energy_ended_at", "unplugged_at",
        "energy_kwh", "peak_kw", "end_reason", "error_code", "token",
    ),
    "outages": ("port", "from", "to", "cause", "excluded", "evidence", "technician"),
    "states": ("port", "from", "to", "state"),
}  # fmt: skip
_NEEDED = {  # a file without `to` would keep everything open; an empty field means that on purpose
    "ports": ("port",),
    "sessions": ("port",),
    "outages": ("port", "from", "to"),
    "states": ("port", "from", "to", "state"),
}
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_LARGEST = 1e9
_TELLING = ("energy_started_at", "energy_kwh", "end_reason")  # sessions without them say less than they seem to
_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
T = TypeVar("T")


def read_records(
    sessions: Path, outages: Path | None = None, states: Path | None = None, ports: Path | None = None
) -> Records:
    """Read what insights look at; raise ``InputError`` for a file or a row that cannot be used."""
    warnings: list[str] = []
    known: dict[str, Port] = {}
    for port in _rows(ports, "ports", _port, warnings) if ports else ():
        if known.get(port.name, port) != port:
            warnings.append(f"port {port.name!r} stands twice in {ports and ports.name}: the last row counts")
        known[port.name] = port
    attempts = _rows(sessions, "sessions", _attempt, warnings)
    found_outages = _rows(outages, "outages", outage_of, warnings) if outages else None
    found_states = _rows(states, "states", _state, warnings) if states else None
    for name in (
        [a.port for a in attempts] + [o.port for o in found_outages or ()] + [s.port for s in found_states or ()]
    ):
        if name not in known:
            if ports:
                warnings.append(
                    f"port {name!r} is not in {ports.name}: its zone is taken as UTC, its rating as unknown"
                )
            known[name] = Port(name)
    return Records(known, sorted(attempts, key=lambda a: a.start), found_outages, found_states, warnings)


def names_of(file: Path) -> list[str]:
    """Return the names in a file's first row; nothing where it cannot be read."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _split(stream.readline())[0]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def moment_of(words: str) -> float:
    """Return an ISO 8601 time in s since 1970, UTC where it names no zone; raise ``ValueError`` for anything else."""
    moment = datetime.fromisoformat(words)
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not _EARLIEST <= seconds <= _LATEST:
        raise ValueError(f"{words!r} is out of range in UTC")
    return seconds


@dataclass(frozen=True, slots=True)
class Head:
    """What the first row of a file says: the place of each column, and how rows are written."""

    file: Path
    places: dict[str, int]
    delimiter: str

    @property
    def decimal(self) -> str:
        """Return the decimal mark: who separates columns by semicolons may write a comma."""
        return "," if self.delimiter == ";" else "."


class Row:
    """One row of a file, read field by field."""

    def __init__(self, head: Head, line: int, fields: list[str]) -> None:
        self.line = line
        self._head, self._fields = head, fields

    def text(self, name: str) -> str:
        """Return a text, empty where it is missing."""
        place = self._head.places.get(name)
        return self._fields[place].strip() if place is not None and place < len(self._fields) else ""

    def needed(self, name: str) -> str:
        """Return a text that must be there."""
        found = self.text(name)
        if not found:
            raise self.wrong(name, "", "a value")
        return found

    def moment(self, name: str) -> float | None:
        """Return an instant in s since 1970, ``None`` where it is empty."""
        words = self.text(name)
        if not words:
            return None
        try:
            return moment_of(words)
        except ValueError as error:
            raise self.wrong(name, words, "a time such as 2026-03-01T12:00:00Z") from error

    def number(self, name: str) -> float | None:
        """Return a finite number, ``None`` where it is empty."""
        words = self.text(name)
        if not words:
            return None
        try:
            value = float(words.replace(self._head.decimal, "."))
            if "_" in words:  # Python reads 1_1 as 11
                raise ValueError(words)
        except ValueError as error:
            raise self.wrong(name, words, "a number with a decimal point") from error
        if not abs(value) <= _LARGEST:
            raise self.wrong(name, words, "a number of at most a thousand million")
        return value

    def flag(self, name: str) -> bool | None:
        """Return yes or no, ``None`` where it is empty."""
        words = self.text(name).lower()
        if not words:
            return None
        if words not in _WORDS:
            raise self.wrong(name, words, "1 or 0, true or false")
        return _WORDS[words]

    def choice(self, name: str, allowed: frozenset[str], otherwise: str) -> str:
        """Return one of the allowed words."""
        words = self.text(name) or otherwise
        if words not in allowed:
            raise self.wrong(name, words, ", ".join(sorted(allowed)))
        return words

    def wrong(self, name: str, found: str, allowed: str) -> InputError:
        """Return the error for a field."""
        what = f"{found!r} is not valid" if found else "is empty"
        return InputError(f"{self._head.file}, line {self.line}, {name}: {what}.", f"Expected {allowed}.")


def _rows(file: Path, kind: str, make: Callable[[Row], T], warnings: list[str]) -> list[T]:
    return [make(row) for row in table_rows(file, kind, warnings)]


def table_rows(
    file: Path, kind: str, warnings: list[str], refused: list[tuple[int, InputError]] | None = None
) -> Iterator[Row]:
    """Yield the rows of a file; raise ``InputError`` where it cannot be read as a table of this kind.

    A row with too many fields is an error too; with a list of the ``refused`` it is put there, with its line.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head = _head(file, kind, stream.readline(), warnings)
            reader = csv.reader(stream, delimiter=head.delimiter)
            for fields in reader:
                if not any(fields):
                    continue
                if len(fields) > len(head.places):  # a decimal comma may have moved all that follows
                    error = InputError(
                        f"{file}, line {reader.line_num + 1} has more fields than there are columns.",
                        "Put a text or a number with a comma in quotes, or separate columns by semicolons.",
                    )
                    if refused is None:
                        raise error
                    refused.append((reader.line_num + 1, error))
                    continue
                yield Row(head, reader.line_num + 1, fields)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} is no CSV in UTF-8: {error}.", f"Columns: {', '.join(_COLUMNS[kind])}.") from error


def _split(line: str) -> tuple[list[str], str]:
    """Return the names in a first row, and what separates them."""
    delimiter = ";" if line.count(";") > line.count(",") else ","
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])], delimiter


def _head(file: Path, kind: str, line: str, warnings: list[str]) -> Head:
    """Return what the first row says; raise ``InputError`` where that is not enough to read the others."""
    names, delimiter = _split(line)
    lacking = [name for name in _NEEDED[kind] if name not in names]
    if lacking:
        raise InputError(
            f"{file} has no column {', '.join(lacking)}.", f"Columns of {kind}: {', '.join(_COLUMNS[kind])}."
        )
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in _COLUMNS[kind] and name in places:
            raise InputError(f"{file} has the column {name} twice.", "Leave one of them.")
        places[name if name in _COLUMNS[kind] else f"{place}: {name}"] = place
    unknown = [name for name in names if name not in _COLUMNS[kind]]
    if unknown:
        warnings.append(f"{file.name}: unknown columns are left out: {', '.join(unknown)}")
    absent = [name for name in _TELLING if kind == "sessions" and name not in names]
    if absent:
        warnings.append(f"{file.name}: no column {', '.join(absent)}: success and energy are not known")
    return Head(file, places, delimiter)


def _port(row: Row) -> Port:
    zone = row.text("timezone") or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise row.wrong("timezone", zone, "an IANA zone such as Europe/Berlin") from error
    rated = row.number("rated_kw")
    if rated is not None and rated <= 0:
        raise row.wrong("rated_kw", str(rated), "a power above 0 kW")
    begun, ended = row.moment("in_service_from"), row.moment("in_service_to")
    if begun is not None and ended is not None and ended < begun:
        raise row.wrong("in_service_to", row.text("in_service_to"), "a time after `in_service_from`, or nothing")
    return Port(row.needed("port"), row.text("site"), zone, rated, begun, ended)


def _attempt(row: Row) -> Attempt:
    port = row.needed("port")
    if not any(row.text(name) for name in ("plugged_at", "authorised_at", "energy_started_at")):
        raise row.wrong("plugged_at", "", "a time of plug-in, of authorisation or of the first energy")
    return Attempt(
        port=port,
        plugged_at=row.moment("plugged_at"),
        authorised_at=row.moment("authorised_at"),
        auth_ok=row.flag("auth_ok"),
        energy_started_at=row.moment("energy_started_at"),
        energy_ended_at=row.moment("energy_ended_at"),
        unplugged_at=row.moment("unplugged_at"),
        energy_kwh=row.number("energy_kwh"),
        peak_kw=row.number("peak_kw"),
        end_reason=row.choice("end_reason", NORMAL_ENDS | FAILED_ENDS, "unknown"),
        error_code=row.text("error_code") or None,
        token=row.text("token") or None,
    )


def outage_of(row: Row) -> Outage:
    """Return a row of outages; raise ``InputError`` where it cannot be used."""
    start, end, cause = row.moment("from"), row.moment("to"), row.text("cause")
    if start is None:
        raise row.wrong("from", "", "a time")
    if end is not None and end < start:
        raise row.wrong("to", row.text("to"), "a time after `from`, or nothing while the outage lasts")
    excluded = bool(row.flag("excluded"))
    outage = Outage(row.needed("port"), start, end, cause, excluded)
    # with `excluded` 0 the word alone makes no excuse: an exclusion that was refused is an outage
    return replace(outage, is_exclusion=excluded and cause.startswith("exclusion:"))


def _state(row: Row) -> StateSpan:
    start, end = row.moment("from"), row.moment("to")
    if start is None:
        raise row.wrong("from", "", "a time")
    if end is not None and end < start:
        raise row.wrong("to", row.text("to"), "a time after `from`, or nothing while the state lasts")
    return StateSpan(row.needed("port"), start, end, row.choice("state", STATES, ""))
