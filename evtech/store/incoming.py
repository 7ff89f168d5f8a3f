"""Moves the rows of a spool into an archive, in the transaction of the caller: all of them, or none.

A session that is there already stays as it is, with its samples. A recording that is there only gets the samples of
sessions that are new.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evtech.errors import InputError
from evtech.store.connection import Connection
from evtech.store.session_list import marks
from evtech.store.spool import TABLES, Spool

Progress = Callable[[int, int], None]
_NEW = "id NOT IN (SELECT id FROM known)"
_OF_NEW = "session_id NOT IN (SELECT id FROM known)"
# what says whether two rows tell the same of a session
_TOLD = ("started", "ended", "energy_wh", "port", "stop_reason", "error_code", "token", "auth_ok")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a spool brought: new sessions, ones that were here (``changed``: with other values), polls.

    ``visits`` and ``recordings`` are those that were not there before; ``new_ids`` the new sessions.
    """

    sessions: int
    known: int
    changed: int
    samples: int
    visits: tuple[str, ...]
    recordings: tuple[str, ...]
    new_ids: tuple[str, ...] = ()


def take(connection: Connection, spool: Spool, progress: Progress = lambda done, count: None) -> Taken:
    """Insert what is new; ``progress`` gets rows done and their number, and may raise to give up."""
    known, changed = _find_known(connection, spool)
    total = spool.count("charging_session") + spool.count("chunk")
    step = _Steps(progress, total)
    visits, fresh = _insert_recordings(connection, spool)
    samples = _insert_samples(connection, spool, set(fresh), step)
    ids: list[str] = []
    for batch in spool.rows("charging_session", f"WHERE {_NEW} ORDER BY rowid"):
        _insert(connection, "charging_session", TABLES["charging_session"], batch)
        ids += [row[0] for row in batch]
        step.by(len(batch))
    of_new = f"WHERE session_id IS NULL OR {_OF_NEW}"
    for table, where in (
        ("gap", of_new), ("event", of_new), ("session_correction", ""), ("attachment", ""), ("result", of_new),
    ):  # fmt: skip
        columns = tuple(c for c in TABLES[table] if c != "session_id" or table not in ("gap", "event"))
        for batch in spool.rows(table, where, columns):
            _insert(connection, table, columns, batch)
    new = spool.count("charging_session") - known
    return Taken(new, known, changed, samples, visits, fresh, tuple(ids))


class _Steps:
    """Counts rows for the progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def by(self, count: int) -> None:
        """Say that some more are done."""
        self._done += count
        self._progress(self._done, self._total)


def _find_known(connection: Connection, spool: Spool) -> tuple[int, int]:
    """Note in the spool which sessions are here; return how many, and how many with other values."""
    spool.forget_known()
    known = changed = 0
    for batch in spool.rows("charging_session", columns=("id", *_TOLD)):
        ours = _told(connection, [row[0] for row in batch])
        spool.note_known([row[0] for row in batch if row[0] in ours])
        known += sum(row[0] in ours for row in batch)
        changed += sum(row[0] in ours and ours[row[0]] != _plain(row[1:]) for row in batch)
    return known, changed


def _told(connection: Connection, ids: list[str]) -> dict[str, tuple[Any, ...]]:
    found = connection.exec_driver_sql(
        f"SELECT id, {', '.join(_TOLD)} FROM charging_session WHERE id IN ({marks(ids)})", tuple(ids)
    )
    return {row[0]: _plain(row[1:]) for row in found}


def _plain(values: Any) -> tuple[Any, ...]:
    return tuple(int(v) if isinstance(v, bool) else v for v in values)


def _insert_recordings(connection: Connection, spool: Spool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Insert the visits, recordings and points that new sessions or states need; return those that were not there."""
    wanted = (
        f"id IN (SELECT recording_id FROM charging_session WHERE {_NEW}"
        " UNION SELECT recording_id FROM event WHERE session_id IS NULL"
        " UNION SELECT recording_id FROM chunk_time WHERE session_id IS NULL)"
    )
    visits: list[str] = []
    for batch in spool.rows("visit", f"WHERE id IN (SELECT visit_id FROM recording WHERE {wanted})"):
        visits += _missing(connection, "visit", [row[0] for row in batch])
        _insert(connection, "visit", TABLES["visit"], batch)
    fresh: list[str] = []
    for batch in spool.rows("recording", f"WHERE {wanted}"):
        new = set(_missing(connection, "recording", [row[0] for row in batch]))
        fresh += [row[0] for row in batch if row[0] in new]
        _insert(connection, "recording", TABLES["recording"], [row for row in batch if row[0] in new])
        points = [p for b in spool.rows("point", _of([row[0] for row in batch])) for p in b]
        _insert(connection, "point", TABLES["point"], [p for p in points if p[1] in new])
        _demand_same_points(connection, [p for p in points if p[1] not in new])
    return tuple(visits), tuple(fresh)


