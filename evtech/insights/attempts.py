"""A year of attempts as columns: counted with arrays, and an ``Attempt`` each only for those that somebody looks at.

Everything that insights count of attempts, they count here: a list of ``Attempt`` becomes columns first, so that files
and archives go the same way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from evtech.insights.intervals import Spans
from evtech.insights.records import Attempt
from evtech.store.columns import At, Floats, Mask, Objects, Table, Texts, floats, or_none

_ALL = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Attempts(Table, Sequence[Attempt]):
    """Columns of ``Attempt`` in the order given; NaN is unknown, ``auth_ok`` 1, 0 or unknown.

    ``start`` and ``end`` follow from the times: ``Attempts.made`` settles them.
    """

    port: Texts
    plugged_at: Floats
    authorised_at: Floats
    auth_ok: Floats
    energy_started_at: Floats
    energy_ended_at: Floats
    unplugged_at: Floats
    energy_kwh: Floats
    peak_kw: Floats
    end_reason: Texts
    error_code: Texts
    token: Texts
    session_id: Objects
    is_judged: Mask
    start: Floats  # the first of plug-in and authorisation, else the start of energy
    end: Floats  # the last instant known

    @classmethod
    def made(
        cls, *, port: Texts, plugged_at: Floats, authorised_at: Floats, auth_ok: Floats, energy_started_at: Floats,
        energy_ended_at: Floats, unplugged_at: Floats, energy_kwh: Floats, peak_kw: Floats, end_reason: Texts,
        error_code: Texts, token: Texts, session_id: Objects, is_judged: Mask,
    ) -> "Attempts":  # fmt: skip
        """Return columns with start and end settled; every attempt has at least one time."""
        start = np.fmin(plugged_at, authorised_at)
        end = np.fmax(plugged_at, authorised_at)
        for times in (energy_started_at, energy_ended_at, unplugged_at):
            start, end = np.where(np.isnan(start), times, start), np.fmax(end, times)
        return cls(
            port, plugged_at, authorised_at, auth_ok, energy_started_at, energy_ended_at, unplugged_at, energy_kwh,
            peak_kw, end_reason, error_code, token, session_id, is_judged, start, end,
        )  # fmt: skip

    @classmethod
    def of(cls, attempts: Iterable[Attempt]) -> "Attempts":
        """Return attempts as columns; what is columns already stays itself."""
        if isinstance(attempts, Attempts):
            return attempts
        rows = list(attempts)
        columns: dict[str, Any] = {name: Texts.of(getattr(a, name) for a in rows) for name in _TEXTS}
        columns |= {name: floats([getattr(a, name) for a in rows]) for name in _NUMBERS}
        columns["session_id"] = np.array([a.session_id for a in rows], dtype=object)
        start, end = floats([a.start for a in rows]), floats([a.end for a in rows])
        return cls(**columns, is_judged=np.array([a.is_judged for a in rows], dtype=bool), start=start, end=end)

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, at: int) -> Attempt: ...
    @overload
    def __getitem__(self, at: slice) -> "Attempts": ...
    def __getitem__(self, at: int | slice) -> "Attempt | Attempts":
        if isinstance(at, slice):
            return self.take(at)
        values: dict[str, Any] = {name: getattr(self, name).value(at) for name in _TEXTS}
        values |= {name: or_none(getattr(self, name)[at]) for name in _NUMBERS}
        if values["auth_ok"] is not None:
            values["auth_ok"] = bool(values["auth_ok"])
        found = Attempt(**values, session_id=self.session_id[at], is_judged=bool(self.is_judged[at]))
        return found.lasting(float(self.start[at]), float(self.end[at]))

    def __iter__(self) -> Iterator[Attempt]:
        return (self[row] for row in range(len(self)))

    def by_start(self) -> "Attempts":
        """Return them in the order of their beginning."""
        return self if (self.start[1:] >= self.start[:-1]).all() else self.take(np.argsort(self.start, kind="stable"))

    @property
    def has_started(self) -> Mask:
        """Return for each whether energy flowed at all."""
        return ~np.isnan(self.energy_started_at)

    @property
    def first(self) -> Floats:
        """Return for each the first instant known: a wrong clock puts energy before the plug."""
        return np.fmin(self.start, self.energy_started_at)

    @property
    def energy_span(self) -> Spans:
        """Return for each the time in which energy flowed, as ``Attempt`` does; both ends NaN where it is unknown."""
        ends = np.where(np.isnan(self.energy_ended_at), self.unplugged_at, self.energy_ended_at)
        known = ends >= self.energy_started_at
        return Spans(np.where(known, self.energy_started_at, np.nan), np.where(known, ends, np.nan))

    def meets(self, spans: Spans) -> Mask:
        """Return for each whether it meets one of some stretches, or ends as one begins."""
        spans = spans.take(np.argsort(spans.starts, kind="stable"))
        latest = np.concatenate(([-np.inf], np.maximum.accumulate(spans.ends)))
        return np.asarray(latest[np.searchsorted(spans.starts, self.end, "right")] > self.start)

    def ids(self, at: At = _ALL) -> frozenset[str]:
        """Return the sessions of the archive that they, or some of them, are."""
        return frozenset(each for each in self.session_id[at].tolist() if each is not None)


_TEXTS = ("port", "end_reason", "error_code", "token")
_NUMBERS = (
    "plugged_at", "authorised_at", "auth_ok", "energy_started_at", "energy_ended_at", "unplugged_at", "energy_kwh",
    "peak_kw",
)  # fmt: skip
