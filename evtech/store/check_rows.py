"""Checks of sessions in the archive: one compact row a session, read by port without opening what else was kept.

A check is a result of the kind ``check``; its verdict is the stamp of the rules and limits that were used, its body the
figures of the session. The newest row of a session counts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evtech.store import imports
from evtech.store.connection import Connection
from evtech.store.session_list import marks, not_withdrawn

CHECK = "check"
MOST_ASKED = 900  # placeholders of one statement
# What a back office lists has no samples that could be checked; the states of a log are none.
_HAS_SAMPLES = (
    " AND EXISTS (SELECT 1 FROM point WHERE recording_id = charging_session.recording_id AND name <> 'ocpp_state')"
)


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
    seen, values = not_withdrawn(connection, imports.hidden(connection))
    rows = connection.exec_driver_sql(
        "SELECT id, started, port FROM charging_session WHERE started >= ? AND started < ? AND ended IS NOT NULL"
        f"{_HAS_SAMPLES}{seen} ORDER BY started",
        (low, high, *values),
    ).fetchall()
    wanted, names = (port or "").casefold(), imports.port_names(connection)
    found = [Checkable(r[0], r[1], names.of(r[2]), stamps.get(r[0])) for r in rows]
    return [each for each in found if wanted in each.port.casefold()]


def count_due(connection: Connection, low: float, high: float, stamp: str) -> int:
    """Return how many finished sessions that began in [low, high) have no newest check with this stamp.

    ``kind || ''`` keeps a planner from walking the index of kinds for every session: the session's own is short.
    """
    seen, values = not_withdrawn(connection, imports.hidden(connection))
    return int(
        connection.exec_driver_sql(
            "SELECT count(*) FROM charging_session WHERE started >= ? AND started < ? AND ended IS NOT NULL"
            " AND coalesce((SELECT verdict FROM result WHERE session_id = charging_session.id AND kind || '' = ?"
            f" ORDER BY at DESC LIMIT 1), '') <> ?{_HAS_SAMPLES}{seen}",
            (low, high, CHECK, stamp, *values),
        ).scalar_one()
    )


def of_port(connection: Connection, port: str) -> list[CheckRow]:
    """Return the checks of a port's sessions, oldest session first, each session once.

    Two walks along indexes: a join would open every check of the archive.
    """
    names = imports.port_names(connection).all_of(port)
    seen, values = not_withdrawn(connection, imports.hidden(connection))
    sessions = connection.exec_driver_sql(
        f"SELECT id, started, ended FROM charging_session WHERE port IN ({marks(names)}){seen} ORDER BY started, id",
        (*names, *values),
    ).fetchall()
    newest: dict[str, str] = {}
    for first in range(0, len(sessions), MOST_ASKED):
        ids = [row[0] for row in sessions[first : first + MOST_ASKED]]
        found = connection.exec_driver_sql(
            f"SELECT session_id, body FROM result WHERE session_id IN ({marks(ids)}) AND kind || '' = ? ORDER BY at",
            (*ids, CHECK),
        ).fetchall()
        newest.update((row[0], row[1]) for row in found)
    return [
        CheckRow(row[0], row[1], row[2] if row[2] is not None else row[1], json.loads(newest[row[0]]))
        for row in sessions
        if row[0] in newest
    ]


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


def ports(connection: Connection) -> list[str]:
    """Return the names of all ports with sessions."""
    names = imports.port_names(connection)
    rows = connection.exec_driver_sql("SELECT DISTINCT port FROM charging_session").fetchall()
    return sorted({names.of(row[0]) for row in rows})


def ports_of_visit(connection: Connection, visit: str) -> list[str]:
    """Return the ports of a visit's sessions, as sources write them."""
    rows = connection.exec_driver_sql("SELECT DISTINCT port FROM charging_session WHERE visit_id = ?", (visit,))
    return [str(row[0]) for row in rows]
