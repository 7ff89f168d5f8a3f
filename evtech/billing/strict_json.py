"""Reads JSON that somebody signed: what two readers could understand differently is refused.

Duplicate keys, NaN, infinities, numbers beyond any meter and nesting without end raise ``ValueError``; fractions are
exact (``Decimal``).
"""

import json
from decimal import Decimal

_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 30


def load(text: str) -> object:
    """Return the value of a JSON text; raise ``ValueError`` saying what is wrong with it."""
    try:
        value: object = json.loads(
            text,
            parse_float=_fraction,
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_without_duplicates,
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def load_object(text: str) -> dict[str, object]:
    """Return the JSON object of a text; raise ``ValueError`` where it is something else."""
    value = load(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def exact(text: str) -> Decimal:
    """Return a number of a meter's size; raise ``ValueError`` for what no meter shows."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("number too long")
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise ValueError("not a number") from error
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("number too large")
    return number


def _fraction(text: str) -> Decimal:
    return exact(text)


def _integer(text: str) -> int:
    return int(exact(text))


def _refuse(text: str) -> object:
    raise ValueError(f"{text} is no number of JSON")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found
