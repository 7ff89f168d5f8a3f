"""Armed control ends by itself, is put back at every end, and says loudly when that was impossible."""

from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from evtech.devices.control import AuditRow, NotArmedError, left_behind
from evtech.devices.device import Device
from evtech.devices.encoding import encode
from evtech.devices.library import Library
from evtech.diagnostics.arming import Arming, controllable
from evtech.errors import EvtechError, InputError
from evtech.events import Event, EventKind
from tests.fakes import RegisterLink

LOST, BACK = (Event(datetime(2026, 3, 1, tzinfo=UTC), kind) for kind in (EventKind.LINK_LOST, EventKind.LINK_RESTORED))


class Desk:
    """A Heidelberg with its registers in a dict, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.link = RegisterLink()
        profile = Library().find("heidelberg-energy-control")
        for name, value in {"current_limit": 16.0, "hw_max_current": 16, "failsafe_current": 6.0}.items():
            point = profile.points[name]
            self.link.put(1, point.table, point.address, encode(point, value))
        self.rows: list[AuditRow] = []
        self.told: list[Event] = []
        self.dangers: list[str] = []
        self.arming = Arming(
            Device(profile, self.link), self.rows.append, self.told.append, lambda: self.dangers, clock=lambda: self.now
        )

    async def armed(self) -> Arming:
        await self.arming.arm("A. Novak")
        return self.arming

    def limit(self) -> float:
        return self.link.words[1, Library().find("heidelberg-energy-control").points["current_limit"].table][261] / 10


async def test_nothing_is_written_without_arming() -> None:
    desk = Desk()

    with pytest.raises(NotArmedError):
        await desk.arming.write("current_limit", 10)
    await desk.arming.turn()
    await desk.arming.disarm()

    assert desk.link.writes == []
    assert desk.rows == []


async def test_a_write_is_read_back_and_put_back_at_disarm() -> None:
    desk = Desk()
    arming = await desk.armed()

    said = await arming.write("current_limit", 10)
    assert said == "Current limit is 10\u202fA; it was 16\u202fA."
    assert arming.state.held == (("current_limit", 16.0, 10),)
    await arming.disarm()

    assert desk.limit() == 16.0
    assert not arming.state.is_armed
    assert not arming.state.is_loud
    assert [event.details["what"] for event in desk.told] == ["armed", "written", "disarmed"]


async def test_the_time_runs_out_and_everything_is_put_back() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)

    for _ in range(16):
        desk.now += 60
        arming.alive()
        await arming.turn()

    assert not arming.state.is_armed
    assert desk.limit() == 16.0
    assert "time ran out" in arming.state.says


async def test_a_window_that_hangs_lets_go_of_the_charger() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)
    desk.now += 11

    await arming.turn()

    assert not arming.state.is_armed
    assert desk.limit() == 16.0


async def test_the_value_is_repeated_for_the_chargers_watchdog() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)
    before = len(desk.link.writes)
    for _ in range(4):
        desk.now += 5
        arming.alive()
        await arming.turn()

    assert len(desk.link.writes) > before
    assert desk.limit() == 10.0


async def test_a_lost_link_is_said_loudly_and_put_back_when_it_returns() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)

    await arming.on_event(LOST)
    assert arming.state.is_loud
    assert "as soon as it returns" in arming.state.says
    await arming.on_event(BACK)

    assert desk.limit() == 16.0
    assert not arming.state.is_loud
    assert not arming.state.is_armed


async def test_what_cannot_be_put_back_is_said_with_its_value() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)
    desk.link.lost = True

    await arming.disarm()

    assert arming.state.is_loud
    assert arming.state.to_set == (("current_limit", 16.0),)
    assert "Current limit to 16\u202fA" in arming.state.says
    assert desk.told[-1].details["what"] == "not restored"


async def test_with_a_danger_only_reducing_is_written() -> None:
    desk = Desk()
    arming = await desk.armed()
    desk.dangers = ["A contactor pole is welded or stuck"]
    desk.now += 60

    await arming.write("current_limit", 6)
    desk.now += 60
    with pytest.raises(InputError, match="while this stands"):
        await arming.write("current_limit", 12)

    assert desk.limit() == 6.0


async def test_two_changes_need_a_pause_between_them() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)
    desk.now += 1

    with pytest.raises(InputError, match="changed 1 s ago"):
        await arming.write("current_limit", 12)


async def test_a_write_that_fails_halfway_is_put_back_too() -> None:
    desk = Desk()
    arming = await desk.armed()
    original = desk.link.write

    async def breaks(*words: object) -> None:
        await original(*words)  # type: ignore[arg-type]
        desk.link.write = original  # type: ignore[method-assign]
        raise_lost()

    desk.link.write = breaks  # type: ignore[method-assign]
    with pytest.raises(EvtechError):
        await arming.write("current_limit", 10)
    await arming.disarm()

    assert desk.limit() == 16.0


def raise_lost() -> None:
    from evtech.errors import LinkLostError

    raise LinkLostError("test link was lost")


async def test_what_a_crash_left_changed_is_said_at_the_next_visit() -> None:
    desk = Desk()
    arming = await desk.armed()
    await arming.write("current_limit", 10)  # and then the laptop dies
    rows = [asdict(row) for row in desk.rows]

    after = Desk()
    after.arming.remind(rows)
    assert after.arming.state.is_loud
    assert after.arming.state.to_set == (("current_limit", 16.0),)

    await arming.disarm()
    assert left_behind([asdict(row) for row in desk.rows], desk.link.name, "armed control") == []


def test_only_what_may_be_written_is_offered() -> None:
    names = [point.name for point in controllable(Library().find("keba-kecontact-p30"))]

    assert names[:2] == ["current_limit", "enable"]
    assert "failsafe_current_set" not in names
