"""Dialogs about one session: a note, a correction. The record itself is never touched."""

from datetime import UTC, datetime

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from evtech.store.session_list import SessionLine
from ui.widgets.dress import Muted
from ui.words import local_time, translate

WIDTH = 480


class NoteDialog(QDialog):
    """A note for a session."""

    def __init__(self, technician: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Sessions", "Note to this session"))
        self.setMinimumWidth(WIDTH)
        form = _form(self)
        self.text, self.technician = QPlainTextEdit(), QLineEdit(technician)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(self.fontMetrics().height() * 6)
        form.addRow(translate("Sessions", "&Note"), self.text)
        form.addRow(translate("Sessions", "&Your name"), self.technician)
        self.buttons = buttons(self)
        form.addRow(self.buttons)
        self.text.textChanged.connect(self._settle)
        self.technician.textChanged.connect(self._settle)
        self._settle()

    def _settle(self) -> None:
        missing = ""
        if not self.text.toPlainText().strip():
            missing = translate("Sessions", "Write the note first")
        elif not self.technician.text().strip():
            missing = translate("Sessions", "Give your name")
        _allow(self.buttons, missing)


class CorrectionDialog(QDialog):
    """Another site or another clock for a session, with a reason; ``shift`` is what the clock was corrected by (s)."""

    def __init__(self, line: SessionLine, shift: float, technician: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Sessions", "Correct this session"))
        self.setMinimumWidth(WIDTH)
        self._line, self._shift = line, shift
        form = _form(self)
        form.addRow(
            Muted(
                translate(
                    "Sessions", "What was recorded stays as it is. The correction stands beside it with your name."
                )
            )
        )
        self.site = QLineEdit(line.site)
        self.clock = QDoubleSpinBox()
        self.clock.setRange(-1e8, 1e8)
        self.clock.setDecimals(1)
        self.clock.setValue(shift)
        self.clock.setSuffix(" s")
        self.clock.setToolTip(translate("Sessions", "One hour is 3600 s; a clock that was ahead takes a minus"))
        self.begins = Muted()
        self.reason, self.technician = QLineEdit(), QLineEdit(technician)
        form.addRow(translate("Sessions", "&Site"), self.site)
        form.addRow(translate("Sessions", "&Add to recorded times"), self.clock)
        form.addRow("", self.begins)
        self.counts = QCheckBox(translate("Sessions", "It is a session of its own and counts in sums"))
        if line.twin is not None:
            form.addRow(self.counts)
        form.addRow(translate("Sessions", "&Reason"), self.reason)
        form.addRow(translate("Sessions", "&Your name"), self.technician)
        self.buttons = buttons(self)
        form.addRow(self.buttons)
        for edit in (self.site, self.reason, self.technician):
            edit.textChanged.connect(self._settle)
        self.clock.valueChanged.connect(self._settle)
        self.counts.toggled.connect(self._settle)
        self._settle()

    def changes(self) -> dict[str, str]:
        """Return what was corrected."""
        found = {}
        if self.site.text().strip() != self._line.site:
            found["site"] = self.site.text().strip()
        if self.clock.value() != self._shift:
            found["clock_s"] = f"{self.clock.value():.1f}"
        return found

    def _settle(self) -> None:
        begins = datetime.fromtimestamp(self._line.started - self._shift + self.clock.value(), UTC)
        self.begins.setText(translate("Sessions", "It then begins at {time}").format(time=local_time(begins)))
        missing = ""
        if not self.changes() and not self.counts.isChecked():
            missing = translate("Sessions", "Nothing is changed yet")
        elif not self.reason.text().strip():
            missing = translate("Sessions", "A correction needs its reason")
        elif not self.technician.text().strip():
            missing = translate("Sessions", "Give your name")
        _allow(self.buttons, missing)


def buttons(dialog: QDialog) -> QDialogButtonBox:
    """Return the buttons Keep and Cancel of a dialog."""
    box = QDialogButtonBox()
    box.addButton(translate("Sessions", "Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
    box.addButton(translate("Sessions", "Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box


def _form(dialog: QDialog) -> QFormLayout:
    form = QFormLayout(dialog)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _allow(box: QDialogButtonBox, missing: str) -> None:
    """Let what was entered be kept where nothing is missing, else say what is."""
    keep = box.buttons()[0]
    keep.setEnabled(not missing)
    keep.setToolTip(missing)
