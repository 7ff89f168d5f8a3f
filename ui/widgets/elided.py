"""A text of few lines that is cut with an ellipsis where there is no room; the whole of it is its tip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy


class Elided(QLabel):
    """Takes what width is left and never asks for more; its height is that of its lines, whatever it says."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = 1
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def say(self, words: str) -> None:
        """Show a text."""
        self.setText(words)
        self.setToolTip(words)

    def set_lines(self, lines: int) -> None:
        """Keep room for so many lines."""
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().lineSpacing() * self._lines)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        metrics, room = self.fontMetrics(), self.width() * self._lines
        # words do not fill their lines: what wraps needs a little more than its length
        words = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room - 40 * (self._lines - 1))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        if self._lines > 1:
            flags = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | flags, words)
        painter.end()
