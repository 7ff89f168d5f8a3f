"""Asks a link a bounded number of questions and counts what comes back; needs no profile.

Also looks at the bytes that were no answer: frames of another master, doubled answers, ASCII, swapped wires.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.errors import BadAnswerError, DeviceError, LinkError, NoAnswerError, RefusedError
from evtech.links.link import ModbusLink, Table
from evtech.links.pdu import checksum
from evtech.links.traffic import Frame

MOST_REQUESTS = 900  # of one routine
USUAL_UNITS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50, 100, 101, 247, 255)
ABSENT_CODES = (10, 11)  # a gateway's way of saying that nobody is there
_LEAST_NOISE = 6  # bytes


@dataclass(slots=True)
class Tally:
    """What a series of requests brought: counts, times of answers (s), moments of errors (s)."""

    condition: str
    unit: int
    registers: int
    requests: int = 0
    ok: int = 0
    bad: int = 0
    timeouts: int = 0
    exceptions: int = 0
    lost: int = 0
    seconds: list[float] = field(default_factory=list)
    errors_at: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    def as_outcome(self) -> dict[str, object]:
        """Return the counts as a facts file holds them."""
        whole = max(self.requests, 1)
        times = np.array(self.seconds) * 1000 if self.seconds else None
        return {
            "condition": self.condition, "unit": self.unit, "registers": self.registers, "requests": self.requests,
            "ok_pct": 100 * self.ok / whole, "crc_pct": 100 * self.bad / whole,
            "timeout_pct": 100 * self.timeouts / whole, "exception_pct": 100 * self.exceptions / whole,
            "p50_ms": None if times is None else float(np.percentile(times, 50)),
            "p95_ms": None if times is None else float(np.percentile(times, 95)), "reconnects": self.lost,
        }  # fmt: skip


class Prober:
    """Asks one link, within a budget."""

    def __init__(self, bench: Bench, link: ModbusLink, budget: int = MOST_REQUESTS) -> None:
        self.link, self.left = link, budget
        self._bench = bench

    async def ask(self, tally: Tally, table: Table, address: int) -> str:
        """Ask once and count: ok, exception, timeout, bad or lost."""
        await self._bench.pause(0)
        self.left -= 1
        tally.requests += 1
        clock = self._bench.clock
        began = clock.now()
        kind = "ok"
        try:
            if not self.link.is_open:
                await self.link.open()
            answer = await self.link.read(tally.unit, table, address, tally.registers)
            tally.ok += 1
            tally.seconds.append(answer.answered - answer.asked)
        except RefusedError as error:
            kind = "exception"
            tally.exceptions += 1
            tally.codes.append(error.code)
        except NoAnswerError:
            kind = "timeout"
            tally.timeouts += 1
        except (BadAnswerError, DeviceError):
            kind = "bad"
            tally.bad += 1
        except LinkError:
            kind = "lost"
            tally.lost += 1
        if kind in ("timeout", "bad", "lost"):
            tally.errors_at.append(began)
        return kind

    async def series(
        self, condition: str, unit: int, table: Table, address: int, registers: int, count: int, interval: float
    ) -> Tally:
        """Ask again and again at an interval; ends early when three connections in a row are lost."""
        tally, run = Tally(condition, unit, registers), 0
        for number in range(min(count, self.left)):
            began = self._bench.clock.now()
            kind = await self.ask(tally, table, address)
            run = run + 1 if kind == "lost" else 0
            self._bench.tell(f"{condition}: {number + 1} of {count}", (number + 1) / count)
            if run >= 3:
                break
            await self._bench.pause(max(0.0, interval - (self._bench.clock.now() - began)))
        return tally


async def find_target(prober: Prober, units: Iterable[int]) -> tuple[int, Table, int] | None:
    """Return unit, table and address of something that answers, be it with an exception; ``None`` when nothing does."""
    for unit in units:
        fallback = None
        for table in (Table.HOLDING, Table.INPUT):
            for address in (0, 1000, 40_000):
                tally = Tally("looking", unit, 1)
                kind = await prober.ask(tally, table, address)
                if kind == "ok":
                    return unit, table, address
                if kind == "exception" and tally.codes[0] not in ABSENT_CODES:
                    fallback = fallback or (unit, table, address)
                elif kind in ("timeout", "lost") or kind == "exception":
                    break
            else:
                continue
            if fallback is None:
                break
        if fallback is not None:
            return fallback
    return None


def frames_in(data: bytes) -> list[tuple[int, int, int]]:
    """Return unit, function and length of every valid RTU frame in bytes, at any offset, without overlaps."""
    found, start = [], 0
    while start + 5 <= len(data):
        length = next((n for n in _lengths(data, start) if _is_frame(data[start : start + n], n)), 0)
        if length:
            found.append((data[start], data[start + 1], length))
        start += length or 1
    return found


def _lengths(data: bytes, start: int) -> Iterable[int]:
    """Return how long a frame that begins here could be: request, answer, exception, write of several."""
    function = data[start + 1]
    if function & 0x80:
        return (5,)
    if function in (1, 2, 3, 4):
        return (8, 5 + data[start + 2])
    if function in (15, 16):
        return (8, 9 + data[start + 6]) if start + 6 < len(data) else (8,)
    return (8,) if function in (5, 6) else ()


def _is_frame(data: bytes, length: int) -> bool:
    return len(data) == length and checksum(data[:-2]) == data[-2:] and data[0] <= 247


def received(frames: Iterable[Frame], noted: str = "") -> bytes:
    """Return the bytes that came and were no answer of ours, those whose note holds a word where one is given."""
    return b"".join(frame.data for frame in frames if not frame.sent and frame.note and noted in frame.note)


def foreign_frames(frames: list[Frame], unit: int) -> list[int]:
    """Return the units of whole frames that are no business of ours: of other units, or without a request."""
    strange = [found[0] for found in frames_in(received(frames)) if found[0] != unit]
    return strange + [found[0] for found in frames_in(received(frames, "without a request")) if found[0] == unit]


def doubled(frames: list[Frame], unit: int) -> bool:
    """Tell whether one request brought two different valid answers of one unit: two devices share its id."""
    answers: list[bytes] = []
    for frame in frames:
        if frame.sent:
            answers = []
        elif any(found[0] == unit for found in frames_in(frame.data)):
            answers.append(frame.data)
            if len(answers) > 1 and len(set(answers)) > 1:
                return True
    return False


def guess_of(data: bytes) -> str:
    """Say what bytes without a valid frame look like: ascii, inverted, or settings."""
    if data.count(b":") and sum(byte in b"0123456789ABCDEF:\r\n" for byte in data) > 0.9 * len(data):
        return "ascii"
    if is_inverted(data):
        return "inverted"
    if len(data) >= _LEAST_NOISE and sum(byte in (0x00, 0xFF) for byte in data) > 0.8 * len(data):
        return "inverted"
    return "settings"


def is_inverted(data: bytes) -> bool:
    """Tell whether a frame appears when every byte is turned round, as adapters with exchanged wires may deliver it.

    An adapter that frames the turned line anew loses bits for good: that shows, if at all, as many 00 and FF.
    """
    return bool(frames_in(bytes(byte ^ 0xFF for byte in data)))


def why_lost(error: LinkError) -> str:
    """Return refused, silent, name or other: why a connection could not be made."""
    cause = error.__cause__
    if isinstance(cause, ConnectionRefusedError):
        return "refused"
    if isinstance(cause, TimeoutError):
        return "silent"
    return "name" if type(cause).__name__ == "gaierror" else "other"
