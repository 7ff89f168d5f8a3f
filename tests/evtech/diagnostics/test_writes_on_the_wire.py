"""What leaves the machine, seen by a real Modbus TCP server that notes every function code."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

import pytest

from evtech.devices.control import AuditRow, Control
from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.diagnostics.bench import Bench, Live
from evtech.diagnostics.routines import ROUTINES, find_routines
from evtech.diagnostics.runner import run_routines
from evtech.links.address import parse_address
from evtech.links.opening import make_link
from evtech.simulator.answering import answer_pdu
from evtech.simulator.scenario import Scenario
from evtech.simulator.simulation import Simulation
from tests.evtech.diagnostics.bad_servers import ALWAYS, BadTcp
from tests.evtech.diagnostics.test_communication import SkippingClock

WRITES = {5, 6, 15, 16, 22, 23}
LIMIT_ADDRESS = 261


class Wire:
    """A simulated charger behind a real socket, whose server can hang up for a while."""

    def __init__(self) -> None:
        self.clock = SkippingClock()
        scenario = Scenario(name="test", charger={"rated_current_a": 16.0}, vehicle={"soc": 0.3})
        profile = Library().find("heidelberg-energy-control")
        self.simulation = Simulation(profile, scenario=scenario, clock=self.clock.now)
        self.simulation.behaviour.vehicle.connected = True
        self.hang_up = 0
        self.on_write = lambda: None
        self.rows: list[AuditRow] = []
        self.cancel = asyncio.Event()

    def habit(self, unit: int, pdu: bytes, _: int) -> bytes:
        if self.hang_up:
            self.hang_up -= 1
            return b""
        answer = answer_pdu(self.simulation, unit, pdu)
        if pdu[0] in WRITES:
            self.on_write()
        return answer

    @contextlib.asynccontextmanager
    async def bench(self, *, armed: bool) -> AsyncIterator[tuple[Bench, BadTcp]]:
        async with BadTcp(self.habit, timeout=ALWAYS) as server:
            address = parse_address(server.address)
            link = make_link(address)
            device = Device(self.simulation.profile, link, 1)
            control = Control(device, self.rows.append, clock=self.clock.now, sleep=self.clock.sleep)
            if armed:
                control.arm("A. Novak")
            await self.clock.sleep(60)
            bench = Bench(
                live=Live(device, self.clock), device=device, address=address, clock=self.clock, cancel=self.cancel,
                control=control if armed else None, quick_s=60,
            )  # fmt: skip
            try:
                yield bench, server
            finally:
                await link.close()

    @property
    def limit(self) -> float:
        return self.simulation.behaviour.charger.limit_a


def written(server: BadTcp) -> list[tuple[int, int, int]]:
    """Return function, address and word of every write that the server saw."""
    found = []
    for _, pdu in server.requests:
        if pdu[0] in WRITES:
            address = struct.unpack(">H", pdu[1:3])[0]
            found.append((pdu[0], address, struct.unpack(">H", pdu[-2:])[0]))
    return found


async def test_unarmed_no_routine_sends_a_write() -> None:
    wire = Wire()
    async with wire.bench(armed=False) as (bench, server):
        results = await run_routines(ROUTINES, bench)

    assert len(results) == 18
    assert len(server.requests) > 300
    assert written(server) == []


async def test_armed_only_the_limit_is_written_within_its_bounds_and_put_back() -> None:
    wire = Wire()
    async with wire.bench(armed=True) as (bench, server):
        await run_routines(find_routines(["R05", "R06"]), bench)

    assert {address for _, address, _ in written(server)} == {LIMIT_ADDRESS}
    assert {word for *_, word in written(server)} <= {0, 60, 100, 160}
    assert written(server)[-1][2] == 160
    assert wire.limit == 16.0
    assert wire.rows[-1].result == "restored"


@pytest.mark.parametrize("routine", ["R05", "R06"])
async def test_a_stop_right_after_a_write_puts_the_old_value_back(routine: str) -> None:
    wire = Wire()
    wire.on_write = wire.cancel.set
    async with wire.bench(armed=True) as (bench, server):
        (result,) = await run_routines(find_routines([routine]), bench)

    assert "stopped by hand" in result.reason
    assert len(written(server)) == 2
    assert wire.limit == 16.0


async def test_a_connection_dropped_after_a_write_is_made_again_to_put_the_old_value_back() -> None:
    wire = Wire()

    def cut() -> None:
        wire.hang_up = 4
        wire.on_write = lambda: None

    wire.on_write = cut
    async with wire.bench(armed=True) as (bench, _):
        (result,) = await run_routines(find_routines(["R06"]), bench)

    assert result.not_restored == ()
    assert wire.limit == 16.0
    assert wire.rows[-1].result == "restored"
