"""What a user has set: a typed, versioned JSON file; a damaged or newer one is never overwritten silently.

Imports nothing of evtech. A value that cannot be used falls back to its default and is named.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

VERSION = 1
FILE_NAME = "settings.json"
THEMES = ("light", "dark")
LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's choices. ``archive`` is empty for the usual place; ``poll_interval_s`` is what a new link wants."""

    theme: str = "light"
    report_language: str = "en"
    archive: str = ""
    poll_interval_s: float = 1.0
    technician: str = ""


def load(path: Path) -> tuple[Settings, list[str]]:
    """Return the settings in a file and what is wrong with it; a file that is not there gives the defaults."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings(), []
    except (OSError, ValueError, RecursionError) as error:
        return Settings(), [f"{path} cannot be read: {error}"]
    if not isinstance(data, dict):
        return Settings(), [f"{path} holds no settings"]
    problems = []
    if data.get("version") != VERSION:
        problems.append(f"{path} has version {data.get('version')!r}, this evtech knows {VERSION}")
    settings = Settings()
    for field in fields(Settings):
        if field.name not in data:
            continue
        value = _usable(field.name, data[field.name])
        if value is None:
            problems.append(f"{field.name} is {data[field.name]!r}")
        else:
            settings = replace(settings, **{field.name: value})  # type: ignore[arg-type]  # checked by _usable
    return settings, problems


def save(settings: Settings, path: Path) -> None:
    """Write the settings whole or not at all; a file that could not be read is kept beside it. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and load(path)[1]:
        path.replace(path.with_name(path.name + ".old"))
    aside = path.with_name(path.name + ".part")
    aside.write_text(json.dumps({"version": VERSION, **asdict(settings)}, indent=2) + "\n", "utf-8")
    aside.replace(path)


def check(values: Mapping[str, object]) -> list[str]:
    """Return the names of values that cannot be used."""
    return [name for name, value in values.items() if _usable(name, value) is None]


def _usable(name: str, value: object) -> str | float | None:
    """Return a value as its setting wants it, or ``None``."""
    if name == "poll_interval_s":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number and 0.05 <= value <= 3600 else None  # type: ignore[arg-type, operator]
    if not isinstance(value, str) or len(value) > 1000:
        return None
    allowed = {"theme": THEMES, "report_language": LANGUAGES}.get(name)
    return value if allowed is None or value in allowed else None
