"""Insights: when a site is full, which port fails, how customers fared; every mark opens the sessions behind it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale, Qt, QTimer, QTimeZone
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.pages.page import Page
from ui.theme import Theme
from ui.widgets.bar_charts import DailyEnergy, Pareto, Part, Trend, grouped
from ui.widgets.chart_panel import ChartPanel
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.widgets.findings_view import FindingsView
from ui.widgets.heat_map import HeatMap, weekdays
from ui.widgets.known_edit import KnownEdit
from ui.widgets.month_choice import MonthChoice
from ui.widgets.port_ribbon import Failed, PortRibbon, PortRow
from ui.widgets.ports_switch import PortsSwitch
from ui.widgets.session_view import SessionMoment
from ui.widgets.uptime_reports import UptimeReports
from ui.words import translate

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly
    from evtech.insights.intervals import Interval
    from evtech.insights.picture import Picture
    from evtech.insights.trends import Stretch
    from evtech.store.known_names import KnownNames

WAIT_MS = 300  # of typing before a filter is used
REMARKS = 3


@dataclass(frozen=True, slots=True)
class SessionsBehind:
    """What the page Sessions is asked to show: exactly these sessions, and what they have in common."""

    ids: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What a worker brings: the pictures, the names to choose from, the words for codes of faults."""

    picture: "Picture"
    known: "KnownNames"
    codes: dict[str, str]


