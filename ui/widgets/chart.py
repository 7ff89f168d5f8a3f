"""What all pictures of insights share: marks to click or reach by arrow keys, a table twin, pictures as files.

A chart paints itself at any size in any theme, so the screen and the exported picture are the same drawing. Severity
colours are used for severity alone; what was not measured is hatched and never a zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.theme import LIGHT, Theme
from ui.words import translate

PICTURE = QSize(1000, 420)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a chart that can be clicked: where it is, what it stands for, what it says."""

    area: QRectF
    key: object
    text: str


@dataclass(frozen=True, slots=True)
class TableTwin:
    """A chart's data as a table; ``None`` is unknown."""

    head: tuple[str, ...]
    rows: list[tuple[object, ...]]
    keys: Sequence[object] = ()  # of the mark that each row stands for


TABLE = object()  # the key of a mark that leads to the table


class Chart(QWidget):
    """Base of all charts; a subclass draws in ``draw`` and appends to ``marks``."""

    chosen = Signal(object)  # a mark's key
    table_wanted = Signal()
    told = Signal(str)  # what the mark says that is pointed at or reached by keys; nothing where there is none

    def __init__(self, name: str, lines: float = 12.0) -> None:
        super().__init__()
        self.theme = LIGHT
        self.marks: list[Mark] = []
        self._at = -1
        self._lines = lines
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Draw into an area and append the marks."""
        raise NotImplementedError

    def table(self) -> TableTwin:
        """Return the same data as a table."""
        raise NotImplementedError

    def answer(self) -> str:
        """Return in one line what the picture answers, with its uncertainty; nothing where it cannot be said."""
        return ""

    def answer_key(self) -> object | None:
        """Return the key of what the answer speaks of, ``None`` where no session stands behind it."""
        return None

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(240, int(self.fontMetrics().height() * self._lines))

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def save_picture(self, path: Path) -> bytes:
        """Return the picture as SVG or PNG, by the file's name, in light colours."""
        theme, self.theme = self.theme, LIGHT
        try:
            return self._svg() if path.suffix.lower() == ".svg" else self._png()
        finally:
            self.theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint(painter, QRectF(self.rect()))
        if self.hasFocus() and 0 <= self._at < len(self.marks):
            painter.setPen(QPen(QColor(self.theme.text), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.marks[self._at].area)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        mark = self._mark_at(event.position())
        if mark is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(mark)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        mark = self._mark_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if mark else Qt.CursorShape.ArrowCursor)
        self.told.emit(mark.text if mark else "")

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.told.emit("")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.told.emit("")

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._at = max(self._at, 0)
        super().focusInEvent(event)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Down: self.below(), Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -self.below()}
        if event.key() in steps and self.marks:
            self._at = min(max(self._at + steps[Qt.Key(event.key())], 0), len(self.marks) - 1)
            self.update()
            self._tell()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and 0 <= self._at < len(self.marks):
            self._choose(self.marks[self._at])
        else:
            super().keyPressEvent(event)

    def below(self) -> int:
        """Return how many marks further the one below is."""
        return 1

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            mark = self._mark_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), mark.text if mark else "", self)
            return True
        return super().event(event)

    def _choose(self, mark: Mark) -> None:
        if mark.key is TABLE:
            self.table_wanted.emit()
        else:
            self.chosen.emit(mark.key)

    def _tell(self) -> None:
        if 0 <= self._at < len(self.marks):
            self.setAccessibleDescription(self.marks[self._at].text)
            self.told.emit(self.marks[self._at].text)

    def _mark_at(self, at: QPointF) -> Mark | None:
        return next((mark for mark in reversed(self.marks) if mark.area.contains(at)), None)

    def _paint(self, painter: QPainter, area: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        painter.fillRect(area, QColor(self.theme.panel))
        self.marks = []
        self.draw(painter, area.adjusted(8, 6, -8, -6))

    def _png(self) -> bytes:
        size = PICTURE.expandedTo(QSize(0, self.minimumSizeHint().height()))
        image = QImage(size * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2)
        painter = QPainter(image)
        self._paint(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub asks for bytes
        return bytes(buffer.data().data())

    def _svg(self) -> bytes:
        buffer = QBuffer()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        size = PICTURE.expandedTo(QSize(0, self.minimumSizeHint().height()))
        generator.setSize(size)
        generator.setViewBox(QRect(0, 0, size.width(), size.height()))
        generator.setTitle(self.accessibleName())
        painter = QPainter(generator)
        self._paint(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        return bytes(buffer.data().data())

    # ---- brushes and words that several charts use ----

    def hatch(self) -> QBrush:
        """Return the brush for what was not measured."""
        colour = QColor(self.theme.muted)
        colour.setAlpha(110)
        return QBrush(colour, Qt.BrushStyle.BDiagPattern)

    def say(
        self, painter: QPainter, area: QRectF, words: str, *, align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        colour: str | None = None, elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:  # fmt: skip
        """Draw one line of text, cut with an ellipsis where it does not fit."""
        cut = QFontMetricsF(painter.font()).elidedText(words, elide, area.width())
        painter.setPen(QColor(colour or self.theme.text))
        painter.drawText(area, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, cut)

    def say_empty(self, painter: QPainter, area: QRectF, words: str, *, is_measured: bool = False) -> None:
        """Say that there is nothing to draw; what was not measured is hatched, a measured nothing is not."""
        if not is_measured:
            painter.fillRect(area, self.hatch())
        metrics = QFontMetricsF(painter.font())
        box = QRectF(0, 0, metrics.horizontalAdvance(words) + 24, metrics.height() * 1.8)
        box.moveCenter(area.center())
        painter.fillRect(box, QColor(self.theme.panel))
        self.say(painter, box, words, align=Qt.AlignmentFlag.AlignHCenter)

    def key_lines(self, words: Sequence[str], width: float) -> int:
        """Return how many lines the key takes in a width."""
        metrics = QFontMetricsF(self.font())
        lines, left = 1, 0.0
        for each in words:
            wide = _SWATCH + metrics.horizontalAdvance(each)
            if left and left + wide > width:
                lines, left = lines + 1, 0.0
            left += wide + _BETWEEN
        return lines

    def key_line(self, painter: QPainter, area: QRectF, parts: list[tuple[Callable[[QRectF], None], str]]) -> None:
        """Draw swatches with their words, in further lines where one is too short: the key stands in the picture."""
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        left, top = area.left(), area.top()
        for swatch, words in parts:
            width = metrics.horizontalAdvance(words)
            if left > area.left() and left + _SWATCH + width > area.right() + 2:
                left, top = area.left(), top + line
            box = QRectF(left, top + line / 2 - 5, 16, 10)
            swatch(box)
            self.say(painter, QRectF(box.right() + 5, top, width + 2, line), words, colour=self.theme.muted)
            left = box.right() + width + _BETWEEN


_SWATCH, _BETWEEN = 21.0, 22.0  # pixels: a swatch with its distance to its words, and between two of the key


def nothing() -> str:
    """Return the words for what was not measured."""
    return translate("Insights", "no data")
