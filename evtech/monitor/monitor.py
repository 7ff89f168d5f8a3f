"""Polls a device at a wanted interval and hands readings to consumers.

Deadlines are absolute, so the interval does not drift; a slow device causes no burst. A device that stays silent or a
link that is lost is a gap, and the same link is opened again with a pause that doubles up to five seconds.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from evtech.devices.device import Device
from evtech.errors import EvtechError
from evtech.events import Event, EventKind, EventListener
from evtech.measure.sample import Reading
from evtech.store.records import Gap

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
ASLEEP_S = 2.0  # s by which UTC must outrun the monotonic clock to be a sleep
_KEPT_INTERVALS = 2000

ReadingConsumer = Callable[[Reading], None]
GapConsumer = Callable[[Gap], None]


@dataclass(slots=True)
class PollStatistics:
    """How the polling went: counts, and the newest intervals between readings (s)."""

    polls: int = 0
    failed: int = 0
    intervals: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_INTERVALS))

    def median(self) -> float | None:
        """Return the median interval (s)."""
        return median(self.intervals) if self.intervals else None

    def p99(self) -> float | None:
        """Return the interval that 99 of 100 do not exceed (s)."""
        ordered = sorted(self.intervals)
        return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] if ordered else None


class Monitor:
    """The acquisition loop of one device; runs on the I/O loop until cancelled."""

    def __init__(
        self,
        device: Device,
        interval: float,
        *,
        consumers: Sequence[ReadingConsumer] = (),
        gap_consumers: Sequence[GapConsumer] = (),
        listeners: Sequence[EventListener] = (),
    ) -> None:
        self.statistics = PollStatistics()
        self.problem: EvtechError | None = None
        self.interval = interval
        self._device = device
        self._consumers = list(consumers)
        self._gap_consumers = list(gap_consumers)
        self._listeners = list(listeners)
        self._last_good: Reading | None = None
        self._gap_since: datetime | None = None
        self._gap_reason = ""

    async def run(self) -> None:
        """Poll until cancelled; what is half read at a cancel is finished first by the link."""
        clock = asyncio.get_running_loop().time
        due = clock()
        pause = FIRST_PAUSE_S
        while True:
            try:
                if not self._device.link.is_open:
                    await self._device.link.open()
                reading = await self._device.read_all()
            except EvtechError as error:
                self._fail(error)
                wait = pause if not self._device.link.is_open else self.interval
                pause = min(2 * pause, LONGEST_PAUSE_S)
                await asyncio.sleep(wait)
                due = clock()
                continue
            pause = FIRST_PAUSE_S
            self._succeed(reading)
            due = max(due + self.interval, clock())  # a slow device must not cause a burst of polls
            await asyncio.sleep(due - clock())

    def _succeed(self, reading: Reading) -> None:
        self.statistics.polls += 1
        if self._last_good is not None and self._gap_since is None:
            self.statistics.intervals.append(reading.monotonic - self._last_good.monotonic)
        self._end_gap(reading.time)
        self._note_sleep(reading)
        self.problem = None
        self._last_good = reading
        for consume in self._consumers:
            consume(reading)

    def _fail(self, error: EvtechError) -> None:
        self.statistics.polls += 1
        self.statistics.failed += 1
        self.problem = error
        if self._gap_since is None:
            self._gap_since = self._last_good.time if self._last_good else datetime.now(UTC)
            self._gap_reason = str(error)
            self._tell(Event(datetime.now(UTC), EventKind.LINK_LOST, {"reason": str(error), "hint": error.hint}))

    def _note_sleep(self, reading: Reading) -> None:
        """Tell a gap where the computer slept between two readings: its own clock stood still meanwhile."""
        last = self._last_good
        if last is None:
            return
        seconds = (reading.time - last.time).total_seconds()
        if seconds > reading.monotonic - last.monotonic + ASLEEP_S:
            gap = Gap(last.time, reading.time, "the computer was asleep")
            for consume in self._gap_consumers:
                consume(gap)

    def _end_gap(self, now: datetime) -> None:
        if self._gap_since is None:
            return
        gap = Gap(self._gap_since, now, self._gap_reason)
        self._gap_since = None
        self._tell(Event(now, EventKind.LINK_RESTORED, {"seconds": (gap.end - gap.start).total_seconds()}))
        if self._last_good is not None:
            for consume in self._gap_consumers:
                consume(gap)

    def skip(self, gap: Gap) -> None:
        """Take note of a stretch in which nobody polled on purpose; it counts as no interval between readings."""
        self._last_good = None
        for consume in self._gap_consumers:
            consume(gap)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def open_gap(self) -> Gap | None:
        """Return the gap that stands now, for a summary at the end."""
        if self._gap_since is None or self._last_good is None:
            return None
        return Gap(self._gap_since, datetime.now(UTC), self._gap_reason)


async def stop(task: "asyncio.Task[None]") -> None:
    """Cancel a running monitor and wait until it has let go of the link."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
