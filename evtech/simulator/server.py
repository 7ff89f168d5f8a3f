"""Serves a simulation as real Modbus TCP and as real Modbus RTU.

The TCP side is small and of our own: pymodbus's server answers one of several requests that come in one segment, and
answers for units that are not there. A unit that is not there gets no answer on a serial line, as on a real bus.
"""

import asyncio
import contextlib
import os
import struct
import sys
from pathlib import Path

from evtech.errors import CannotConnectError
from evtech.links.pdu import checksum
from evtech.simulator.answering import answer_pdu
from evtech.simulator.line import Fate
from evtech.simulator.simulation import Simulation

_HEADER = struct.Struct(">HHHB")
_RTU_GAP_S = 0.02  # silence after which half a frame is thrown away


class TcpServer:
    """A Modbus TCP server; ``address`` is the link address to reach it."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.address = ""

    async def start(self, host: str, port: int) -> None:
        """Listen; raise ``CannotConnectError`` when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            raise CannotConnectError(
                f"Port {port} on {host} cannot be served: {error.strerror or error}.",
                "Choose another port; 0 takes a free one. Ports under 1024 need rights.",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        shown = f"[{host}]" if ":" in host else ("127.0.0.1" if host in ("", "0.0.0.0") else host)
        self.address = f"tcp://{shown}:{self.port}?unit={self._simulation.profile.unit_id}"

    async def close(self) -> None:
        """Stop listening and drop the clients."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                transaction, protocol, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                if protocol != 0 or not 2 <= length <= 254:
                    break
                pdu = await reader.readexactly(length - 1)
                self._simulation.behaviour.advance()
                if self._simulation.behaviour.is_cut:
                    break
                if self._simulation.behaviour.is_silent:
                    continue
                answer = _answer(self._simulation, unit, pdu)
                if answer is None or self._simulation.damage_next:
                    continue  # TCP has its own checksum: what a bus behind a gateway damages never arrives
                writer.write(_HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            self._writers.discard(writer)
            writer.close()


class SerialServer:
    """A Modbus RTU server on a serial device, or on a pseudo terminal made for it."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._file = -1
        self._made_link: Path | None = None
        self._slave = -1
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None
        self.address = ""

    async def start(self, path: str) -> None:
        """Serve on ``path``; where nothing is there, a pseudo terminal is made and linked to it (POSIX)."""
        if sys.platform == "win32":
            raise CannotConnectError("Serving on a serial port is not built for Windows.", "Use --tcp.")
        self._open(Path(path))
        os.set_blocking(self._file, False)
        asyncio.get_running_loop().add_reader(self._file, self._take)
        serial = self._simulation.profile.serial
        unit = self._simulation.profile.unit_id
        self.address = f"rtu://{path}?baud={serial.baud}&parity=N&unit={unit}"

    async def close(self) -> None:
        """Stop serving; a link that was made is removed."""
        if self._file >= 0:
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
            self._file = -1
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
        if self._made_link is not None:
            self._made_link.unlink(missing_ok=True)

    def _open(self, path: Path) -> None:
        if sys.platform == "win32":
            return
        if path.exists():
            self._file = _open_raw(str(path))
            return
        self._file, self._slave = os.openpty()
        _make_raw(self._slave)
        path.symlink_to(os.ttyname(self._slave))
        self._made_link = path

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._buffer += os.read(self._file, 4096)
        if self._timer is not None:
            self._timer.cancel()
        while (length := _frame_length(self._buffer)) and len(self._buffer) >= length:
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            if checksum(frame[:-2]) == frame[-2:]:
                self._answer(frame[0], frame[1:-2])
            else:
                self._buffer = b""  # frame borders are lost: wait for silence
        self._timer = asyncio.get_running_loop().call_later(_RTU_GAP_S, self._forget)

    def _forget(self) -> None:
        self._buffer = b""

    def _answer(self, unit: int, pdu: bytes) -> None:
        self._simulation.behaviour.advance()
        if self._simulation.behaviour.is_cut or self._simulation.behaviour.is_silent:
            return
        answer = _answer(self._simulation, unit, pdu)
        if answer is None or (answer[0] & 0x80 and answer[1] == 11):
            return  # another unit on the bus: silence
        body = bytes([unit]) + answer
        with contextlib.suppress(BlockingIOError):
            os.write(self._file, _noisy(self._simulation, body + checksum(body)))


def _answer(simulation: Simulation, unit: int, pdu: bytes) -> bytes | None:
    """Return the answer to a request, ``None`` where the line loses it; say whether its frame will be damaged."""
    behaviour = simulation.behaviour
    fate = behaviour.line.fate(behaviour.now, max(behaviour.meter.currents))
    simulation.damage_next = fate is Fate.DAMAGED
    if fate is Fate.REFUSED:
        return bytes([pdu[0] | 0x80, 6])
    return None if fate is Fate.LOST else answer_pdu(simulation, unit, pdu)


def _noisy(simulation: Simulation, frame: bytes) -> bytes:
    """Return a frame with a byte turned over where the line damages it."""
    if not simulation.damage_next:
        return frame
    middle = len(frame) // 2
    return frame[:middle] + bytes([frame[middle] ^ 0x55]) + frame[middle + 1 :]


def _frame_length(buffer: bytes) -> int:
    """Return the length of the request that the buffer begins with; 0 where it cannot be told yet."""
    if len(buffer) < 7:
        return 0
    return 9 + buffer[6] if buffer[1] in (15, 16) else 8


def _open_raw(path: str) -> int:
    try:
        if sys.platform == "win32":
            raise OSError("no such thing on Windows")
        file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        _make_raw(file)
    except OSError as error:
        raise CannotConnectError(f"{path} cannot be served: {error}.", "Check the port and its rights.") from error
    return file


def _make_raw(file: int) -> None:
    if sys.platform != "win32":
        import tty  # POSIX only

        tty.setraw(file)
