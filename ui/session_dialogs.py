"""Dialogs about one session: a note, a correction. The record itself is never touched."""

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from ui.words import translate


class NoteDialog(QDialog):
    """A note for a session."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Sessions", "Note to this session"))
        form = QFormLayout(self)
        self.text, self.technician = QPlainTextEdit(), QLineEdit()
        form.addRow(translate("Sessions", "Note"), self.text)
        form.addRow(translate("Sessions", "Your name"), self.technician)
        form.addRow(buttons(self))


class CorrectionDialog(QDialog):
    """Another site or another clock for a session, with a reason."""

    def __init__(self, site: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Sessions", "Correct this session"))
        form = QFormLayout(self)
        words = translate(
            "Sessions", "What was recorded stays as it is. The correction stands beside it with your name."
        )
        label = QLabel(words)
        label.setWordWrap(True)
        form.addRow(label)
        self._site = site
        self.site = QLineEdit(site)
        self.clock = QDoubleSpinBox()
        self.clock.setRange(-1e8, 1e8)
        self.clock.setDecimals(1)
        self.clock.setSuffix(" s")
        self.clock.setToolTip(translate("Sessions", "Seconds to add to all times of this session"))
        self.reason, self.technician = QLineEdit(), QLineEdit()
        form.addRow(translate("Sessions", "Site"), self.site)
        form.addRow(translate("Sessions", "Add to the clock"), self.clock)
        form.addRow(translate("Sessions", "Reason"), self.reason)
        form.addRow(translate("Sessions", "Your name"), self.technician)
        self.buttons = buttons(self)
        form.addRow(self.buttons)
        self.reason.textChanged.connect(self._settle)
        self._settle()

    def changes(self) -> dict[str, str]:
        """Return what was corrected."""
        found = {}
        if self.site.text().strip() != self._site:
            found["site"] = self.site.text().strip()
        if self.clock.value():
            found["clock_s"] = f"{self.clock.value():.1f}"
        return found

    def _settle(self) -> None:
        keep = self.buttons.buttons()[0]
        keep.setEnabled(bool(self.reason.text().strip()))
        keep.setToolTip("" if keep.isEnabled() else translate("Sessions", "A correction needs its reason"))


def buttons(dialog: QDialog) -> QDialogButtonBox:
    """Return the buttons Keep and Cancel of a dialog."""
    box = QDialogButtonBox()
    box.addButton(translate("Sessions", "Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
    box.addButton(translate("Sessions", "Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box
