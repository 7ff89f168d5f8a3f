"""RTU on an emulated line: a pseudo terminal whose other end paces every byte as the wire would.

The limit is the time the bytes need plus the silences the standard asks for. Printed: how close we come, and how many
requests left before t3.5.
"""

import asyncio
import os
import struct
import sys
import threading
import time
import tty
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from evtech.links.link import Table
from evtech.links.pdu import checksum
from evtech.links.rtu import RtuLink
from evtech.links.serial_port import SerialPort

TURNAROUND = 0.005


def wait_until(moment: float) -> None:
    """Sleep most of the way, then spin: a wire is punctual."""
    left = moment - time.perf_counter()
    if left > 0.0015:
        time.sleep(left - 0.001)
    while time.perf_counter() < moment:
        pass


def serve(end: int, byte_time: float, t35: float, stop: threading.Event) -> None:
    """Answer reads: bytes arrive after the time they need on the wire."""
    while not stop.is_set():
        frame = b""
        while len(frame) < 8:
            frame += os.read(end, 8 - len(frame))
        arrived = time.perf_counter()
        count = struct.unpack(">H", frame[4:6])[0]
        body = bytes([frame[0], frame[1], 2 * count]) + bytes(2 * count)
        answer = body + checksum(body)
        start = arrived + 8 * byte_time + max(t35, TURNAROUND)
        for first in range(0, len(answer), 4):
            part = answer[first : first + 4]
            wait_until(start + (first + len(part)) * byte_time)
            os.write(end, part)


async def measure(baud: int, count: int, requests: int) -> tuple[float, int]:
    """Return reached / limit and the number of early requests."""
    byte_time = 10 / baud
    t35 = 0.00175 if baud > 19200 else 3.5 * byte_time
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop = threading.Event()
    threading.Thread(target=serve, args=(ours, byte_time, t35, stop), daemon=True).start()
    link = RtuLink(SerialPort(os.ttyname(theirs), baud, "N", 1, paced=True), f"line {baud}", baud=baud)
    await link.open()
    await link.read(1, Table.HOLDING, 0, count)
    started = time.perf_counter()
    for _ in range(requests):
        await link.read(1, Table.HOLDING, 0, count)
    each = (time.perf_counter() - started) / requests
    limit = (8 + 5 + 2 * count) * byte_time + max(t35, TURNAROUND) + t35
    early = link.statistics.early_requests
    await link.close()
    stop.set()
    return limit / each, early


def main() -> None:
    """Print the share of the line's limit for long and short reads."""
    for baud, count, requests in ((9600, 40, 40), (9600, 2, 120), (115200, 40, 150), (115200, 2, 300)):
        reached, early = asyncio.run(measure(baud, count, requests))
        goal = 0.97 if baud == 9600 else 0.95
        words = f"{baud:>6} baud, {count:>2} registers: {reached:.1%} of the limit (goal {goal:.0%})"
        print(f"{words}, {early} early requests")


if __name__ == "__main__":
    main()