class InsightsPage(Page):
    """The pictures of one period."""

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._bridge = archive, bridge
        self.picture: Picture | None = None
        self._asked = 0
        self._zone = _zone()
        self._known: KnownNames | None = None
        self._codes: dict[str, str] = {}
        pictures = QWidget()
        self.ports = PortsSwitch(pictures, archive, bridge, self._zone)
        self.ports.message.connect(self.message)
        self.ports.outdated.connect(self.load)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(14, 10, 14, 10)
        whole.addWidget(self.ports)
        layout = QVBoxLayout(pictures)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._make_bar())
        layout.addWidget(self.reports)
        self.headline = Heading()
        self.state = Muted()
        layout.addWidget(self.headline)
        layout.addWidget(self.state)
        self.newest = LargeButton("", primary=True)
        self.newest.clicked.connect(self._go_to_newest)
        self.newest.setVisible(False)
        layout.addWidget(self.newest, 0, Qt.AlignmentFlag.AlignLeft)
        self.remarks = QVBoxLayout()
        self.remarks.setSpacing(2)
        layout.addLayout(self.remarks)
        self._make_charts()
        self._upper = _row(self.panels[0], self.panels[1])
        self._lower = _row(self.panels[3], self.panels[4])
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(_column(self._upper, self.panels[2]), translate("Insights", "At a glance"))
        self.tabs.addTab(_column(self._lower, self.panels[5]), translate("Insights", "Causes and energy"))
        self.findings = FindingsView(archive, bridge)
        self.findings.open_wanted.connect(self._open_finding)
        self.findings.message.connect(self.message)
        self.findings.checked.connect(self.load)
        self.findings.judged.connect(self._count_findings)
        self.tabs.addTab(self.findings, translate("Insights", "Findings in the data"))
        layout.addWidget(self.tabs, 1)
        self._timer = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._timer.timeout.connect(self.load)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        for panel in self.panels:
            panel.apply_theme(theme)
        self.ports.apply_theme(theme)
        self.findings.apply_theme(theme)

    def show_nothing(self) -> None:
        """Let a check end: the connection, and with it perhaps the window, goes."""
        self.findings.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put pictures below each other where there is no room beside."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 75
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._bar.setDirection(way)
        self._upper.setDirection(way)
        self._lower.setDirection(way)
        for index in range(self.tabs.count()):
            holder = self.tabs.widget(index)
            if (layout := holder.layout()) is not None:
                layout.activate()  # a hidden tab would keep the width that pictures beside each other needed
            holder.updateGeometry()

    def open_file(self, path: Path) -> bool:
        """Look at a dropped file of ports or outages."""
        return self.ports.take_file(path)

    def load(self) -> None:
        """Count the chosen period on a worker thread."""
        first, after = self.period.limits()
        period = first.timestamp(), after.timestamp()
        charger, site = self.charger.text().strip() or None, self.site.text().strip() or None
        archive, zone, library = self._archive, self._zone, self._bridge.bench.library
        self._asked += 1
        number = self._asked
        self.state.setText(translate("Insights", "Counting …"))
        self.state.setVisible(True)

        def count() -> "Counted":
            from evtech.insights.archive_records import read_archive
            from evtech.insights.picture import picture

            records = read_archive(archive, charger, period, site=site, zone=zone, library=library)
            found = picture(records, period, time.time(), zone)
            return Counted(found, archive.known_names(), code_names(archive.error_codes(*period)))

        self._bridge.work(count, lambda result: self._take(result) if number == self._asked else None)

    def _take(self, result: "Counted | EvtechError") -> None:
        if isinstance(result, EvtechError):
            self.state.setText(f"{result} {result.hint}")
            return
        is_first, self._known, self._codes = self._known is None, result.known, result.codes
        self.charger.show_names(result.known.ports)
        self.site.show_names(result.known.sites)
        if is_first and not result.picture.overview.attempts and self._go_to_newest():
            return  # whoever opens the page for the first time sees the newest month that has something to show
        self._show(result.picture)

    def _go_to_newest(self) -> bool:
        """Choose the month in which the newest session began; return whether that is another one than now."""
        if self._known is None or self._known.newest is None:
            return False
        newest = datetime.fromtimestamp(self._known.newest).astimezone()
        first, after = self.period.limits()
        if first <= newest < after:
            return False
        self.period.show_month(newest.year, newest.month)
        self.load()
        return True

    def _show(self, result: "Picture") -> None:
        self.picture = result
        found = result.overview
        self.reports.show_ports(found.records.ports, self.period.days())
        self.state.setVisible(False)
        self._offer_newest()
        self.headline.setText(_headline(result))
        self._show_remarks(all_of_them=False)
        self.heat.show_week(found.week, result.spread)
        self.trend.show_trend(result.trend, result.step, result.zone, found.success.first_time)
        ports = [
            PortRow(p.name, p.site, result.ribbons[p.name], found.availability.get(p.name),
                    found.success_by_port[p.name].attempt)
            for p in result.worst_first
        ]  # fmt: skip
        self.ribbon.show_ports(ports, found.period, result.zone)
        from evtech.insights.words import cause

        language = _language()
        self.failures.show_parts(
            [Part(key, self._codes.get(key) or cause(key, language), n) for key, n in found.failures.items()]
        )
        self.downtime.show_parts(
            [Part(key, cause(key, language), minutes / 60) for key, minutes in found.causes.items() if minutes > 0]
        )
        self.days.show_days(result.days, result.zone)
        self._show_findings(result)
        for panel in self.panels:
            panel.refresh()

    def _show_remarks(self, *, all_of_them: bool) -> None:
        from evtech.insights.words import sentence

        _clear(self.remarks)
        if self.picture is None:
            return
        said = self.picture.suggestions
        shown = said if all_of_them else said[:REMARKS]
        left = len(said) - len(shown)
        for number, remark in enumerate(shown, 1):
            words = sentence(remark, _language(), self._codes)
            self.remarks.addWidget(self._linked(words, remark.sessions, left if number == len(shown) else 0))
        dress(self, self.theme)

    def _linked(self, words: str, sessions: frozenset[str], more: int = 0) -> QWidget:
        """Return a sentence with a link to the sessions behind it, and one to ``more`` sentences."""
        label = QLabel()
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        parts = [f"▸ {escape(words)}"]
        if sessions:
            many = translate("Insights", "Show {n} sessions").format(n=len(sessions))
            link = many if len(sessions) > 1 else translate("Insights", "Show the session")
            parts.append(f"<a href='#sessions'>{link}</a>")
        if more:
            parts.append(f"· <a href='#more'>{translate('Insights', '{n} more remarks').format(n=more)}</a>")
        label.setText(" ".join(parts))
        label.linkActivated.connect(
            lambda link: self._show_remarks(all_of_them=True) if link == "#more" else self._open(sessions, words)
        )
        return label

    def _offer_newest(self) -> None:
        """Offer the newest month where the chosen period holds nothing."""
        newest = self._known.newest if self._known is not None else None
        is_empty = self.picture is not None and not self.picture.overview.attempts
        self.newest.setVisible(is_empty and newest is not None)
        if newest is not None:
            month = QLocale().toString(datetime.fromtimestamp(newest).astimezone(), "MMMM yyyy")
            self.newest.setText(translate("Insights", "Show {month}, the newest with sessions").format(month=month))

    def _show_findings(self, result: "Picture") -> None:
        from evtech.insights.session_check import count_due

        found = result.overview
        self.findings.show_findings(found.anomalies, found.records.judged, found.period, _language())
        self._count_findings()
        archive, period, limits, number = self._archive, found.period, found.records.limits, self._asked

        def show_due(due: "int | EvtechError") -> None:
            if number == self._asked and not isinstance(due, EvtechError):
                self.findings.show_due(due)

        self._bridge.work(lambda: count_due(archive, *period, limits), show_due)

    def _count_findings(self) -> None:
        words = translate("Insights", "Findings in the data ({n})")
        self.tabs.setTabText(2, words.format(n=self.findings.open_count))

    def _open_finding(self, finding: "Anomaly") -> None:
        """Open the session of a finding at its moment, or the sessions of its port and time."""
        from evtech.insights.picture import behind_span

        if finding.session_id:
            self.task_wanted.emit("sessions", SessionMoment(finding.session_id, finding.start))
        elif self.picture is not None:
            ports = self.picture.overview.records.ports.values()
            names = [p.name for p in ports if finding.port in (p.name, p.site)]
            span = (finding.start, finding.end)
            ids = frozenset(i for name in names for i in behind_span(self.picture, name, span))
            self._open(ids, finding.port)

    def _open(self, ids: frozenset[str], words: str) -> None:
        if ids:
            self.task_wanted.emit("sessions", SessionsBehind(ids, words))
        else:
            self.message.emit(translate("Insights", "No session stands behind this mark."))

    def _open_hour(self, hour: object) -> None:
        from evtech.insights.picture import behind_hour

        if self.picture is not None:
            number = int(hour)  # type: ignore[call-overload]
            words = translate("Insights", "{day} {hour}–{after} h").format(
                day=weekdays()[number // 24], hour=number % 24, after=number % 24 + 1
            )
            self._open(behind_hour(self.picture, number), words)

    def _open_span(self, key: "Failed | tuple[str, Interval]") -> None:
        """Open the sessions of a port; where it was down ask first, for an outage can be excluded."""
        from evtech.insights.picture import behind_failed, behind_span

        shown = self.picture
        if shown is None:
            return
        if isinstance(key, Failed):
            words = translate("Insights", "failed attempts at {port}").format(port=key.port)
            self._open(behind_failed(shown, key.port), words)
            return
        down = self.ribbon.down_in(*key) if key[1] != shown.overview.period else []
        if down:
            sessions = partial(self._open, behind_span(shown, *key), key[0])
            self.ports.ask(key[0], down, shown.overview.period, self.ribbon.place_of(key), sessions)
        else:
            self._open(behind_span(shown, *key), key[0])

    def _open_failed(self, stretch: "Stretch") -> None:
        from evtech.insights.picture import behind_stretch

        if self.picture is not None:
            words = translate("Insights", "failed attempts from {day}").format(day=_day(stretch.start))
            self._open(behind_stretch(self.picture, stretch, failed=True), words)

    def _open_day(self, stretch: "Stretch") -> None:
        from evtech.insights.picture import behind_stretch

        if self.picture is not None:
            self._open(behind_stretch(self.picture, stretch, failed=False), _day(stretch.start))

    def _open_cause(self, key: str) -> None:
        from evtech.insights.picture import behind_cause
        from evtech.insights.words import cause

        if self.picture is not None:
            self._open(behind_cause(self.picture, key), cause(key, _language()))

    def _open_downtime(self, key: str) -> None:
        from evtech.insights.picture import behind_downtime
        from evtech.insights.words import cause

        if self.picture is not None:
            self._open(behind_downtime(self.picture, key), cause(key, _language()))

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = self._bar = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        self.period = MonthChoice()
        self.period.changed.connect(self._wait)
        self.site = KnownEdit(translate("Insights", "All sites"), translate("Insights", "Site"))
        self.charger = KnownEdit(translate("Insights", "All chargers"), translate("Insights", "Charger"))
        for edit in (self.site, self.charger):
            edit.textChanged.connect(self._wait)
        self.ports_button = QPushButton(translate("Insights", "Ports and outages…"))
        self.ports_button.setToolTip(translate("Insights", "Ratings, zones, sites; outages that somebody reported"))
        self.ports_button.clicked.connect(self.ports.open)
        self.reports = UptimeReports(self._archive, self._bridge, self._zone)
        self.reports.message.connect(self.message)
        row.addWidget(self.period)
        row.addStretch(1)
        names = QHBoxLayout()
        for widget in (self.site, self.charger, self.ports_button, self.reports.button):
            names.addWidget(widget)
        row.addLayout(names, 8)
        return bar

    def _make_charts(self) -> None:
        self.heat, self.trend, self.ribbon, self.days = HeatMap(), Trend(), PortRibbon(), DailyEnergy()
        self.failures = Pareto(translate("Insights", "Failures by cause"), translate("Insights", "failures"))
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
        self.heat.chosen.connect(self._open_hour)
        self.trend.chosen.connect(self._open_failed)
        self.ribbon.chosen.connect(self._open_span)
        self.failures.chosen.connect(self._open_cause)
        self.downtime.chosen.connect(self._open_downtime)
        self.days.chosen.connect(self._open_day)

    def _wait(self) -> None:
        if hasattr(self, "_timer"):
            self._timer.start()


def _headline(shown: "Picture") -> str:
    found = shown.overview
    if not found.attempts:
        return translate("Insights", "Nothing was recorded in this period.")
    kwh = sum(use.kwh for use in found.utilisation.values())
    parts = [
        translate("Insights", "{n} sessions").format(n=grouped(len(found.attempts))),
        translate("Insights", "{n} ports").format(n=len(found.records.ports)),
        f"{grouped(kwh)} kWh" if kwh >= 100 else f"{kwh:.2f} kWh",
    ]
    if found.success.attempts < len(found.attempts):
        parts.append(translate("Insights", "{n} attempts can be judged").format(n=grouped(found.success.attempts)))
    if found.success.attempt is not None:
        rate = found.success.attempt
        words = translate("Insights", "{pct} % succeeded ({low}–{high})")
        parts.append(words.format(pct=f"{rate.value:.1f}", low=f"{rate.low:.1f}", high=f"{rate.high:.1f}"))
    peak = found.demand
    if peak.peak_kw is not None and peak.at is not None:
        at = QLocale().toString(datetime.fromtimestamp(peak.at, ZoneInfo(shown.zone)), "d MMM HH:mm")
        parts.append(translate("Insights", "peak {kw} kW ({at})").format(kw=f"{peak.peak_kw:.1f}", at=at))
    return " · ".join(parts)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d")


def _language() -> str:
    return "de" if QLocale().language() == QLocale.Language.German else "en"


def code_names(pairs: "list[tuple[str, str]]") -> dict[str, str]:
    """Return codes with what their makers say they mean, from (profile, code); those that differ stay bare."""
    from evtech.diagnostics.lookup import look_up

    meanings: dict[str, set[str]] = {}
    for profile, code in pairs:
        found = next((match.meaning for match in look_up(code, profile) if match.kind == "vendor"), None)
        meanings.setdefault(code, set()).add(found or "")
    return {code: f"{code} {meant}" for code, said in meanings.items() if len(said) == 1 and (meant := min(said))}


def _zone() -> str:
    """Return the laptop's IANA zone; UTC where it cannot be told."""
    name = bytes(QTimeZone.systemTimeZoneId().data()).decode()
    return name if "/" in name else "UTC"


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


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
