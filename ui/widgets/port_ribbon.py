"""Which port fails? A ribbon a port: in use, free, down, excused, not watched; beside it how it did.

Up to ten days a ribbon shows each stretch of time where it lies. Beyond that a stretch is thinner than a pixel, and
widened ones would tell of far more downtime than there was: then each column is a day or a week, filled by shares.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen

from evtech.insights.availability import PortAvailability
from evtech.insights.grid import hours_of
from evtech.insights.intervals import Interval
from evtech.insights.rates import Rate, rate
from evtech.insights.ribbon import DOWN, EXCUSED, FREE, IN_USE, UNKNOWN
from evtech.insights.trends import DAY, MONTH, WEEK, boundaries
from ui.widgets.chart import TABLE, Chart, Mark, TableTwin, nothing
from ui.words import grouped, translate

SHOWN = 6
LONGEST_EXACT_S = 10 * 86400.0
_LEAST_COLUMN, _LEAST_DOWN = 6.0, 3.0  # pixels
_UPWARDS = (DOWN, EXCUSED, IN_USE, FREE, UNKNOWN)


@dataclass(frozen=True, slots=True)
class PortRow:
    """What one ribbon shows."""

    port: str
    site: str
    spans: dict[str, list[Interval]]
    available: PortAvailability | None
    rate: Rate | None


def kinds() -> dict[str, str]:
    """Return the words for the kinds of time."""
    return {
        IN_USE: translate("Insights", "in use"),
        FREE: translate("Insights", "free"),
        DOWN: translate("Insights", "down (short ones enlarged)"),
        EXCUSED: translate("Insights", "down, excused"),
        UNKNOWN: translate("Insights", "not known"),
    }


@dataclass(frozen=True, slots=True)
class Failed:
    """The key of a mark: all failed attempts of a port."""

    port: str


class PortRibbon(Chart):
    """The ports one below the other, the worst first; further ones are in the table."""

    def __init__(self) -> None:
        super().__init__(translate("Insights", "Availability of each port over time"), 6)
        self.rows: list[PortRow] = []
        self.period: Interval = (0.0, 1.0)
        self.zone = ZoneInfo("UTC")
        self._columns_said: list[tuple[Interval, str]] = []

    def show_ports(self, rows: Sequence[PortRow], period: Interval, zone: str) -> None:
        """Show ports in the order given."""
        self.rows, self.period, self.zone = list(rows), period, ZoneInfo(zone)
        self._lines = 3.4 + 1.25 * max(1, min(len(rows), SHOWN))
        self.updateGeometry()
        self.update()

    def place_of(self, key: object) -> QPoint:
        """Return where on the screen a mark is, for a menu that belongs to it."""
        mark = next((mark for mark in self.marks if mark.key == key), None)
        return self.mapToGlobal(mark.area.center().toPoint() if mark is not None else self.rect().center())

    def down_in(self, port: str, span: Interval) -> list[Interval]:
        """Return the stretches in which a port was down and not excused that touch a span, the longest first."""
        row = next((row for row in self.rows if row.port == port), None)
        touching = [] if row is None else [s for s in row.spans.get(DOWN, []) if s[0] < span[1] and s[1] > span[0]]
        return sorted(touching, key=lambda stretch: stretch[0] - stretch[1])

    def answer(self) -> str:
        if not self.rows:
            return ""
        worst = self.rows[0]
        if _down_h(worst) > 0:
            words = translate("Insights", "longest down: {port}, {figures}")
        elif _failed(worst):
            words = translate("Insights", "most failures: {port}, {figures}")
        else:
            return self._all_well()
        return words.format(port=worst.port, figures=_says(worst))

    def answer_key(self) -> object | None:
        failing = [row for row in self.rows[:1] if _failed(row)]
        return Failed(failing[0].port) if failing else None

    def _all_well(self) -> str:
        tried = sum(row.rate.n for row in self.rows if row.rate is not None)
        said = [translate("Insights", "no port was seen down")]
        if (found := rate(0, tried)) is not None:
            words = translate("Insights", "0 of {n} attempts failed (95 % interval 0–{high} %)")
            said.append(words.format(n=grouped(tried), high=f"{found.high:.0f}"))
        return ", ".join(said)

    def table(self) -> TableTwin:
        head = (
            translate("Insights", "Port"), translate("Insights", "Site"), translate("Insights", "Up / %"),
            translate("Insights", "Down / h"), translate("Insights", "Excused / h"),
            translate("Insights", "Known / %"), translate("Insights", "Outages over 5 min"),
            translate("Insights", "Up per outage / h"), translate("Insights", "Repair time / h"),
            translate("Insights", "Attempts"), translate("Insights", "Failed"), translate("Insights", "Failed / %"),
            translate("Insights", "95 % from"), translate("Insights", "95 % to"),
        )  # fmt: skip
        rows: list[tuple[object, ...]] = []
        for row in self.rows:
            a, r = row.available, row.rate
            figures: tuple[object, ...] = (None,) * 7
            if a is not None:
                figures = (
                    _round(a.nevi_actual_pct, 3), round(a.outage_min / 60, 2), round(a.excluded_min / 60, 2),
                    _round(a.coverage_pct, 1), a.failures, _round(a.mtbf_h, 1), _round(a.mttr_h, 2),
                )  # fmt: skip
            tried: tuple[object, ...] = (0, None, None, None, None)
            if r is not None:
                tried = (r.n, r.n - r.k, *(round(100 - part, 1) for part in (r.value, r.high, r.low)))
            rows.append((row.port, row.site, *figures, *tried))
        keys = [Failed(row.port) if _failed(row) else (row.port, self.period) for row in self.rows]
        return TableTwin(head, rows, keys)

    def draw(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        if not self.rows:
            self.say_empty(painter, area, nothing())
            return
        more = len(self.rows) - SHOWN
        further = translate("Insights", "{n} more ports in the table").format(n=more) if more > 0 else ""
        beside = metrics.horizontalAdvance(further) + 24 if further else 0.0
        lines = self.key_lines(list(kinds().values()), area.width() - beside)
        key = QRectF(area.left(), area.top(), area.width() - beside, line * lines)
        names = min(area.width() * 0.24, max(metrics.horizontalAdvance(r.port) for r in self.rows) + 10)
        says = min(
            area.width() * 0.4,
            max(metrics.horizontalAdvance(_says(r)) for r in self.rows[:SHOWN]) + 12,
        )
        bars = QRectF(area.left() + names, key.bottom() + 6, area.width() - names - says,
                      area.height() - line * (1.3 + lines) - 6)  # fmt: skip
        shown = self.rows[:SHOWN]
        high = bars.height() / len(shown)
        self._columns_said = self._say_columns(bars.width())
        for index, row in enumerate(shown):
            top = bars.top() + index * high
            bar = QRectF(bars.left(), top + high * 0.14, bars.width(), high * 0.72)
            name = QRectF(area.left(), top, names - 8, high)
            self.say(painter, name, row.port, elide=Qt.TextElideMode.ElideMiddle)  # a serial number stands last
            self._ribbon(painter, bar, row)
            words = QRectF(bars.right() + 8, top, says - 8, high)
            said = _says(row)
            if metrics.horizontalAdvance(said) > words.width():  # the figure that the picture cannot show
                said = said.rpartition(" · ")[2]
            self.say(painter, words, said, colour=self.theme.muted)
            failed = translate("Insights", "{port}: the failed attempts").format(port=row.port)
            self.marks.append(Mark(words, Failed(row.port), failed))
        self._times(painter, bars, line)
        parts = [(lambda box, kind=kind: self._fill(painter, box, kind), words) for kind, words in kinds().items()]
        self.key_line(painter, key, parts)  # type: ignore[arg-type]
        if further:
            box = QRectF(area.right() - beside + 12, area.top(), beside - 12, line)
            self.say(painter, box, further, align=Qt.AlignmentFlag.AlignRight, colour=self.theme.accent)
            self.marks.append(Mark(box, TABLE, further))

    def _ribbon(self, painter: QPainter, bar: QRectF, row: PortRow) -> None:
        if self._columns_said:
            self._columns(painter, bar, row)
        else:
            self._stretches(painter, bar, row)
        painter.setPen(QPen(QColor(self.theme.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)

    def _stretches(self, painter: QPainter, bar: QRectF, row: PortRow) -> None:
        start, end = self.period
        scale = bar.width() / (end - start)
        self.marks.append(Mark(bar, (row.port, self.period), f"{row.port}: {_says(row)}"))
        for kind in (UNKNOWN, FREE, IN_USE, EXCUSED, DOWN):
            grave = kind in (DOWN, EXCUSED)
            for low, high in row.spans.get(kind, []):
                box = QRectF(bar.left() + (low - start) * scale, bar.top(), (high - low) * scale, bar.height())
                if grave:
                    box.setWidth(max(box.width(), _LEAST_DOWN))
                    words = f"{row.port}: {kinds()[kind].partition(' (')[0]} {self._clock(low)} – {self._clock(high)}"
                    self.marks.append(Mark(box.adjusted(-2, 0, 2, 0), (row.port, (low, high)), words))
                self._fill(painter, box, kind)

    def _columns(self, painter: QPainter, bar: QRectF, row: PortRow) -> None:
        """Fill a column a day, a week or a month from below: down, excused, in use, free, no data."""
        start, end = self.period
        grid = np.array([start, *(high for (_, high), _ in self._columns_said)])
        names = {kind: words.partition(" (")[0] for kind, words in kinds().items()}
        hours = {kind: hours_of(row.spans.get(kind, ())).over(grid) for kind in _UPWARDS}
        scale = bar.width() / (end - start)
        for index, ((low, high), when) in enumerate(self._columns_said):
            column = QRectF(bar.left() + (low - start) * scale, bar.top(), (high - low) * scale, bar.height())
            self._column(painter, column, {kind: float(each[index]) for kind, each in hours.items()})
            said = [f"{names[kind]} {each[index]:.1f} h" for kind, each in hours.items() if each[index] >= 0.05]
            words = f"{row.port}, {when}: {', '.join(said) or nothing()}"
            self.marks.append(Mark(column, (row.port, (low, high)), words))

    def _say_columns(self, width: float) -> list[tuple[Interval, str]]:
        """Return the days that all ribbons have in common, else the weeks or months, whichever fit, with their words.

        None for a period so short that each stretch is drawn.
        """
        if self.period[1] - self.period[0] <= LONGEST_EXACT_S:
            return []
        fit = width / _LEAST_COLUMN
        limits = next(
            edges for step in (DAY, WEEK, MONTH)
            if len(edges := boundaries(self.period, str(self.zone), step)) - 1 <= fit or step == MONTH
        )  # fmt: skip
        return [((low, high), f"{self._clock(low)} – {self._clock(high)}") for low, high in pairwise(limits)]

    def _column(self, painter: QPainter, column: QRectF, hours: dict[str, float]) -> None:
        total = sum(hours.values())
        if total <= 0:
            return
        least = {kind: _LEAST_DOWN if kind in (DOWN, EXCUSED) and hours[kind] > 0 else 0.0 for kind in hours}
        rest = column.height() - sum(least.values())
        bottom = column.bottom()
        for kind in _UPWARDS:
            high = least[kind] + rest * hours[kind] / total
            box = QRectF(column.left(), bottom - high, max(column.width() - 1, 1), high)
            if high > 0:
                self._fill(painter, box, kind)
            bottom -= high

    def _fill(self, painter: QPainter, box: QRectF, kind: str) -> None:
        if kind == UNKNOWN:
            painter.fillRect(box, self.hatch())
            return
        if kind == FREE:
            quiet = QColor(self.theme.muted)
            quiet.setAlpha(60)
            painter.fillRect(box, quiet)
        elif kind == IN_USE:
            painter.fillRect(box, QColor(self.theme.phases[2]))
        else:
            colour = QColor(self.theme.fault if kind == DOWN else self.theme.warning)
            painter.fillRect(box, colour)
            if kind == EXCUSED:
                painter.fillRect(box, QBrush(QColor(self.theme.panel), Qt.BrushStyle.Dense6Pattern))

    def _times(self, painter: QPainter, bars: QRectF, line: float) -> None:
        start, end = self.period
        form = "%d %b" if end - start > 3 * 86400 else "%d %b %H:%M"
        room = QFontMetricsF(painter.font()).horizontalAdvance(datetime.fromtimestamp(start, self.zone).strftime(form))
        for part in range(0, 5, 1 if bars.width() > 5.5 * room else 4):
            at = start + (end - start) * part / 4
            words = datetime.fromtimestamp(at, self.zone).strftime(form)
            x = bars.left() + bars.width() * part / 4
            align = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)[part == 4]
            left = {0: x, 4: x - 90}.get(part, x - 45)
            align = align if part in (0, 4) else Qt.AlignmentFlag.AlignHCenter
            self.say(painter, QRectF(left, bars.bottom() + 2, 90, line), words, align=align, colour=self.theme.muted)
            painter.setPen(QColor(self.theme.muted))
            painter.drawLine(int(x), int(bars.bottom()), int(x), int(bars.bottom()) + 3)

    def _clock(self, moment: float) -> str:
        return datetime.fromtimestamp(moment, self.zone).strftime("%Y-%m-%d %H:%M")


def _says(row: PortRow) -> str:
    parts = []
    if row.available is not None and row.available.nevi_actual_pct is not None:
        pct = math.floor(100 * row.available.nevi_actual_pct) / 100  # a minute down never rounds to 100
        words, known = translate("Insights", "up {pct} %"), row.available.coverage_pct
        if known is not None and known < 99.5:
            words = translate("Insights", "up {pct} % of the {known} % known")
        parts.append(words.format(pct=f"{pct:.2f}", known=f"{known:.0f}"))
    else:
        parts.append(nothing())
    if row.rate is not None:
        words = translate("Insights", "{k} of {n} failed ({low}–{high} %)")
        parts.append(
            words.format(
                k=_failed(row), n=row.rate.n, low=f"{100 - row.rate.high:.0f}", high=f"{100 - row.rate.low:.0f}",
            )
        )  # fmt: skip
    return " · ".join(parts)


def _failed(row: PortRow) -> int:
    return row.rate.n - row.rate.k if row.rate is not None else 0


def _down_h(row: PortRow) -> float:
    a = row.available
    return 0.0 if a is None else (a.outage_min - a.excluded_min) / 60


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
