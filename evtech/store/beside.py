"""What lies beside a recording's samples: names and units of its points, its gaps, its events."""

import json
from datetime import UTC, datetime

from evtech.events import Event, EventKind
from evtech.store.connection import Connection
from evtech.store.records import Gap


def points(connection: Connection, recording_id: str) -> list[tuple[str, str]]:
    """Return names and units of a recording's points in their order."""
    rows = connection.exec_driver_sql(
        "SELECT name, unit FROM point WHERE recording_id = ? ORDER BY position", (recording_id,)
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def gaps(connection: Connection, recording_id: str, start: float, end: float) -> list[Gap]:
    """Return the gaps that touch [start, end] (s since 1970)."""
    rows = connection.exec_driver_sql(
        "SELECT t0, t1, reason FROM gap WHERE recording_id = ? AND t1 >= ? AND t0 <= ? ORDER BY t0",
        (recording_id, start, end),
    ).fetchall()
    return [Gap(_moment(row[0]), _moment(row[1]), row[2]) for row in rows]


def events(connection: Connection, recording_id: str, start: float, end: float) -> list[Event]:
    """Return the events in [start, end] (s since 1970)."""
    rows = connection.exec_driver_sql(
        "SELECT t, kind, details FROM event WHERE recording_id = ? AND t >= ? AND t <= ? ORDER BY t",
        (recording_id, start, end),
    ).fetchall()
    return [Event(_moment(row[0]), EventKind(row[1]), json.loads(row[2])) for row in rows]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
