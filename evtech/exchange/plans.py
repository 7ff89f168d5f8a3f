"""How a file is read: what its columns are, in which unit, zone and writing. Somebody may change what was proposed.

A plan is part of an import's identity: the same file read in another way is another import.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from evtech.errors import InputError
from evtech.exchange.times import ORDERS, zone_of

SAMPLES, SESSIONS = "samples", "sessions"
KINDS = (SAMPLES, SESSIONS)
ENCODINGS = ("utf-8", "cp1252", "utf-16", "latin-1")
TIME, DATE = "time", "date"  # what a column of samples may be beside a point


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, what it becomes (``None`` = left out), the factor to the base unit."""

    title: str
    target: str | None
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is read; what is empty is found out from the file.

    ``zone`` is that of times without an offset, ``order`` which number of 01/02/2026 comes first. ``head`` is the line
    of the titles, from 1. ``site`` and ``charger`` name where it was, where the file does not say it.
    """

    kind: str = ""
    zone: str = "UTC"
    order: str = "day"
    delimiter: str = ""
    decimal: str = ""
    encoding: str = ""
    head: int = 0
    columns: tuple[Column, ...] = ()
    charger: str = ""
    site: str | None = None

    def told(self) -> dict[str, Any]:
        """Return the plan as JSON values, without what is as usual."""
        usual = Plan()
        data = {k: v for k, v in asdict(self).items() if v != getattr(usual, k)}
        if self.columns:
            data["columns"] = [[c.title, c.target, c.factor] for c in self.columns]
        return data

    def with_columns(self, said: Sequence[str]) -> "Plan":
        """Return the plan with columns as ``TITLE=TARGET[:UNIT]`` says; raise ``InputError`` for an unknown title."""
        plan = self
        for words in said:
            title, sign, target = words.rpartition("=")
            if not sign or not title:
                raise InputError(
                    f"--column {words!r} is not of the form TITLE=WHAT.", "Such as 'Leistung=power_total:kW'."
                )
            plan = plan._with(title, target)
        return plan

    def _with(self, title: str, words: str) -> "Plan":
        target, _, unit = words.partition(":")
        if unit and unit not in FACTORS:
            raise InputError(f"The unit {unit!r} is not known.", f"Units: {', '.join(FACTORS)}.")
        place = next((i for i, c in enumerate(self.columns) if c.title.strip() == title.strip()), None)
        if place is None:
            titles = ", ".join(repr(c.title) for c in self.columns)
            raise InputError(f"There is no column {title!r}.", f"Columns: {titles}.")
        made = Column(title, target or None, FACTORS.get(unit, 1.0))
        columns = (*self.columns[:place], replace(made, title=self.columns[place].title), *self.columns[place + 1 :])
        return replace(self, columns=columns)


# units that columns come in, to the vocabulary's base units
FACTORS = {
    "W": 1.0, "kW": 1e3, "MW": 1e6, "Wh": 1.0, "kWh": 1e3, "MWh": 1e6, "A": 1.0, "mA": 1e-3, "V": 1.0, "mV": 1e-3,
    "kV": 1e3, "var": 1.0, "kvar": 1e3, "VA": 1.0, "kVA": 1e3, "varh": 1.0, "kvarh": 1e3, "VAh": 1.0, "kVAh": 1e3,
    "Hz": 1.0, "%": 1.0, "degC": 1.0, "°C": 1.0, "s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0,
}  # fmt: skip
UNITS = {name.casefold(): factor for name, factor in FACTORS.items()} | {"mw": 1e6, "c": 1.0, "sec": 1.0, "std": 3600.0}


def checked(plan: Plan) -> Plan:
    """Return a plan whose words are known; raise ``InputError`` naming the allowed ones."""
    words = (
        ("kind", plan.kind, KINDS), ("order of a date", plan.order, ORDERS), ("decimal sign", plan.decimal, (".", ",")),
        ("encoding", plan.encoding, ENCODINGS), ("delimiter", plan.delimiter, (",", ";", "\t", "|")),
    )  # fmt: skip
    for what, value, allowed in words:
        if value and value not in allowed:
            raise InputError(f"The {what} {value!r} is not known.", f"Allowed: {', '.join(map(repr, allowed))}.")
    zone_of(plan.zone)
    titles: dict[str, str] = {}
    for column in plan.columns:
        if column.target in titles:
            raise InputError(
                f"The columns {titles[column.target]!r} and {column.title!r} would both be {column.target}.",
                f"Leave one of them out, such as with --column {f'{titles[column.target]}='!r}.",
            )
        if column.target:
            titles[column.target] = column.title
    return plan
