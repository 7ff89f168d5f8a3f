"""The archive: one SQLite file that keeps visits, recordings, samples, sessions and events.

WAL with ``synchronous=FULL``: what was committed survives a power cut. A file that is not ours, or of a newer evtech,
is refused before anything is written to it. This is the one door to all that is kept, and longer than other files for
that: each of its methods runs something of ``store/`` on the connection or the thread where it belongs.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from evtech.errors import ArchiveError, InputError, NotAnArchiveError
from evtech.events import Event
from evtech.measure.sample import ChargerIdentity
from evtech.store import (
    audit,
    beside,
    known_names,
    results,
    running,
    session_columns,
    session_extras,
    session_list,
    session_rows,
    visits,
    watching,
    whole_sessions,
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
        from evtech.store.team import opened, shown

        return cls(Path(shown(url)), opened(url), is_team=True)

    @property
    def _engine(self) -> "Engine":
        """Return SQLAlchemy's engine, for writing: made and imported on first use, as reading a file needs neither."""
        with self._making:
            if self._made_engine is None:
                from evtech.store.opening import make_engine

                self._made_engine = make_engine(self.path)
            return self._made_engine

    def expect_writing(self) -> None:
        """Load what writing needs now: later the thread that writes first would wait a third of a second for it."""
        if not self.is_team:
            _ = self._engine

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
        self.writer.add(lambda connection: visits.insert(connection, visit))
        return visit

    def name_visit(self, visit_id: str, **fields: str) -> None:
        """Correct or complete a visit's site, technician, purpose or notes; the first entry stays as it was."""
        rows = visits.corrections(visit_id, fields)
        self.writer.add(lambda connection: visits.correct(connection, rows))

    def visit(self, visit_id: str) -> Visit:
        """Return a visit with its corrections applied; raise ``NotFoundError``."""
        with self.reading() as connection:
            return visits.one(connection, visit_id)

    def visits(self) -> list[Visit]:
        """Return all visits with their corrections, newest first."""
        with self.reading() as connection:
            return visits.every(connection)

    def serial_numbers(self) -> set[str]:
        """Return the serial numbers of all chargers that were recorded."""
        with self.reading() as connection:
            return visits.serial_numbers(connection)

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

        new = visits.Recording(str(uuid.uuid4()), visit_id, time.time(), interval, charger, points)
        self.writer.add(lambda connection: visits.insert_recording(connection, new))
        return RecordingWriter(self, new.id, new.point_ids, [name for name, _ in points])

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
        row = running.row_of(session)
        self.writer.add(lambda connection: running.save(connection, row))

    def close_session(self, session: ChargingSession) -> None:
        """Insert a finished session once and forget its running state."""
        body = json.dumps(session_rows.to_json(session))

        def insert(connection: Connection) -> None:
            session_list.insert(connection, session, body)
            running.forget(connection, session.id)

        self.writer.add(insert)

    def interrupted(self) -> list[ChargingSession]:
        """Return running sessions that nobody runs any more: their evtech was killed or the laptop died."""
        with self.reading() as connection:
            return running.interrupted(connection)

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
            return whole_sessions.between(connection, low, high, charger, text)

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
        made = Correction(datetime.now(UTC), technician, field, value, reason)
        self.writer.add(lambda connection: session_extras.insert_correction(connection, session_id, made))

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
            return whole_sessions.one(connection, id_or_prefix)

    # ---- samples, gaps, events ----

    def points(self, recording_id: str) -> list[tuple[str, str]]:
        """Return names and units of a recording's points."""
        with self.reading() as connection:
            return beside.points(connection, recording_id)

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
            return beside.gaps(connection, recording_id, start.timestamp(), end.timestamp())

    def events(self, recording_id: str, start: datetime, end: datetime) -> list[Event]:
        """Return the events in [start, end]."""
        with self.reading() as connection:
            return beside.events(connection, recording_id, start.timestamp(), end.timestamp())

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
            return upkeep.info(connection, self.path, is_file=not self.is_team)
