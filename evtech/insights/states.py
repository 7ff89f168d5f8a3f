"""Stretches of ports' states as columns: an archive sees a few hundred thousand of them in a year."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from evtech.insights.intervals import Spans
from evtech.insights.records import StateSpan
from evtech.store.columns import Floats, Table, Texts, floats, or_none


@dataclass(frozen=True, slots=True, eq=False)
class States(Table, Sequence[StateSpan]):
    """Columns of ``StateSpan`` in the order given; an end that is NaN has not come yet."""

    port: Texts
    start: Floats
    end: Floats
    state: Texts

    @classmethod
    def of(cls, states: Iterable[StateSpan]) -> "States":
        """Return states as columns; what is columns already stays itself."""
        if isinstance(states, States):
            return states
        rows = list(states)
        return cls(
            Texts.of(s.port for s in rows), floats([s.start for s in rows]), floats([s.end for s in rows]),
            Texts.of(s.state for s in rows),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, at: int) -> StateSpan: ...
    @overload
    def __getitem__(self, at: slice) -> "States": ...
    def __getitem__(self, at: int | slice) -> "StateSpan | States":
        if isinstance(at, slice):
            return self.take(at)
        return StateSpan(
            self.port.value(at) or "", float(self.start[at]), or_none(self.end[at]), self.state.value(at) or ""
        )

    def __iter__(self) -> Iterator[StateSpan]:
        return (self[row] for row in range(len(self)))

    def spans(self, now: float) -> Mapping[str, Spans]:
        """Return the stretches of each state; what lasts still ends now."""
        ends = np.where(np.isnan(self.end), now, self.end)
        found = {}
        for code in np.unique(self.state.codes):
            own = self.state.codes == code
            found[self.state.words[code]] = Spans(self.start[own], ends[own])
        return found
