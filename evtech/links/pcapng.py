"""Recorded frames as a pcapng file that Wireshark and tshark dissect as Modbus/TCP.

What was recorded are frames, not packets: each becomes one TCP segment to port 502 between two documentation addresses
(192.0.2.1 asks, 192.0.2.2 answers, RFC 5737), so the file tells nobody's address. A frame of a serial line whose
checksum holds travels as Modbus/TCP (unit and PDU are the same; the checksum stands in the packet's comment). What is
no frame - noise, halves, a wrong checksum - goes to port 50200 as it was, with evtech's note.
"""

import io
import struct
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal

from evtech.errors import InputError
from evtech.links.pdu import checksum
from evtech.links.traffic import Frame, Traffic

Framing = Literal["tcp", "rtu", "ascii"]
_FRAMINGS: dict[str, Framing] = {"tcp": "tcp", "tls": "tcp", "rtu": "rtu", "rtu+tcp": "rtu", "ascii": "ascii"}
_ASKS, _ANSWERS = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
_PORT, _OTHER_PORT, _OWN_PORT = 502, 50200, 49152
_RAW_IP = 101  # LINKTYPE_RAW
_COMMENT, _NAME, _PROGRAM = 1, 2, 4  # option codes of pcapng


def framing_of(scheme: str) -> Framing:
    """Return how a link of this kind frames Modbus; raise ``InputError`` for one that does not carry Modbus."""
    if scheme not in _FRAMINGS:
        raise InputError(f"A link {scheme}: has no Modbus frames.", f"Links that have: {', '.join(_FRAMINGS)}.")
    return _FRAMINGS[scheme]


class PcapngWriter:
    """Writes frames to a binary stream as they come."""

    def __init__(self, stream: IO[bytes], framing: Framing, link: str = "") -> None:
        self._stream, self._framing = stream, framing
        self._next = {(port, sent): 1 for port in (_PORT, _OTHER_PORT) for sent in (True, False)}  # TCP's numbers
        self._transaction = 0
        stream.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), {_PROGRAM: "evtech"}))
        stream.write(_block(1, struct.pack("<HHI", _RAW_IP, 0, 0), {_NAME: link}))

    def add(self, frame: Frame) -> None:
        """Write one frame."""
        payload, remark = self._as_tcp(frame)
        port = _PORT if payload is not None else _OTHER_PORT
        packet = self._packet(frame.sent, port, frame.data if payload is None else payload)
        comment = "; ".join(part for part in (frame.note, remark) if part)
        micros = round(frame.time.timestamp() * 1e6)
        head = struct.pack("<IIIII", 0, micros >> 32, micros & 0xFFFFFFFF, len(packet), len(packet))
        self._stream.write(_block(6, head + _padded(packet), {_COMMENT: comment}))

    def _as_tcp(self, frame: Frame) -> tuple[bytes | None, str]:
        """Return a frame as Modbus/TCP and what got lost by that; ``None`` where it is no whole frame."""
        data = frame.data
        if self._framing == "tcp":
            is_whole = len(data) > 7 and data[2:4] == b"\0\0" and int.from_bytes(data[4:6], "big") == len(data) - 6
            return (data, "") if is_whole else (None, "not a Modbus TCP frame")
        body, sum_ = _serial_body(data, self._framing)
        if body is None:
            return None, f"no whole {self._framing.upper()} frame"
        self._transaction = (self._transaction + frame.sent) & 0xFFFF
        head = struct.pack(">HHH", self._transaction, 0, len(body))
        return head + body, f"{self._framing.upper()} frame, checksum {sum_}"

    def _packet(self, sent: bool, port: int, payload: bytes) -> bytes:
        ports = (_OWN_PORT, port) if sent else (port, _OWN_PORT)
        addresses = (_ASKS, _ANSWERS) if sent else (_ANSWERS, _ASKS)
        number, answered = self._next[port, sent], self._next[port, not sent]
        self._next[port, sent] = (number + len(payload)) & 0xFFFFFFFF
        tcp = struct.pack(">HHIIBBHHH", *ports, number, answered, 0x50, 0x18, 0xFFFF, 0, 0)
        pseudo = b"".join(addresses) + struct.pack(">BBH", 0, 6, len(tcp) + len(payload))
        tcp = tcp[:16] + _internet_sum(pseudo + tcp + payload) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0x4000, 64, 6, 0) + b"".join(addresses)
        return ip[:10] + _internet_sum(ip) + ip[12:] + tcp + payload


class PcapngFile:
    """A file that frames are written to as they come on the wire; it gets its name when it is closed."""

    def __init__(self, target: Path, traffic: Traffic, framing: Framing, link: str) -> None:
        self.problem: OSError | None = None
        self._target, self._traffic = target, traffic
        self._aside = target.with_name(target.name + ".part")
        self._lock = threading.Lock()  # frames come on the thread of the wire
        self._stream = self._aside.open("wb")
        self._writer = PcapngWriter(self._stream, framing, link)
        for frame in traffic.frames():  # of connecting
            self._writer.add(frame)
        traffic.tap = self._add

    def close(self) -> None:
        """Finish the file; raise ``OSError`` where writing failed: what was written stays beside it as .part."""
        self._traffic.tap = None
        with self._lock:
            self._stream.close()
        if self.problem is not None:
            raise self.problem
        self._aside.replace(self._target)

    def _add(self, frame: Frame) -> None:
        with self._lock:
            if self.problem is not None or self._stream.closed:
                return
            try:
                self._writer.add(frame)
            except OSError as error:  # the watch goes on; `close` tells
                self.problem = error


def pcapng(frames: Iterable[Frame], framing: Framing, link: str = "") -> bytes:
    """Return frames as a file's bytes."""
    stream = io.BytesIO()
    writer = PcapngWriter(stream, framing, link)
    for frame in frames:
        writer.add(frame)
    return stream.getvalue()


def _serial_body(data: bytes, framing: Framing) -> tuple[bytes | None, str]:
    """Return unit and PDU of a serial frame with its checksum in words, or ``None``."""
    if framing == "rtu":
        whole = len(data) >= 4 and checksum(data[:-2]) == data[-2:]
        return (data[:-2], data[-2:].hex()) if whole else (None, "")
    try:
        raw = bytes.fromhex(data.decode("ascii").strip().removeprefix(":"))
    except ValueError:  # covers UnicodeDecodeError
        return None, ""
    return (raw[:-1], raw[-1:].hex()) if len(raw) >= 3 and sum(raw) & 0xFF == 0 else (None, "")


def _internet_sum(data: bytes) -> bytes:
    """Return the checksum of IP and TCP (RFC 1071)."""
    words = struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)


def _block(kind: int, body: bytes, options: dict[int, str]) -> bytes:
    """Return a block of pcapng; options without text are left out."""
    tail = b"".join(
        struct.pack("<HH", code, len(text.encode())) + _padded(text.encode()) for code, text in options.items() if text
    )
    tail += b"\0\0\0\0" if tail else b""
    length = struct.pack("<I", len(body) + len(tail) + 12)
    return struct.pack("<I", kind) + length + body + tail + length


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
