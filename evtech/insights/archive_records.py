"""Sessions of an archive as attempts. What a laptop did not watch is unknown, never up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evtech.insights.intervals import Interval
from evtech.insights.records import Attempt, Port, Records, StateSpan
from evtech.store.session_list import SessionFilter, SessionLine

if TYPE_CHECKING:
    from evtech.store.archive import Archive

BEFORE_S = 7 * 86400.0  # sessions that began earlier are taken not to reach into a period


def read_archive(archive: "Archive", charger: str | None = None, period: Interval | None = None) -> Records:
    """Return the archive's sessions of a period; states say only what was watched: coverage tells how much that is."""
    wanted = SessionFilter(charger=charger)
    if period is not None:
        low, high = (datetime.fromtimestamp(t, UTC) for t in (max(period[0] - BEFORE_S, 0.0), period[1]))
        wanted = SessionFilter(low, high, charger)
    lines = archive.session_list(wanted).lines
    ports = {line.port: Port(line.port, line.site) for line in reversed(lines)}
    attempts = sorted((attempt_of(line) for line in lines), key=lambda a: a.start)
    return Records(ports, attempts, None, [span for line in lines for span in _watched(line)])


def attempt_of(line: SessionLine) -> Attempt:
    """Return a session's line as an attempt; energy flowed from its first to its last phase of charging."""
    return Attempt(
        port=line.port,
        plugged_at=line.started,
        authorised_at=line.authorised,
        auth_ok=line.auth_ok,
        energy_started_at=line.energy_started,
        energy_ended_at=line.energy_ended,
        unplugged_at=line.ended,
        energy_kwh=line.energy_wh / 1000 if line.energy_wh is not None else None,
        peak_kw=line.peak_power_w / 1000 if line.peak_power_w is not None else None,
        end_reason=line.stop_reason or "unknown",
        error_code=line.error_code,
        token=line.token,
        session_id=line.id,
    )


def _watched(line: SessionLine) -> list[StateSpan]:
    """Return what a session proves: while it lasted the port was in use; ended by a fault, it was not after that."""
    return [StateSpan(line.port, line.started, line.ended, "CHARGING")] if line.ended is not None else []
