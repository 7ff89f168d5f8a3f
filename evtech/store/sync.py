"""Pushing a laptop's archive to the team's server: idempotent, resumable, in bounded memory.

Rows are facts with ids of their own, inserted once: two laptops cannot disagree about one, unless somebody changed a
file by hand, which is reported. Each batch and the note how far it got are one transaction on the server; a kill of
either side leaves whole batches, and the next run goes on behind the last one.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Engine, Table
from sqlalchemy.exc import DBAPIError

from evtech.store import fleet, team
from evtech.store.connection import Connection
from evtech.store.session_list import marks
from evtech.store.tables import metadata

if TYPE_CHECKING:
    from evtech.store.archive import Archive

BATCH = 500
CHUNKS = 8  # stretches of 1,024 polls in one transaction: about 1 MB for 30 points
# in the order in which rows refer to earlier ones; samples go by recording
FACTS = (
    "visit", "visit_correction", "recording", "point", "gap", "event", "charging_session", "session_correction",
    "result", "attachment",
)  # fmt: skip
Progress = Callable[[str, int], None]


@dataclass(slots=True)
class SyncReport:
    """What a run pushed, by table; ``conflicts`` are rows that the server holds with another content."""

    pushed: dict[str, int] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    seconds: float = 0.0


def sync(archive: "Archive", url: str, progress: Progress = lambda name, count: None) -> SyncReport:
    """Push everything that the server lacks; raise ``TeamError`` where it cannot be reached or refuses."""
    began = time.monotonic()
    report = SyncReport()
    engine = team.team_engine(url)
    try:
        team.prepare(engine)
        with archive.reading() as local:
            identity = str(local.exec_driver_sql("SELECT id FROM archive_identity").scalar_one())
            for name in FACTS:
                report.pushed[name] = _push_facts(local, engine, identity, name, report, progress)
            report.pushed["samples"] = 0
            for (recording,) in local.exec_driver_sql("SELECT id FROM recording ORDER BY started").fetchall():
                report.pushed["samples"] += _push_samples(local, engine, recording)
                progress("samples", report.pushed["samples"])
    except DBAPIError as error:
        raise team.lost(error) from error
    finally:
        engine.dispose()
    report.seconds = time.monotonic() - began
    return report


def _push_facts(
    local: Connection, engine: Engine, identity: str, name: str, report: SyncReport, progress: Progress
) -> int:
    table = metadata.tables[name]
    last, pushed = _state(local, engine, identity, name)
    new = 0
    while rows := _after(local, table, last):
        with engine.begin() as server:
            added = _insert(server, table, [row[1:] for row in rows])
            last, pushed = rows[-1][0], pushed + len(rows)
            _keep_state(server, identity, name, last, pushed)
        if added < len(rows):
            report.conflicts += _different(engine, table, [row[1:] for row in rows])
        new += added
        progress(name, new)
    return new


def _state(local: Connection, engine: Engine, identity: str, name: str) -> tuple[int, int]:
    """Return how far an earlier run got; from the start again where the file's rows were numbered anew since."""
    with engine.connect() as server:
        row = server.exec_driver_sql(
            "SELECT last_row, pushed FROM sync_state WHERE archive = ? AND name = ?", (identity, name)
        ).first()
    if row is None:
        return 0, 0
    there = local.exec_driver_sql(f"SELECT count(*) FROM {name} WHERE rowid <= ?", (row[0],)).scalar_one()
    return (int(row[0]), int(row[1])) if there == row[1] else (0, 0)


def _keep_state(server: Connection, identity: str, name: str, last: int, pushed: int) -> None:
    server.exec_driver_sql(
        "INSERT INTO sync_state (archive, name, last_row, pushed) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (archive, name) DO UPDATE SET last_row = excluded.last_row, pushed = excluded.pushed",
        (identity, name, last, pushed),
    )


def _after(local: Connection, table: Table, last: int) -> Sequence[Any]:
    names = ", ".join(column.name for column in table.columns)
    return local.exec_driver_sql(
        f"SELECT rowid, {names} FROM {table.name} WHERE rowid > ? ORDER BY rowid LIMIT {BATCH}", (last,)
    ).fetchall()


def _insert(server: Connection, table: Table, rows: Sequence[Sequence[Any]], columns: Sequence[str] = ()) -> int:
    """Insert rows that are not there and return how many were new."""
    names = list(columns) or [column.name for column in table.columns]
    flags = [i for i, name in enumerate(names) if isinstance(table.c[name].type, Boolean)]
    values: list[Any] = []
    for row in rows:
        cells = list(row)
        for i in flags:
            cells[i] = None if cells[i] is None else bool(cells[i])
        values += cells
    one = f"({marks(names)})"
    done = server.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([one] * len(rows))} ON CONFLICT DO NOTHING",
        tuple(values),
    )
    return int(done.rowcount)


