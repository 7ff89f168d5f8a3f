"""Modbus TCP against a server that does everything wrong: late, doubled, glued, foreign, cut; never a wrong value."""

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from evtech.errors import EvtechError
from evtech.links.link import Table
from evtech.links.tcp import TcpLink

TIMEOUT = 0.06
Parts = list[tuple[float, bytes]]


def adu(transaction: int, unit: int, pdu: bytes, *, length: int | None = None, protocol: int = 0) -> bytes:
    return struct.pack(">HHHB", transaction & 0xFFFF, protocol, length or len(pdu) + 1, unit) + pdu


def truth(pdu: bytes) -> bytes:
    """Return the answer to a read: words that tell their own address."""
    address, count = struct.unpack(">HH", pdu[1:5])
    return struct.pack(f">BB{count}H", 3, 2 * count, *((address + i) * 7 & 0xFFFF for i in range(count)))


FAULTS: dict[str, Callable[[int, int, bytes], Parts]] = {
    "late": lambda t, u, p: [(1.4 * TIMEOUT, adu(t, u, truth(p)))],
    "very late": lambda t, u, p: [(2.3 * TIMEOUT, adu(t, u, truth(p)))],
    "doubled": lambda t, u, p: [(0, adu(t, u, truth(p))), (0.02, adu(t, u, truth(p)))],
    "late refusal": lambda t, u, p: [(1.2 * TIMEOUT, adu(t, u, b"\x83\x02"))],
    "another's answer glued in front": lambda t, u, p: [(0, adu(t - 1, u, b"\x03\x02\xde\xad") + adu(t, u, truth(p)))],
    "an answer to the next transaction": lambda t, u, p: [(0, adu(t + 1, u, b"\x03\x04\xde\xad\xbe\xef"))],
    "transaction 0": lambda t, u, p: [(0, adu(0, u, truth(p)))],
    "another protocol": lambda t, u, p: [(0, adu(t, u, truth(p), protocol=1))],
    "another unit": lambda t, u, p: [(0, adu(t, u + 1, truth(p)))],
    "another function": lambda t, u, p: [(0, adu(t, u, b"\x04" + truth(p)[1:]))],
    "length too short": lambda t, u, p: [(0, adu(t, u, truth(p), length=len(truth(p)) - 1))],
    "length too long": lambda t, u, p: [(0, adu(t, u, truth(p), length=len(truth(p)) + 9))],
    "length zero": lambda t, u, p: [(0, adu(t, u, truth(p), length=65535))],
    "cut": lambda t, u, p: [(0, adu(t, u, truth(p))[:-1])],
    "split over the timeout": lambda t, u, p: [(0, adu(t, u, truth(p))[:9]), (1.3 * TIMEOUT, adu(t, u, truth(p))[9:])],
    "one register fewer": lambda t, u, p: [(0, adu(t, u, b"\x03\x02\x12\x34"))],
    "noise in front": lambda t, u, p: [(0, b"\x00\xff" + adu(t, u, truth(p)))],
    "a request instead": lambda t, u, p: [(0, adu(t, u, p))],
}


class Server:
    """Answers by a script; each connection keeps its own order of things that go wrong."""

    def __init__(self) -> None:
        self.script: Callable[[int, int, bytes], Parts] = lambda t, u, p: [(0, adu(t, u, truth(p)))]
        self._tasks: set[asyncio.Task[None]] = set()
        self._talks: list[tuple[asyncio.Task[None] | None, asyncio.StreamWriter]] = []

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        for talk, writer in self._talks:
            writer.transport.abort()
            if talk is not None:
                await talk

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.append((asyncio.current_task(), writer))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                transaction, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                pdu = await reader.readexactly(length - 1)
                for delay, part in self.script(transaction, unit, pdu):
                    task = asyncio.ensure_future(self._send(writer, delay, part))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter, delay: float, part: bytes) -> None:
        await asyncio.sleep(delay)
        if not writer.is_closing():
            writer.write(part)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, TcpLink]]:
    made = Server()
    listening = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    link = TcpLink("127.0.0.1", listening.sockets[0].getsockname()[1], timeout=TIMEOUT)
    await link.open()
    yield made, link
    await link.close()
    listening.close()
    await made.stop()


async def read_many(link: TcpLink, addresses: list[int]) -> int:
    """Read two words at each address, opening again what was lost; return how many came. A wrong one fails."""
    right = 0
    for address in addresses:
        try:
            if not link.is_open:
                await link.open()
            answer = await link.read(1, Table.HOLDING, address, 2)
        except EvtechError:
            continue
        assert answer.words == (address * 7 & 0xFFFF, (address + 1) * 7 & 0xFFFF)
        right += 1
    return right


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_gives_no_wrong_value(server: tuple[Server, TcpLink], fault: str) -> None:
    made, link = server
    left = [FAULTS[fault]]
    made.script = lambda t, u, p: left.pop()(t, u, p) if left else [(0.002, adu(t, u, truth(p)))]

    assert await read_many(link, [10, 20, 30, 40, 50, 60]) >= 3


@pytest.mark.parametrize("seed", range(6))
async def test_many_faults_give_no_wrong_value(server: tuple[Server, TcpLink], seed: int) -> None:
    made, link = server
    chance = random.Random(seed)
    kinds = list(FAULTS.values())

    def script(transaction: int, unit: int, pdu: bytes) -> Parts:
        if chance.random() < 0.5:
            return [(chance.uniform(0, 0.02), adu(transaction, unit, truth(pdu)))]
        return chance.choice(kinds)(transaction, unit, pdu)

    made.script = script

    assert await read_many(link, [chance.randrange(9000) for _ in range(40)]) > 0