def _of(recordings: list[str]) -> str:
    listed = json.dumps(recordings).replace("'", "''")
    return f"WHERE recording_id IN (SELECT value FROM json_each('{listed}'))"


def _missing(connection: Connection, table: str, ids: list[str]) -> list[str]:
    there = connection.exec_driver_sql(f"SELECT id FROM {table} WHERE id IN ({marks(ids)})", tuple(ids))
    known = {row[0] for row in there}
    return [id_ for id_ in ids if id_ not in known]


def _demand_same_points(connection: Connection, points: list[tuple[Any, ...]]) -> None:
    """Raise where a recording that is here has other points than the file says: its samples would be mixed up."""
    for _, recording, position, name, _ in points:
        ours = connection.exec_driver_sql(
            "SELECT name FROM point WHERE recording_id = ? AND position = ?", (recording, position)
        ).scalar()
        if ours != name:
            raise InputError(
                f"Recording {recording[:8]} is here with other points ({ours} where the file has {name}).",
                "The file belongs to another recording; nothing was imported.",
            )


def _insert_samples(connection: Connection, spool: Spool, fresh: set[str], step: _Steps) -> int:
    """Insert the chunks of new sessions, and of recordings of states that are new; return the number of polls."""
    where = f"WHERE (session_id IS NULL OR {_OF_NEW}) ORDER BY rowid"
    samples = 0
    for batch in spool.rows("chunk_time", where):
        rows = [r[:5] for r in batch if r[0] in fresh or (r[5] is not None and not _is_there(connection, *r[:3]))]
        _insert(connection, "chunk_time", TABLES["chunk_time"][:5], rows)
        samples += sum(row[3] for row in rows)
    ids: dict[str, dict[int, int]] = {}
    names = ("point_id", *TABLES["chunk"][2:9])
    for batch in spool.rows("chunk", where):
        rows = [
            (_points(connection, ids, row[0])[row[1]], *row[2:9])
            for row in batch
            if row[0] in fresh or (row[9] is not None and not _has_chunk(connection, ids, row))
        ]
        _insert(connection, "chunk", names, rows)
        step.by(len(batch))
    return samples


def _is_there(connection: Connection, recording: str, t0: float, t1: float) -> bool:
    """Return whether a recording that was here has polls of this time."""
    return (
        _meets(connection, "chunk_time", "recording_id", recording, t0, t1)
        or connection.exec_driver_sql(
            "SELECT 1 FROM tail WHERE recording_id = ? AND t > ? AND t < ? LIMIT 1", (recording, t0, t1)
        ).first()
        is not None
    )


def _has_chunk(connection: Connection, ids: dict[str, dict[int, int]], row: tuple[Any, ...]) -> bool:
    """Return whether a point that was here has a chunk of this time, or its recording polls."""
    point = _points(connection, ids, row[0])[row[1]]
    return _meets(connection, "chunk", "point_id", point, row[2], row[3]) or (
        connection.exec_driver_sql(
            "SELECT 1 FROM tail WHERE recording_id = ? AND t > ? AND t < ? LIMIT 1", (row[0], row[2], row[3])
        ).first()
        is not None
    )


def _meets(connection: Connection, table: str, column: str, owner: object, t0: float, t1: float) -> bool:
    """Return whether a chunk reaches into [t0, t1]; two that only touch may follow each other."""
    found = connection.exec_driver_sql(
        f"SELECT 1 FROM {table} WHERE {column} = ? AND ((t0 < ? AND t1 > ?) OR (t0 = ? AND t1 = ?)) LIMIT 1",
        (owner, t1, t0, t0, t1),
    )
    return found.first() is not None


def _points(connection: Connection, ids: dict[str, dict[int, int]], recording: str) -> dict[int, int]:
    """Return a recording's points by their places; the newest few recordings are remembered."""
    if recording not in ids:
        if len(ids) > 100:
            ids.clear()
        found = connection.exec_driver_sql("SELECT position, id FROM point WHERE recording_id = ?", (recording,))
        ids[recording] = {row[0]: row[1] for row in found}
    return ids[recording]


def _insert(connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(columns)}) ON CONFLICT DO NOTHING", rows
        )
