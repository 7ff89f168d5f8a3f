"""Ports and outages between files and an archive: the CSV that ``insights --ports --outages`` reads, and back.

A file is looked at whole first: what it would add and change, what is wrong in it by line. With one wrong row nothing
of it is taken. A cell that is empty says nothing. A row that is here already stays as it is, so that a file that grows
can be taken again and again.
"""

import csv
import io
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evtech.errors import InputError
from evtech.insights.causes import is_accepted
from evtech.insights.files import Row, names_of, outage_of, table_rows
from evtech.store.fleet import Fleet, PortFacts, ReportedOutage, correct, report, say
from evtech.store.fleet_values import PORT_FACTS, Fact, as_json, checked, iso
from evtech.store.results import Result

EXCLUSION = "exclusion:"  # how a cause in a file begins that excuses and is no outage
PORTS, OUTAGES = "ports", "outages"
# of the contract, and what an archive knows beyond it: written only where something stands in it
_PORT_HEAD = ("port", "site", "timezone", "rated_kw", "in_service_from", "in_service_to")
_PORT_MORE = ("min_kw", "station_id", "evse_id", "complete_from", "complete_to")
_OUTAGE_HEAD = ("port", "from", "to", "cause", "excluded")
_OUTAGE_MORE = ("evidence", "technician")
_SPACE = uuid.UUID("0f3d8c52-9b1e-4c57-8a35-6f0f9f1c7b11")  # of ids made from content: two laptops take one file once


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be taken, and why; ``line`` counts the head as 1."""

    line: int | None
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line is not None else self.reason


@dataclass(frozen=True, slots=True)
class Taking:
    """What taking a file would do. ``rows`` is empty where there are problems; ``notes`` hold nothing back."""

    file: Path
    kind: str
    rows: tuple[Result, ...]
    new: int
    changed: int
    same: int
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def kind_of(file: Path) -> str | None:
    """Return whether a file is one of ports or of outages by the names in its first row; else ``None``."""
    names = set(names_of(file))
    if "port" not in names or "state" in names or names & {"plugged_at", "authorised_at", "energy_started_at"}:
        return None
    return OUTAGES if "from" in names else PORTS if names & set(PORT_FACTS) else None


def take(file: Path, kind: str, fleet: Fleet, known: Collection[str], technician: str) -> Taking:
    """Look at a file and return what taking it would do; raise ``InputError`` where it is no such table at all.

    ``known`` are the ports that the archive has seen: a file may speak of others, which is said.
    """
    return (_take_ports if kind == PORTS else _take_outages)(file, fleet, known, technician)


def _take_ports(file: Path, fleet: Fleet, known: Collection[str], technician: str) -> Taking:
    notes: list[str] = []
    made: list[Result] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    same = new = 0
    refused: list[tuple[int, InputError]] = []
    for row in table_rows(file, PORTS, notes, refused):
        try:
            port = row.needed("port")
            if port in lines:
                raise InputError(f"{port!r} stands in line {lines[port]} already.", "One row a port.")
            lines[port] = row.line
            facts = fleet.facts(port)
            changes = {name: _cell_of(row, name) for name in PORT_FACTS if row.text(name)}
            said = say(facts, changes, technician, source=file.name)
        except InputError as error:
            problems.append(_problem(file, row, error))
            continue
        same += said is None
        new += said is not None and not facts.rows
        made += [said] if said is not None else []
    problems = _by_line(file, problems, refused)
    notes += _strangers(lines, {*known, *fleet.ports})
    rows = () if problems else tuple(made)
    return Taking(file, PORTS, rows, new, len(made) - new, same, tuple(problems), tuple(notes))


def _take_outages(file: Path, fleet: Fleet, known: Collection[str], technician: str) -> Taking:
    notes: list[str] = []
    problems: list[Problem] = []
    read: dict[str, _Line] = {}
    refused: list[tuple[int, InputError]] = []
    for row in table_rows(file, OUTAGES, notes, refused):
        try:
            line = _Line(row.line, row.needed("port"), _outage_fields(row), row.text("technician") or technician)
            report(line.port, line.fields, line.by)  # refuses what cannot be
            twin = read.setdefault(_made_id(line.port, line.fields), line)
            if twin.fields != line.fields:
                raise InputError(f"it is the outage of line {twin.number} with another end.", "One row an outage.")
        except InputError as error:
            problems.append(_problem(file, row, error))
            continue
        notes += _doubts(line) if twin is line else ()
    problems = _by_line(file, problems, refused)
    counts, made = Counter[str](), []
    starts = Counter(line.start for line in read.values())
    for id_, line in read.items():
        what, said, note = _compared(fleet, line, id_, file.name, is_only=starts[line.start] == 1)
        counts[what] += 1
        made += [said] if said is not None else []
        notes += [note] if note else []
    notes += _strangers({line.port: line.number for line in read.values()}, {*known, *fleet.ports})
    rows = () if problems else tuple(made)
    return Taking(file, OUTAGES, rows, counts["new"], counts["changed"], counts["same"], tuple(problems), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of outages as it was read."""

    number: int
    port: str
    fields: dict[str, Fact]
    by: str

    @property
    def start(self) -> tuple[str, Fact, Fact]:
        """Return what two rows about one outage have in common."""
        return self.port, self.fields["from"], self.fields["exclusion"]


