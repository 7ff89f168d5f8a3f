"""A CSV of samples, from evtech or from anybody, as one session; read in stretches, whatever its length.

A cell that is no number is missing and counted, a row without a time is left out and counted: nothing is guessed in
between. Rows may be out of order within a hundred thousand of each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evtech.errors import InputError
from evtech.exchange.course import Course
from evtech.exchange.csv_table import Table
from evtech.exchange.incoming import Incoming, Item, Parcel, Problems, Stretch, made_id
from evtech.exchange.plans import DATE, TIME, Column
from evtech.exchange.sample_columns import QUALITY, unit
from evtech.exchange.times import Clock
from evtech.measure.sample import ChargerIdentity, Quality, Value
from evtech.measure.vocabulary import TERMS
from evtech.store.records import ChargingSession
from evtech.store.spool import Block

SOURCE = "csv"
HELD = 1 << 18  # rows kept to put them in order; half of them are let go at once
# in base units; nothing measured is above it, and a session with more could not be exported and read again
MOST = 1e15
_CHUNK = 8192
_QUALITIES = frozenset(Quality)
_LATEST_S = 1e11  # of times that are plain seconds; longer ones are milliseconds

Floats = npt.NDArray[np.float64]


def read_samples(table: Table, warnings: Sequence[str], sha256: str) -> Parcel:
    """Return the parcel of a table whose plan says what its columns are; raise ``InputError`` where none is a point."""
    problems = Problems()
    for words in warnings:
        problems.add(words)
    if not any(c.target not in (None, TIME, DATE) for c in table.plan.columns):
        raise InputError(f"{table.source.path} holds no sample that can be used.", "Choose its columns.")
    own = [c.title for c in table.plan.columns if c.target not in (None, TIME, DATE, *TERMS)]
    remarks = [f"not in the vocabulary, taken under their own names: {', '.join(own)}"] if own else []
    parcel = Parcel(SOURCE, (), problems, remarks, plan=table.plan)
    reader = _Reader(table, parcel, made_id(SOURCE, sha256, str(sorted(table.plan.told().items()))))
    parcel.items = reader.items()
    return parcel


@dataclass(slots=True)
class _Held:
    """Rows that wait to be put in order: times, a column a point, and its qualities where the file tells them."""

    times: list[Floats] = field(default_factory=list)
    columns: list[list[Any]] = field(default_factory=list)
    marks: list[list[list[str] | None]] = field(default_factory=list)
    count: int = 0


class _Reader:
    """Reads one table of samples."""

    def __init__(self, table: Table, parcel: Parcel, session_id: str) -> None:
        self._table, self._parcel, self._id = table, parcel, session_id
        plan = table.plan
        columns = [(i, c) for i, c in enumerate(plan.columns) if c.target not in (None, TIME, DATE)]
        self._columns: list[tuple[int, Column]] = columns
        self._points = [(str(c.target), unit(str(c.target))) for _, c in columns]
        self._time_at = next((i for i, c in enumerate(plan.columns) if c.target == TIME), 0)
        self._date_at = next((i for i, c in enumerate(plan.columns) if c.target == DATE), None)
        marks = {t.removeprefix(QUALITY): i for i, t in enumerate(table.head) if t.startswith(QUALITY)}
        self._mark_at = [marks.get(str(c.target)) for _, c in columns]
        self._clock = Clock(plan.zone, plan.order)
        self._course = Course([name for name, _ in self._points])
        self._width = max([self._time_at, self._date_at or 0, *(i for i, _ in columns),
                           *(i for i in self._mark_at if i is not None)]) + 1  # fmt: skip
        self._held = _Held()
        self._let_go: float | None = None  # the last moment that was passed on
        self._last: float | None = None
        self._doubled = self._moved = 0
        self._memo: dict[str, Value] = {}

    def items(self) -> Iterator[Item]:
        """Yield stretches of samples, then the session."""
        rows: list[list[str]] = []
        lines: list[int] = []
        for line, row in self._table.rows():
            rows.append(row)
            lines.append(line)
            if len(rows) == _CHUNK:
                self._take(rows, lines)
                rows, lines = [], []
                if self._held.count >= HELD:
                    yield from self._ordered(HELD // 2)
        self._take(rows, lines)
        yield from self._ordered(0)
        if not self._course.samples:
            first = "; ".join(self._parcel.problems.named[:3])
            raise InputError(f"{self._table.source.path} holds no sample that can be used.", first or "It has no rows.")
        self._say()
        yield Incoming(self._session(), self._table.plan.site or "", self._points)

    # ---- rows ----

    def _take(self, rows: list[list[str]], lines: list[int]) -> None:
        if not rows:
            return
        for row in rows:
            if len(row) < self._width:
                row.extend([""] * (self._width - len(row)))
        times = self._times(rows, lines)
        known = np.isfinite(times)
        if not known.all():
            keep = np.flatnonzero(known)
            rows, lines, times = [rows[i] for i in keep], [lines[i] for i in keep], times[known]
            if not rows:
                return
        self._refuse_late(times, lines)
        self._held.times.append(times)
        self._held.columns.append([self._column(i, c, rows, lines) for i, c in self._columns])
        self._held.marks.append([None if at is None else self._qualities(rows, at) for at in self._mark_at])
        self._held.count += len(rows)

    def _times(self, rows: list[list[str]], lines: list[int]) -> Floats:
        if self._date_at is None:
            try:
                seconds = np.array([row[self._time_at] for row in rows], np.float64)
                if ((seconds >= 0) & (seconds < _LATEST_S)).all():
                    self._last = float(seconds[-1])
                    return seconds
            except ValueError:
                pass
        found = np.full(len(rows), np.nan)
        for place, (row, line) in enumerate(zip(rows, lines, strict=True)):
            words = row[self._time_at]
            if self._date_at is not None:
                words = f"{row[self._date_at].strip()} {words.strip()}"
            at = self._clock.seconds(words, line, self._last)
            if at is None:
                at = _plain_seconds(words)
            if at is None:
                self._parcel.problems.add(f"line {line}: {words.strip()[:40]!r} is no time; the row is left out")
                continue
            found[place] = self._last = at
        return found

    def _refuse_late(self, times: Floats, lines: list[int]) -> None:
        """Raise for a row that belongs before what was passed on already."""
        if self._let_go is not None and (times <= self._let_go).any():
            line = lines[int(np.argmax(times <= self._let_go))]
            raise InputError(
                f"{self._table.source.path}, line {line}: the time lies before that of rows a hundred thousand lines"
                " above.", "Sort the file by time; nothing was imported.",
            )  # fmt: skip

    def _column(self, at: int, column: Column, rows: list[list[str]], lines: list[int]) -> Any:
        cells = [row[at] for row in rows]
        if not _is_measured(column.target):
            return [self._value(cell) for cell in cells]
        comma = self._table.plan.decimal == ","
        try:
            ready = [(c.replace(",", ".") if comma else c) or "nan" for c in cells]
            numbers = np.array(ready, np.float64)
            reads_1_000 = any("_" in cell for cell in ready)  # numpy does
            if reads_1_000 or (np.abs(numbers) >= MOST / column.factor).any():
                raise ValueError
        except ValueError:
            numbers = np.array([self._number(c, column, line) for c, line in zip(cells, lines, strict=True)])
        return numbers if column.factor == 1.0 else numbers * column.factor

    def _number(self, cell: str, column: Column, line: int) -> float:
        words = cell.strip()
        if not words or words.casefold() in ("nan", "null", "none", "-", "n/a"):
            return float("nan")
        number = number_of(words, self._table.plan.decimal)
        if number is None or abs(number) >= MOST / column.factor:
            self._parcel.problems.add(f"line {line}, {column.title}: {words[:40]!r} is no number; taken as missing")
            return float("nan")
        return number

    def _value(self, cell: str) -> Value | None:
        """Return a cell of a point that may be a word or a number; what would be written otherwise is a word."""
        words = cell.strip()
        if not words:
            return None
        if words not in self._memo:
            if len(self._memo) > 10_000:
                self._memo.clear()
            number = _canonical(words.replace(",", ".") if self._table.plan.decimal == "," else words)
            self._memo[words] = words if number is None else number
        return self._memo[words]

    def _qualities(self, rows: list[list[str]], at: int) -> list[str]:
        return [row[at] if row[at] in _QUALITIES else "" for row in rows]

    # ---- order ----

    def _ordered(self, keep: int) -> Iterator[Stretch]:
        """Yield the oldest rows that are held, in order, all but ``keep``."""
        held, self._held = self._held, _Held()
        if not held.count:
            return
        times = np.concatenate(held.times)
        self._moved += int((np.diff(times) < 0).sum())
        order = np.argsort(times, kind="stable")
        rising = times[order]
        is_last = np.append(np.diff(rising) > 0, True)  # of rows with one time the last one counts
        self._doubled += int(len(times) - is_last.sum())
        order = order[is_last]
        columns = [_joined([part[i] for part in held.columns]) for i in range(len(self._columns))]
        marks = [_joined_marks([part[i] for part in held.marks]) for i in range(len(self._columns))]
        count = len(order) - min(keep, len(order))
        go, stay = order[:count], order[count:]
        if len(stay):
            self._held = _Held([times[stay]], [[_picked(c, stay) for c in columns]],
                               [[None if m is None else _picked(m, stay) for m in marks]], len(stay))  # fmt: skip
        if len(go):
            self._let_go = float(times[go[-1]])
            block = _block(times[go], [_picked(c, go) for c in columns],
                           [None if m is None else _picked(m, go) for m in marks])  # fmt: skip
            self._course.take(block)
            yield Stretch(self._id, self._points, block)

    def _say(self) -> None:
        remarks, problems = self._parcel.remarks, self._parcel.problems
        if self._doubled:
            problems.add(f"{self._doubled} rows had the time of another row; the last one counts")
        if self._moved:
            remarks.append(f"{self._moved} rows were out of order and have been sorted")
        if self._table.source.foreign:
            remarks.append(f"{self._table.source.foreign} lines are no UTF-8 and were read as Windows-1252")
        remarks += self._clock.warnings()
        if self._course.first is not None and 0 <= self._course.first < 86400 * 365:
            remarks.append("times count from zero: the session stands in 1970")

    def _session(self) -> ChargingSession:
        name = self._table.plan.charger or self._table.source.path.stem
        return self._course.session(self._id, ChargerIdentity("", "", name, "", None, ""))


def number_of(words: str, decimal: str) -> float | None:
    """Return a number as a person writes it, with signs between thousands; ``None`` for what is none."""
    bare = words.replace(" ", "").replace("\u202f", "").replace("\xa0", "").replace("'", "")
    if decimal == ",":
        bare = bare.replace(".", "").replace(",", ".") if "," in bare else bare
    elif bare.count(",") and "." in bare:
        bare = bare.replace(",", "")
    try:
        value = float(bare)
    except ValueError:
        return None
    return value if abs(value) < MOST and "_" not in bare else None


def _plain_seconds(words: str) -> float | None:
    try:
        seconds = float(words)
    except ValueError:
        return None
    return seconds if 0 <= seconds < _LATEST_S else None  # before 1970 an export could not be taken in again


def _canonical(words: str) -> int | float | None:
    """Return a number; what would not be written the same way again (007, 1_000, +5) is a word."""
    bare = words.removeprefix("-")
    if bare.isdecimal() and bare.isascii() and len(bare) <= 15 and (bare[0] != "0" or bare == "0") and words != "-0":
        return int(words)
    try:
        value = float(words)
    except ValueError:
        return None
    is_plain = words[0] not in "+_" and "_" not in words and not (bare.isdecimal() and bare[0] == "0")
    is_plain = is_plain and ("e" not in words.casefold() or repr(value) == words)
    return value if np.isfinite(value) and is_plain else None


def _is_measured(point: str | None) -> bool:
    return bool(point and point in TERMS and TERMS[point].unit)


def _joined(parts: list[Any]) -> Any:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return [value for part in parts for value in part]


def _joined_marks(parts: list[list[str] | None]) -> list[str] | None:
    return None if parts[0] is None else [mark for part in parts for mark in part or ()]


def _picked(column: Any, places: npt.NDArray[np.intp]) -> Any:
    return column[places] if isinstance(column, np.ndarray) else [column[i] for i in places]


def _block(times: Floats, columns: list[Any], marks: list[list[str] | None]) -> Block:
    """Return a block; a quality that the file leaves empty is good, or missing with the value."""
    qualities: list[list[str] | None] = []
    for column, said in zip(columns, marks, strict=True):
        if said is None or not any(said):
            qualities.append(None)
            continue
        qualities.append([
            "missing" if value is None or value != value else mark or "good"
            for value, mark in zip(column, said, strict=True)
        ])  # fmt: skip
    return Block(times, columns, qualities)
