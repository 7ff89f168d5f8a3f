"""Many records: progress with a way to stop, the verdicts as a table that sorts and filters, and its export."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from evtech.billing.account import cause_sentence
from evtech.billing.batch import Answer, Batch
from evtech.billing.dossier import Evidence
from evtech.reports.billing_table import Cell, row
from ui.theme import LIGHT, Theme
from ui.widgets.badge import shape_icon
from ui.widgets.dress import Heading
from ui.widgets.zone_box import ZoneBox
from ui.words import translate

PULL_MS = 100
MOST_ROWS = 400  # a pull: a few milliseconds
RESULT, FILE, RECORD, BEGIN, ENERGY, STATED, CALCULATED, DIFFERENCE, WHY = range(9)
_NUMBERS = (ENERGY, STATED, CALCULATED, DIFFERENCE)
_ROLES = {"match": "good", "mismatch": "fault", "error": "action"}
_Display = Qt.ItemDataRole.DisplayRole


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of one answer: where it stands, its verdict, the cells of the export, and those of the screen."""

    source: Path | Evidence
    index: int
    result: str
    cells: list[Cell]
    shown: tuple[str, ...]
    size: float  # of the difference; -1 where it is not known


def kept(answer: Answer) -> Row:
    """Return the row of an answer; made on the worker thread."""
    result = answer.result
    cells = row(answer)
    stated, calculated, difference = cells[10:13] if cells[12] is not None else cells[7:10]
    size = float(abs(difference)) if isinstance(difference, Decimal) else -1.0
    wrong = [d for d in result.discrepancies if d.severity == "error"]
    if result.error:
        why = result.message or ""
    elif result.causes:
        why = " ".join(cause_sentence(cause) for cause in result.causes)
    else:
        why = wrong[0].message if wrong else ""
    texts = (answer.name, *(_text(cell) for cell in (cells[1], cells[5], cells[6], stated, calculated, difference)))
    return Row(answer.source, answer.index, result.result, cells, (*texts, why), size)


