"""Results: what a diagnosis, a calibration or a billing check came to, kept once with the visit.

The body is the result's own JSON document (``evtech.diagnosis/1``, ``evtech.calibration/1`` …); the columns beside it
are what a list shows. A correction is a row of its own.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from evtech.errors import NotFoundError
from evtech.store.connection import Connection

_COLUMNS = "id, kind, at, visit_id, session_id, recording_id, title, verdict, replaces, body"


@dataclass(frozen=True, slots=True)
class Result:
    """One result; ``at`` UTC, ``verdict`` one word.

    ``kind``: diagnosis, finding, calibration, billing, import; what people say of ports: port, outage; and of findings
    in the data: anomaly, trend, check (what was checked by which rules), anomaly_status (what a person said),
    adjustment.
    """

    kind: str
    title: str
    body: dict[str, Any]
    verdict: str | None = None
    visit_id: str | None = None
    session_id: str | None = None
    recording_id: str | None = None
    replaces: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


def insert(connection: Connection, result: Result) -> None:
    """Insert a result once; the same id again changes nothing."""
    body = json.dumps(result.body, ensure_ascii=False)
    connection.exec_driver_sql(
        f"INSERT INTO result ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            result.id, result.kind, result.at.timestamp(), result.visit_id, result.session_id, result.recording_id,
            result.title, result.verdict, result.replaces, body,
        ),
    )  # fmt: skip


def insert_all(connection: Connection, new: Iterable[Result]) -> None:
    """Insert results in the caller's transaction."""
    for result in new:
        insert(connection, result)


def find(
    connection: Connection, kind: str | None = None, visit_id: str | None = None, session_id: str | None = None
) -> list[Result]:
    """Return results of a kind, a visit or a session, newest first."""
    asked = {"kind": kind, "visit_id": visit_id, "session_id": session_id}
    wanted = {name: value for name, value in asked.items() if value is not None}
    where = " AND ".join(f"{name} = ?" for name in wanted) or "1 = 1"
    rows = connection.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM result WHERE {where} ORDER BY at DESC", tuple(wanted.values())
    ).fetchall()
    return [_result(row) for row in rows]


def one(connection: Connection, id_or_prefix: str, kind: str | None = None) -> Result:
    """Return one result by the beginning of its id; raise ``NotFoundError`` unless exactly one fits."""
    pattern = id_or_prefix.replace("%", "").replace("_", "") + "%"
    rows = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM result WHERE id LIKE ?", (pattern,)).fetchall()
    found = [_result(row) for row in rows if kind is None or row[1] == kind]
    if len(found) > 1:
        raise NotFoundError(f"{len(found)} results begin with {id_or_prefix!r}.", "Give more of the id.")
    if not found or not id_or_prefix:
        raise NotFoundError(f"There is no {kind or 'result'} {id_or_prefix!r} in this archive.")
    return found[0]


def unreadable(connection: Connection) -> list[str]:
    """Return which results' bodies are no JSON any more."""
    problems = []
    for row_id, body in connection.exec_driver_sql("SELECT id, body FROM result"):
        try:
            json.loads(body)
        except ValueError as error:
            problems.append(f"result {row_id}: {error}")
    return problems


def _result(row: Any) -> Result:
    return Result(
        id=row[0], kind=row[1], at=datetime.fromtimestamp(row[2], UTC), visit_id=row[3], session_id=row[4],
        recording_id=row[5], title=row[6], verdict=row[7], replaces=row[8], body=json.loads(row[9]),
    )  # fmt: skip
