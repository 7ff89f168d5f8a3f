"""Public keys in all the forms that labels, containers and records carry them.

Accepted are SubjectPublicKeyInfo (RFC 5480), points ``04‖X‖Y``, ``X‖Y`` and compressed, as hex, base64, PEM or base32.
The content decides the form, never a label beside it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from evtech.billing.curves import CURVES, Curve, curve_of_oid

_MOST_CHARACTERS = 4096
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_COORDINATE_SIZES = sorted({curve.size for curve in CURVES})
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----(.*?)-----END [A-Z ]+-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as it was given: ``oid`` names its curve or is ``None``; ``y`` is ``None`` for a compressed point."""

    oid: str | None
    size: int
    x: int
    y: int | None
    odd: bool

    def on(self, curve: Curve) -> tuple[int, int] | None:
        """Return the point on a curve, or ``None`` where it does not lie on it."""
        if self.size != curve.size:
            return None
        if self.y is None:
            return curve.lift(self.x, self.odd)
        return (self.x, self.y) if curve.holds(self.x, self.y) else None

    def fits(self, curve: Curve) -> bool:
        """Return whether the key says, by name or by size, that it belongs to this curve."""
        return self.size == curve.size and (self.oid is None or self.oid == curve.oid)

    def same_as(self, other: "PublicKey") -> bool:
        """Return whether two keys are the same point, whichever forms they were given in."""
        return (self.size, self.x, self.odd) == (other.size, other.x, other.odd)


def point_hex(curve: Curve, point: tuple[int, int]) -> str:
    """Return a point as uncompressed hex."""
    return (b"\x04" + b"".join(part.to_bytes(curve.size, "big") for part in point)).hex()


def fingerprint(point: str) -> str:
    """Return the SHA-256 of an uncompressed point, hex in and out."""
    return hashlib.sha256(bytes.fromhex(point)).hexdigest()


def read_key(text: str, *, inside: bool = False) -> PublicKey | None:
    """Return the key that a text carries, or ``None`` where it is none of the known forms.

    Protocols wrap a key's text once more in base64; ``inside`` is that text.
    """
    if len(text) > _MOST_CHARACTERS:
        return None
    pem = _PEM.search(text)
    packed = re.sub(r"[\s:]", "", pem.group(1) if pem else text)
    for decode in (_hex, _base64, _base32):
        raw = decode(packed)
        key = key_of_bytes(raw) if raw else None
        if raw and not key and not inside and raw.isascii():
            key = read_key(raw.decode("ascii"), inside=True)
        if key:
            return key
    return None


def key_of_bytes(raw: bytes) -> PublicKey | None:
    """Return the key of its bytes: SubjectPublicKeyInfo or a point."""
    if raw[:1] == b"\x30" and (info := _subject_public_key_info(raw)):
        oid, point = info
        curve = curve_of_oid(oid)
        if curve is None:
            return _point(oid, point)
        return _point(oid, point) if len(point) in (curve.size + 1, 2 * curve.size + 1) else None
    return _point(None, raw)


def _point(oid: str | None, raw: bytes) -> PublicKey | None:
    for size in _COORDINATE_SIZES if oid is None or curve_of_oid(oid) else [(len(raw) - 1) // 2]:
        if len(raw) == size + 1 and raw[0] in (2, 3):
            return PublicKey(oid, size, int.from_bytes(raw[1:], "big"), None, raw[0] == 3)
        if len(raw) == 2 * size + 1 and raw[0] == 4:
            return _whole_point(oid, size, raw[1:])
        if len(raw) == 2 * size and oid is None:
            return _whole_point(oid, size, raw)
    return None


def _whole_point(oid: str | None, size: int, raw: bytes) -> PublicKey:
    x, y = int.from_bytes(raw[:size], "big"), int.from_bytes(raw[size:], "big")
    return PublicKey(oid, size, x, y, y % 2 == 1)


def _hex(text: str) -> bytes | None:
    return _decoded(bytes.fromhex, text.removeprefix("0x"))


def _base64(text: str) -> bytes | None:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return _decoded(lambda value: base64.b64decode(value, validate=True), plain + "=" * (-len(plain) % 4))


def _base32(text: str) -> bytes | None:
    plain = text.rstrip("=").upper()
    return _decoded(base64.b32decode, plain + "=" * (-len(plain) % 8))


def _decoded(decode: Callable[[str], bytes], text: str) -> bytes | None:
    try:
        return decode(text)
    except (ValueError, binascii.Error):
        return None


def _subject_public_key_info(raw: bytes) -> tuple[str, bytes] | None:
    """Return curve and point of SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID, OID }, BIT STRING }."""
    try:
        body, rest = _element(raw, 0x30)
        algorithm, bits = _element(body, 0x30)
        kind, parameters = _element(algorithm, 0x06)
        curve, after_curve = _element(parameters, 0x06)
        point, after_point = _element(bits, 0x03)
    except ValueError:
        return None
    if rest or after_curve or after_point or _oid(kind) != _EC_PUBLIC_KEY or point[:1] != b"\x00":
        return None
    return _oid(curve), point[1:]


def _element(raw: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return content and rest of one DER element; ``ValueError`` where it is not this one."""
    if len(raw) < 2 or raw[0] != tag:
        raise ValueError(tag)
    length, start = raw[1], 2
    if length == 0x81 and len(raw) > 2:
        length, start = raw[2], 3
    elif length > 0x7F:
        raise ValueError(length)
    if len(raw) < start + length:
        raise ValueError(length)
    return raw[start : start + length], raw[start + length :]


def _oid(raw: bytes) -> str:
    parts: list[int] = []
    value = 0
    for octet in raw:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            parts.append(value)
            value = 0
    if not parts:
        return ""
    first = min(parts[0] // 40, 2)
    return ".".join(map(str, [first, parts[0] - 40 * first, *parts[1:]]))
