"""Reads samples back: whole series, overviews from the chunks' extremes, rows for exports."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from evtech.errors import ArchiveError
from evtech.measure.sample import Value
from evtech.store.chunks import Floats, plain_quality, unpack, unpack_times
from evtech.store.connection import Connection
from evtech.store.writer import uncell

Part = tuple[Floats | list[str | None], list[str] | None]  # values and qualities of a chunk


@dataclass(frozen=True, slots=True)
class Series:
    """One point over time: times (s since 1970), values (NaN = missing or text), qualities, texts where there are."""

    times: Floats
    values: Floats
    _parts: tuple[Part, ...] = ()

    @property
    def qualities(self) -> list[str]:
        """Return the quality of each sample."""
        return [
            marks[i] if marks is not None else plain_quality(column, i)
            for column, marks in self._parts
            for i in range(len(column))
        ]

    @property
    def texts(self) -> list[str | None]:
        """Return the text of each sample; ``None`` where it is a number or missing."""
        return [
            column[i] if isinstance(column, list) else None for column, _ in self._parts for i in range(len(column))
        ]


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk in short: from, to (s since 1970), count, extremes and mean (``None`` where nothing is a number)."""

    t0: float
    t1: float
    n: int
    low: float | None
    high: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One poll: a value and a quality for each point."""

    time: datetime
    values: dict[str, Value | None]
    qualities: dict[str, str]


def series(connection: Connection, recording_id: str, name: str, start: float, end: float) -> Series:
    """Return a point's samples between two times (s since 1970), both included."""
    times: list[Floats] = []
    values: list[Floats] = []
    marks: list[Part] = []
    for t, column, quality in _columns(connection, recording_id, name, start, end):
        low, high = 0, len(t)
        if t[0] < start or t[-1] > end:
            low, high = int(np.searchsorted(t, start, "left")), int(np.searchsorted(t, end, "right"))
        times.append(t[low:high])
        values.append(np.full(high - low, np.nan) if isinstance(column, list) else column[low:high])
        marks.append((column[low:high], None if quality is None else quality[low:high]))
    empty: list[Floats] = [np.array([], np.float64)]
    return Series(np.concatenate(times or empty), np.concatenate(values or empty), tuple(marks))


def overview(connection: Connection, recording_id: str, name: str, start: float, end: float) -> list[Span]:
    """Return the chunks of a point that touch a time span, without unpacking them; the tail is not among them."""
    found = connection.exec_driver_sql(
        "SELECT t0, t1, n, vmin, vmax, vmean FROM chunk WHERE t1 >= ? AND t0 <= ? AND point_id ="
        " (SELECT id FROM point WHERE recording_id = ? AND name = ?) ORDER BY t0",
        (start, end, recording_id, name),
    )
    return [Span(*row) for row in found.fetchall()]


def rows(connection: Connection, recording_id: str, start: float, end: float, names: Sequence[str]) -> Iterator[Row]:
    """Yield the polls between two times, a chunk at a time: memory stays bounded."""
    spans = connection.exec_driver_sql(
        "SELECT t0, t1, data FROM chunk_time WHERE recording_id = ? AND t1 >= ? AND t0 <= ? ORDER BY t0",
        (recording_id, start, end),
    ).fetchall()
    for t0, _, data in spans:
        times = unpack_times(data)
        columns = {}
        for name in names:
            packed = connection.exec_driver_sql(
                "SELECT data FROM chunk JOIN point ON point.id = point_id"
                " WHERE recording_id = ? AND name = ? AND t0 = ?",
                (recording_id, name, t0),
            ).scalar_one()
            columns[name] = unpack(packed)
        for i, t in enumerate(times):
            if start <= t <= end:
                values = {name: _value(column, i) for name, (column, _) in columns.items()}
                marks = {
                    name: quality[i] if quality is not None else plain_quality(column, i)
                    for name, (column, quality) in columns.items()
                }
                yield Row(_moment(float(t)), values, marks)
    for t, cells in tail_rows(connection, recording_id, start, end):
        pairs = {
            name: uncell(cells[position]) for name, position in _positions(connection, recording_id, names).items()
        }
        yield Row(_moment(t), {n: v for n, (v, _) in pairs.items()}, {n: q for n, (_, q) in pairs.items()})


