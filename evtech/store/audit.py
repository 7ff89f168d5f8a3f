"""The audit of writes: appended only, each row bound to the one before by a hash."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from evtech.store.connection import Connection

if TYPE_CHECKING:
    from evtech.devices.control import AuditRow


def append(connection: Connection, row: "AuditRow") -> None:
    """Append one row; its chain value covers its body and the chain value before it."""
    body = json.dumps(asdict(row) | {"at": row.at.isoformat()}, sort_keys=True)
    before = connection.exec_driver_sql("SELECT chain FROM write_audit ORDER BY number DESC LIMIT 1").scalar() or ""
    connection.exec_driver_sql(
        "INSERT INTO write_audit (id, at, body, chain) VALUES (?, ?, ?, ?)",
        (row.id, row.at.timestamp(), body, _chained(before, body)),
    )


def rows(connection: Connection) -> list[dict[str, object]]:
    """Return all rows, oldest first."""
    found = connection.exec_driver_sql("SELECT body FROM write_audit ORDER BY number").fetchall()
    return [json.loads(row[0]) for row in found]


def broken_links(connection: Connection) -> list[str]:
    """Return which rows do not fit the one before: changed, removed or slipped in."""
    before, problems = "", []
    table: Sequence[tuple[str, str, str]] = [
        (row[0], row[1], row[2])
        for row in connection.exec_driver_sql("SELECT id, body, chain FROM write_audit ORDER BY number")
    ]
    for row_id, body, chain in table:
        if chain != _chained(before, body):
            problems.append(f"audit {row_id}: it does not follow from the row before")
        before = chain
    return problems


def _chained(before: str, body: str) -> str:
    return hashlib.sha256((before + body).encode()).hexdigest()
