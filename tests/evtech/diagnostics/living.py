"""A simulated charger on a clock of its own, watched by the live diagnosis; no socket, no waiting."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.diagnostics.watch import FaultWatch
from evtech.events import Event
from evtech.simulator.in_process import InProcessLink
from evtech.simulator.simulation import Simulation

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Living:
    """``go(seconds)`` lets time pass with a reading and a look a second; ``behaviour`` is what can be broken."""

    def __init__(self, profile: str = "keba-kecontact-p30", scenario: str = "default") -> None:
        self.now = 0.0
        found = Library().find(profile)
        self.link = InProcessLink(Simulation(found, scenario=scenario, clock=lambda: self.now))
        self.behaviour = self.link.simulation.behaviour
        self.device = Device(found, self.link)
        self.events: list[Event] = []
        self.watch = FaultWatch(profile, self.events.append)

    async def go(self, seconds: int, look: Callable[[int], bool] = lambda second: True) -> None:
        await self.link.open()
        for _ in range(seconds):
            self.now += 1
            read = await self.device.read_all()
            self.watch.take(replace(read, time=START + timedelta(seconds=self.now), monotonic=self.now))
            if look(int(self.now)):
                await self.watch.look()

    def told(self) -> list[tuple[str, str]]:
        return [(event.kind.value, event.details["finding"]) for event in self.events]
