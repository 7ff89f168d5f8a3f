"""Registers to values and back: types, word order, scale, sentinels, bits, text.

A register holds its high byte first (Modbus application protocol 1.1b3, 4.2); the order of the words of a longer
value is the maker's choice.
"""

import math
import struct
from collections.abc import Callable, Sequence

from evtech.devices.profile import DataType, Point
from evtech.measure.sample import Quality, Sample, Value

_FORMATS = {
    DataType.UINT16: ">H",
    DataType.INT16: ">h",
    DataType.UINT32: ">I",
    DataType.INT32: ">i",
    DataType.UINT64: ">Q",
    DataType.INT64: ">q",
    DataType.FLOAT32: ">f",
    DataType.FLOAT64: ">d",
    DataType.BITS16: ">H",
    DataType.BITS32: ">I",
    DataType.BOOL: ">H",
}
WORDS = {kind: struct.calcsize(code) // 2 for kind, code in _FORMATS.items()}


def decode(point: Point, words: Sequence[int]) -> Sample:
    """Return the sample that the words of a point mean, in the base unit.

    A value that the profile names as "not available", and a NaN or infinity, gives quality ``missing``.
    """
    raw = tuple(words)
    if len(raw) != point.count:
        return missing(point, f"{len(raw)} words came, {point.count} were due", raw)
    if point.all_ones_missing and raw.count(0xFFFF) == len(raw):
        return missing(point, "not available (all ones)", raw)
    if point.type is DataType.TEXT:
        return Sample(point.name, _text(raw, point), point.unit, raw=raw)
    number = raw_number(point, raw)
    if isinstance(number, float) and not math.isfinite(number):
        return missing(point, "not available (not a number)", raw)
    if number in point.not_available:
        return missing(point, "not available or out of range", raw)
    return Sample(point.name, _scaled(point, number), point.unit, raw=raw, text=_word(point, number))


def missing(point: Point, reason: str, raw: tuple[int, ...] = ()) -> Sample:
    """Return a sample without a value, and why."""
    return Sample(point.name, None, point.unit, Quality.MISSING, raw, reason=reason)


def raw_number(point: Point, words: Sequence[int]) -> int | float:
    """Return the unscaled number in the words."""
    ordered = words if point.word_order == "big" else words[::-1]
    data = struct.pack(f">{len(ordered)}H", *ordered)
    return struct.unpack(_FORMATS[point.type], data)[0]  # type: ignore[no-any-return]  # struct returns Any


def encode(point: Point, value: Value | None) -> tuple[int, ...]:
    """Return the words that stand for a value in the base unit; ``None`` gives the point's "not available" mark.

    Raises ``ValueError`` for a value that the type cannot hold.
    """
    if point.type is DataType.TEXT:
        text = "" if value is None else str(value)
        data = text.encode("ascii", "replace")[: 2 * point.count].ljust(2 * point.count, b"\0")
        return struct.unpack(f">{point.count}H", data)
    if value is None:
        return _absent(point)
    if isinstance(value, str):
        raise ValueError(f"{point.name} takes a number, not {value!r}")
    number: float = (value - point.offset) / point.scale
    code = _FORMATS[point.type]
    try:
        data = struct.pack(code, number if point.type in (DataType.FLOAT32, DataType.FLOAT64) else round(number))
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{value} does not fit {point.name} ({point.type})") from error
    words = struct.unpack(f">{len(data) // 2}H", data)
    return words if point.word_order == "big" else tuple(reversed(words))


def _absent(point: Point) -> tuple[int, ...]:
    if point.not_available:
        data = struct.pack(_FORMATS[point.type], min(point.not_available))
        words = struct.unpack(f">{len(data) // 2}H", data)
        return words if point.word_order == "big" else tuple(reversed(words))
    return (0xFFFF if point.all_ones_missing else 0,) * point.count


def _scaled(point: Point, number: int | float) -> Value:
    if point.scale == 1 and point.offset == 0:
        return number
    # 2301 * 0.1 is 230.10000000000002: cut what the multiplication added, far below any register's resolution
    return float(f"{number * point.scale + point.offset:.12g}") if isinstance(number, int) else number * point.scale


def _word(point: Point, number: int | float) -> str | None:
    if point.decode:
        return DECODERS[point.decode](int(number))
    if point.bits:
        return ", ".join(word for bit, word in sorted(point.bits.items()) if int(number) >> bit & 1) or None
    return point.values.get(int(number)) if point.values else None


def _text(words: tuple[int, ...], point: Point) -> str:
    ordered = words if point.word_order == "big" else tuple(reversed(words))
    data = struct.pack(f">{len(ordered)}H", *ordered)
    text = data.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def _version_bytes(number: int) -> str:
    return f"{number >> 24 & 0xFF}.{number >> 16 & 0xFF}.{number >> 8 & 0xFF}"


def _keba_firmware(number: int) -> str:
    # P30: major, minor, patch in the upper bytes; P40: decimal, 10201 is 1.2.1
    return _version_bytes(number) if number > 0xFFFFFF else f"{number // 10000}.{number // 100 % 100}.{number % 100}"


# named readings of a number as text; a profile says decode = "NAME"
DECODERS: dict[str, Callable[[int], str]] = {
    "hex": lambda number: f"{number:X}",
    "hex8": lambda number: f"{number:08X}",
    "decimal": str,
    "version_bytes": _version_bytes,
    "keba_firmware": _keba_firmware,
    "nibble_version": lambda number: f"{number >> 8}.{number >> 4 & 0xF}.{number & 0xF}",
    "letter": lambda number: chr(ord("A") + number) if 0 <= number < 26 else str(number),
}
