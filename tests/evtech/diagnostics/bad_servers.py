"""Servers with the bad habits of the field: real sockets and pseudo terminals, and every function code they saw."""

import asyncio
import contextlib
import os
import struct
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from evtech.links.pdu import checksum

ALWAYS = 10.0  # s a request may take where each one is answered: a busy machine is no silent server
_HEADER = struct.Struct(">HHHB")


def frame(unit: int, pdu: bytes) -> bytes:
    return bytes([unit]) + pdu + checksum(bytes([unit]) + pdu)


def words_pdu(request: bytes, value: int = 230) -> bytes:
    """Return a good answer to a read request's PDU."""
    count = struct.unpack(">H", request[3:5])[0]
    return struct.pack(f">BB{count}H", request[0], 2 * count, *[value] * count)


Habit = Callable[[int, bytes, int], bytes | None]


class BadTcp:
    """A Modbus TCP server; ``habit`` answers (unit, PDU, number of the request), ``None`` is silence, b"" hangs up."""

    def __init__(self, habit: Habit, *, hang_up_at_once: bool = False, timeout: float = 0.05) -> None:
        self._habit, self._hang_up, self._timeout = habit, hang_up_at_once, timeout
        self.requests: list[tuple[int, bytes]] = []
        self.address = ""
        self.port = 0
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "BadTcp":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}?unit=1&timeout={self._timeout}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._hang_up:
            transaction, protocol, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
            if protocol or length < 2:
                break  # no Modbus TCP
            pdu = await reader.readexactly(length - 1)
            self.requests.append((unit, pdu))
            answer = self._habit(unit, pdu, len(self.requests))
            if answer == b"":
                break
            if answer is not None:
                writer.write(_HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
                await writer.drain()


class BadBus:
    """A serial bus on a pseudo terminal; ``habit`` gets (unit, PDU, number) and returns the bytes on the wire."""

    def __init__(self, path: Path, habit: Habit, *, baud: int | None = None) -> None:
        self._path, self._habit, self._baud = path, habit, baud
        self._buffer = b""
        self.requests: list[tuple[int, bytes]] = []
        self.address = f"rtu://{path}?baud=9600&parity=N&unit=1&timeout=0.04"

    async def __aenter__(self) -> "BadBus":
        self._file, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._file, False)
        self._path.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._file, self._take)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)
        os.close(self._slave)

    def say(self, data: bytes) -> None:
        """Put bytes on the wire that nobody asked for."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._file, data)

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._buffer += os.read(self._file, 4096)
        while len(self._buffer) >= 8:
            request, self._buffer = self._buffer[:8], self._buffer[8:]
            if checksum(request[:-2]) != request[-2:]:
                self._buffer = b""
                return
            speed = termios.tcgetattr(self._slave)[5]
            self.requests.append((request[0], request[1:-2]))
            if self._baud is not None and speed != getattr(termios, f"B{self._baud}"):
                continue
            answer = self._habit(request[0], request[1:-2], len(self.requests))
            if answer:
                self.say(answer)
