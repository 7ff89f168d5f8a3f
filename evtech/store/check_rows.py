"""Checks of sessions in the archive: one compact row a session, read by port without opening what else was kept.

A check is a result of the kind ``check``; its verdict is the stamp of the rules and limits that were used, its body the
figures of the session. The newest row of a session counts.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from evtech.store.session_list import marks

CHECK = "check"
MOST_ASKED = 900  # placeholders of one statement


@dataclass(frozen=True, slots=True)
class CheckRow:
    """The figures of one session of a port; times in s since 1970."""

    session_id: str
    started: float
    ended: float
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkable:
    """A finished session that can be checked: its port, and the stamp of its newest check if there was one."""

    session_id: str
    started: float
    port: str
    stamp: str | None


def checkable(connection: Connection, low: float, high: float, port: str | None = None) -> list[Checkable]:
    """Return the finished sessions that began in [low, high), oldest first; ``port`` is a part of its name."""
    stamps = {
        row[0]: row[1]
        for row in connection.exec_driver_sql(
            "SELECT session_id, verdict FROM result WHERE kind = ? ORDER BY at", (CHECK,)
        )
    }
    rows = connection.exec_driver_sql(
        "SELECT id, started, port FROM charging_session WHERE started >= ? AND started < ? AND ended IS NOT NULL"
        " ORDER BY started",
        (low, high),
    ).fetchall()
    wanted = (port or "").casefold()
    return [Checkable(r[0], r[1], r[2], stamps.get(r[0])) for r in rows if wanted in r[2].casefold()]


def of_port(connection: Connection, port: str) -> list[CheckRow]:
    """Return the checks of a port's sessions, oldest session first, each session once."""
    rows = connection.exec_driver_sql(
        "SELECT s.id, s.started, s.ended, r.body FROM charging_session s JOIN result r ON r.session_id = s.id"
        " WHERE s.port = ? AND r.kind = ? ORDER BY s.started, s.id, r.at",
        (port, CHECK),
    ).fetchall()
    newest = {row[0]: row for row in rows}
    return [CheckRow(row[0], row[1], row[2] if row[2] is not None else row[1], json.loads(row[3]))
            for row in newest.values()]  # fmt: skip


def bodies(connection: Connection, session_ids: Sequence[str]) -> list[str]:
    """Return the bodies of sessions in the order of time."""
    found: list[tuple[float, str]] = []
    for first in range(0, len(session_ids), MOST_ASKED):
        part = session_ids[first : first + MOST_ASKED]
        found += [
            (row[0], row[1])
            for row in connection.exec_driver_sql(
                f"SELECT started, body FROM charging_session WHERE id IN ({marks(part)})", tuple(part)
            )
        ]
    return [body for _, body in sorted(found)]


def ports(connection: Connection, names: Collection[str] = ()) -> list[str]:
    """Return the names of all ports with sessions."""
    rows = connection.exec_driver_sql("SELECT DISTINCT port FROM charging_session ORDER BY port").fetchall()
    return [str(row[0]) for row in rows if not names or row[0] in names]
