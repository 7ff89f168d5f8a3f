"""The archive: one SQLite file that keeps visits, recordings, samples, sessions and events.

WAL with ``synchronous=FULL``: what was committed survives a power cut. A file that is not ours, or of a newer evtech,
is refused before anything is written to it.
"""

import json
import os
import shutil
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from evtech.errors import ArchiveError, InputError, NotAnArchiveError, NotFoundError
from evtech.events import Event, EventKind
from evtech.measure.sample import ChargerIdentity
from evtech.store import (
    audit,
    imports,
    known_names,
    results,
    session_columns,
    session_extras,
    session_list,
    session_rows,
    watching,
)
from evtech.store.connection import Connection, Readers
from evtech.store.file_format import SCHEMA_VERSION, cannot, format_of
from evtech.store.known_names import KnownNames
from evtech.store.records import ChargingSession, Gap, Visit
from evtech.store.results import Result
from evtech.store.session_columns import SessionColumns
from evtech.store.session_extras import Attachment, Correction
from evtech.store.session_list import SessionFilter, SessionList
from evtech.store.team_address import is_team
from evtech.store.watching import Watched

if TYPE_CHECKING:  # a command loads what it needs: to list and to count needs none of these
    from sqlalchemy import Engine

    from evtech.devices.control import AuditRow
    from evtech.store import samples
    from evtech.store.upkeep import CheckResult
    from evtech.store.writer import RecordingWriter, WriterThread

T = TypeVar("T")
_STALE_S = 10.0  # s without a sign of life after which an open session counts as interrupted


