"""A tile: one value with its unit, label, age, the lowest and highest since the start, and its limits as a bar."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from evtech.measure.quantity import NARROW_SPACE, UNKNOWN
from ui.theme import LIGHT, Theme
from ui.words import decimals_for, digits_of, quantity, translate

FIELD_DIGITS_MM = 12.0
_MM_AN_INCH = 25.4
_NORMAL, _MARGIN, _FEW_DIGITS = 2.0, 10, 5
_Left = Qt.AlignmentFlag.AlignLeft


class Tile(QWidget):
    """Shows a value that is current, or visibly not: a stale one is grey, dashed, and says its age."""

    def __init__(self, label: str, unit: str, resolution: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT
        self.label, self.unit = label, unit
        self.limits: tuple[float, float] | None = None
        self.value: float | None = None
        self.stale_s: float | None = None
        self._decimals = decimals_for(unit, resolution)
        self._is_large = False
        self._age: float | None = None
        self._low: float | None = None
        self._high: float | None = None
        self._longest = 0
        self._room = _FEW_DIGITS  # digits that surely fit; longer numbers are drawn smaller
        self.setAccessibleName(label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def keep_room(self, digits: int) -> None:
        """Be wide enough for so many digits: a counter needs more than a voltage."""
        self._room = digits

    def show_value(self, value: float | None, stale_s: float | None, age: float | None = None) -> None:
        """Show a value in its base unit; ``stale_s`` is its age where it is too old, ``age`` its age in any case."""
        self.value, self.stale_s, self._age = value, stale_s, age
        if value is not None and stale_s is None:
            self._low = value if self._low is None else min(self._low, value)
            self._high = value if self._high is None else max(self._high, value)
        self.setAccessibleName(f"{self.label}: {self.text()}")
        self.update()

    def use_theme(self, theme: Theme, large: bool) -> None:
        """Use a theme; large tiles have digits of at least 12 mm."""
        self.theme, self._is_large = theme, large
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """Return what the tile says."""
        words = quantity(self.value, self.unit, self._decimals)
        if self.stale_s is None:
            return words
        return translate("Tile", "{value}, {age} s old").format(value=words, age=int(self.stale_s))

    def digit_font(self) -> QFont:
        """Return the font of the digits."""
        font = QFont(self.font())
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * _NORMAL)
        if self._is_large:
            wanted = FIELD_DIGITS_MM / _MM_AN_INCH * self._dots_an_inch()
            height = QFontMetrics(font).tightBoundingRect("0").height()
            font.setPointSizeF(font.pointSizeF() * wanted / max(height, 1) * 1.02)
        return font

    def sizeHint(self) -> QSize:
        line, digits = self.fontMetrics(), QFontMetrics(self.digit_font())
        width = (
            digits.horizontalAdvance("0" * (_FEW_DIGITS if self._is_large else self._room))
            + line.horizontalAdvance("kWh")
            + 3 * _MARGIN
        )
        return QSize(max(width, line.horizontalAdvance("0" * 14)), 2 * line.height() + digits.height() + 20)

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
        area = frame.adjusted(_MARGIN, 6, -_MARGIN, -7)
        line = self.fontMetrics().height()
        painter.setPen(QColor(theme.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignTop | _Left, self.label)
        self._paint_value(painter, area.adjusted(0, line, 0, -line), QColor(theme.muted if is_stale else theme.text))
        painter.setPen(QColor(theme.muted))
        painter.setFont(self.font())
        foot, age = self._foot(), self._age_words()
        metrics = painter.fontMetrics()
        if metrics.horizontalAdvance(f"{foot}  {age}") <= area.width():
            painter.drawText(area, Qt.AlignmentFlag.AlignBottom | _Left, foot)
        painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, age)
        if not is_stale:
            self._paint_limits(painter, frame)

    def _paint_value(self, painter: QPainter, area: QRect, colour: QColor) -> None:
        digits, unit = digits_of(self.value, self.unit, self._decimals)
        font = self.digit_font()
        room = area.width() - self.fontMetrics().horizontalAdvance(unit) - _MARGIN
        if (excess := QFontMetrics(font).horizontalAdvance(digits) / max(room, 1)) > 1:
            font.setPointSizeF(font.pointSizeF() / excess)  # a long counter is rather smaller than cut off
        painter.setFont(font)
        painter.setPen(colour)
        # the place of the unit is kept for the longest number seen, so that it does not jump
        self._longest = max(self._longest, len(digits))
        metrics = painter.fontMetrics()
        reserved = max(metrics.horizontalAdvance(digits), metrics.horizontalAdvance("0") * (self._longest - 1))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(area.left(), area.top(), reserved + 2, area.height()), middle | _Left, digits)
        if unit and digits != UNKNOWN:
            width = reserved + metrics.horizontalAdvance(NARROW_SPACE)
            painter.setFont(self.font())
            painter.drawText(area.adjusted(width + 2, 0, 0, 0), middle | _Left, unit)

    def _paint_limits(self, painter: QPainter, frame: QRect) -> None:
        """Draw where the value stands between its limits: a rule with a mark, amber when it is outside."""
        if self.limits is None or self.value is None or self.limits[1] <= self.limits[0]:
            return
        low, high = self.limits
        left, right, y = frame.left() + _MARGIN, frame.right() - _MARGIN, frame.bottom() - 3
        painter.setPen(QPen(QColor(self.theme.line), 2))
        painter.drawLine(left, y, right, y)
        share = min(max((self.value - low) / (high - low), 0.0), 1.0)
        outside = not low <= self.value <= high
        painter.setPen(QPen(QColor(self.theme.warning if outside else self.theme.text), 3))
        at = left + int(share * (right - left))
        painter.drawLine(at - 4, y, at + 4, y)

    def _dots_an_inch(self) -> float:
        """Return the screen's density; a screen that lies about its size is taken at its nominal density."""
        nominal, told = self.logicalDpiY(), self.physicalDpiY()
        return float(told if 0.75 * nominal <= told <= 2.0 * nominal else nominal)

    def _foot(self) -> str:
        if self.value is None:
            return translate("Tile", "no value")
        if self.stale_s is not None:
            return translate("Tile", "not current")
        if self._low is None or self._high is None:
            return ""
        low, high = (digits_of(value, self.unit, self._decimals)[0] for value in (self._low, self._high))
        return f"{low} … {high}"

    def _age_words(self) -> str:
        if self.stale_s is not None:
            return translate("Tile", "{age} s old").format(age=int(self.stale_s))
        return "" if self._age is None else translate("Tile", "{age:.0f} s").format(age=self._age)
