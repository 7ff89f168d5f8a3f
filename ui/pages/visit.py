"""Visit: what somebody handed over - who, where, what was found, and the files that came with it."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from evtech.errors import EvtechError, NotFoundError
from evtech.insights.kept_findings import to_show
from evtech.reports.redaction import MARK
from evtech.reports.visit_file import VisitFile, save_member
from evtech.store.archive import Archive
from evtech.store.results import Result
from ui.bridge import Bridge
from ui.pages.page import Page
from ui.widgets.answer import label
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.words import local_time, remarks, translate

# kinds of result that have a report: module and function, as the commands use them
_REPORTS = {
    "diagnosis": ("evtech.reports.diagnosis", "write_diagnosis_report"),
    "calibration": ("evtech.reports.calibration_kept", "write_kept_calibration"),
    "billing": ("evtech.reports.billing_kept", "write_kept_report"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``write`` puts its document into a file, ``None`` where there is none."""

    when: str
    what: str
    said: str
    name: str
    write: Callable[[Path], object] | None
    more: str = ""


class VisitPage(Page):
    """Facts of the visit, its results, and the files in it."""

    def __init__(self, archive: Archive, visit: VisitFile, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._visit, self._bridge = archive, visit, bridge
        self._scratch = tempfile.TemporaryDirectory(prefix="evtech-open-", ignore_cleanup_errors=True)
        self.rows: list[Row] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        self.title, self.facts, self.more = Heading(), Muted(), label()
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(
            [translate("Visit", "When"), translate("Visit", "What"), translate("Visit", "It says")]
        )
        self.table.setAccessibleName(translate("Visit", "Results and files of the visit"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().setVisible(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self.table.itemSelectionChanged.connect(self._show_more)
        self.table.itemDoubleClicked.connect(lambda item: self.open_document())
        self.open_button = LargeButton(translate("Visit", "Open"), primary=True)
        self.save_button = LargeButton(translate("Visit", "Save…"))
        self.open_button.clicked.connect(self.open_document)
        self.save_button.clicked.connect(self._ask_save)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.save_button)
        buttons.addStretch()
        for widget in (self.title, self.facts):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.more)
        layout.addLayout(buttons)

    def load(self) -> None:
        """Ask the archive on a worker thread."""
        if not self.rows:
            self._bridge.work(lambda: (self._archive.visits()[:1], self._archive.results()), self._show)

    def open_document(self) -> None:
        """Write the chosen row's document into a folder that goes away, and let the system open it."""
        row = self._chosen()
        if row is None or row.write is None:
            return
        self.save(
            row, Path(self._scratch.name) / row.name,
            lambda path: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))),
        )  # fmt: skip

    def save(self, row: Row, path: Path, then: Callable[[Path], object] = lambda path: None) -> None:
        """Write a row's document into a file; the status strip says how it went."""
        write = row.write
        assert write is not None

        def done(result: object) -> None:
            if isinstance(result, EvtechError):
                self.message.emit(f"{result} {result.hint}")
                return
            self.message.emit(translate("Visit", "{file} is written").format(file=path) + remarks(result))
            then(path)

        self._bridge.work(lambda: write(path), done)

    def close_files(self) -> None:
        """Remove what was opened."""
        self._scratch.cleanup()

    def _show(self, found: tuple[list, list[Result]] | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self.facts.setText(f"{found} {found.hint}")
            return
        visits, results = found
        if visits:
            visit = visits[0]
            self.title.setText(visit.site or translate("Visit", "A visit without a site"))
            facts = [local_time(visit.started), visit.technician, visit.purpose, visit.notes]
            facts.append(str(self._visit.manifest.get("software", ""))[:80])
            self.facts.setText(" · ".join(part for part in facts if part and part != MARK))
        self.rows = [self._result_row(r) for r in to_show(results) if not r.kind.startswith("calibration_")]
        self.rows += [self._member_row(name) for name in sorted(self._visit.manifest["members"]) if _is_file(name)]
        self.table.setRowCount(len(self.rows))
        for number, row in enumerate(self.rows):
            for column, text in enumerate((row.when, row.what, row.said)):
                self.table.setItem(number, column, QTableWidgetItem(text))
        first = next((number for number, row in enumerate(self.rows) if row.write is not None), 0)
        self.table.selectRow(first)
        self._show_more()

    def _result_row(self, result: Result) -> Row:
        kinds = {
            "diagnosis": translate("Visit", "Diagnosis"), "calibration": translate("Visit", "Calibration"),
            "billing": translate("Visit", "Billing check"), "finding": translate("Visit", "Finding"),
            "anomaly": translate("Visit", "Finding in the data"),
        }  # fmt: skip
        said = f"{result.title} — {result.verdict}" if result.verdict else result.title
        write = None
        if result.kind in _REPORTS:
            write = lambda path: _report(self._archive, result, path, self._bridge.bench.report_language)  # noqa: E731
        findings = result.body.get("findings") or []
        more = "\n".join(f"• {f.get('title') or f.get('text') or f.get('id')}" for f in findings if isinstance(f, dict))
        name = f"{result.kind}-{result.id[:8]}.pdf"
        return Row(local_time(result.at), kinds.get(result.kind, result.kind), said, name, write, more)

    def _member_row(self, name: str) -> Row:
        folder, _, file = name.partition("/")
        kinds = {
            "reports": translate("Visit", "Report in the file"), "profiles": translate("Visit", "Profile used"),
            "traffic": translate("Visit", "Raw traffic"),
        }  # fmt: skip
        size = self._visit.manifest["members"][name]["bytes"]
        said = f"{file} ({max(size // 1024, 1)} kB)"
        return Row("", kinds[folder], said, file, lambda path: save_member(self._visit, name, path))

    def _show_more(self) -> None:
        row = self._chosen()
        self.more.setText(row.more if row else "")
        self.more.setVisible(bool(row and row.more))
        for button in (self.open_button, self.save_button):
            button.setEnabled(row is not None and row.write is not None)
            button.setToolTip("" if button.isEnabled() else translate("Visit", "There is no document for this line"))

    def _chosen(self) -> Row | None:
        number = self.table.currentRow()
        return self.rows[number] if 0 <= number < len(self.rows) else None

    def _ask_save(self) -> None:
        row = self._chosen()
        if row is None or row.write is None:
            return
        name, _ = QFileDialog.getSaveFileName(self, translate("Visit", "Save"), row.name)
        if name:
            self.save(row, Path(name))


def _is_file(name: str) -> bool:
    return name.partition("/")[0] in ("reports", "profiles", "traffic")


def _report(archive: Archive, result: Result, path: Path, lang: str) -> object:
    """Make a report from the rows of the visit; it carries the seal of whoever makes it."""
    import importlib

    module, function = _REPORTS[result.kind]
    try:
        return getattr(importlib.import_module(module), function)(archive, result.id, pdf=path, lang=lang)
    except (KeyError, TypeError, ValueError) as error:  # a body that another evtech wrote otherwise
        raise NotFoundError(f"The {result.kind} cannot be shown: {error!r}.") from error
