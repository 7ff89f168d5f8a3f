"""Modbus TCP and Modbus TCP security (TLS) on the I/O loop.

One exchange at a time: many chargers answer only one transaction. The transaction id tells a late answer from ours;
unit, function and length are checked as well, since a server may get them wrong (Modbus messaging on TCP/IP 1.0b).
A dropped connection fails the waiting request at once.
"""

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Callable

from evtech.errors import BadAnswerError, CannotConnectError, LinkLostError, NoAnswerError, RefusedError
from evtech.links.link import Answer, LinkStatistics, Table, refuse_unarmed
from evtech.links.pdu import Request, answer_words, read_request, write_request
from evtech.links.traffic import Traffic

DEFAULT_TIMEOUT = 1.0
_HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), length, unit


class TcpLink:
    """One connection to a Modbus TCP server; meets ``ModbusLink``."""

    byte_time = 0.0

    def __init__(
        self,
        host: str,
        port: int = 502,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        tls: ssl.SSLContext | None = None,
        lenient_unit: bool = False,
    ) -> None:
        self.name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.statistics = LinkStatistics()
        self.traffic = Traffic()
        self.writes_allowed = False
        self.request_overhead = 0.005
        self._host, self._port, self._timeout, self._tls = host, port, timeout, tls
        self._lenient_unit = lenient_unit
        self._wire: _Wire | None = None
        self._lock = asyncio.Lock()
        self._transaction = 0

    @property
    def is_open(self) -> bool:
        """Tell whether the connection stands."""
        return self._wire is not None and self._wire.lost is None

    async def open(self) -> None:
        """Connect; raise ``CannotConnectError`` saying why and what to do."""
        await self.close()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(max(self._timeout, 3.0)):
                _, self._wire = await loop.create_connection(
                    lambda: _Wire(self.traffic, self.statistics),
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
        except (OSError, TimeoutError) as error:
            if self._tls is not None and isinstance(error, ConnectionResetError):
                raise CannotConnectError(
                    f"{self._host}:{self._port} answers but ends the TLS handshake.",
                    "Nothing speaks TLS there: try tcp://, or another port.",
                ) from error
            raise _cannot_connect(self._host, self._port, error) from error

    async def close(self) -> None:
        """Close the connection; harmless when closed."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        """Read words or bits; ``spare`` is of no use here, transaction ids tell answers apart."""
        return await self._exchange(unit_id, read_request(table, address, count))

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        """Write words or bits once."""
        refuse_unarmed(self.writes_allowed, self.name)
        await self._exchange(unit_id, write_request(table, address, words))

    async def _exchange(self, unit_id: int, request: Request) -> Answer:
        async with self._lock:
            wire = self._wire
            if wire is None or wire.lost is not None:
                raise LinkLostError(f"The link to {self.name} is not open.", "evtech connects again by itself.")
            self._transaction = self._transaction % 0xFFFF + 1
            frame = _HEADER.pack(self._transaction, 0, len(request.pdu) + 1, unit_id) + request.pdu
            who = f"Unit {unit_id} at {self.name}"
            self.statistics.requests += 1
            asked = time.monotonic()
            try:
                answer_unit, pdu = await wire.ask(self._transaction, frame, self._timeout)
            except TimeoutError:
                self.statistics.timeouts += 1
                raise NoAnswerError(
                    f"{who} did not answer within {self._timeout:g} s.",
                    "Likely: another unit id, Modbus switched off in the device, or the device is busy.",
                ) from None
            except ConnectionError as error:
                raise LinkLostError(f"The link to {self.name} was lost: {error}.", _LOST_HINT) from error
            answered = time.monotonic()
            words = self._checked(request, unit_id, answer_unit, pdu, who)
            self._note_success(answered - asked)
            return Answer(words, asked, answered)

    def _checked(self, request: Request, unit_id: int, answer_unit: int, pdu: bytes, who: str) -> tuple[int, ...]:
        try:
            if answer_unit != unit_id and not (self._lenient_unit and answer_unit in (0, 255)):
                raise BadAnswerError(f"Unit {answer_unit} answered instead of unit {unit_id} at {self.name}.")
            return answer_words(request, pdu, who)
        except BadAnswerError:
            self.statistics.bad_answers += 1
            raise
        except RefusedError:
            self.statistics.refused += 1
            raise

    def _note_success(self, seconds: float) -> None:
        self.statistics.answers += 1
        self.statistics.note_answer_time(seconds)
        self.request_overhead += 0.05 * (seconds - self.request_overhead)


_LOST_HINT = "Check the network cable and the charger's supply; evtech connects again by itself."


class _Wire(asyncio.Protocol):
    """The byte stream: splits it into answers and gives each to the request that waits for its transaction."""

    def __init__(self, traffic: Traffic, statistics: LinkStatistics) -> None:
        self.lost: str | None = None
        self._traffic, self._statistics = traffic, statistics
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transaction = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def ask(self, transaction: int, frame: bytes, timeout: float) -> tuple[int, bytes]:
        """Send a request and return unit and PDU of its answer; ``TimeoutError`` or ``ConnectionError``."""
        loop = asyncio.get_running_loop()
        self._transaction, self._waiting = transaction, loop.create_future()
        timer = loop.call_later(timeout, self._fail, TimeoutError())
        self._traffic.add(True, frame)
        assert self._transport is not None
        self._transport.write(frame)
        try:
            return await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    def close(self) -> None:
        """Close the stream."""
        self.lost = self.lost or "closed"
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes; answers are handed on only when the stream stands at a frame's border.

        A cut answer would be completed by the beginning of the next frame: what follows shows it.
        """
        self._buffer += data
        frames, start = [], 0
        while start < len(self._buffer):
            rest = self._buffer[start : start + _HEADER.size]
            length = rest[4] << 8 | rest[5] if len(rest) > 5 else 2
            if any(rest[2:4]) or not 2 <= length <= 254:
                self._traffic.add(False, self._buffer, "not Modbus TCP")
                self._statistics.bad_answers += 1
                self._break("the peer sent bytes that are not Modbus TCP")
                return
            end = start + 6 + length
            if len(rest) < _HEADER.size or len(self._buffer) < end:
                return
            frames.append(self._buffer[start:end])
            start = end
        self._buffer = b""
        for frame in frames:
            self._deliver(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(str(exc) if exc else "the peer closed the connection")

    def _deliver(self, frame: bytes) -> None:
        transaction, _, _, unit = _HEADER.unpack_from(frame)
        if self._waiting is not None and not self._waiting.done() and transaction == self._transaction:
            self._traffic.add(False, frame)
            self._waiting.set_result((unit, frame[_HEADER.size :]))
        else:
            self._traffic.add(False, frame, "late or foreign: not the transaction that waits")
            self._statistics.dropped_bytes += len(frame)

    def _break(self, why: str) -> None:
        if self.lost is None:
            self.lost = why
        self._fail(ConnectionError(why))
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


def _cannot_connect(host: str, port: int, error: Exception) -> CannotConnectError:
    where = f"{host}:{port}"
    causes: tuple[tuple[type[Exception], Callable[[], CannotConnectError]], ...] = (
        (
            ConnectionRefusedError,
            lambda: CannotConnectError(
                f"{host} answers but port {port} is closed.",
                "Modbus TCP is off in the device, its only connection is taken, or it uses another port.",
            ),
        ),
        (
            socket.gaierror,
            lambda: CannotConnectError(
                f"The name {host!r} is not known on this network.", "Check the spelling, or use the IP address."
            ),
        ),
        (
            ssl.SSLError,
            lambda: CannotConnectError(
                f"{where} answers but the TLS handshake failed: {getattr(error, 'reason', None) or error}.",
                "Check ca=, cert= and key= of the address and the certificate's host name.",
            ),
        ),
        (
            TimeoutError,
            lambda: CannotConnectError(
                f"{where} does not answer.",
                "Check the address, the cable and that the laptop is in the charger's network.",
            ),
        ),
    )
    for kind, make in causes:
        if isinstance(error, kind):
            return make()
    return CannotConnectError(
        f"{where} cannot be reached: {str(error) or type(error).__name__}.", "Check the address and the network cable."
    )