def check_chunks(connection: Connection) -> list[str]:
    """Return what is wrong with chunks and tail: what cannot be unpacked, and lengths that do not agree."""
    problems = []
    for row_id, n, data in connection.exec_driver_sql("SELECT id, n, data FROM chunk_time"):
        try:
            if len(unpack_times(data)) != n:
                problems.append(f"times {row_id}: another count than stated")
        except ArchiveError as error:
            problems.append(f"times {row_id}: {error}")
    for row_id, n, data in connection.exec_driver_sql("SELECT id, n, data FROM chunk"):
        try:
            if len(unpack(data)[0]) != n:
                problems.append(f"chunk {row_id}: another count than stated")
        except ArchiveError as error:
            problems.append(f"chunk {row_id}: {error}")
    for row_id, body in connection.exec_driver_sql("SELECT id, body FROM tail"):
        try:
            json.loads(body)
        except ValueError:
            problems.append(f"tail {row_id}: not readable")
    return problems


def _columns(
    connection: Connection, recording_id: str, name: str, start: float, end: float
) -> Iterator[tuple[Floats, Floats | list[str | None], list[str] | None]]:
    found = connection.exec_driver_sql(
        "SELECT id FROM point WHERE recording_id = ? AND name = ?", (recording_id, name)
    ).scalar()
    if found is None:
        return
    # two walks along an index; a join would sort the packed data
    where = "t1 >= ? AND t0 <= ? ORDER BY t0"
    clocks = connection.exec_driver_sql(
        f"SELECT t0, data FROM chunk_time WHERE recording_id = ? AND {where}", (recording_id, start, end)
    )
    packed = connection.exec_driver_sql(f"SELECT data FROM chunk WHERE point_id = ? AND {where}", (found, start, end))
    for (_, time_data), (data,) in zip(clocks.fetchall(), packed.fetchall(), strict=True):
        column, quality = unpack(data)
        yield unpack_times(time_data), column, quality
    position = _positions(connection, recording_id, [name]).get(name)
    if position is None:
        return
    rows_of_tail = [(t, *uncell(cells[position])) for t, cells in tail_rows(connection, recording_id, start, end)]
    if rows_of_tail:
        values = [row[1] for row in rows_of_tail]
        has_text = any(isinstance(value, str) for value in values)
        column = (
            [None if value is None else str(value) for value in values]
            if has_text
            else np.array([np.nan if value is None else float(value) for value in values])
        )
        yield np.array([row[0] for row in rows_of_tail]), column, [row[2] for row in rows_of_tail]


def tail_rows(connection: Connection, recording_id: str, start: float, end: float) -> list[tuple[float, list[object]]]:
    """Return the polls between two times that are in no chunk yet: time and one cell a point."""
    found = connection.exec_driver_sql(
        "SELECT t, body FROM tail WHERE recording_id = ? AND t >= ? AND t <= ? ORDER BY t, id",
        (recording_id, start, end),
    ).fetchall()
    try:
        return [(row[0], json.loads(row[1])) for row in found]
    except ValueError as error:
        raise ArchiveError(f"A row of the tail is damaged: {error}.", "Restore the archive from a backup.") from error


def _positions(connection: Connection, recording_id: str, names: Sequence[str]) -> dict[str, int]:
    found = connection.exec_driver_sql("SELECT name, position FROM point WHERE recording_id = ?", (recording_id,))
    return {name: position for name, position in found if name in names}


def _value(column: Floats | list[str | None], index: int) -> Value | None:
    value = column[index]
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return None if number != number else number


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
