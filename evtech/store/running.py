"""Sessions that still run: the only rows that change in place, so that a killed program loses no session."""

import json
import os
import sys
import time

from evtech.store import session_rows
from evtech.store.connection import Connection
from evtech.store.records import ChargingSession

STALE_S = 10.0  # without a sign of life after which a session counts as interrupted, where processes cannot be asked
_ALIVE_S = 60.0  # a number of a process may be given to another one
Row = tuple[str, str, float, int, str]  # id, recording, moment, process, body


def row_of(session: ChargingSession) -> Row:
    """Return the present state of a session that this process runs."""
    body = json.dumps(session_rows.to_json(session))
    return session.id, session.recording_id, time.time(), os.getpid(), body


def save(connection: Connection, row: Row) -> None:
    """Keep a running session's state."""
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO open_session (id, recording_id, updated, owner, body) VALUES (?, ?, ?, ?, ?)", row
    )


def forget(connection: Connection, session_id: str) -> None:
    """Drop the running state of a session that ended."""
    connection.exec_driver_sql("DELETE FROM open_session WHERE id = ?", (session_id,))


def interrupted(connection: Connection) -> list[ChargingSession]:
    """Return running sessions that nobody runs any more: their evtech was killed or the laptop died."""
    rows = connection.exec_driver_sql("SELECT owner, updated, body FROM open_session ORDER BY updated").fetchall()
    return [session_rows.from_text(row[2]) for row in rows if not _is_alive(row[0], row[1])]


def _is_alive(process: int, updated: float) -> bool:
    if process == os.getpid():
        return True
    if sys.platform == "win32":  # os.kill would end the process there
        return time.time() - updated < STALE_S
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return time.time() - updated < _ALIVE_S
