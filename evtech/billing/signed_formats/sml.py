"""The part of Smart Message Language 1.04 that signed meter values need: the type-length tree and one list in it.

A file is ``1b1b1b1b 01010101``, messages, ``1b1b1b1b 1a``. Every length is checked against what is left, so that a
forged one costs nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from evtech.billing.signed_formats.content import SML_START

Node = bytes | int | bool | tuple["Node", ...] | None
_END = bytes.fromhex("1b1b1b1b1a")
_ESCAPE = b"\x1b" * 4
_DEEPEST = 16
_GET_LIST_RESPONSE = 0x0701


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in a list: Unix seconds of the clock as signed (local), and the zone's minutes where they are told."""

    seconds: int
    offset_minutes: int | None

    @property
    def local(self) -> int:
        """Return Unix seconds plus the offset, as the 320-byte block holds them."""
        return self.seconds + 60 * (self.offset_minutes or 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list."""

    name: bytes
    status: int
    time: Moment | None
    unit: int
    scaler: int
    value: Node
    signature: bytes


@dataclass(frozen=True, slots=True)
class SmlList:
    """A GetList response."""

    server_id: bytes
    name: bytes
    time: Moment | None
    entries: tuple[Entry, ...]
    signature: bytes

    def entry(self, *names: str) -> Entry | None:
        """Return the entry with the first of these object names (hex) that is there."""
        for name in names:
            for entry in self.entries:
                if entry.name == bytes.fromhex(name):
                    return entry
        return None


def read_list(data: bytes) -> SmlList:
    """Return the list in an SML file; raise ``ValueError`` where there is none or the bytes are broken."""
    body = data[len(SML_START) :]
    end = body.find(_END)
    if end < 0:
        raise ValueError("the end is missing")
    for body_node in _messages(body[:end].replace(_ESCAPE * 2, _ESCAPE)):
        kind, content = body_node[0], body_node[1]
        if kind == _GET_LIST_RESPONSE and isinstance(content, tuple) and len(content) == 7:
            return _list(content)
    raise ValueError("no list")


def _messages(data: bytes) -> Iterator[tuple[Node, ...]]:
    """Give the body of each message: SEQUENCE { id, group, abort, body { kind, content }, checksum, end }."""
    at = 0
    while at < len(data):
        if data[at] == 0:  # end of message, padding
            at += 1
            continue
        message, at = _node(data, at, 0)
        if isinstance(message, tuple) and len(message) >= 4:
            body = message[3]
            if isinstance(body, tuple) and len(body) == 2:
                yield body


def _node(data: bytes, at: int, depth: int) -> tuple[Node, int]:
    """Return one element and where the next begins."""
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    start = at
    kind, length = _octet(data, at) >> 4 & 7, data[at] & 0x0F
    while data[at] & 0x80:
        at += 1
        length = length << 4 | _octet(data, at) & 0x0F
        if length > len(data):
            raise ValueError("a length beyond the end")
    at += 1
    if kind == 7:
        return _children(data, at, length, depth)
    if length == 0:
        return None, at
    end = start + length
    if end > len(data) or end < at:
        raise ValueError("a length beyond the end")
    raw = data[at:end]
    if kind == 0:
        return (raw or None), end
    if kind in (4, 5, 6):
        return int.from_bytes(raw, "big", signed=kind == 5), end
    raise ValueError("unknown type")


def _children(data: bytes, at: int, count: int, depth: int) -> tuple[Node, int]:
    if count > len(data) - at:
        raise ValueError("a list beyond the end")
    children = []
    for _ in range(count):
        node, at = _node(data, at, depth + 1)
        children.append(node)
    return tuple(children), at


def _octet(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ValueError("truncated")
    return data[at]


def _list(content: tuple[Node, ...]) -> SmlList:
    _, server, name, time, entries, signature, _ = content
    rows = entries if isinstance(entries, tuple) else ()
    return SmlList(
        server_id=_bytes(server),
        name=_bytes(name),
        time=_moment(time),
        entries=tuple(_entry(row) for row in rows if isinstance(row, tuple) and len(row) == 7),
        signature=_bytes(signature),
    )


def _entry(row: tuple[Node, ...]) -> Entry:
    name, status, time, unit, scaler, value, signature = row
    return Entry(_bytes(name), _int(status), _moment(time), _int(unit), _int(scaler), value, _bytes(signature))


def _moment(node: Node) -> Moment | None:
    """Return a time: choice 2 a time stamp, choice 3 one with offset and season in minutes; 1 (index) is none."""
    if not isinstance(node, tuple) or len(node) != 2:
        return None
    choice, content = node
    if choice == 2 and isinstance(content, int):
        return Moment(content, None)
    if choice == 3 and isinstance(content, tuple) and len(content) == 3:
        return Moment(_int(content[0]), _int(content[1]) + _int(content[2]))
    return None


def last_number(node: Node) -> int:
    """Return the number at the end of a nested choice, such as a seconds index."""
    while isinstance(node, tuple) and node:
        node = node[-1]
    return _int(node)


def _int(node: Node) -> int:
    return node if isinstance(node, int) else 0


def _bytes(node: Node) -> bytes:
    return node if isinstance(node, bytes) else b""
