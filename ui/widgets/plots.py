"""Three linked plots of voltage, current and power, drawn from a history or from the archive.

Pen width 1 is the only fast one. A gap is a gap: NaN breaks the line. The vertical range moves in 1-2-5 steps and only
when the curve leaves it or uses little of it, so that the picture is calm.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from ui.theme import LIGHT, Theme
from ui.words import translate

Window = Callable[[str, float, float, int], tuple[np.ndarray, np.ndarray]]
LABEL_ROWS = 3  # of words of marks above each other; what finds no room is told by its line alone
_MARGIN = 0.03  # of the time shown, at the right, for the names of the curves
_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: title, unit shown, divisor from the base unit, and the points of its curves."""

    title: str
    unit: str
    divisor: float
    points: tuple[str, ...]
    labels: tuple[str, ...] = ()  # at the ends of the curves; L1 to L3 where there are three


def panels_for(points: set[str]) -> list[Panel]:
    """Return the plots that a device's points allow."""
    phases = ("l1", "l2", "l3")
    power = "power_total" if "power_total" in points else "apparent_power_total"
    wanted = [
        Panel(translate("Plot", "Voltage"), "V", 1, tuple(f"voltage_{p}" for p in phases)),
        Panel(translate("Plot", "Current"), "A", 1, tuple(f"current_{p}" for p in phases)),
        Panel(translate("Plot", "Power"), "kW" if power == "power_total" else "kVA", 1000, (power,)),
    ]
    kept = [Panel(p.title, p.unit, p.divisor, tuple(n for n in p.points if n in points)) for p in wanted]
    return [panel for panel in kept if panel.points]


_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)


class TimeAxis(pg.AxisItem):
    """Local clock times, at full seconds, minutes and hours as a clock has them."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        advance = QFontMetrics(QApplication.font()).horizontalAdvance
        a_pixel = (maxVal - minVal) / max(size, 1.0)
        room = {True: 1.8 * advance("00:00:00") * a_pixel, False: 2.2 * advance("00:00") * a_pixel}
        step = next((step for step in _STEPS_S if step >= room[step < 60]), _STEPS_S[-1])
        offset = datetime.fromtimestamp(max(minVal, 86400.0)).astimezone().utcoffset()
        return [(step, -offset.total_seconds() % step if offset is not None else 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        form = "%H:%M:%S" if spacing < 60 else "%H:%M" if spacing < 86400 else "%d %b"
        return [datetime.fromtimestamp(value).strftime(form) if value > 0 else "" for value in values]  # noqa: DTZ006


def _faint(theme: Theme) -> QPen:
    colour = QColor(theme.line)
    colour.setAlpha(110 if theme.name != "field" else 50)
    return pg.mkPen(colour)


class _Rules(pg.GraphicsObject):
    """Faint horizontal lines at the ticks; pyqtgraph's own grid costs 5 ms an axis and frame."""

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__()
        self._plot = plot
        self.pen = _faint(LIGHT)
        self.setZValue(-10)

    def boundingRect(self) -> QRectF:
        return self._plot.vb.viewRect()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: object) -> None:
        (left, right), (low, high) = self._plot.viewRange()
        painter.setPen(self.pen)
        step = nice_step(high - low)
        at = math.ceil(low / step) * step
        while at <= high:
            painter.drawLine(QPointF(left, at), QPointF(right, at))
            at += step


