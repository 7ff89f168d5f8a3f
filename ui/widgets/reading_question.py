"""Asks for what a reference without a link shows, and takes the number as people write it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from ui.widgets.calibration_words import no_number
from ui.words import translate


class ReadingQuestion(QWidget):
    """One question with one field; hidden while nothing is asked."""

    answered = Signal(float)  # kWh
    message = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.asked, self.answer = QLabel(), QLineEdit()
        self.asked.setBuddy(self.answer)
        self.answer.setAccessibleName(translate("Calibrate", "Reading of the reference in kWh"))
        self.answer.returnPressed.connect(self._take)
        keep = QPushButton(translate("Calibrate", "Keep the reading"))
        keep.clicked.connect(self._take)
        for widget in (self.asked, self.answer, keep):
            row.addWidget(widget)
        row.addStretch()
        self.setVisible(False)

    def ask(self, question: str | None) -> None:
        """Ask for a reading by its name, or with ``None`` for nothing."""
        if (question is not None) != self.isVisibleTo(self.parentWidget()):
            self.setVisible(question is not None)
            self.answer.clear()
            if question is not None:
                self.answer.setFocus()
        words = {
            "reference_start": translate("Calibrate", "The reference shows now, before the load (kWh)"),
            "reference_end": translate("Calibrate", "The reference shows now, after the load (kWh)"),
            "reference_kwh": translate("Calibrate", "Energy that the reference counted in this run (kWh)"),
        }
        self.asked.setText(words.get(question or "", ""))

    def _take(self) -> None:
        try:
            value = float(self.answer.text().strip().replace(",", "."))
        except ValueError:
            self.message.emit(no_number())
            return
        self.answer.clear()
        self.answered.emit(value)
