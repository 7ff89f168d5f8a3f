"""Runs the rules over samples while a session is imported, so that findings come with it or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evtech.insights.kept_findings import result_of
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.session_check import check_row, judged
from evtech.insights.session_samples import NAMES, samples_of
from evtech.store.columns import Floats
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.sample_table import TRUSTED, Table
from evtech.store.session_list import line_of
from evtech.store.spool import Block

MOST = 12_000_000  # values of one session that are held to be judged; a longer one is checked on demand
Column = Floats | list[str | None]


@dataclass(slots=True)
class _Held:
    """What was seen of a session: blocks of columns by point."""

    values: int = 0
    times: list[Floats] = field(default_factory=list)
    columns: dict[str, list[Column]] = field(default_factory=dict)


class Judge:
    """Collects the columns that the rules look at, and judges a session when it is complete."""

    def __init__(self, limits: SampleLimits, rated_w: Callable[[str], float | None]) -> None:
        self._limits, self._rated_w = limits, rated_w
        self._held: dict[str, _Held] = {}

    def see(self, session_id: str, points: Sequence[tuple[str, str]], block: Block) -> None:
        """Take a block of a session's samples."""
        held = self._held.setdefault(session_id, _Held())
        wanted = [place for place, (name, _) in enumerate(points) if name in NAMES]
        held.values += len(block.times) * len(wanted)
        if held.values > MOST:
            held.times, held.columns = [], {}
            return
        held.times.append(np.asarray(block.times, np.float64))
        for place in wanted:
            held.columns.setdefault(points[place][0], []).append(_column(block.columns[place], block.qualities[place]))

    def results(self, session: ChargingSession) -> list[Result]:
        """Return that a session was checked and what was found, and forget its samples; nothing where there are none.

        The rows have no ids of their own yet.
        """
        held = self._held.pop(session.id, None)
        if held is None or not held.times:
            return []
        table = _table(held)
        samples = samples_of(session, table) if table.numbers or table.texts else None
        found, figures = judged(session, samples, self._limits, self._rated_w(line_of(session).port))
        rows = [check_row(session, figures, self._limits.stamp)]
        if found:
            rows.append(result_of(found, at=session.ended or session.last_seen, session=session))
        return rows


def _table(held: _Held) -> Table:
    """Return the blocks below each other; a point may have numbers in one and texts in another."""
    numbers: dict[str, Floats] = {}
    texts: dict[str, list[str | None]] = {}
    for name, parts in held.columns.items():
        if any(isinstance(part, list) for part in parts):
            texts[name] = [x for part in parts for x in (part if isinstance(part, list) else [None] * len(part))]
        if any(not isinstance(part, list) for part in parts):
            numbers[name] = np.concatenate([np.full(len(p), np.nan) if isinstance(p, list) else p for p in parts])
    return Table(np.concatenate(held.times), numbers, texts)


def _column(column: object, qualities: Sequence[str] | None) -> Column:
    """Return a block's column as numbers or texts; what a stale or clipped number says is missing."""
    assert isinstance(column, Sequence | np.ndarray)
    if not isinstance(column, np.ndarray) and any(isinstance(value, str) for value in column):
        return [value if isinstance(value, str) else None for value in column]
    if isinstance(column, np.ndarray):
        values = column
    else:
        values = np.array([float(v) if isinstance(v, int | float) else np.nan for v in column], np.float64)
    return values if qualities is None else np.where([mark in TRUSTED for mark in qualities], values, np.nan)
