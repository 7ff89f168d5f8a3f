"""Sessions on their way into an archive, whatever they came from: kept in one transaction, marked by their source."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from evtech.insights.session_check import check_sessions
from evtech.measure.sample import ChargerIdentity, Value
from evtech.store import session_list, session_rows
from evtech.store.archive import Archive
from evtech.store.incoming import IncomingRecording, insert_recording
from evtech.store.records import ChargingSession, Visit

_SPACE = uuid.UUID("5f6c1b1e-2f5d-4c39-9d0e-6f2f0b8f7a51")  # of ids made from content: the same file twice is one


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one recording: one row a moment (s since 1970), a value and a quality a point."""

    points: Sequence[tuple[str, str]] = ()
    times: Sequence[float] = ()
    rows: Sequence[Sequence[Value | None]] = ()
    qualities: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """One session with its samples, and what the source knows beyond the record."""

    session: ChargingSession
    site: str = ""
    series: Series = field(default_factory=Series)
    extra: dict[str, Any] = field(default_factory=dict)  # fields of ``SessionLine``: token, auth_ok, port …


@dataclass(frozen=True, slots=True)
class StateLog:
    """Changes of state of one port: (moment, phase), for availability."""

    recording_id: str
    visit_id: str
    site: str
    charger: ChargerIdentity
    changes: list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that one file brings. ``problems`` name rows that were left out and why."""

    source: str  # evtech, csv, cdr or ocpp
    sessions: list[Incoming]
    states: list[StateLog] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of a parcel was new."""

    sessions: int
    known: int
    samples: int
    ids: tuple[str, ...]


def made_id(*parts: object) -> str:
    """Return an id that the same content always gets."""
    return str(uuid.uuid5(_SPACE, "\0".join(map(str, parts))))


def keep(archive: Archive, parcel: Parcel) -> Kept:
    """Put a parcel into the archive in one transaction; a session that is there already stays as it is."""
    known: set[str] = set()
    counts = [0, 0]

    def work(connection: Any) -> None:
        for log in parcel.states:
            began = datetime.fromtimestamp(log.changes[0][0], UTC)
            visit = Visit(log.visit_id, began, log.site)
            insert_recording(connection, IncomingRecording(log.recording_id, visit, log.charger, log.changes[0][0]))
            session_list.insert_states(connection, log.recording_id, log.changes)
        for each in parcel.sessions:
            session = each.session
            line = replace(session_list.line_of(session, parcel.source), **each.extra)
            visit = Visit(session.visit_id, session.started, each.site, simulated=session.simulated)
            series, body = each.series, json.dumps(session_rows.to_json(session))
            recording = IncomingRecording(session.recording_id, visit, session.charger, session.started.timestamp(),
                                          series.points, series.times, series.rows, series.qualities)  # fmt: skip
            if session_list.is_known(connection, session.id):
                known.add(session.id)
                continue
            insert_recording(connection, recording, session.gaps)
            session_list.insert(connection, session, body, line)
            counts[0] += 1
            counts[1] += len(series.times)

    archive.import_rows(work)
    check_sessions(archive, [e.session for e in parcel.sessions if e.series.times and e.session.id not in known])
    return Kept(counts[0], len(known), counts[1], tuple(each.session.id for each in parcel.sessions))
