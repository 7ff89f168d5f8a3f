"""What was imported, file by file, and taking an import out again."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.exchange.keeping import restore, withdraw
from evtech.store.archive import Archive
from evtech.store.imports import Import, imports
from ui.bridge import Bridge
from ui.theme import Theme
from ui.widgets.dress import LargeButton, Muted, dress
from ui.words import local_time, translate


class ImportsDialog(QDialog):
    """The files that were taken in; one can be taken out, and brought back. ``changed`` tells what was done."""

    changed = Signal(str)

    def __init__(self, archive: Archive, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Import", "What was imported"))
        self._archive, self._bridge = archive, bridge
        self._found: list[Import] = []
        em, line = self.fontMetrics().horizontalAdvance("m"), self.fontMetrics().height()
        column = QVBoxLayout(self)
        words = translate(
            "Import",
            "What an import brought is left out everywhere when it is taken out. Nothing is deleted: it can come back.",
        )
        column.addWidget(Muted(words))
        self.table = QTableWidget(0, 5)
        self.table.setHorizontalHeaderLabels([
            translate("Import", "When"), translate("Import", "File"), translate("Import", "Source"),
            translate("Import", "Sessions"), translate("Import", "Standing"),
        ])  # fmt: skip
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().setVisible(False)
        self.table.setAccessibleName(translate("Import", "Imported files"))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.itemSelectionChanged.connect(self._settle)
        column.addWidget(self.table, 1)
        self.note = QLabel()
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        row = QHBoxLayout()
        self.change, self.leave = (
            LargeButton(translate("Import", "Take out")),
            LargeButton(translate("Import", "Close")),
        )
        self.change.clicked.connect(self._change)
        self.leave.clicked.connect(self.accept)
        row.addStretch()
        row.addWidget(self.leave)
        row.addWidget(self.change)
        column.addLayout(row)
        self.resize(em * 62, min(line * 24, 560))
        dress(self, theme)
        self._settle()
        self._load()

    def chosen(self) -> Import | None:
        """Return the chosen import."""
        rows = self.table.selectionModel().selectedRows()
        return self._found[rows[0].row()] if rows else None

    def _load(self) -> None:
        def read() -> list[Import]:
            with self._archive.reading() as connection:
                return imports(connection)

        self._bridge.work(read, self._show)

    def _show(self, found: list[Import] | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self.note.setText(f"{found} {found.hint}")
            return
        self._found = found
        self.table.setRowCount(len(found))
        for number, each in enumerate(found):
            sessions, source = str(each.body.get("sessions", "")), str(each.body.get("source", ""))
            cells = (local_time(each.at), each.file, source, sessions, _standing(each))
            for place, text in enumerate(cells):
                self.table.setItem(number, place, QTableWidgetItem(text))
        if not found:
            self.note.setText(translate("Import", "No file was imported yet."))
        elif self.chosen() is None:
            self.table.selectRow(0)
        self._settle()

    def _settle(self) -> None:
        each = self.chosen()
        self.change.setEnabled(each is not None)
        self.change.setToolTip("" if each is not None else translate("Import", "Choose a file first"))
        is_out = each is not None and each.is_withdrawn
        self.change.setText(translate("Import", "Bring back") if is_out else translate("Import", "Take out"))

    def _change(self) -> None:
        each = self.chosen()
        if each is None:
            return
        self.change.setEnabled(False)
        act = restore if each.is_withdrawn else withdraw
        self._bridge.work(lambda: act(self._archive, each.id), self._changed)

    def _changed(self, result: Import | EvtechError) -> None:
        if isinstance(result, EvtechError):
            self.note.setText(f"{result} {result.hint}")
            return
        words = (
            translate("Import", "{file} counts again.")
            if result.is_withdrawn
            else translate("Import", "{file} is taken out.")
        ).format(file=result.file)
        self.note.setText(words)
        self.changed.emit(words)
        self._load()


def _standing(each: Import) -> str:
    if not each.is_withdrawn:
        return translate("Import", "counts")
    return translate("Import", "taken out") + (f": {each.reason}" if each.reason else "")
