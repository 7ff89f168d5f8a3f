"""Checks thousands of charge records on a worker thread; whoever watches pulls what is done so far.

Only a row of each answer is kept; a record is read and checked again when somebody opens it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evtech.billing.check import CheckOptions, CheckResult, check_cdr
from evtech.billing.dossier import RECORD, TARIFF, Evidence, files_below, read_evidence, record_values, tariffs_of
from evtech.errors import EvtechError, InputError


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer about one record, and where it stands: a file or pasted text, and its place in it."""

    source: Path | Evidence
    index: int
    result: CheckResult

    @property
    def name(self) -> str:
        """Return the name of the file, with the place in it where it is not the first."""
        return self.source.name + (f" [{self.index}]" if self.index else "")

    def evidence(self) -> Evidence:
        """Return the record's file again; raise ``InputError`` where it is gone."""
        return self.source if isinstance(self.source, Evidence) else replace(read_evidence(self.source), role=RECORD)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The files of a folder: where records are, and everything else that a check uses."""

    records: tuple[Path, ...]
    others: tuple[Evidence, ...]


def sort_folder(folder: Path) -> Sorted:
    """Return what the files of a folder are; files of no use are left out. Raises ``InputError``."""
    records: list[Path] = []
    others: list[Evidence] = []
    for path in files_below(folder):
        try:
            one = read_evidence(path)
        except InputError:
            continue  # a file that nobody may read is no charge record of ours
        if one.role == RECORD:
            records.append(path)
        elif one.role == TARIFF or (one.role != "unknown" and len(others) < 50):
            others.append(one)
    return Sorted(tuple(records), tuple(others))


class Batch:
    """One run over many records; ``run`` on a worker thread, everything else on any."""

    def __init__(self, records: Sequence[Path | Evidence], given: Sequence[Evidence], options: CheckOptions) -> None:
        self.total = len(records)  # files
        self.done = 0
        self.finished = False
        self._records, self._options = records, options
        self._tariffs = tariffs_of(given)
        self._answers: list[Any] = []  # whatever the watcher keeps of an answer
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Tell whether it was stopped before its end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop after the record at hand; the answers so far stay."""
        self._cancelled.set()

    def run(self, row: Callable[[Answer], object]) -> None:
        """Check all records; ``row`` makes what is kept of each answer."""
        for source in self._records:
            for answer in self._answers_of(source):
                kept = row(answer)
                with self._lock:
                    self._answers.append(kept)
                if self.is_cancelled:
                    break
            self.done += 1
            if self.is_cancelled:
                break
        self.finished = True

    def take(self, most: int) -> list[Any]:
        """Return rows that were not taken yet, at most so many."""
        with self._lock:
            taken, self._answers = self._answers[:most], self._answers[most:]
        return taken

    def _answers_of(self, source: Path | Evidence) -> Iterator[Answer]:
        try:
            evidence = source if isinstance(source, Evidence) else read_evidence(source)
            values = record_values(evidence)
        except EvtechError as error:
            yield Answer(source, 0, CheckResult("error", "unreadable_cdr", str(error), error.hint))
            return
        for index, value in enumerate(values):
            yield Answer(source, index, check_cdr(value, self._tariffs, self._options))
