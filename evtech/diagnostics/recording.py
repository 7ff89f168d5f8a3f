"""Diagnoses what was recorded, by evtech or by another logger: the same engine on the same samples as live."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evtech.devices.encoding import encode
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.devices.state import active_errors, charger_state
from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.problems import holding
from evtech.diagnostics.record import Circumstances, trace_result
from evtech.diagnostics.state_map import as_product_says
from evtech.diagnostics.trace import MOST_ROWS, Trace, read_trace
from evtech.diagnostics.window import Window
from evtech.errors import InputError
from evtech.measure.sample import ChargerIdentity, Quality, Reading, Sample
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.samples import Row


@dataclass(frozen=True, slots=True)
class Recording:
    """A diagnosed recording: what it is called, its samples, the answer, and the charger where it is known."""

    name: str
    trace: Trace
    diagnosis: Diagnosis
    profile: str | None = None
    charger: ChargerIdentity | None = None
    session: ChargingSession | None = None


def diagnose_file(
    path: Path, profile: str | None = None, facts: Facts | None = None, progress: Callable[[int], None] = lambda n: None
) -> Recording:
    """Diagnose a CSV file of samples; raise ``InputError`` saying which line is wrong and why."""
    trace, _ = as_product_says(read_trace(path, progress), profile, Library())
    return diagnose_trace(path.name, trace, profile, facts)


def diagnose_trace(name: str, trace: Trace, profile: str | None = None, facts: Facts | None = None) -> Recording:
    """Diagnose samples; each finding is marked as standing when it holds at the last sample."""
    evidence = Evidence(trace, facts)
    found = diagnose(evidence, profile)
    marked = tuple(replace(f, standing=bool(holding(f, evidence)[-1:].any())) for f in found.findings)
    return Recording(name, trace, replace(found, findings=marked), profile)


def diagnose_session(archive: Archive, session: ChargingSession, profile: Profile | None) -> Recording:
    """Diagnose a session of the archive; without its profile the pilot state is not known.

    Raises ``InputError`` for a session without samples.
    """
    end = session.ended or session.last_seen or datetime.now(UTC)
    recordings = (*session.earlier_recordings, session.recording_id)
    window = Window(float("inf"), min(max(session.samples, 1000) + 100, MOST_ROWS))
    for recording in recordings:
        for reading in readings_of(profile, archive.rows(recording, session.started, end)):
            window.add(reading)
    trace = window.trace()
    if not len(trace):
        raise InputError("This session has no samples.", "They may have been recorded by another evtech.")
    done = diagnose_trace(session.id[:8], trace, session.charger.profile)
    return replace(done, charger=session.charger, session=session)


def readings_of(profile: Profile | None, rows: Iterable[Row]) -> Iterator[Reading]:
    """Return recorded rows as readings again; state and faults follow from the profile's rules."""
    for row in rows:
        samples = {name: _sample(profile, name, value, row) for name, value in row.values.items() if value is not None}
        state = charger_state(profile, samples) if profile else None
        errors = active_errors(profile, samples) if profile else ()
        yield Reading(row.time, row.time.timestamp(), samples, state, errors)


def _sample(profile: Profile | None, name: str, value: int | float | str, row: Row) -> Sample:
    point = profile.points.get(name) if profile else None
    quality = Quality(row.qualities.get(name, Quality.GOOD))
    if point is None:
        return Sample(name, value, "", quality)
    try:
        raw = encode(point, value)
    except (ValueError, TypeError):  # a clipped or foreign value has no words; its state rules then do not hold
        raw = ()
    text = None
    if point.values and isinstance(value, int | float):
        text = point.values.get(round((value - point.offset) / point.scale))
    return Sample(name, value, point.unit, quality, raw, text)


def keep(archive: Archive, recording: Recording, facts: Facts | None = None) -> Result:
    """Keep the diagnosis of a recording in an archive and return it."""
    session = recording.session
    around = Circumstances(
        recording.charger,
        "archive" if session else "trace",
        recording.name,
        visit_id=session.visit_id if session else None,
        session_id=session.id if session else None,
        recording_id=session.recording_id if session else None,
        simulated=bool(session and session.simulated),
    )
    answers = facts.answers if facts else {}
    result = trace_result(recording.diagnosis, recording.trace, (), answers, around)
    archive.add_result(result)
    return result
