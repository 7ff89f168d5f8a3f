"""The answer at the top of Diagnose: a shape, one sentence, a line of less weight, and the one primary button."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import LIGHT, Theme, severity_colour
from ui.widgets.badge import draw_shape
from ui.widgets.dress import Heading, LargeButton, Muted


class Shape(QWidget):
    """The shape of a severity role as large as a line of text."""

    def __init__(self, role: str = "neutral", scale: float = 1.0) -> None:
        super().__init__()
        self.theme, self.role, self._scale = LIGHT, role, scale
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_role(self, role: str, theme: Theme) -> None:
        """Show a role in a theme's colour."""
        self.role, self.theme = role, theme
        self.update()

    def sizeHint(self) -> QSize:
        side = int(self.fontMetrics().height() * self._scale) + 4
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        side = self.fontMetrics().height() * self._scale * 0.9
        draw_shape(QPainter(self), QRectF(2, 2, side, side), self.role, self.theme)


class Sentence(Heading):
    """A large line whose words of weight are marked one by one."""

    def fit(self) -> None:
        """Take the size from the application's font."""
        super().fit()
        font = self.font()
        font.setBold(False)
        self.setFont(font)


class Answer(QFrame):
    """One sentence and what to press; a bar at its left shows how grave it is."""

    pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.theme, self._role = LIGHT, "neutral"
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(18, 10, 12, 10)
        self._row.setSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(12)
        self._row.addLayout(row, 1)
        self.shape = Shape(scale=1.7)
        self.sentence = Sentence(scale=1.15)
        self.sentence.setTextFormat(Qt.TextFormat.RichText)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail = Muted()
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.sentence)
        words.addWidget(self.detail)
        self.button = LargeButton("", primary=True)
        self.button.clicked.connect(self.pressed)
        row.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self._row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.shape.show_role(self._role, theme)
        self.update()

    def show_answer(self, role: str, sentence: str, detail: str, button: str = "") -> None:
        """Show an answer; without a word for it there is no button."""
        if (role, sentence, detail, button) == self._shown():
            return
        self._role = role
        self.shape.show_role(role, self.theme)
        self.sentence.setText(sentence)
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.button.fit(self.theme)
        self.setAccessibleName(self.plain())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the button below the sentence where there is no room beside it."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 52
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(way)

    def plain(self) -> str:
        """Return the sentence without its marks."""
        text = self.sentence.text()
        for mark in ("<b>", "</b>"):
            text = text.replace(mark, "")
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(0, 0, 6, self.height(), QColor(severity_colour(self.theme, self._role)))

    def _shown(self) -> tuple[str, str, str, str]:
        return self._role, self.sentence.text(), self.detail.text(), self.button.text()


def label(text: str = "", *, rich: bool = False) -> QLabel:
    """Return a label that wraps and whose text can be copied."""
    made = QLabel(text)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
