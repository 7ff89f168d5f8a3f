"""The newest readings of a live charger as columns, grown reading by reading, so that a pass copies and counts nothing.

Readings are added on the I/O loop while a pass on a worker thread takes a copy: a lock guards the few microseconds.
"""

import threading
from datetime import datetime

import numpy as np

from evtech.diagnostics.columns import TEXT_POINTS
from evtech.diagnostics.live import code_of, word_of
from evtech.diagnostics.trace import Floats, Trace
from evtech.measure.sample import Reading

SPAN_S = 900.0  # the longest condition that is watched live holds for 15 minutes
MOST = 900  # readings; a pass over them takes about 10 ms


class Window:
    """At most ``most`` readings of the newest ``span_s`` seconds."""

    def __init__(self, span_s: float = SPAN_S, most: int = MOST) -> None:
        self._span_s, self._most = span_s, most
        self._lock = threading.Lock()
        self._count = 0
        self._times: Floats = np.empty(2 * most)
        self._numbers: dict[str, Floats] = {}
        self._texts: dict[str, list[str]] = {}

    def add(self, reading: Reading) -> None:
        """Take one reading."""
        with self._lock:
            if self._count == len(self._times):
                self._drop_oldest()
            at = self._count
            self._times[at] = reading.time.timestamp()
            for name, sample in reading.samples.items():
                if name in TEXT_POINTS:
                    self._put(name, word_of(reading, name))
                elif sample.number is not None:
                    self._column(name)[at] = sample.number
            self._put("cp_state", (reading.state.pilot or "") if reading.state else "")
            self._put("error_code", code_of(reading.errors[0]) if reading.errors else "0")
            self._count += 1

    def trace(self, since: datetime | None = None) -> Trace:
        """Return a copy of what is held, or of its newest part; an empty trace before the first reading."""
        with self._lock:
            end = self._count
            first = max(0, end - self._most)
            times = self._times[:end]
            start = self._times[end - 1] - self._span_s if end else 0.0
            if since is not None:
                start = max(start, since.timestamp())
            first = max(first, int(np.searchsorted(times, start)))
            numbers = {name: column[first:end].copy() for name, column in self._numbers.items()}
            texts = {name: _padded(words, end)[first:] for name, words in self._texts.items()}
            kept = times[first:].copy()
        real = {name: column for name, column in numbers.items() if not np.isnan(column).all()}
        return Trace(kept, real, {name: np.array(words, dtype=np.str_) for name, words in texts.items()})

    def _put(self, name: str, word: str) -> None:
        """Note a word of the reading that is being added; the last one of a name counts."""
        words = self._texts.setdefault(name, [])
        words += [""] * (self._count - len(words))
        words[self._count :] = [word]

    def _column(self, name: str) -> Floats:
        column = self._numbers.get(name)
        if column is None:
            column = self._numbers[name] = np.full(len(self._times), np.nan)
        return column

    def _drop_oldest(self) -> None:
        kept, gone = self._most, self._count - self._most
        self._times[:kept] = self._times[gone:].copy()
        for column in self._numbers.values():
            column[:kept] = column[gone:].copy()
            column[kept:] = np.nan
        for name, words in self._texts.items():
            self._texts[name] = _padded(words, self._count)[gone:]
        self._count = kept


def _padded(words: list[str], count: int) -> list[str]:
    return words + [""] * (count - len(words))
