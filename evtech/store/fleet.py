"""What no wire tells about a port, said by people: its rating, zone, site and service dates, its outages, exclusions.

Every statement is a row of the table ``result`` (kinds ``port`` and ``outage``, titled with the port) that says only
the fields it is about. Nothing is changed in place: what holds is the last word on each field, by its time, whichever
laptop it was said on, and who said it is kept. A row about an outage names the outage's first row in ``replaces``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from evtech.errors import InputError
from evtech.store.fleet_values import OUTAGE_FIELDS, PORT_FACTS, Fact, as_json, checked
from evtech.store.imports import PortNames, port_names
from evtech.store.results import Result

if TYPE_CHECKING:
    from evtech.store.archive import Archive

PORT, OUTAGE = "port", "outage"  # kinds of results
KINDS = (PORT, OUTAGE)
ENTERED = "entered"  # source of what a person typed; else the name of the file it came from
_SCHEMAS = {PORT: "evtech.port/1", OUTAGE: "evtech.outage/1"}


@dataclass(frozen=True, slots=True)
class Word:
    """The last word on a field: the value (``None``: not known any more), who said it, when, out of what."""

    value: Fact
    by: str
    at: datetime
    source: str = ENTERED


Words = Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class PortFacts:
    """What was said of one port; a fact is ``None`` where nobody said it. Powers in kW, moments in s since 1970 UTC.

    ``min_kw`` is the power that the port must be able to give (23 CFR 680.106). From ``complete_from`` to
    ``complete_to`` somebody vouches that every outage of the port is entered.
    """

    port: str
    words: Words = field(default_factory=dict)
    rows: tuple[Result, ...] = ()  # all that was said, oldest first

    def value(self, name: str) -> Fact:
        """Return a fact by its name."""
        return self.words[name].value if name in self.words else None

    def text(self, name: str) -> str:
        """Return a fact that is a text, empty where it is not known."""
        return str(self.value(name) or "")

    def number(self, name: str) -> float | None:
        """Return a fact that is a power or a moment."""
        value = self.value(name)
        return value if isinstance(value, float) else None

    @property
    def complete(self) -> tuple[float, float] | None:
        """Return the stretch somebody vouches for: until its end, or until that was said, whichever is earlier."""
        start, end = self.number("complete_from"), self.number("complete_to")
        if start is None:
            return None
        said = max(self.words[name].at for name in ("complete_from", "complete_to") if name in self.words).timestamp()
        end = said if end is None else min(end, said)
        return (start, end) if end > start else None


@dataclass(frozen=True, slots=True)
class ReportedOutage:
    """An outage or an exclusion that somebody entered; ``end`` is ``None`` while it lasts.

    ``excluded``: its cause lies outside the operator's control. An exclusion proper (``is_exclusion``) is no outage: it
    only excuses where the port was down. ``by`` and ``at``: who entered it first, and when; ``changed`` the last word.
    """

    id: str
    port: str
    start: float
    end: float | None
    cause: str = ""
    excluded: bool = False
    is_exclusion: bool = False
    evidence: str = ""
    by: str = ""
    at: datetime | None = None
    source: str = ENTERED
    changed: Word | None = None
    withdrawn: bool = False
    reason: str = ""
    words: Words = field(default_factory=dict)
    rows: tuple[Result, ...] = ()

    def from_files(self, name: str) -> Fact:
        """Return what a file said last of a field, whatever people said since."""
        rows = [row for row in self.rows if row.body.get("source") not in (None, ENTERED)]
        words = _words(rows, (name,))
        return words[name].value if name in words else None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything said: facts by port, outages by their start, the withdrawn ones among them."""

    ports: Mapping[str, PortFacts] = field(default_factory=dict)
    outages: tuple[ReportedOutage, ...] = ()

    @property
    def standing(self) -> list[ReportedOutage]:
        """Return the outages and exclusions that nobody withdrew."""
        return [outage for outage in self.outages if not outage.withdrawn]

    def facts(self, port: str) -> PortFacts:
        """Return what was said of a port, which may be nothing."""
        return self.ports.get(port) or PortFacts(port)


def read(archive: "Archive") -> Fleet:
    """Return what an archive's people said."""
    with archive.reading() as connection:
        names = port_names(connection)
    return fold([row for kind in KINDS for row in archive.results(kind)], names)


def fold(rows: Iterable[Result], names: PortNames | None = None) -> Fleet:
    """Return what holds after all that was said; a row that makes no sense says nothing.

    What was said under a name that means the port of another ``names`` is said of that port.
    """
    shown_as = names.of if names is not None else str
    by_port: dict[str, list[Result]] = {}
    by_outage: dict[str, list[Result]] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.id)):
        if row.kind == PORT:
            by_port.setdefault(shown_as(row.title), []).append(row)
        elif row.kind == OUTAGE:
            by_outage.setdefault(row.replaces or row.id, []).append(row)
    ports = {name: PortFacts(name, _words(own, PORT_FACTS), tuple(own)) for name, own in by_port.items()}
    outages = [made for first, own in by_outage.items() if (made := _outage(first, own)) is not None]
    outages = [replace(each, port=shown_as(each.port)) for each in outages]
    return Fleet(ports, tuple(sorted(outages, key=lambda o: (o.start, o.id))))


def say(
    facts: PortFacts,
    changes: Mapping[str, object],
    technician: str,
    *,
    source: str = ENTERED,
    at: datetime | None = None,
) -> Result | None:
    """Return the row that says what differs from the facts; ``None`` where nothing does.

    A change to ``None`` says that the fact is not known any more. Raises ``InputError`` for a value that cannot be.
    """
    wanted = {name: checked(name, value) for name, value in changes.items()}
    new = {name: value for name, value in wanted.items() if value != facts.value(name)}
    after = {name: new.get(name, facts.value(name)) for name in PORT_FACTS}
    for first, last in (("in_service_from", "in_service_to"), ("complete_from", "complete_to")):
        _in_order(after, first, last)
    if not new:
        return None
    earlier = [row for row in facts.rows if any(name in _says(row) for name in new)]
    return _row(PORT, facts.port, new, technician, source, earlier[-1].id if earlier else None, at)


