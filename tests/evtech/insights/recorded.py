"""Sessions recorded from the simulator on a clock of its own, through registers, monitor and archive, as a watch does.

Nothing is handed to the rules but what the archive holds.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.measure.sample import ChargerIdentity
from evtech.monitor.charging_sessions import ChargingSessions
from evtech.simulator.in_process import InProcessLink
from evtech.simulator.scenario import Scenario
from evtech.simulator.simulation import Behaviour, Simulation
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
Happen = list[tuple[float, Callable[[Behaviour], None]]]


def plug(behaviour: Behaviour) -> None:
    behaviour._do_plug_in(0.0)


def unplug(behaviour: Behaviour) -> None:
    behaviour._do_unplug(0.0)


def put(part: str, name: str, value: float) -> Callable[[Behaviour], None]:
    """Return what gives a simulated part a value: put("charger", "dead_l3", 1)."""

    def act(behaviour: Behaviour) -> None:
        setattr(getattr(behaviour, part), name, value)

    return act


async def record(
    archive: Archive, profile: str, seconds: float, happen: Happen, *, scenario: Scenario | None = None,
    every: float = 5.0, start: datetime = START, serial: str = "S1",
) -> list[ChargingSession]:  # fmt: skip
    """Watch a simulated charger for some seconds and return the sessions that ended; they are in the archive."""
    now = [0.0]
    found = Library().find(profile)
    simulation = Simulation(found, scenario=scenario or Scenario(), clock=lambda: now[0])
    simulation.behaviour.clock_now = lambda: (start + timedelta(seconds=now[0])).timestamp()
    link = InProcessLink(simulation)
    device = Device(found, link)
    await link.open()
    who = ChargerIdentity(profile, found.vendor, found.model, serial, "1", "sim")
    visit = archive.start_visit(site="Bench", simulated=True)
    points = [(p.name, p.unit) for p in found.points.values() if p.readable]
    writer = archive.start_recording(visit.id, who, points, every)
    archive.writer.flush()
    archive.import_rows(
        lambda c: c.exec_driver_sql(
            "UPDATE recording SET started = ? WHERE id = ?", (start.timestamp(), writer.recording_id)
        )
    )
    ended: list[ChargingSession] = []

    def end(session: ChargingSession) -> None:
        archive.close_session(session)
        ended.append(session)

    sessions = ChargingSessions(found, who, visit.id, writer.recording_id, simulated=True, on_end=end)
    waiting = sorted(happen, key=lambda pair: pair[0])
    while now[0] < seconds:
        now[0] += every
        simulation.advance()
        while waiting and waiting[0][0] <= now[0]:
            waiting.pop(0)[1](simulation.behaviour)
        reading = await device.read_all()
        reading = replace(reading, time=start + timedelta(seconds=now[0]), monotonic=now[0])
        sessions.take(reading)
        writer.add(reading)
    writer.close()
    return ended
