"""The master of a serial line (RTU or ASCII): our own transaction discipline on one worker thread per port.

RTU has no transaction ids, so an answer is told from a late, doubled or foreign one by discipline alone:

- t3.5 of silence stands before every request (Modbus over serial line 1.02, 2.5.1.1), then the line is drained;
- what arrives before the request can have left the wire is dropped;
- the frame is looked for at every offset by length and checksum; unit, function and byte count must match;
- a request that timed out is remembered: before the next read of the same shape, a probe of another shape proves that
  no late answer is under way;
- reads of one unit vary in length where the map allows it (``spare``): length is the only transaction id there is;
  where two reads must look alike, the second waits until the first one's answer can no longer be doubled or late;
- an exception carries no length: after a silence it may belong to the former request and is not believed;
- after any oddity the line is left silent for a while; a write is never sent twice.

What remains undetectable is a second master that asks the same unit for as many registers at the same time.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from evtech.errors import BadAnswerError, LinkLostError, NoAnswerError, RefusedError
from evtech.links.framing import FoundFrame, Framing, RtuFraming
from evtech.links.link import Answer, LinkStatistics, Table, refuse_unarmed
from evtech.links.pdu import MAX_READ_WORDS, Request, answer_words, read_request, refusal, write_request
from evtech.links.serial_port import BytePort
from evtech.links.traffic import Traffic

DEFAULT_TIMEOUT = 1.0
TAG_LENGTHS = 4  # lengths of the newest requests to a unit that the next one avoids
R = TypeVar("R")
ODDITY_SILENCE = 0.06  # s of silence after an oddity: late doubles were seen up to 40 ms later
FORGET_AFTER = 10  # timeouts after which a late answer is no longer expected
LATE_WINDOW = 3  # timeouts within which an answer may still come out of order
_DRAIN_LIMIT = 0.5  # s of unbroken chatter before the line is called unusable


@dataclass(frozen=True, slots=True)
class _Sent:
    """One exchange that was begun: what was asked, and when it was sent or answered (s)."""

    request: Request
    at: float

    def looks_like(self, request: Request) -> bool:
        """Tell whether an answer to it would pass for the answer to another request, for other registers."""
        return self.request.shape == request.shape and self.request.address != request.address


@dataclass(slots=True)
class _Unit:
    """What must be remembered about one unit."""

    recent: deque[_Sent] = field(default_factory=lambda: deque(maxlen=TAG_LENGTHS))
    unanswered: list[_Sent] = field(default_factory=list)
    probes: int = 0


class RtuLink:
    """One serial line (or a stream of RTU frames) with one master; meets ``ModbusLink``."""

    def __init__(
        self,
        port: BytePort,
        name: str,
        *,
        baud: int,
        bits_per_byte: int = 10,
        timeout: float = DEFAULT_TIMEOUT,
        min_gap: float = 0.0,
        framing: Framing | None = None,
    ) -> None:
        self.name = name
        self.statistics = LinkStatistics()
        self.traffic = Traffic()
        self.writes_allowed = False
        self.byte_time = bits_per_byte / baud if port.paced or baud < 1_000_000 else 0.0
        self.request_overhead = 0.010
        # above 19200 baud the silence is fixed at 1.75 ms (Modbus over serial line 1.02, 2.5.1.1)
        self._t35 = 0.00175 if baud > 19200 else 3.5 * bits_per_byte / baud
        self._gap = max(self._t35, min_gap)
        self._port, self._timeout, self._framing = port, timeout, framing or RtuFraming()
        self._units: dict[int, _Unit] = {}
        self._worker: ThreadPoolExecutor | None = None
        self._last_byte = 0.0
        self._silence_until = 0.0
        self._lock = asyncio.Lock()
        self._opened = False

    @property
    def is_open(self) -> bool:
        """Tell whether the port is open."""
        return self._opened

    async def open(self) -> None:
        """Open the port; raise ``CannotConnectError`` with the fix."""
        if self._worker is None:
            self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"evtech-port-{self.name}")
        await self._on_worker(self._port.open)
        self._silence_until = time.monotonic() + ODDITY_SILENCE  # what was asked before may still be answered
        self._opened = True

    async def close(self) -> None:
        """Close the port and end its thread."""
        self._opened = False
        if self._worker is not None:
            await self._on_worker(self._port.close)
            self._worker.shutdown(wait=False)
            self._worker = None

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        """Read ``count`` words or bits; up to ``spare`` more may be read to vary the length."""
        request = read_request(table, address, count)
        async with self._lock:
            return await self._on_worker(lambda: self._read(unit_id, request, spare))

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        """Write words or bits, once: after a timeout the effect is unknown and is for the caller to read back."""
        refuse_unarmed(self.writes_allowed, self.name)
        request = write_request(table, address, words)
        async with self._lock:
            await self._on_worker(lambda: self._exchange(unit_id, request))

    async def _on_worker(self, work: Callable[[], R]) -> R:
        if self._worker is None:
            raise LinkLostError(f"{self.name} is not open.", "evtech opens it again by itself.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except LinkLostError:
            self._opened = False
            raise

    # ---- on the worker thread ----

    def _read(self, unit_id: int, request: Request, spare: int) -> Answer:
        unit = self._units.setdefault(unit_id, _Unit())
        now = time.monotonic()
        unit.unanswered = [sent for sent in unit.unanswered if now - sent.at < FORGET_AFTER * self._timeout]
        suspect = bool(unit.unanswered)
        tagged = self._tagged(unit, request, spare)
        shapes = {sent.request.shape for sent in unit.unanswered}
        if tagged.shape in shapes:
            with contextlib.suppress(RefusedError):  # a refusal is an answer too
                self._exchange(unit_id, self._probe(request, shapes, unit))
            self._forget_proven(unit)
        self._keep_apart(unit, tagged)
        answer = self._exchange(unit_id, tagged)
        return Answer(answer.words[: request.count], answer.asked, answer.answered, suspect)

    def _keep_apart(self, unit: _Unit, request: Request) -> None:
        """Leave the line silent until no answer to a look-alike for other registers can come any more."""
        late = (sent.at + LATE_WINDOW * self._timeout for sent in unit.unanswered if sent.looks_like(request))
        doubled = (sent.at + ODDITY_SILENCE for sent in unit.recent if sent.looks_like(request))
        self._silence_until = max(self._silence_until, *late, *doubled, 0.0)

    def _forget_proven(self, unit: _Unit) -> None:
        """After an answer to another shape, forget older silences: a device answers in order.

        A gateway may not, so silences younger than ``LATE_WINDOW`` timeouts go on being avoided.
        """
        newest = time.monotonic() - LATE_WINDOW * self._timeout
        unit.unanswered = [sent for sent in unit.unanswered if sent.at > newest]

    def _probe(self, request: Request, shapes: set[tuple[int, int]], unit: _Unit) -> Request:
        """Return a read whose answer cannot be mistaken for one of ``shapes``: by turns another function or length."""
        unit.probes += 1
        other = {Table.HOLDING: Table.INPUT, Table.INPUT: Table.HOLDING}.get(request.table, Table.HOLDING)
        if unit.probes % 2 and all(function != read_request(other, 0, 1).function for function, _ in shapes):
            return read_request(other, request.address, request.count)
        for count in (*range(request.count + 1, min(request.count + 6, MAX_READ_WORDS)), 1, 2, 3, 4):
            if request.address + count <= 65536:
                probe = read_request(request.table, request.address, count)
                if probe.shape not in shapes:
                    return probe
        return request

    def _tagged(self, unit: _Unit, request: Request, spare: int) -> Request:
        """Return the request lengthened within ``spare`` so that no recent one of this unit has its length."""
        if request.table not in (Table.HOLDING, Table.INPUT):
            return request
        longest = min(MAX_READ_WORDS, request.count + spare, 65536 - request.address)
        candidates = [read_request(request.table, request.address, n) for n in range(request.count, longest + 1)]
        late = {sent.request.shape for sent in unit.unanswered}
        recent = {sent.request.shape for sent in unit.recent}
        safe = [candidate for candidate in candidates if candidate.shape not in late]
        fresh = [candidate for candidate in safe if candidate.shape not in recent]
        return (fresh or safe or candidates)[0]

    def _exchange(self, unit_id: int, request: Request) -> Answer:
        unit = self._units.setdefault(unit_id, _Unit())
        who = f"Unit {unit_id} on {self.name}"
        self._wait_for_silence()
        frame = self._framing.frame(unit_id, request.pdu)
        asked = time.monotonic()
        if asked - self._last_byte < self._t35:
            self.statistics.early_requests += 1
        self.statistics.requests += 1
        self.traffic.add(True, frame)
        self._port.write(frame)
        wire_end = max(asked + len(frame) * self.byte_time, time.monotonic()) if self._port.paced else asked
        self._last_byte = max(wire_end, time.monotonic())
        try:
            pdu = self._receive(unit_id, request, wire_end, unit)
        except (NoAnswerError, BadAnswerError) as error:
            unit.unanswered.append(_Sent(request, asked))
            self._silence_until = time.monotonic() + ODDITY_SILENCE
            if isinstance(error, NoAnswerError):
                self.statistics.timeouts += 1
            else:
                self.statistics.bad_answers += 1
            raise
        answered = self._last_byte
        unit.recent.append(_Sent(request, answered))
        if request.shape not in {sent.request.shape for sent in unit.unanswered}:
            self._forget_proven(unit)
        if len(pdu) == 2:
            self.statistics.refused += 1
            self._silence_until = answered + ODDITY_SILENCE  # a doubled refusal would refuse the next request too
            raise refusal(request, pdu[1], who)
        words = answer_words(request, pdu, who)
        self.statistics.answers += 1
        self.statistics.note_answer_time(answered - asked)
        pure = answered - asked - (len(frame) + self._framing.answer_length(request)) * self.byte_time
        self.request_overhead += 0.05 * (max(pure, 0.0) + self._gap - self.request_overhead)
        return Answer(words, asked, answered)

    def _wait_for_silence(self) -> None:
        """Wait until nothing has come for t3.5 (and the device's own gap); drop what comes meanwhile."""
        started = time.monotonic()
        dropped = b""
        while True:
            now = time.monotonic()
            due = max(self._last_byte + self._gap, self._silence_until)
            data = self._port.read(max(due - now, 0.0))
            if data:
                dropped += data
                self._last_byte = time.monotonic()
                self._silence_until = max(self._silence_until, self._last_byte + ODDITY_SILENCE)
                if self._last_byte - started > _DRAIN_LIMIT:
                    self._drop(dropped, "chatter before a request")
                    self.statistics.bad_answers += 1
                    raise BadAnswerError(
                        f"{self.name} is never silent: {len(dropped)} bytes came without a request.",
                        "Likely: a second master on the bus, a wrong baud rate, or noise (termination, shield).",
                    )
            elif time.monotonic() >= due:
                break
        if dropped:
            self._drop(dropped, "came without a request: late, doubled or noise")

    def _receive(self, unit_id: int, request: Request, wire_end: float, unit: _Unit) -> bytes:
        """Return the PDU of the answer; raise ``NoAnswerError`` or ``BadAnswerError`` at the end of the time."""
        frame_length = self._framing.answer_length(request)
        deadline = wire_end + self._timeout + frame_length * self.byte_time
        buffer = b""
        early = b""
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise self._silent(unit_id, request, buffer)
            missing = frame_length - len(buffer)
            if 4 < missing < frame_length and self.byte_time:
                time.sleep(
                    min((missing - 3) * self.byte_time, deadline - now)
                )  # the bytes are on the wire: no wake-ups
            data = self._port.read(deadline - time.monotonic())
            if not data:
                continue
            self._last_byte = time.monotonic()
            if self._port.paced and self._last_byte < wire_end:
                early += data
                continue
            buffer += data
            found = self._framing.find(buffer, unit_id, request)
            if found is not None and self._may_be_late(found, request, unit):
                self._drop(buffer[: found.end], "a refusal that may belong to an earlier request")
                buffer = buffer[found.end :]
                found = self._framing.find(buffer, unit_id, request)
            if found is not None:
                self._note_noise(early + buffer[: found.start] + buffer[found.end :])
                self.traffic.add(False, buffer[found.start : found.end])
                return found.pdu

    def _may_be_late(self, found: FoundFrame, request: Request, unit: _Unit) -> bool:
        """Tell whether a refusal may be the late answer to a request that timed out not long ago."""
        newest = time.monotonic() - LATE_WINDOW * self._timeout
        return len(found.pdu) == 2 and any(
            sent.at > newest and sent.request.function == request.function for sent in unit.unanswered
        )

    def _note_noise(self, noise: bytes) -> None:
        if noise:
            self._drop(noise, "around an answer: noise, echo or another frame")
            self._silence_until = time.monotonic() + ODDITY_SILENCE

    def _drop(self, data: bytes, note: str) -> None:
        self.statistics.dropped_bytes += len(data)
        self.traffic.add(False, data, note)

    def _silent(self, unit_id: int, request: Request, buffer: bytes) -> NoAnswerError | BadAnswerError:
        if not buffer:
            return NoAnswerError(
                f"Unit {unit_id} on {self.name} did not answer within {self._timeout:g} s.",
                "Likely: another unit id or speed, A and B swapped, or the device is off.",
            )
        self._drop(buffer, "no frame of ours in it")
        sent = self._framing.frame(unit_id, request.pdu)
        if buffer.startswith(sent) and len(buffer) == len(sent):
            return NoAnswerError(
                f"Only the echo of the request came back on {self.name}; unit {unit_id} did not answer.",
                "Likely: an adapter that hears itself, and a silent device. Check unit id, wiring and supply.",
            )
        return BadAnswerError(
            f"Unit {unit_id} on {self.name} answered {len(buffer)} bytes that are no answer to the request.",
            "Likely: wrong baud rate or parity, noise (termination, shield), two devices with one unit id, or a "
            "second master.",
        )
