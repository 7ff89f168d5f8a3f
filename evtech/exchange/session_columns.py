"""What the columns of a list of sessions are, and the words in it: titles and words of back offices are data."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from evtech import paths
from evtech.exchange.plans import SESSIONS, UNITS, Column, Plan

FIELDS = (
    "port", "connector", "site", "plugged_at", "authorised_at", "auth_ok", "energy_started_at", "energy_ended_at",
    "unplugged_at", "duration", "energy", "peak", "end_reason", "error_code", "token", "payment_method", "transaction",
)  # fmt: skip
TIMES = ("plugged_at", "authorised_at", "energy_started_at", "energy_ended_at", "unplugged_at")
UNIT_OF = {"energy": "Wh", "peak": "W", "duration": "s"}
USUAL = {"energy": 1e3, "peak": 1e3, "duration": 60.0}  # where a title names no unit: kWh, kW, minutes
_TOLD = {"duration": ("s", "sec", "min", "h", "std", "ms")}
_BRACKETS = re.compile(r"[\[(]\s*([^\])]+?)\s*[\])]")
_STARTS = frozenset(("plugged_at", "authorised_at", "energy_started_at"))


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of back offices mean."""

    titles: Mapping[str, str]
    ends: Mapping[str, str]
    payments: Mapping[str, str]
    flags: Mapping[str, bool]


@lru_cache(1)
def words() -> Words:
    """Return the words of `resources/exchange/session_columns.toml`, turned round."""
    data = tomllib.loads((paths.resources() / "exchange" / "session_columns.toml").read_text("utf-8"))
    yes, no = data["words"]["yes"], data["words"]["no"]
    return Words(
        _turned(data["titles"]), _turned(data["ends"]), _turned(data["payments"]),
        dict.fromkeys(yes, True) | dict.fromkeys(no, False),
    )  # fmt: skip


def plain(text: str) -> str:
    """Return a title or a word as it is compared: no case, brackets or punctuation."""
    return " ".join(re.sub(r"[^\w%]+", " ", _BRACKETS.sub(" ", text).casefold()).replace("_", " ").split())


def proposed(plan: Plan, head: Sequence[str]) -> tuple[Plan, list[str]]:
    """Return a plan with columns, and what is odd about them."""
    columns: list[Column] = []
    warnings: list[str] = []
    for title in head:
        column = _guess(title)
        if column.target and any(column.target == other.target for other in columns):
            warnings.append(f"column {title!r} would be a second {column.target} and is left out")
            column = replace(column, target=None)
        elif column.target is None and title.strip():
            warnings.append(f"column {title!r} is not known and is left out")
        columns.append(column)
    return replace(plan, kind=SESSIONS, columns=tuple(columns)), warnings


def is_sessions(head: Sequence[str]) -> bool:
    """Return whether titles are those of a list of sessions: a start, and a port, an end or an energy."""
    found = {column.target for column in map(_guess, head)}
    others = {"port", "unplugged_at", "duration", "energy"} & found
    return bool(_STARTS & found) and (len(others) > 1 or found >= {"port"})


def told_unit(title: str) -> str:
    """Return the unit that a title names, empty where it names none."""
    match = _BRACKETS.search(title)
    said = match.group(1) if match else plain(title).rpartition(" ")[2] if " " in plain(title) else ""
    said = said or plain(title)
    return said if said.casefold() in UNITS else ""


def _guess(title: str) -> Column:
    name = plain(title)
    names = (name, name.rpartition(" ")[0] if told_unit(title) else name, name.replace(" ", ""))
    target = next((words().titles[each] for each in names if each in words().titles), None)
    if target is None or target not in UNIT_OF:
        return Column(title, target)
    unit = told_unit(title).casefold()
    if target == "duration" and unit not in _TOLD["duration"]:
        unit = ""
    return Column(title, target, UNITS.get(unit, USUAL[target]))


def _turned(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the meaning of each word; one with two meanings has none."""
    found: dict[str, str] = {}
    doubled = set()
    for meaning, spelled in table.items():
        for word in (meaning, *spelled):
            key = plain(word)
            if found.get(key, meaning) != meaning:
                doubled.add(key)
            found[key] = meaning
    return {word: meaning for word, meaning in found.items() if word not in doubled}
