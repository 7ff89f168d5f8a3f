"""A small archive of two ports over five weeks, made for tests of insights."""

from datetime import UTC, datetime, timedelta

from evtech.events import Event, EventKind
from evtech.measure.sample import ChargerIdentity, Reading, Sample
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, PhaseSpan

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
WEEKS = 5


def fill(archive: Archive) -> None:
    """Port A is taken on Fridays 16 to 19 h, port B fails every third time; both are watched all the time."""
    for port in "AB":
        visit = archive.start_visit(site=f"Yard {port}", simulated=True)
        who = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", port, "3.1", "tcp")
        writer = archive.start_recording(visit.id, who, [("power_total", "W")], 1.0)
        begin, end = MONDAY, MONDAY + timedelta(weeks=WEEKS)
        for moment in (begin, end):
            writer.add(Reading(moment, 0.0, {"power_total": Sample("power_total", 0.0, "W")}))
        archive.writer.flush()
        archive.import_rows(
            lambda c, r=writer.recording_id: c.exec_driver_sql(
                "UPDATE recording SET started = ? WHERE id = ?", (MONDAY.timestamp(), r)
            )
        )
        for day in range(7 * WEEKS):
            start = begin + timedelta(days=day, hours=16)
            hours = 3.0 if port == "A" and start.weekday() == 4 else 0.5
            session = _session(port, day, visit.id, writer.recording_id, who, start, hours)
            archive.close_session(session)
            for at, before, phase in ((start, "A1", "CHARGING"), (session.ended, "C2", "IDLE")):
                assert at is not None
                writer.event(Event(at, EventKind.STATE_CHANGED, {"from": before, "to": "", "phase": phase}))
        writer.close()


def _session(
    port: str, day: int, visit: str, recording: str, who: ChargerIdentity, start: datetime, hours: float
) -> ChargingSession:
    end = start + timedelta(hours=hours)
    failed = port == "B" and day % 3 == 0
    return ChargingSession(
        f"{port}{day:02d}", visit, recording, who, start, end, charging_s=hours * 3600, energy_wh=4000 * hours,
        phases=(PhaseSpan("CHARGING", start, end),), stop_reason="fault" if failed else "driver", simulated=True,
        errors=({"code": "0x40"},) if failed else (), peak_power_w=4200.0,
    )  # fmt: skip
