"""Widgets that follow the theme: headings, the primary button, and how large things are that a finger presses."""

from PySide6.QtGui import QColor, QFontMetrics, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QWidget,
)

from ui.theme import Theme
from ui.widgets.known_edit import KnownEdit

_PRESSED = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox)


class Heading(QLabel):
    """A line of text larger than the rest, in whatever size the rest has."""

    def __init__(self, text: str = "", scale: float = 1.25) -> None:
        super().__init__(text)
        self._scale = scale
        self.setWordWrap(True)
        self.fit()

    def fit(self) -> None:
        """Take the size from the application's font."""
        font = QApplication.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * self._scale)
        self.setFont(font)


class Muted(QLabel):
    """A line of less weight: an explanation, a unit, an age."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)


class LargeButton(QPushButton):
    """A button for gloves in every theme; the primary one of a page is filled."""

    LEAST = 44

    def __init__(self, text: str, *, primary: bool = False) -> None:
        super().__init__(text)
        self.is_primary = primary
        self.setAutoDefault(True)
        self.setDefault(primary)

    def fit(self, theme: Theme) -> None:
        """Use the theme's accent where this is the primary button."""
        metrics = QFontMetrics(QApplication.font())
        self.setMinimumWidth(max(metrics.horizontalAdvance("m") * 12, metrics.horizontalAdvance(self.text()) + 40))
        if not self.is_primary:
            return
        role, group, colours = QPalette.ColorRole, QPalette.ColorGroup, self.palette()
        colours.setColor(role.Button, QColor(theme.accent))
        colours.setColor(role.ButtonText, QColor(theme.accent_text))
        colours.setColor(group.Disabled, role.Button, QColor(theme.window))
        colours.setColor(group.Disabled, role.ButtonText, QColor(theme.muted))
        self.setPalette(colours)


def dress(root: QWidget, theme: Theme) -> None:
    """Fit everything below a widget to a theme: headings, primary buttons, sizes of targets, rows of tables."""
    for heading in root.findChildren(Heading):
        heading.fit()
    for button in root.findChildren(LargeButton):
        button.fit(theme)
    for edit in root.findChildren(KnownEdit):
        edit.fit(theme)
    for widget in root.findChildren(QWidget):
        inside_another = isinstance(widget.parentWidget(), _PRESSED)
        if isinstance(widget, _PRESSED) and not inside_another:
            widget.setMinimumHeight(max(theme.target, LargeButton.LEAST if isinstance(widget, LargeButton) else 0))
    for table in root.findChildren(QTableView):
        height = max(theme.target, int(table.fontMetrics().height() * 1.8))
        table.verticalHeader().setDefaultSectionSize(height)
