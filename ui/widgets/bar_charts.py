"""How did customers fare? A trend with its confidence; what failed most; energy by day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from evtech.insights.rates import Rate, rate
from evtech.insights.trends import MONTH, Stretch
from ui.widgets.chart import Chart, Mark, TableTwin, nothing
from ui.widgets.plots import nice_step
from ui.words import grouped, translate

FAILED_FIRST = object()  # the key of all first attempts that failed


class Trend(Chart):
    """Share of attempts, and of first attempts, that succeeded: a point a stretch with its 95 % interval."""

    def __init__(self) -> None:
        super().__init__(translate("Insights", "Success over time"), 11)
        self.stretches: list[Stretch] = []
        self.zone, self.step = ZoneInfo("UTC"), MONTH
        self.first_time: Rate | None = None

    def show_trend(self, stretches: Sequence[Stretch], step: str, zone: str, first_time: Rate | None) -> None:
        """Show the stretches; ``first_time`` is the rate of visits that succeeded at once in all of them."""
        self.stretches, self.step, self.zone, self.first_time = list(stretches), step, ZoneInfo(zone), first_time
        self.update()

    def answer(self) -> str:
        rate = self.first_time
        if rate is None:
            return ""
        words = translate("Insights", "{k} of {n} first attempts failed: {pct} % (95 % interval {low}–{high} %)")
        return words.format(
            k=grouped(rate.n - rate.k), n=grouped(rate.n), pct=f"{100 - rate.value:.1f}",
            low=f"{100 - rate.high:.1f}", high=f"{100 - rate.low:.1f}",
        )  # fmt: skip

    def answer_key(self) -> object | None:
        rate = self.first_time
        return FAILED_FIRST if rate is not None and rate.k < rate.n else None

    def table(self) -> TableTwin:
        head = (
            translate("Insights", "From"), translate("Insights", "Attempts"), translate("Insights", "Succeeded / %"),
            translate("Insights", "95 % from"), translate("Insights", "95 % to"),
            translate("Insights", "First attempts"), translate("Insights", "Succeeded / %"),
            translate("Insights", "95 % from"), translate("Insights", "95 % to"),
        )  # fmt: skip
        rows: list[tuple[object, ...]] = [
            (self._name(s), s.attempts, *_figures(s.success), s.first_time.n if s.first_time else 0,
             *_figures(s.first_time))
            for s in self.stretches
        ]  # fmt: skip
        return TableTwin(head, rows, self.stretches)

    def draw(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        rates = [r for s in self.stretches for r in (s.success, s.first_time) if r is not None]
        if not rates:
            self.say_empty(painter, area, nothing())
            return
        bottom_pct = max(0.0, min(r.low for r in rates) - 3)
        bottom_pct = bottom_pct // 20 * 20  # so that lines lie at full tens
        left = area.left() + metrics.horizontalAdvance("100 %") + 8
        names = self._key_names()
        above = line * (0.5 + self.key_lines(names, area.width()))
        plot = QRectF(left, area.top() + above, area.right() - left - 4, area.height() - above - line * 2.7)
        lines = {40.0: 3, 0.0: 5}.get(bottom_pct, 4)
        for part in range(lines + 1):
            level = bottom_pct + (100 - bottom_pct) * part / lines
            y = plot.bottom() - plot.height() * part / lines
            painter.setPen(QPen(QColor(self.theme.line), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            box = QRectF(area.left(), y - line / 2, left - area.left() - 6, line)
            self.say(painter, box, f"{level:.0f} %", align=Qt.AlignmentFlag.AlignRight, colour=self.theme.muted)
        wide = plot.width() / len(self.stretches)
        scale = plot.height() / (100 - bottom_pct)
        for shift, which, style in ((-0.12, "success", 0), (0.12, "first_time", 1)):
            self._series(painter, plot, wide, scale, bottom_pct, shift, which, style)
        every = max(1, int(len(self.stretches) * (metrics.horizontalAdvance(" 00 Mmm ")) / plot.width() + 0.999))
        for index, stretch in enumerate(self.stretches):
            middle = plot.left() + wide * (index + 0.5)
            if index % every == 0:
                box = QRectF(middle - 60, plot.bottom() + 3, 120, line)
                self.say(painter, box, self._short(stretch), align=Qt.AlignmentFlag.AlignHCenter,
                         colour=self.theme.muted)  # fmt: skip
                box = QRectF(middle - 60, plot.bottom() + 3 + line, 120, line)
                words = str(stretch.attempts) if index else f"n = {stretch.attempts}"
                self.say(painter, box, words, align=Qt.AlignmentFlag.AlignHCenter, colour=self.theme.muted)
            column = QRectF(plot.left() + wide * index, plot.top(), wide, plot.height())
            if stretch.success is None:
                painter.fillRect(column.adjusted(wide * 0.2, 0, -wide * 0.2, 0), self.hatch())
            self.marks.append(Mark(column, stretch, self._words(stretch)))
        key = QRectF(area.left(), area.top(), area.width(), line)
        swatches: list[Callable[[QRectF], None]] = [
            lambda box: self._dot(painter, box.center(), 0),
            lambda box: self._dot(painter, box.center(), 1),
            lambda box: self._whisker(painter, box),
        ]
        self.key_line(painter, key, list(zip(swatches, names, strict=True)))

    @staticmethod
    def _key_names() -> list[str]:
        return [
            translate("Insights", "attempts that succeeded"), translate("Insights", "first attempts that succeeded"),
            translate("Insights", "95 % interval"),
        ]  # fmt: skip

    def _series(self, painter: QPainter, plot: QRectF, wide: float, scale: float, bottom: float, shift: float,
                which: str, style: int) -> None:  # fmt: skip
        colour = QColor(self.theme.phases[style])
        before: QPointF | None = None
        for index, stretch in enumerate(self.stretches):
            rate: Rate | None = getattr(stretch, which)
            if rate is None:
                before = None
                continue
            x = plot.left() + wide * (index + 0.5 + shift)
            place = [plot.bottom() - (v - bottom) * scale for v in (rate.value, rate.low, rate.high)]
            painter.setPen(QPen(colour, 2))
            painter.drawLine(QPointF(x, place[1]), QPointF(x, place[2]))
            at = QPointF(x, place[0])
            if before is not None:
                painter.setPen(QPen(colour, 1, (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)[style]))
                painter.drawLine(before, at)
            self._dot(painter, at, style)
            before = at

    def _dot(self, painter: QPainter, at: QPointF, style: int) -> None:
        colour = QColor(self.theme.phases[style])
        painter.setPen(QPen(colour, 2))
        painter.setBrush(colour if style == 0 else QColor(self.theme.panel))
        if style == 0:
            painter.drawEllipse(at, 3.5, 3.5)
        else:
            painter.drawRect(QRectF(at.x() - 3, at.y() - 3, 6, 6))

    def _whisker(self, painter: QPainter, box: QRectF) -> None:
        painter.setPen(QPen(QColor(self.theme.muted), 2))
        painter.drawLine(QPointF(box.center().x(), box.top() - 2), QPointF(box.center().x(), box.bottom() + 2))

    def _words(self, stretch: Stretch) -> str:
        rate = stretch.success
        if rate is None:
            return f"{self._name(stretch)}: {nothing()}"
        words = translate("Insights", "{when}: {k} of {n} attempts succeeded, {pct} % ({low} to {high} %)")
        return words.format(when=self._name(stretch), k=rate.k, n=rate.n, pct=f"{rate.value:.1f}",
                            low=f"{rate.low:.1f}", high=f"{rate.high:.1f}")  # fmt: skip

    def _name(self, stretch: Stretch) -> str:
        return datetime.fromtimestamp(stretch.start, self.zone).strftime("%Y-%m" if self.step == MONTH else "%Y-%m-%d")

    def _short(self, stretch: Stretch) -> str:
        return datetime.fromtimestamp(stretch.start, self.zone).strftime("%b" if self.step == MONTH else "%d %b")


@dataclass(frozen=True, slots=True)
class Part:
    """One bar of a Pareto chart."""

    key: str
    name: str
    size: float


class Pareto(Chart):
    """Causes by size, the largest first, with their share and the sum so far."""

    MOST = 8

    def __init__(self, name: str, unit: str, one: str | None = None) -> None:
        """Make a chart of sizes in a unit; with a word for ``one`` they are counted, and have an uncertainty."""
        super().__init__(name, 11)
        self._unit, self._one, self._is_count = unit, one or unit, one is not None
        self.parts: list[Part] = []

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Show causes, largest first."""
        self.parts = list(parts)
        self._lines = 2 + 2 * min(max(len(parts), 2), self.MOST)
        self.updateGeometry()
        self.update()

    def answer(self) -> str:
        total = sum(part.size for part in self.parts)
        if not total:
            return ""
        first = self.parts[0]
        words = translate("Insights", "{cause}: {pct} of {total} {unit}")
        return words.format(
            cause=first.name, pct=self._share(first.size, total), total=grouped(total), unit=self._named(total)
        )

    def answer_key(self) -> object | None:
        return self.parts[0].key if self.parts else None

    def _share(self, size: float, total: float) -> str:
        """Return a share; what was counted has its 95 % interval, what was measured has none."""
        share = f"{100 * size / total:.0f} %"
        found = rate(round(size), round(total)) if self._is_count else None
        return share if found is None else f"{share} ({found.low:.0f}–{found.high:.0f} %)"

    def table(self) -> TableTwin:
        head = (translate("Insights", "Cause"), self._unit, translate("Insights", "Share / %"),
                translate("Insights", "Sum of shares / %"))  # fmt: skip
        total, so_far = sum(p.size for p in self.parts), 0.0
        rows: list[tuple[object, ...]] = []
        for part in self.parts:
            so_far += part.size
            rows.append((part.name, round(part.size, 2), round(100 * part.size / total, 1),
                         round(100 * so_far / total, 1)))  # fmt: skip
        return TableTwin(head, rows, [part.key for part in self.parts])

    def draw(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        total = sum(part.size for part in self.parts)
        if not total:
            self.say_empty(painter, area, translate("Insights", "none in this period"), is_measured=True)
            return
        shown = self.parts[: self.MOST]
        names = min(area.width() * 0.42, max(metrics.horizontalAdvance(p.name) for p in shown) + 10)
        says = max(metrics.horizontalAdvance(self._says(p.size, total, total)) for p in shown)
        bars = QRectF(area.left() + names, area.top(), max(40.0, area.width() - names - says - 8), area.height())
        high = min(bars.height() / len(shown), metrics.height() * 2)
        so_far = 0.0
        for index, part in enumerate(shown):
            so_far += part.size
            row = QRectF(area.left(), area.top() + index * high, area.width(), high)
            self.say(painter, QRectF(row.left(), row.top(), names - 8, high), part.name)
            bar = QRectF(bars.left(), row.top() + high * 0.18, bars.width() * part.size / shown[0].size, high * 0.64)
            painter.fillRect(bar, QColor(self.theme.phases[1]))
            words = self._says(part.size, so_far, total)
            self.say(painter, QRectF(bar.right() + 6, row.top(), area.right() - bar.right(), high), words,
                     colour=self.theme.muted)  # fmt: skip
            self.marks.append(Mark(row, part.key, f"{part.name}: {words}"))

    def _says(self, size: float, so_far: float, total: float) -> str:
        so_far_words = translate("Insights", "{pct} % so far").format(pct=f"{100 * so_far / total:.0f}")
        return f"{grouped(size)} {self._named(size)} · {self._share(size, total)} · {so_far_words}"

    def _named(self, size: float) -> str:
        return self._one if size == 1 else self._unit


class DailyEnergy(Chart):
    """Energy a day; hatched where nobody watched."""

    def __init__(self) -> None:
        super().__init__(translate("Insights", "Energy per day"), 11)
        self.days: list[Stretch] = []
        self.zone = ZoneInfo("UTC")

    def show_days(self, days: Sequence[Stretch], zone: str) -> None:
        """Show days."""
        self.days, self.zone = list(days), ZoneInfo(zone)
        self.update()

    def answer(self) -> str:
        watched = [day for day in self.days if day.exposure_h > 0]
        if not watched:
            return ""
        best = max(watched, key=lambda day: day.kwh)
        words = translate("Insights", "{total} kWh; most on {day}: {kwh} kWh")
        return words.format(total=grouped(sum(day.kwh for day in watched)), day=self._name(best), kwh=grouped(best.kwh))

    def table(self) -> TableTwin:
        head = (translate("Insights", "Day"), translate("Insights", "Energy / kWh"), translate("Insights", "Attempts"),
                translate("Insights", "Watched / port-hours"))  # fmt: skip
        return TableTwin(head, [
            (self._name(d), round(d.kwh, 3) if d.exposure_h > 0 else None, d.attempts, round(d.exposure_h, 1))
            for d in self.days
        ], self.days)  # fmt: skip

    def answer_key(self) -> object | None:
        watched = [day for day in self.days if day.exposure_h > 0 and day.attempts]
        return max(watched, key=lambda day: day.kwh) if watched else None

    def draw(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        if not any(day.exposure_h > 0 for day in self.days):
            self.say_empty(painter, area, nothing())
            return
        most = max(day.kwh for day in self.days) or 1.0
        step = nice_step(most)
        top = -(-most // step) * step
        left = area.left() + metrics.horizontalAdvance(f"{top:,.0f} kWh") + 8
        plot = QRectF(left, area.top() + line * 0.6, area.right() - left, area.height() - line * 2.1)
        level = 0.0
        while level <= top:
            y = plot.bottom() - plot.height() * level / top
            painter.setPen(QPen(QColor(self.theme.line), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            words = f"{grouped(level)} kWh"
            self.say(painter, QRectF(area.left(), y - line / 2, left - area.left() - 6, line), words,
                     align=Qt.AlignmentFlag.AlignRight, colour=self.theme.muted)  # fmt: skip
            level += step
        wide = plot.width() / len(self.days)
        for index, day in enumerate(self.days):
            column = QRectF(plot.left() + wide * index, plot.top(), wide, plot.height())
            if day.exposure_h <= 0:
                painter.fillRect(column, self.hatch())
            else:
                high = plot.height() * day.kwh / top
                inset = wide * 0.12 if wide > 3 else 0
                bar = QRectF(column.left() + inset, plot.bottom() - high, wide - 2 * inset, high)
                painter.fillRect(bar, QColor(self.theme.phases[0]))
            words = f"{day.kwh:.1f} kWh" if day.exposure_h > 0 else nothing()
            self.marks.append(Mark(column, day, f"{self._name(day)}: {words}"))
        every = max(1, int(len(self.days) * metrics.horizontalAdvance("00 Mmm  ") / plot.width() + 0.999))
        for index in range(0, len(self.days), every):
            box = QRectF(plot.left() + wide * index, plot.bottom() + 2, 100, line)
            words = datetime.fromtimestamp(self.days[index].start, self.zone).strftime("%d %b")
            if box.left() + metrics.horizontalAdvance(words) <= area.right():
                self.say(painter, box, words, colour=self.theme.muted)

    def _name(self, day: Stretch) -> str:
        return datetime.fromtimestamp(day.start, self.zone).strftime("%Y-%m-%d")


def _figures(rate: Rate | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if rate is None else (round(rate.value, 1), round(rate.low, 1), round(rate.high, 1))
