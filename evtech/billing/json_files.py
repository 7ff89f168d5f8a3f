"""Reads JSON that strangers wrote, with exact numbers and bounded effort.

Refused, with the reason: files above ``MAX_BYTES``, what is not UTF-8 (a byte order mark is taken off), nesting
beyond the parser's depth, NaN and Infinity, numbers of absurd length or exponent, and a key that stands twice in one
object, because programs disagree which of the two counts.
"""

import json
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from evtech.errors import InputError

MAX_BYTES = 4_000_000  # some 20,000 charging periods; parsing stays below about 500 MB and two seconds
MAX_DIGITS = 40
MAX_EXPONENT = 15  # a quadrillion: no price, energy or time is beyond it
MIN_EXPONENT = -30


def read_json(path: Path) -> Any:
    """Return the JSON value of a file, numbers as ``Decimal``; raise ``InputError`` saying what is wrong with it."""
    try:
        with path.open("rb") as file:  # a pipe or device has no size: read one byte too many instead of asking
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check name and rights.") from error
    return parse_json(data, path.name)


def parse_json(data: bytes, name: str) -> Any:
    """Return the JSON value of some bytes; ``name`` is used in messages."""
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB.", "Split it into one file a record.")
    try:
        text = data.decode("utf-8-sig")
        return json.loads(
            text,
            parse_float=number,
            parse_int=number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}).", "Export it again as UTF-8.") from error
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply.", "This is no OCPI file.") from error
    except ValueError as error:
        raise InputError(f"{name} is not valid JSON: {error}.", "Export it again; do not edit it by hand.") from error


@lru_cache(4096)  # records repeat their numbers
def number(text: str) -> Decimal:
    """Return the exact number of a text; raise ``ValueError`` for what is no number or beyond all sense."""
    if len(text) > MAX_DIGITS:
        raise ValueError(f"the number {text[:12]}… has {len(text)} characters")
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"{text!r} is not a number") from error
    if not value.is_finite():
        raise ValueError(f"{text} is not a number")
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # finite
    if exponent < MIN_EXPONENT or value.adjusted() > MAX_EXPONENT:
        raise ValueError(f"the number {text} is out of range")
    return value


def _refuse_constant(text: str) -> Decimal:
    raise ValueError(f"{text} is not a number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1) if len(names) < 1000 else "…"
        raise ValueError(f"the key {twice[:40]!r} stands twice in one object")
    return found