def _different(engine: Engine, table: Table, rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return which rows the server holds with another content than ours."""
    names = [column.name for column in table.columns]
    with engine.connect() as server:
        found = server.exec_driver_sql(
            f"SELECT {', '.join(names)} FROM {table.name} WHERE id IN ({marks(rows)})", tuple(row[0] for row in rows)
        ).fetchall()
    theirs = {row[0]: tuple(_plain(v) for v in row) for row in found}
    ours = {row[0]: tuple(_plain(v) for v in row) for row in rows if row[0] in theirs}
    differing = [id_ for id_, row in ours.items() if row != theirs[id_]]
    if table.name == "result":  # two laptops that took one file said the same, each in its own name
        differing = [
            id_
            for id_ in differing
            if not fleet.is_same_word(*(dict(zip(names, x[id_], strict=True)) for x in (ours, theirs)))
        ]
    return [f"{table.name} {id_}" for id_ in differing]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else int(value) if isinstance(value, bool) else value


def _push_samples(local: Connection, engine: Engine, recording: str) -> int:
    """Push a recording's chunks and its tail and return how many polls were new.

    Chunks come in the order of time, and the server drops the rows of its tail that a chunk replaces in the same
    transaction. A laptop that holds less of the recording than the server (an earlier hand-over) pushes nothing. An
    earlier part of a recording may come later, with an imported session.
    """
    ours = _polls(local, recording)
    with engine.connect() as server:
        theirs = _polls(server, recording)
        there = {
            row[0] for row in server.exec_driver_sql("SELECT t0 FROM chunk_time WHERE recording_id = ?", (recording,))
        }
    if ours <= theirs:
        return 0
    for part in _chunk_parts(local, recording, there):
        with engine.begin() as server:
            _lock(server, recording)
            _push_part(local, server, recording, part)
    with engine.begin() as server:
        _lock(server, recording)
        if _polls(server, recording) <= ours:
            _push_tail(local, server, recording)
    return ours - theirs


def _polls(connection: Connection, recording: str) -> int:
    return int(
        connection.exec_driver_sql(
            "SELECT (SELECT coalesce(sum(n), 0) FROM chunk_time WHERE recording_id = ?)"
            " + (SELECT count(*) FROM tail WHERE recording_id = ?)",
            (recording, recording),
        ).scalar_one()
    )


def _lock(server: Connection, recording: str) -> None:
    """Let one laptop at a time write a recording's samples, until the transaction ends."""
    server.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (recording,))


def _chunk_parts(local: Connection, recording: str, there: set[float]) -> Iterator[Sequence[Any]]:
    at = -1e18
    while True:
        rows = local.exec_driver_sql(
            "SELECT t0, t1, n, data FROM chunk_time WHERE recording_id = ? AND t0 > ? ORDER BY t0 LIMIT ?",
            (recording, at, CHUNKS),
        ).fetchall()
        if not rows:
            return
        at = rows[-1][0]
        if new := [row for row in rows if row[0] not in there]:
            yield new


def _push_part(local: Connection, server: Connection, recording: str, part: Sequence[Any]) -> None:
    times = metadata.tables["chunk_time"]
    chunks = metadata.tables["chunk"]
    names = ("point_id", "t0", "t1", "n", "vmin", "vmax", "vmean", "data")
    _insert(server, times, [(recording, *row) for row in part], ("recording_id", "t0", "t1", "n", "data"))
    for t0, t1, _, _ in part:
        rows = local.exec_driver_sql(
            f"SELECT {', '.join('chunk.' + name for name in names)} FROM chunk JOIN point ON point.id = point_id"
            " WHERE recording_id = ? AND chunk.t0 = ?",
            (recording, t0),
        ).fetchall()
        _insert(server, chunks, rows, names)
        server.exec_driver_sql("DELETE FROM tail WHERE recording_id = ? AND t <= ?", (recording, t1))


def _push_tail(local: Connection, server: Connection, recording: str) -> None:
    rows = local.exec_driver_sql(
        "SELECT recording_id, t, body FROM tail WHERE recording_id = ? ORDER BY t, id", (recording,)
    ).fetchall()
    server.exec_driver_sql("DELETE FROM tail WHERE recording_id = ?", (recording,))
    for first in range(0, len(rows), BATCH):
        _insert(server, metadata.tables["tail"], rows[first : first + BATCH], ("recording_id", "t", "body"))
