"""The rules over samples, run when a session ends or is imported, or over an archive that was recorded before them.

What they find is kept as a result of the kind ``anomaly``; that a session was checked, by which rules and limits, and
its figures for long-term charts as a compact row of the kind ``check``. After the sessions the charts of their ports
are drawn anew. Running again changes nothing where nothing is different.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from evtech.errors import ArchiveError
from evtech.insights import port_check
from evtech.insights.anomalies import Anomaly
from evtech.insights.columns import Samples
from evtech.insights.figures import figures_of, to_json
from evtech.insights.kept_findings import KIND, in_force, is_same, kept, result_of, subject_of
from evtech.insights.reported import ratings
from evtech.insights.rule_limits import SampleLimits, load_limits
from evtech.insights.sample_rules import sample_anomalies
from evtech.insights.session_samples import limits_for, read_samples
from evtech.store import check_rows, results, session_rows
from evtech.store.check_rows import CHECK, bodies, checkable
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.session_list import line_of

if TYPE_CHECKING:
    from evtech.store.archive import Archive
    from evtech.store.connection import Connection

__all__ = ["KIND", "Checked", "check_archive", "check_session", "check_sessions", "kept", "read_samples"]

BATCH = 50
Rating = Callable[[str], float | None]  # a port's rated power (W), where it is known
Progress = Callable[[int, int], None]  # sessions done, sessions in all


@dataclass(slots=True)
class Checked:
    """How a check went: sessions checked, findings in them by session, findings over ports, whether it was stopped."""

    sessions: int = 0
    by_session: dict[str, list[Anomaly]] = field(default_factory=dict)
    trends: list[Anomaly] = field(default_factory=list)
    stopped: bool = False


def check_session(
    archive: "Archive", session: ChargingSession, limits: SampleLimits | None = None, rated_w: Rating | None = None
) -> list[Anomaly]:
    """Run the rules over a session's samples and keep what they find, once; return it."""
    done = check_sessions(archive, [session], limits, rated_w)
    return done.by_session.get(session.id, [])


def check_sessions(
    archive: "Archive",
    sessions: Iterable[ChargingSession],
    limits: SampleLimits | None = None,
    rated_w: Rating | None = None,
    *,
    progress: Progress = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
    total: int = 0,
    charts: bool = True,
) -> Checked:
    """Check sessions in batches of one transaction each, then draw the ``charts`` of the ports they belong to.

    ``stop`` is asked between sessions; what was checked until then is kept. Raises ``ArchiveError`` where nothing can
    be written, ``InputError`` where the file of limits is wrong.
    """
    limits, rated_w = limits or load_limits(), rated_w or ratings(archive)
    stamp = limits.stamp
    done = Checked()
    rows: list[Result] = []
    ports: set[str] = set()
    for session in sessions:
        if stop():
            done.stopped = True
            break
        port = line_of(session).port
        found, figures = judged(session, read_samples(archive, session), limits, rated_w(port))
        rows += [check_row(session, figures, stamp), *_changed(archive, session, found)]
        ports.add(port)
        done.sessions += 1
        if found:
            done.by_session[session.id] = found
        if len(rows) >= BATCH:
            _keep(archive, rows)
            rows = []
        progress(done.sessions, total)
    _keep(archive, rows)
    if charts and not done.stopped:
        done.trends = port_check.check_ports(archive, sorted(ports), limits)
    return done


def check_archive(
    archive: "Archive",
    low: float,
    high: float,
    limits: SampleLimits | None = None,
    rated_w: Rating | None = None,
    *,
    port: str | None = None,
    again: bool = False,
    progress: Progress = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Checked:
    """Check the sessions that began in [low, high) and were not checked with these rules and limits yet.

    ``again`` checks all of them. Charts of ports and signed records are looked at in any case.
    """
    limits = limits or load_limits()
    stamp = limits.stamp
    with archive.reading() as connection:
        there = checkable(connection, low, high, port)
    due = [each.session_id for each in there if again or each.stamp != stamp]
    done = check_sessions(
        archive, _read(archive, due), limits, rated_w, progress=progress, stop=stop, total=len(due), charts=False
    )
    if not done.stopped:
        ports = sorted({each.port for each in there} | port_check.calibrated_ports(archive, port))
        done.trends = port_check.check_ports(archive, ports, limits, stop)
        port_check.check_bills(archive, limits)
        done.stopped = stop()
    return done


def count_due(archive: "Archive", low: float, high: float, limits: SampleLimits) -> int:
    """Return how many sessions that began in [low, high) these rules and limits have not checked; 0 in a locked one."""
    if archive.locked or archive.is_team:
        return 0
    with archive.reading() as connection:
        return check_rows.count_due(connection, low, high, limits.stamp)


def judged(
    session: ChargingSession, samples: Samples | None, limits: SampleLimits, rated_w: float | None
) -> tuple[list[Anomaly], dict[str, Any]]:
    """Return what the rules find in a session's samples, and its figures for the charts."""
    if samples is None:
        return [], {}
    own = limits_for(samples, session, limits, rated_w)
    return sample_anomalies(samples, own), to_json(figures_of(samples, own))


def check_row(session: ChargingSession, figures: dict[str, Any], stamp: str) -> Result:
    """Return the row that says by which rules and limits a session was checked."""
    return Result(CHECK, "Checked.", figures, stamp, session.visit_id, session.id, session.recording_id)


def _changed(archive: "Archive", session: ChargingSession, found: Sequence[Anomaly]) -> list[Result]:
    """Return the row of findings to keep: none where the archive says the same already."""
    own = [r for r in archive.results(session_id=session.id) if r.kind == KIND]
    before = [r for r in in_force(own) if subject_of(r) == "samples"]
    newest = before[0] if before else None
    if is_same(newest, found) if newest is not None else not found:
        return []
    at = datetime.now(UTC) if newest else session.ended or session.last_seen
    return [result_of(found, replaces=newest.id if newest else None, at=at, session=session)]


def _keep(archive: "Archive", rows: Sequence[Result]) -> None:
    """Write rows in one transaction and wait until they are on disk."""
    if not rows:
        return

    def insert(connection: "Connection") -> None:
        for row in rows:
            results.insert(connection, row)

    archive.writer.add(insert)
    if not archive.writer.flush():
        raise ArchiveError(f"The findings cannot be saved: {archive.writer.failing}.", "Make room on the disk.")


def _read(archive: "Archive", ids: Sequence[str]) -> Iterable[ChargingSession]:
    for first in range(0, len(ids), 200):
        with archive.reading() as connection:
            found = bodies(connection, ids[first : first + 200])
        yield from (session_rows.from_text(body) for body in found)
