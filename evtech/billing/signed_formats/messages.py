"""Signed values as protocols deliver them: OCPP meter values (1.6 and 2.0.1) and the SignedData of an OCPI CDR.

OCPP 1.6 J: SampledValue with ``format`` SignedData; OCPP 2.0.1: SignedMeterValueType; OCPI 2.2.1: CDR ``signed_data``.
"""

from collections.abc import Iterator
from dataclasses import replace

from evtech.billing.signed_formats.content import Content, ContentError, decode_binary, object_of, open_content, text_of
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, few
from evtech.billing.signed_values import Record
from evtech.billing.strict_json import load_object

_CONTEXTS = {"start": "Transaction.Begin", "end": "Transaction.End", "intermediate": "Sample.Periodic"}
_DEEPEST = 12


def read_signed_data(signed_data: dict[str, object], inner: Inner) -> list[Record]:
    """Return the records of an OCPI SignedData object."""
    listed = signed_data.get("signed_values")
    key = text_of(signed_data.get("public_key"))
    values = [object_of(item) for item in listed] if isinstance(listed, list) else []
    return [record for value in few(values) for record in _ocpi_value(value, key, inner)]


def _ocpi_value(value: dict[str, object], key: str | None, inner: Inner) -> list[Record]:
    context = _CONTEXTS.get(str(value.get("nature")).lower())
    plain = text_of(value.get("plain_data"))
    return [
        replace(record, forged=record.forged or _contradicts(plain, text_of(value.get("signed_data")) or ""))
        for record in _open(text_of(value.get("signed_data")), context, key, inner)
    ]


def _open(text: str | None, context: str | None, key: str | None, inner: Inner) -> list[Record]:
    if text is None:
        return [broken("unknown", "no_signed_data")]
    try:
        records = inner(open_content(text.encode("utf-8", "replace")))
    except ContentError as error:
        return [broken("unknown", error.reason)]
    return [
        replace(record, context=record.context or context, container_key=record.container_key or key)
        for record in records
    ]


def _contradicts(plain: str | None, signed: str) -> bool:
    """Return whether the plain copy of an OCMF payload differs from the signed one in more than white space."""
    data = signed.encode("utf-8", "replace") if signed.startswith("OCMF|") else decode_binary(signed) or b""
    sections = data.strip().split(b"|")
    if plain is None or sections[0] != b"OCMF" or len(sections) < 2:
        return False
    copy = plain.split("|")[1] if plain.startswith("OCMF|") else plain
    try:
        stated = load_object(copy)
    except ValueError:
        return False
    try:
        return stated != load_object(sections[1].decode())
    except ValueError:
        return False


def _found(value: object, depth: int = 0) -> Iterator[dict[str, object]]:
    """Give every object in a message that carries signed data."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _found(item, depth + 1)
    elif isinstance(value, dict):
        if _carries(value):
            yield value
        else:
            for item in value.values():
                yield from _found(item, depth + 1)


def _carries(fields: dict[str, object]) -> bool:
    return (
        "signedMeterData" in fields
        or (fields.get("format") == "SignedData" and "value" in fields)
        or isinstance(fields.get("signed_values"), list)
        or "signedMeterValue" in fields
    )


def _read(content: Content, inner: Inner) -> list[Record]:
    return [record for fields in few(list(_found(content.json))) for record in _records(fields, inner)]


def _records(fields: dict[str, object], inner: Inner) -> list[Record]:
    if "signed_values" in fields:
        return read_signed_data(fields, inner) or [broken("unknown", "no_signed_data")]
    context = text_of(fields.get("context"))
    if "value" in fields and fields.get("format") == "SignedData":
        return _open(text_of(fields.get("value")), context, None, inner)
    signed = object_of(fields.get("signedMeterValue")) or fields
    return _open(text_of(signed.get("signedMeterData")), context, _key(signed), inner)


def _key(signed: dict[str, object]) -> str | None:
    """Return the key of OCPP 2.0.1: base64 of a key, or of a text such as ``oca:base16:asn1:3059…``."""
    text = text_of(signed.get("publicKey"))
    raw = decode_binary(text) if text else None
    if raw and raw.isascii() and b":" in raw:
        return raw.decode("ascii").rpartition(":")[2]
    return text


def _recognises(content: Content) -> bool:
    return content.json is not None and next(_found(content.json), None) is not None


MESSAGES = SignedFormat(None, _recognises, _read)
