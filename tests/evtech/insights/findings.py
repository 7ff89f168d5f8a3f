"""An archive with a session and findings of it, put there by hand."""

from datetime import UTC, datetime, timedelta

from evtech.insights.anomalies import Anomaly, Evidence
from evtech.insights.finding_words import finding_text, finding_todo
from evtech.insights.kept_findings import result_of
from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, PhaseSpan

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
WHO = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "A", "3.1", "tcp")
PORT = "KEBA P30 A"


def finding(said: str, severity: str, session_id: str | None, after: float = 60.0, **figures: float | str) -> Anomaly:
    """Return a finding of a session, some seconds after its start."""
    at = START.timestamp() + after
    told = {"value": 9.0, "limit": 5.0, **figures}
    return Anomaly(
        said, severity, PORT, at, at + 30, 9.0, 5.0, finding_text(said, told), finding_todo(said), session_id,
        evidence=(Evidence(at, "current_l1", 16.0), Evidence(at + 30, "current_l1", 0.1)), said=said, figures=told,
    )  # fmt: skip


def fill(archive: Archive) -> tuple[ChargingSession, list[Anomaly]]:
    """Keep a session of an hour with a critical, a warning and a notice."""
    visit = archive.start_visit(site="Yard", technician="N. Kim")
    writer = archive.start_recording(visit.id, WHO, [("power_total", "W")], 1.0)
    end = START + timedelta(hours=1)
    session = ChargingSession(
        "s-1", visit.id, writer.recording_id, WHO, START, end, charging_s=3600.0, energy_wh=4000.0,
        energy_source="register_difference", register_point="energy_total", register_start_wh=1000.0,
        register_end_wh=5000.0, phases=(PhaseSpan("CHARGING", START, end),), stop_reason="driver",
    )  # fmt: skip
    archive.close_session(session)
    found = [
        finding("creep", "critical", "s-1", 600, lasted=10.0, watts=54.0),
        finding("clock", "warning", "s-1"),
        finding("gap", "info", "s-1", 1200, n=1.0, share=1.0),
    ]
    archive.add_result(result_of(found, session=session))
    return session, found
