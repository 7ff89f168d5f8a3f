"""Verifies ECDSA signatures over SHA-256: with ``cryptography`` where it has the curve, else with our own arithmetic.

Some builds of OpenSSL have the 192-bit curves switched off, and none has secp192k1; what the library cannot do is
computed here, so that a missing curve never looks like a wrong signature.
"""

import hashlib
import re

from evtech.billing.curves import Curve, find_curve

DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"

_LIBRARY_NAMES = {
    "secp192r1": "SECP192R1",
    "secp256k1": "SECP256K1",
    "secp256r1": "SECP256R1",
    "secp384r1": "SECP384R1",
    "brainpool256r1": "BrainpoolP256R1",
    "brainpool384r1": "BrainpoolP384R1",
}


def curve_of_algorithm(algorithm: str) -> Curve | None:
    """Return the curve of a name such as ``ECDSA-secp256r1-SHA256``; ``None`` for what is not known."""
    found = re.fullmatch(r"ECDSA-(\w+)-SHA-?256", algorithm.strip(), re.IGNORECASE)
    return find_curve(found.group(1)) if found else None


def verify(curve: Curve, point: tuple[int, int], data: bytes, r: int, s: int) -> bool:
    """Return whether (r, s) signs the SHA-256 of the data; the point must lie on the curve."""
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    name = _LIBRARY_NAMES.get(curve.name)
    answer = _library_verifies(name, curve, point, data, r, s) if name else None
    return curve.verify(point, hashlib.sha256(data).digest(), r, s) if answer is None else answer


def _library_verifies(name: str, curve: Curve, point: tuple[int, int], data: bytes, r: int, s: int) -> bool | None:
    """Return the library's answer, or ``None`` where this build of it lacks the curve."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    try:
        public = ec.EllipticCurvePublicNumbers(*point, getattr(ec, name)()).public_key()
        public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError):
        return None
    return True


def read_signature(raw: bytes, curve: Curve | None) -> tuple[int, int] | None:
    """Return r and s of a DER sequence or of r‖s in the curve's size (any even size while the curve is unknown)."""
    numbers = _der(raw)
    if numbers:
        return numbers
    half = len(raw) // 2
    if not raw or len(raw) % 2 or (curve is not None and half != curve.size):
        return None
    return int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")


def _der(raw: bytes) -> tuple[int, int] | None:
    """Return the two numbers of SEQUENCE { INTEGER r, INTEGER s }; lengths must fit, leading zeros may vary."""
    if len(raw) < 8 or raw[0] != 0x30:
        return None
    start = 3 if raw[1] == 0x81 else 2
    if raw[1] != len(raw) - 2 and not (start == 3 and raw[2] == len(raw) - 3):
        return None
    r, after = _integer(raw, start)
    s, end = _integer(raw, after) if after else (0, 0)
    return (r, s) if end == len(raw) else None


def _integer(raw: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned INTEGER and where it ends; end 0 where there is none."""
    if at + 2 > len(raw) or raw[at] != 0x02 or raw[at + 1] > 0x7F or raw[at + 1] == 0:
        return 0, 0
    end = at + 2 + raw[at + 1]
    return (int.from_bytes(raw[at + 2 : end], "big"), end) if end <= len(raw) else (0, 0)
