"""Packs the values of one point into bytes and back, without losing a digit.

Numbers with few decimals become integers, their differences are split into byte planes and compressed: neighbouring
samples differ little, so most planes are zeros. Values that are no short decimals (a float32 register) keep their bits.
Layout: one letter for the kind, then the kind's header, then zlib. A mask of missing values and runs of quality follow
where there are any.
"""

import json
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evtech.errors import ArchiveError
from evtech.measure.sample import Value

Floats = npt.NDArray[np.float64]
_HEAD = struct.Struct("<cBBHII")  # kind, decimals, bytes of an integer, count, length of values, length of mask
_TIMES = struct.Struct("<IBqq")  # count, bytes of a bend, first time and first step in microseconds
_MOST_DECIMALS = 6
_MOST_SAMPLES = 1 << 20  # of one chunk; evtech writes 1,024. A chunk may come from a file that means harm
_MOST_BYTES = 16 << 20
_DAMAGED = (struct.error, zlib.error, ValueError, IndexError, TypeError, KeyError)  # what damaged bytes lead to


def pack(values: Sequence[Value | None], qualities: Sequence[str]) -> bytes:
    """Return the bytes of values (``None`` = missing) with their qualities."""
    if any(isinstance(value, str) for value in values):
        body = zlib.compress(json.dumps(list(values)).encode(), 6)
        return _HEAD.pack(b"t", 0, 0, len(values), len(body), 0) + body + _pack_quality(values, qualities)
    numbers = np.array([np.nan if value is None else float(value) for value in values], np.float64)
    return pack_floats(numbers) + _pack_quality(values, qualities)


def pack_floats(numbers: Floats) -> bytes:
    """Return the bytes of numbers (NaN = missing) that are all good."""
    missing = np.isnan(numbers)
    if missing.any():
        present = np.flatnonzero(~missing)
        if len(present):  # a missing value takes its predecessor's number: no step in the differences
            last = np.maximum.accumulate(np.where(missing, -1, np.arange(len(numbers))))
            numbers = numbers[np.where(last < 0, present[0], last)]
        else:
            numbers = np.zeros(len(numbers))
    kind, decimals, width, body = _pack_numbers(numbers)
    mask = zlib.compress(np.packbits(missing).tobytes(), 6) if missing.any() else b""
    return _HEAD.pack(kind, decimals, width, len(numbers), len(body), len(mask)) + body + mask


def unpack(data: bytes) -> tuple[Floats | list[str | None], list[str] | None]:
    """Return values (numbers with NaN for missing, or a list of texts) and qualities.

    Qualities are ``None`` where all that is present is good, which is nearly always. Raises ``ArchiveError`` if
    damaged.
    """
    try:
        kind, decimals, width, count, size, mask_size = _HEAD.unpack_from(data)
        _demand_bearable(count)
        body = _inflated(data[_HEAD.size : _HEAD.size + size])
        rest = data[_HEAD.size + size :]
        if kind == b"t":
            texts = json.loads(body)
            return texts, _unpack_quality(rest, count)
        numbers = _unpack_numbers(kind, decimals, width, count, body)
        if mask_size:
            packed = np.frombuffer(_inflated(rest[:mask_size]), np.uint8)
            missing = np.unpackbits(packed, count=count).astype(bool)
            numbers[missing] = np.nan
        return numbers, _unpack_quality(rest[mask_size:], count)
    except _DAMAGED as error:
        raise ArchiveError(f"A chunk of samples is damaged: {error}.", "Restore the archive from a backup.") from error


def pack_times(times: Sequence[float]) -> bytes:
    """Return the bytes of times (s since 1970), kept to the microsecond."""
    whole = np.round(np.array(times) * 1e6).astype(np.int64)
    bends = np.diff(whole, n=2)
    width = 0 if not bends.any() else next(w for w in (1, 2, 4, 8) if _fits(bends, w))
    step = int(whole[1] - whole[0]) if len(whole) > 1 else 0
    head = _TIMES.pack(len(whole), width, int(whole[0]), step)
    return head + (zlib.compress(_planes(bends, width), 6) if width else b"")


def unpack_times(data: bytes) -> Floats:
    """Return times (s since 1970); ``ArchiveError`` if damaged."""
    try:
        count, width, first, step = _TIMES.unpack_from(data)
        _demand_bearable(count)
        if not width:  # an even pace
            return np.asarray((first + step * np.arange(count)) / 1e6, np.float64)
        bends = _from_planes(_inflated(data[_TIMES.size :]), count - 2, width)
        whole = np.empty(count, np.int64)
        whole[0], whole[1] = 0, step
        np.cumsum(np.cumsum(bends) + step, out=whole[2:])
        whole[2:] += step
        return np.asarray((whole + first) / 1e6, np.float64)
    except _DAMAGED as error:
        raise ArchiveError(f"The times of a chunk are damaged: {error}.", "Restore it from a backup.") from error


