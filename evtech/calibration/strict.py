"""Reads JSON and TOML values into frozen dataclasses, and refuses what does not fit.

A field's annotation says what it may hold; its metadata says the range and, where it differs, the key in the file. A
number must be a finite number (no text, no truth value) inside its range. Every refusal names file, field, what stands
there and what is allowed. Unknown keys are
left alone, as other tools may add theirs, unless the reader is told to be strict.
"""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from evtech.errors import InputError

MOST_BYTES = 20_000_000
EDGE = 1e-9  # relative: two currents closer than this are the same
T = TypeVar("T")


def ranged(low: float, high: float, *, default: Any = dataclasses.MISSING, key: str | None = None) -> Any:
    """Return a dataclass field for a number between ``low`` and ``high``, both allowed; any type, for annotations."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "key": key})


def read_json(path: Path) -> Any:
    """Return the content of a JSON file, any JSON value; raise ``InputError`` saying why it cannot be used."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{path} is larger than {MOST_BYTES // 1_000_000} MB.", "This is not a calibration record."
            )
        text = path.read_bytes().decode("utf-8-sig")
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not usable JSON: {error}.") from error


def read(kind: type[T], data: object, file: str, where: str = "", *, closed: bool = False) -> T:
    """Return a dataclass made from an object; raise ``InputError`` naming file, field and allowed values.

    ``closed`` refuses unknown keys, in nested objects too.
    """
    if not isinstance(data, Mapping):
        raise _refusal(file, where or "the file", data, "an object")
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # every caller passes a dataclass
    keys = {field.metadata.get("key") or field.name: field for field in fields}
    if closed and (strange := [key for key in data if key not in keys]):
        raise InputError(
            f"{file}: {where + '.' if where else ''}{strange[0]} is not known.", f"Keys: {', '.join(keys)}."
        )
    for key, field in keys.items():
        place = f"{where}.{key}" if where else key
        rules = {**field.metadata, "closed": closed}
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if optional and data.get(key) is None:  # null is unknown, which is what the default says
            continue
        if key in data:
            values[field.name] = _value(hints[field.name], data[key], file, place, rules)
        else:
            raise InputError(f"{file}: {place} is missing.", f"It must be {_allowed(hints[field.name], rules)}.")
    return kind(**values)


def written(value: Any) -> Any:
    """Return a dataclass as JSON values (of any kind), the reverse of ``read``; ``None`` is left out."""
    if dataclasses.is_dataclass(value):
        pairs = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        kept = ((f, item) for f, item in pairs if item is not None and (item != () or f.default != ()))
        return {f.metadata.get("key") or f.name: written(item) for f, item in kept}
    if isinstance(value, tuple | list):
        return [written(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _value(hint: Any, data: Any, file: str, where: str, rules: Mapping[str, Any]) -> Any:
    """Return one value of the annotated type; any type, as annotations are."""
    for kind in _members(hint):
        if _fits(kind, data):
            return _convert(kind, data, file, where, rules)
    raise _refusal(file, where, data, _allowed(hint, rules))


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union, or the type itself."""
    return typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)


def _fits(kind: Any, data: Any) -> bool:
    """Return whether a JSON value has the form of a type."""
    if kind is type(None):
        return data is None
    if kind in (float, int):
        return isinstance(data, int | float) and not isinstance(data, bool)
    if kind is bool:
        return isinstance(data, bool)
    if kind is Decimal:
        return isinstance(data, str | int | float) and not isinstance(data, bool)
    if kind in (date, datetime):
        return isinstance(data, str | date)
    if typing.get_origin(kind) is tuple:
        return isinstance(data, list)
    if dataclasses.is_dataclass(kind):
        return isinstance(data, Mapping)
    return isinstance(data, str)


def _convert(kind: Any, data: Any, file: str, where: str, rules: Mapping[str, Any]) -> Any:
    """Return a value of the right form as its type, its content checked."""
    if kind in (float, int):
        return _number(kind, data, file, where, rules)
    if kind is Decimal:
        return _decimal(data, file, where, rules)
    if kind in (date, datetime):
        return _moment(kind, data, file, where)
    if typing.get_origin(kind) is tuple:
        item = typing.get_args(kind)[0]
        return tuple(_value(item, each, file, f"{where}[{index}]", rules) for index, each in enumerate(data))
    if dataclasses.is_dataclass(kind):
        return read(kind, data, file, where, closed=rules.get("closed", False))  # type: ignore[arg-type]  # a class
    if typing.get_origin(kind) is typing.Literal and data not in typing.get_args(kind):
        raise _refusal(file, where, data, _allowed(kind, rules))
    return data


def _number(kind: Any, data: float, file: str, where: str, rules: Mapping[str, Any]) -> float:
    low, high = rules.get("low", -math.inf), rules.get("high", math.inf)
    try:
        value = float(data)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value) or not low <= value <= high or (kind is int and value != int(value)):
        raise _refusal(file, where, data, _allowed(kind, rules))
    return int(value) if kind is int else value


def _decimal(data: Any, file: str, where: str, rules: Mapping[str, Any]) -> Decimal:
    try:
        value = Decimal(str(data))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not rules.get("low", -math.inf) <= value <= rules.get("high", math.inf):
        raise _refusal(file, where, data, _allowed(Decimal, rules))
    return value


def _moment(kind: Any, data: Any, file: str, where: str) -> Any:
    """Return a date, or an aware moment; a time without a zone is UTC. Of either type, hence any."""
    try:
        moment = datetime.fromisoformat(str(data))
    except ValueError as error:
        raise _refusal(file, where, data, _allowed(kind, {})) from error
    if kind is date:
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _allowed(hint: Any, rules: Mapping[str, Any]) -> str:
    """Return what a field may hold, in words."""
    return " or ".join(dict.fromkeys(_described(kind, rules) for kind in _members(hint)))


def _described(kind: Any, rules: Mapping[str, Any]) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return "one of " + ", ".join(repr(word) for word in typing.get_args(kind))
    if kind in (float, int, Decimal):
        noun = "a whole number" if kind is int else "a number"
        return f"{noun} from {rules['low']:g} to {rules['high']:g}" if "low" in rules else noun
    if typing.get_origin(kind) is tuple:
        return "a list"
    words = {type(None): "null", bool: "true or false", str: "a text", date: "a date", datetime: "an ISO 8601 time"}
    return words.get(kind, "an object")


def _refusal(file: str, where: str, data: object, allowed: str) -> InputError:
    shown = repr(data)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return InputError(f"{file}: {where} is {shown}.", f"It must be {allowed}.")


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands twice in one object")
    return found
