"""Scripts of what happens to a simulated charger (TOML), shipped in ``resources/scenarios`` or the user's own."""

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from evtech import paths
from evtech.errors import InputError

ACTIONS = (
    "plug_in", "unplug", "pause", "resume", "limit", "authorise", "fault", "clear_fault", "link_cut", "silence",
    "meter_restart",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """At ``at`` simulated seconds ``do`` happens; ``value`` is a current (A), a code, or a duration (s)."""

    at: float
    do: str
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Start values and events; ``repeat_after`` (s) starts the events anew, 0 does not."""

    name: str = "default"
    description: str = ""
    vehicle: dict[str, float] = field(default_factory=dict)
    charger: dict[str, float] = field(default_factory=dict)
    meter: dict[str, float] = field(default_factory=dict)
    reference: dict[str, float] = field(default_factory=dict)
    mains: dict[str, float] = field(default_factory=dict)
    events: tuple[ScenarioEvent, ...] = ()
    repeat_after: float = 0.0


def find_scenario(name_or_path: str) -> Scenario:
    """Return a shipped scenario by name or one from a file; raise ``InputError`` saying what is wrong."""
    folder = paths.resources() / "scenarios"
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        path = folder / f"{name_or_path}.toml"
    if not path.is_file():
        names = sorted(file.stem for file in folder.glob("*.toml"))
        near = difflib.get_close_matches(name_or_path, names, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"There is no scenario {name_or_path!r}.", f"{hint}Shipped: {', '.join(names)}.")
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The scenario {path.name} cannot be read: {error}.") from error
    return _scenario(path.stem, table)


def _scenario(name: str, table: dict[str, Any]) -> Scenario:
    from evtech.simulator.charger import Charger
    from evtech.simulator.meter import Mains, Meter
    from evtech.simulator.vehicle import Vehicle

    parts = {"vehicle": Vehicle, "charger": Charger, "meter": Meter, "reference": Meter, "mains": Mains}
    known = {*parts, "description", "event", "repeat_after"}
    for key in set(table) - known:
        raise InputError(f"The scenario {name} has an unknown key {key!r}.", f"Allowed: {', '.join(sorted(known))}.")
    chosen: dict[str, dict[str, float]] = {}
    for part, kind in parts.items():
        allowed = {f.name for f in fields(kind) if not f.name.startswith("_")}
        chosen[part] = table.get(part, {})
        for key in set(chosen[part]) - allowed:
            raise InputError(
                f"[{part}] of scenario {name} has an unknown key {key!r}.", f"Allowed: {', '.join(sorted(allowed))}."
            )
    events = []
    for row in table.get("event", []):
        if row.get("do") not in ACTIONS or not isinstance(row.get("at"), int | float):
            raise InputError(
                f"The scenario {name} has an event {row!r}.", f"It needs at (s) and do: {', '.join(ACTIONS)}."
            )
        events.append(ScenarioEvent(float(row["at"]), row["do"], float(row.get("value", 0))))
    return Scenario(
        name,
        str(table.get("description", "")),
        **chosen,
        events=tuple(sorted(events, key=lambda event: event.at)),
        repeat_after=float(table.get("repeat_after", 0)),
    )
