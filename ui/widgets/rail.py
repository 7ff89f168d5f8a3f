"""The rail: the window's tasks on the left, reachable by mouse, finger and Ctrl+1 to Ctrl+7."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QListWidget, QListWidgetItem

from ui.tasks import Task
from ui.theme import Theme
from ui.widgets.icons import SIZE, rail_icon
from ui.words import translate


class Rail(QListWidget):
    """One row a task."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__()
        self._names = [task.name for task in tasks]
        self.setAccessibleName(translate("Window", "Tasks"))
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setIconSize(QSize(SIZE, SIZE))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for task in tasks:
            self.addItem(QListWidgetItem(task.title))

    def go(self, name: str) -> None:
        """Choose a task by its name."""
        self.setCurrentRow(self._names.index(name))

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours and sizes."""
        metrics = QFontMetrics(QApplication.font())
        words = [self.item(row).text() for row in range(self.count())]
        self.setFixedWidth(max(metrics.horizontalAdvance(word) for word in words) + SIZE + 44)
        for row, name in enumerate(self._names):
            self.item(row).setIcon(rail_icon(name, theme))
            self.item(row).setSizeHint(QSize(0, max(48, theme.target)))
