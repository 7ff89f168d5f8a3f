"""Reads single values of a parsed TOML file and collects what is wrong with them.

A value that cannot be used is replaced by a harmless one, so that one pass finds every problem of a file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file; ``line`` is ``None`` where it cannot be told."""

    line: int | None
    point: str | None
    reason: str
    allowed: str | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        what = f"{self.point}: " if self.point else ""
        return f"{where}{what}{self.reason}" + (f" (allowed: {self.allowed})" if self.allowed else "")


class CheckedValues:
    """Typed access to parsed tables; ``at`` is the line and the name that problems are reported under."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.at: tuple[int | None, str | None] = (None, None)

    def bad(self, reason: str, allowed: str | None = None) -> None:
        """Keep a problem of the place that is read now."""
        self.problems.append(Problem(self.at[0], self.at[1], reason, allowed))

    def unknown(self, row: Any, known: set[str]) -> None:
        """Complain about keys that have no meaning here."""
        for key in set(row) - known if isinstance(row, dict) else ():
            self.bad(f"{key!r} is not a key here", ", ".join(sorted(known)))

    def tables(self, row: Mapping[str, Any], key: str) -> Sequence[dict[str, Any]]:
        """Return a list of tables."""
        value = row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.bad(f"{key} must be a list of tables")
            return []
        return value

    def get(self, row: Mapping[str, Any], key: str, kind: Any, default: Any = ...) -> Any:
        """Return a value of a kind; the kinds are only known at run time, hence ``Any``."""
        value = row.get(key, default)
        if value is ...:
            self.bad(f"{key} is missing")
            return None
        if value is not default and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            self.bad(f"{key} is {value!r}", getattr(kind, "__name__", "a number"))
            return None if default is ... else default
        return value

    def choice(self, row: Mapping[str, Any], key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return one of a few words."""
        value = row.get(key, default)
        if value not in allowed:
            self.bad(f"{key} is {value!r}" if value is not None else f"{key} is missing", ", ".join(allowed))
            return str(allowed[0])
        return str(value)

    def number(self, row: Mapping[str, Any], key: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number within limits."""
        value = row.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.bad(f"{key} is {value!r}" if value is not None else f"{key} is missing", f"{low} to {high}")
            return low
        return value

    def real(
        self, row: Mapping[str, Any], key: str, low: float, high: float, default: float | None = None
    ) -> float | None:
        """Return a finite number within limits, or the default where the key is absent."""
        value = row.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.bad(f"{key} is {value!r}", f"a number from {low:g} to {high:g}")
            return default
        return value

    def text(self, row: Mapping[str, Any], key: str) -> str:
        """Return a text that must stand there and say something."""
        value = self.get(row, key, str)
        if isinstance(value, str) and not value.strip():
            self.bad(f"{key} is empty", "a text")
        return value or ""

    def section(self, row: Mapping[str, Any], key: str, known: set[str] | None = None) -> dict[str, Any]:
        """Return a table inside the file, empty where it is absent; ``known`` are the keys it may have."""
        value = row.get(key, {})
        if not isinstance(value, dict):
            self.bad(f"{key} is {value!r}", f"a table: [{key}]")
            return {}
        if known is not None:
            self.unknown(value, known)
        return value

    def whole_numbers(self, row: Mapping[str, Any], key: str, default: Sequence[int] = ()) -> frozenset[int]:
        """Return a list of whole numbers."""
        values = self.get(row, key, list, list(default))
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            self.bad(f"{key} is {values!r}", "a list of whole numbers")
            return frozenset(default)
        return frozenset(values)

    def words(self, row: Mapping[str, Any], key: str) -> dict[int, str]:
        """Return numbers with the words they stand for."""
        words: dict[int, str] = {}
        for number, word in (self.get(row, key, dict, {}) or {}).items():
            if not re.fullmatch(r"-?\d+", number) or not isinstance(word, str):
                self.bad(f"{key} has {number!r} = {word!r}", "numbers with words")
                continue
            words[int(number)] = word
        return words
