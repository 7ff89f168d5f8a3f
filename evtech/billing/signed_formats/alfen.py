"""Alfen: ``AP;type;version;key;data;signature;`` with base32 parts; signed are the 82 bytes of data."""

import base64
import binascii
from datetime import UTC, datetime

from evtech.billing.curves import find_curve
from evtech.billing.ecdsa import read_signature
from evtech.billing.signed_formats.content import Content
from evtech.billing.signed_formats.edl_block import UNITS, obis_text, printable, reading_value
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, pieces
from evtech.billing.signed_values import Failure, Reading, Record, Signed

_START = b"AP;"
_SIZE = 82
_REASONS = {"0": "B", "1": "E", "2": "C"}
_ALGORITHM = "ECDSA-secp192r1-SHA256"


def _read(content: Content, _: Inner) -> list[Record]:
    return [_record(text) for text in pieces(content.data, _START)]


def _record(text: bytes) -> Record:
    parts = b"".join(text.split()).decode("ascii", "replace").rstrip(";").split(";")
    if len(parts) != 6:
        return broken("alfen", "sections")
    _, kind, _, key, data_text, signature_text = parts
    data = _base32(data_text)
    if data is None or len(data) != _SIZE:
        return broken("alfen")
    try:
        reading = _reading(kind, data)
    except ValueError:
        return broken("alfen")
    raw = _base32(signature_text)
    numbers = read_signature(raw, find_curve("secp192r1")) if raw else None
    page = int.from_bytes(data[78:82], "little")
    return Record(
        format="alfen",
        signed=(Signed(data, *numbers),) if numbers else (),
        failure=None if numbers else Failure("malformed", "signature_encoding"),
        algorithm=_ALGORITHM,
        record_key=key or None,
        readings=(reading,),
        meter_serial=data[16:26].hex().upper(),
        gateway_serial=data[0:10].hex().upper(),
        user_id=printable(data[54:74]),
        page=str(page),
    )


def _reading(kind: str, data: bytes) -> Reading:
    scale = int.from_bytes(data[45:46], "little", signed=True)
    value = int.from_bytes(data[46:54], "little", signed=True)
    return Reading(
        value=reading_value(value, scale),
        unit=UNITS.get(data[44]),
        register=obis_text(data[38:44]),
        reason=_REASONS.get(kind),
        time=datetime.fromtimestamp(int.from_bytes(data[34:38], "little"), UTC),
    )


def _base32(text: str) -> bytes | None:
    try:
        return base64.b32decode(text.rstrip("=").upper() + "=" * (-len(text.rstrip("=")) % 8))
    except (ValueError, binascii.Error):
        return None


ALFEN = SignedFormat("alfen", lambda content: content.data.startswith(_START), _read)
