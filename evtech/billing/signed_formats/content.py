"""Opens what a person dropped: takes the wrapping off until XML, JSON, SML or a text format shows.

Bounded in size, depth and number of elements; no document type, no entity, nothing fetched.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from xml.etree import ElementTree

from evtech.billing.strict_json import load

LARGEST_FILE = 4_000_000
"""Bytes. A thousand signed records take less than one megabyte."""
_MOST_ELEMENTS = 100_000
_DEEPEST_XML = 32
_CHUNK = 65_536
_LONGEST_BASE32 = 100_000
"""Characters; the decoder is a loop in Python."""

SML_START = bytes.fromhex("1b1b1b1b01010101")
TEXT_STARTS = (b"OCMF", b"AP;", b"128.8.0(")
_SPACE = b" \t\r\n\x00"


class ContentError(ValueError):
    """The content is broken; ``reason`` is the word of the contract for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes without outer white space, and the tree where they are XML or JSON."""

    data: bytes
    xml: ElementTree.Element | None = None
    json: object = None


def open_content(data: bytes) -> Content:
    """Return what the bytes hold; raise ``ContentError`` where they are empty or broken."""
    if len(data) > LARGEST_FILE:
        raise ContentError("format")
    bare = _without_mark(data).strip(_SPACE)
    if not bare:
        raise ContentError("empty")
    if bare.startswith(b"<"):
        return Content(bare, xml=parse_xml(bare))
    if bare[:1] in (b"{", b"["):
        return Content(bare, json=_parse_json(bare))
    if bare.startswith((SML_START, *TEXT_STARTS)):
        return Content(bare)
    inner = unwrap(bare)
    return open_content(inner) if inner else Content(bare)


def unwrap(data: bytes) -> bytes | None:
    """Return what a hex, base64 or base32 text stands for, if that is the beginning of something known."""
    packed = b"".join(data.split())
    for decode in (_hex, _base64, _base32):
        inner = decode(packed)
        if inner and looks_known(inner):
            return inner
    return None


def looks_known(data: bytes) -> bool:
    """Return whether bytes begin like a signed record or like a file that holds some."""
    bare = _without_mark(data).lstrip(_SPACE)
    return bare.startswith((SML_START, *TEXT_STARTS, b"<", b"{", b"["))


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its name space."""
    return element.tag.rpartition("}")[2]


def child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    """Return the first child of a name, in any name space."""
    return next((found for found in element if local_name(found) == name), None)


def child_text(element: ElementTree.Element, name: str) -> str | None:
    """Return the stripped text of a child; ``None`` where it is missing or blank."""
    found = child(element, name)
    return ((found.text or "").strip() or None) if found is not None else None


def decode_binary(text: str) -> bytes | None:
    """Return the bytes of a hex, base64 or base32 text, in this order."""
    packed = b"".join(text.encode("utf-8", "replace").split())
    return next((raw for decode in (_hex, _base64, _base32) if (raw := decode(packed))), None)


def object_of(value: object) -> dict[str, object]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """Return a JSON text or number as stripped text; ``None`` for what is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    return str(value).strip() or None


def parse_xml(data: bytes) -> ElementTree.Element:
    """Return the root; raise ``ContentError`` for what is not well-formed, has a document type, or is a bomb."""
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ContentError("xml") from error
    return root


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree and stops at a document type, and where there are too many or too deep elements."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def doctype(self, *_: object) -> None:
        raise ValueError("document type")

    def start(self, tag: str, attrs: dict[str, str]) -> ElementTree.Element:
        self._depth += 1
        self._count += 1
        if self._depth > _DEEPEST_XML or self._count > _MOST_ELEMENTS:
            raise ValueError("too many elements")
        return super().start(tag, attrs)

    def end(self, tag: str) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def _parse_json(data: bytes) -> object:
    try:
        return load(data.decode())
    except ValueError as error:
        raise ContentError("payload_json") from error


def _without_mark(data: bytes) -> bytes:
    """Return the bytes without byte order mark; UTF-16 becomes UTF-8 unless it is XML that names its encoding."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            text = data.decode("utf-16")
        except ValueError as error:
            raise ContentError("format") from error
        return re.sub(r"^(\s*<\?xml[^>]*?)\sencoding=([\"'])[^\"']*\2", r"\1", text).encode("utf-8", "replace")
    return data


def _hex(text: bytes) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None


def _base64(text: bytes) -> bytes | None:
    return _lenient(lambda value: base64.b64decode(value, validate=True), text, 4)


def _base32(text: bytes) -> bytes | None:
    return _lenient(base64.b32decode, text.upper(), 8) if len(text) <= _LONGEST_BASE32 else None


def _lenient(decode: Callable[[bytes], bytes], text: bytes, group: int) -> bytes | None:
    """Decode with the padding that writers leave out."""
    bare = text.rstrip(b"=")
    try:
        return decode(bare + b"=" * (-len(bare) % group))
    except (ValueError, binascii.Error):
        return None
