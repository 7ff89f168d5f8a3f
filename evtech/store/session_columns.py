"""Sessions as columns, for those who count a year of them: the same sessions as in a list, without an object each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from evtech.store.columns import (
    BATCH,
    Column,
    Floats,
    Numbers,
    Objects,
    Table,
    Texts,
    Values,
    Words,
    filled,
)
from evtech.store.session_list import SessionFilter, SessionLine, rows


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

    @classmethod
    def of(cls, lines: Iterable[SessionLine]) -> "SessionColumns":
        """Return lines as columns."""
        return _columns((*(getattr(line, name) for name in _READ), line.site, ()) for line in lines)

    def __len__(self) -> int:
        return len(self.id)


_NAMES = SessionColumns.__match_args__
_KINDS: dict[str, Callable[[], Column]] = {
    **dict.fromkeys(_NAMES[:1], Values), **dict.fromkeys(_NAMES[1:9], Numbers), **dict.fromkeys(_NAMES[9:], Words),
}  # fmt: skip
_READ = (*_NAMES[:-1], "visit_id")  # of a line; behind them stand the site and what was corrected


def find(connection: Connection, wanted: SessionFilter) -> SessionColumns:
    """Return the sessions that pass a filter, the running ones among them."""
    return _columns(rows(connection, wanted, _READ))


def _columns(rows: Iterator[tuple[Any, ...]]) -> SessionColumns:
    batches = iter(lambda: list(islice(rows, BATCH)), [])
    columns = [_KINDS.get(name, Values)() for name in (*_READ, "site", "corrected")]
    *own, _visit, site, _corrected = filled(columns, batches)
    return SessionColumns(*(*own, site))
