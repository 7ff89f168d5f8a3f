"""Sessions as columns, for those who count a year of them: the same sessions as in a list, without an object each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evtech.store.columns import (
    Column,
    Floats,
    Mask,
    Numbers,
    Objects,
    Table,
    Texts,
    Values,
    Words,
    filled,
    turned,
)
from evtech.store.connection import Connection
from evtech.store.session_list import SessionFilter, SessionLine, columns


@dataclass(frozen=True, slots=True, eq=False)
class SessionColumns(Table):
    """Columns of ``SessionLine``, newest first; NaN is an unknown number. ``auth_ok`` is 1, 0 or unknown."""

    id: Objects
    started: Floats
    ended: Floats
    energy_wh: Floats
    peak_power_w: Floats
    energy_started: Floats
    energy_ended: Floats
    authorised: Floats
    auth_ok: Floats
    port: Texts
    token: Texts
    stop_reason: Texts
    error_code: Texts
    source: Texts
    site: Texts
    is_twin: Mask  # another one tells the same session

    @classmethod
    def of(cls, lines: Iterable[SessionLine]) -> "SessionColumns":
        """Return lines as columns."""
        rows = [(*(getattr(line, name) for name in _READ), line.site, (), line.twin) for line in lines]
        return _columns(turned([rows]))

    def __len__(self) -> int:
        return len(self.id)


_NAMES = SessionColumns.__match_args__[:-1]
_KINDS: dict[str, Callable[[], Column]] = {
    **dict.fromkeys(_NAMES[:1], Values), **dict.fromkeys(_NAMES[1:9], Numbers), **dict.fromkeys(_NAMES[9:], Words),
}  # fmt: skip
_READ = (*_NAMES[:-1], "visit_id")  # of a line; behind them stand site, what was corrected, twin


def find(connection: Connection, wanted: SessionFilter) -> SessionColumns:
    """Return the sessions that pass a filter, the running ones among them."""
    return _columns(columns(connection, wanted, _READ))


def _columns(batches: Iterable[Sequence[Sequence[Any]]]) -> SessionColumns:
    kinds = [_KINDS.get(name, Values)() for name in (*_READ, "site", "corrected", "twin")]
    *own, _visit, site, _corrected, twins = filled(kinds, batches)
    is_twin = np.array([twin is not None for twin in twins], dtype=bool)
    return SessionColumns(*(*own, site, is_twin))
