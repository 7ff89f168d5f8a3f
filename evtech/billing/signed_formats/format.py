"""What a signed-record format is: a name, a test for its content, a reader."""

from collections.abc import Callable
from dataclasses import dataclass

from evtech.billing.signed_formats.content import Content
from evtech.billing.signed_values import Failure, Record

Inner = Callable[[Content], list[Record]]
"""Reads the records of content found inside other content."""


@dataclass(frozen=True, slots=True)
class SignedFormat:
    """One format; ``name`` stands in the answer as the file's format, ``None`` leaves that to the records inside."""

    name: str | None
    recognises: Callable[[Content], bool]
    read: Callable[[Content, Inner], list[Record]]


def broken(name: str, reason: str = "format") -> Record:
    """Return the record of something that could not be read."""
    return Record(format=name, failure=Failure("malformed", reason))
