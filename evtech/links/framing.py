"""How a PDU travels over a serial line: RTU frames and ASCII frames (Modbus over serial line 1.02, 2.5).

Both find an answer at any offset of what came, by unit, function, length and checksum: bytes before and after it are
noise, echo or somebody else's.
"""

from dataclasses import dataclass
from typing import Protocol

from evtech.links.pdu import Request, checksum, rtu_frame


@dataclass(frozen=True, slots=True)
class FoundFrame:
    """An answer in a buffer: where it stands, and its PDU."""

    start: int
    end: int
    pdu: bytes


class Framing(Protocol):
    """One way to put PDUs on a serial line."""

    name: str

    def frame(self, unit_id: int, pdu: bytes) -> bytes:
        """Return the bytes of a frame."""

    def answer_length(self, request: Request) -> int:
        """Return the length of the frame that answers a request (bytes)."""

    def find(self, buffer: bytes, unit_id: int, request: Request) -> FoundFrame | None:
        """Return the answer to a request in what came, or ``None``."""


class RtuFraming:
    """Binary frames with a CRC, told apart by silence."""

    name = "RTU"

    def frame(self, unit_id: int, pdu: bytes) -> bytes:
        """Return unit, PDU and CRC."""
        return rtu_frame(unit_id, pdu)

    def answer_length(self, request: Request) -> int:
        """Return unit, PDU and CRC in bytes."""
        return request.data_length + 3

    def find(self, buffer: bytes, unit_id: int, request: Request) -> FoundFrame | None:
        """Look for the answer at every offset by length and CRC."""
        for start in range(len(buffer) - 4):
            if buffer[start] != unit_id:
                continue
            length = {request.function: request.data_length, request.function | 0x80: 2}.get(buffer[start + 1])
            if length is None:
                continue
            end = start + length + 3
            pdu = buffer[start + 1 : end - 2]
            if end > len(buffer) or not is_answer(pdu, request):
                continue
            if checksum(buffer[start : end - 2]) == buffer[end - 2 : end]:
                return FoundFrame(start, end, pdu)
        return None


class AsciiFraming:
    """Hexadecimal text between a colon and a line end, with an LRC."""

    name = "ASCII"

    def frame(self, unit_id: int, pdu: bytes) -> bytes:
        """Return colon, hexadecimal digits of unit, PDU and LRC, line end."""
        body = bytes([unit_id]) + pdu
        return b":" + (body + _lrc(body)).hex().upper().encode() + b"\r\n"

    def answer_length(self, request: Request) -> int:
        """Return the length in characters."""
        return 2 * (request.data_length + 2) + 3

    def find(self, buffer: bytes, unit_id: int, request: Request) -> FoundFrame | None:
        """Look for the answer behind every colon."""
        start = buffer.find(b":")
        while start >= 0:
            end = buffer.find(b"\r\n", start)
            body = _from_hex(buffer[start + 1 : end]) if end >= 0 else b""
            pdu = body[1:-1]
            if len(body) > 3 and body[0] == unit_id and _lrc(body[:-1]) == body[-1:] and is_answer(pdu, request):
                return FoundFrame(start, end + 2, pdu)
            start = buffer.find(b":", start + 1)
        return None


def is_answer(pdu: bytes, request: Request) -> bool:
    """Tell whether a PDU has the function, length and byte count (or echoed write) that a request asks for."""
    if len(pdu) == 2 and pdu[0] == request.function | 0x80:
        return True
    if len(pdu) != request.data_length or pdu[0] != request.function:
        return False
    return pdu[1:5] == request.pdu[1:5] if request.is_write else pdu[1] == len(pdu) - 2


def _lrc(body: bytes) -> bytes:
    return bytes([-sum(body) & 0xFF])


def _from_hex(digits: bytes) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:  # no hexadecimal digits: noise
        return b""
