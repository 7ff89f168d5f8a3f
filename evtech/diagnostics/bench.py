"""Where a routine works: a recording, or a live charger being polled; with answers, arming, a clock and a stop.

Everything is handed in, so that a routine of an hour runs in a test in a moment.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from evtech.devices.control import Control, Outcome
from evtech.devices.device import Device
from evtech.devices.profile import Profile
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.live import trace_of
from evtech.diagnostics.routine import Progress, Question, RoutineResult, StepResult, Verdict
from evtech.diagnostics.trace import Trace
from evtech.errors import EvtechError
from evtech.links.address import LinkAddress
from evtech.links.link import ModbusLink
from evtech.links.opening import make_link
from evtech.measure.sample import Reading

SLICE_S = 0.2  # the longest wait in one piece: a stop is seen within half a second
LOST_POLLS = 3  # polls in a row without an answer after which a routine gives up
WRITE_GAP_S = 5.0  # between two changes of a set point
REFRESH_S = 10.0  # a charger's watchdog is fed while a value of ours is in force


class Cancelled(Exception):
    """The person stopped the run; raised between two transactions."""


class Clock(Protocol):
    """Time as a routine sees it."""

    def now(self) -> float:
        """Return a monotonic time (s)."""

    def utc(self) -> datetime:
        """Return the present moment in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class RealClock:
    """The machine's time."""

    def now(self) -> float:
        """Return a monotonic time (s)."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


Answer = float | str
Asker = Callable[[Question], Awaitable[Answer | None]]
Watched = Callable[[Reading], bool]


async def _nobody(question: Question) -> Answer | None:
    return None


@asynccontextmanager
async def _at_once() -> AsyncIterator[None]:
    yield


class Live:
    """Readings of a live charger: polled here, or fed by a monitor that runs anyway (``feed`` is its consumer)."""

    def __init__(self, device: Device, clock: Clock, interval: float = 1.0, *, fed: bool = False) -> None:
        self.interval = interval
        self._device, self._clock, self._fed = device, clock, fed
        self._readings: list[Reading] = []
        self._due = clock.now()
        self._failed = 0

    def feed(self, reading: Reading) -> None:
        """Take a reading of the monitor."""
        self._readings.append(reading)

    @property
    def readings(self) -> Sequence[Reading]:
        """Return what has been read so far."""
        return self._readings

    async def next(self, pause: Callable[[float], Awaitable[None]]) -> Reading | None:
        """Return the next reading, ``None`` for a poll without an answer; ``pause`` waits and may stop the run.

        Raises what the link raises after three polls in a row without an answer.
        """
        if self._fed:
            return await self._fed_next(pause)
        await pause(max(0.0, self._due - self._clock.now()))
        self._due = max(self._due + self.interval, self._clock.now())
        try:
            if not self._device.link.is_open:
                await self._device.link.open()
            reading = await self._device.read_all()
        except EvtechError:
            self._failed += 1
            if self._failed >= LOST_POLLS:
                self._failed = 0
                raise
            return None
        self._failed = 0
        self._readings.append(reading)
        return reading

    async def _fed_next(self, pause: Callable[[float], Awaitable[None]]) -> Reading | None:
        count, end = len(self._readings), self._clock.now() + LOST_POLLS * max(self.interval, 1.0)
        while len(self._readings) == count:
            if self._clock.now() >= end:
                raise EvtechError("The charger gave no reading for three polls.", "Look at the link; then run again.")
            await pause(SLICE_S)
        return self._readings[-1]


class Bench:
    """Everything a routine may use. Made once for a run; used on one asyncio loop."""

    def __init__(
        self,
        *,
        trace: Trace | None = None,
        live: Live | None = None,
        facts: Facts | None = None,
        profile: Profile | None = None,
        device: Device | None = None,
        link: ModbusLink | None = None,
        address: LinkAddress | None = None,
        open_link: Callable[[LinkAddress], ModbusLink] = make_link,
        exclusive: Callable[[], AbstractAsyncContextManager[None]] = _at_once,
        control: Control | None = None,
        ask: Asker = _nobody,
        report: Callable[[Progress], None] = lambda progress: None,
        clock: Clock | None = None,
        cancel: asyncio.Event | None = None,
        quick_s: float | None = None,
    ) -> None:
        self.facts = facts or Facts()
        self.profile = profile or (device.profile if device else None)
        self.device, self.live, self.control = device, live, control
        self.link = link or (device.link if device else None)
        self.address, self.open_link, self.exclusive = address, open_link, exclusive
        self.clock: Clock = clock or RealClock()
        self.cancel = cancel or asyncio.Event()
        self.quick_s = quick_s
        self.own_writes: list[float] = []  # when something was written from here (s, as the samples count)
        self.begin("")
        self._trace, self._ask, self._report = trace, ask, report
        self._evidence: tuple[int, Evidence] | None = None
        self._fed_at = self.clock.now()

    def begin(self, routine: str) -> None:
        """Start a routine's record: its steps, measured values and named faults."""
        self.routine = routine
        self.steps: list[StepResult] = []
        self.measured: dict[str, Any] = {}
        self.faults: dict[str, str | None] = {}
        self.contradicts: list[str] = []
        self.favours: list[tuple[str, str]] = []
        self.abort_when: Callable[[Reading], str | None] = lambda reading: None
        self._written_at: float | None = None

    def step(
        self,
        name: str,
        verdict: Verdict,
        reason: str,
        *,
        expected: str = "",
        measured: str = "",
        at: float | None = None,
    ) -> StepResult:
        """Record one step and report it; it is kept whatever happens later."""
        step = StepResult(name, verdict, reason, expected, measured, at)
        self.steps.append(step)
        self.tell(f"{name}: {reason}", None, step)
        return step

    def result(self, verdict: Verdict, reason: str) -> RoutineResult:
        """Return the record as the routine's result."""
        measured = {name: plain(value) for name, value in self.measured.items()}
        return RoutineResult(
            self.routine, verdict, reason, measured, tuple(self.steps), dict(self.faults), tuple(self.contradicts),
            tuple(self.favours),
        )  # fmt: skip

    @property
    def is_live(self) -> bool:
        """Tell whether a charger is being watched; a recording cannot be asked for more."""
        return self.live is not None

    @property
    def routine_may_probe(self) -> bool:
        """Tell whether the link itself may be asked: not beside a recording."""
        return self._trace is None

    @property
    def is_armed(self) -> bool:
        """Tell whether writing is possible now."""
        return self.control is not None and self.control.is_armed

    def evidence(self) -> Evidence | None:
        """Return what has been recorded or watched so far with its signals; ``None`` before the first sample."""
        if self._trace is not None:
            if self._evidence is None:
                self._evidence = (len(self._trace), Evidence(self._trace, self.facts))
            return self._evidence[1]
        if self.live is None or not self.live.readings:
            return None
        count = len(self.live.readings)
        if self._evidence is None or self._evidence[0] != count:
            self._evidence = (count, Evidence(trace_of(self.live.readings), self.facts))
        return self._evidence[1]

    async def watch(
        self,
        seconds: float,
        until: Watched = lambda reading: False,
        text: str = "Watching",
        *,
        refresh_s: float | None = REFRESH_S,
    ) -> bool:
        """Watch a live charger for some time or until a reading is as wished; return whether one was.

        On a recording nothing is waited for and the answer is ``False``. ``quick_s`` of the bench shortens what
        only reads. A value that was written is refreshed meanwhile every ``refresh_s`` (``None``: left alone).
        """
        if self.live is None:
            return False
        begin = self.clock.now()
        shortened = self.quick_s is not None and self._written_at is None
        long = min(seconds, self.quick_s) if shortened and self.quick_s is not None else seconds
        while self.clock.now() - begin < long:
            reading = await self.live.next(self.pause)
            if refresh_s is not None:
                await self._keep_alive(refresh_s)
            if reading is None:
                continue
            danger = self.abort_when(reading)
            if danger is not None:
                raise EvtechError(f"Stopped for safety: {danger}.")
            self.tell(text, min(1.0, (self.clock.now() - begin) / long))
            if until(reading):
                return True
        return False

    async def pause(self, seconds: float) -> None:
        """Wait; raise ``Cancelled`` within half a second of a stop."""
        end = self.clock.now() + seconds
        while True:
            if self.cancel.is_set():
                raise Cancelled
            left = end - self.clock.now()
            if left <= 0:
                return
            await self.clock.sleep(min(left, SLICE_S))

    async def ask(self, question: Question) -> Answer | None:
        """Return a person's answer, ``None`` where it is skipped; a facts file is asked first."""
        told = self.facts.answers.get(question.name, self.facts.registers.get(question.name))
        if isinstance(told, bool):
            return "yes" if told else "no"
        if isinstance(told, int | float | str):
            return told
        self.tell(question.text, None)
        waiting = asyncio.ensure_future(self._ask(question))
        stop = asyncio.ensure_future(self.cancel.wait())
        try:
            await asyncio.wait({waiting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise Cancelled
            return waiting.result()
        finally:
            waiting.cancel()
            stop.cancel()

    async def write(self, point: str, value: float, reason: str) -> Outcome:
        """Write one bounded value by armed control, for this routine; it is put back at the end of the run.

        Raises as ``Control.write``.
        """
        spent = WRITE_GAP_S if self._written_at is None else self.clock.now() - self._written_at
        await self.pause(max(0.0, WRITE_GAP_S - spent))
        assert self.control is not None
        self._written_at = self.clock.now()
        self.note_write()
        outcome = await self.control.write(point, value, f"{self.routine}: {reason}")
        self._fed_at = self.clock.now()
        return outcome

    def note_write(self) -> None:
        """Keep the present moment as one of a write from here: what changes next is no stranger's doing."""
        if self.live is not None and self.live.readings:
            self.own_writes.append(self.live.readings[-1].time.timestamp())

    def tell(self, text: str, share: float | None = None, step: StepResult | None = None) -> None:
        """Report where the run stands."""
        self._report(Progress(self.routine, text, share, step))

    async def _keep_alive(self, seconds: float) -> None:
        is_due = self._written_at is not None and self.clock.now() - self._fed_at >= seconds
        if is_due and self.control is not None and self.control.is_armed:
            self._fed_at = self.clock.now()
            await self.control.refresh()


def plain(value: Any) -> Any:
    """Return a measured value as JSON can carry it: rounded numbers, lists, words; a numpy number as Python's."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    number = float(value)
    return round(number, 6) if number == number and abs(number) != float("inf") else None
