"""OCMF as a text of its own: one record, or several one after the other."""

from evtech.billing.ocmf import START, read_record
from evtech.billing.signed_formats.content import Content
from evtech.billing.signed_formats.format import Inner, SignedFormat, pieces
from evtech.billing.signed_values import Record


def _read(content: Content, _: Inner) -> list[Record]:
    return [read_record(text) for text in pieces(content.data, START) or [content.data]]


OCMF = SignedFormat("ocmf", lambda content: content.data.startswith(b"OCMF"), _read)
