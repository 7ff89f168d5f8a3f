"""Availability reports of the ports shown, a file each, written on a worker thread: progress, an estimate, Cancel."""

import threading
import time
from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QProgressBar, QPushButton, QWidget

from evtech.errors import EvtechError
from evtech.reports.hand_over import CancelledError
from evtech.reports.periods import Days
from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.words import remarks, translate

_KINDS = {"pdf": ("pdf",), "xlsx": ("xlsx",), "csv": ("csv",), "all": ("pdf", "xlsx", "csv")}
LONG_S = 10.0  # from here on an estimate is shown


class UptimeReports(QWidget):
    """The row of progress; ``button`` stands where the page wants it."""

    message = Signal(str)
    progressed = Signal(str, int, int)

    def __init__(self, archive: Archive, bridge: Bridge, zone: str) -> None:
        super().__init__()
        self._archive, self._bridge, self._zone = archive, bridge, zone
        self._ports: frozenset[str] = frozenset()
        self._days: Days | None = None
        self._stop = threading.Event()
        self._began = 0.0
        self.button = QPushButton(translate("Insights", "Report"))
        menu = QMenu(self)
        for words, kind in (
            (translate("Insights", "Availability of these ports, a PDF each…"), "pdf"),
            (translate("Insights", "Availability of these ports, a workbook each…"), "xlsx"),
            (translate("Insights", "Availability of these ports, tables as CSV…"), "csv"),
            (translate("Insights", "All three…"), "all"),
        ):
            menu.addAction(words, lambda kind=kind: self._ask(kind))
        self.button.setMenu(menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.step, self.bar = QLabel(), QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel = QPushButton(translate("Insights", "Cancel"))
        self.cancel.clicked.connect(self._give_up)
        row.addWidget(self.step, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.progressed.connect(self._show_progress)
        self.hide()
        self.show_ports((), None)

    def show_ports(self, ports: Collection[str], days: Days | None) -> None:
        """Take the ports and the days that the pictures show."""
        self._ports, self._days = frozenset(ports), days
        self._settle()

    def write(self, folder: Path, kind: str = "pdf") -> None:
        """Write the reports into a folder."""
        from evtech.reports.availability import write_availability

        files = dict.fromkeys(_KINDS[kind], folder)
        archive, ports, days, zone = self._archive, self._ports, self._days, self._zone
        bench = self._bridge.bench
        lang, who, library = bench.report_language, bench.technician or None, bench.library
        self._stop.clear()
        self.step.setText(translate("Insights", "Reading the sessions of the twelve months …"))
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)
        self.show()
        self._settle()

        def task() -> object:
            return write_availability(
                archive, "all", lang=lang, days=days, zone=zone, prepared_by=who, only=ports, library=library,
                progress=self._progress, **files,
            )  # fmt: skip

        self._bridge.work(task, lambda result: self._done(result, folder))

    def _progress(self, name: str, done: int, count: int) -> None:
        if self._stop.is_set():
            words = translate("Insights", "Given up after {n} of {all} reports; those are whole.")
            raise CancelledError(words.format(n=done, all=count), "")
        self.progressed.emit(name, done, count)

    def _show_progress(self, name: str, done: int, count: int) -> None:
        if not done:
            self._began = time.monotonic()  # reading is over: from here on every report takes about as long
        self.bar.setRange(0, count)
        self.bar.setValue(done)
        words = translate("Insights", "Report {n} of {all}: {port}").format(n=done + 1, all=count, port=name)
        passed = time.monotonic() - self._began
        if done and passed * (count - done) / done > LONG_S:
            left = translate("Insights", "about {s} s left").format(s=round(passed * (count - done) / done))
            words += f" · {left}"
        self.step.setText(words)

    def _done(self, result: object, folder: Path) -> None:
        self.hide()
        self._settle()
        if isinstance(result, EvtechError):
            self.message.emit(f"{result} {result.hint}".strip())
            return
        count = len(result) if isinstance(result, list) else 0
        words = translate("Insights", "{n} files are written to {folder}").format(n=count, folder=folder)
        self.message.emit(words + remarks(result[:1] if isinstance(result, list) else result))

    def _ask(self, kind: str) -> None:
        name = QFileDialog.getExistingDirectory(self, translate("Insights", "Folder for the reports"))
        if name:
            self.write(Path(name), kind)

    def _give_up(self) -> None:
        self._stop.set()
        self.cancel.setEnabled(False)
        self.step.setText(translate("Insights", "Giving up after this report …"))

    def _settle(self) -> None:
        is_ready = bool(self._ports) and self._days is not None and self.isHidden()
        self.button.setEnabled(is_ready)
        why = translate("Insights", "There is no port in these pictures")
        self.button.setToolTip("" if is_ready else why)
