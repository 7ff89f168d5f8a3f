"""Everything a technician does at one watched charger: see faults, run routines, arm and write, retest, keep.

One object a connection. The window reads ``watch.outlook``, ``rounds.state`` and ``arming.state`` on its own timer and
starts what a person wants; all coroutines run on the I/O loop.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from evtech.devices.control import Audit, Control
from evtech.devices.device import Device
from evtech.diagnostics.arming import Arming
from evtech.diagnostics.bench import Asker, Bench, Live, RealClock
from evtech.diagnostics.engine import Finding
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.link_window import LinkWindow
from evtech.diagnostics.measurements import measurements
from evtech.diagnostics.record import Circumstances, live_result
from evtech.diagnostics.retest import CLOSED, Retest, judge, watch_s
from evtech.diagnostics.rounds import Rounds
from evtech.diagnostics.routine import Progress, Routine, RoutineResult, Verdict
from evtech.diagnostics.routines import ROUTINES, find_routines
from evtech.diagnostics.watch import FaultWatch
from evtech.errors import ArchiveError, InputError
from evtech.events import Event, EventKind, EventListener
from evtech.links.address import LinkAddress
from evtech.links.link import ModbusLink
from evtech.links.opening import make_link
from evtech.measure.sample import Reading
from evtech.store.results import Result

PROOF = "R03"  # without it nobody knows what a written number would mean
Keep = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a desk gets from the workbench that made it."""

    tell: EventListener
    audit: Audit
    keep: Keep  # keeps a result in the archive; blocks until it is on disk
    around: Callable[[], Circumstances]
    exclusive: Callable[[], AbstractAsyncContextManager[None]]
    address: LinkAddress | None = None
    open_link: Callable[[LinkAddress], ModbusLink] = make_link


