"""A CSV of samples, from evtech or from anybody: which column is which point, in which unit and zone; row by row.

``guess`` proposes a plan from the head; a person may change it. A cell that is no number is missing and counted, a row
without a time is left out and counted: nothing is guessed in between.
"""

import csv
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from evtech.errors import InputError
from evtech.exchange.incoming import Incoming, Parcel, Series, made_id
from evtech.measure.sample import ChargerIdentity, Quality, Value
from evtech.measure.vocabulary import ALIASES, TERMS, standard_name
from evtech.store.records import ChargingSession, PhaseSpan

SOURCE = "csv"
CHARGING_W = 100.0  # power from which energy flows
MOST_PROBLEMS = 20  # that are named; all are counted
_TIMES = ("time", "t", "timestamp", "date", "datetime", "zeit")
_FACTORS = {"kw": 1e3, "mw": 1e6, "kwh": 1e3, "mwh": 1e6, "ma": 1e-3, "mv": 1e-3, "kv": 1e3, "kvar": 1e3, "kva": 1e3,
            "min": 60.0, "h": 3600.0}  # fmt: skip
_UNIT = re.compile(r"^(.*?)\s*[\[(/]\s*([^\])/]+?)\s*[\])]?$")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, the point it becomes (``None`` = left out), the factor to the base unit."""

    title: str
    point: str | None
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """How a file is read. ``zone`` is that of times without an offset; ``site`` and ``charger`` name where it was."""

    delimiter: str = ","
    decimal: str = "."
    zone: str = "UTC"
    columns: tuple[Column, ...] = ()
    charger: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A file's first rows, the plan proposed, and what is odd about it."""

    plan: CsvPlan
    rows: list[list[str]]
    warnings: list[str]


def preview(path: Path) -> Preview:
    """Return the first rows with a proposed plan; raise ``InputError`` for what is no CSV."""
    text = _text(path)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(text[:200_000].splitlines()[:21], delimiter=delimiter) if row]
    if not rows or len(rows[0]) < 2:
        raise InputError(f"{path} is no table of samples.", "A head and columns separated by comma, semicolon or tab.")
    decimal = "," if delimiter != "," and any(re.search(r"\d,\d", c) for row in rows[1:] for c in row) else "."
    columns, warnings = [Column(rows[0][0], None)], []
    if rows[0][0].strip().casefold() not in _TIMES:
        warnings.append(f"the first column is {rows[0][0]!r}; it is taken for the time")
    for title in rows[0][1:]:
        column = _guess(title)
        if any(column.point == other.point for other in columns if other.point):
            warnings.append(f"column {title!r} would be a second {column.point} and is left out")
            column = replace(column, point=None)
        elif column.point is None and not title.startswith("quality:"):
            warnings.append(f"column {title!r} is not known and is left out")
        columns.append(column)
    return Preview(CsvPlan(delimiter, decimal, columns=tuple(columns)), rows, warnings)


def read_samples(path: Path, plan: CsvPlan) -> Parcel:
    """Return the file as one session; raise ``InputError`` where no row can be used."""
    problems: list[str] = []
    text = _text(path)
    reader = csv.reader(text.splitlines(), delimiter=plan.delimiter)
    head = next(reader, [])
    places = [(i, c) for i, c in enumerate(plan.columns) if c.point is not None]
    quality = {title.removeprefix("quality:"): i for i, title in enumerate(head) if title.startswith("quality:")}
    zone = ZoneInfo(plan.zone)
    table: dict[float, tuple[list[Value | None], list[str]]] = {}
    last, doubled, moved = -math.inf, 0, 0
    for line, row in enumerate(reader, 2):
        if not any(row):
            continue
        at = _moment(row[0], zone)
        if at is None:
            problems.append(f"line {line}: {row[0]!r} is no time; the row is left out")
            continue
        doubled, moved, last = doubled + (at in table), moved + (at < last), at
        cells = [_cell(row[i] if i < len(row) else "", c, plan.decimal, line, problems) for i, c in places]
        marks = [_quality(v, row, quality.get(str(c.point))) for v, (_, c) in zip(cells, places, strict=True)]
        table[at] = (cells, marks)
    if not table or not places:
        raise InputError(f"{path} holds no sample that can be used.", "; ".join(problems[:3]) or "Choose its columns.")
    if doubled:
        problems.append(f"{doubled} rows had the time of another row; the last one counts")
    if moved:
        problems.append(f"{moved} rows were out of order and have been sorted")
    times = sorted(table)
    points = [(str(c.point), _unit(str(c.point))) for _, c in places]
    series = Series(points, times, [table[t][0] for t in times], [table[t][1] for t in times])
    digest = hashlib.sha256(text.encode()).hexdigest()
    more = [f"{len(problems) - MOST_PROBLEMS} more"] if len(problems) > MOST_PROBLEMS else []
    session = session_of(series, plan.charger or path.stem, digest)
    return Parcel(SOURCE, [Incoming(session, plan.site, series)], problems=problems[:MOST_PROBLEMS] + more)


