"""One visit as plain rows: what leaves an archive and what another one takes in.

Each table becomes JSON lines in a fixed order, without the numbers that only mean something in one file, so that
export, import and export again give the same bytes. Reading checks every row before anything is written; an import is
one transaction, and rows that are there already are left alone.
"""

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evtech.errors import InputError, NotFoundError
from evtech.store import fleet, session_list, session_rows
from evtech.store.connection import Connection
from evtech.store.foreign import checked_session
from evtech.store.imports import ARCHIVE_FACTS, IMPORT
from evtech.store.ports_seen import NAME
from evtech.store.records import ChargingSession

Redactor = Callable[[str, dict[str, Any]], dict[str, Any] | None]
IMPORTED = IMPORT  # the kind of result that says where a visit came from
_OWN_FACTS = ", ".join(f"'{kind}'" for kind in ARCHIVE_FACTS)
_OF_RECORDINGS = "recording_id IN (SELECT id FROM recording WHERE visit_id = :visit)"
_OF_POINTS = f"point_id IN (SELECT id FROM point WHERE {_OF_RECORDINGS})"
_OF_SESSIONS = f"session_id IN (SELECT id FROM charging_session WHERE {_OF_RECORDINGS})"
_OF_VISIT = f"visit_id = :visit OR (visit_id IS NULL AND {_OF_SESSIONS})"
_PORTS = (
    f"SELECT {NAME} FROM recording WHERE visit_id = :visit"
    f" UNION SELECT port FROM charging_session WHERE {_OF_RECORDINGS}"
)
# what people say of a port belongs to no visit; it goes with each visit that saw the port
_OF_PORTS = f"visit_id IS NULL AND session_id IS NULL AND kind IN ('port', 'outage') AND title IN ({_PORTS})"
_MOST_AHEAD_S = 86400.0  # of another laptop's clock: a word from the future would be the last one for ever


@dataclass(frozen=True, slots=True)
class Shape:
    """How one table travels: its columns with their types, which rows belong to a visit, and their order."""

    columns: dict[str, type | tuple[type, ...]]
    where: str
    order: str
    key: tuple[str, ...] = ("id",)
    blobs: tuple[str, ...] = ()


_NUMBER, _MAYBE, _MAYBE_TEXT = (int, float), (int, float, type(None)), (str, type(None))
# in the order in which rows may refer to earlier ones
SHAPES: dict[str, Shape] = {
    "visit": Shape(
        {
            "id": str, "started": _NUMBER, "site": str, "technician": str, "purpose": str, "notes": str,
            "simulated": (bool, int),
        },
        "id = :visit", "id",
    ),
    "visit_correction": Shape(
        {"id": str, "visit_id": str, "at": _NUMBER, "field": str, "value": str}, "visit_id = :visit", "at, id"
    ),
    "recording": Shape(
        {
            "id": str, "visit_id": str, "started": _NUMBER, "interval_s": _NUMBER, "profile": str, "vendor": str,
            "model": str, "serial_number": _MAYBE_TEXT, "firmware_version": _MAYBE_TEXT, "link": str,
        },
        "visit_id = :visit", "started, id",
    ),
    "point": Shape(
        {"id": int, "recording_id": str, "position": int, "name": str, "unit": str}, _OF_RECORDINGS,
        "recording_id, position",
    ),
    "chunk_time": Shape(
        {"recording_id": str, "t0": _NUMBER, "t1": _NUMBER, "n": int, "data": str}, _OF_RECORDINGS, "recording_id, t0",
        ("recording_id", "t0"), ("data",),
    ),
    "chunk": Shape(
        {
            "point_id": int, "t0": _NUMBER, "t1": _NUMBER, "n": int, "vmin": _MAYBE, "vmax": _MAYBE, "vmean": _MAYBE,
            "data": str,
        },
        _OF_POINTS, "point_id, t0", ("point_id", "t0"), ("data",),
    ),
    "tail": Shape(
        {"recording_id": str, "t": _NUMBER, "body": str}, _OF_RECORDINGS, "recording_id, t, id", ("recording_id", "t")
    ),
    "gap": Shape(
        {"id": str, "recording_id": str, "t0": _NUMBER, "t1": _NUMBER, "reason": str}, _OF_RECORDINGS, "t0, id"
    ),
    "event": Shape(
        {"id": str, "recording_id": str, "t": _NUMBER, "kind": str, "details": str}, _OF_RECORDINGS, "t, id"
    ),
    "charging_session": Shape(
        {
            "id": str, "recording_id": str, "started": _NUMBER, "ended": _MAYBE, "energy_wh": _MAYBE, "charger": str,
            "body": str,
        },
        _OF_RECORDINGS, "started, id",
    ),
    "session_correction": Shape(
        {
            "id": str, "session_id": str, "at": _NUMBER, "technician": str, "field": str, "value": str, "reason": str,
        },
        _OF_SESSIONS, "at, id",
    ),
    "result": Shape(
        {
            "id": str, "kind": str, "at": _NUMBER, "visit_id": _MAYBE_TEXT, "session_id": _MAYBE_TEXT,
            "recording_id": _MAYBE_TEXT, "title": str, "verdict": _MAYBE_TEXT, "replaces": _MAYBE_TEXT, "body": str,
        },
        # where this archive got the visit from is a fact about the archive, not about the visit
        f"kind NOT IN ({_OWN_FACTS}) AND ({_OF_VISIT} OR ({_OF_PORTS}))", "at, id",
    ),
    "attachment": Shape(
        {
            "id": str, "at": _NUMBER, "visit_id": _MAYBE_TEXT, "session_id": _MAYBE_TEXT, "result_id": _MAYBE_TEXT,
            "name": str, "media_type": str, "sha256": str, "data": str,
        },
        f"{_OF_VISIT} OR result_id IN (SELECT id FROM result WHERE kind NOT IN ({_OWN_FACTS}) AND ({_OF_VISIT}))",
        "at, id", ("id",), ("data",),
    ),
}  # fmt: skip
_PARENTS = {
    "visit_correction": ("visit_id", "visit"), "recording": ("visit_id", "visit"),
    "point": ("recording_id", "recording"), "chunk_time": ("recording_id", "recording"),
    "tail": ("recording_id", "recording"), "gap": ("recording_id", "recording"), "event": ("recording_id", "recording"),
    "charging_session": ("recording_id", "recording"), "chunk": ("point_id", "point"),
    "session_correction": ("session_id", "charging_session"),
}  # fmt: skip


