"""Reading sessions, outages, states and ports from CSV; a wrong row names file, line, column and what is allowed.

UTF-8, comma or semicolon, first row the column names. Times are ISO 8601; without a zone they are UTC.
"""

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
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
_NEEDED = {"ports": ("port",), "sessions": ("port",), "outages": ("port", "from"), "states": ("port", "from", "state")}
_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
T = TypeVar("T")


def read_records(
    sessions: Path, outages: Path | None = None, states: Path | None = None, ports: Path | None = None
) -> Records:
    """Read what insights look at; raise ``InputError`` for a file or a row that cannot be used."""
    warnings: list[str] = []
    known = {p.name: p for p in _rows(ports, "ports", _port, warnings)} if ports else {}
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


def head_of(file: Path) -> list[str]:
    """Return the names in a file's first row; nothing where it cannot be read."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _head(stream.readline())[0]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


class Row:
    """One row of a file, read field by field."""

    def __init__(self, file: Path, line: int, fields: dict[str, str]) -> None:
        self.line = line
        self._file, self._fields = file, fields

    def text(self, name: str) -> str:
        """Return a text, empty where it is missing."""
        return (self._fields.get(name) or "").strip()

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
            moment = datetime.fromisoformat(words)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError) as error:
            raise self.wrong(name, words, "a time such as 2026-03-01T12:00:00Z") from error

    def number(self, name: str) -> float | None:
        """Return a finite number, ``None`` where it is empty."""
        words = self.text(name)
        if not words:
            return None
        try:
            value = float(words)
        except ValueError as error:
            raise self.wrong(name, words, "a number with a decimal point") from error
        if not math.isfinite(value):
            raise self.wrong(name, words, "a finite number")
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
        return InputError(f"{self._file}, line {self.line}, {name}: {what}.", f"Expected {allowed}.")


def _rows(file: Path, kind: str, make: Callable[[Row], T], warnings: list[str]) -> list[T]:
    return [make(row) for row in table_rows(file, kind, warnings)]


def _head(line: str) -> tuple[list[str], str]:
    delimiter = ";" if line.count(";") > line.count(",") else ","
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])], delimiter


def table_rows(file: Path, kind: str, warnings: list[str]) -> Iterator[Row]:
    """Yield the rows of a file; raise ``InputError`` where it cannot be read as a table of this kind."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            names, delimiter = _head(stream.readline())
            lacking = [name for name in _NEEDED[kind] if name not in names]
            if lacking:
                raise InputError(
                    f"{file} has no column {', '.join(lacking)}.", f"Columns of {kind}: {', '.join(_COLUMNS[kind])}."
                )
            unknown = [name for name in names if name not in _COLUMNS[kind]]
            if unknown:
                warnings.append(f"{file.name}: unknown columns are left out: {', '.join(unknown)}")
            reader = csv.DictReader(stream, names, restkey="", delimiter=delimiter)
            for fields in reader:
                if any(value for value in fields.values() if isinstance(value, str)):
                    yield Row(file, reader.line_num + 1, fields)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} is no CSV in UTF-8: {error}.", f"Columns: {', '.join(_COLUMNS[kind])}.") from error


def _port(row: Row) -> Port:
    zone = row.text("timezone") or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise row.wrong("timezone", zone, "an IANA zone such as Europe/Berlin") from error
    rated = row.number("rated_kw")
    if rated is not None and rated <= 0:
        raise row.wrong("rated_kw", str(rated), "a power above 0 kW")
    return Port(
        row.needed("port"), row.text("site"), zone, rated, row.moment("in_service_from"), row.moment("in_service_to")
    )


def _attempt(row: Row) -> Attempt:
    found = Attempt(
        port=row.needed("port"),
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
    if found.plugged_at is None and found.authorised_at is None and found.energy_started_at is None:
        raise row.wrong("plugged_at", "", "a time of plug-in, of authorisation or of the first energy")
    return found


def outage_of(row: Row) -> Outage:
    """Return a row of outages; raise ``InputError`` where it cannot be used."""
    start, end, cause = row.moment("from"), row.moment("to"), row.text("cause")
    if start is None:
        raise row.wrong("from", "", "a time")
    if end is not None and end < start:
        raise row.wrong("to", row.text("to"), "a time after `from`, or nothing while the outage lasts")
    excluded = bool(row.flag("excluded"))
    outage = Outage(row.needed("port"), start, end, cause, excluded)
    return replace(outage, is_exclusion=excluded and cause.startswith("exclusion:"))


def _state(row: Row) -> StateSpan:
    start, end = row.moment("from"), row.moment("to")
    if start is None:
        raise row.wrong("from", "", "a time")
    if end is not None and end < start:
        raise row.wrong("to", row.text("to"), "a time after `from`, or nothing while the state lasts")
    return StateSpan(row.needed("port"), start, end, row.choice("state", STATES, ""))
