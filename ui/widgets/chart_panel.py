"""A chart with its question and its answer above it, its table twin behind a button, its export as picture or data."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
)

from evtech.errors import EvtechError
from ui.theme import Theme
from ui.widgets.chart import Chart, TableTwin
from ui.widgets.dress import Heading
from ui.widgets.elided import Elided
from ui.words import grouped, translate


class TwinModel(QAbstractTableModel):
    """A table twin as a Qt model."""

    def __init__(self, twin: TableTwin) -> None:
        super().__init__()
        self.twin = twin
        # decimal points stand below each other: each column has as many digits as its finest number
        columns = [[row[column] for row in twin.rows] for column in range(len(twin.head))]
        self._decimals = [max(map(_digits, cells), default=0) for cells in columns]
        self._sides = [_side(cells) for cells in columns]

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.twin.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(self.twin.head)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._sides[section]
        return self.twin.head[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        value = self.twin.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._sides[index.column()]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if isinstance(value, float):
            return grouped(value, self._decimals[index.column()])
        return "—" if value is None else str(value)


def _side(cells: Sequence[object]) -> Qt.AlignmentFlag:
    is_text = any(isinstance(cell, str) for cell in cells)
    return (Qt.AlignmentFlag.AlignLeft if is_text else Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter


def _digits(value: object) -> int:
    return len(str(value).partition(".")[2]) if isinstance(value, float) else 0


class ChartPanel(QFrame):
    """Frame around one chart: question, answer, the way to the sessions behind it, table, export."""

    message = Signal(str)

    def __init__(self, title: str, chart: Chart, file: str) -> None:
        super().__init__()
        self.chart, self._file = chart, file
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.title = Heading(title, 1.1)
        self.answer = Elided()
        chart.told.connect(self._tell)
        chart.table_wanted.connect(lambda: self.switch.setChecked(True))
        self.behind = QPushButton(translate("Insights", "Sessions"))
        self.behind.setAccessibleName(
            translate("Insights", "Show the sessions behind the answer: {title}").format(title=title)
        )
        self.behind.setToolTip(translate("Insights", "Shows the sessions behind the answer, or behind the row chosen"))
        self.behind.clicked.connect(self._open_behind)
        self.switch = QPushButton(translate("Insights", "Table"))
        self.switch.setCheckable(True)
        self.switch.setAccessibleName(translate("Insights", "{title} as a table").format(title=title))
        self.switch.toggled.connect(self._show_table)
        self.export = QPushButton(translate("Insights", "Export…"))
        self.export.setAccessibleName(translate("Insights", "Export: {title}").format(title=title))
        self.export.clicked.connect(self._ask_export)
        for button in (self.behind, self.switch, self.export):
            button.setFixedWidth(button.fontMetrics().horizontalAdvance(button.text()) + 22)
        self.table = QTableView()
        self.table.setAccessibleName(title)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        # the room of the picture is the table's too: its own wish would make the page scroll
        self.table.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.activated.connect(self._open_row)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.behind)
        top.addWidget(self.switch)
        top.addWidget(self.export)
        self._stack = QStackedLayout()
        self._stack.addWidget(chart)
        self._stack.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.answer)
        layout.addLayout(self._stack, 1)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.chart.apply_theme(theme)

    def refresh(self) -> None:
        """Say what the new data answer, and show them in the table too, if it is open."""
        self.answer.say(self.chart.answer())
        self.behind.setVisible(self.chart.answer_key() is not None)
        if self.switch.isChecked():
            self._show_table(True)

    def write(self, path: Path) -> None:
        """Write the picture, or the data where the file's name ends in .csv; raise ``ArchiveError``."""
        from evtech.reports.files import write_whole

        if path.suffix.lower() == ".csv":
            twin, out = self.chart.table(), io.StringIO()
            rows = csv.writer(out, lineterminator="\n")
            rows.writerow(twin.head)
            rows.writerows(("" if cell is None else cell for cell in row) for row in twin.rows)
            write_whole(path, out.getvalue().encode())
        else:
            write_whole(path, self.chart.save_picture(path))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the answer a second line in a narrow window."""
        super().resizeEvent(event)
        self.answer.set_lines(2 if self.width() < self.fontMetrics().horizontalAdvance("m") * 45 else 1)

    def _open_behind(self) -> None:
        """Open the sessions behind the row chosen in the table, else behind the answer."""
        row = self.table.currentIndex()
        if self.switch.isChecked() and row.isValid():
            self._open_row(row)
        else:
            self.chart.chosen.emit(self.chart.answer_key())

    def _open_row(self, row: QModelIndex) -> None:
        keys = self.chart.table().keys
        if row.row() < len(keys):
            self.chart.chosen.emit(keys[row.row()])

    def _tell(self, words: str) -> None:
        """Say what the mark means that is pointed at, else what the picture answers."""
        self.answer.say(words or self.chart.answer())

    def _show_table(self, shown: bool) -> None:
        if shown:
            self.table.setModel(TwinModel(self.chart.table()))
            self.table.resizeColumnsToContents()
        self._stack.setCurrentIndex(1 if shown else 0)

    def _ask_export(self) -> None:
        kinds = translate("Insights", "Picture (*.png);;Picture, scalable (*.svg);;Data (*.csv)")
        name, kind = QFileDialog.getSaveFileName(self, translate("Insights", "Export"), self._file, kinds)
        if not name:
            return
        path = Path(name)
        if path.suffix.lower() not in (".png", ".svg", ".csv"):
            path = path.with_name(path.name + kind[kind.index("*") + 1 : -1])
        try:
            self.write(path)
        except EvtechError as error:
            self.message.emit(f"{error} {error.hint}")
        else:
            self.message.emit(translate("Insights", "{file} is written").format(file=path))
