"""Recordings for diagnosis: reads a CSV of samples, whatever its pace and its gaps.

First column ``time`` (ISO 8601, or seconds), then one column a point by its standard name or short alias, in base
units; empty means missing. Rows are read as they come and kept as columns of floats; a recording of many million rows
is thinned while it is read, so that memory stays bounded, and that is said.
"""

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evtech.diagnostics.columns import TEXT_POINTS, column_name
from evtech.errors import InputError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
MOST_ROWS = 500_000
_CHUNK, _PROGRESS_EVERY = 20_000, 500_000
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


@dataclass(frozen=True, slots=True)
class Trace:
    """Samples as columns. ``times`` are seconds (since 1970, or from the trace's own zero), rising.

    ``texts`` holds, for points that come as words, one word a sample ("" = missing).
    """

    times: Floats
    numbers: Mapping[str, Floats]
    texts: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    absolute: bool = True

    def __len__(self) -> int:
        return len(self.times)

    def moment(self, index: int) -> datetime:
        """Return the UTC moment of a sample; a trace with a zero of its own counts from 1970."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(self.times[index]))


def last_known(column: Floats) -> Floats:
    """Return a column in which a missing value is the last known one; what was never known stays missing."""
    known = ~np.isnan(column)
    at = np.maximum.accumulate(np.where(known, np.arange(len(column)), 0))
    return np.asarray(column[at], np.float64)


def read_trace(path: Path, progress: Callable[[int], None] = lambda rows: None) -> Trace:
    """Read a CSV file; raise ``InputError`` saying which line is wrong and why.

    Unsorted rows are sorted, of rows with the same time the last one wins; both are counted in ``warnings``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(_rows(file, path), path, progress)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as CSV (UTF-8).") from error


def _rows(file: Iterator[str], path: Path) -> Iterator[list[str]]:
    try:
        yield from csv.reader(file)
    except csv.Error as error:
        raise InputError(f"{path} is no CSV file: {error}.", "Columns are separated by commas.") from error


def _read(rows: Iterator[list[str]], path: Path, progress: Callable[[int], None]) -> Trace:
    head = next(rows, [])
    names, warnings = _columns(head, path)
    table = _Table(names, path, len(head))
    told = 0
    while chunk := list(islice(rows, _CHUNK)):
        table.add(chunk)
        if table.line // _PROGRESS_EVERY > told:
            told = table.line // _PROGRESS_EVERY
            progress(table.line)
    times, columns = table.joined()
    if not len(times):
        raise InputError(f"{path} has no samples.", "A header line and at least one row are needed.")
    if table.stride > 1:
        warnings.append(f"the recording is very long: one row of {table.stride} is used, and every change of a word")
    if table.local:
        times = _without_clock_change(times, warnings)
    return _sorted(times, columns, table.words, warnings)


def _without_clock_change(times: Floats, warnings: list[str]) -> Floats:
    """Return times of a logger on local time with the hour taken back out that the end of summer time repeats.

    Only one step back, by just under an hour, in a file that is in order otherwise is such a change.
    """
    steps = np.diff(times)
    back = np.flatnonzero(steps < 0)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    if len(back) != 1 or not -3600 <= steps[back[0]] <= -3600 + max(3 * usual, 60.0):
        return times
    warnings.append("the clock went back by one hour once: read as the end of summer time")
    moved = times.copy()
    moved[back[0] + 1 :] += 3600.0
    return moved


