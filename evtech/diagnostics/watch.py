"""Diagnoses a live charger beside the monitor: once a second the engine looks at the newest window.

The pass runs on a worker thread, so it delays neither the poll nor the window. Findings raised and cleared are told
as events, which the archive keeps.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.named import with_routines
from evtech.diagnostics.problems import Problem, Problems
from evtech.diagnostics.routine import RoutineResult
from evtech.diagnostics.window import Window
from evtech.events import Event, EventListener
from evtech.measure.sample import Reading

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known after a pass: the engine's answer, problems that stand, problems that were, when (s since 1970)."""

    diagnosis: Diagnosis | None = None
    standing: tuple[Problem, ...] = ()
    history: tuple[Problem, ...] = ()
    at: float | None = None
    readings: int = 0
    took_s: float = 0.0


class FaultWatch:
    """Takes readings at once, looks at them once a second; ``outlook`` may be read from any thread."""

    def __init__(
        self,
        profile: str,
        tell: EventListener = lambda event: None,
        link_facts: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.outlook = Outlook()
        self.window = Window()
        self.facts = Facts()  # replaced when a technician answers something
        self.results: tuple[RoutineResult, ...] = ()  # of the routines that were run; replaced, not changed
        self._profile, self._tell, self._link_facts = profile, tell, link_facts
        self._problems = Problems()
        self._is_fresh = False
        self._rests = False

    def rest(self) -> None:
        """Look no more: the time of a simulated charger runs faster than ours, so that energy and power disagree."""
        self._rests = True
        self._problems, self.outlook = Problems(), Outlook()

    def take(self, reading: Reading) -> None:
        """Take one reading; called on the I/O loop."""
        if self._rests:
            return
        self.window.add(reading)
        self._is_fresh = True

    async def run(self, every_s: float = EVERY_S, clock: Callable[[], float] = time.perf_counter) -> None:
        """Look again and again until cancelled; runs on the I/O loop, the passes on a worker thread."""
        while True:
            await asyncio.sleep(every_s)
            await self.look(clock)

    async def look(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Make one pass, unless nothing has come since the last one."""
        if not self._is_fresh or self._rests:
            return
        self._is_fresh = False
        begun = clock()
        diagnosis, evidence, events = await asyncio.to_thread(self._evaluate)
        if self._rests:  # it was told to while it looked
            return
        self._publish(diagnosis, evidence, clock() - begun)
        for event in events:
            self._tell(event)

    def _evaluate(self) -> tuple[Diagnosis, Evidence, list[Event]]:
        evidence = Evidence(self.window.trace(), replace(self.facts, link=self._link_facts()))
        named = partial(with_routines, evidence=evidence, results=self.results, asked=True)
        diagnosis = diagnose(evidence, self._profile, named)
        return diagnosis, evidence, self._problems.take(diagnosis, evidence)

    def close(self, name: str, retest: dict[str, object]) -> None:
        """Keep the proof of a retest with a problem; called on the I/O loop."""
        self._problems.close(name, retest)
        now = self.outlook
        self.outlook = Outlook(
            now.diagnosis, self._problems.standing, self._problems.history, now.at, now.readings, now.took_s
        )

    def _publish(self, diagnosis: Diagnosis, evidence: Evidence, took_s: float) -> None:
        at = float(evidence.trace.times[-1]) if len(evidence.trace) else None
        self.outlook = Outlook(
            diagnosis, self._problems.standing, self._problems.history, at, len(evidence.trace), took_s
        )