def _demand_bearable(count: int) -> None:
    if count > _MOST_SAMPLES:
        raise ValueError(f"it says that it has {count} samples")


def _inflated(data: bytes) -> bytes:
    """Return what was compressed; raise ``ValueError`` where it would not end."""
    stream = zlib.decompressobj()
    body = stream.decompress(data, _MOST_BYTES)
    if not stream.eof:
        raise ValueError("it is cut off" if not stream.unconsumed_tail else f"it has more than {_MOST_BYTES} bytes")
    return body


def _pack_numbers(numbers: Floats) -> tuple[bytes, int, int, bytes]:
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows does not come back equal and is kept as bits
        return _packed(numbers)


def _packed(numbers: Floats) -> tuple[bytes, int, int, bytes]:
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = np.round(numbers * 10.0**decimals)
        if np.abs(scaled).max(initial=0) < 2**52 and np.array_equal(scaled / 10.0**decimals, numbers):
            whole = scaled.astype(np.int64)
            steps = np.diff(whole, prepend=0)
            width = next(w for w in (1, 2, 4, 8) if _fits(steps[1:], w))
            first = struct.pack("<q", int(whole[0]) if len(whole) else 0)
            return b"i", decimals, width, zlib.compress(first + _planes(steps[1:], width), 6)
    single = numbers.astype(np.float32)
    if np.array_equal(single.astype(np.float64), numbers):
        bits = single.view(np.uint32)
        return (
            b"f",
            0,
            4,
            zlib.compress(_planes(np.bitwise_xor(bits, np.concatenate([[0], bits[:-1]])).astype(np.uint32), 4), 6),
        )
    wide = numbers.view(np.uint64)
    mixed = np.bitwise_xor(wide, np.concatenate([np.zeros(1, np.uint64), wide[:-1]]))
    return b"d", 0, 8, zlib.compress(_planes(mixed, 8), 6)


def _unpack_numbers(kind: bytes, decimals: int, width: int, count: int, body: bytes) -> Floats:
    if kind == b"i":
        (first,) = struct.unpack_from("<q", body)
        steps = _from_planes(body[8:], max(count - 1, 0), width)
        whole = np.empty(count, np.int64)
        whole[0] = first
        np.cumsum(steps, out=whole[1:])
        whole[1:] += first
        return np.asarray(whole / 10.0**decimals, np.float64)
    if kind == b"f":
        mixed = np.frombuffer(_joined(body, count, 4), np.uint32)
        return np.bitwise_xor.accumulate(mixed).view(np.float32).astype(np.float64)
    if kind == b"d":
        wide = np.frombuffer(_joined(body, count, 8), np.uint64)
        return np.bitwise_xor.accumulate(wide).view(np.float64).copy()
    raise ValueError(f"unknown kind {kind!r}")


def _fits(steps: npt.NDArray[np.int64], width: int) -> bool:
    bound = 1 << (8 * width - 1)
    return width == 8 or bool(len(steps) == 0 or (steps.min() >= -bound and steps.max() < bound))


def _planes(numbers: npt.NDArray[np.generic], width: int) -> bytes:
    """Return the numbers' bytes, all lowest ones first, then all second ones ..."""
    kind = np.dtype(f"<i{width}") if numbers.dtype.kind == "i" else np.dtype(f"<u{width}")
    return numbers.astype(kind).view(np.uint8).reshape(-1, width).T.tobytes()


def _joined(planes: bytes, count: int, width: int) -> bytes:
    return np.frombuffer(planes, np.uint8).reshape(width, count).T.tobytes()


def _from_planes(planes: bytes, count: int, width: int) -> npt.NDArray[np.int64]:
    if width == 1:
        return np.frombuffer(planes, np.int8, count).astype(np.int64)
    return np.frombuffer(_joined(planes, count, width), f"<i{width}").astype(np.int64)


def _pack_quality(values: Sequence[Value | None], qualities: Sequence[str]) -> bytes:
    """Return runs of (length, quality); nothing where all that is present is good."""
    plain = all(q == ("missing" if v is None else "good") for v, q in zip(values, qualities, strict=True))
    if plain:
        return b""
    runs: list[list[object]] = []
    for quality in qualities:
        if runs and runs[-1][1] == quality:
            runs[-1][0] = int(str(runs[-1][0])) + 1
        else:
            runs.append([1, quality])
    return json.dumps(runs).encode()


def _unpack_quality(data: bytes, count: int) -> list[str] | None:
    if not data:
        return None
    runs = json.loads(data)
    if sum(length for length, _ in runs) != count:
        raise ValueError("its qualities are not as many as its values")
    return [quality for length, quality in runs for _ in range(length)]


def plain_quality(column: Floats | list[str | None], index: int) -> str:
    """Return the quality of a value whose chunk keeps none: good, or missing."""
    value = column[index]
    return "missing" if value is None or value != value else "good"
