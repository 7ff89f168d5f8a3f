"""The list of findings in the data: how grave, when, where, what, and what was said of it.

A year of a fleet has hundreds of them: what every cell asks for is settled once, when the rows come.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QStyleOptionViewItem, QTableView

from evtech.insights.finding_words import rule_name, sentence, severity_word, status_word
from evtech.insights.kept_findings import DISMISSED, FindingStatus, status_of
from ui.theme import LIGHT, Theme
from ui.widgets.badge import shape_icon
from ui.words import translate

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly

SEVERITY, WHEN, WHAT, PORT, STATUS = range(5)
ROLES = {"critical": "fault", "warning": "warning", "info": "neutral"}
_Display = Qt.ItemDataRole.DisplayRole
_ASKED = {_Display, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.ForegroundRole}
_MEASURED = 8  # moments: they are nearly as wide as each other


class FindingModel(QAbstractTableModel):
    """Findings as rows; a dismissed one is pale."""

    def __init__(self) -> None:
        super().__init__()
        self.theme, self.lang = LIGHT, "en"
        self.rows: Sequence[Anomaly] = ()
        self.statuses: Sequence[str] = ()
        self._icons: dict[str, QIcon] = {}

    def show_rows(self, rows: Sequence["Anomaly"], judged: Mapping[str, FindingStatus], lang: str) -> None:
        """Replace the rows."""
        self.beginResetModel()
        self.rows, self.lang = rows, lang
        self.statuses = [status_of(judged, row) for row in rows]
        self.endResetModel()

    def apply_theme(self, theme: Theme) -> None:
        """Draw the shapes anew."""
        self.theme, self._icons = theme, {}

    def different(self, column: int) -> list[int]:
        """Return a row for each text that a column has; of moments the first few."""
        if column == WHEN:
            return list(range(min(len(self.rows), _MEASURED)))
        keys = self.statuses if column == STATUS else [self._key(row, column) for row in self.rows]
        return list({key: number for number, key in enumerate(keys)}.values())

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return STATUS + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Display) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return _titles()[section] if role == _Display else None

    def data(self, index: QModelIndex, role: int = _Display) -> object:
        if role not in _ASKED:
            return None
        number = index.row()
        if role == _Display:
            return self._text(number, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return sentence(self.rows[number], self.lang)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == SEVERITY:
            return self._icon(self.rows[number].severity)
        if role == Qt.ItemDataRole.ForegroundRole and self.statuses[number] == DISMISSED:
            return QApplication.palette().color(QPalette.ColorRole.PlaceholderText) or QColor(self.theme.muted)
        return None

    def _icon(self, severity: str) -> QIcon:
        if severity not in self._icons:
            self._icons[severity] = shape_icon(ROLES[severity], self.theme)
        return self._icons[severity]

    @staticmethod
    def _key(row: "Anomaly", column: int) -> str:
        return {SEVERITY: row.severity, WHAT: row.rule, PORT: row.port}[column]

    def _text(self, number: int, column: int) -> str:
        row = self.rows[number]
        if column == SEVERITY:
            return severity_word(row.severity, self.lang)
        if column == WHEN:
            return datetime.fromtimestamp(row.start).astimezone().strftime("%Y-%m-%d %H:%M")
        if column == PORT:
            return row.port
        if column == WHAT:
            return rule_name(row.rule, self.lang)
        return status_word(self.statuses[number], self.lang)


class FindingTable(QTableView):
    """A table of findings, one chosen at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.findings = FindingModel()
        self.setModel(self.findings)
        self.setAccessibleName(translate("Findings", "Findings in the data"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # a serial number stands last
        self.verticalHeader().setVisible(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(PORT, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(self.fontMetrics().height() * 6)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.findings.apply_theme(theme)
        self.viewport().update()

    def sizeHintForColumn(self, column: int) -> int:
        """Measure each text once: to measure every cell holds the window up longer than a year is filtered."""
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        cells = (self.findings.index(row, column) for row in self.findings.different(column))
        return max((self.itemDelegate().sizeHint(option, cell).width() for cell in cells), default=0)

    def show_rows(self, rows: Sequence["Anomaly"], judged: Mapping[str, FindingStatus], lang: str) -> None:
        """Replace the rows; the chosen finding stays chosen, else the one at its place."""
        before, place = self.chosen(), self.currentIndex().row()
        self.findings.show_rows(rows, judged, lang)
        ids = [row.id for row in rows] if before is not None else []
        wanted = ids.index(before.id) if before is not None and before.id in ids else min(max(place, 0), len(rows) - 1)
        if rows:
            self.selectRow(wanted)
            self.scrollTo(self.findings.index(wanted, 0))

    def chosen(self) -> "Anomaly | None":
        """Return the chosen finding."""
        row = self.currentIndex().row()
        return self.findings.rows[row] if 0 <= row < len(self.findings.rows) else None


def _titles() -> tuple[str, ...]:
    return (
        translate("Findings", "Severity"), translate("Findings", "When"), translate("Findings", "What"),
        translate("Findings", "Port"), translate("Findings", "Status"),
    )  # fmt: skip
