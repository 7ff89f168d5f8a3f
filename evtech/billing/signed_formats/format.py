"""What a signed-record format is: a name, a test for its content, a reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from evtech.billing.signed_formats.content import Content
from evtech.billing.signed_values import Failure, Record

Item = TypeVar("Item")

MOST_RECORDS = 1000
"""In one file; more would keep a person waiting, and no transaction has them."""

Inner = Callable[[Content], list[Record]]
"""Reads the records of content found inside other content."""


@dataclass(frozen=True, slots=True)
class SignedFormat:
    """One format; ``name`` stands in the answer as the file's format, ``None`` leaves that to the records inside."""

    name: str | None
    recognises: Callable[[Content], bool]
    read: Callable[[Content, Inner], list[Record]]


class TooManyError(ValueError):
    """A file holds more records than anybody signed in one transaction."""


def pieces(data: bytes, start: bytes) -> list[bytes]:
    """Return the records of a text, each beginning with ``start``; raise ``TooManyError`` before work is done."""
    if data.count(start) > MOST_RECORDS:
        raise TooManyError
    return [start + piece for piece in data.split(start)[1:]]


def few(items: list[Item]) -> list[Item]:
    """Return the items; raise ``TooManyError`` where they are too many."""
    if len(items) > MOST_RECORDS:
        raise TooManyError
    return items


def broken(name: str, reason: str = "format") -> Record:
    """Return the record of something that could not be read."""
    return Record(format=name, failure=Failure("malformed", reason))
