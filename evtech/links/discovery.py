"""Which serial ports exist, and whether they can be used."""

import os
from dataclasses import dataclass

from evtech.errors import CannotConnectError
from evtech.links.serial_port import WINDOWS, cannot_open


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
