"""Findings in the data of a period: the list, one opened, filters, and checking what today's rules have not seen."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.insights.finding_words import rule_name
from evtech.insights.kept_findings import DISMISSED, FindingStatus, judge, status_of
from ui.bridge import Bridge
from ui.theme import LIGHT, Theme
from ui.widgets.dress import Muted, dress
from ui.widgets.finding_details import FindingDetails, JudgeDialog
from ui.widgets.finding_table import FindingTable
from ui.widgets.flow import FlowLayout
from ui.words import duration, translate

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly
    from evtech.store.archive import Archive

PROGRESS_MS, ESTIMATE_S = 200, 5.0
_GRAVE = ("critical", "warning", "info")


class FindingsView(QWidget):
    """Everything about findings of the chosen period; ``open_wanted`` asks for the sessions behind one."""

    open_wanted = Signal(object)  # Anomaly
    message = Signal(str)
    judged = Signal()  # something was said of a finding
    checked = Signal()  # sessions were checked: what is shown is old

    def __init__(self, archive: "Archive", bridge: Bridge) -> None:
        super().__init__()
        self.theme, self.lang = LIGHT, "en"
        self._archive, self._bridge = archive, bridge
        self._found: Sequence[Anomaly] = ()
        self._judged: dict[str, FindingStatus] = {}
        self._period = (0.0, 0.0)
        self._stopped, self._done, self._began = False, (0, 0), 0.0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._make_bar())
        self.empty = Muted()
        column.addWidget(self.empty)
        self.table, self.details = FindingTable(), FindingDetails()
        self.table.selectionModel().currentRowChanged.connect(self._show_chosen)
        self.details.open_wanted.connect(self.open_wanted)
        self.details.judge_wanted.connect(self._ask)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.details)
        area.setMinimumHeight(self.fontMetrics().height() * 9)
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._beside.setSpacing(8)
        self._beside.addWidget(self.table, 3)
        self._beside.addWidget(area, 2)
        column.addLayout(self._beside, 1)
        self._timer = QTimer(self, interval=PROGRESS_MS)
        self._timer.timeout.connect(self._show_progress)
        self.show_due(0)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.table.apply_theme(theme)
        self.details.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the details below the list where there is no room beside it."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 70
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._beside.setDirection(way)

    def show_findings(
        self, found: "Sequence[Anomaly]", judged: Mapping[str, FindingStatus], period: tuple[float, float], lang: str
    ) -> None:
        """Show the findings of a period, the gravest and newest first."""
        self._found = sorted(found, key=lambda a: (_GRAVE.index(a.severity), -a.start))
        self._judged, self._period, self.lang = dict(judged), period, lang
        names = {rule: rule_name(rule, lang) for rule in {a.rule for a in found}}
        chosen = self.rule.currentData()
        self.rule.blockSignals(True)
        self.rule.clear()
        self.rule.addItem(translate("Findings", "All rules"), "")
        for rule, name in sorted(names.items(), key=lambda pair: pair[1]):
            self.rule.addItem(name, rule)
        self.rule.setCurrentIndex(max(self.rule.findData(chosen), 0))
        self.rule.blockSignals(False)
        self._filter()

    def show_due(self, count: int) -> None:
        """Say how many sessions of the period today's rules and limits have not seen, and offer to check them."""
        words = translate("Findings", "Not checked with today's rules and limits: {n} of the sessions.")
        self.due.setText(words.format(n=count))
        self.due.setVisible(count > 0)
        self.check.setVisible(count > 0)

    @property
    def open_count(self) -> int:
        """Return how many findings are not dismissed."""
        return sum(status_of(self._judged, a) != DISMISSED for a in self._found)

    def start_check(self) -> None:
        """Check the period's sessions on a worker thread, or stop a check that runs."""
        if self._timer.isActive():
            self._stopped = True
            return
        from evtech.insights.session_check import check_archive

        archive, period = self._archive, self._period
        self._stopped, self._done, self._began = False, (0, 0), time.monotonic()
        self._timer.start()
        self.check.setText(translate("Findings", "Stop"))

        def tell(done: int, total: int) -> None:
            self._done = (done, total)

        self._bridge.work(
            lambda: check_archive(archive, *period, progress=tell, stop=lambda: self._stopped), self._end_check
        )

    def stop(self) -> None:
        """Let a running check end."""
        self._stopped = True

    def keep(self, finding: "Anomaly", status: str, reason: str, technician: str) -> None:
        """Keep what was said of a finding, and show it."""

        def done(said: "FindingStatus | EvtechError") -> None:
            if isinstance(said, EvtechError):
                self.message.emit(f"{said} {said.hint}")
                return
            self._judged[finding.id] = said
            self._filter()
            self.judged.emit()

        archive = self._archive
        self._bridge.work(lambda: judge(archive, finding, status, reason=reason, technician=technician), done)

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = FlowLayout(bar)
        self.rule = QComboBox()
        self.rule.setAccessibleName(translate("Findings", "Rule"))
        self.rule.currentIndexChanged.connect(self._filter)
        self.dismissed = QCheckBox()
        self.dismissed.toggled.connect(self._filter)
        self.due, self.check = Muted(), QPushButton(translate("Findings", "&Check them"))
        self.due.setWordWrap(False)
        self.check.clicked.connect(self.start_check)
        self.limits = QPushButton(translate("Findings", "&Limits…"))
        self.limits.setToolTip(translate("Findings", "What each rule allows"))
        self.limits.clicked.connect(self._open_limits)
        for widget in (self.rule, self.dismissed, self.limits, self.due, self.check):
            row.addWidget(widget)
        return bar

    def _filter(self) -> None:
        rule = self.rule.currentData()
        hidden = [a for a in self._found if status_of(self._judged, a) == DISMISSED]
        words = translate("Findings", "Show the dis&missed ones ({n})")
        self.dismissed.setText(words.format(n=len(hidden)))
        self.dismissed.setVisible(bool(hidden))
        shown = [
            a
            for a in self._found
            if (not rule or a.rule == rule) and (self.dismissed.isChecked() or status_of(self._judged, a) != DISMISSED)
        ]
        self.table.show_rows(shown, self._judged, self.lang)
        self.table.setVisible(bool(shown))
        self.empty.setVisible(not shown)
        self.empty.setText(
            translate("Findings", "No rule found anything in this period.")
            if not self._found
            else translate("Findings", "Every finding of this choice is dismissed.")
        )
        self._show_chosen()

    def _show_chosen(self, *_: object) -> None:
        chosen = self.table.chosen() if self.table.isVisibleTo(self) else None
        self.details.show_finding(chosen, self._judged.get(chosen.id) if chosen else None, self.lang)
        dress(self, self.theme)

    def _ask(self, finding: "Anomaly", status: str) -> None:
        dialog = JudgeDialog(status, self._bridge.bench.technician, self)
        dress(dialog, self.theme)
        if dialog.exec():
            self.keep(finding, status, dialog.reason.text().strip(), dialog.technician.text().strip())

    def _open_limits(self) -> None:
        from ui.limits_dialog import change_limits

        if change_limits(self, self.lang, self.theme):
            self.checked.emit()

    def _show_progress(self) -> None:
        done, total = self._done
        words = translate("Findings", "{done} of {total} sessions are checked …").format(done=done, total=total)
        elapsed = time.monotonic() - self._began
        if done and elapsed > ESTIMATE_S:
            left = translate("Findings", "about {time} left").format(time=duration(elapsed * (total - done) / done))
            words += f" {left}"
        self.due.setText(words)

    def _end_check(self, result: object) -> None:
        self._timer.stop()
        self.check.setText(translate("Findings", "&Check them"))
        if isinstance(result, EvtechError):
            self.message.emit(f"{result} {result.hint}")
        self.checked.emit()
