"""An error with its uncertainty against its limits: a scale, the limits, the guard band, a dot with whiskers."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import LIGHT, Theme, severity_colour


class ErrorBar(QWidget):
    """Percent from minus to plus one and a half times the limit; what lies outside is drawn at the edge."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self._error: float | None = None
        self._u: float | None = None
        self._limit: float | None = None
        self._acceptance: float | None = None
        self._role = "neutral"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_error(
        self, error: float | None, u: float | None, limit: float | None, acceptance: float | None, role: str
    ) -> None:
        """Show an error and its expanded uncertainty (percent) against a limit and an acceptance limit."""
        self._error, self._u, self._limit, self._acceptance, self._role = error, u, limit, acceptance, role
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(180, int(self.fontMetrics().height() * 2.7))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        band = QRectF(8, 3, self.width() - 16, self.height() - line - 8)
        painter.fillRect(band, QColor(self.theme.window))
        if self._limit is None:
            return
        self._paint_limits(painter, band, self._limit)
        if self._error is not None:
            self._paint_error(painter, band, self._error)

    def _paint_limits(self, painter: QPainter, band: QRectF, limit: float) -> None:
        muted = QColor(self.theme.muted)
        if self._acceptance is not None and 0 < self._acceptance < limit:
            for inner, outer in ((self._acceptance, limit), (-limit, -self._acceptance)):
                left, right = self._x(band, inner), self._x(band, outer)
                painter.fillRect(QRectF(left, band.top(), right - left, band.height()), _pattern(muted))
        painter.setPen(QPen(QColor(self.theme.line), 1))
        painter.drawLine(self._at(band, 0, 0), self._at(band, 0, 1))
        painter.setPen(QPen(QColor(self.theme.text), 2))
        for edge in (-limit, limit):
            painter.drawLine(self._at(band, edge, 0), self._at(band, edge, 1))
        painter.setPen(muted)
        line = self.fontMetrics().height()
        for edge, words in ((-limit, f"−{limit:g} %"), (0.0, "0"), (limit, f"+{limit:g} %")):
            area = QRectF(self._x(band, edge) - 60, band.bottom() + 1, 120, line + 2)
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, words)

    def _paint_error(self, painter: QPainter, band: QRectF, error: float) -> None:
        colour = QColor(severity_colour(self.theme, self._role))
        middle = band.center().y()
        painter.setPen(QPen(colour, 2))
        if self._u is not None:
            left, right = self._x(band, error - self._u), self._x(band, error + self._u)
            painter.drawLine(QPointF(left, middle), QPointF(right, middle))
            for x in (left, right):
                painter.drawLine(QPointF(x, middle - 6), QPointF(x, middle + 6))
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(self._x(band, error), middle), 5, 5)

    def _x(self, band: QRectF, percent: float) -> float:
        reach = 1.5 * (self._limit or 1.0)
        share = (min(max(percent, -reach), reach) + reach) / (2 * reach)
        return band.left() + share * band.width()

    def _at(self, band: QRectF, percent: float, share: float) -> QPointF:
        return QPointF(self._x(band, percent), band.top() + share * band.height())


def _pattern(colour: QColor) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(60)
    return faint
