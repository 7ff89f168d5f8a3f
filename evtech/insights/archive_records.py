"""Sessions of an archive as attempts. What a laptop did not watch is unknown, never up."""

from datetime import datetime
from typing import TYPE_CHECKING

from evtech.insights.records import Attempt, Port, Records, StateSpan
from evtech.store.records import ChargingSession

if TYPE_CHECKING:
    from evtech.store.archive import Archive


def read_archive(archive: "Archive", charger: str | None = None) -> Records:
    """Return the archive's sessions; states say only what was watched, so coverage tells how much that is."""
    sessions = archive.sessions(charger=charger)
    attempts = [attempt_of(session) for session in sessions]
    ports = {a.port: Port(a.port) for a in attempts}
    states = [span for session in sessions for span in states_of(session)]
    return Records(ports, sorted(attempts, key=lambda a: a.start), None, states)


def port_name(session: ChargingSession) -> str:
    """Return what tells one port from another: maker, model and serial number, else the link."""
    charger = session.charger
    own = charger.serial_number or charger.link
    return " ".join(filter(None, (charger.vendor, charger.model, own)))


def attempt_of(session: ChargingSession) -> Attempt:
    """Return a session as an attempt; energy flowed from its first to its last phase of charging."""
    charging = [p for p in session.phases if p.phase == "CHARGING"]
    waits = [p.start for p in session.phases if p.phase == "AUTHORISING"]
    return Attempt(
        port=port_name(session),
        plugged_at=session.started.timestamp(),
        authorised_at=_authorised(session, waits),
        energy_started_at=charging[0].start.timestamp() if charging else None,
        energy_ended_at=_seconds(charging[-1].end) if charging else None,
        unplugged_at=_seconds(session.ended or session.last_seen),
        energy_kwh=session.energy_wh / 1000 if session.energy_wh is not None else None,
        peak_kw=session.peak_power_w / 1000 if session.peak_power_w is not None else None,
        end_reason=session.stop_reason or "unknown",
        error_code=str(session.errors[0].get("code")) if session.errors else None,
        session_id=session.id,
    )


def states_of(session: ChargingSession) -> list[StateSpan]:
    """Return what was watched of a session as OCPI states: faulted is out of order, a gap is unknown."""
    name, last = port_name(session), _seconds(session.ended or session.last_seen)
    spans = [
        StateSpan(name, p.start.timestamp(), _seconds(p.end) or last, _ocpi(p.phase))
        for p in session.phases
        if (p.end or last) is not None
    ]
    return spans + [StateSpan(name, g.start.timestamp(), g.end.timestamp(), "UNKNOWN") for g in session.gaps]


def _ocpi(phase: str) -> str:
    return {"FAULTED": "OUTOFORDER", "UNAVAILABLE": "INOPERATIVE", "UNKNOWN": "UNKNOWN"}.get(phase, "CHARGING")


def _authorised(session: ChargingSession, waits: list[datetime]) -> float | None:
    """Return when authorisation was given: the end of waiting for it."""
    ends = [p.end for p in session.phases if p.phase == "AUTHORISING" and p.end is not None]
    return ends[-1].timestamp() if waits and ends else None


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
