"""The icons of the rail and of fields, drawn in the theme's colours at any scale."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from ui.theme import Theme

SIZE = 22
_SCALE = 3  # pixels of the picture a unit of the screen: enough for 300 %


def rail_icon(name: str, theme: Theme) -> QIcon:
    """Return the icon of a task by its name."""
    icon = QIcon()
    icon.addPixmap(_picture(name, theme.text), QIcon.Mode.Normal)
    icon.addPixmap(_picture(name, theme.accent_text), QIcon.Mode.Selected)
    return icon


def plain_icon(name: str, colour: str) -> QIcon:
    """Return an icon in one colour."""
    return QIcon(_picture(name, colour))


def _picture(name: str, colour: str) -> QPixmap:
    picture = QPixmap(SIZE * _SCALE, SIZE * _SCALE)
    picture.setDevicePixelRatio(_SCALE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(colour), 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    _DRAWN[name](painter)
    painter.end()
    return picture


def _plug(painter: QPainter) -> None:
    path = QPainterPath(QPointF(6, 9))
    path.lineTo(16, 9)
    path.lineTo(16, 12)
    path.arcTo(QRectF(6, 7, 10, 10), 0, -180)
    path.closeSubpath()
    painter.drawPath(path)
    for x in (8.5, 13.5):
        painter.drawLine(QPointF(x, 4), QPointF(x, 8.5))
    painter.drawLine(QPointF(11, 17), QPointF(11, 20))


def _wave(painter: QPainter) -> None:
    painter.drawLine(QPointF(3, 3), QPointF(3, 19))
    painter.drawLine(QPointF(3, 19), QPointF(20, 19))
    path = QPainterPath(QPointF(5, 15))
    for x, y in ((8, 15), (11, 7), (14, 7), (16, 10), (20, 10)):
        path.lineTo(x, y)
    painter.drawPath(path)


def _rows(painter: QPainter) -> None:
    for y in (5, 11, 17):
        painter.drawEllipse(QPointF(4, y), 1.2, 1.2)
        painter.drawLine(QPointF(9, y), QPointF(20, y))


def _search(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(9, 9), 5.5, 5.5)
    painter.drawLine(QPointF(13.2, 13.2), QPointF(19, 19))


def _dial(painter: QPainter) -> None:
    painter.drawArc(QRectF(3, 5, 16, 16), 0, 180 * 16)
    painter.drawLine(QPointF(11, 13), QPointF(15.5, 8))
    painter.drawLine(QPointF(3, 17), QPointF(19, 17))


def _bill(painter: QPainter) -> None:
    painter.drawRect(QRectF(5, 3, 12, 16))
    for y, end in ((8, 14), (11.5, 14), (15, 11)):
        painter.drawLine(QPointF(8, y), QPointF(end, y))


def _bars(painter: QPainter) -> None:
    painter.drawLine(QPointF(3, 19), QPointF(19, 19))
    for x, top in ((6, 12), (11, 5), (16, 9)):
        painter.drawLine(QPointF(x, 16), QPointF(x, top))


def _folder(painter: QPainter) -> None:
    painter.drawRect(QRectF(3, 7, 16, 11))
    painter.drawLine(QPointF(3, 7), QPointF(6, 4))
    painter.drawLine(QPointF(6, 4), QPointF(11, 4))
    painter.drawLine(QPointF(11, 4), QPointF(13, 7))


def _down(painter: QPainter) -> None:
    painter.drawLine(QPointF(5, 8), QPointF(11, 14))
    painter.drawLine(QPointF(11, 14), QPointF(17, 8))


_DRAWN = {
    "connect": _plug, "live": _wave, "diagnose": _search, "calibrate": _dial, "billing": _bill, "sessions": _rows,
    "insights": _bars, "visit": _folder, "down": _down,
}  # fmt: skip
