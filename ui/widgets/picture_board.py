"""The six pictures of a period on two tabs, and what each shows; every mark leads to the sessions behind it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QTabWidget, QVBoxLayout, QWidget

from ui import behind
from ui.behind import SessionsBehind
from ui.insights_words import language
from ui.theme import Theme
from ui.widgets.bar_charts import FAILED_FIRST, DailyEnergy, Pareto, Part, Trend
from ui.widgets.chart_panel import ChartPanel
from ui.widgets.heat_map import HeatMap
from ui.widgets.port_ribbon import Failed, PortRibbon, PortRow
from ui.words import translate

if TYPE_CHECKING:
    from evtech.insights.intervals import Interval
    from evtech.insights.picture import Picture


class PictureBoard(QTabWidget):
    """Further tabs may be added behind the pictures."""

    behind_wanted = Signal(object)  # SessionsBehind
    outage_chosen = Signal(str, object, QPoint, object)  # port, stretches down, place on the screen, SessionsBehind
    message = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.picture: Picture | None = None
        self.setDocumentMode(True)
        self.tabBar().setAccessibleName(translate("Insights", "Pictures and findings"))
        self.heat, self.trend, self.ribbon, self.days = HeatMap(), Trend(), PortRibbon(), DailyEnergy()
        counted = translate("Insights", "failures"), translate("Insights", "failure")
        self.failures = Pareto(translate("Insights", "Failures by cause"), *counted)
        self.downtime = Pareto(translate("Insights", "Downtime by cause"), "h")
        self.panels = [
            ChartPanel(translate("Insights", "When is it full?"), self.heat, "hours-of-week"),
            ChartPanel(translate("Insights", "How did customers fare?"), self.trend, "success"),
            ChartPanel(translate("Insights", "Which port fails?"), self.ribbon, "ports"),
            ChartPanel(translate("Insights", "What failed?"), self.failures, "failures"),
            ChartPanel(translate("Insights", "What took ports down?"), self.downtime, "downtime"),
            ChartPanel(translate("Insights", "How much energy flowed?"), self.days, "energy-per-day"),
        ]
        for panel in self.panels:
            panel.message.connect(self.message)
        self._rows = _row(self.panels[0], self.panels[1]), _row(self.panels[3], self.panels[4])
        self.addTab(_column(self._rows[0], self.panels[2]), translate("Insights", "At a glance"))
        self.addTab(_column(self._rows[1], self.panels[5]), translate("Insights", "Causes and energy"))
        self.heat.chosen.connect(lambda hour: self._open(behind.of_hour, hour))
        self.trend.chosen.connect(self._open_failed)
        self.ribbon.chosen.connect(self._open_port)
        self.failures.chosen.connect(lambda key: self._open(behind.of_cause, key))
        self.downtime.chosen.connect(lambda key: self._open(behind.of_downtime, key))
        self.days.chosen.connect(lambda day: self._open(behind.of_day, day))

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        for panel in self.panels:
            panel.apply_theme(theme)

    def set_narrow(self, is_narrow: bool) -> None:
        """Put pictures below each other where there is no room beside."""
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        for row in self._rows:
            row.setDirection(way)
        for index in range(self.count()):
            holder = self.widget(index)
            if (layout := holder.layout()) is not None:
                layout.activate()  # a hidden tab would keep the width that pictures beside each other needed
            holder.updateGeometry()

    def show_picture(self, shown: "Picture", codes: Mapping[str, str]) -> None:
        """Show a period; ``codes`` says what codes of faults mean."""
        from evtech.insights.words import cause

        self.picture = shown
        found = shown.overview
        self.heat.show_week(found.week, shown.spread)
        self.trend.show_trend(shown.trend, shown.step, shown.zone, found.success.first_time)
        ports = [
            PortRow(p.name, p.site, shown.ribbons[p.name], found.availability.get(p.name),
                    found.success_by_port[p.name].attempt)
            for p in shown.worst_first
        ]  # fmt: skip
        self.ribbon.show_ports(ports, found.period, shown.zone)
        lang = language()
        self.failures.show_parts(
            [Part(key, codes.get(key) or cause(key, lang), n) for key, n in found.failures.items()]
        )
        self.downtime.show_parts(
            [Part(key, cause(key, lang), minutes / 60) for key, minutes in found.causes.items() if minutes > 0]
        )
        self.days.show_days(shown.days, shown.zone)
        for panel in self.panels:
            panel.refresh()

    def _open(self, find: Callable[..., SessionsBehind], *key: object) -> None:
        if self.picture is not None:
            self.behind_wanted.emit(find(self.picture, *key))

    def _open_failed(self, key: object) -> None:
        if key is FAILED_FIRST:
            self._open(behind.of_failed_first)
        else:
            self._open(behind.of_failed_stretch, key)

    def _open_port(self, key: "Failed | tuple[str, Interval]") -> None:
        """Open the sessions of a port; where it was down ask first, for an outage can be excluded."""
        if isinstance(key, Failed):
            self._open(behind.of_failed_port, key.port)
            return
        shown = self.picture
        if shown is None:
            return
        down = self.ribbon.down_in(*key) if key[1] != shown.overview.period else []
        if down:
            self.outage_chosen.emit(key[0], down, self.ribbon.place_of(key), behind.of_span(shown, *key))
        else:
            self._open(behind.of_span, *key)


def _column(*parts: QLayout | QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 8, 0, 0)
    column.setSpacing(8)
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part, 1)
        else:
            column.addLayout(part, 1)
    return holder


def _row(first: QWidget, second: QWidget) -> QBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(first, 1)
    row.addWidget(second, 1)
    return row
