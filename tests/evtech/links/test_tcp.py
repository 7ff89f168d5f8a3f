"""Modbus TCP: an answer that is not ours never becomes a value."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from evtech.errors import BadAnswerError, CannotConnectError, LinkLostError, NoAnswerError, RefusedError
from evtech.links.link import Table
from evtech.links.tcp import TcpLink

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def words_pdu(*words: int) -> bytes:
    return struct.pack(f">BB{len(words)}H", 3, 2 * len(words), *words)


class Peer:
    """A server that answers each request with what ``reply`` makes of (transaction, unit, pdu)."""

    def __init__(self) -> None:
        self.reply: Callable[[int, int, bytes], list[bytes]] = lambda t, u, p: [
            frame(t, u, words_pdu(*range(p[3] << 8 | p[4])))
        ]
        self.close_on_request = False
        self.requests: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(7)
                transaction, _, length, unit = struct.unpack(">HHHB", head)
                pdu = await reader.readexactly(length - 1)
                self.requests.append(pdu)
                if self.close_on_request:
                    break
                for part in self.reply(transaction, unit, pdu):
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    server = Peer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def link(peer: Peer) -> AsyncIterator[TcpLink]:
    made = TcpLink("127.0.0.1", peer.port, timeout=0.15)
    await made.open()
    yield made
    await made.close()


async def test_words_come_as_they_were_sent(link: TcpLink) -> None:
    answer = await link.read(1, Table.HOLDING, 100, 3)

    assert answer.words == (0, 1, 2)
    assert answer.asked <= answer.answered


@pytest.mark.parametrize(
    "reply",
    [
        lambda t, u, p: [frame(t, u, b"\x04" + words_pdu(1, 2, 3)[1:])],  # another function
        lambda t, u, p: [frame(t, u, words_pdu(1, 2))],  # one register fewer
        lambda t, u, p: [frame(t, u, words_pdu(1, 2, 3, 4))],  # one more
        lambda t, u, p: [frame(t, u, b"\x03\x04" + words_pdu(1, 2, 3)[2:])],  # the byte count lies
        lambda t, u, p: [frame(t, u + 1, words_pdu(1, 2, 3))],  # another unit
    ],
)
async def test_a_wrong_answer_is_refused(peer: Peer, link: TcpLink, reply: Callable[..., list[bytes]]) -> None:
    peer.reply = reply

    with pytest.raises(BadAnswerError):
        await link.read(1, Table.HOLDING, 100, 3)
    assert link.statistics.bad_answers == 1


async def test_a_late_answer_is_never_taken_for_the_next_one(peer: Peer, link: TcpLink) -> None:
    held: list[bytes] = []
    peer.reply = lambda t, u, p: held.append(frame(t, u, words_pdu(7))) or []  # type: ignore[func-returns-value]
    with pytest.raises(NoAnswerError, match=r"did not answer within 0\.15 s"):
        await link.read(1, Table.HOLDING, 0, 1)

    peer.reply = lambda t, u, p: [held.pop(), frame(t, u, words_pdu(8))]
    answer = await link.read(1, Table.HOLDING, 1, 1)

    assert answer.words == (8,)
    assert link.statistics.dropped_bytes > 0


async def test_a_split_answer_is_put_together(peer: Peer, link: TcpLink) -> None:
    peer.reply = lambda t, u, p: [bytes([b]) for b in frame(t, u, words_pdu(5, 6))]

    assert (await link.read(1, Table.HOLDING, 0, 2)).words == (5, 6)


async def test_a_modbus_exception_names_the_register(peer: Peer, link: TcpLink) -> None:
    peer.reply = lambda t, u, p: [frame(t, u, b"\x83\x02")]

    with pytest.raises(RefusedError, match="0x0514") as caught:
        await link.read(1, Table.HOLDING, 0x0514, 1)
    assert caught.value.code == 2


async def test_a_dropped_connection_fails_at_once_and_can_be_opened_again(peer: Peer) -> None:
    link = TcpLink("127.0.0.1", peer.port, timeout=3600)
    await link.open()
    peer.close_on_request = True
    with pytest.raises(LinkLostError):
        await asyncio.wait_for(link.read(1, Table.HOLDING, 0, 1), 60)  # long before the timeout of the exchange
    assert not link.is_open

    peer.close_on_request = False
    await link.open()
    assert (await link.read(1, Table.HOLDING, 0, 1)).words == (0,)
    await link.close()


async def test_bytes_that_are_not_modbus_end_the_link(peer: Peer, link: TcpLink) -> None:
    peer.reply = lambda t, u, p: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]

    with pytest.raises(LinkLostError, match="not Modbus TCP"):
        await link.read(1, Table.HOLDING, 0, 1)


async def test_a_closed_port_says_so(peer: Peer) -> None:
    await peer.stop()

    with pytest.raises(CannotConnectError, match="answers but port") as caught:
        await TcpLink("127.0.0.1", peer.port).open()
    assert "Modbus TCP is off" in caught.value.hint


async def test_a_write_must_be_confirmed_as_sent(peer: Peer, link: TcpLink) -> None:
    link.writes_allowed = True
    peer.reply = lambda t, u, p: [frame(t, u, p)]
    await link.write(1, Table.HOLDING, 5, (6000,))

    peer.reply = lambda t, u, p: [frame(t, u, p[:3] + b"\x00\x00")]
    with pytest.raises(BadAnswerError, match="another write"):
        await link.write(1, Table.HOLDING, 5, (6000,))
    assert len(peer.requests) == 2