class _Table:
    """Columns that grow by chunks, and are thinned by half whenever they hold ``MOST_ROWS``: memory stays bounded."""

    def __init__(self, names: list[str], path: Path, width: int) -> None:
        self.stride = 1
        self.line = 1  # of the file, the last one that was read
        self.local = False  # times without a zone
        self.names = [name for name in names if name]
        self.words: dict[str, dict[str, int]] = {name: {} for name in self.names}
        self._at = [index for index, name in enumerate(names, 1) if name]
        self._path, self._width = path, width
        self._parts: list[list[Floats]] = []
        self._kept = self._seen = 0

    def add(self, chunk: list[list[str]]) -> None:
        """Take rows; raise ``InputError`` naming the line of a wrong one."""
        first = self.line + 1
        self.line += len(chunk)
        lines: Sequence[int] = range(first, first + len(chunk))
        if any(len(row) != self._width for row in chunk):
            chunk, lines = self._padded(chunk, first)
        if not chunk:
            return
        cells = list(zip(*chunk, strict=True))
        columns = [self._times(cells[0], lines)]
        columns += [self._column(name, cells[at], lines) for name, at in zip(self.names, self._at, strict=True)]
        keep = (np.arange(self._seen, self._seen + len(chunk)) % self.stride == 0) | self._changes(columns)
        self._seen += len(chunk)
        self._parts.append([column[keep] for column in columns])
        self._kept += int(keep.sum())
        while self._kept >= MOST_ROWS:
            self._thin()

    def joined(self) -> tuple[Floats, dict[str, Floats]]:
        """Return times and columns."""
        if not self._parts:
            return np.array([]), {}
        times, *columns = (np.concatenate(pieces) for pieces in zip(*self._parts, strict=True))
        return times, dict(zip(self.names, columns, strict=True))

    def _padded(self, chunk: list[list[str]], first: int) -> tuple[list[list[str]], list[int]]:
        """Return rows of full width, without the empty ones, and their lines."""
        rows, lines = [], []
        for line, row in enumerate(chunk, first):
            if len(row) > self._width:
                raise InputError(
                    f"{self._path}, line {line}: {len(row)} fields, {self._width} columns.", "A comma too many?"
                )
            if any(row):
                rows.append(row + [""] * (self._width - len(row)))
                lines.append(line)
        return rows, lines

    def _times(self, cells: Sequence[str], lines: Sequence[int]) -> Floats:
        try:
            seconds = np.array(cells, np.float64)
            if np.isfinite(seconds).all():
                return seconds
        except ValueError:
            pass
        found = []
        for text, line in zip(cells, lines, strict=True):
            moment, local = _time(text, self._path, line)
            self.local = self.local or local
            found.append(moment)
        return np.array(found)

    def _column(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> Floats:
        if name in TEXT_POINTS:
            words = self.words[name]
            return np.array(
                [words.setdefault(t, len(words)) if (t := c.strip()) else np.nan for c in cells], np.float64
            )
        try:
            numbers = np.array([cell or "nan" for cell in cells], np.float64)
        except ValueError:
            numbers = np.array([_cell(name, c.strip(), self._path, at) for c, at in zip(cells, lines, strict=True)])
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def _changes(self, columns: list[Floats]) -> Bools:
        """Return the rows in which a word differs from the row before, and those before: they are not passed over."""
        changed = np.zeros(len(columns[0]), bool)
        if self.stride == 1:
            return changed
        for name, column in zip(self.names, columns[1:], strict=True):
            if name in TEXT_POINTS:
                filled = np.nan_to_num(column, nan=-1.0)
                changed[1:] |= filled[1:] != filled[:-1]
        changed[:-1] |= changed[1:]
        changed[0] = True
        return changed

    def _thin(self) -> None:
        times, columns = self.joined()
        self.stride *= 2
        everything = [times, *columns.values()]
        keep = self._changes(everything)
        if keep.mean() > 0.5:
            keep[:] = False  # words that change all the time are no events
        keep[::2] = True
        self._parts = [[column[keep] for column in everything]]
        self._kept = int(keep.sum())


def _columns(head: list[str], path: Path) -> tuple[list[str], list[str]]:
    if not head or head[0].strip().casefold() not in ("time", "t"):
        found = head[0] if head else "nothing"
        raise InputError(
            f"{path} does not begin with a column time, but with {found!r}.", "See the manual, Samples as CSV."
        )
    names: list[str] = []
    warnings = []
    for title in head[1:]:
        name = column_name(title)
        if name in names and name:
            raise InputError(f"{path} has two columns for {name}.", "Keep one of them.")
        if name is None and title.strip() and not title.startswith("quality:"):
            warnings.append(f"column {title!r} is not known and is left out")
        names.append(name or "")
    return names, warnings


def _time(text: str, path: Path, line: int) -> tuple[float, bool]:
    """Return a moment in seconds, and whether it is a clock time without a zone."""
    text = text.strip()
    local = False
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            seconds = math.nan
        else:
            local = moment.tzinfo is None
            seconds = (moment.replace(tzinfo=UTC) if local else moment).timestamp()
    if not math.isfinite(seconds):
        raise InputError(f"{path}, line {line}: {text!r} is no time.", "Seconds, or such as 2026-03-01T12:00:00Z.")
    return seconds, local


def _cell(name: str, text: str, path: Path, line: int) -> float:
    if not text:
        return math.nan
    folded = text.casefold()
    if folded in _TRUE:
        return 1.0
    if folded in _FALSE:
        return 0.0
    try:
        number = float(text)
    except ValueError as error:
        raise InputError(
            f"{path}, line {line}: {text!r} is no number for {name}.", "A dot as decimal sign; empty = missing."
        ) from error
    return number if math.isfinite(number) else math.nan


def _sorted(times: Floats, columns: dict[str, Floats], words: dict[str, dict[str, int]], warnings: list[str]) -> Trace:
    order = np.argsort(times, kind="stable")
    moved = int((np.diff(times) < 0).sum())
    if moved:
        warnings.append(f"{moved} rows were out of order and have been sorted")
    times = times[order]
    last = np.append(np.diff(times) > 0, True)
    doubled = int(len(times) - last.sum())
    if doubled:
        warnings.append(f"{doubled} rows had the time of another row; the last one counts")
    keep = order[last]
    numbers, texts = {}, {}
    for name, column in columns.items():
        if name in TEXT_POINTS:
            listed = np.array([*words[name], ""])
            indices = np.nan_to_num(column[keep], nan=len(words[name])).astype(np.int64)
            texts[name] = listed[indices]
        else:
            numbers[name] = column[keep]
    return Trace(times[last], numbers, texts, tuple(warnings), bool(times[-1] > 1e8))