def report(
    port: str, fields: Mapping[str, object], technician: str, *, source: str = ENTERED, id_: str | None = None,
    at: datetime | None = None,
) -> Result:  # fmt: skip
    """Return the row of a new outage or exclusion; raise ``InputError`` where it has no beginning or a wrong value."""
    if not port.strip():
        raise InputError("An outage needs its port.", "`evtech fleet list` names the ports.")
    says = {name: value for name, raw in fields.items() if (value := checked(name, raw)) is not None}
    if "from" not in says:
        raise InputError("An outage needs its beginning.", "Such as --from 2026-03-01T12:00:00Z.")
    _in_order(says, "from", "to")
    return _row(OUTAGE, port, says, technician, source, None, at, id_)


def correct(
    outage: ReportedOutage, changes: Mapping[str, object], technician: str, *, source: str = ENTERED,
    at: datetime | None = None,
) -> Result | None:  # fmt: skip
    """Return the row that corrects an outage, ``None`` where nothing differs; a change to ``None`` clears a field."""
    before = fields_of(outage)
    wanted = {name: checked(name, value) for name, value in changes.items()}
    new = {name: value for name, value in wanted.items() if (value or None) != (before[name] or None)}
    if "from" in new and new["from"] is None:
        raise InputError("An outage needs its beginning.", "Withdraw it where it never was.")
    _in_order(before | new, "from", "to")
    name = outage.rows[0].title if outage.rows else outage.port  # as it was said first
    return _row(OUTAGE, name, new, technician, source, outage.id, at) if new else None


def fields_of(outage: ReportedOutage) -> dict[str, Fact]:
    """Return an outage's fields by their names in a row."""
    return {
        "from": outage.start, "to": outage.end, "cause": outage.cause, "excluded": outage.excluded,
        "exclusion": outage.is_exclusion, "evidence": outage.evidence, "withdrawn": outage.withdrawn,
        "reason": outage.reason,
    }  # fmt: skip


def is_same_word(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two rows of the table (by column) say the same of the same outage, whoever said it and when."""
    bodies = [json.loads(row["body"]) for row in (one, other)]
    alike = all(one[name] == other[name] for name in ("kind", "title", "replaces"))
    return alike and one["kind"] == OUTAGE and bodies[0].get("says") == bodies[1].get("says")


def _in_order(values: Mapping[str, Fact], first: str, last: str) -> None:
    start, end = values.get(first), values.get(last)
    if isinstance(start, float) and isinstance(end, float) and end < start:
        raise InputError(f"{last} is before {first}.", "Both are UTC where no zone is named.")


def _row(
    kind: str, port: str, says: Mapping[str, Fact], technician: str, source: str, replaces: str | None,
    at: datetime | None, id_: str | None = None,
) -> Result:  # fmt: skip
    body = {
        "schema": _SCHEMAS[kind], "port": port, "says": {name: as_json(name, value) for name, value in says.items()},
        "technician": technician, "source": source,
    }  # fmt: skip
    made = Result(kind, port, body, _verdict(kind, says), replaces=replaces, at=at or datetime.now(UTC))
    return made if id_ is None else replace(made, id=id_)


def _verdict(kind: str, says: Mapping[str, Fact]) -> str | None:
    """Return the one word that lists of results show."""
    if kind == PORT:
        return None
    if "withdrawn" in says:
        return "withdrawn" if says["withdrawn"] else "reinstated"
    return "corrected" if "from" not in says else "exclusion" if says.get("exclusion") else "outage"


def _says(row: Result) -> Mapping[str, object]:
    said = row.body.get("says")
    return said if isinstance(said, dict) else {}


def _words(rows: Iterable[Result], names: Iterable[str]) -> dict[str, Word]:
    known = frozenset(names)
    words: dict[str, Word] = {}
    for row in rows:
        by, source = str(row.body.get("technician") or ""), str(row.body.get("source") or ENTERED)
        for name, raw in _says(row).items():
            if name not in known:
                continue  # of a later evtech
            try:
                words[name] = Word(checked(name, raw), by, row.at, source)
            except InputError:
                continue
    return words


def _outage(id_: str, rows: list[Result]) -> ReportedOutage | None:
    """Return an outage from its rows; ``None`` where the first one is not here, or says no beginning."""
    first = next((row for row in rows if row.id == id_), None)
    rows = [row for row in rows if first is not None and row.title == first.title]  # nobody speaks of another port
    words = _words(rows, OUTAGE_FIELDS)
    if first is None or "from" not in words or not isinstance(words["from"].value, float):
        return None

    def value(name: str) -> Fact:
        return words[name].value if name in words else None

    end = value("to")
    last = rows[-1]
    changed = Word(None, str(last.body.get("technician") or ""), last.at) if last.id != first.id else None
    return ReportedOutage(
        id=id_, port=first.title, start=words["from"].value, end=end if isinstance(end, float) else None,
        cause=str(value("cause") or ""), excluded=bool(value("excluded")) or bool(value("exclusion")),
        is_exclusion=bool(value("exclusion")), evidence=str(value("evidence") or ""),
        by=str(first.body.get("technician") or ""), at=first.at, source=str(first.body.get("source") or ENTERED),
        changed=changed, withdrawn=bool(value("withdrawn")), reason=str(value("reason") or ""), words=words,
        rows=tuple(rows),
    )  # fmt: skip
