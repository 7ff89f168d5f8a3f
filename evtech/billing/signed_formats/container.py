"""The XML container of the transparency tools: ``values`` of ``value`` with ``signedData`` and ``publicKey``.

The labels for format and encoding may be missing or wrong, so the content decides. ``encodedData`` is encrypted.
"""

import re
from dataclasses import replace
from xml.etree.ElementTree import Element

from evtech.billing.signed_formats.content import (
    Content,
    ContentError,
    child,
    child_text,
    local_name,
    open_content,
)
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, few
from evtech.billing.signed_values import Failure, Record

_DECLARATION = re.compile(r"^<\?xml[^>]*\?>\s*")
"""Of escaped XML: it names the encoding of another file, the text is already decoded."""


def _recognises(content: Content) -> bool:
    return content.xml is not None and local_name(content.xml) in ("values", "value", "signedData")


def _read(content: Content, inner: Inner) -> list[Record]:
    root = content.xml
    if root is None:
        return []
    if local_name(root) == "signedData":
        return _wrapped(root, inner)
    values = [root] if local_name(root) == "value" else [found for found in root if local_name(found) == "value"]
    shared = child_text(root, "publicKey")
    return [record for value in few(values) for record in _records(value, shared, inner)]


def _records(value: Element, shared_key: str | None, inner: Inner) -> list[Record]:
    signed = child(value, "signedData")
    if signed is None and child(value, "encodedData") is not None:
        records = [Record(format="unknown", failure=Failure("unsupported", "no_signed_data"))]
    elif signed is None:
        records = [broken("unknown", "no_signed_data")]
    else:
        records = _wrapped(signed, inner)
    key = child_text(value, "publicKey") or shared_key
    context = value.get("context")
    transaction = value.get("transactionId")
    return [
        replace(
            record,
            context=record.context or context,
            transaction_id=record.transaction_id or transaction,
            container_key=record.container_key or key,
        )
        for record in records
    ]


def _wrapped(signed: Element, inner: Inner) -> list[Record]:
    """Return the records of a ``signedData`` element: its text, or the XML that stands in it unescaped."""
    try:
        text = _DECLARATION.sub("", (signed.text or "").strip())
        if len(signed):
            return inner(Content(b"", xml=signed[0]))
        return inner(open_content(text.encode("utf-8", "replace"))) if text else [broken("unknown", "no_signed_data")]
    except ContentError as error:
        return [broken("unknown", error.reason)]


CONTAINER = SignedFormat(None, _recognises, _read)
