"""Scripts of what happens to a simulated charger (TOML), shipped in ``resources/scenarios`` or the user's own."""

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from evtech import paths
from evtech.errors import InputError

ACTIONS = (
    "plug_in", "unplug", "pull", "pause", "resume", "limit", "authorise", "fault", "clear_fault", "link_cut", "silence",
    "meter_restart", "restart", "shift_register", "set",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """At ``at`` simulated seconds ``do`` happens; ``value`` is a current (A), a code, a duration (s), or what to set.

    ``set`` gives ``what`` (such as ``mains.lost_l3``) its ``value``.
    """

    at: float
    do: str
    value: float | str = 0.0
    what: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a scenario teaches: the finding that stands first, its phase, after how long (s), with which facts.

    ``seen_by`` are the products through whose registers it can be seen; ``every`` the seconds between two samples.
    """

    finding: str | None = None
    phase: str | None = None
    after: float = 300.0
    every: float = 1.0
    seen_by: tuple[str, ...] = ("evtech-trainer",)
    registers: dict[str, float] = field(default_factory=dict)


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
    line: dict[str, float] = field(default_factory=dict)
    lesson: Lesson = Lesson()
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
    from evtech.simulator.line import Line
    from evtech.simulator.meter import Mains, Meter
    from evtech.simulator.vehicle import Vehicle

    parts = {"vehicle": Vehicle, "charger": Charger, "meter": Meter, "reference": Meter, "mains": Mains, "line": Line}
    known = {*parts, "description", "event", "repeat_after", "lesson"}
    for key in set(table) - known:
        raise InputError(f"The scenario {name} has an unknown key {key!r}.", f"Allowed: {', '.join(sorted(known))}.")
    allowed = {part: {f.name for f in fields(kind) if not f.name.startswith("_")} for part, kind in parts.items()}
    chosen: dict[str, dict[str, float]] = {}
    for part in parts:
        chosen[part] = table.get(part, {})
        for key in set(chosen[part]) - allowed[part]:
            raise InputError(
                f"[{part}] of scenario {name} has an unknown key {key!r}.",
                f"Allowed: {', '.join(sorted(allowed[part]))}.",
            )
    return Scenario(
        name,
        str(table.get("description", "")),
        **chosen,
        lesson=_lesson(name, table.get("lesson", {})),
        events=tuple(sorted((_event(name, row, allowed) for row in table.get("event", [])), key=lambda e: e.at)),
        repeat_after=float(table.get("repeat_after", 0)),
    )


def _event(name: str, row: dict[str, Any], allowed: dict[str, set[str]]) -> ScenarioEvent:
    if row.get("do") not in ACTIONS or not isinstance(row.get("at"), int | float):
        raise InputError(f"The scenario {name} has an event {row!r}.", f"It needs at (s) and do: {', '.join(ACTIONS)}.")
    what, value = str(row.get("what", "")), row.get("value", 0)
    if row["do"] == "set":
        part, _, key = what.partition(".")
        if key not in allowed.get(part, set()):
            near = difflib.get_close_matches(what, [f"{p}.{k}" for p, keys in allowed.items() for k in keys], n=3)
            raise InputError(f"The scenario {name} sets {what!r}.", f"Such as {', '.join(near) or 'mains.lost_l3'}.")
    if not isinstance(value, int | float | str) or (isinstance(value, str) and row["do"] != "set"):
        raise InputError(f"The scenario {name} has an event {row!r}.", "Its value must be a number.")
    return ScenarioEvent(float(row["at"]), row["do"], value, what)


def _lesson(name: str, table: dict[str, Any]) -> Lesson:
    allowed = {f.name for f in fields(Lesson)}
    for key in set(table) - allowed:
        raise InputError(
            f"[lesson] of scenario {name} has an unknown key {key!r}.", f"Allowed: {', '.join(sorted(allowed))}."
        )
    return Lesson(**{**table, **({"seen_by": tuple(table["seen_by"])} if "seen_by" in table else {})})
