"""Insights: when a site is full, which port fails, how customers fared; every mark opens the sessions behind it."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from ui import behind
from ui.behind import SessionsBehind
from ui.bridge import Bridge
from ui.insights_words import code_names, headline, language, zone_words
from ui.pages.page import Page
from ui.session_imports import SessionImports
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.widgets.findings_view import FindingsView
from ui.widgets.known_edit import KnownEdit
from ui.widgets.month_choice import MonthChoice
from ui.widgets.picture_board import PictureBoard
from ui.widgets.ports_switch import PortsSwitch
from ui.widgets.remarks import Remarks
from ui.widgets.session_view import SessionMoment
from ui.widgets.uptime_reports import UptimeReports
from ui.words import translate
from ui.zone import own_zone

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly
    from evtech.insights.intervals import Interval
    from evtech.insights.picture import Picture
    from evtech.store.known_names import KnownNames

WAIT_MS = 300  # of typing before a filter is used


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
        self._zone = own_zone()
        self._known: KnownNames | None = None
        self._codes: dict[str, str] = {}
        self.imports = SessionImports(self, archive, bridge, lambda: self.theme, self._say_import)
        self._pictures = QWidget()
        self.ports = PortsSwitch(self._pictures, archive, bridge, self._zone)
        self.ports.message.connect(self.message)
        self.ports.outdated.connect(self.load)
        self.headline, self.state, self.remarks = Heading(), Muted(), Remarks()
        self.remarks.behind_wanted.connect(self._open)
        self.newest = LargeButton("", primary=True)
        self.newest.clicked.connect(self._go_to_newest)
        self.newest.setVisible(False)
        self.start = self._make_start()
        self.tabs = self._make_tabs()
        self.panels, self.heat, self.ribbon = self.tabs.panels, self.tabs.heat, self.tabs.ribbon
        self._lay_out()
        self._timer = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._timer.timeout.connect(self.load)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        for part in (self.tabs, self.ports, self.findings):
            part.apply_theme(theme)

    def show_nothing(self) -> None:
        """Let a check end: the connection, and with it perhaps the window, goes."""
        self.findings.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put what stands beside each other below each other where there is no room."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 75
        for row in self._rows:
            row.setDirection(QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight)
        self.remarks.set_narrow(is_narrow)
        self.tabs.set_narrow(is_narrow)

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
        ports = found.records.ports
        self.reports.show_ports(ports, self.period.days())
        self.state.setText("; ".join(found.records.warnings))
        self.state.setVisible(bool(found.records.warnings))
        self.zone.setText(zone_words(result.zone, {port.timezone for port in ports.values()}))
        self.headline.setText(headline(result))
        self.remarks.show_remarks(result.suggestions, self._codes)
        self.tabs.show_picture(result, self._codes)
        self._show_findings(result)
        self._show_next_step()
        dress(self, self.theme)

    def _show_next_step(self) -> None:
        """Where a period holds nothing offer the newest month; where the archive does, say how to begin."""
        assert self.picture is not None
        newest = self._known.newest if self._known is not None else None
        has_ports, has_attempts = bool(self.picture.overview.records.ports), bool(self.picture.overview.attempts)
        self.newest.setVisible(not has_attempts and newest is not None)
        if newest is not None:
            month = QLocale().toString(datetime.fromtimestamp(newest).astimezone(), "MMMM yyyy")
            self.newest.setText(translate("Insights", "Show {month}, the newest with sessions").format(month=month))
        is_empty = newest is None and not has_ports
        if is_empty:
            self.headline.setText(translate("Insights", "Nothing has been recorded or imported yet."))
        self.start.setVisible(is_empty)
        self.bar.setVisible(not is_empty)
        self.tabs.setVisible(has_ports)

    def _show_findings(self, result: "Picture") -> None:
        from evtech.insights.session_check import count_due

        found = result.overview
        self.findings.show_findings(found.anomalies, found.records.judged, found.period, language())
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
        if finding.session_id:
            self.task_wanted.emit("sessions", SessionMoment(finding.session_id, finding.start))
        elif self.picture is not None:
            self._open(behind.of_finding(self.picture, finding))

    def _open(self, found: SessionsBehind) -> None:
        if found.ids:
            self.task_wanted.emit("sessions", found)
        else:
            self.message.emit(translate("Insights", "No session stands behind this mark."))

    def _ask_outage(self, port: str, down: "list[Interval]", place: QPoint, found: SessionsBehind) -> None:
        if self.picture is not None:
            self.ports.ask(port, down, self.picture.overview.period, place, lambda: self._open(found))

    def _say_import(self, words: str) -> None:
        self.message.emit(words)
        self._known = None  # the newest month may be another one now
        self.load()

    # ---- building ----

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(14, 10, 14, 10)
        whole.addWidget(self.ports)
        layout = QVBoxLayout(self._pictures)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.bar = self._make_bar()
        for widget in (self.bar, self.reports, self.headline, self.state):
            layout.addWidget(widget)
        layout.addWidget(self.newest, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.start)
        layout.addWidget(self.remarks)
        layout.addWidget(self.tabs, 1)
        layout.addStretch(0)

    def _make_tabs(self) -> PictureBoard:
        tabs = PictureBoard()
        tabs.behind_wanted.connect(self._open)
        tabs.outage_chosen.connect(self._ask_outage)
        tabs.message.connect(self.message)
        self.findings = FindingsView(self._archive, self._bridge)
        self.findings.open_wanted.connect(self._open_finding)
        self.findings.message.connect(self.message)
        self.findings.checked.connect(self.load)
        self.findings.judged.connect(self._count_findings)
        tabs.addTab(self.findings, translate("Insights", "Findings in the data"))
        return tabs

    def _make_start(self) -> QWidget:
        start = QWidget()
        row = QHBoxLayout(start)
        row.setContentsMargins(0, 0, 0, 0)
        for words, act, primary in (
            (translate("Insights", "Connect to a charger"), self.connect_wanted.emit, True),
            (translate("Insights", "Import files…"), self.imports.ask_files, False),
        ):
            button = LargeButton(words, primary=primary)
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
        row.addStretch()
        start.setVisible(False)
        return start

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        self.period = MonthChoice()
        self.period.changed.connect(self._wait)
        self.zone = Muted()
        self.zone.setWordWrap(False)
        self.site = KnownEdit(translate("Insights", "All sites"), translate("Insights", "Site"))
        self.charger = KnownEdit(translate("Insights", "All chargers"), translate("Insights", "Charger"))
        for edit in (self.site, self.charger):
            edit.textChanged.connect(self._wait)
        self.ports_button = QPushButton(translate("Insights", "Ports and outages…"))
        self.ports_button.setToolTip(translate("Insights", "Ratings, zones, sites; outages that somebody reported"))
        self.ports_button.clicked.connect(self.ports.open)
        self.reports = UptimeReports(self._archive, self._bridge, self._zone)
        self.reports.message.connect(self.message)
        when, names = QHBoxLayout(), QHBoxLayout()
        self._rows = row, when
        when.setSpacing(12)
        when.addWidget(self.period)
        when.addWidget(self.zone)
        when.addStretch(1)
        for widget in (self.site, self.charger, self.ports_button, self.reports.button):
            names.addWidget(widget)
        row.addLayout(when)
        row.addSpacing(6)
        row.addLayout(names, 8)
        self.remarks.after = self.reports.button
        return bar

    def _wait(self) -> None:
        if hasattr(self, "_timer"):
            self._timer.start()
