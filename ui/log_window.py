"""The log window: what evtech noted, by level, area and text; paused and exported at will."""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.reports.files import write_whole
from ui.words import translate

KEPT = 5000
REFRESH_MS = 500
LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


class LogMemory(logging.Handler):
    """Keeps the newest entries; ``count`` tells whether something came since."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.entries: deque[logging.LogRecord] = deque(maxlen=KEPT)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one entry."""
        self.entries.append(record)
        self.count += 1

    def chosen(self, level: int, area: str, text: str) -> list[logging.LogRecord]:
        """Return the entries of at least a level, below an area, with a text in them; newest first."""
        wanted = text.casefold()
        return [
            record
            for record in reversed(list(self.entries))
            if record.levelno >= level
            and (not area or record.name == area or record.name.startswith(area + "."))
            and wanted in record.getMessage().casefold()
        ]

    def areas(self) -> list[str]:
        """Return the areas that wrote something."""
        return sorted({record.name for record in list(self.entries)})


class LogModel(QAbstractTableModel):
    """Entries as rows: time, level, area, text."""

    def __init__(self) -> None:
        super().__init__()
        self.records: Sequence[logging.LogRecord] = ()

    def show(self, records: Sequence[logging.LogRecord]) -> None:
        """Show other entries."""
        self.beginResetModel()
        self.records = records
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.records)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 4

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record = self.records[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return record.getMessage()
        return columns(record)[index.column()] if role == Qt.ItemDataRole.DisplayRole else None

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or side != Qt.Orientation.Horizontal:
            return None
        return (
            translate("Log", "Time"),
            translate("Log", "Level"),
            translate("Log", "Area"),
            translate("Log", "Text"),
        )[section]


def columns(record: logging.LogRecord) -> tuple[str, str, str, str]:
    """Return an entry as time (local), level, area and one line of text."""
    moment = datetime.fromtimestamp(record.created).astimezone()
    area = record.name.removeprefix("evtech.")
    return f"{moment:%Y-%m-%d %H:%M:%S}", record.levelname, area, " ".join(record.getMessage().split())


class LogWindow(QDialog):
    """Shows a log memory; not modal."""

    def __init__(self, memory: LogMemory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._memory, self._seen = memory, -1
        self.setWindowTitle(translate("Log", "Log"))
        self.resize(980, 520)
        self.level, self.area, self.text = QComboBox(), QComboBox(), QLineEdit()
        for level in LEVELS:
            self.level.addItem(logging.getLevelName(level), level)
        self.level.setCurrentIndex(1)
        self.area.addItem(translate("Log", "all areas"), "")
        self.text.setPlaceholderText(translate("Log", "Search"))
        self.text.setClearButtonEnabled(True)
        self.pause = QCheckBox(translate("Log", "Pause"))
        export = QPushButton(translate("Log", "Export…"))
        export.clicked.connect(self._ask_export)
        row = QHBoxLayout()
        for widget, name in ((self.level, "Level"), (self.area, "Area"), (self.text, "Search")):
            widget.setAccessibleName(name)
            row.addWidget(widget, 1 if widget is self.text else 0)
        row.addWidget(self.pause)
        row.addWidget(export)
        self.model = LogModel()
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(translate("Log", "Log"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setWordWrap(False)
        outer = QVBoxLayout(self)
        outer.addLayout(row)
        outer.addWidget(self.table, 1)
        self.level.currentIndexChanged.connect(self.refresh)
        self.area.currentIndexChanged.connect(self.refresh)
        self.text.textChanged.connect(self.refresh)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        """Show what is chosen now."""
        self._seen = self._memory.count
        known = {self.area.itemData(i) for i in range(self.area.count())}
        for area in self._memory.areas():
            if area not in known:
                self.area.addItem(area.removeprefix("evtech."), area)
        self.model.show(self._memory.chosen(self.level.currentData(), self.area.currentData() or "", self.text.text()))

    def export(self, path: Path) -> None:
        """Write the entries that are shown, oldest first; raise ``ArchiveError``."""
        lines = ["\t".join(columns(record)) for record in reversed(self.model.records)]
        write_whole(path, ("\n".join(lines) + "\n").encode())

    def _look(self) -> None:
        if self.isVisible() and not self.pause.isChecked() and self._seen != self._memory.count:
            self.refresh()

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, translate("Log", "Export the log"), "evtech-log.txt")
        if not name:
            return
        try:
            self.export(Path(name))
        except EvtechError as error:
            self.setWindowTitle(f"{error} {error.hint}")
