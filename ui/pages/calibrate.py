"""Calibrate: plan and reference, then load point by load point with the live error, then one verdict and its report."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from evtech.calibration.beginning import CalibrationWish
from evtech.calibration.calibrator import Calibration, Snapshot
from evtech.calibration.journal import Journal, Unfinished, unfinished
from evtech.calibration.procedure import Procedure, Step
from evtech.errors import EvtechError
from evtech.workbench import Connection, Workbench
from ui.bridge import Bridge
from ui.pages.page import Page
from ui.theme import Theme
from ui.widgets.badge import Badge
from ui.widgets.calibration_form import DEMO_REFERENCE, CalibrationForm
from ui.widgets.calibration_words import conditions, no_number, sentence
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.widgets.point_card import ROLES, CardRow, verdict_word
from ui.words import local_time, remarks, translate

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
        self.banner = self._make_banner()
        layout.addWidget(self.banner)
        head = QHBoxLayout()
        head.addWidget(self.badge)
        head.addWidget(self.sentence, 1)
        layout.addLayout(head)
        layout.addWidget(self.detail)
        layout.addWidget(self._make_question())
        for widget in (self.form, self.cards, self.conditions):
            layout.addWidget(widget)
        layout.addLayout(self._make_buttons())
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
        self.start_button.setEnabled(False)
        self.detail.setText(translate("Calibrate", "Opening the reference and reading both registers …"))
        future = self._bench.calibrate(self.connection, wish)
        self._bridge.work(future.result, self._begun)

    def _begun(self, result: Calibration | EvtechError) -> None:
        self._is_starting = False
        self.start_button.setEnabled(True)
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
        self._show_question(snapshot)
        self.conditions.setText(conditions(snapshot, calibration))
        self.conditions.setVisible(bool(self.conditions.text()))
        self._show_buttons(calibration, snapshot)
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

    def _show_question(self, snapshot: Snapshot) -> None:
        is_asked = snapshot.question is not None
        if is_asked != self.question.isVisibleTo(self):
            self.question.setVisible(is_asked)
            self.answer.clear()
            if is_asked:
                self.answer.setFocus()
        words = {
            "reference_start": translate("Calibrate", "The reference shows now, before the load (kWh)"),
            "reference_end": translate("Calibrate", "The reference shows now, after the load (kWh)"),
            "reference_kwh": translate("Calibrate", "Energy that the reference counted in this run (kWh)"),
        }
        self.asked.setText(words.get(snapshot.question or "", ""))

    def _answer(self) -> None:
        try:
            value = float(self.answer.text().strip().replace(",", "."))
        except ValueError:
            self.message.emit(no_number())
            return
        self.answer.clear()
        self._tell(lambda procedure: procedure.enter(value))

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

    def _make_banner(self) -> QFrame:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        frame.setAutoFillBackground(True)
        row = QHBoxLayout(frame)
        self.banner_text = QLabel()
        self.banner_text.setWordWrap(True)
        self.resume_button = QPushButton(translate("Calibrate", "Go on"))
        self.resume_button.clicked.connect(self._go_on)
        leave = QPushButton(translate("Calibrate", "Leave it"))
        leave.clicked.connect(self._leave)
        row.addWidget(self.banner_text, 1)
        row.addWidget(self.resume_button)
        row.addWidget(leave)
        return frame

    def _make_question(self) -> QWidget:
        self.question = QWidget()
        row = QHBoxLayout(self.question)
        row.setContentsMargins(0, 0, 0, 0)
        self.asked, self.answer = QLabel(), QLineEdit()
        self.asked.setBuddy(self.answer)
        self.answer.setAccessibleName(translate("Calibrate", "Reading of the reference in kWh"))
        self.answer.returnPressed.connect(self._answer)
        keep = QPushButton(translate("Calibrate", "Keep the reading"))
        keep.clicked.connect(self._answer)
        for widget in (self.asked, self.answer, keep):
            row.addWidget(widget)
        row.addStretch()
        self.question.setVisible(False)
        return self.question

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.connect_button = self._button(
            row, translate("Calibrate", "Connect to a charger"), self.connect_wanted.emit, True
        )
        self.start_button = self._button(row, translate("Calibrate", "Start the calibration"), self.start, True)
        self.report_button = self._button(row, translate("Calibrate", "Report as PDF…"), self.report, True)
        self.accept_button = self._button(row, translate("Calibrate", "Measure at this load"), self._accept_load, True)
        self.pause_button = self._button(row, translate("Calibrate", "Pause"), self._pause_or_go_on)
        self.skip_button = self._button(row, translate("Calibrate", "Leave this load point"), self._skip)
        self.stop_button = self._button(row, translate("Calibrate", "Stop"), self._stop_and_show)
        self.again_button = self._button(row, translate("Calibrate", "Adjusted: measure again"), self._again)
        self.new_button = self._button(row, translate("Calibrate", "New calibration"), self._new)
        row.addStretch()
        return row

    def _button(self, row: QHBoxLayout, text: str, act: Callable[[], None], primary: bool = False) -> LargeButton:
        button = LargeButton(text, primary=primary)
        button.clicked.connect(lambda: act())
        row.addWidget(button)
        return button

    def _show_buttons(self, calibration: Calibration | None, snapshot: Snapshot | None) -> None:
        is_over = calibration is not None and (calibration.outcome is not None or calibration.failure is not None)
        runs = calibration is not None and not is_over
        is_off = snapshot is not None and snapshot.step is Step.LOAD and not snapshot.paused
        flows = is_off and snapshot is not None and snapshot.load is not None and snapshot.load.flows is True
        paused = snapshot is not None and snapshot.paused
        self.pause_button.setText(translate("Calibrate", "Go on") if paused else translate("Calibrate", "Pause"))
        shown = {
            self.connect_button: self.connection is None and calibration is None,
            self.start_button: self.connection is not None and calibration is None,
            self.report_button: calibration is not None and calibration.outcome is not None,
            self.accept_button: runs and flows,
            self.pause_button: runs,
            self.skip_button: runs,
            self.stop_button: runs,
            self.again_button: calibration is not None
            and calibration.outcome is not None
            and self.connection is not None,
            self.new_button: is_over,
        }
        for button, visible in shown.items():
            button.setVisible(bool(visible))

    def _show_parts(self) -> None:
        """Show the form, the calibration, or the one sentence of an empty page."""
        is_running, connected = self.calibration is not None, self.connection is not None
        self.form.setVisible(connected and not is_running)
        self.cards.setVisible(is_running)
        self.badge.setVisible(False)
        self.conditions.setVisible(False)
        self.question.setVisible(False)
        self.banner.setVisible(self._left is not None and not is_running)
        if self._left is not None:
            words = translate("Calibrate", "{what} was not finished: {n} runs are kept, the last of {when}.")
            if not connected:
                words += " " + translate("Calibrate", "Connect to the charger to go on.")
            named = {"what": _title(self._left), "n": self._left.finished_runs, "when": local_time(self._left.at)}
            self.banner_text.setText(words.format(**named))
            self.resume_button.setEnabled(connected)
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
        self._show_buttons(self.calibration, self.calibration.snapshot if self.calibration else None)
        self._fit()


def _title(left: Unfinished) -> str:
    from evtech.calibration.journal import title_of

    return title_of(left.record)
