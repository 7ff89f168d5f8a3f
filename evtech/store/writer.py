"""Recording samples: a queue, and one thread that commits several times a second.

While the disk fails, readings stay in memory and the writer says why; nothing already stored is touched.
"""

import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from evtech.events import Event
from evtech.measure.sample import Quality, Reading, Sample
from evtech.store.chunks import pack, pack_times
from evtech.store.connection import Connection
from evtech.store.records import Gap

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.exc import DBAPIError

    from evtech.store.archive import Archive

FLUSH_S = 0.2  # at most 250 ms are lost when the laptop dies: this, and the commit itself
CHUNK = 1024
RETRY_S = 1.0
MOST_HELD = 200_000  # readings kept in memory while the disk fails
Work = Callable[[Connection], None]
log = logging.getLogger("evtech.store")


class WriterThread:
    """The thread that owns the write connection of one archive file (``evtech-store``)."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._work: deque[Work] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self.failing: str | None = None
        self.saved_at = time.monotonic()
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="evtech-store", daemon=True)
        self._thread.start()

    @property
    def held(self) -> int:
        """Return how many pieces of work are not yet on disk."""
        return len(self._work)

    def add(self, work: Work) -> None:
        """Queue a piece of work; returns at once."""
        with self._wake:
            if len(self._work) >= MOST_HELD:
                self.lost += 1
                return
            self._work.append(work)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything queued is on disk; return whether it is."""
        deadline = time.monotonic() + timeout
        with self._wake:
            self._wake.notify_all()
            while self._work and self.failing is None and time.monotonic() < deadline:
                self._wake.wait(0.02)
            return not self._work

    def stop(self) -> None:
        """Commit what is queued and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._stopping:
                    self._wake.wait(RETRY_S if self.failing else FLUSH_S)
                batch = list(self._work)
                stopping = self._stopping
            if batch:
                self._commit(batch)
            else:
                self.saved_at = time.monotonic()
            if stopping and (not self._work or self.failing):
                return

    def _commit(self, batch: list[Work]) -> None:
        from sqlalchemy.exc import DBAPIError  # loaded long ago, with the engine

        try:
            with self._engine.begin() as connection:
                for work in batch:
                    work(connection)
        except DBAPIError as error:
            self.failing = _reason(error)
            return
        except Exception as error:
            if len(batch) > 1:  # find the one that cannot be written; the others must not suffer
                for work in batch:
                    self._commit([work])
                return
            log.error("one entry cannot be written and is left out", exc_info=error)
            self.lost += 1
        with self._wake:
            for _ in batch:
                self._work.popleft()
            self.failing = None
            self.saved_at = time.monotonic()
            self._wake.notify_all()


class RecordingWriter:
    """Keeps the samples, gaps and events of one recording; every call returns at once."""

    def __init__(self, archive: "Archive", recording_id: str, point_ids: Sequence[int], names: Sequence[str]) -> None:
        self.recording_id = recording_id
        self.samples = 0
        self._archive = archive
        self._names = tuple(names)
        self._point_ids = tuple(point_ids)

    @property
    def saved_at(self) -> float:
        """Return the monotonic time of the last commit (s)."""
        return self._archive.writer.saved_at

    @property
    def failing(self) -> str | None:
        """Return why writing fails now, else ``None``."""
        return self._archive.writer.failing

    @property
    def held(self) -> int:
        """Return how many readings wait in memory."""
        return self._archive.writer.held

    def add(self, reading: Reading) -> None:
        """Keep one reading."""
        row = (reading.time.timestamp(), tuple(reading.samples.get(name) for name in self._names))
        self.samples += 1
        self._archive.writer.add(lambda connection: self._insert(connection, row))

    def gap(self, gap: Gap) -> None:
        """Keep one gap."""
        values = (str(uuid.uuid4()), self.recording_id, gap.start.timestamp(), gap.end.timestamp(), gap.reason)
        self._archive.writer.add(
            lambda c: _execute(c, "INSERT INTO gap (id, recording_id, t0, t1, reason) VALUES (?, ?, ?, ?, ?)", values)
        )

    def event(self, event: Event) -> None:
        """Keep one event."""
        details = json.dumps(dict(event.details), default=str)
        values = (str(uuid.uuid4()), self.recording_id, event.time.timestamp(), event.kind.value, details)
        self._archive.writer.add(
            lambda c: _execute(
                c, "INSERT INTO event (id, recording_id, t, kind, details) VALUES (?, ?, ?, ?, ?)", values
            )
        )

    def close(self) -> None:
        """Wait until everything is on disk."""
        self._archive.writer.flush()

    def _insert(self, connection: Connection, row: tuple[float, tuple[Sample | None, ...]]) -> None:
        body = json.dumps([_cell(sample) for sample in row[1]], separators=(",", ":"))
        _execute(
            connection, "INSERT INTO tail (recording_id, t, body) VALUES (?, ?, ?)", (self.recording_id, row[0], body)
        )
        count = connection.exec_driver_sql("SELECT count(*) FROM tail WHERE recording_id = ?", (self.recording_id,))
        if count.scalar_one() >= CHUNK:
            close_chunk(connection, self.recording_id, self._point_ids)


def close_chunk(connection: Connection, recording_id: str, point_ids: Sequence[int]) -> None:
    """Turn the tail of a recording into one chunk a point, in the transaction of the caller."""
    rows = connection.exec_driver_sql(
        "SELECT t, body FROM tail WHERE recording_id = ? ORDER BY t, id", (recording_id,)
    ).fetchall()
    times = [row[0] for row in rows]
    cells = [json.loads(row[1]) for row in rows]
    span = (times[0], times[-1], len(times))
    _execute(
        connection,
        "INSERT INTO chunk_time (recording_id, t0, t1, n, data) VALUES (?, ?, ?, ?, ?)",
        (recording_id, *span, pack_times(times)),
    )
    for position, point_id in enumerate(point_ids):
        column = [uncell(row[position]) for row in cells]
        values = [value for value, _ in column]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        extremes = (min(numbers), max(numbers), sum(numbers) / len(numbers)) if numbers else (None, None, None)
        _execute(
            connection,
            "INSERT INTO chunk (point_id, t0, t1, n, vmin, vmax, vmean, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (point_id, *span, *extremes, pack(values, [quality for _, quality in column])),
        )
    _execute(connection, "DELETE FROM tail WHERE recording_id = ?", (recording_id,))


def uncell(cell: object) -> tuple[int | float | str | None, str]:
    """Return value and quality of one cell of a tail row."""
    if isinstance(cell, dict):
        return cell["v"], str(cell["q"])
    if cell is None:
        return None, Quality.MISSING.value
    if isinstance(cell, int | float | str):
        return cell, Quality.GOOD.value
    raise ValueError(f"a cell of a tail row is {cell!r}")


def _cell(sample: Sample | None) -> object:
    if sample is None or sample.value is None:
        return None
    return sample.value if sample.quality is Quality.GOOD else {"v": sample.value, "q": sample.quality.value}


def _execute(connection: Connection, statement: str, values: tuple[object, ...]) -> None:
    connection.exec_driver_sql(statement, values)


def _reason(error: "DBAPIError") -> str:
    text = str(error.orig)
    known = {
        "full": "the disk is full",
        "readonly": "the archive is read-only",
        "unable to open": "the archive's folder cannot be written",
        "locked": "another program holds the archive",
        "disk I/O": "the disk does not take the data",
    }
    return next((said for word, said in known.items() if word in text), text)
