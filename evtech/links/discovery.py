"""What can be connected to: serial ports, open network ports, serial settings that something answers to.

Everything here only reads; every search is bounded and can be cancelled between two steps. What a device is, is told
by ``devices/search.py``.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

from evtech.errors import BadAnswerError, CannotConnectError, NoAnswerError, RefusedError
from evtech.links.link import ModbusLink, Table
from evtech.links.serial_port import WINDOWS, cannot_open
from evtech.links.targets import Target

CONNECT_AT_ONCE = 64  # sockets: more would fill the tables of a small router


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """Speed, parity and stop bits of a serial line."""

    baud: int
    parity: str
    stopbits: int = 1

    def __str__(self) -> str:
        return f"{self.baud} 8{self.parity}{self.stopbits}"


# the makers' usual settings, likeliest first
LIKELY_SETTINGS = (
    SerialSettings(9600, "N"), SerialSettings(19200, "E"), SerialSettings(19200, "N"), SerialSettings(9600, "E"),
    SerialSettings(115200, "N"), SerialSettings(38400, "N"), SerialSettings(38400, "E"), SerialSettings(57600, "N"),
)  # fmt: skip


def all_settings() -> tuple[SerialSettings, ...]:
    """Return every usual setting, likeliest first."""
    speeds = (9600, 19200, 38400, 115200, 57600, 4800, 2400, 1200)
    ways = (("N", 1), ("E", 1), ("O", 1), ("N", 2))
    rest = [SerialSettings(speed, parity, stopbits) for speed in speeds for parity, stopbits in ways]
    return tuple(dict.fromkeys((*LIKELY_SETTINGS, *rest)))


async def open_endpoints(target: Target, *, timeout: float) -> AsyncIterator[tuple[str, int]]:
    """Yield hosts and ports that accept a connection, as they are found."""
    waiting = target.endpoints()
    running: set[asyncio.Task[tuple[str, int] | None]] = set()
    try:
        while True:
            for endpoint in waiting:
                running.add(asyncio.ensure_future(_accepts(*endpoint, timeout)))
                if len(running) >= CONNECT_AT_ONCE:
                    break
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                found = task.result()
                if found is not None:
                    yield found
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _accepts(host: str, port: int, timeout: float) -> tuple[str, int] | None:
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return None
    writer.close()
    return host, port


async def answers(link: ModbusLink, unit_id: int) -> bool:
    """Tell whether a unit says anything to two harmless reads.

    A refusal is an answer, but not a gateway's "no such unit" (exceptions 10 and 11).
    """
    for table in (Table.HOLDING, Table.INPUT):
        try:
            await link.read(unit_id, table, 0, 1)
        except RefusedError as error:
            if error.code not in (10, 11):
                return True
            continue
        except (NoAnswerError, BadAnswerError):
            continue
        return True
    return False


@dataclass(frozen=True, slots=True)
class PortFacts:
    """One serial port; ``status`` is free, busy or denied, ``fix`` says what to do."""

    path: str
    description: str
    vid_pid: str | None
    serial_number: str | None
    status: str
    fix: str


def serial_ports() -> list[PortFacts]:
    """Return the machine's serial ports, USB adapters first."""
    from serial.tools import list_ports  # walks the device tree: only when asked

    found = [_facts(port) for port in list_ports.comports()]
    return sorted(found, key=lambda port: (port.vid_pid is None, port.path))


def _facts(port: object) -> PortFacts:
    path = str(getattr(port, "device", ""))
    vid, pid = getattr(port, "vid", None), getattr(port, "pid", None)
    description = str(getattr(port, "description", "") or "")
    status, fix = _status(path)
    return PortFacts(
        path,
        "" if description == "n/a" else description,
        f"{vid:04X}:{pid:04X}" if vid is not None and pid is not None else None,
        getattr(port, "serial_number", None),
        status,
        fix,
    )


def _status(path: str) -> tuple[str, str]:
    import serial

    if not WINDOWS and not os.access(path, os.R_OK | os.W_OK):
        error: CannotConnectError = cannot_open(path, PermissionError(13, "Permission denied"))
        return "denied", error.hint
    try:
        serial.Serial(path, timeout=0, exclusive=None if WINDOWS else True).close()
    except (OSError, ValueError) as error_now:
        problem = cannot_open(path, error_now)
        return ("denied" if "may not" in str(problem) else "busy"), problem.hint
    except Exception as error_now:
        if type(error_now).__module__ != "termios":
            raise
        return "busy", "It is no usable serial port."
    return "free", ""