class BatchModel(QAbstractTableModel):
    """The rows that pass the filter, sorted; both in one go, since a proxy asks Python for every comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.all: list[Row] = []
        self.rows: list[Row] = []
        self.counts: Counter[str] = Counter()
        self._result, self._text = "", ""
        self._column, self._order = DIFFERENCE, Qt.SortOrder.DescendingOrder

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows at the end, where they stay until they are sorted."""
        self.all.extend(rows)
        self.counts.update(one.result for one in rows)
        passing = [one for one in rows if self._passes(one)]
        if passing:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(passing) - 1)
            self.rows.extend(passing)
            self.endInsertRows()

    def clear(self) -> None:
        """Forget the rows."""
        self.beginResetModel()
        self.all, self.rows = [], []
        self.counts.clear()
        self.endResetModel()

    def narrow(self, result: str, text: str) -> None:
        """Keep rows of a result ("" for all) that mention a text."""
        self._result, self._text = result, text.casefold()
        self.arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; numbers by their size, differences by how far they are from 0."""
        self._column, self._order = column, order
        self.arrange()

    def arrange(self) -> None:
        """Filter and sort anew."""
        self.beginResetModel()
        self.rows = sorted(
            filter(self._passes, self.all), key=self._key, reverse=self._order == Qt.SortOrder.DescendingOrder
        )
        self.endResetModel()

    def _passes(self, one: Row) -> bool:
        if self._result and one.result != self._result:
            return False
        return not self._text or any(self._text in cell.casefold() for cell in one.shown)

    def _key(self, one: Row) -> tuple[float, str]:
        if self._column == DIFFERENCE:
            return (one.size, "")
        if self._column == RESULT:
            return (0.0, one.result)
        text = one.shown[self._column - 1]
        return (float(text or "-inf"), "") if self._column in _NUMBERS else (0.0, text)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return WHY + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Display) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return _titles()[section] if role == _Display else None

    def data(self, index: QModelIndex, role: int = _Display) -> object:
        one, column = self.rows[index.row()], index.column()
        if role == _Display:
            if column == RESULT:
                return result_word(one.result)
            return one.shown[column - 1].replace("-", "−") if column in _NUMBERS else one.shown[column - 1]
        if role == Qt.ItemDataRole.DecorationRole and column == RESULT:
            return shape_icon(_ROLES[one.result], self.theme)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.shown[WHY - 1]
        return None


class BatchView(QWidget):
    """The table and what belongs to it."""

    opened = Signal(object)  # Row
    export_wanted = Signal(str)  # xlsx or csv

    def __init__(self) -> None:
        super().__init__()
        self.batch: Batch | None = None
        self.model = BatchModel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.title = Heading()
        column.addWidget(self.title)
        column.addLayout(self._make_progress())
        column.addLayout(self._make_bar())
        column.addWidget(self._make_table(), 1)
        self.timer = QTimer(self, interval=PULL_MS)
        self.timer.timeout.connect(self.pull)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.model.theme = theme
        self.table.viewport().update()

    def watch(self, batch: Batch) -> None:
        """Show a run from its beginning."""
        self.stop()
        self.batch = batch
        self.model.clear()
        self.progress.setRange(0, batch.total)
        self.cancel.setEnabled(True)
        self.progress.show()
        self.cancel.show()
        self.timer.start()
        self.pull()

    def stop(self) -> None:
        """Cancel what runs."""
        if self.batch is not None:
            self.batch.cancel()
        self.timer.stop()

    def pull(self) -> None:
        """Take what is done since the last time."""
        batch = self.batch
        if batch is None:
            return
        finished = batch.finished  # asked first: what comes after it is complete
        rows = batch.take(MOST_ROWS)
        if rows:
            self.model.add(rows)
        self.progress.setValue(batch.done)
        if finished and not rows:
            self.timer.stop()
            self.progress.hide()
            self.cancel.hide()
            self.model.arrange()
        self._tell()

    def narrow(self) -> None:
        """Use the filter."""
        self.model.narrow(self.which.currentData(), self.text.text().strip())
        self._tell()

    def _tell(self) -> None:
        model, counts = self.model, self.model.counts
        words = translate("Billing", "{n} records: {wrong} wrong, {right} right, {error} not checked")
        text = words.format(n=len(model.all), wrong=counts["mismatch"], right=counts["match"], error=counts["error"])
        hidden = len(model.all) - len(model.rows)
        if hidden:
            text += translate("Billing", " · {n} hidden by the filter").format(n=hidden)
        if self.batch and self.batch.is_cancelled:
            text += translate("Billing", " · stopped before the end")
        self.title.setText(text)
        for button in self.exports:
            button.setEnabled(bool(model.rows) and not self.timer.isActive())
            button.setToolTip("" if button.isEnabled() else translate("Billing", "When the run has ended"))

    def _make_progress(self) -> QHBoxLayout:
        row_ = QHBoxLayout()
        self.progress = QProgressBar()
        self.progress.setAccessibleName(translate("Billing", "Records checked"))
        self.progress.setFormat(translate("Billing", "Checking file %v of %m"))
        self.cancel = QPushButton(translate("Billing", "Stop"))
        self.cancel.clicked.connect(self._cancel)
        row_.addWidget(self.progress, 1)
        row_.addWidget(self.cancel)
        return row_

    def _cancel(self) -> None:
        if self.batch is not None:
            self.batch.cancel()
            self.cancel.setEnabled(False)

    def _make_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        self.text = QLineEdit()
        self.text.setPlaceholderText(translate("Billing", "Filter by file, record or cause …"))
        self.text.setAccessibleName(translate("Billing", "Filter"))
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(self.narrow)
        self.which = QComboBox()
        self.which.setAccessibleName(translate("Billing", "Which records are shown"))
        for name, word in (("", translate("Billing", "All")), *((name, result_word(name)) for name in _ROLES)):
            self.which.addItem(word, name)
        self.which.currentIndexChanged.connect(self.narrow)
        bar.addWidget(self.text, 1)
        bar.addWidget(self.which)
        self.zone = ZoneBox()
        self.zone.setToolTip(translate("Billing", "Time zone of all chargers; else each record's own"))
        self.zone.lineEdit().setPlaceholderText(translate("Billing", "each record's own zone"))
        bar.addWidget(self.zone)
        self.exports = []
        for text, kind in (
            (translate("Billing", "Export XLSX…"), "xlsx"),
            (translate("Billing", "Export CSV…"), "csv"),
        ):
            button = QPushButton(text)
            button.clicked.connect(lambda checked=False, kind=kind: self.export_wanted.emit(kind))
            self.exports.append(button)
            bar.addWidget(button)
        return bar

    def _make_table(self) -> QTableView:
        table = self.table = QTableView()
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAlternatingRowColors(True)
        table.setAccessibleName(translate("Billing", "Checked records"))
        table.setMinimumHeight(self.fontMetrics().height() * 8)
        table.verticalHeader().setVisible(False)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(50)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(WHY, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(DIFFERENCE, Qt.SortOrder.DescendingOrder)
        table.setSortingEnabled(True)  # sorts by the indicator set above
        table.activated.connect(self._open)
        return table

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.model.rows[index.row()])


def result_word(result: str) -> str:
    """Return a result in a word."""
    return {
        "match": translate("Billing", "right"),
        "mismatch": translate("Billing", "WRONG"),
        "error": translate("Billing", "not checked"),
    }[result]


def _text(cell: Cell) -> str:
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else cell


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _titles() -> tuple[str, ...]:
    return (
        translate("Billing", "Result"),
        translate("Billing", "File"),
        translate("Billing", "Record"),
        translate("Billing", "Begin (UTC)"),
        translate("Billing", "kWh"),
        translate("Billing", "Billed"),
        translate("Billing", "By the tariff"),
        translate("Billing", "Difference"),
        translate("Billing", "Why"),
    )
