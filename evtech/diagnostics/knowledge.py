"""Faults and vendor codes as data: ``resources/knowledge`` and ``resources/error_catalogues``.

A fault has a predicate over signals, causes with priors, steps in working order, and what is dangerous. Priors are
judgement and are shown as a rank. Built-in files are checked by tests; a file that does not parse is a bug of ours.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from evtech import paths

SAFETY = {
    "reading": "Only reading: no risk for people or the charger.",
    "isolate": (
        "Switch off and lock the supply, prove every pole dead with a tester that you checked before and after, and "
        "wait for the discharge time the maker gives (5 minutes where none is given) before opening."
    ),
    "live": (
        "Work on live parts: only a qualified person, with insulated tools and leads of CAT III 300 V or better, bare "
        "parts covered and a second person near."
    ),
    "none": "",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a fault may have come; ``prior`` is 0 to 1 and sums to 1 over a fault's causes."""

    cause: str
    prior: float


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: kind auto, inspect, measure or action; what is expected; the routine that does it."""

    kind: str
    text: str
    expect: str
    routine: str | None = None
    write: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``detect`` is a predicate tree over signals, ``None`` where the link cannot show it.

    ``also`` is a second tree that shows the fault as well: this project's own reading of the physics.
    """

    id: str
    title: str
    category: str
    severity: str
    causes: tuple[Cause, ...]
    steps: tuple[Step, ...]
    safety: str
    resolve: str
    retest: str
    mrec: str | None = None
    ocpp: str | None = None
    owner: str | None = None
    detect: Mapping[str, Any] | None = None
    also: Mapping[str, Any] | None = None
    suppresses: tuple[str, ...] = ()
    routines: tuple[str, ...] = ()
    blocks_charging: bool = False
    latched: bool = False


@dataclass(frozen=True, slots=True)
class VendorCode:
    """One code of a maker; ``meaning`` is ``None`` where the maker publishes none."""

    code: int | str
    meaning: str | None
    severity: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The codes of one product. ``mode``: enum, bits, group, opaque, none; ``default``: what every other code means."""

    profile: str
    vendor: str
    model: str
    mode: str
    published: bool
    register: str | None
    codes: tuple[VendorCode, ...]
    default: str | None = None


@cache
def faults() -> Mapping[str, Fault]:
    """Return all faults by id."""
    found: dict[str, Fault] = {}
    for file in sorted((paths.resources() / "knowledge").glob("*.toml")):
        for row in tomllib.loads(file.read_text("utf-8"))["fault"]:
            found[row["id"]] = _fault(row, file.stem)
    return found


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Return all catalogues by profile id."""
    files = sorted((paths.resources() / "error_catalogues").glob("*.toml"))
    return {file.stem: _catalogue(file.stem, tomllib.loads(file.read_text("utf-8"))) for file in files}


def _fault(row: dict[str, Any], category: str) -> Fault:
    danger = " ".join(filter(None, [row.get("danger", ""), *(SAFETY[name] for name in row["safety"])]))
    return Fault(
        id=row["id"],
        title=row["title"],
        category=category,
        severity=row["severity"],
        causes=tuple(Cause(c["cause"], c["prior"]) for c in row["causes"]),
        steps=tuple(Step(**step) for step in row["steps"]),
        safety=danger,
        resolve=row["resolve"],
        retest=row["retest"],
        mrec=row.get("mrec"),
        ocpp=row.get("ocpp"),
        owner=row.get("owner"),
        detect=row.get("detect"),
        also=row.get("also"),
        suppresses=tuple(row.get("suppresses", ())),
        routines=tuple(row.get("routines", ())),
        blocks_charging=row.get("blocks_charging", False),
        latched=row.get("latched", False),
    )


def _catalogue(profile: str, table: dict[str, Any]) -> Catalogue:
    codes = tuple(
        VendorCode(row["code"], row.get("meaning"), row["severity"], tuple(row.get("faults", ())))
        for row in table.get("code", [])
    )
    return Catalogue(
        profile,
        table["vendor"],
        table["model"],
        table["mode"],
        table["published"],
        table.get("register"),
        codes,
        table.get("default"),
    )
