"""A search tells what answers, how surely and under which link; on loopback and on a pty only."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evtech.devices.library import Library
from evtech.devices.search import Found, Search
from evtech.errors import CannotConnectError
from evtech.links.targets import Target, parse_target
from evtech.simulator.server import SerialServer, TcpServer
from evtech.simulator.simulation import Simulation

LIBRARY = Library()


async def all_of(hits: AsyncIterator[Found]) -> list[Found]:
    return [found async for found in hits]


@pytest.fixture
async def keba() -> AsyncIterator[int]:
    server = TcpServer(Simulation(LIBRARY.find("keba-kecontact-p30")))
    await server.start("127.0.0.1", 0)
    yield int(server.address.rpartition(":")[2].partition("?")[0])
    await server.close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_charger_is_found_with_its_unit_and_told_once(keba: int) -> None:
    search = Search(LIBRARY, timeout=2)

    found = await all_of(search.network(Target(("127.0.0.1",), (closed_port(), keba))))

    assert [(f.link, f.profile.id if f.profile else None) for f in found] == [
        (f"tcp://127.0.0.1:{keba}?unit=255", "keba-kecontact-p30")
    ]
    assert found[0].confidence > 0.9
    assert found[0].evidence == "product_code = 314211"
    assert search.probed == 2


async def test_only_the_named_units_are_asked(keba: int) -> None:
    search = Search(LIBRARY, timeout=0.2)

    assert await all_of(search.network(parse_target(f"127.0.0.1:{keba}"), [7])) == []


async def test_what_is_no_modbus_is_no_hit() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        done.release()

    done = asyncio.Semaphore(0)
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    assert await all_of(Search(LIBRARY, timeout=0.2).network(Target(("127.0.0.1",), (port,)))) == []
    for _ in range(2):  # the knock and the question
        await done.acquire()
    server.close()


async def test_a_port_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotConnectError, match="There is no port"):
        await all_of(Search(LIBRARY, timeout=0.1).serial(str(tmp_path / "none")))


@pytest.mark.skipif(os.name == "nt", reason="there is no pty on Windows")
async def test_the_first_settings_that_answer_are_the_line(tmp_path: Path) -> None:
    line = SerialServer(Simulation(LIBRARY.find("eastron-sdm630")))
    path = f"{tmp_path}/meter"
    await line.start(path)

    found = await all_of(Search(LIBRARY, timeout=0.1).serial(path, [1, 2]))

    await line.close()
    assert [f.link for f in found] == [f"rtu://{path}?baud=9600&parity=N&stopbits=1&unit=1"]
    assert found[0].profile is not None
    assert found[0].profile.id == "eastron-sdm630"