class Plots(QWidget):
    """Stacked plots with one time axis; ``redraw`` pulls from a source, whoever owns the timer calls it."""

    def __init__(self, points: set[str], parent: QWidget | None = None, panels: list[Panel] | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self.margin = _MARGIN
        self._view = pg.GraphicsLayoutWidget()
        self._view.ci.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self.panels = panels if panels is not None else panels_for(points)
        self._plots: list[pg.PlotItem] = []
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._marks: list[tuple[pg.PlotItem, object]] = []
        self._labels: list[tuple[pg.TextItem, float, float]] = []  # of marks: where they are, how wide (px)
        self._ends: dict[str, pg.TextItem] = {}
        self._marked: object = None
        self._span = (0.0, 1.0)
        # a timer of its own: a signal of a plot could still come while the plots are being taken apart
        self._later = QTimer(self, interval=0, singleShot=True)
        self._later.timeout.connect(self._fit)
        self._heights: list[dict[str, tuple[float, float]]] = []  # where the curves of each plot end
        for row, panel in enumerate(self.panels):
            self._add(row, panel)
        self._followers: list[pg.InfiniteLine] = []
        self._add_cursors()
        self.setAccessibleName(translate("Plot", "Curves of voltage, current and power"))
        self.apply_theme(LIGHT)

    def sizeHint(self) -> QSize:
        """Ask for no more than is needed: what is left of the page is given anyway."""
        return QSize(400, self.minimumHeight())

    def redraw(self, window: Window, start: float, end: float) -> None:
        """Draw [start, end] (s since 1970) from a source of (point, start, end, pixels)."""
        pixels = max(self.width(), 200)
        self._span, self._heights = (start, end), []
        for plot, panel in zip(self._plots, self.panels, strict=True):
            extremes: list[float] = []
            heights: dict[str, tuple[float, float]] = {}
            for name in panel.points:
                times, values = window(name, start, end, pixels)
                scaled = values / panel.divisor
                self._curves[name].setData(times, scaled, connect="finite")
                real = scaled[np.isfinite(scaled)]
                if len(real):
                    extremes += [float(real.min()), float(real.max())]
                    last = int(np.flatnonzero(np.isfinite(scaled))[-1])
                    heights[name] = (float(times[last]), float(scaled[last]))
                self._ends[name].setVisible(bool(len(real)))
            if extremes:
                _calm_range(plot, min(extremes), max(extremes))
            self._heights.append({name: (min(x, end), y) for name, (x, y) in heights.items()})
        self._fit()

    def _fit(self) -> None:
        """Put into the plots' present size what depends on it: a picture that is drawn once is laid out afterwards."""
        start, end = self._span
        for plot, heights in zip(self._plots, self._heights, strict=False):
            plot.setXRange(start, end + self._margin_for(plot) * (end - start), padding=0.0)
            self._put_ends(plot, heights)
        self._put_labels()

    def _margin_for(self, plot: pg.PlotItem) -> float:
        """Return the share of the time shown that is kept free at the right: the curves' names fit into it."""
        names = QFontMetrics(QApplication.font()).horizontalAdvance("L1") + 8
        return max(self.margin, names / max(plot.vb.width() - names, 4.0 * names))

    def show_cursors(self, shown: bool, start: float = 0.0, end: float = 0.0) -> None:
        """Show or hide two lines that can be dragged; shown anew they stand at thirds of [start, end]."""
        for index, line in enumerate(self.cursors):
            line.setVisible(shown)
            if shown:
                line.setValue(start + (end - start) * (index + 1) / 3)

    def set_cursor(self, index: int, at: float) -> None:
        """Put cursor A (0) or B (1) to a time."""
        self.cursors[index].setValue(at)

    def _add_cursors(self) -> None:
        """Make a line a cursor and plot; all lines of a cursor move with the one that is dragged."""
        self.cursors: list[pg.InfiniteLine] = []
        for name in ("A", "B"):
            lines = []
            for row, plot in enumerate(self._plots):
                label = name if row == 0 else None
                line = pg.InfiniteLine(0, 90, movable=True, label=label, labelOpts={"position": 0.9})
                line.setVisible(False)
                line.setZValue(20)
                plot.addItem(line, ignoreBounds=True)
                lines.append(line)
            self._followers += lines
            self.cursors += lines[:1]
            for line in lines:
                line.sigPositionChanged.connect(lambda moved, lines=lines: _follow(moved, lines))
            for line in lines[1:]:
                lines[0].visibleChanged.connect(lambda first=lines[0], line=line: line.setVisible(first.isVisible()))

    def _put_ends(self, plot: pg.PlotItem, heights: dict[str, tuple[float, float]]) -> None:
        """Put the curves' names right of their ends, moved apart where they would cover each other."""
        if not heights:
            return
        low, high = plot.viewRange()[1]
        line = QFontMetrics(QApplication.font()).height() * 0.95
        row = (high - low) * line / max(plot.vb.height(), 30)  # height of a name in the plot's unit
        names = sorted(heights, key=lambda name: heights[name][1])
        places = _apart([heights[name][1] for name in names], row, low + row / 2, high - row / 2)
        for name, place in zip(names, places, strict=True):
            self._ends[name].setPos(heights[name][0], place)

    def show_marks(self, gaps: list[tuple[float, float]], events: list[tuple[float, str]]) -> None:
        """Shade gaps and mark events; drawn anew only when they change."""
        key = (tuple(gaps), tuple(events))
        if key == self._marked:
            return
        self._marked = key
        for plot, item in self._marks:
            plot.removeItem(item)
        self._marks.clear()
        brush = QColor(self.theme.muted)
        brush.setAlpha(50)
        for plot in self._plots:
            for start, end in gaps:
                region = pg.LinearRegionItem((start, end), movable=False, brush=brush, pen=pg.mkPen(None))
                self._keep(plot, region)
            for at, _ in events:
                self._keep(plot, pg.InfiniteLine(at, 90, self._pen(self.theme.muted, 2)))
        words = [(start, translate("Plot", "gap {s:.0f} s").format(s=end - start)) for start, end in gaps]
        self._labels = [self._label(at, text) for at, text in sorted([*words, *events])]
        self._put_labels()

    def _label(self, at: float, text: str) -> tuple[pg.TextItem, float, float]:
        item = pg.TextItem(text, self.theme.muted, anchor=(0, 0))
        if self._plots:
            self._keep(self._plots[0], item)
        return item, at, QFontMetrics(QApplication.font()).horizontalAdvance(text) + 14.0

    def _put_labels(self) -> None:
        """Put the words of marks into rows at the top, where they cover neither each other nor the curves' names."""
        if not self._labels or not self._plots:
            return
        plot = self._plots[0]
        (left, right), (low, high) = plot.viewRange()
        a_pixel = (right - left) / max(plot.vb.width(), 1.0)
        row = (high - low) * QFontMetrics(QApplication.font()).height() / max(plot.vb.height(), 30.0)
        names = max((end.pos().x() for end in self._ends.values() if end.isVisible()), default=right)
        free = [left] * LABEL_ROWS
        for item, at, pixels in self._labels:
            wide = pixels * a_pixel
            meets_names = at < names + 20 * a_pixel and at + wide > names
            place = at - wide if meets_names or at + wide > right else at
            into = next((n for n, edge in enumerate(free) if edge <= place), None)
            item.setVisible(into is not None and left <= at <= right)
            if into is not None and left <= at <= right:
                free[into] = place + wide
                item.setPos(place, high - into * row)

    def show_limits(self, limits: list[tuple[float, ...]]) -> None:
        """Draw limits as labelled level lines, one tuple a plot in the plot's unit, and make room for them."""
        for plot, panel, values in zip(self._plots, self.panels, limits, strict=True):
            for value in values:
                words = translate("Plot", "limit {value} {unit}").format(value=f"{value:g}", unit=panel.unit)
                options = {"position": 0.6, "color": self.theme.text, "anchors": [(0, 1), (0, 1)]}
                line = pg.InfiniteLine(value, 0, self._pen(self.theme.text, 1), label=words, labelOpts=options)
                self._keep(plot, line)
                low, high = plot.viewRange()[1]
                room = 0.12 * (max(high, value) - min(low, value))
                if not low + room <= value <= high - room:
                    plot.setYRange(min(low, value - room), max(high, value + room), padding=0)

    def apply_theme(self, theme: Theme) -> None:
        """Restyle by hand: pyqtgraph does not follow palettes."""
        self.theme = theme
        self._marked = None
        self._view.setBackground(theme.panel)
        for line in self._followers:
            line.setPen(self._pen(theme.text, 0))
            line.setHoverPen(self._pen(theme.accent, 0))
            if getattr(line, "label", None) is not None:
                line.label.setColor(theme.text)
        for plot, panel in zip(self._plots, self.panels, strict=True):
            rules = next(item for item in plot.items if isinstance(item, _Rules))
            rules.pen = _faint(theme)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pg.mkPen(theme.line))
                axis.setTextPen(pg.mkPen(theme.muted))
            for index, name in enumerate(panel.points):
                self._curves[name].setPen(self._pen(theme.phases[index], index))
                self._ends[name].setColor(theme.phases[index])
        self._name_axes()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the unit alone at an axis that is too short for its name."""
        super().resizeEvent(event)
        self._name_axes()
        self._later.start()  # when the plots have taken their new size

    def _name_axes(self) -> None:
        metrics = self.fontMetrics()
        room = (self.height() - 2 * metrics.height()) / max(len(self._plots), 1) - 12
        for plot, panel in zip(self._plots, self.panels, strict=True):
            whole = f"{panel.title} / {panel.unit}"
            words = whole if metrics.horizontalAdvance(whole) < room else panel.unit
            plot.setLabel("left", words, color=self.theme.muted)

    def _add(self, row: int, panel: Panel) -> None:
        plot = self._view.addPlot(row=row, col=0, axisItems={"bottom": TimeAxis("bottom")})
        plot.getAxis("left").setWidth(64)
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.addItem(_Rules(plot), ignoreBounds=True)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        if row < len(self.panels) - 1:
            plot.getAxis("bottom").setStyle(showValues=False)
            plot.getAxis("bottom").setHeight(8)
        for index, name in enumerate(panel.points):
            self._curves[name] = plot.plot()
            usual = f"L{index + 1}" if len(panel.points) > 1 else "P"
            end = pg.TextItem(panel.labels[index] if panel.labels else usual, anchor=(0, 0.5))
            plot.addItem(end, ignoreBounds=True)
            self._ends[name] = end
        self._plots.append(plot)

    def _keep(self, plot: pg.PlotItem, item: object) -> None:
        plot.addItem(item, ignoreBounds=True)
        self._marks.append((plot, item))

    @staticmethod
    def _pen(colour: str, style: int) -> QPen:
        return pg.mkPen(colour, width=1, style=_STYLES[style])


def _follow(moved: pg.InfiniteLine, lines: list[pg.InfiniteLine]) -> None:
    for line in lines:
        if line is not moved and line.value() != moved.value():
            line.setValue(moved.value())


def _apart(values: list[float], least: float, low: float, high: float) -> list[float]:
    """Return places for rising values that are ``least`` apart and, as far as there is room, within [low, high]."""
    places: list[float] = []
    for value in values:
        places.append(max(value, places[-1] + least if places else low))
    ceiling = high
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], ceiling)
        ceiling = places[index] - least
    return places


def nice_step(span: float) -> float:
    """Return the 1-2-5 step that divides a span into about four."""
    raw = max(span, 1e-6) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)


def _calm_range(plot: pg.PlotItem, low: float, high: float) -> None:
    """Set the vertical range in nice steps; leave it while the curve fits and uses a third of it."""
    now_low, now_high = plot.viewRange()[1]
    used = (high - low) / max(now_high - now_low, 1e-9)
    edge = 0.02 * (now_high - now_low)  # a line on the frame is hard to see; zero may lie on it
    fits = (low >= now_low + edge or low == now_low == 0.0) and high <= now_high - edge
    if fits and used > 0.33:
        return
    span = max(high - low, abs(high) * 0.02, 1.0)
    step = nice_step(span * 1.2)
    bottom = (
        math.floor((low - 0.1 * span) / step) * step if low > 0.5 * span else min(0.0, math.floor(low / step) * step)
    )
    top = math.ceil((high + 0.15 * span) / step) * step
    if (bottom, top) != (now_low, now_high):
        plot.setYRange(bottom, top, padding=0)
