"""A scenario run through the simulator on a clock of its own, read through a product's registers, and diagnosed."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.live import trace_of
from evtech.diagnostics.trace import Trace
from evtech.errors import BadAnswerError, EvtechError, LinkError, NoAnswerError, RefusedError
from evtech.links.link import Table
from evtech.measure.sample import Reading
from evtech.simulator.in_process import InProcessLink
from evtech.simulator.scenario import Scenario, find_scenario
from evtech.simulator.simulation import Simulation

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
KINDS = {NoAnswerError: "timeout_pct", BadAnswerError: "crc_pct", RefusedError: "exception_pct"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Lesson:
    """Watches one simulated product and keeps what a tool would: readings, and the fate of each request."""

    def __init__(self, name: str, profile: str) -> None:
        self.scenario: Scenario = find_scenario(name)
        self.clock = Clock()
        self.simulation = Simulation(Library().find(profile), scenario=self.scenario, clock=self.clock)
        self.link = InProcessLink(self.simulation)
        self.device = Device(self.simulation.profile, self.link)
        self.readings: list[Reading] = []
        self.fates: list[tuple[float, str, str]] = []  # moment, condition, what became of the request
        self.connected = True

    async def watch(self) -> None:
        lesson = self.scenario.lesson
        await self.link.open()
        while self.clock.now < lesson.after:
            self.clock.now += lesson.every
            await self._probe()
            try:
                reading = await self.device.read_all()
            except LinkError:
                self.connected = False
                break
            except EvtechError:
                continue
            self.readings.append(replace(reading, time=START + timedelta(seconds=self.clock.now)))

    async def _probe(self) -> None:
        """Send one plain request, as a health check does, and note what becomes of it."""
        flowing = max(self.simulation.behaviour.meter.currents) > 1
        fate = "ok_pct"
        point = next(p for p in self.simulation.profile.points.values() if p.readable and not p.alone)
        try:
            await self.link.read(self.simulation.profile.unit_id, Table(point.table), point.address, point.count)
        except (NoAnswerError, BadAnswerError, RefusedError) as error:
            fate = KINDS[type(error)]
        except LinkError:
            return
        self.fates.append((self.clock.now, "charging" if flowing else "idle", fate))

    def facts(self) -> Facts:
        serial = "modbus-rtu" in self.simulation.profile.protocols
        link: dict[str, Any] = {"kind": "rtu" if serial else "tcp", "outcomes": self._outcomes()}
        if not self.connected:
            link["connected"] = False
        if self._burst_period() is not None:
            link["burst_period_s"] = self._burst_period()
        return Facts(link=link, registers=dict(self.scenario.lesson.registers))

    def _outcomes(self) -> list[dict[str, Any]]:
        by_condition: dict[str, list[str]] = defaultdict(list)
        for _, condition, fate in self.fates:
            by_condition[condition].append(fate)
        rows = [
            {"condition": condition, "unit": 1, "registers": 1, "requests": len(fates),
             **{key: 100 * fates.count(key) / len(fates) for key in ("ok_pct", *KINDS.values())}}
            for condition, fates in by_condition.items()
        ]  # fmt: skip
        if self.scenario.line.get("doubled"):
            rows.append({"condition": "idle", "unit": 2, "registers": 1, "requests": 100, "ok_pct": 100, "crc_pct": 0})
        return rows

    def _burst_period(self) -> float | None:
        """Return the period of failures that come in a rhythm, ``None`` where they do not."""
        failed = [at for at, _, fate in self.fates if fate != "ok_pct"]
        begins = [b for a, b in zip([-99.0, *failed], failed, strict=False) if b - a > 3]
        gaps = np.diff(begins)
        if len(gaps) < 4 or float(np.std(gaps)) > 0.15 * float(np.mean(gaps)):
            return None
        return float(np.median(gaps))

    def diagnosis(self) -> Diagnosis:
        trace = trace_of(self.readings) if self.readings else Trace(np.array([START.timestamp()]), {})
        return diagnose(Evidence(trace, self.facts()), self.simulation.profile.id)
