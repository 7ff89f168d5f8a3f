"""Rows on their way into an archive, kept in a temporary file until all of them are known.

So a file of any length is read without filling the memory and without holding the archive, in which a charger may be
recorded at the same time; and what would be imported can be shown before anything is written.
"""

import json
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from evtech.errors import ArchiveError
from evtech.measure.sample import ChargerIdentity, Value
from evtech.store import session_list, session_rows
from evtech.store.chunks import pack, pack_floats, pack_times
from evtech.store.records import ChargingSession, Gap, Visit
from evtech.store.results import Result
from evtech.store.session_extras import Attachment, Correction
from evtech.store.session_list import SessionLine
from evtech.store.writer import CHUNK

Floats = npt.NDArray[np.float64]
SESSION_COLUMNS = (*session_list.COLUMNS, "search", "body")
TABLES: dict[str, tuple[str, ...]] = {
    "visit": ("id", "started", "site", "technician", "purpose", "notes", "simulated"),
    "recording": ("id", "visit_id", "started", "interval_s", "profile", "vendor", "model", "serial_number",
                  "firmware_version", "link"),
    "point": ("id", "recording_id", "position", "name", "unit"),
    "chunk_time": ("recording_id", "t0", "t1", "n", "data", "session_id"),
    "chunk": ("recording_id", "position", "t0", "t1", "n", "vmin", "vmax", "vmean", "data", "session_id"),
    "gap": ("id", "recording_id", "t0", "t1", "reason", "session_id"),
    "event": ("id", "recording_id", "t", "kind", "details", "session_id"),
    "charging_session": SESSION_COLUMNS,
    "session_correction": ("id", "session_id", "at", "technician", "field", "value", "reason"),
    "attachment": ("id", "at", "visit_id", "session_id", "result_id", "name", "media_type", "sha256", "data"),
    "result": ("id", "kind", "at", "visit_id", "session_id", "recording_id", "title", "verdict", "replaces", "body"),
}  # fmt: skip
BATCH = 1000
MOST_HELD = 20_000  # recordings that wait for an earlier beginning
_SPACE = uuid.UUID("2c0f5b7e-6f0b-4f5b-9d6c-0c1a4f9b7d10")  # of ids that the same content gets again


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of samples: times (s since 1970, rising), a column a point.

    A column is floats (NaN = missing) or values (``None`` = missing); its qualities are ``None`` where all that is
    present is good.
    """

    times: Sequence[float] | Floats
    columns: Sequence[Floats | Sequence[Value | None]]
    qualities: Sequence[Sequence[str] | None]


class Spool:
    """Collects rows in a temporary file; closing it removes the file."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="evtech-import-"))
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._visits: dict[str, Visit] = {}
        self._recordings: dict[str, tuple[Any, ...]] = {}
        # another thread may take the rows over when reading is done
        self._file = sqlite3.connect(self._folder / "rows", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        for name, columns in TABLES.items():
            key = " PRIMARY KEY" if name == "charging_session" else ""
            self._file.execute(f"CREATE TABLE {name} ({columns[0]}{key}, {', '.join(columns[1:])})")
        self._file.execute("CREATE TABLE known (id PRIMARY KEY)")
        self._file.execute("BEGIN")
        self.samples = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the file; doing it twice is harmless."""
        self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- what is put in ----

    def visit(self, visit: Visit) -> None:
        """Take a visit; of the same one again the earlier beginning counts."""
        known = self._visits.get(visit.id)
        if known is None or visit.started < known.started:
            self._visits[visit.id] = visit

    def recording(
        self, id_: str, visit_id: str, who: ChargerIdentity, started: float, points: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Take a recording with its points (name, unit); of the same one again the earlier beginning counts."""
        known = self._recordings.get(id_)
        if known is None:
            base = uuid.uuid4().int & 0x3FFF_FFFF_FFFF  # ids of points are chosen here, as a recording's writer does
            for position, (name, unit) in enumerate(points):
                self._add("point", (base + position, id_, position, name, unit))
        if len(self._recordings) >= MOST_HELD:  # each session with samples has one of its own
            self._write_recordings()
        if known is None or started < known[2]:
            self._recordings[id_] = (id_, visit_id, started, 0.0, who.profile, who.vendor, who.model,
                                     who.serial_number, who.firmware_version, who.link)  # fmt: skip

    def block(self, recording_id: str, session_id: str | None, block: Block) -> None:
        """Take samples of a recording; they go with their session, or with the recording where that is ``None``."""
        times = np.asarray(block.times, np.float64)
        self.samples += len(times)
        for first in range(0, len(times), CHUNK):
            part = slice(first, first + CHUNK)
            span = (float(times[part][0]), float(times[part][-1]), len(times[part]))
            self._add("chunk_time", (recording_id, *span, pack_times(times[part].tolist()), session_id))
            for position, (column, marks) in enumerate(zip(block.columns, block.qualities, strict=True)):
                data, extremes = _packed(column[part], None if marks is None else marks[part])
                self._add("chunk", (recording_id, position, *span, *extremes, data, session_id))

    def session(self, session: ChargingSession, line: SessionLine) -> None:
        """Take a session, with its line and its gaps."""
        body = json.dumps({name: value for name, value in session_rows.to_json(session).items() if value is not None})
        self._add("charging_session", (*session_list.values_of(line), line.search, body))
        for gap in session.gaps:
            self.gap(session.recording_id, session.id, gap)

    def gap(self, recording_id: str, session_id: str | None, gap: Gap) -> None:
        """Take a gap of a recording."""
        t0, t1 = gap.start.timestamp(), gap.end.timestamp()
        id_ = str(uuid.uuid5(_SPACE, f"gap {recording_id} {t0!r} {t1!r}"))
        self._add("gap", (id_, recording_id, t0, t1, gap.reason, session_id))

    def event(self, recording_id: str, session_id: str | None, at: float, kind: str, details: dict[str, Any]) -> None:
        """Take an event."""
        text = json.dumps(details)
        id_ = str(uuid.uuid5(_SPACE, f"event {recording_id} {at!r} {kind} {text}"))
        self._add("event", (id_, recording_id, at, kind, text, session_id))

    def correction(self, session_id: str, new: Correction) -> None:
        """Take a correction or a note."""
        self._add("session_correction", (new.id, session_id, new.at.timestamp(), new.technician, new.field, new.value,
                                         new.reason))  # fmt: skip

    def attachment(self, attachment: Attachment, sha256: str) -> None:
        """Take a file that belongs to a session."""
        self._add("attachment", (attachment.id, attachment.at, attachment.visit_id, attachment.session_id, None,
                                 attachment.name, attachment.media_type, sha256, attachment.data))  # fmt: skip

    def result(self, result: Result) -> None:
        """Take a result."""
        self._add("result", (result.id, result.kind, result.at.timestamp(), result.visit_id, result.session_id,
                             result.recording_id, result.title, result.verdict, result.replaces,
                             json.dumps(result.body, ensure_ascii=False)))  # fmt: skip

    # ---- what is taken out ----

    def finish(self) -> None:
        """Write what still lies in memory; the rows can be read from now on, and no more are taken."""
        for v in self._visits.values():
            self._add("visit", (v.id, v.started.timestamp(), v.site, v.technician, v.purpose, v.notes, v.simulated))
        self._visits.clear()
        self._write_recordings()
        for name in TABLES:
            self._write(name)

    def count(self, table: str) -> int:
        """Return how many rows of a table were taken."""
        return int(self._file.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def rows(self, table: str, where: str = "", columns: Sequence[str] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Yield a table's rows in the order they came, some at a time."""
        names = ", ".join(columns or TABLES[table])
        with closing(self._file.cursor()) as cursor:
            cursor.execute(f"SELECT {names} FROM {table} {where}")
            while batch := cursor.fetchmany(BATCH):
                yield batch

    def forget_known(self) -> None:
        """Begin anew to note which sessions an archive has."""
        self._file.execute("DELETE FROM known")

    def note_known(self, ids: Sequence[str]) -> None:
        """Note sessions that an archive has already."""
        self._file.executemany("INSERT OR IGNORE INTO known VALUES (?)", [(id_,) for id_ in ids])

    def _write_recordings(self) -> None:
        for row in self._recordings.values():
            self._add("recording", row)
        self._recordings.clear()

    def _add(self, table: str, row: tuple[Any, ...]) -> None:
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= BATCH:
            self._write(table)

    def _write(self, table: str) -> None:
        rows = self._rows[table]
        if not rows:
            return
        try:
            self._file.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({session_list.marks(TABLES[table])})", rows)
        except sqlite3.Error as error:
            raise ArchiveError(
                f"The folder for temporary files takes no more: {error}.", "Make room there; nothing was imported."
            ) from error
        rows.clear()


def _packed(
    column: Floats | Sequence[Value | None], marks: Sequence[str] | None
) -> tuple[bytes, tuple[float | None, float | None, float | None]]:
    """Return the bytes of one point's chunk, and its least, greatest and mean value."""
    if isinstance(column, np.ndarray) and marks is None:
        known = column[np.isfinite(column)]
        return pack_floats(column), _extremes(known)
    values = [None if v is None or v != v else v for v in column]
    numbers = np.array([float(v) for v in values if isinstance(v, int | float)])
    marks = marks if marks is not None else ["missing" if v is None else "good" for v in values]
    return pack(values, marks), _extremes(numbers)


def _extremes(known: Floats) -> tuple[float | None, float | None, float | None]:
    if not len(known):
        return None, None, None
    return float(known.min()), float(known.max()), float(known.mean())
