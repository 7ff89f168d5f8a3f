"""The 320-byte block that EDL40 meters sign, built from its fields or taken apart.

Numbers are little endian, the price is not. Times are local: Unix seconds plus the zone's offset.
"""

import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from evtech.billing.curves import find_curve
from evtech.billing.ecdsa import read_signature
from evtech.billing.signed_values import Failure, Reading, Signed

SIZE = 320
UNITS = {30: "Wh", 27: "W"}
"""DLMS unit codes (IEC 62056-62)."""
_NEWER_STATUS_BITS = ((17, 0), (31, 3), (16, 4), (11, 5), (9, 6), (8, 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class EdlBlock:
    """The signed fields of one reading."""

    server_id: bytes
    time: int
    status: int
    seconds_index: int
    page: int
    obis: bytes
    unit: int
    scale: int
    value: int
    log: bytes
    contract_id: bytes
    contract_time: int
    historic: int = 0
    historic_compensated: int = 0

    def pack(self) -> bytes:
        """Return the 320 bytes; raise ``ValueError`` where a field is longer than its place."""
        parts = (
            _fixed(self.server_id, 10),
            little(self.time, 4),
            little(self.status & 0xFF, 1),
            little(self.seconds_index, 4),
            little(self.page, 4),
            _fixed(self.obis, 6),
            little(self.unit, 1),
            little(self.scale, 1),
            little(self.value, 8),
            _fixed(self.log, 2),
            _fixed(self.contract_id, 128),
            little(self.contract_time, 4),
            little(self.historic, 8),
            little(self.historic_compensated, 8),
        )
        return b"".join(parts).ljust(SIZE, b"\0")


def status_bytes(status: int) -> tuple[int, ...]:
    """Return the ways to write a status: its low byte, and the bits that newer EMH meters put into it."""
    newer = sum((status >> bit & 1) << place for bit, place in _NEWER_STATUS_BITS)
    low = status & 0xFF
    return (low, newer) if newer != low else (low,)


def unpack(data: bytes) -> EdlBlock:
    """Return the fields of a block."""
    return EdlBlock(
        server_id=data[0:10],
        time=int.from_bytes(data[10:14], "little"),
        status=data[14],
        seconds_index=int.from_bytes(data[15:19], "little"),
        page=int.from_bytes(data[19:23], "little"),
        obis=data[23:29],
        unit=data[29],
        scale=int.from_bytes(data[30:31], "little", signed=True),
        value=int.from_bytes(data[31:39], "little", signed=True),
        log=data[39:41],
        contract_id=data[41:169].rstrip(b"\0"),
        contract_time=int.from_bytes(data[169:173], "little"),
        historic=int.from_bytes(data[173:181], "little"),
        historic_compensated=int.from_bytes(data[181:189], "little"),
    )


@dataclass(frozen=True, slots=True)
class EdlSignature:
    """r and s, the curve their length means, and the log bytes behind them (``None`` where there are none)."""

    r: int
    s: int
    algorithm: str
    log: bytes | None

    def over(self, data: bytes, *others: bytes) -> Signed:
        """Return the signature together with what it signs; ``others`` are further ways to write the same fields."""
        return Signed(data, self.r, self.s, others)


def read_edl_signature(raw: bytes | None) -> EdlSignature | Failure:
    """Return a signature of 48, 50, 64 or 66 bytes."""
    name = {48: "secp192r1", 50: "secp192r1", 64: "secp256r1", 66: "secp256r1"}.get(len(raw or b""))
    curve = find_curve(name) if name else None
    if raw is None or curve is None:
        return Failure("malformed", "signature_encoding")
    numbers = read_signature(raw[: 2 * curve.size], curve)
    if numbers is None:
        return Failure("malformed", "signature_encoding")
    return EdlSignature(*numbers, f"ECDSA-{curve.name}-SHA256", raw[2 * curve.size :] or None)


def reading_value(value: int, scale: int) -> Decimal:
    """Return a register's value in its unit; raise ``ValueError`` for what no meter counts."""
    if abs(scale) > 30 or not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value}e{scale}")
    return Decimal(value).scaleb(scale)


def block_reading(block: EdlBlock, reason: str | None, time: datetime | None = None) -> Reading:
    """Return the reading of a block; only its local clock is signed, ``time`` is told beside it."""
    return Reading(
        value=reading_value(block.value, block.scale),
        unit=UNITS.get(block.unit),
        register=obis_text(block.obis),
        reason=reason,
        time=time,
        local_time=clock_text(block.time),
    )


def moment(seconds: int) -> datetime:
    """Return Unix seconds as a moment; raise ``ArithmeticError`` beyond the calendar."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def clock_text(seconds: int) -> str:
    """Return the Unix seconds of a local clock as text without zone."""
    return moment(seconds).replace(tzinfo=None).isoformat()


def obis_text(obis: bytes) -> str | None:
    """Return six bytes as ``A-B:C.D.E*F``."""
    if len(obis) != 6:
        return None
    a, b, c, d, e, f = obis
    return f"{a}-{b}:{c}.{d}.{e}*{f}"


def printable(raw: bytes) -> str | None:
    """Return zero-padded text, or hex where it is none."""
    bare = raw.rstrip(b"\0")
    text = bare.decode("ascii", "replace")
    return (text.strip() if all(letter in string.printable for letter in text) else bare.hex().upper()) or None


def little(number: int, size: int) -> bytes:
    """Return a number in its place; raise ``ValueError`` where it does not fit, for two must not look the same."""
    bits = 8 * size
    if not -(1 << bits - 1) <= number < 1 << bits:
        raise ValueError(f"{number} does not fit into {size} bytes")
    return (number % (1 << bits)).to_bytes(size, "little")


def _fixed(raw: bytes, size: int) -> bytes:
    if len(raw) > size:
        raise ValueError(f"{len(raw)} bytes do not fit into {size}")
    return raw.ljust(size, b"\0")
