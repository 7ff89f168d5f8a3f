"""The PTB container: JSON ``"format": "ptb"`` around the two OCMF records of begin and end."""

from dataclasses import replace

from evtech.billing.ocmf import read_record
from evtech.billing.signed_formats.content import Content, object_of, text_of
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken
from evtech.billing.signed_values import Record

_PARTS = (("ocmfBegin", "Transaction.Begin"), ("ocmfEnd", "Transaction.End"))


def _recognises(content: Content) -> bool:
    fields = object_of(content.json)
    return str(fields.get("format")).lower() == "ptb" or any(name in fields for name, _ in _PARTS)


def _read(content: Content, _: Inner) -> list[Record]:
    fields = object_of(content.json)
    key = text_of(fields.get("publicKey"))
    records = [
        replace(read_record(text.encode("utf-8", "replace")), context=context, container_key=key)
        for name, context in _PARTS
        if (text := text_of(fields.get(name)))
    ]
    return records or [broken("unknown", "no_signed_data")]


PTB = SignedFormat("ptb", _recognises, _read)
