"""Calibrate: plan and reference, then load point by load point with the live error, then one verdict and its report."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout

from evtech.calibration.beginning import CalibrationWish
from evtech.calibration.calibrator import Calibration, Snapshot
from evtech.calibration.journal import Journal, Unfinished, unfinished
from evtech.calibration.procedure import Procedure
from evtech.errors import EvtechError
from evtech.workbench import Connection, Workbench
from ui.bridge import Bridge
from ui.pages.page import Page
from ui.theme import Theme
from ui.widgets.badge import Badge
from ui.widgets.calibration_buttons import CalibrationButtons
from ui.widgets.calibration_form import DEMO_REFERENCE, CalibrationForm
from ui.widgets.calibration_words import conditions, sentence
from ui.widgets.dress import Heading, Muted, dress
from ui.widgets.left_banner import LeftBanner
from ui.widgets.point_card import ROLES, CardRow, verdict_word
from ui.widgets.reading_question import ReadingQuestion
from ui.words import remarks, translate

REFRESH_MS = 250
VERDICT_SCALE = 1.6  # of the text: the verdict is what everybody came for


class CalibratePage(Page):
    """Shows one calibration of the connected charger; it pulls the snapshot on its own timer."""

    def __init__(self, bench: Workbench, bridge: Bridge) -> None:
        super().__init__()
        self._bench, self._bridge = bench, bridge
        self.connection: Connection | None = None
        self.calibration: Calibration | None = None
        self._left: Unfinished | None = None
        self._is_starting = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 14)
        layout.setSpacing(10)
        meters = [(p.id, f"{p.vendor} {p.model}") for p in bench.library.profiles() if p.kind == "meter"]
        self.sentence, self.detail = Heading(), Muted()
        self.badge = Badge()
        self.form, self.cards = CalibrationForm(meters), CardRow()
        self.form.message.connect(self.message)
        self.form.changed.connect(self._fit)
        self.conditions = QLabel()
        self.conditions.setWordWrap(True)
        self.banner = LeftBanner()
        self.banner.go_on_wanted.connect(self._go_on)
        self.banner.leave_wanted.connect(self._leave)
        self.question = ReadingQuestion()
        self.question.answered.connect(self._answer)
        self.question.message.connect(self.message)
        self.buttons = self._make_buttons()
        layout.addWidget(self.banner)
        head = QHBoxLayout()
        head.addWidget(self.badge)
        head.addWidget(self.sentence, 1)
        layout.addLayout(head)
        layout.addWidget(self.detail)
        for widget in (self.question, self.form, self.cards, self.conditions, self.buttons):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.timer = QTimer(self, interval=REFRESH_MS)
        self.timer.timeout.connect(self.refresh)
        self._show_parts()

    # ---- what every page does ----

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        self.badge.theme = theme
        font = QApplication.font()
        font.setPointSizeF(font.pointSizeF() * VERDICT_SCALE)
        self.badge.setFont(font)
        for card in self.cards.cards:
            card.apply_theme(theme)

    def show_connection(self, connection: Connection) -> None:
        """Offer to calibrate a connection."""
        self.connection = connection
        self.calibration = None
        self.timer.stop()
        self.form.use_demo(connection.link_name.startswith("demo "))
        self._show_parts()
        self.load()

    def show_nothing(self) -> None:
        """Say that nothing is connected; a calibration that ran stays unfinished."""
        self._stop()
        self.connection = self.calibration = None
        self.timer.stop()
        self._show_parts()

    def load(self) -> None:
        """Look for a calibration that was not ended."""
        if self.calibration is None:
            self._bridge.work(lambda: unfinished(self._bench.archive), self._offer)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Put columns and cards below each other in a narrow window, and be as high as the wrapped words need."""
        around = self.parentWidget()
        room = (around.width() if around is not None else self.width()) - 40
        self.form.fit(room)
        self.cards.fit(room)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setMinimumHeight(layout.totalHeightForWidth(min(room + 40, self.width())))

    # ---- begin, go on ----

    def start(self) -> None:
        """Begin what the form asks for."""
        if self.connection is None or self._is_starting:
            return
        try:
            wish = self.form.wish()
        except EvtechError as error:
            self._say_failure(error)
            return
        self._begin(wish)

    def _begin(self, wish: CalibrationWish) -> None:
        assert self.connection is not None
        self._is_starting = True
        self.buttons.start.setEnabled(False)
        self.detail.setText(translate("Calibrate", "Opening the reference and reading both registers …"))
        future = self._bench.calibrate(self.connection, wish)
        self._bridge.work(future.result, self._begun)

    def _begun(self, result: Calibration | EvtechError) -> None:
        self._is_starting = False
        self.buttons.start.setEnabled(True)
        if isinstance(result, EvtechError):
            self._say_failure(result)
            return
        self.calibration, self._left = result, None
        self.cards.make([point.runs for point in result.plan.points], self.theme)
        dress(self.cards, self.theme)
        self._show_parts()
        self.timer.start()
        self.refresh()

    def _say_failure(self, error: EvtechError) -> None:
        self.detail.setText(f"{error} {error.hint}".strip())
        self.message.emit(str(error))

    def _go_on(self) -> None:
        left = self._left
        if left is None or self.connection is None:
            return
        link = left.record.reference.link
        try:
            wish = self.form.wish()
            reference, profile, armed = wish.reference, wish.reference_profile, wish.armed_by
        except EvtechError as error:
            if left.plan.reference.manual:
                reference = profile = armed = None
            else:
                self._say_failure(error)
                return
        if link and link.startswith("demo "):
            reference, profile = DEMO_REFERENCE, None
        self._begin(CalibrationWish(left.plan, reference, profile or left.record.reference.profile, armed, left))

    def _leave(self) -> None:
        if self._left is not None:
            left = self._left
            self._left = None
            journal = Journal(self._bench.archive, left.id, left.visit_id)
            self._bridge.work(lambda: journal.leave(left.record), lambda _: self.load())
            self._show_parts()

    def _offer(self, result: list[Unfinished] | EvtechError) -> None:
        recent = [left for left in result if left.is_recent] if isinstance(result, list) else []
        own = self.connection.profile.id if self.connection is not None else None
        self._left = next((left for left in recent if own in (None, left.record.device.profile)), None)
        self._show_parts()

    # ---- while it runs ----

    def refresh(self) -> None:
        """Pull what is new."""
        calibration = self.calibration
        if calibration is None:
            return
        snapshot = calibration.snapshot
        for card in self.cards.cards:
            card.show_snapshot(snapshot)
        self._show_head(calibration, snapshot)
        self.question.ask(snapshot.question)
        self.conditions.setText(conditions(snapshot, calibration))
        self.conditions.setVisible(bool(self.conditions.text()))
        self.buttons.show_for(calibration, is_connected=self.connection is not None)
        self._fit()
        if calibration.outcome is not None or calibration.failure is not None:
            self.timer.stop()

    def _show_head(self, calibration: Calibration, snapshot: Snapshot) -> None:
        head, below = sentence(snapshot, calibration)
        self.sentence.setText(head)
        self.detail.setText(below)
        self.badge.setVisible(calibration.outcome is not None)
        if calibration.outcome is not None:
            verdict = calibration.outcome[1].decision.verdict
            self.badge.show_state(ROLES[verdict], verdict_word(verdict))

    def _answer(self, kwh: float) -> None:
        self._tell(lambda procedure: procedure.enter(kwh))

    def _tell(self, act: Callable[[Procedure], None]) -> None:
        """Let the procedure, which lives on the I/O loop, do something."""
        if self.calibration is not None:
            self._bench.io.loop.call_soon_threadsafe(act, self.calibration.procedure)

    def _pause_or_go_on(self) -> None:
        if self.calibration is not None:
            paused = self.calibration.snapshot.paused
            self._tell(Procedure.go_on if paused else Procedure.pause)

    def _accept_load(self) -> None:
        self._tell(Procedure.accept_load)

    def _skip(self) -> None:
        self._tell(Procedure.skip_point)

    def _stop(self) -> None:
        calibration = self.calibration
        if calibration is not None and calibration.task is not None and calibration.outcome is None:
            self._bench.io.loop.call_soon_threadsafe(calibration.task.cancel)

    def _stop_and_show(self) -> None:
        self._stop()
        self.calibration = None
        self.timer.stop()
        self._show_parts()
        QTimer.singleShot(1000, self.load)

    # ---- the end ----

    def report(self) -> None:
        """Write the report of the finished calibration as PDF."""
        if self.calibration is None or self.calibration.outcome is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, translate("Calibrate", "Report as PDF"), "calibration.pdf", translate("Calibrate", "PDF (*.pdf)")
        )
        if name:
            self.write_report(Path(name))

    def write_report(self, path: Path) -> None:
        """Write the report to a file; the status strip says how it went."""
        assert self.calibration is not None
        assert self.calibration.outcome is not None
        record, result = self.calibration.outcome

        def write() -> str:
            from evtech.reports.calibration import write_calibration_report

            written = write_calibration_report(record, result, pdf=path)
            return translate("Calibrate", "{file} is written.").format(file=path) + remarks(written)

        self.message.emit(translate("Calibrate", "Writing the report …"))
        self._bridge.work(
            write, lambda said: self.message.emit(said if isinstance(said, str) else f"{said} {said.hint}")
        )

    def _again(self) -> None:
        """Measure the same plan again after an adjustment."""
        calibration = self.calibration
        if calibration is None or self.connection is None:
            return
        try:
            wish = self.form.wish()
        except EvtechError as error:
            self._say_failure(error)
            return
        self._begin(
            CalibrationWish(
                calibration.plan,
                wish.reference,
                wish.reference_profile,
                wish.armed_by,
                as_left_of=calibration.journal.id,
            )
        )

    def _new(self) -> None:
        self.calibration = None
        self._show_parts()
        self.load()

    # ---- parts ----

    def _make_buttons(self) -> CalibrationButtons:
        made = CalibrationButtons()
        made.on_click({
            made.connect_first: self.connect_wanted.emit, made.start: self.start, made.report: self.report,
            made.accept: self._accept_load, made.pause: self._pause_or_go_on, made.skip: self._skip,
            made.stop: self._stop_and_show, made.again: self._again, made.new: self._new,
        })  # fmt: skip
        return made

    def _show_parts(self) -> None:
        """Show the form, the calibration, or the one sentence of an empty page."""
        is_running, connected = self.calibration is not None, self.connection is not None
        self.form.setVisible(connected and not is_running)
        self.cards.setVisible(is_running)
        self.badge.setVisible(False)
        self.conditions.setVisible(False)
        self.question.ask(None)
        self.banner.show_left(None if is_running else self._left, is_connected=connected)
        if not is_running:
            self.sentence.setText(
                translate("Calibrate", "How accurate is this charger's meter?")
                if connected
                else translate("Calibrate", "Connect to a charger to compare its meter with a reference.")
            )
            self.detail.setText(
                translate("Calibrate", "Doses and times are computed from what both meters show, then measured.")
                if connected
                else ""
            )
        self.buttons.show_for(self.calibration, is_connected=connected)
        self._fit()
