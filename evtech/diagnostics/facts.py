"""What is no time series: answers of a technician, settings, link statistics, former trips (``--facts FILE.json``)."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evtech.errors import InputError

_KEYS = {"answers", "registers", "link", "series", "trips", "previous"}
_LISTS = ("series", "trips", "previous")
_NUMBERS: dict[str, tuple[str, ...]] = {
    "link": (
        "requests", "ok_pct", "crc_pct", "framing_pct", "timeout_pct", "exception_pct", "p50_ms", "p95_ms",
        "reconnects", "burst_period_s",
    ),
    "trips": ("temperature", "current_a", "s_since_contactor"), "series": (), "previous": (),
}  # fmt: skip
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
    return Facts(**{key: _part(path, key, value) for key, value in data.items() if value is not None})


def _part(path: Path, key: str, value: Any) -> Any:
    """Return one part of the file; raise ``InputError`` where it or an entry of a list is of the wrong kind."""
    if key not in _KEYS:
        raise InputError(f"{path} has an unknown key {key!r}.", f"Keys: {', '.join(sorted(_KEYS))}.")
    if key in _LISTS:
        return _objects(path, key, value, _NUMBERS[key])
    if not isinstance(value, dict):
        raise InputError(f"{path}: {key} must be an object.")
    if key == "link" and value.get("outcomes") is not None:
        _objects(path, "link.outcomes", value["outcomes"], _NUMBERS["link"])
    return value


def _objects(path: Path, key: str, value: Any, numbers: tuple[str, ...]) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise InputError(f"{path}: {key} must be a list.")
    for count, entry in enumerate(value, 1):
        if not isinstance(entry, dict):
            raise InputError(f"{path}: entry {count} of {key} must be an object.")
        for name in numbers:
            number = entry.get(name)
            if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
                raise InputError(f"{path}: {name} in entry {count} of {key} must be a number.", "Unknown is null.")
            if isinstance(number, int | float) and not math.isfinite(number):
                raise InputError(f"{path}: {name} in entry {count} of {key} is {number}.", "Unknown is null.")
        if key == "series" and not isinstance(entry.get("points") or [], list):
            raise InputError(f"{path}: points in entry {count} of {key} must be a list of pairs.")
    return value
