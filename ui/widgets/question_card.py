"""A guided step: what to measure or do, what is expected, what is dangerous, and a field for the answer."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from evtech.diagnostics.rounds import judged
from evtech.diagnostics.routine import Question
from ui.diagnosis_words import typed_number
from ui.theme import LIGHT
from ui.widgets.answer import label
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.words import translate


class QuestionCard(QFrame):
    """Shows one question at a time; hidden while there is none."""

    answered = Signal(object)  # float, str, or None for skipped

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.question: Question | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 10, 14, 10)
        self.routine, self.text = Muted(), Heading(scale=1.15)
        self.expect, self.safety, self.refused = Muted(), label(), label()
        self.safety.setForegroundRole(QPalette.ColorRole.BrightText)  # the theme's red: what is dangerous
        self.refused.setForegroundRole(QPalette.ColorRole.BrightText)
        row = QHBoxLayout()
        self.value, self.unit, self.choice = QLineEdit(), QLabel(), QComboBox()
        self.value.setMaximumWidth(self.fontMetrics().horizontalAdvance("0") * 16)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.value.setAccessibleName(translate("Routines", "Measured value"))
        self.choice.setAccessibleName(translate("Routines", "Answer"))
        self.value.returnPressed.connect(self._answer)
        self.value.textEdited.connect(lambda: self.refused.setVisible(False))
        self.take = LargeButton("", primary=True)
        self.take.clicked.connect(self._answer)
        self.skip = LargeButton(translate("Routines", "Skip"))
        self.skip.clicked.connect(lambda: self.answered.emit(None))
        for widget in (self.value, self.unit, self.choice, self.take, self.skip):
            row.addWidget(widget)
        row.addStretch()
        for part in (self.routine, self.text, self.safety, self.expect):
            outer.addWidget(part)
        outer.addLayout(row)
        outer.addWidget(self.refused)
        self.setVisible(False)

    def show_question(self, question: Question | None, routine: str) -> None:
        """Show a question, or nothing."""
        self.question = question
        self.setVisible(question is not None)
        if question is None:
            return
        self.routine.setText(translate("Routines", "{id} asks").format(id=routine))
        self.text.setText(question.text)
        self.safety.setText(question.safety)
        self.safety.setVisible(bool(question.safety))
        self.expect.setText(translate("Routines", "Expected: {expect}").format(expect=question.expect))
        self.expect.setVisible(bool(question.expect))
        self.refused.setVisible(False)
        self.value.clear()
        self.value.setVisible(question.kind == "number")
        self.unit.setText(question.unit.replace("ohm", "Ω"))
        self.unit.setVisible(question.kind == "number" and bool(question.unit))
        self.choice.clear()
        self.choice.addItems(list(question.choices))
        self.choice.setVisible(question.kind == "choice")
        done = question.kind == "done"
        self.take.setText(translate("Routines", "Done") if done else translate("Routines", "Take this"))
        (self.value if question.kind == "number" else self.take).setFocus()

    def _answer(self) -> None:
        question = self.question
        if question is None:
            return
        if question.kind != "number":
            self.answered.emit("done" if question.kind == "done" else self.choice.currentText())
            return
        value = typed_number(self.value.text())
        why = translate("Routines", "Type a number.") if value is None else judged(value, question)
        if why:
            self.refused.setText(why)
            self.refused.setVisible(True)
            return
        self.answered.emit(value)
