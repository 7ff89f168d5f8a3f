"""A serial line whose device answers by a script of delays and bytes; the master's thread and clock are real."""

import struct
import threading
import time
from collections.abc import Callable

from evtech.errors import DeviceError
from evtech.links.link import Table
from evtech.links.pdu import rtu_frame
from evtech.links.rtu import RtuLink

TIMEOUT = 0.06
Script = Callable[[bytes], list[tuple[float, bytes]]]


def true_answer(request: bytes) -> bytes:
    """Answer a read with words that tell their own address: wrong pairing is visible."""
    unit, function = request[0], request[1]
    address, count = struct.unpack(">HH", request[2:6])
    words = [(address + i) * 7 & 0xFFFF for i in range(count)]
    return rtu_frame(unit, struct.pack(f">BB{count}H", function, 2 * count, *words))


class FaultyLine:
    """A port whose bytes arrive when the script says; ``script`` gets each request."""

    paced = False

    def __init__(self) -> None:
        self.script: Script = lambda request: [(0.0, true_answer(request))]
        self.requests: list[bytes] = []
        self._arrivals: list[tuple[float, bytes]] = []
        self._changed = threading.Condition()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes) -> None:
        self.requests.append(data)
        now = time.monotonic()
        with self._changed:
            self._arrivals += [(now + delay, part) for delay, part in self.script(data)]
            self._arrivals.sort(key=lambda item: item[0])
            self._changed.notify()

    def read(self, wait: float) -> bytes:
        deadline = time.monotonic() + max(wait, 0)
        with self._changed:
            while True:
                now = time.monotonic()
                ready = [part for due, part in self._arrivals if due <= now]
                if ready:
                    self._arrivals = [item for item in self._arrivals if item[0] > now]
                    return b"".join(ready)
                if now >= deadline:
                    return b""
                upcoming = min([due for due, _ in self._arrivals] + [deadline])
                self._changed.wait(max(upcoming - now, 0.0002))


async def read_many(link: RtuLink, requests: list[tuple[int, int]], spare: int = 4) -> tuple[int, int]:
    """Read; return how many were right and how many failed. A wrong value fails the test."""
    right = failed = 0
    for address, count in requests:
        try:
            answer = await link.read(1, Table.HOLDING, address, count, spare=spare)
        except DeviceError:
            failed += 1
            continue
        assert answer.words == tuple((address + i) * 7 & 0xFFFF for i in range(count))
        right += 1
    return right, failed


def once(first: Script, delay: float = 0.0) -> Script:
    """Answer the first request by ``first``, all later ones truly after ``delay`` s."""
    seen: list[bytes] = []

    def script(request: bytes) -> list[tuple[float, bytes]]:
        seen.append(request)
        return first(request) if len(seen) == 1 else [(delay, true_answer(request))]

    return script