class Archive:
    """An open archive. Queries may run on any thread; writing is done by the thread ``evtech-store``."""

    def __init__(self, path: Path, engine: "Engine | None" = None, *, is_team: bool = False) -> None:
        self.path = path
        self.is_team = is_team
        self._made_engine = engine
        self._making = Lock()
        self._readers = Readers(path)
        self._writer: WriterThread | None = None
        self.locked = ""  # why nothing is written here, such as a visit that is only looked at

    @classmethod
    def open(cls, path_or_url: str | Path, *, create: bool = True) -> "Archive":
        """Open an archive, or make one; raise ``NotAnArchiveError`` or ``ArchiveError`` saying what to do."""
        text = str(path_or_url)
        if is_team(text):
            return cls._open_team(text)
        if "://" in text and not text.startswith("sqlite:///"):
            raise InputError(f"{text} is no archive.", "Name a file, or postgresql+psycopg://… for the team's archive.")
        path = Path(text.removeprefix("sqlite:///"))
        is_new = not path.exists() or path.stat().st_size == 0
        if is_new and not create:
            raise NotAnArchiveError(
                f"There is no archive {path}.", "Check the path; `evtech archive info` names yours."
            )
        version = None if is_new else format_of(path)
        if version == SCHEMA_VERSION:
            return cls(path)
        from evtech.store.opening import prepared

        return cls(path, prepared(path, version))

    @classmethod
    def _open_team(cls, url: str) -> "Archive":
        """Open the team's archive for reading; raise ``ArchiveError`` where it is not there or cannot be reached."""
        from sqlalchemy.exc import DatabaseError

        from evtech.store.team import foreign, shown, team_engine

        engine = team_engine(url)
        try:
            with engine.connect() as connection:
                if not engine.dialect.has_table(connection, "team_schema"):
                    raise NotAnArchiveError(f"{shown(url)} holds no team archive.", "`evtech archive sync` makes it.")
        except DatabaseError as error:
            engine.dispose()
            raise foreign(error) from error
        except NotAnArchiveError:
            engine.dispose()
            raise
        return cls(Path(shown(url)), engine, is_team=True)

    @property
    def _engine(self) -> "Engine":
        return self._load_engine()

    def _load_engine(self) -> "Engine":
        """Return SQLAlchemy's engine, for writing: made and imported on first use, as reading a file needs neither."""
        with self._making:
            if self._made_engine is None:
                from evtech.store.opening import make_engine

                self._made_engine = make_engine(self.path)
            return self._made_engine

    def expect_writing(self) -> None:
        """Load what writing needs now: later the thread that writes first would wait a third of a second for it."""
        if not self.is_team:
            self._load_engine()

    @property
    def writer(self) -> "WriterThread":
        """Return the writing thread, started on first use: reading an archive needs none."""
        if self.is_team:
            raise ArchiveError(
                "The team's archive takes no recordings.",
                "Work in a file of your own and push it with `evtech archive sync`.",
            )
        if self.locked:
            raise ArchiveError(self.locked, "Import the visit, then work with it in your own archive.")
        if self._writer is None:
            from evtech.store.writer import WriterThread

            self._writer = WriterThread(self._engine)
        return self._writer

    def close(self) -> None:
        """Commit what is queued and close the file."""
        if self._writer is not None:
            self._writer.stop()
        self._readers.close()
        if self._made_engine is not None:
            self._made_engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for queries; a damaged file raises ``ArchiveError``."""
        if self.is_team:
            from evtech.store.team import reading

            with reading(self._engine) as connection:
                yield connection
            return
        try:
            with self._readers.one() as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise cannot(self.path, error) from error

    # ---- visits and recordings ----

    def start_visit(
        self, *, site: str = "", technician: str = "", purpose: str = "", notes: str = "", simulated: bool = False
    ) -> Visit:
        """Start a visit now; it can be named later."""
        visit = Visit(str(uuid.uuid4()), datetime.now(UTC), site, technician, purpose, notes, simulated)
        values = (visit.id, visit.started.timestamp(), site, technician, purpose, notes, simulated)
        self.writer.add(
            lambda c: _run(
                c,
                "INSERT INTO visit (id, started, site, technician, purpose, notes, simulated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        )
        return visit

    def name_visit(self, visit_id: str, **fields: str) -> None:
        """Correct or complete a visit's site, technician, purpose or notes; the first entry stays as it was."""
        for name, value in fields.items():
            if name not in ("site", "technician", "purpose", "notes"):
                raise ValueError(f"a visit has no {name}")
            row = (str(uuid.uuid4()), visit_id, time.time(), name, value)
            self.writer.add(
                lambda c, row=row: _run(  # type: ignore[misc]
                    c, "INSERT INTO visit_correction (id, visit_id, at, field, value) VALUES (?, ?, ?, ?, ?)", row
                )
            )

    def visit(self, visit_id: str) -> Visit:
        """Return a visit with its corrections applied; raise ``NotFoundError``."""
        with self.reading() as connection:
            row = connection.exec_driver_sql(
                "SELECT id, started, site, technician, purpose, notes, simulated FROM visit WHERE id = ?", (visit_id,)
            ).first()
            corrections = connection.exec_driver_sql(
                "SELECT field, value FROM visit_correction WHERE visit_id = ? ORDER BY at", (visit_id,)
            ).fetchall()
        if row is None:
            raise NotFoundError(f"There is no visit {visit_id}.")
        visit = Visit(row[0], _moment(row[1]), row[2], row[3], row[4], row[5], bool(row[6]))
        return replace(visit, **{str(field): value for field, value in corrections})

    def visits(self) -> list[Visit]:
        """Return all visits with their corrections, newest first."""
        with self.reading() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM visit ORDER BY started DESC").fetchall()
        return [self.visit(row[0]) for row in rows]

    def serial_numbers(self) -> set[str]:
        """Return the serial numbers of all chargers that were recorded."""
        with self.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT DISTINCT serial_number FROM recording WHERE serial_number IS NOT NULL"
            ).fetchall()
        return {str(row[0]) for row in rows}

    def import_rows(self, work: Callable[[Connection], T]) -> T:
        """Run an import in one transaction of its own: all of it is kept, or nothing; raise ``ArchiveError``."""
        from sqlalchemy.exc import DatabaseError

        try:
            with self._engine.begin() as connection:
                return work(connection)
        except DatabaseError as error:
            raise cannot(self.path, error) from error

    def start_recording(
        self, visit_id: str, charger: ChargerIdentity, points: Sequence[tuple[str, str]], interval: float
    ) -> "RecordingWriter":
        """Start a recording of points (name, unit) polled every ``interval`` s; the writer returns at once always."""
        from evtech.store.writer import RecordingWriter

        recording_id = str(uuid.uuid4())
        now = time.time()
        base = uuid.uuid4().int & 0x3FFF_FFFF_FFFF  # ids of points are chosen here: two programs may write at once
        values = (recording_id, visit_id, now, interval, charger.profile, charger.vendor, charger.model)
        values_2 = (charger.serial_number, charger.firmware_version, charger.link)
        rows = [(base + i, recording_id, i, name, unit) for i, (name, unit) in enumerate(points)]

        def insert(connection: Connection) -> None:
            _run(
                connection,
                "INSERT INTO recording (id, visit_id, started, interval_s, profile, vendor, model, serial_number,"
                " firmware_version, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values + values_2,
            )
            for row in rows:
                _run(
                    connection, "INSERT INTO point (id, recording_id, position, name, unit) VALUES (?, ?, ?, ?, ?)", row
                )

        self.writer.add(insert)
        return RecordingWriter(self, recording_id, [row[0] for row in rows], [name for name, _ in points])

    def add_audit(self, row: "AuditRow") -> None:
        """Append a row to the audit of writes and wait until it is on disk; raise ``ArchiveError`` if it cannot be.

        Nothing may leave towards a charger before its audit row is safe.
        """
        self.writer.add(lambda connection: audit.append(connection, row))
        if not self.writer.flush():
            raise ArchiveError(
                f"The audit cannot be written: {self.writer.failing}.", "Nothing was sent to the charger."
            )

    def audit_rows(self) -> list[dict[str, object]]:
        """Return the audit of writes, oldest first."""
        with self.reading() as connection:
            return audit.rows(connection)

    def audit_of(self, link: str, since: datetime) -> list[dict[str, object]]:
        """Return the audit rows of one link since a moment, oldest first."""
        return [r for r in self.audit_rows() if r["link"] == link and str(r["at"]) >= since.isoformat()]

    # ---- results ----

    def add_result(self, result: Result) -> None:
        """Keep a result and wait until it is on disk; raise ``ArchiveError`` if it cannot be kept.

        A result is kept once: the same id again is ignored. A later verdict on the same thing is a row of its own that
        names the earlier one in ``replaces``.
        """
        self.add_results([result])

    def add_results(self, new: Sequence[Result]) -> None:
        """Keep results together, all or none, and wait until they are on disk; raise ``ArchiveError``."""
        if not new:
            return
        self.writer.add(lambda connection: results.insert_all(connection, new))
        if not self.writer.flush():
            raise ArchiveError(
                f"The {new[0].kind} cannot be saved: {self.writer.failing}.",
                "Make room on the disk; evtech keeps it in memory and saves it as soon as it can.",
            )

    def results(
        self, kind: str | None = None, *, visit_id: str | None = None, session_id: str | None = None
    ) -> list[Result]:
        """Return results, newest first."""
        with self.reading() as connection:
            return results.find(connection, kind, visit_id, session_id)

    def result(self, id_or_prefix: str, kind: str | None = None) -> Result:
        """Return one result by its id or an unambiguous beginning of it; raise ``NotFoundError``."""
        with self.reading() as connection:
            return results.one(connection, id_or_prefix, kind)

    def imported(self) -> dict[str, str]:
        """Return from whom whole visits were taken in, by the visit's id."""
        marks = self.results("import")
        return {str(m.visit_id): str(m.body.get("signer") or "unnamed") for m in marks if m.body.get("whole")}

    # ---- sessions ----

    def save_open_session(self, session: ChargingSession) -> None:
        """Keep the state of a running session: the only row that changes in place."""
        body = json.dumps(session_rows.to_json(session))
        values = (session.id, session.recording_id, time.time(), os.getpid(), body)
        self.writer.add(
            lambda c: _run(
                c,
                "INSERT OR REPLACE INTO open_session (id, recording_id, updated, owner, body) VALUES (?, ?, ?, ?, ?)",
                values,
            )
        )

    def close_session(self, session: ChargingSession) -> None:
        """Insert a finished session once and forget its running state."""
        body = json.dumps(session_rows.to_json(session))

        def insert(connection: Connection) -> None:
            session_list.insert(connection, session, body)
            _run(connection, "DELETE FROM open_session WHERE id = ?", (session.id,))

        self.writer.add(insert)

    def interrupted(self) -> list[ChargingSession]:
        """Return running sessions that nobody runs any more: their evtech was killed or the laptop died."""
        with self.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT owner, updated, body FROM open_session ORDER BY updated"
            ).fetchall()
        dead = [row for row in rows if not _is_alive(row[0], row[1])]
        return [session_rows.from_text(row[2]) for row in dead]

    def sessions(
        self,
        from_: datetime | None = None,
        to: datetime | None = None,
        charger: str | None = None,
        text: str | None = None,
    ) -> list[ChargingSession]:
        """Return sessions that began in [from, to), newest first; the running ones are among them."""
        low = from_.timestamp() if from_ else -1e12
        high = to.timestamp() if to else 1e12
        with self.reading() as connection:
            seen, values = session_list.not_withdrawn(connection, imports.hidden(connection))
            rows = connection.exec_driver_sql(
                f"SELECT body FROM charging_session WHERE started >= ? AND started < ?{seen} ORDER BY started DESC",
                (low, high, *values),
            ).fetchall()
            running = connection.exec_driver_sql("SELECT body FROM open_session").fetchall()
        found = [session_rows.from_text(row[0]) for row in (*running, *rows)]
        found = [s for s in found if low <= s.started.timestamp() < high]
        found = [s for s in found if session_rows.is_about(s, charger) and session_rows.mentions(s, text)]
        return sorted(found, key=lambda session: session.started, reverse=True)

    def session_list(self, wanted: SessionFilter | None = None, limit: int | None = None) -> SessionList:
        """Return the lines of sessions that pass a filter, newest first, without opening each one."""
        with self.reading() as connection:
            return session_list.find(connection, wanted or SessionFilter(), limit)

    def known_names(self) -> KnownNames:
        """Return the names of ports and sites, and when the newest session began."""
        with self.reading() as connection:
            return known_names.find(connection)

    def error_codes(self, start: float, end: float) -> list[tuple[str, str]]:
        """Return profile and code of what ended sessions that began in [start, end) (s since 1970)."""
        with self.reading() as connection:
            return known_names.error_codes(connection, start, end)

    def session_columns(self, wanted: SessionFilter) -> SessionColumns:
        """Return the sessions that pass a filter as columns, newest first: for those who count many."""
        with self.reading() as connection:
            return session_columns.find(connection, wanted)

    def correct_session(self, session_id: str, field: str, value: str, *, technician: str = "", reason: str) -> None:
        """Correct a session's ``site`` or ``clock_s`` (s to add to its times), or add a ``note``; the record stays."""
        if field not in ("site", "clock_s", "note"):
            raise ValueError(f"a session's {field} is not corrected")
        row = (str(uuid.uuid4()), session_id, time.time(), technician, field, value, reason)
        self.writer.add(
            lambda c: _run(
                c,
                "INSERT INTO session_correction (id, session_id, at, technician, field, value, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        )

    def corrections(self, session_id: str) -> list[Correction]:
        """Return what was corrected or noted after a session ended, oldest first."""
        with self.reading() as connection:
            return session_extras.corrections(connection, session_id)

    def attach(self, attachment: Attachment) -> None:
        """Keep a photograph or a source file and wait until it is on disk; raise ``ArchiveError``."""
        self.writer.add(lambda connection: session_extras.insert(connection, attachment))
        if not self.writer.flush():
            raise ArchiveError(f"{attachment.name} cannot be saved: {self.writer.failing}.", "Make room on the disk.")

    def attachments(self, session_id: str) -> list[Attachment]:
        """Return what was attached to a session, oldest first."""
        with self.reading() as connection:
            return session_extras.attachments(connection, session_id)

    def watched(self, start: datetime, end: datetime, states_from: datetime | None = None) -> Watched:
        """Return which chargers were watched in [start, end], and what was seen of their states (from later on)."""
        with self.reading() as connection:
            return watching.find(connection, start.timestamp(), end.timestamp(), (states_from or start).timestamp())

    def session(self, id_or_prefix: str) -> ChargingSession:
        """Return one session by its id or an unambiguous beginning of it; raise ``NotFoundError``."""
        with self.reading() as connection:
            pattern = id_or_prefix.replace("%", "").replace("_", "") + "%"
            rows = connection.exec_driver_sql(
                "SELECT body FROM charging_session WHERE id LIKE ? UNION SELECT body FROM open_session WHERE id LIKE ?",
                (pattern, pattern),
            ).fetchall()
        if len(rows) > 1:
            raise NotFoundError(f"{len(rows)} sessions begin with {id_or_prefix!r}.", "Give more of the id.")
        if not rows or not id_or_prefix:
            raise NotFoundError(
                f"There is no session {id_or_prefix!r}.", "`evtech sessions list` shows those that exist."
            )
        return session_rows.from_text(rows[0][0])

    # ---- samples, gaps, events ----

    def points(self, recording_id: str) -> list[tuple[str, str]]:
        """Return names and units of a recording's points."""
        with self.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT name, unit FROM point WHERE recording_id = ? ORDER BY position", (recording_id,)
            ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def series(self, recording_id: str, point: str, start: datetime, end: datetime) -> "samples.Series":
        """Return one point's samples in [start, end]."""
        from evtech.store import samples

        with self.reading() as connection:
            return samples.series(connection, recording_id, point, start.timestamp(), end.timestamp())

    def overview(self, recording_id: str, point: str, start: datetime, end: datetime) -> "list[samples.Span]":
        """Return minimum, maximum and mean of each chunk of a point that touches [start, end]."""
        from evtech.store import samples

        with self.reading() as connection:
            return samples.overview(connection, recording_id, point, start.timestamp(), end.timestamp())

    def rows(
        self, recording_id: str, start: datetime, end: datetime, points: Sequence[str] | None = None
    ) -> "Iterator[samples.Row]":
        """Yield one row a poll in [start, end], for exports."""
        from evtech.store import samples

        names = [name for name, _ in self.points(recording_id) if points is None or name in points]
        with self.reading() as connection:
            yield from samples.rows(connection, recording_id, start.timestamp(), end.timestamp(), names)

    def gaps(self, recording_id: str, start: datetime, end: datetime) -> list[Gap]:
        """Return the gaps that touch [start, end]."""
        with self.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT t0, t1, reason FROM gap WHERE recording_id = ? AND t1 >= ? AND t0 <= ? ORDER BY t0",
                (recording_id, start.timestamp(), end.timestamp()),
            ).fetchall()
        return [Gap(_moment(row[0]), _moment(row[1]), row[2]) for row in rows]

    def events(self, recording_id: str, start: datetime, end: datetime) -> list[Event]:
        """Return the events in [start, end]."""
        with self.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT t, kind, details FROM event WHERE recording_id = ? AND t >= ? AND t <= ? ORDER BY t",
                (recording_id, start.timestamp(), end.timestamp()),
            ).fetchall()
        return [Event(_moment(row[0]), EventKind(row[1]), json.loads(row[2])) for row in rows]

    # ---- upkeep ----

    def check(self) -> "CheckResult":
        """Look at the file's structure and at every chunk."""
        from evtech.store import upkeep

        try:
            with self.reading() as connection:
                return upkeep.check(connection, is_file=not self.is_team)
        except ArchiveError as error:
            return upkeep.CheckResult(False, (str(error),), 0, 0)

    def backup(self, target: Path) -> None:
        """Copy the archive while it is in use; the copy appears under its name only when it is whole."""
        if self.is_team:
            raise InputError("A team archive is backed up on its server.", "`pg_dump` does it; the manual says how.")
        from evtech.store import upkeep

        upkeep.backup(self.path, target)

    def info(self) -> dict[str, Any]:
        """Return the file's path, size and counts."""
        from evtech.store import upkeep

        with self.reading() as connection:
            counts = upkeep.counts(connection)
        files = [] if self.is_team else self.path.parent.glob(self.path.name + "*")
        size = sum(f.stat().st_size for f in files if f.suffix != ".part")
        return {
            "path": str(self.path),
            "bytes": None if self.is_team else size,
            "schema_version": SCHEMA_VERSION,
            **counts,
            "free_bytes": None if self.is_team else shutil.disk_usage(self.path.parent).free,
        }


def _is_alive(process: int, updated: float) -> bool:
    if process == os.getpid():
        return True
    if sys.platform == "win32":  # os.kill would end the process there
        return time.time() - updated < _STALE_S
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return time.time() - updated < 60


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _run(connection: Connection, statement: str, values: tuple[object, ...]) -> None:
    connection.exec_driver_sql(statement, values)
