"""Diagnose: why it does not charge. One sentence, then findings, checks, armed control and the codes of all makers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from evtech.devices.profile import Profile
from evtech.diagnostics.arming import controllable
from evtech.diagnostics.desk import Desk
from evtech.diagnostics.engine import Finding
from evtech.diagnostics.knowledge import catalogues, faults
from evtech.diagnostics.recording import Recording, diagnose_file, diagnose_session, keep
from evtech.diagnostics.retest import Retest
from evtech.diagnostics.routine import Routine
from evtech.diagnostics.routines import ROUTINES
from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.results import Result
from evtech.workbench import Connection
from ui.bridge import Bridge
from ui.diagnosis_answer import live_answer, recording_answer
from ui.diagnosis_words import retest_words
from ui.pages.page import Page
from ui.theme import Theme
from ui.widgets.answer import Answer
from ui.widgets.code_box import CodeBox
from ui.widgets.control_panel import ControlPanel
from ui.widgets.dress import Muted, dress
from ui.widgets.finding_list import FindingList
from ui.widgets.finding_view import FindingView, Shown, shown_problem, shown_recording
from ui.widgets.routine_cards import RoutineCards
from ui.widgets.source_bar import SourceBar
from ui.widgets.tabs import Tabs, scrolling
from ui.words import remarks, translate

REFRESH_MS = 250
FINDINGS, CHECKS, CONTROL, CODES = range(4)
FindProfile = Callable[[str], Profile]


class DiagnosePage(Page):
    """Reads the desk of the connection on its own timer; what a person wants goes to the I/O loop."""

    def __init__(self, archive: Archive, bridge: Bridge, find_profile: FindProfile) -> None:
        super().__init__()
        self._archive, self._bridge, self._find_profile = archive, bridge, find_profile
        self.connection: Connection | None = None
        self.recording: Recording | None = None
        self._file: Path | None = None
        self._recorded: list[Shown] = []
        self._saved: Result | None = None  # of the recording
        self._retesting = self._control_says = ""
        self.setAcceptDrops(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 10, 14, 10)
        outer.setSpacing(8)
        self.answer, self.bar, self.tabs = Answer(), SourceBar(), Tabs()
        self.tabs.setDocumentMode(True)
        self.list, self.view = FindingList(), FindingView()
        self.nothing = Muted(translate("Diagnose", "A finding opens here: what, why, what to do, and its curve."))
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.nothing.setContentsMargins(10, 4, 0, 0)
        self.cards, self.control, self.codes = RoutineCards(ROUTINES), ControlPanel(), CodeBox()
        self.tabs.addTab(self._make_findings(), translate("Diagnose", "Findings"))
        self.tabs.addTab(self.cards, translate("Diagnose", "Checks"))
        self.tabs.addTab(scrolling(self.control), translate("Diagnose", "Control"))
        self.tabs.addTab(self.codes, translate("Diagnose", "Codes"))
        outer.addWidget(self.answer)
        outer.addWidget(self.bar)
        outer.addWidget(self.tabs, 1)
        self._wire()
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._bridge.work(lambda: (faults(), catalogues()), lambda result: None)  # read once, off this thread
        self.show_nothing()

    @property
    def desk(self) -> Desk | None:
        """Return the desk of the connection."""
        return self.connection.desk if self.connection else None

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        for part in (self.answer, self.list, self.view, self.cards, self.control, self.codes):
            part.apply_theme(theme)
        self.refresh()

    def show_connection(self, connection: Connection) -> None:
        """Diagnose a connection."""
        self.connection, self.recording = connection, None
        self.bar.back_to_now()
        self.control.show_points(controllable(connection.profile), connection.latest)
        self.codes.prefer(connection.profile.id)
        self._control_says = self._retesting = ""
        self._timer.start()
        self.refresh()
        self.tabs.setCurrentIndex(FINDINGS)
        dress(self, self.theme)

    def show_nothing(self) -> None:
        """Say that nothing is connected; a recording that is open stays."""
        self._timer.stop()
        self.connection = None
        self.control.show_points([])
        self.refresh()

    def load(self) -> None:
        """List the sessions that can be looked at."""
        self._bridge.work(self._archive.sessions, self._list_sessions)

    def show_item(self, item: object) -> None:
        """Open the finding of this fault."""
        self.tabs.setCurrentIndex(FINDINGS)
        self.list.choose(str(item))

    def open_file(self, path: Path) -> bool:
        """Diagnose a CSV file of samples."""
        if path.suffix.lower() != ".csv":
            return False
        self._file = path
        profile = self.bar.profile()
        self.message.emit(translate("Diagnose", "Reading {file} …").format(file=path.name))
        self._bridge.work(lambda: diagnose_file(path, profile), self._show_recording)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.toLocalFile().lower().endswith(".csv") for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if any(self.open_file(Path(url.toLocalFile())) for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the finding below the list where there is no room beside it."""
        super().resizeEvent(event)
        metrics = self.fontMetrics()
        is_narrow = self.width() < metrics.horizontalAdvance("m") * 64
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._split.setDirection(way)
        self.list.setMaximumWidth(16777215 if is_narrow else metrics.horizontalAdvance("m") * 21)
        self.list.setMaximumHeight(metrics.height() * 9 if is_narrow else 16777215)

    def refresh(self) -> None:
        """Pull what is new."""
        desk, recording = self.desk, self.recording
        if desk is not None:
            desk.arming.alive()
        self._refresh_findings()
        said = recording_answer(recording) if recording else live_answer(self.connection, self._retesting)
        self.answer.show_answer(said.role, said.sentence, said.detail, self._button())
        has_answer = desk is not None or recording is not None
        is_connected = self.connection is not None
        file = recording.name if recording is not None and recording.session is None else ""
        self.bar.show_state(is_connected=is_connected, file=file, has_answer=has_answer)
        self.tabs.setTabVisible(FINDINGS, has_answer)
        for index in (CHECKS, CONTROL):
            self.tabs.setTabVisible(index, desk is not None)
        self.tabs.tabBar().setVisible(has_answer)
        if desk is None:
            return
        silent = self.connection is not None and self.connection.problem is not None
        why = translate("Diagnose", "The charger does not answer") if silent else ""
        question = desk.rounds.state.question
        if question is not None and self.cards.question.question is not question:
            self.tabs.setCurrentIndex(CHECKS)  # a retest asks too, and must not wait unseen
        self.cards.show_state(desk.rounds.state, why or self._retesting)
        arming = desk.arming
        self.control.show_state(arming.state, arming.left(), self._control_says)
        control = (
            translate("Diagnose", "Control (armed)") if arming.state.is_armed else translate("Diagnose", "Control")
        )
        control = translate("Diagnose", "Control (look)") if arming.state.is_loud else control
        self.tabs.setTabText(CONTROL, control)

    def _refresh_findings(self) -> None:
        rows: list[Shown] = []
        if self.recording is not None:
            rows = self._recorded
        elif self.desk is not None:
            outlook = self.desk.watch.outlook
            rows = [shown_problem(problem) for problem in (*outlook.standing, *outlook.history)]
        self.list.show_rows(rows, is_recording=self.recording is not None)
        chosen = self.list.current()
        self.view_area.setVisible(chosen is not None)
        self.nothing.setVisible(chosen is None)
        if chosen is not None:
            self.view.show_finding(chosen, self._retesting or self._running())

    def _running(self) -> str:
        """Return why no retest can begin, empty when one can."""
        state = self.desk.rounds.state if self.desk is not None else None
        if state is None or not state.is_running:
            return ""
        return translate("Diagnose", "{id} is running: stop it or wait").format(id=state.routine)

    def _button(self) -> str:
        """Return what the one primary button does now."""
        if self.connection is None:
            return translate("Diagnose", "Connect to a charger")
        if self.recording is not None:
            return translate("Diagnose", "Back to the charger")
        first = self._first()
        if first is None and self._reported():
            return translate("Diagnose", "Look the code up")
        if first is None or self._retesting:
            return ""
        if self._is_open(first) and self._running():
            return ""
        if not self._is_open(first):
            return translate("Diagnose", "Show the evidence")
        return translate("Diagnose", "Repaired: retest")

    def _reported(self) -> str:
        """Return the code that the charger reports now, empty where it reports none."""
        reading = self.connection.latest if self.connection is not None else None
        return reading.errors[0].code if reading is not None and reading.errors else ""

    def _first(self) -> Finding | None:
        standing = self.desk.watch.outlook.standing if self.desk is not None else ()
        return standing[0].finding if standing else None

    def _is_open(self, finding: Finding) -> bool:
        return self.tabs.currentIndex() == FINDINGS and self.list.current_key() == finding.fault.id

    def _press(self) -> None:
        if self.connection is None:
            self.connect_wanted.emit()
        elif self.recording is not None:
            self._choose_session(None)
            self.bar.back_to_now()
        elif (first := self._first()) is not None:
            if self._is_open(first):
                self._retest(first)
            else:
                self.show_item(first.fault.id)
                self.refresh()
        elif code := self._reported():
            self.codes.query.setText(code)
            self.codes.look()
            self.tabs.setCurrentIndex(CODES)

    # ---- wishes ----

    def _retest(self, finding: Finding) -> None:
        if self.desk is None or self._retesting:
            return
        self._retesting = translate("Diagnose", "Retesting: {what} …").format(what=finding.fault.title)
        self._bridge.run(self.desk.retest(finding), self._retested)
        self.refresh()

    def _retested(self, result: Retest | EvtechError) -> None:
        self._retesting = ""
        if isinstance(result, Retest):
            self.message.emit(f"{retest_words(result.verdict)[1]}: {result.reason}")
            self.refresh()
            self.list.choose(result.fault)
        else:
            self._say(result)
        self.refresh()

    def _run(self, routines: list[Routine]) -> None:
        if self.desk is not None:
            self._bridge.run(self.desk.run(routines), self._say)

    def _stop(self) -> None:
        if self.desk is not None:
            self._bridge.tell(self.desk.rounds.cancel)

    def _answered(self, value: Any) -> None:
        """Hand an answer on: a number, a word, or ``None`` for skipped (a Qt signal carries any of them)."""
        desk = self.desk
        if desk is not None:
            self._bridge.tell(lambda: desk.rounds.answer(value))

    def _arm(self, who: str, seconds: float) -> None:
        if self.desk is not None:
            self._control_says = translate("Control", "Proving that the values are decoded right …")
            self._bridge.run(self.desk.arm(who, seconds), self._control_said)
            self.refresh()

    def _disarm(self) -> None:
        if self.desk is not None:
            self._control_says = ""
            self._bridge.run(self.desk.arming.disarm(), self._control_said)

    def _write(self, point: str, value: float) -> None:
        if self.desk is not None:
            self._control_says = translate("Control", "Writing and reading back …")
            self._bridge.run(self.desk.arming.write(point, value), self._control_said)
            self.refresh()

    def _control_said(self, result: object) -> None:
        self._control_says = f"{result} {result.hint}" if isinstance(result, EvtechError) else str(result or "")
        self.refresh()

    def _say(self, result: object) -> None:
        if isinstance(result, EvtechError):
            self.message.emit(f"{result} {result.hint}".strip())

    # ---- recordings and reports ----

    def _list_sessions(self, result: Any) -> None:
        """Show the archive's sessions; ``result`` is a list of them, or an error."""
        if isinstance(result, EvtechError):
            self._say(result)
        else:
            self.bar.show_sessions(result)

    def _choose_session(self, wanted: str | None) -> None:
        if wanted is None:
            self.recording = None
            self.refresh()
            return
        archive, find = self._archive, self._find_profile

        def task() -> Recording:
            session = archive.session(wanted)
            return diagnose_session(archive, session, find(session.charger.profile))

        self._bridge.work(task, self._show_recording)

    def _maker_changed(self) -> None:
        if self._file is not None and self.recording is not None:
            self.open_file(self._file)

    def _show_recording(self, result: Recording | EvtechError) -> None:
        if isinstance(result, EvtechError):
            self._say(result)
            return
        self.recording, self._saved = result, None
        self._recorded = [shown_recording(finding, result.trace) for finding in result.diagnosis.findings]
        if result.trace.warnings:
            self.message.emit(f"{result.name}: {'; '.join(result.trace.warnings)}")
        self.refresh()
        self.tabs.setCurrentIndex(FINDINGS)

    def write_report(self, path: Path, lang: str) -> None:
        """Keep the diagnosis, then write its report."""
        if self.recording is not None:
            recording, before = self.recording, self._saved
            task = lambda: before or keep(self._archive, recording)  # noqa: E731  # runs on a worker
            self._bridge.work(task, lambda kept: self._report(kept, path, lang))
        elif self.desk is not None:
            self._bridge.run(self.desk.save(), lambda kept: self._report(kept, path, lang))

    def _report(self, kept: Result | EvtechError | None, path: Path, lang: str) -> None:
        if not isinstance(kept, Result):
            self._say(kept or EvtechError(translate("Diagnose", "There is nothing to report yet."), ""))
            return
        self._saved = kept if self.recording is not None else None
        files = {"pdf": None, "html": None} | {path.suffix.lower().lstrip("."): path}

        def task() -> object:
            from evtech.reports.diagnosis import write_diagnosis_report

            return write_diagnosis_report(self._archive, kept.id, pdf=files["pdf"], html=files["html"], lang=lang)

        said = translate("Diagnose", "{file} is written").format(file=path)

        def tell(done: object) -> None:
            self._say(done) if isinstance(done, EvtechError) else self.message.emit(said + remarks(done))

        self._bridge.work(task, tell)

    # ---- building ----

    def _make_findings(self) -> QWidget:
        page = QWidget()
        self._split = QBoxLayout(QBoxLayout.Direction.LeftToRight, page)
        self._split.setContentsMargins(0, 6, 0, 0)
        self._split.addWidget(self.list)
        self._split.addWidget(self.nothing, 1)
        self.view_area = scrolling(self.view)
        self._split.addWidget(self.view_area, 1)
        self.list.setMinimumHeight(self.fontMetrics().height() * 8)
        return page

    def _wire(self) -> None:
        self.answer.pressed.connect(self._press)
        self.bar.file_wanted.connect(self.open_file)
        self.bar.session_wanted.connect(self._choose_session)
        self.bar.maker_changed.connect(self._maker_changed)
        self.bar.report_wanted.connect(self.write_report)
        self.list.chosen.connect(lambda shown: self.refresh())
        self.view.retest_wanted.connect(self._retest)
        self.cards.run_wanted.connect(self._run)
        self.cards.stop_wanted.connect(self._stop)
        self.cards.answered.connect(self._answered)
        self.control.arm_wanted.connect(self._arm)
        self.control.disarm_wanted.connect(self._disarm)
        self.control.write_wanted.connect(self._write)
        self.tabs.currentChanged.connect(lambda index: self.refresh())