def visit_id(connection: Connection, id_or_prefix: str) -> str:
    """Return a visit's id from the beginning of it; raise ``NotFoundError`` unless exactly one fits."""
    pattern = id_or_prefix.replace("%", "").replace("_", "") + "%"
    rows = connection.exec_driver_sql("SELECT id FROM visit WHERE id LIKE ?", (pattern,)).fetchall()
    if len(rows) == 1 and id_or_prefix:
        return str(rows[0][0])
    many = (
        f"{len(rows)} visits begin with {id_or_prefix!r}."
        if rows and id_or_prefix
        else f"There is no visit {id_or_prefix!r}."
    )
    raise NotFoundError(many, "`evtech visit list` shows those that exist.")


def results_by_kind(connection: Connection, visit: str) -> dict[str, int]:
    """Return how many results go with a visit, by their kind."""
    where = SHAPES["result"].where.replace(":visit", "?")
    rows = connection.exec_driver_sql(
        f"SELECT kind, count(*) FROM result WHERE {where} GROUP BY kind ORDER BY kind", (visit,) * where.count("?")
    ).fetchall()
    return {str(kind): int(count) for kind, count in rows}


def said_of_ports(connection: Connection, visit: str) -> list[dict[str, Any]]:
    """Return the bodies of what people said of the ports that a visit saw."""
    where = _OF_PORTS.replace(":visit", "?")
    rows = connection.exec_driver_sql(f"SELECT body FROM result WHERE {where}", (visit,) * where.count("?")).fetchall()
    return [body for row in rows if isinstance(body := json.loads(row[0]), dict)]


def export_rows(connection: Connection, table: str, visit: str, redact: Redactor | None = None) -> Iterator[bytes]:
    """Yield one table's rows of a visit as JSON lines; a redactor changes a row or drops it."""
    shape = SHAPES[table]
    names = list(shape.columns)
    where = shape.where.replace(":visit", "?")
    values = (visit,) * where.count("?")
    found = connection.execution_options(stream_results=True).exec_driver_sql(
        f"SELECT {', '.join(names)} FROM {table} WHERE {where} ORDER BY {shape.order}", values
    )
    for values_ in found:
        row = dict(zip(names, values_, strict=True))
        for name in shape.blobs:
            row[name] = base64.b64encode(row[name]).decode("ascii")
        kept = redact(table, row) if redact else row
        if kept is not None:
            yield (json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read_row(table: str, line: bytes, where: str) -> dict[str, Any]:
    """Return one row of a foreign file; raise ``InputError`` unless it has just the columns and types of its table."""
    shape = SHAPES[table]
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"no JSON ({error})") from error
    if not isinstance(row, dict) or set(row) != set(shape.columns):
        raise _bad(where, "its columns are not those of the table")
    for name, kinds in shape.columns.items():
        if not isinstance(row[name], kinds) or (isinstance(row[name], bool) and name != "simulated"):
            raise _bad(where, f"{name} is {row[name]!r:.40}")
        if isinstance(row[name], float) and not abs(row[name]) < 1e300:
            raise _bad(where, f"{name} is {row[name]!r:.40}")
        if isinstance(row[name], int) and abs(row[name]) >= 2**63:
            raise _bad(where, f"{name} is too large")
    for name in shape.blobs:
        try:
            row[name] = base64.b64decode(row[name], validate=True)
        except (binascii.Error, ValueError) as error:
            raise _bad(where, f"{name} is no base64") from error
    return row


