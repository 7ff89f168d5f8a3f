"""What leaves the page Sessions as a file: samples, the rows shown, reports. Written on a worker thread."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.session_list import SessionLine
from ui.bridge import Bridge
from ui.words import remarks, translate
from ui.zone import own_zone

Lines = Callable[[], Sequence[SessionLine]]


class SessionFiles(QObject):
    """Asks for a file and writes what is chosen, or exactly the rows shown, into it."""

    message = Signal(str)

    def __init__(self, page: QWidget, archive: Archive, bridge: Bridge, chosen: Lines, shown: Lines) -> None:
        super().__init__(page)
        self._page, self._archive, self._bridge = page, archive, bridge
        self._chosen, self._shown = chosen, shown

    def export_menu(self) -> QMenu:
        """Return what *Export* offers."""
        menu = QMenu(self._page)
        for words, kind in (
            (translate("Sessions", "Samples as CSV…"), "csv"),
            (translate("Sessions", "Samples as workbook (XLSX)…"), "xlsx"),
            (translate("Sessions", "Sessions as JSON…"), "json"),
            (translate("Sessions", "Samples as Parquet…"), "parquet"),
        ):
            menu.addAction(words, partial(self.export_samples, kind))
        menu.addSeparator()
        menu.addAction(translate("Sessions", "All rows shown as CSV…"), partial(self.export_list, "csv"))
        menu.addAction(translate("Sessions", "All rows shown as workbook (XLSX)…"), partial(self.export_list, "xlsx"))
        return menu

    def report_menu(self) -> QMenu:
        """Return what *Report* offers."""
        menu = QMenu(self._page)
        menu.addAction(translate("Sessions", "Session as PDF…"), partial(self.report, "pdf"))
        menu.addAction(translate("Sessions", "Session as HTML…"), partial(self.report, "html"))
        menu.addAction(translate("Sessions", "Summary of all rows shown (PDF)…"), self.report_customer)
        return menu

    def export_samples(self, kind: str) -> None:
        """Write the samples of the chosen sessions."""
        from evtech.exchange.exporting import write_sessions

        ids = [line.id for line in self._chosen()]
        self.write(kind, lambda line, path: write_sessions(self._archive, ids, kind, path))

    def export_list(self, kind: str) -> None:
        """Write exactly the rows shown."""
        from evtech.exchange.exporting import write_list

        rows = self._shown()
        self.write(kind, lambda line, path: write_list(rows, path), "sessions")

    def report(self, kind: str) -> None:
        """Write the session's report as PDF or HTML."""
        from evtech.reports.session import write_session_report

        lang = self._bridge.bench.report_language
        self.write(kind, lambda line, path: write_session_report(self._archive, line.id, lang=lang, **{kind: path}))

    def report_customer(self) -> None:
        """Write a summary of exactly the rows shown."""
        from evtech.reports.customer import Clocks, write_customer_report

        rows, lang, zone = list(self._shown()), self._bridge.bench.report_language, own_zone()

        def write(line: SessionLine, path: Path) -> object:
            return write_customer_report(rows, Clocks.of(self._archive, zone), lang=lang, pdf=path)

        self.write("pdf", write, "summary")

    def write(self, suffix: str, task: Callable[[SessionLine, Path], object], stem: str | None = None) -> None:
        """Ask for a file, then write it and say how it went."""
        chosen = self._chosen()
        if not chosen:
            self.message.emit(translate("Sessions", "Choose a session on the page Sessions first."))
            return
        line = chosen[0]
        name = stem or f"session-{line.id[:8]}"
        name, _ = QFileDialog.getSaveFileName(
            self._page, translate("Sessions", "Save"), f"{name}.{suffix}", f"*.{suffix}"
        )
        if not name:
            return
        path = Path(name)
        self.message.emit(translate("Sessions", "Writing {file} …").format(file=path.name))

        def done(result: object) -> None:
            failed = isinstance(result, EvtechError)
            written = translate("Sessions", "{file} is written").format(file=path) + remarks(result)
            self.message.emit(f"{result} {result.hint}" if failed else written)

        self._bridge.work(lambda: task(line, path), done)
