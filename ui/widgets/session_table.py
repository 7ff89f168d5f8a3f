"""The list of sessions: rows are chosen whole, at most two count; a click on a title sorts."""

from collections.abc import Collection

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from evtech.store.session_list import SessionLine
from ui.models.sessions import CHARGER, STARTED, SessionsModel
from ui.words import translate


class SessionTable(QTableView):
    """A table over the model of sessions."""

    def __init__(self, model: SessionsModel) -> None:
        super().__init__()
        self._lines = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setVisible(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # a serial number stands last
        self.setAlternatingRowColors(True)
        self.setAccessibleName(translate("Sessions", "Recorded sessions"))
        self.setMinimumHeight(self.fontMetrics().height() * 6)
        header = self.horizontalHeader()
        header.setResizeContentsPrecision(50)  # of a hundred thousand rows the first tell the widths
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CHARGER, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSortIndicator(STARTED, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)

    def set_narrow(self, is_narrow: bool) -> None:
        """Let a narrow table scroll instead of squeezing the charger's name."""
        mode = QHeaderView.ResizeMode.ResizeToContents if is_narrow else QHeaderView.ResizeMode.Stretch
        self.horizontalHeader().setSectionResizeMode(CHARGER, mode)
        self.horizontalHeader().setStretchLastSection(is_narrow)

    def chosen(self) -> list[SessionLine]:
        """Return the chosen sessions, at most two, the one first that stands higher in the list."""
        rows = sorted(row.row() for row in self.selectionModel().selectedRows())
        return [self._lines.rows[row] for row in rows[:2]]

    def choose(self, ids: Collection[str]) -> bool:
        """Choose the sessions with these ids, else the first one; return whether one of them is listed."""
        rows = [row for row, line in enumerate(self._lines.rows) if line.id in ids] if ids else []
        for row in (rows or [0])[:2] if self._lines.rows else []:
            flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().select(self._lines.index(row, 0), flags)
        if rows:
            self.scrollTo(self._lines.index(rows[0], 0))
        return bool(rows)
