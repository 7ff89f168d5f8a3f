"""Reading and taking in a file on worker threads: the newest wish counts, an older one is soon given up."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

from evtech.errors import EvtechError
from evtech.exchange.csv_table import Table
from evtech.exchange.keeping import Kept, Prepared, prepare, take_in
from evtech.exchange.plans import Plan
from evtech.exchange.progress import GivenUpError, Progress
from evtech.exchange.reading import CSV, kind_of, look
from evtech.exchange.source_file import SourceFile
from evtech.store.archive import Archive
from evtech.store.imports import Import
from ui.bridge import Bridge

Looked = tuple[Table, list[str]]
Kind = str  # of a file that is no CSV


class ImportTask(QObject):
    """Works on one file at a time; whatever was asked before is given up."""

    progressed = Signal(str, int, int)  # what is done, how much, of how much

    def __init__(self, archive: Archive, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._archive, self._bridge = archive, bridge
        self._stop = threading.Event()
        self._number = 0
        QCoreApplication.instance().aboutToQuit.connect(self.stop)  # else the program would wait for a long file

    def look(self, file: Path, plan: Plan | None, then: Callable[[Looked | Kind | EvtechError], None]) -> None:
        """Read the first rows of a CSV; of another file ``then`` gets what it is."""

        def work(progress: Progress) -> Looked | Kind:
            source = SourceFile(file, progress)
            kind = CSV if plan is not None and plan.kind else kind_of(source)
            return look(source, plan) if kind == CSV else kind

        self._run(work, then)

    def read(self, file: Path, plan: Plan | None, then: Callable[[Prepared | EvtechError], None]) -> None:
        """Read a file to its end; nothing is written."""
        self._run(lambda progress: prepare(self._archive, file, plan, progress), then)

    def take(
        self, ready: Prepared, ports: Mapping[str, str], replaces: Import | None,
        then: Callable[[Kept | EvtechError], None],
    ) -> None:  # fmt: skip
        """Put what was read into the archive; what was read is let go when that is given up."""
        self._run(
            lambda progress: take_in(self._archive, ready, progress, same_ports=ports, replaces=replaces), then, ready
        )

    def release(self, ready: Prepared) -> None:
        """Remove what was read: the rows of a long file are a large file themselves."""
        self._bridge.work(ready.close, lambda result: None)

    def stop(self) -> None:
        """Give up what runs; nobody is told of it any more."""
        self._stop.set()
        self._number += 1

    def _run(self, work: Callable[[Progress], Any], then: Callable[[Any], None], used: Prepared | None = None) -> None:
        self.stop()
        number, self._stop = self._number, threading.Event()
        stop = self._stop

        def tell(what: str, done: int, total: int) -> None:
            if number == self._number:
                self.progressed.emit(what, done, total)

        def task() -> Any:
            if stop.is_set():
                raise GivenUpError("", "")
            return work(Progress(tell, stop))

        def settled(result: Any) -> None:
            if number == self._number:
                then(result)
            elif left := result if isinstance(result, Prepared) else used:
                self.release(left)

        self._bridge.work(task, settled)
