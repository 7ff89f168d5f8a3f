"""Runs routines in tests: over a recording, or live on a simulation whose clock does not wait."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from evtech.devices.control import AuditRow, Control
from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.diagnostics.bench import Bench, Live
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import RoutineResult
from evtech.diagnostics.routines import find_routines
from evtech.diagnostics.runner import run_routines
from evtech.diagnostics.trace import Trace
from evtech.links.link import Answer, Table
from evtech.simulator.in_process import InProcessLink
from evtech.simulator.scenario import Scenario
from evtech.simulator.simulation import Simulation


class FakeClock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.at: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.time

    def utc(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        for moment, act in [entry for entry in self.at if entry[0] <= self.time]:
            self.at.remove((moment, act))
            act()
        await asyncio.sleep(0)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        self.at.append((self.time + seconds, act))


class ClockedLink(InProcessLink):
    """A simulated device whose answers bear the fake clock's time; it notes every write."""

    def __init__(self, simulation: Simulation, clock: FakeClock) -> None:
        super().__init__(simulation)
        self._clock = clock
        self.writes: list[tuple[float, int, tuple[int, ...]]] = []
        self.ignores_writes = False
        self.watchdog_s: float | None = None
        self.written = asyncio.Event()

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        written = self.writes[-1][0] if self.writes else self._clock.now()
        if self.watchdog_s and self._clock.now() - written > self.watchdog_s:
            self.simulation.behaviour.charger.limit_a = 6.0
        answer = await super().read(unit_id, table, address, count, spare=spare)
        return Answer(answer.words, self._clock.now(), self._clock.now())

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        if self.ignores_writes and self.writes_allowed:
            self.writes.append((self._clock.now(), address, words))
            return
        await super().write(unit_id, table, address, words)
        self.written.set()
        self.writes.append((self._clock.now(), address, words))


class Rig:
    """A simulated charger with a vehicle that charges, and a bench on it."""

    def __init__(
        self,
        profile: str = "heidelberg-energy-control",
        *,
        armed: bool = False,
        facts: Facts | None = None,
        answers: Mapping[str, float | str] | None = None,
        vehicle: Mapping[str, Any] | None = None,
        settle: float = 60.0,
        quick_s: float | None = None,
    ) -> None:
        self.clock = FakeClock()
        scenario = Scenario(name="test", charger={"rated_current_a": 16.0}, vehicle={"soc": 0.3, **(vehicle or {})})
        self.simulation = Simulation(Library().find(profile), scenario=scenario, clock=self.clock.now)
        self.link = ClockedLink(self.simulation, self.clock)
        self.device = Device(self.simulation.profile, self.link)
        self.rows: list[AuditRow] = []
        self.control = Control(self.device, self.rows.append, clock=self.clock.now, sleep=self.clock.sleep)
        if armed:
            self.control.arm("A. Novak")
        self.cancel = asyncio.Event()
        self.answers = dict(answers or {})
        self.bench = Bench(
            live=Live(self.device, self.clock, 1.0), device=self.device, control=self.control if armed else None,
            facts=facts, ask=self._ask, clock=self.clock, cancel=self.cancel, quick_s=quick_s,
        )  # fmt: skip
        self.simulation.behaviour.vehicle.connected = True
        self.clock.time += settle
        self.simulation.advance()

    async def _ask(self, question: Any) -> float | str | None:
        return self.answers.get(question.name)

    @property
    def limit(self) -> float:
        return self.simulation.behaviour.charger.limit_a

    async def run(self, *names: str) -> tuple[RoutineResult, ...]:
        await self.link.open()
        return await run_routines(find_routines(names), self.bench)


def over(name: str, trace: Trace, facts: Facts | None = None, profile: str | None = None) -> RoutineResult:
    """Return one routine's result over a recording."""
    bench = Bench(trace=trace, facts=facts, profile=Library().find(profile) if profile else None)
    return asyncio.run(run_routines(find_routines([name]), bench))[0]
