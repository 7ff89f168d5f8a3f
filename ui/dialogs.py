"""Small dialogs: who is here, where, and why."""

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from evtech.store.records import Visit
from ui.words import translate


class VisitDialog(QDialog):
    """Names the visit that started by itself; the first entry stays in the archive, changes are corrections."""

    def __init__(self, visit: Visit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Visit", "This visit"))
        form = QFormLayout(self)
        self.site, self.technician = QLineEdit(visit.site), QLineEdit(visit.technician)
        self.purpose, self.notes = QLineEdit(visit.purpose), QPlainTextEdit(visit.notes)
        form.addRow(translate("Visit", "Site"), self.site)
        form.addRow(translate("Visit", "Technician"), self.technician)
        form.addRow(translate("Visit", "Purpose"), self.purpose)
        form.addRow(translate("Visit", "Notes"), self.notes)
        buttons = QDialogButtonBox()
        buttons.addButton(translate("Visit", "Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(translate("Visit", "Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def changes(self, visit: Visit) -> dict[str, str]:
        """Return the fields that differ from a visit."""
        now = {
            "site": self.site.text().strip(),
            "technician": self.technician.text().strip(),
            "purpose": self.purpose.text().strip(),
            "notes": self.notes.toPlainText().strip(),
        }
        return {name: value for name, value in now.items() if value != getattr(visit, name)}
