"""A state as shape, colour and word."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import LIGHT, Theme, severity_colour


def draw_shape(painter: QPainter, box: QRectF, role: str, theme: Theme) -> None:
    """Draw the shape of a severity role: octagon, triangle, round, square with arrow, square, dashed frame."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(severity_colour(theme, role))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if role == "good":
        painter.drawEllipse(box)
    elif role == "warning":
        painter.drawPolygon(QPolygonF([QPointF(box.center().x(), box.top()), box.bottomRight(), box.bottomLeft()]))
    elif role == "fault":
        cut = box.width() * 0.29
        left, right, top, bottom = box.left(), box.right(), box.top(), box.bottom()
        corners = [
            (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
            (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
        ]  # fmt: skip
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    elif role == "stale":
        painter.setBrush(Qt.BrushStyle.BDiagPattern)
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawRect(box)
    else:
        painter.drawRect(box)
        if role == "action":
            painter.setPen(QPen(QColor(theme.on_severity), 2))
            middle = box.center()
            painter.drawLine(QPointF(box.left() + 3, middle.y()), QPointF(box.right() - 3, middle.y()))
            painter.drawLine(QPointF(box.right() - 3, middle.y()), QPointF(middle.x(), box.top() + 3))
            painter.drawLine(QPointF(box.right() - 3, middle.y()), QPointF(middle.x(), box.bottom() - 3))


def shape_icon(role: str, theme: Theme) -> QIcon:
    """Return a severity's shape as an icon."""
    picture = QPixmap(QSize(48, 48))
    picture.setDevicePixelRatio(3)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    draw_shape(painter, QRectF(1, 1, 14, 14), role, theme)
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # a severity keeps its colour in a chosen row
    return icon


class Badge(QWidget):
    """Shape, letter and word of a state, with how long it has lasted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self._role, self._text = "neutral", ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_state(self, role: str, text: str) -> None:
        """Show a severity role and a word."""
        if (role, text) != (self._role, self._text):
            self._role, self._text = role, text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 3 * metrics.height(), int(metrics.height() * 1.7))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = self.fontMetrics().height() * 0.85
        top = (self.height() - side) / 2
        draw_shape(painter, QRectF(6, top, side, side), self._role, self.theme)
        painter.setPen(QColor(severity_colour(self.theme, self._role)))
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        area = self.rect().adjusted(int(side) + 14, 0, 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._text)
