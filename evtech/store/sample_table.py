"""Reads many points of one recording at once, as columns on one clock: what rules over samples look at.

One point after the other, the times of every chunk and the rows of the tail would be unpacked again for each of them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evtech.store.chunks import Floats, unpack, unpack_times
from evtech.store.connection import Connection
from evtech.store.samples import tail_rows
from evtech.store.session_list import marks
from evtech.store.writer import uncell

TRUSTED = ("good", "derived")  # a stale or clipped value is no measurement of its moment
LOOK_BACK_S = 2 * 86_400.0
Texts = list[str | None]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by point: ``times`` in s since 1970; numbers with NaN for missing, stale and clipped; texts apart."""

    times: Floats
    numbers: Mapping[str, Floats]
    texts: Mapping[str, Texts] = field(default_factory=dict)


def read_table(
    connection: Connection, recording_id: str, start: float, end: float, names: Collection[str]
) -> Table | None:
    """Return points of a recording between two times (s since 1970), both included; ``None`` where there are none."""
    points = connection.exec_driver_sql(
        f"SELECT id, name, position FROM point WHERE recording_id = ? AND name IN ({marks(names)}) ORDER BY position",
        (recording_id, *names),
    ).fetchall()
    spans = connection.exec_driver_sql(
        "SELECT t0, data FROM chunk_time WHERE recording_id = ? AND t1 >= ? AND t0 <= ? ORDER BY t0",
        (recording_id, start, end),
    ).fetchall()
    clocks = [unpack_times(data) for _, data in spans]
    cuts = [(int(np.searchsorted(t, start, "left")), int(np.searchsorted(t, end, "right"))) for t in clocks]
    tail = [row for row in tail_rows(connection, recording_id, start, end) if row[1]]
    times = np.concatenate(
        [t[a:b] for t, (a, b) in zip(clocks, cuts, strict=True)] + [np.array([t for t, _ in tail], np.float64)]
    )
    if not len(times) or not points:
        return None
    numbers: dict[str, Floats] = {}
    texts: dict[str, Texts] = {}
    for point, name, position in points:
        packed = connection.exec_driver_sql(
            "SELECT data FROM chunk WHERE point_id = ? AND t1 >= ? AND t0 <= ? ORDER BY t0", (point, start, end)
        ).fetchall()
        parts = [unpack(data) for (data,) in packed]
        cells = [uncell(row[position]) for _, row in tail]
        last = [value for value, _ in cells], [mark for _, mark in cells]
        if any(isinstance(part, list) for part, _ in parts) or any(isinstance(value, str) for value in last[0]):
            texts[name] = _texts([part for part, _ in parts], cuts, last[0])
        if any(not isinstance(part, list) for part, _ in parts) or any(
            isinstance(value, int | float) for value in last[0]
        ):
            numbers[name] = _numbers(parts, cuts, *last)
    return Table(times, numbers, texts)


def idle_from(connection: Connection, recording_id: str, before: float) -> float:
    """Return when the last session of a recording ended before a moment (s since 1970), else when it began.

    Only sessions that began within two days are looked for: they lie together in an index.
    """
    ended = connection.exec_driver_sql(
        "SELECT max(ended) FROM charging_session"
        " WHERE started >= ? AND started <= ? AND recording_id = ? AND ended <= ?",
        (before - LOOK_BACK_S, before, recording_id, before),
    ).scalar()
    if ended is None:
        ended = connection.exec_driver_sql("SELECT started FROM recording WHERE id = ?", (recording_id,)).scalar()
    return before if ended is None else float(ended)


def _numbers(
    parts: list[tuple[Floats | Texts, list[str] | None]],
    cuts: list[tuple[int, int]],
    tail: Sequence[object],
    marks_of_tail: Sequence[str],
) -> Floats:
    found = []
    for (column, quality), (low, high) in zip(parts, cuts, strict=True):
        if isinstance(column, list):
            found.append(np.full(high - low, np.nan))
            continue
        values = column[low:high]
        if quality is not None:
            values = np.where([mark in TRUSTED for mark in quality[low:high]], values, np.nan)
        found.append(values)
    rest = [
        float(value) if isinstance(value, int | float) and mark in TRUSTED else np.nan
        for value, mark in zip(tail, marks_of_tail, strict=True)
    ]
    return np.concatenate([*found, np.array(rest, np.float64)])


def _texts(parts: list[Floats | Texts], cuts: list[tuple[int, int]], tail: Sequence[object]) -> Texts:
    found: Texts = []
    for column, (low, high) in zip(parts, cuts, strict=True):
        found += column[low:high] if isinstance(column, list) else [None] * (high - low)
    return found + [value if isinstance(value, str) else None for value in tail]
