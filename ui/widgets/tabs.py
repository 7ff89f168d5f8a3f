"""Tabs within a page, and what a tab's contents scroll in."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QTabBar, QTabWidget, QWidget

from ui.theme import LIGHT


class _TallBar(QTabBar):
    """Tabs that a gloved finger meets in the field."""

    def tabSizeHint(self, index: int) -> QSize:
        hint = super().tabSizeHint(index)
        theme = getattr(self.window(), "theme", LIGHT)
        return QSize(hint.width(), max(hint.height(), theme.target))


class Tabs(QTabWidget):
    """Tabs as tall as the theme's targets."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabBar(_TallBar())


def scrolling(widget: QWidget) -> QScrollArea:
    """Return an area in which a widget scrolls up and down."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
