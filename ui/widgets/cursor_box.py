"""Room for curves that can be reached by Tab: A and B choose a cursor, the arrow keys move it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.words import translate

STEP, LEAP = 0.005, 0.05  # of the time shown: an arrow, and with Shift
FRAME = 2


class CursorBox(QWidget):
    """Draws a frame while it has the keys."""

    chosen = Signal(int)  # cursor A (0) or B (1)
    moved = Signal(float)  # the chosen one, by a share of the time shown
    put = Signal(float)  # the chosen one, to a share of the time shown

    def __init__(self) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(FRAME, FRAME, FRAME, FRAME)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(translate("Sessions", "Curves"))
        self.setAccessibleDescription(
            translate("Sessions", "A and B choose a cursor; the arrow keys, Home and End move it")
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = LEAP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        key = event.key()
        if key in (Qt.Key.Key_A, Qt.Key.Key_B):
            self.chosen.emit(int(key == Qt.Key.Key_B))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.moved.emit(-step if key == Qt.Key.Key_Left else step)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.put.emit(float(key == Qt.Key.Key_End))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(QColor(self.palette().color(QPalette.ColorRole.Highlight)), FRAME))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
            painter.end()
