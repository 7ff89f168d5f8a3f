"""What a link is to the rest of evtech.

``links.open_link(address)`` makes one; a device, the simulator's in-process link and every test fake meet the same
protocol. A link checks every answer against its request: what it returns belongs to what was asked.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from evtech.errors import InputError
from evtech.links.traffic import Traffic


class Table(StrEnum):
    """Modbus's four tables (application protocol 1.1b3, section 4.3)."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True)
class Answer:
    """The words of one read with the monotonic times at which it was asked and answered (s).

    Coils and discrete inputs come as words 0 or 1. ``suspect`` marks an answer that came right after a timeout on a
    line without transaction ids, where a late answer cannot be excluded.
    """

    words: tuple[int, ...]
    asked: float
    answered: float
    suspect: bool = False


def refuse_unarmed(allowed: bool, name: str) -> None:
    """Raise ``InputError`` for a write on a link that nobody armed: the last gate before the wire."""
    if not allowed:
        raise InputError(f"A write on {name} was refused: it is not armed.", "Only armed control writes to a charger.")


@dataclass(slots=True)
class LinkStatistics:
    """Counters of one link since it was made."""

    requests: int = 0
    answers: int = 0
    timeouts: int = 0
    refused: int = 0  # Modbus exceptions
    bad_answers: int = 0  # wrong unit, function, length, checksum
    dropped_bytes: int = 0  # noise, echo, late and doubled answers
    early_requests: int = 0  # sent before t3.5; always 0 on a sound RTU link
    answer_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=1000))

    def note_answer_time(self, seconds: float) -> None:
        """Keep one turnaround time among the newest 1000."""
        self.answer_seconds.append(seconds)

    @property
    def errors(self) -> int:
        """Return how many requests got no usable answer."""
        return self.timeouts + self.bad_answers


class ModbusLink(Protocol):
    """An open line to one or more units. All calls run on the I/O loop; one exchange at a time."""

    name: str  # for people: "192.168.1.50:502", "COM5 19200 8E1"
    statistics: LinkStatistics
    traffic: Traffic
    byte_time: float  # seconds a byte occupies the wire; 0 on TCP. The read planner uses it
    request_overhead: float  # measured seconds a request costs beside its bytes
    writes_allowed: bool  # False from the start: only armed control (``devices/control.py``) sets it

    @property
    def is_open(self) -> bool:
        """Tell whether the link is usable now."""

    async def open(self) -> None:
        """Open the link; raise ``CannotConnectError`` with the fix."""

    async def close(self) -> None:
        """Close the link; harmless when closed."""

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        """Read ``count`` words or bits from ``address``.

        ``spare`` says how many words behind the block may be read as well: a line without transaction ids varies the
        length of its reads to tell answers apart. They are never returned.

        Raises ``NoAnswerError``, ``BadAnswerError``, ``RefusedError`` (Modbus exception), ``LinkLostError``.
        """

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        """Write words; never sent twice by itself. Raises as ``read``; after a timeout the effect is unknown."""
