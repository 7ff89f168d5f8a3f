"""A table of finished texts whose marked rows stand out by shape, colour and word."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from ui.theme import LIGHT, Theme, severity_colour
from ui.widgets.badge import shape_icon

_Display = Qt.ItemDataRole.DisplayRole


class TextModel(QAbstractTableModel):
    """Rows of texts; ``roles`` gives a marked row its severity role, by row number."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.head: Sequence[str] = ()
        self.rows: Sequence[Sequence[str]] = ()
        self.roles: dict[int, str] = {}
        self.numbers: Collection[int] = ()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(self.head)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Display) -> object:
        if orientation == Qt.Orientation.Horizontal:
            if role == _Display:
                return self.head[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(section)
        return None

    def data(self, index: QModelIndex, role: int = _Display) -> object:
        row, column = index.row(), index.column()
        mark = self.roles.get(row)
        last = column == len(self.head) - 1
        if role in (_Display, Qt.ItemDataRole.ToolTipRole):
            return self.rows[row][column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.SizeHintRole and not last:
            metrics = QFontMetrics(_bold() if mark else QApplication.font())
            return QSize(metrics.horizontalAdvance(self.rows[row][column]) + metrics.height(), metrics.height())
        if mark and role == Qt.ItemDataRole.FontRole:
            return _bold()
        if mark and last and role == Qt.ItemDataRole.ForegroundRole:
            return QColor(severity_colour(self.theme, mark))
        if mark and last and role == Qt.ItemDataRole.DecorationRole:
            return self._icon(mark)
        return None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in self.numbers else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def _icon(self, role: str) -> QIcon:
        return shape_icon(role, self.theme)


def _bold() -> QFont:
    font = QApplication.font()
    font.setBold(True)
    return font


class TextTable(QTableView):
    """Shows rows of texts as high as they are; the last column holds the marks."""

    def __init__(self, name: str, wide: int | None = 1) -> None:
        super().__init__()
        self._wide = wide  # the column that takes the space left; None: the last
        self.texts = TextModel()
        self.setModel(self.texts)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().setVisible(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(200)  # of thousands of periods only the first decide the widths
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.texts.theme = theme
        self.viewport().update()

    def show_rows(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        roles: dict[int, str] | None = None,
        numbers: Collection[int] = (),
    ) -> None:
        """Replace the rows; ``numbers`` are the columns whose texts are set to the right."""
        texts = self.texts
        texts.beginResetModel()
        texts.head, texts.rows, texts.roles, texts.numbers = head, rows, roles or {}, numbers
        texts.endResetModel()
        if head:
            self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            wide = len(head) - 1 if self._wide is None else self._wide
            self.horizontalHeader().setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)

    def fit_height(self) -> None:
        """Be as high as the rows, so that nothing scrolls inside."""
        rows = self.texts.rowCount() * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(rows + self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth() + 2)
