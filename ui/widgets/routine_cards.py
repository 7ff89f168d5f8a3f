"""Routines as cards: what each is for, whether it asks or writes, how it goes, expected against measured."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from evtech.diagnostics.rounds import RoundState
from evtech.diagnostics.routine import Routine, RoutineResult, StepResult, Verdict
from ui.diagnosis_words import verdict_role, verdict_word
from ui.theme import LIGHT, Theme, severity_colour
from ui.widgets.answer import Shape, label
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.widgets.question_card import QuestionCard
from ui.widgets.tabs import scrolling
from ui.words import translate

QUICK_S = 120.0


class RoutineCard(QFrame):
    """One routine; its steps open below it while it runs and after it has run."""

    run_wanted = Signal(object)  # Routine

    def __init__(self, routine: Routine) -> None:
        super().__init__()
        self.routine = routine
        self.theme = LIGHT
        self._shown: object = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 12, 8)
        outer.setSpacing(4)
        top = QHBoxLayout()
        self.shape = Shape()
        self.title = label(f"{routine.id}  {routine.title}")
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.verdict = label()
        self.verdict.setWordWrap(False)
        self.run_button = QPushButton(translate("Routines", "Run"))
        self.run_button.setAccessibleName(translate("Routines", "Run {id}").format(id=routine.id))
        self.run_button.clicked.connect(lambda: self.run_wanted.emit(self.routine))
        top.addWidget(self.shape)
        top.addWidget(self.title, 1)
        top.addWidget(self.verdict)
        top.addWidget(self.run_button)
        outer.addLayout(top)
        outer.addWidget(Muted(f"{routine.purpose} {_kind(routine)}".strip()))
        self.reason, self.steps = label(), label(rich=True)
        for widget in (self.reason, self.steps):
            widget.setVisible(False)
            outer.addWidget(widget)
        self.shape.setVisible(False)

    def show_run(self, state: RoundState | None, result: RoutineResult | None, busy: str, theme: Theme) -> None:
        """Show a run of this routine, or its newest result; ``busy`` says why it cannot be run now."""
        self.run_button.setEnabled(not busy)
        self.run_button.setToolTip(busy)
        key = (state, result, theme)
        if key == self._shown:
            return
        self._shown, self.theme = key, theme
        running = state is not None
        steps = state.steps if state is not None else (result.steps if result else ())
        self.steps.setVisible(bool(steps))
        self.steps.setText(_table(steps, theme))
        shown = result is not None and not running
        self.shape.setVisible(shown)
        self.verdict.setVisible(shown or running)
        self.reason.setVisible(shown)
        if result is not None and not running:
            self.shape.show_role(verdict_role(result.verdict), theme)
            self.verdict.setText(verdict_word(result.verdict))
            self.reason.setText(result.reason)
        elif running:
            self.verdict.setText(translate("Routines", "running"))
        again = translate("Routines", "Run again") if result is not None else translate("Routines", "Run")
        self.run_button.setText(again)


class RoutineCards(QWidget):
    """All routines, one running at a time, with its question in the place where the person looks."""

    run_wanted = Signal(object)  # list of Routine
    stop_wanted = Signal()
    answered = Signal(object)  # float, str or None

    def __init__(self, routines: Sequence[Routine]) -> None:
        super().__init__()
        self.theme = LIGHT
        self.cards = {routine.id: RoutineCard(routine) for routine in routines}
        self._asked: object = None
        self._followed: object = ("", ())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 0, 0)
        top = QHBoxLayout()
        self.summary = Heading(scale=1.1)
        self.all_button = LargeButton(translate("Routines", "Quick check"), primary=True)
        self.all_button.clicked.connect(self._run_all)
        self.stop_button = LargeButton(translate("Routines", "Stop"), primary=True)
        self.stop_button.clicked.connect(self.stop_wanted)
        top.addWidget(self.summary, 1)
        top.addWidget(self.all_button)
        top.addWidget(self.stop_button)
        outer.addLayout(top)
        self.doing, self.bar = Muted(), QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        outer.addWidget(self.doing)
        outer.addWidget(self.bar)
        self.question = QuestionCard()
        self.question.answered.connect(self.answered)
        outer.addWidget(self.question)
        listed = QWidget()
        column = QVBoxLayout(listed)
        column.setContentsMargins(0, 0, 0, 0)
        for card in self.cards.values():
            card.run_wanted.connect(lambda routine: self.run_wanted.emit([routine]))
            column.addWidget(card)
        column.addStretch()
        self.area = scrolling(listed)  # the stop and the question stay in sight above it
        self.area.setMinimumHeight(self.fontMetrics().height() * 8)
        outer.addWidget(self.area, 1)
        self.show_state(RoundState())

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.question.theme = theme

    def show_state(self, state: RoundState, why_not: str = "") -> None:
        """Show a run as it is now; ``why_not`` says why none can be started."""
        results = {result.id: result for result in state.results}
        busy = why_not or (translate("Routines", "Another check is running") if state.is_running else "")
        for name, card in self.cards.items():
            running = state if state.is_running and state.routine == name else None
            card.show_run(running, results.get(name), busy, self.theme)
        self.bar.setVisible(state.is_running)
        self.doing.setVisible(state.is_running)
        self.doing.setText(state.text)
        self.bar.setRange(0, 0 if state.share is None else 1000)
        self.bar.setValue(int(1000 * (state.share or 0)))
        self.stop_button.setVisible(state.is_running)
        self.all_button.setVisible(not state.is_running)
        self.all_button.setEnabled(not busy)
        self.all_button.setToolTip(busy)
        self.summary.setText(_summary(state, len(self.cards)))
        if state.question is not self._asked:
            self._asked = state.question
            self.question.show_question(state.question, state.routine)

        self._follow(state)

    def _follow(self, state: RoundState) -> None:
        """Bring the card that is run, or was run last, into view once."""
        now = state.routine if state.is_running else ""
        done = tuple(result.id for result in state.results)
        if (now, done) == self._followed:
            return
        name = now or (done[-1] if done else "")
        self._followed = (now, done)
        if name in self.cards:
            self.area.ensureWidgetVisible(self.cards[name], 0, 40)

    def _run_all(self) -> None:
        self.run_wanted.emit([card.routine for card in self.cards.values() if is_quick(card.routine)])


def is_quick(routine: Routine) -> bool:
    """Tell whether a routine belongs to the quick check: it only reads, watches by itself, and ends within minutes."""
    return not routine.is_writing and not routine.needs_link and 0 < routine.watch_s <= QUICK_S >= routine.seconds


def _kind(routine: Routine) -> str:
    """Return in words how long it takes, and whether it asks or writes."""
    parts = []
    if routine.seconds:
        minutes = routine.seconds / 60
        parts.append(
            translate("Routines", "About {n} s.").format(n=f"{routine.seconds:.0f}")
            if minutes < 2
            else translate("Routines", "About {n} min.").format(n=f"{minutes:.0f}")
        )
    if routine.is_guided:
        parts.append(translate("Routines", "Asks you to measure or act."))
    if routine.is_writing:
        parts.append(translate("Routines", "Writes to the charger only while armed."))
    return " ".join(parts)


def _summary(state: RoundState, count: int) -> str:
    if state.is_running:
        words = translate("Routines", "{id} is running; {n} to come.")
        return words.format(id=state.routine, n=len(state.waiting))
    if not count:
        return translate("Routines", "This version has no checks to run.")
    if not state.results:
        return translate("Routines", "Checks measure what the engine cannot see by itself.")
    bad = [r.id for r in state.results if r.verdict is Verdict.FAIL]
    if bad:
        return translate("Routines", "Failed: {ids}.").format(ids=", ".join(bad))
    return translate("Routines", "Checks done: {n}; none failed.").format(n=len(state.results))


def _table(steps: Sequence[StepResult], theme: Theme) -> str:
    """Return the steps as a table: name, expected, measured, verdict."""
    head = "".join(
        f"<td style='color:{theme.muted}'>{word}&nbsp;&nbsp;</td>"
        for word in (
            translate("Routines", "Step"), translate("Routines", "Expected"), translate("Routines", "Measured"), "",
        )
    )  # fmt: skip
    rows = [
        f"<tr><td>{escape(s.name)}&nbsp;&nbsp;</td><td>{escape(s.expected or '—')}&nbsp;&nbsp;</td>"
        f"<td><b>{escape(s.measured or '—')}</b>&nbsp;&nbsp;</td>"
        f"<td style='color:{severity_colour(theme, verdict_role(s.verdict))}'>{escape(verdict_word(s.verdict))}"
        f"{': ' + escape(s.reason) if s.verdict is not Verdict.PASS else ''}</td></tr>"
        for s in steps
    ]
    return f"<table width='100%'><tr>{head}</tr>{''.join(rows)}</table>"