def _compared(fleet: Fleet, line: _Line, id_: str, source: str, *, is_only: bool) -> tuple[str, Result | None, str]:
    """Return what a row is to the archive (new, changed, same), what it says there, and a remark."""
    before = _same_one(fleet, line, id_, is_only=is_only)
    if before is None:
        return "new", report(line.port, line.fields, line.by, source=source, id_=id_), ""
    if before.withdrawn:
        return "same", None, f"line {line.number}: this outage was withdrawn here; it stays withdrawn"
    # what files said before is no news: a person may have said better since
    news = {
        name: value
        for name in ("to", "cause", "excluded", "evidence")
        if (value := line.fields[name]) not in (None, False) and value != before.from_files(name)
    }
    said = correct(before, news, line.by, source=source)
    return ("same" if said is None else "changed"), said, ""


def _outage_fields(row: Row) -> dict[str, Fact]:
    """Return a row's fields; the cause of an exclusion proper loses its prefix."""
    cause, excluded = row.text("cause"), bool(row.flag("excluded"))
    if cause.startswith(EXCLUSION) and not excluded:
        raise row.wrong("excluded", row.text("excluded") or "nothing", f"1 where the cause begins with {EXCLUSION!r}")
    return {
        "from": checked("from", row.needed("from")), "to": checked("to", row.text("to")),
        "cause": checked("cause", cause.removeprefix(EXCLUSION)), "excluded": excluded,
        "exclusion": cause.startswith(EXCLUSION), "evidence": checked("evidence", row.text("evidence")),
    }  # fmt: skip


def _doubts(line: _Line) -> Iterable[str]:
    cause = str(line.fields["cause"] or "")
    if line.fields["excluded"] and not line.fields["evidence"]:
        yield f"line {line.number}: it is excused without evidence; a funder will ask for it"
    if line.fields["excluded"] and not is_accepted(cause):
        yield f"line {line.number}: {cause or 'no cause'!r} is none of the usual causes of an exclusion"


def _same_one(fleet: Fleet, line: _Line, id_: str, *, is_only: bool) -> ReportedOutage | None:
    """Return the outage of the archive that a row is about: the one with its id, else one of the same beginning.

    The latter only where neither file nor archive has two of them: then the row says how the outage went on.
    """
    own = [o for o in fleet.outages if (o.port, o.start, o.is_exclusion) == line.start]
    exact = next((o for o in own if o.id == id_ or o.cause == (line.fields["cause"] or "")), None)
    standing = [o for o in own if not o.withdrawn]
    return exact or (standing[0] if is_only and len(standing) == 1 else None)


def _made_id(port: str, fields: dict[str, Fact]) -> str:
    parts = (port, fields["from"], fields["exclusion"], fields["cause"] or "")
    return str(uuid.uuid5(_SPACE, "\0".join(map(str, parts))))


def _strangers(lines: dict[str, int], known: Collection[str]) -> list[str]:
    return [
        f"line {line}: the archive has not seen a port {port!r} yet"
        for port, line in lines.items()
        if port not in known
    ]


def _cell_of(row: Row, name: str) -> object:
    """Return a fact as it stands in a row; a power may have a decimal comma where columns are parted by semicolons."""
    return row.number(name) if name.endswith("_kw") else row.text(name)


def _by_line(file: Path, problems: list[Problem], refused: list[tuple[int, InputError]]) -> list[Problem]:
    """Return the problems with those of rows that could not even be parted into columns."""
    found = [Problem(line, f"{str(error).partition(f'line {line} ')[2]} {error.hint}") for line, error in refused]
    return sorted([*problems, *found], key=lambda problem: problem.line or 0)


def _problem(file: Path, row: Row, error: InputError) -> Problem:
    prefix = f"{file}, line {row.line}, "
    return Problem(row.line, f"{str(error).removeprefix(prefix)} {error.hint}".strip())


def read_reported(file: Path) -> list[ReportedOutage]:
    """Return the outages and exclusions of a file alone; raise ``InputError`` for the first row that is wrong."""
    found = [_reported(row, file.name) for row in table_rows(file, OUTAGES, [])]
    return sorted(found, key=lambda o: o.start)


def _reported(row: Row, source: str) -> ReportedOutage:
    o = outage_of(row)
    cause = o.cause.removeprefix(EXCLUSION) if o.is_exclusion else o.cause
    return ReportedOutage(
        str(row.line), o.port, o.start, o.end, cause, o.excluded, o.is_exclusion, row.text("evidence"),
        row.text("technician"), source=source,
    )  # fmt: skip


# ---- back into files ----


def ports_csv(fleet: Fleet, ports: Iterable[str]) -> str:
    """Return what was entered of ports as CSV; ports of which nothing was said have empty cells to fill."""
    rows = [[name, *(_cell(fleet.facts(name), fact) for fact in (*_PORT_HEAD[1:], *_PORT_MORE))] for name in ports]
    return _csv((*_PORT_HEAD, *_PORT_MORE), rows, len(_PORT_HEAD))


def outages_csv(outages: Iterable[ReportedOutage]) -> str:
    """Return outages and exclusions as CSV."""
    rows = [
        [o.port, iso(o.start), "" if o.end is None else iso(o.end), (EXCLUSION if o.is_exclusion else "") + o.cause,
         "1" if o.excluded else "0", o.evidence, o.by]
        for o in outages
    ]  # fmt: skip
    return _csv((*_OUTAGE_HEAD, *_OUTAGE_MORE), rows, len(_OUTAGE_HEAD))


def _cell(facts: PortFacts, name: str) -> str:
    value = as_json(name, facts.value(name))
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "" if value is None else str(value)


def _csv(head: Sequence[str], rows: list[list[str]], always: int) -> str:
    """Return a table without those columns behind the first ``always`` in which nothing stands."""
    kept = [i for i in range(len(head)) if i < always or any(row[i] for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([head[i] for i in kept])
    writer.writerows([row[i] for i in kept] for row in rows)
    return out.getvalue()
