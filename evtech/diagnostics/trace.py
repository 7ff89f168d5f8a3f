"""Recordings for diagnosis: reads a CSV of samples, whatever its pace and its gaps.

First column ``time`` (ISO 8601, or seconds), then one column a point by its standard name or short alias, in base
units; empty means missing. Rows are read as they come and kept as columns of floats; a recording of many million rows
is thinned while it is read, so that memory stays bounded, and that is said.
"""

import csv
import math
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evtech.diagnostics.columns import TEXT_POINTS, column_name
from evtech.errors import InputError

Floats = npt.NDArray[np.float64]
MOST_ROWS = 500_000
_PROGRESS_EVERY = 500_000
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
    table = _Table([name for name in names if name])
    for line, row in enumerate(rows, 2):
        if not row or not any(row):
            continue
        if len(row) > len(head):
            raise InputError(f"{path}, line {line}: {len(row)} fields, {len(head)} columns.", "A comma too many?")
        cells = [cell for cell, name in zip(row[1:], names, strict=False) if name]
        table.add(_time(row[0], path, line), cells, path, line)
        if line % _PROGRESS_EVERY == 0:
            progress(line)
    if not len(table.times):
        raise InputError(f"{path} has no samples.", "A header line and at least one row are needed.")
    if table.stride > 1:
        warnings.append(f"the recording is very long: one row of {table.stride} is used, and every change of a word")
    columns = {name: np.frombuffer(column) for name, column in table.columns.items()}
    return _sorted(np.frombuffer(table.times), columns, table.words, warnings)


class _Table:
    """Columns that grow, and are thinned by half whenever they hold ``MOST_ROWS``: memory stays bounded."""

    def __init__(self, names: list[str]) -> None:
        self.times = array("d")
        self.columns = {name: array("d") for name in names}
        self.words: dict[str, dict[str, int]] = {name: {} for name in names}
        self.stride = 1
        self._seen = 0
        self._texts = [index for index, name in enumerate(names) if name in TEXT_POINTS]
        self._last: list[str] = []

    def add(self, seconds: float, cells: list[str], path: Path, line: int) -> None:
        """Keep one row, or pass it over where the recording is thinned and nothing changed in its words."""
        self._seen += 1
        texts = [cells[index] for index in self._texts if index < len(cells)]
        if self._seen % self.stride and texts == self._last:
            return
        self._last = texts
        self.times.append(seconds)
        for index, (name, column) in enumerate(self.columns.items()):
            text = cells[index].strip() if index < len(cells) else ""
            column.append(_cell(name, text, self.words[name], path, line))
        if len(self.times) >= MOST_ROWS:
            self._thin()

    def _thin(self) -> None:
        rows = len(self.times)
        keep = np.zeros(rows, bool)
        keep[::2] = True
        for name, column in self.columns.items():
            if name in TEXT_POINTS:
                numbers = np.frombuffer(column)
                keep[1:] |= numbers[1:] != numbers[:-1]
        self.times = array("d", np.frombuffer(self.times)[keep].tobytes())
        self.columns = {n: array("d", np.frombuffer(c)[keep].tobytes()) for n, c in self.columns.items()}
        self.stride *= 2


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


def _time(text: str, path: Path, line: int) -> float:
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise InputError(
                f"{path}, line {line}: {text!r} is no time.", "Seconds, or such as 2026-03-01T12:00:00Z."
            ) from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise InputError(f"{path}, line {line}: {text!r} is no time.", "Seconds, or such as 2026-03-01T12:00:00Z.")
    return seconds


def _cell(name: str, text: str, words: dict[str, int], path: Path, line: int) -> float:
    if not text:
        return math.nan
    if name in TEXT_POINTS:
        return float(words.setdefault(text, len(words)))
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
