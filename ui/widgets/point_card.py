"""A card for one load point: its error against the limit, how far its runs and dose are, why the dose is so long."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from evtech.calibration.calibrator import Snapshot
from evtech.calibration.one_run import Stage
from evtech.calibration.procedure import Step
from ui.theme import Theme
from ui.widgets.badge import Badge
from ui.widgets.dress import Heading, Muted
from ui.widgets.error_bar import ErrorBar
from ui.words import translate

ROLES = {
    "PASS": "good", "CONDITIONAL_PASS": "warning", "CONDITIONAL_FAIL": "warning", "FAIL": "fault",
    "INDICATIVE": "neutral",
}  # fmt: skip


def verdict_word(verdict: str) -> str:
    """Return a verdict in words."""
    return {
        "PASS": translate("Calibrate", "PASS"),
        "CONDITIONAL_PASS": translate("Calibrate", "CONDITIONAL PASS"),
        "CONDITIONAL_FAIL": translate("Calibrate", "CONDITIONAL FAIL"),
        "FAIL": translate("Calibrate", "FAIL"),
        "INDICATIVE": translate("Calibrate", "INDICATIVE"),
    }[verdict]


def clock(seconds: float) -> str:
    """Return a time to go as minutes and seconds, in hours where it is long."""
    whole = int(seconds + 0.5)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:02d}:{whole % 60:02d}"


class PointCard(QFrame):
    """One load point. ``wanted`` is the number of runs that the plan asks for."""

    def __init__(self, number: int, wanted: int) -> None:
        super().__init__()
        self._number, self._wanted = number, wanted
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(6)
        top = QHBoxLayout()
        self.title, self.badge = Heading(scale=1.15), Badge()
        top.addWidget(self.title, 1)
        top.addWidget(self.badge)
        layout.addLayout(top)
        self.error = Heading(scale=1.7)
        self.bar = ErrorBar()
        self.runs, self.why = QLabel(), Muted()
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        for widget in (self.error, self.bar, self.runs, self.progress, self.why):
            layout.addWidget(widget)
        self.runs.setWordWrap(True)
        self.runs.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.runs.setMinimumWidth(self.fontMetrics().horizontalAdvance("0" * 24))

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.bar.theme = self.badge.theme = theme
        line = QFontMetrics(QApplication.font()).lineSpacing()
        self.runs.setMinimumHeight(2 * line)  # the second line comes and goes: what is below must not jump
        self.update()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show where the point stands."""
        row = self._number
        point, result = snapshot.record.points[row], snapshot.result.points[row]
        valid = sum(run.valid for run in point.runs)
        rejected = len(point.runs) - valid
        is_now = snapshot.index == row and snapshot.step is not Step.DONE
        is_over = valid >= self._wanted or row in snapshot.given_up or snapshot.step is Step.DONE
        self.title.setText(f"{row + 1}   {point.name}")
        self._show_badge(is_now, is_over, result.decision.verdict)
        combined = result.combined
        limit = result.limit.limit_pct if result.limit else None
        u = combined.u_expanded_pct if combined else None
        role = ROLES[result.decision.verdict] if is_over else "action" if is_now else "neutral"
        self.bar.show_error(result.error_pct, u, limit, result.acceptance_limit_pct, role)
        self.error.setText(_error_words(result.error_pct, u, result.reported))
        words = translate("Calibrate", "{valid} of {wanted} runs").format(valid=valid, wanted=self._wanted)
        if rejected:
            words += " · " + translate("Calibrate", "{n} rejected").format(n=rejected)
        self.runs.setText(words + self._dose_words(snapshot, is_now))
        self._show_progress(snapshot, is_now, valid)
        self.why.setText(_why(snapshot, row))
        self._make_room()
        reasons = [run.reason for run in point.runs if run.reason]
        self.runs.setToolTip("\n".join(reasons))
        self.setAccessibleName(f"{point.name}: {self.error.text()}, {self.badge.accessibleName()}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Give the wrapped reason its lines: a scrolled page hands out least heights, not wrapped ones."""
        self.why.setMinimumHeight(max(0, self.why.heightForWidth(self.why.width())))

    def _show_badge(self, is_now: bool, is_over: bool, verdict: str) -> None:
        if is_over:
            self.badge.show_state(ROLES[verdict], verdict_word(verdict))
        elif is_now:
            self.badge.show_state("action", translate("Calibrate", "NOW"))
        else:
            self.badge.show_state("neutral", translate("Calibrate", "WAITS"))

    def _dose_words(self, snapshot: Snapshot, is_now: bool) -> str:
        if not is_now or snapshot.dose_kwh is None or snapshot.stage is None:
            return ""
        words = translate("Calibrate", "{now:.3f} of {dose:.3f} kWh").format(
            now=snapshot.device_kwh, dose=snapshot.dose_kwh
        )
        if snapshot.stage in (Stage.START, Stage.END):
            return "\n" + words + " · " + translate("Calibrate", "reading both registers")
        if snapshot.remaining_s is None:
            return "\n" + words
        left = translate("Calibrate", "{time} to go").format(time=clock(snapshot.remaining_s))
        return f"\n{words} · {left}"

    def _show_progress(self, snapshot: Snapshot, is_now: bool, valid: int) -> None:
        share = 0.0
        if is_now and snapshot.dose_kwh:
            share = min(1.0, snapshot.device_kwh / snapshot.dose_kwh)
        self.progress.setValue(int(1000 * min(1.0, (valid + share) / self._wanted)))


def _error_words(error: float | None, u: float | None, reported: str | None) -> str:
    if error is None:
        return "—"
    if reported is None or u is None:
        return f"{error:+.2f} %".replace("-", "−")
    return reported.replace("-", "−").replace(" %", "\u202f%")


def _why(snapshot: Snapshot, row: int) -> str:
    if row in snapshot.given_up:
        return snapshot.given_up[row]
    if snapshot.doses is None:
        return translate("Calibrate", "The dose is computed when the load is steady.")
    dose = snapshot.doses[row]
    length = f", {clock(dose.duration_s)}" if dose.duration_s else ""
    words = translate("Calibrate", "A run takes {dose:.3f} kWh{length}: {why}.")
    return words.format(dose=dose.kwh, length=length, why=dose.needs[0].say())


class CardRow(QWidget):
    """The cards of a plan, beside each other or, in a narrow window, below each other."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[PointCard] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignTop)

    def make(self, runs: list[int], theme: Theme) -> None:
        """Make a card for each load point; ``runs`` are the runs wanted."""
        for card in self.cards:
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [PointCard(row, wanted) for row, wanted in enumerate(runs)]
        for card in self.cards:
            card.apply_theme(theme)
            self._layout.addWidget(card, 1)

    def fit(self, width: int) -> None:
        """Stack the cards where a row would be too narrow."""
        least = self.fontMetrics().horizontalAdvance("0" * 30) * max(1, len(self.cards))
        narrow = width < least
        self._layout.setDirection(QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight)