def import_rows(connection: Connection, visit: str, rows: Mapping[str, Iterable[dict[str, Any]]]) -> dict[str, int]:
    """Insert the rows of one visit in the caller's transaction and return how many were new, by table.

    A recording that is there already is left alone with its samples, gaps and events; ``known_recordings`` counts.
    Raises ``InputError`` where a row refers to something that is not in the file, or would touch another recording.
    """
    new = {"known_recordings": 0}
    there = {row[0] for row in connection.exec_driver_sql("SELECT id FROM recording")}
    seen: dict[str, set[Any]] = {"visit": set(), "recording": set(), "point": set(), "charging_session": set(),
                                 "result": set()}  # fmt: skip
    old_points: set[int] = set()
    for table, shape in SHAPES.items():
        new[table] = 0
        for row in rows.get(table, ()):
            _check_parent(table, row, seen)
            if table in seen:
                seen[table].add(row["id"])
            is_old = (
                row["id" if table == "recording" else "recording_id"] in there if _is_of_recording(table) else False
            )
            if table == "point" and is_old:
                old_points.add(row["id"])
            if is_old or (table == "chunk" and row["point_id"] in old_points):
                new["known_recordings"] += table == "recording"
                continue
            if not _insert(connection, table, shape, row):
                _refuse_foreign_point(table, row)
                continue
            _check_belongs(connection, table, row, visit, seen["result"])
            new[table] += 1
    return new


_SESSION_ELSEWHERE = (
    "SELECT 1 FROM charging_session s JOIN recording r ON r.id = s.recording_id WHERE s.id = ? AND r.visit_id <> ?"
)
_RECORDING_ELSEWHERE = "SELECT 1 FROM recording WHERE id = ? AND visit_id <> ?"


def _is_of_recording(table: str) -> bool:
    return table in ("recording", "point", "chunk_time", "tail", "gap", "event")


def _refuse_foreign_point(table: str, row: dict[str, Any]) -> None:
    """Raise for a new recording whose points have the numbers of another one's: its samples would land there."""
    if table == "point":
        raise InputError(
            f"Point {row['id']} of the file is another recording's here.", "The file was not written by evtech."
        )


def _check_parent(table: str, row: dict[str, Any], seen: dict[str, set[Any]]) -> None:
    if table not in _PARENTS:
        return
    column, parent = _PARENTS[table]
    if row[column] not in seen[parent]:
        raise InputError(
            f"The file's {table} refers to a {parent} {row[column]!r:.40} that is not in it.", "Ask for the file again."
        )


def _check_belongs(connection: Connection, table: str, row: dict[str, Any], visit: str, results: set[Any]) -> None:
    """Raise where a new row would say something about another visit's sessions, recordings or results."""
    strange = table == "visit" and row["id"] != visit
    if table == "charging_session":
        session = session_rows.from_text(row["body"])
        strange = (session.id, session.recording_id) != (row["id"], row["recording_id"])
    if table in ("result", "attachment"):
        strange = (
            row.get("kind") in ARCHIVE_FACTS
            or row["visit_id"] not in (None, visit)
            or (row.get("result_id") is not None and row["result_id"] not in results)
            or _is_elsewhere(connection, _SESSION_ELSEWHERE, row["session_id"], visit)
            or _is_elsewhere(connection, _RECORDING_ELSEWHERE, row.get("recording_id"), visit)
            or (table == "result" and not _is_sound(connection, row, visit, results))
        )
    if strange:
        raise InputError(
            f"The file's {table} {row['id']!r:.40} is about something that is not in it.", "Ask for the file again."
        )


def _is_sound(connection: Connection, row: dict[str, Any], visit: str, results: set[Any]) -> bool:
    """Return whether a result can be read, and, where it speaks of a port, whether the visit saw that port."""
    try:
        body = json.loads(row["body"])
    except (ValueError, RecursionError):
        return False
    if not isinstance(body, dict):
        return False
    if row["kind"] not in fleet.KINDS:
        return True
    if row["kind"] == fleet.OUTAGE and row["replaces"] is not None and row["replaces"] not in results:
        return False
    query = f"SELECT 1 FROM visit WHERE id = ? AND ? IN ({_PORTS.replace(':visit', '?')})"
    is_known = connection.exec_driver_sql(query, (visit, row["title"], visit, visit)).first() is not None
    return is_known and body.get("port") == row["title"] and row["at"] <= time.time() + _MOST_AHEAD_S


def _is_elsewhere(connection: Connection, query: str, id_: str | None, visit: str) -> bool:
    return id_ is not None and connection.exec_driver_sql(query, (id_, visit)).first() is not None


def _insert(connection: Connection, table: str, shape: Shape, row: dict[str, Any]) -> bool:
    if table == "charging_session":  # its columns are made anew from the body, which is checked by that
        return session_list.insert(connection, _foreign_session(row), row["body"])
    names = list(shape.columns)
    done = connection.exec_driver_sql(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({session_list.marks(names)}) ON CONFLICT DO NOTHING",
        tuple(row[name] for name in names),
    )
    return done.rowcount > 0


def _foreign_session(row: dict[str, Any]) -> ChargingSession:
    try:
        return checked_session(json.loads(row["body"]))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(f"Session {row['id']!r:.40}", str(error)[:200]) from error


def _bad(where: str, what: str) -> InputError:
    return InputError(f"{where} cannot be read: {what}.", "The file is damaged or was not written by evtech.")
