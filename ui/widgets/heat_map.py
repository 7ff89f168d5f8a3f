"""When is it full? Occupation by local hour of the week: seven rows, 24 columns, the figure in each cell."""

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter

from evtech.insights.demand import WeekHours
from evtech.insights.weekly import WeekSpread
from ui.theme import FIELD, contrast
from ui.widgets.chart import Chart, Mark, TableTwin, nothing
from ui.words import translate

INKS = ("#000000", "#ffffff")  # of a cell's figure: between these two 4.5:1 is always to be had
FIELD_DEPTH = 0.53


def weekdays() -> tuple[str, ...]:
    """Return short names of the days, Monday first."""
    return (
        translate("Insights", "Mon"), translate("Insights", "Tue"), translate("Insights", "Wed"),
        translate("Insights", "Thu"), translate("Insights", "Fri"), translate("Insights", "Sat"),
        translate("Insights", "Sun"),
    )  # fmt: skip


def hour_name(hour: int) -> str:
    """Return an hour of the week in words (0 = Monday 0 h)."""
    return f"{weekdays()[hour // 24]} {hour % 24}–{hour % 24 + 1} h"


class HeatMap(Chart):
    """Share of the watched port-hours in which a vehicle stood there; hatched where nobody watched."""

    def __init__(self) -> None:
        super().__init__(translate("Insights", "Occupation by hour of the week"), 11)
        self.week: WeekHours | None = None
        self.spread: WeekSpread | None = None

    def show_week(self, week: WeekHours, spread: WeekSpread) -> None:
        """Show 168 hours, and what single weeks differ."""
        self.week, self.spread = week, spread
        self.update()

    def answer(self) -> str:
        shares = [(share, hour) for hour in range(168) if (share := self.share(hour))]
        if not shares:
            return ""
        share, hour = max(shares)
        words = translate("Insights", "fullest: {hour}, {pct} % occupied{weeks}")
        return words.format(hour=hour_name(hour), pct=f"{100 * share:.0f}", weeks=self._weeks(hour))

    def answer_key(self) -> object | None:
        shares = [(share, hour) for hour in range(168) if (share := self.share(hour))]
        return max(shares)[1] if shares else None

    def below(self) -> int:
        return 24

    def share(self, hour: int) -> float | None:
        """Return the occupied share of an hour (0..1), ``None`` where nothing was watched."""
        if self.week is None or self.week.exposure_h[hour] <= 0:
            return None
        return min(1.0, float(self.week.occupied_h[hour] / self.week.exposure_h[hour]))

    def table(self) -> TableTwin:
        head = (
            translate("Insights", "Day"), translate("Insights", "Hour"), translate("Insights", "Occupied / %"),
            translate("Insights", "Weeks"), translate("Insights", "Lowest week / %"),
            translate("Insights", "Median / %"), translate("Insights", "90th percentile / %"),
            translate("Insights", "Highest week / %"), translate("Insights", "Energy / kWh per port-hour"),
            translate("Insights", "Watched / port-hours"),
        )  # fmt: skip
        rows: list[tuple[object, ...]] = []
        for hour in range(168):
            share = self.share(hour)
            exposed = float(self.week.exposure_h[hour]) if self.week is not None else 0.0
            kwh = float(self.week.kwh[hour]) / exposed if self.week is not None and exposed > 0 else None
            percent = None if share is None else round(100 * share, 1)
            rows.append((weekdays()[hour // 24], hour % 24, percent, *self._figures(hour),
                         None if kwh is None else round(kwh, 3), round(exposed, 1)))  # fmt: skip
        return TableTwin(head, rows, range(168))

    def draw(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        left = area.left() + max(metrics.horizontalAdvance(day) for day in weekdays()) + 8
        bottom = area.bottom() - line * 1.35
        grid = QRectF(left, area.top() + line * 1.1, area.right() - left, bottom - area.top() - line * 1.2)
        if self.week is None or not self.week.exposure_h.any():
            self.say_empty(painter, area, nothing())
            return
        wide, high = grid.width() / 24, grid.height() / 7
        for hour in range(0, 24, 1 if wide > metrics.horizontalAdvance("00") * 1.7 else 3):
            box = QRectF(grid.left() + hour * wide - wide, area.top(), wide * 3, line)
            self.say(painter, box, str(hour), align=Qt.AlignmentFlag.AlignHCenter, colour=self.theme.muted)
        small = painter.font()
        small.setPointSizeF(small.pointSizeF() * 0.85)
        fits = QFontMetricsF(small).horizontalAdvance("88") + 4 < wide and QFontMetricsF(small).height() < high
        for hour in range(168):
            cell = QRectF(grid.left() + hour % 24 * wide, grid.top() + hour // 24 * high, wide, high)
            self._cell(painter, cell.adjusted(0.5, 0.5, -0.5, -0.5), hour, small if fits else None)
        for day, name in enumerate(weekdays()):
            box = QRectF(area.left(), grid.top() + day * high, left - area.left(), high)
            self.say(painter, box, name, colour=self.theme.muted)
        self._key(painter, QRectF(grid.left(), bottom + line * 0.25, grid.width(), line))

    def _cell(self, painter: QPainter, cell: QRectF, hour: int, font: object) -> None:
        share = self.share(hour)
        name = hour_name(hour)
        if share is None:
            painter.fillRect(cell, self.hatch())
            self.marks.append(Mark(cell, hour, f"{name}: {nothing()}"))
            return
        colour = self._colour(share)
        painter.fillRect(cell, colour)
        exposed = float(self.week.exposure_h[hour]) if self.week is not None else 0.0
        words = translate("Insights", "{hour}: occupied {pct} % of {watched} port-hours watched{weeks}")
        said = words.format(hour=name, pct=f"{100 * share:.0f}", watched=f"{exposed:.0f}", weeks=self._weeks(hour))
        self.marks.append(Mark(cell, hour, said))
        if font is None:
            return
        usual = painter.font()
        painter.setFont(font)  # type: ignore[arg-type]
        ink = max(INKS, key=lambda ink: contrast(ink, colour.name()))
        self.say(painter, cell, f"{100 * share:.0f}", align=Qt.AlignmentFlag.AlignHCenter, colour=ink)
        painter.setFont(usual)

    def _weeks(self, hour: int) -> str:
        """Return in brackets what single weeks were, or that one week is all there is."""
        if self.spread is None or self.spread.weeks[hour] < 1:
            return ""
        if self.spread.weeks[hour] < 2:
            return translate("Insights", " (one week only)")
        words = translate("Insights", " ({n} weeks: {low}–{high} %)")
        low, high = (f"{100 * float(part[hour]):.0f}" for part in (self.spread.low, self.spread.high))
        return words.format(n=int(self.spread.weeks[hour]), low=low, high=high)

    def _figures(self, hour: int) -> tuple[float | int | None, ...]:
        if self.spread is None:
            return (None,) * 5
        parts = (self.spread.low, self.spread.median, self.spread.p90, self.spread.high)
        shares = (float(part[hour]) for part in parts)
        return int(self.spread.weeks[hour]), *(None if math.isnan(s) else round(100 * s, 1) for s in shares)

    def _key(self, painter: QPainter, area: QRectF) -> None:
        words = translate("Insights", "occupied, % of the hours watched")
        metrics = QFontMetricsF(painter.font())
        rest = metrics.horizontalAdvance(f"0 100 · {words}{nothing()}") + 90 + 60
        if rest > area.width():
            words = translate("Insights", "% occupied")
        bar = QRectF(area.left() + metrics.horizontalAdvance("0 "), area.center().y() - 5, 90, 10)
        ramp = QLinearGradient(bar.topLeft(), bar.topRight())
        for stop in range(11):
            ramp.setColorAt(stop / 10, self._colour(stop / 10))
        self.say(painter, area, "0", colour=self.theme.muted)
        painter.fillRect(bar, ramp)
        text = QRectF(bar.right() + 5, area.top(), area.right() - bar.right(), area.height())
        self.say(painter, text, f"100 · {words}", colour=self.theme.muted)
        end = text.left() + metrics.horizontalAdvance(f"100 · {words}") + 18
        self.key_line(painter, QRectF(end, area.top(), area.right() - end, area.height()),
                      [(lambda box: painter.fillRect(box, self.hatch()), nothing())])  # fmt: skip

    def _colour(self, share: float) -> QColor:
        """Return a step from the window's colour to the purple of the theme: no severity is meant.

        In the field the darkest step stays so light that black figures keep their 7:1.
        """
        low, high = QColor(self.theme.window), QColor(self.theme.phases[1])
        part = share**0.8 * (FIELD_DEPTH if self.theme is FIELD else 1.0)
        return QColor(*(round(a + (b - a) * part) for a, b in zip(low.getRgb()[:3], high.getRgb()[:3], strict=True)))