class Desk:
    """One watched charger. Make it on the I/O loop; ``close`` puts back what was changed."""

    def __init__(self, device: Device, interval: float, given: Surroundings) -> None:
        kind = "rtu" if device.link.byte_time > 0 else "tcp"
        self.watch = FaultWatch(device.profile.id, given.tell, LinkWindow(device.link.statistics, kind).facts)
        self.rounds = Rounds()
        self.arming = Arming(device, given.audit, given.tell, self.dangers)
        self.saved: Result | None = None  # the newest diagnosis that is in the archive
        self._device, self._interval, self._given = device, interval, given
        self._live: Live | None = None
        self._saved_mark: object = None
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self.watch.run()), loop.create_task(self.arming.run())]

    def take(self, reading: Reading) -> None:
        """Take one reading of the monitor."""
        self.watch.take(reading)
        if self._live is not None:
            self._live.feed(reading)

    def dangers(self) -> list[str]:
        """Return the titles of critical problems that stand now."""
        return [p.finding.fault.title for p in self.watch.outlook.standing if p.finding.fault.severity == "critical"]

    def on_event(self, event: Event) -> None:
        """Take an event of the connection; called on the I/O loop."""
        if event.kind in (EventKind.LINK_LOST, EventKind.LINK_RESTORED):
            task = asyncio.get_running_loop().create_task(self.arming.on_event(event))
            self._tasks.append(task)
            task.add_done_callback(self._tasks.remove)

    async def run(self, routines: Sequence[Routine]) -> tuple[RoutineResult, ...]:
        """Run routines beside the monitor, writing parts only while armed; keep the diagnosis afterwards."""
        control = self._own_control(routines)
        try:
            results = await self.rounds.run(routines, lambda *parts: self._bench(control, *parts))
        finally:
            self._live = None
            if control is not None:
                control.disarm()
                self._device.link.writes_allowed = self.arming.state.is_armed
        self.watch.results = self.rounds.state.results
        self.watch.facts = replace(self.watch.facts, answers={**self.watch.facts.answers, **self.rounds.answers})
        await self.save()
        return results

    async def arm(self, technician: str, seconds: float) -> None:
        """Arm for a named person once R03 has proved that values are decoded right; raise ``InputError`` if not."""
        proof = next((r for r in self.rounds.state.results if r.id == PROOF), None)
        if proof is None or proof.verdict is Verdict.SKIPPED:
            (proof,) = await self.run(find_routines([PROOF]))
        if proof.verdict in (Verdict.FAIL, Verdict.SKIPPED):
            raise InputError(
                f"Nothing is armed: {PROOF} does not prove that values are decoded right. {proof.reason}",
                "Choose the profile that fits this product and firmware.",
            )
        await self.arming.arm(technician, seconds)

    async def retest(self, finding: Finding) -> Retest:
        """Look again at what a finding was made of: the routine that named it, and fresh readings."""
        if self.rounds.state.is_running:
            raise InputError(f"{self.rounds.state.routine} is still running.", "Stop it first, or wait for its end.")
        wanted = self._routines_of(finding)
        since = datetime.now(UTC)
        results = await self.run(wanted) if wanted else ()
        left = watch_s(finding) - (datetime.now(UTC) - since).total_seconds()
        await asyncio.sleep(max(left, 0.0))
        evidence = Evidence(self.watch.window.trace(since), self.watch.facts)
        retest = await asyncio.to_thread(judge, finding, evidence, results)
        if retest.verdict == CLOSED:
            self._forget(finding.fault.id)
        self.watch.close(finding.fault.id, retest.as_json())
        for consequence in self._explained(finding):
            self.watch.close(consequence.fault.id, judge(consequence, evidence).as_json())
        details = {"finding": finding.fault.id, "verdict": retest.verdict, "reason": retest.reason}
        self._given.tell(Event(retest.at, EventKind.RETESTED, details))
        await self.save()
        return retest

    async def save(self) -> Result | None:
        """Keep the diagnosis with the visit, unless nothing is new since the last time."""
        outlook, rounds = self.watch.outlook, self.rounds.state
        mark = (
            tuple((p.id, p.count, p.is_standing, p.retest and p.retest["at"]) for p in outlook.standing),
            tuple((p.id, p.count, p.retest and p.retest["at"]) for p in outlook.history),
            tuple((r.id, r.ended) for r in rounds.results),
            outlook.diagnosis.result if outlook.diagnosis else None,
        )
        if mark == self._saved_mark or outlook.diagnosis is None:
            return self.saved
        result = live_result(
            outlook.standing, outlook.history, outlook.diagnosis, rounds.results, self.rounds.answers,
            self._given.around(), self.saved,
        )  # fmt: skip
        await asyncio.to_thread(self._given.keep, result)
        self.saved, self._saved_mark = result, mark
        return result

    async def close(self) -> None:
        """Stop a run, put back what was changed, keep what was found."""
        self.rounds.cancel()
        for _ in range(50):
            if not self.rounds.state.is_running:
                break
            await asyncio.sleep(0.1)
        await self.arming.disarm("the connection is closed")
        if self.watch.outlook.standing or self.watch.outlook.history or self.rounds.state.results:
            with contextlib.suppress(ArchiveError):  # the archive holds it and says so; closing goes on
                await self.save()
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _forget(self, fault: str) -> None:
        """Let what was found before the repair no longer speak: routines' verdicts and measured values."""
        results = self.watch.results
        self.watch.results = tuple(
            replace(r, faults={name: phase for name, phase in r.faults.items() if name != fault}) for r in results
        )
        told = self.watch.facts.answers
        kept = {name: value for name, value in told.items() if not _names(name, value, fault)}
        self.watch.facts = replace(self.watch.facts, answers=kept)
        self.rounds.answers = {name: value for name, value in self.rounds.answers.items() if name in kept}

    def _explained(self, finding: Finding) -> list[Finding]:
        """Return the consequences of a finding that are listed too: they are looked at with it."""
        outlook = self.watch.outlook
        return [p.finding for p in (*outlook.standing, *outlook.history) if p.id in finding.explains]

    def _routines_of(self, finding: Finding) -> list[Routine]:
        """Return the routines that named a fault and may run again: a writing one only while armed."""
        named = {r.id for r in self.rounds.state.results if finding.fault.id in r.faults}
        return [r for r in ROUTINES if r.id in named and (not r.is_writing or self.arming.state.is_armed)]

    def _own_control(self, routines: Sequence[Routine]) -> Control | None:
        """Return a control for the run alone, so that the runner puts back only what the run wrote."""
        if not self.arming.state.is_armed or not any(routine.is_writing for routine in routines):
            return None
        if self.dangers():
            raise InputError(
                f"{', '.join(r.id for r in routines if r.is_writing)} writes, and a danger stands.",
                "Disarm to run its reading part only, or repair first.",
            )
        control = Control(self._device, self._given.audit)
        control.arm(self.arming.state.technician, self.arming.left())
        return control

    def _bench(
        self, control: Control | None, ask: Asker, report: Callable[[Progress], None], cancel: asyncio.Event
    ) -> Bench:
        clock = RealClock()
        self._live = Live(self._device, clock, self._interval, fed=True)
        return Bench(
            live=self._live, device=self._device, facts=self.watch.facts, address=self._given.address,
            open_link=self._given.open_link, exclusive=self._given.exclusive, control=control, ask=ask, report=report,
            clock=clock, cancel=cancel,
        )  # fmt: skip


def _names(answer: str, value: Any, fault: str) -> bool:
    """Tell whether a typed value lies where it names a fault; a value is a number or a word."""
    measurement = measurements().get(answer)
    if measurement is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    band = measurement.band(value)
    return band is not None and band.fault == fault
