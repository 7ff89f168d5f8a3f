"""What is no time series: answers of a technician, settings, link statistics, former trips (``--facts FILE.json``)."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evtech.errors import InputError

_KEYS = {"answers", "registers", "link", "series", "trips", "previous"}
_MOST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """The parsed file; every part may be empty."""

    answers: dict[str, Any] = field(default_factory=dict)
    registers: dict[str, Any] = field(default_factory=dict)
    link: dict[str, Any] = field(default_factory=dict)
    series: list[dict[str, Any]] = field(default_factory=list)
    trips: list[dict[str, Any]] = field(default_factory=list)
    previous: list[dict[str, Any]] = field(default_factory=list)

    def value(self, *names: str) -> float | str | None:
        """Return the first of these registers or answers that was told; ``None`` where none was."""
        for name in names:
            value = self.registers.get(name, self.answers.get(name))
            if isinstance(value, str) and value.strip():
                return value.strip()
            if isinstance(value, bool | int | float) and math.isfinite(value):
                return float(value)
        return None

    def number(self, *names: str) -> float | None:
        """Return the first of these registers or answers that is a number."""
        found = (self.value(name) for name in names)
        return next((value for value in found if isinstance(value, float)), None)


def read_facts(path: Path) -> Facts:
    """Read a facts file; raise ``InputError`` saying what is wrong."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than 20 MB.")
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} does not hold an object.", f"Keys: {', '.join(sorted(_KEYS))}.")
    kinds = {"answers": dict, "registers": dict, "link": dict, "series": list, "trips": list, "previous": list}
    for key, value in data.items():
        if key not in kinds:
            raise InputError(f"{path} has an unknown key {key!r}.", f"Keys: {', '.join(sorted(_KEYS))}.")
        if not isinstance(value, kinds[key]):
            raise InputError(f"{path}: {key} must be {'an object' if kinds[key] is dict else 'a list'}.")
    return Facts(**data)
