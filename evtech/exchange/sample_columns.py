"""What the columns of samples are: a guess from their titles, which somebody may change."""

import re
from collections.abc import Sequence
from dataclasses import replace

from evtech.exchange.plans import DATE, SAMPLES, TIME, UNITS, Column, Plan
from evtech.measure.vocabulary import ALIASES, TERMS, standard_name

TIMES = ("time", "t", "timestamp", "date", "datetime", "zeit", "date time", "date/time", "zeitstempel", "datum/uhrzeit",
         "uhrzeit", "time stamp", "datum zeit")  # fmt: skip
DATES = ("date", "datum", "day", "tag")
QUALITY = "quality:"
_UNIT = re.compile(r"^(.*?)\s*[\[(/]\s*([^\])/]+?)\s*[\])]?$")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")
_OF_PHASE = {"spannung": "voltage", "voltage": "voltage", "u": "voltage", "v": "voltage", "strom": "current",
             "current": "current", "i": "current", "leistung": "power", "power": "power", "p": "power"}  # fmt: skip
_PHASE = re.compile(rf"({'|'.join(_OF_PHASE)})_?(?:l|phase_?)?([123])(?:_n)?$")
_WORDS = {
    "power": "power_total", "active_power": "power_total", "total_power": "power_total", "leistung": "power_total",
    "wirkleistung": "power_total", "energy": "energy_import_total", "meter": "energy_import_total",
    "energie": "energy_import_total", "zahlerstand": "energy_import_total", "zählerstand": "energy_import_total",
    "spannung": "voltage_ln_average", "strom": "current_total", "temperatur": "temperature", "frequenz": "frequency",
}  # fmt: skip


def proposed(plan: Plan, head: Sequence[str]) -> tuple[Plan, list[str]]:
    """Return a plan with columns, and what is odd about them."""
    columns: list[Column] = []
    warnings: list[str] = []
    at = _time_at(head)
    if head[at].strip().casefold() not in TIMES:
        warnings.append(f"the first column is {head[0]!r}; it is taken for the time")
    for place, title in enumerate(head):
        column = Column(title, TIME) if place == at else _guess(title)
        is_date = title.strip().casefold() in DATES and place != at
        if is_date and not any(c.target == DATE for c in columns):
            column = Column(title, DATE)
        if column.target and any(column.target == other.target for other in columns):
            warnings.append(f"column {title!r} would be a second {column.target} and is left out")
            column = replace(column, target=None)
        elif column.target is None and not title.startswith(QUALITY) and title.strip():
            warnings.append(f"column {title!r} is not known and is left out")
        columns.append(column)
    return replace(plan, kind=SAMPLES, columns=tuple(columns)), warnings


def is_samples(head: Sequence[str]) -> bool:
    """Return whether titles are those of samples: a time first, and at least one point that is known."""
    return head[0].strip().casefold() in TIMES and any(_guess(title).target in TERMS for title in head[1:])


def unit(point: str) -> str:
    """Return the base unit of a point; empty for one that is not in the vocabulary."""
    return TERMS[point].unit if point in TERMS else ""


def _time_at(head: Sequence[str]) -> int:
    """Return the place of the time: of date and time in two columns that of the time."""
    names = [title.strip().casefold() for title in head]
    if names[0] in DATES:
        later = next((i for i, name in enumerate(names[1:4], 1) if name in TIMES and name not in DATES), None)
        return later if later is not None else 0
    return 0


def _guess(title: str) -> Column:
    """Return what a title most likely is: a standard name, an alias, or words with a unit in brackets."""
    bare = title.strip()
    if standard_name(bare) in TERMS:
        return Column(title, standard_name(bare))
    match = _UNIT.match(bare)
    words, said = (match.group(1), match.group(2)) if match else (bare, "")
    name = re.sub(r"[^a-z0-9äöü]+", "_", words.casefold()).strip("_")
    name = _WORDS.get(name, ALIASES.get(name, name))
    phase = _PHASE.match(name)
    if phase is not None:
        name = f"{_OF_PHASE[phase.group(1)]}_l{phase.group(2)}"
    if name in TERMS:
        return Column(title, name, UNITS.get(said.casefold(), 1.0))
    return Column(title, bare if _NAME.match(bare) and not match else None)