def session_of(series: Series, name: str, digest: str) -> ChargingSession:
    """Return the session that samples show: energy by the register, else by the integral of power."""
    columns = {point: [row[i] for row in series.rows] for i, (point, _) in enumerate(series.points)}
    numbers = {p: [v if isinstance(v, int | float) else None for v in column] for p, column in columns.items()}
    moments = [datetime.fromtimestamp(t, UTC) for t in series.times]
    power = numbers.get("power_total", [None] * len(moments))
    known = [p for p in power if p is not None]
    phases = _phases(moments, power)
    register = next((p for p in ("energy_import_total", "energy_total", "session_energy") if p in numbers), None)
    readings = [v for v in numbers.get(register or "", []) if v is not None]
    energy, how = None, None
    if len(readings) > 1:
        energy = readings[-1] - readings[0]
        how = "session_counter" if register == "session_energy" else "register_difference"
    elif len(known) > 1:
        energy, how = _integral(series.times, power), "integrated_power"
    charging_s = sum((p.end - p.start).total_seconds() for p in phases if p.end)
    return ChargingSession(
        id=made_id("csv", digest), visit_id=made_id("csv visit", digest), recording_id=made_id("csv recording", digest),
        charger=ChargerIdentity("", "", name, "", None, ""), started=moments[0], ended=moments[-1],
        charging_s=charging_s, energy_wh=energy, energy_source=how, register_point=register,
        register_start_wh=readings[0] if readings else None, register_end_wh=readings[-1] if readings else None,
        peak_power_w=max(known, default=None),
        mean_power_w=energy * 3600 / charging_s if energy and charging_s else None,
        phases=phases, samples=len(moments),
    )  # fmt: skip


def _guess(title: str) -> Column:
    """Return what a title most likely is: a standard name, an alias, or words with a unit in brackets."""
    bare = title.strip()
    if standard_name(bare) in TERMS:
        return Column(title, standard_name(bare))
    match = _UNIT.match(bare)
    words, unit = (match.group(1), match.group(2)) if match else (bare, "")
    name = re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_")
    name = {"power": "power_total", "energy": "energy_import_total"}.get(name, ALIASES.get(name, name))
    if name in TERMS:
        return Column(title, name, _FACTORS.get(unit.casefold(), 1.0))
    return Column(title, bare if _NAME.match(bare) and not match else None)


def _unit(point: str) -> str:
    return TERMS[point].unit if point in TERMS else ""


def _moment(text: str, zone: ZoneInfo) -> float | None:
    words = text.strip()
    try:
        seconds = float(words)
        return seconds if math.isfinite(seconds) and abs(seconds) < 1e11 else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        try:
            moment = datetime.strptime(words, "%d.%m.%Y %H:%M:%S")  # noqa: DTZ007  # its zone comes right below
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _cell(text: str, column: Column, decimal: str, line: int, problems: list[str]) -> Value | None:
    words = text.strip()
    if not words:
        return None
    number = _number(words.replace(",", ".") if decimal == "," else words)
    if number is not None:
        return number if column.factor == 1.0 else number * column.factor
    if words.replace(".", "").replace("-", "").isalnum() and not _is_measured(column.point):
        return words
    if _is_measured(column.point):
        problems.append(f"line {line}, {column.title}: {words!r} is no number; taken as missing")
        return None
    return words


def _is_measured(point: str | None) -> bool:
    return bool(point and point in TERMS and TERMS[point].unit)


def _number(words: str) -> int | float | None:
    """Return a number; what would not be written the same way again (007) is a word."""
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,14})", words) and words != "-0":
        return int(words)
    try:
        value = float(words)
    except ValueError:
        return None
    return value if math.isfinite(value) and not re.fullmatch(r"-?0[0-9]+", words) and words[0] not in "+_" else None


def _quality(value: Value | None, row: Sequence[str], place: int | None) -> str:
    if place is not None and place < len(row) and row[place] in set(Quality):
        return row[place]
    return Quality.MISSING.value if value is None else Quality.GOOD.value


def _phases(moments: Sequence[datetime], power: Sequence[float | None]) -> tuple[PhaseSpan, ...]:
    """Return the stretches in which power flowed; a missing value ends none."""
    spans: list[PhaseSpan] = []
    since: datetime | None = None
    for moment, watts in zip(moments, power, strict=True):
        if watts is None:
            continue
        if watts > CHARGING_W and since is None:
            since = moment
        elif watts <= CHARGING_W and since is not None:
            spans.append(PhaseSpan("CHARGING", since, moment))
            since = None
    if since is not None:
        spans.append(PhaseSpan("CHARGING", since, moments[-1]))
    return tuple(spans)


def _integral(times: Sequence[float], power: Sequence[float | None]) -> float:
    pairs = [(t, p) for t, p in zip(times, power, strict=True) if p is not None]
    return sum((a[1] + b[1]) / 2 * (b[0] - a[0]) for a, b in pairwise(pairs)) / 3600


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as CSV (UTF-8).") from error
