"""The acquisition loop tells what it did not see: a silent device, a computer that slept."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from evtech.devices.library import Library
from evtech.measure.sample import Reading
from evtech.monitor.monitor import Monitor, stop
from evtech.store.records import Gap
from tests.fakes import RegisterLink

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Watched:
    """A device that hands out prepared readings (second on the wall, second on the monotonic clock)."""

    def __init__(self, *moments: tuple[float, float]) -> None:
        self.profile = Library().find("keba-kecontact-p30")
        self.link = RegisterLink()
        self._moments = list(moments)

    async def read_all(self) -> Reading:
        if not self._moments:
            await asyncio.Event().wait()
        wall, monotonic = self._moments.pop(0)
        return Reading(START + timedelta(seconds=wall), monotonic, {})


async def gaps_of(device: Watched, polls: int) -> list[Gap]:
    gaps: list[Gap] = []
    seen = asyncio.Semaphore(0)
    monitor = Monitor(
        device,  # type: ignore[arg-type]  # a fake: only link and read_all are used
        0.001,
        consumers=[lambda reading: seen.release()],
        gap_consumers=[gaps.append],
    )
    task = asyncio.ensure_future(monitor.run())
    for _ in range(polls):
        await seen.acquire()
    await stop(task)
    return gaps


async def test_a_sleep_of_the_computer_is_a_gap() -> None:
    gaps = await gaps_of(Watched((0, 0), (1, 1), (3601, 2), (3602, 3)), 4)

    assert gaps == [Gap(START + timedelta(seconds=1), START + timedelta(seconds=3601), "the computer was asleep")]


@pytest.mark.parametrize("second", [2.0, 5.0])
async def test_a_slow_poll_is_no_sleep(second: float) -> None:
    assert await gaps_of(Watched((0, 0), (1, 1), (second, second)), 3) == []
