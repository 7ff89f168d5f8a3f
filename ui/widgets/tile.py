"""A tile: one value with its unit, label, age, and the lowest and highest since the start."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from evtech.measure.quantity import NARROW_SPACE, UNKNOWN, shown
from ui.theme import LIGHT, Theme
from ui.words import decimals_for, quantity, translate


class Tile(QWidget):
    """Shows a value that is current, or visibly not: a stale one is grey, dashed, and says its age."""

    def __init__(self, label: str, unit: str, resolution: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT
        self.label, self.unit = label, unit
        self._decimals = decimals_for(unit, resolution)
        self._magnify = 2.0
        self.value: float | None = None
        self.stale_s: float | None = None
        self._low: float | None = None
        self._high: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_value(self, value: float | None, stale_s: float | None) -> None:
        """Show a value in its base unit; ``stale_s`` is its age where it is too old, else ``None``."""
        self.value, self.stale_s = value, stale_s
        if value is not None and stale_s is None:
            self._low = value if self._low is None else min(self._low, value)
            self._high = value if self._high is None else max(self._high, value)
        self.setAccessibleName(f"{self.label}: {self.text()}")
        self.update()

    def use_theme(self, theme: Theme, large: bool) -> None:
        """Use a theme; large tiles have digits of at least 12 mm."""
        self.theme = theme
        self._magnify = 3.4 if large else 2.0
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """Return what the tile says."""
        words = quantity(self.value, self.unit, self._decimals)
        return (
            words
            if self.stale_s is None
            else translate("Tile", "{value}, {age} s old").format(value=words, age=int(self.stale_s))
        )

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance("0" * 15), int(metrics.height() * (3.0 + 1.1 * self._magnify)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, is_stale = self.theme, self.stale_s is not None or self.value is None
        style = Qt.PenStyle.DashLine if is_stale else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(theme.muted if is_stale else theme.line), 1, style))
        painter.setBrush(QColor(theme.window if is_stale else theme.panel))
        frame = self.rect().adjusted(1, 1, -2, -2)
        painter.drawRoundedRect(frame, 5, 5)
        area = frame.adjusted(10, 7, -10, -7)
        line = self.fontMetrics().height()
        painter.setPen(QColor(theme.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self.label)
        self._paint_value(painter, area.adjusted(0, line, 0, -line), QColor(theme.muted if is_stale else theme.text))
        painter.setPen(QColor(theme.muted))
        painter.setFont(self.font())
        painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, self._foot())

    def _paint_value(self, painter: QPainter, area: object, colour: QColor) -> None:
        digits, unit = shown(self.value, self.unit, self._decimals)
        big = self.font()
        big.setPointSizeF(big.pointSizeF() * self._magnify)
        big.setBold(True)
        painter.setFont(big)
        painter.setPen(colour)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, left, digits)
        if unit and digits != UNKNOWN:
            width = painter.fontMetrics().horizontalAdvance(digits + NARROW_SPACE)
            painter.setFont(self.font())
            painter.drawText(area.adjusted(width + 2, 0, 0, 0), left, unit)

    def _foot(self) -> str:
        if self.value is None:
            return translate("Tile", "no value")
        if self.stale_s is not None:
            return translate("Tile", "{age} s old").format(age=int(self.stale_s))
        if self._low is None or self._high is None:
            return ""
        low, high = (shown(value, self.unit, self._decimals)[0] for value in (self._low, self._high))
        return f"{low} … {high}"
