"""The step-by-step check of a connection: each step with its shape, and the fix below the one that failed."""

from dataclasses import replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from evtech.workbench import CheckStep
from ui.theme import LIGHT, Theme
from ui.widgets.badge import draw_shape
from ui.widgets.dress import Heading, Muted
from ui.words import translate

_ROLES = {"ok": "good", "doubt": "warning", "failed": "fault", "running": "neutral"}
_FIRST = ("address", "demo")


class StepRow(QWidget):
    """One step: shape, what is done, and what to try when it failed."""

    def __init__(self, step: CheckStep, theme: Theme) -> None:
        super().__init__()
        self.theme, self.role = theme, _ROLES[step.state]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 3, 0, 3)
        layout.setSpacing(3)
        self.message = _wrapping(step.message)
        layout.addWidget(self.message)
        self.hint = _wrapping(step.hint)
        self.hint.setVisible(bool(step.hint))
        if step.hint:
            title = QLabel(translate("Check", "What to try"))
            font = title.font()
            font.setBold(True)
            title.setFont(font)
            layout.addWidget(title)
            layout.addWidget(self.hint)
        self.setAccessibleName(f"{step.state}: {step.message} {step.hint}".strip())

    def paintEvent(self, event: QPaintEvent) -> None:
        line = self.message.fontMetrics().height()
        side = line * 0.8
        painter = QPainter(self)
        draw_shape(painter, QRectF(4, 3 + (line - side) / 2, side, side), self.role, self.theme)


class CheckList(QWidget):
    """The steps of the newest check, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.rows: dict[str, StepRow] = {}
        self._steps: dict[str, CheckStep] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(Heading(translate("Check", "Check")))
        self.empty = Muted(
            translate("Check", "Each step of a connection is shown here, with what to try when one fails.")
        )
        self._layout.addWidget(self.empty)
        self._layout.addStretch()

    @property
    def has_failed(self) -> bool:
        """Tell whether a step has failed."""
        return any(row.role == "fault" for row in self.rows.values())

    def apply_theme(self, theme: Theme) -> None:
        """Draw the steps anew in the theme's colours."""
        self.theme = theme
        for step in self._steps.values():
            self._put(step)

    def show_step(self, step: CheckStep) -> None:
        """Show how one step goes; the first one begins a new list."""
        if step.name in _FIRST and step.state == "running":
            self.clear()
        self.empty.setVisible(False)
        self._steps[step.name] = step
        self._put(step)
        self.updateGeometry()

    def finish(self) -> None:
        """Show what still runs as done: the connection stands."""
        for step in list(self._steps.values()):
            if step.state == "running":
                self.show_step(replace(step, state="ok"))

    def clear(self) -> None:
        """Forget the former check."""
        for row in self.rows.values():
            self._layout.removeWidget(row)
            row.hide()  # it lives until the event loop comes round
            row.deleteLater()
        self.rows.clear()
        self._steps.clear()

    def _put(self, step: CheckStep) -> None:
        row = StepRow(step, self.theme)
        old = self.rows.get(step.name)
        if old is None:
            self._layout.insertWidget(self._layout.count() - 1, row)
        else:
            self._layout.replaceWidget(old, row)
            old.hide()
            old.deleteLater()
        self.rows[step.name] = row


def _wrapping(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
