"""The files of a dispute as chips: what each is taken for, which can be changed, and a button to take it away."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from evtech.billing.dossier import ROLES, Evidence
from ui.billing_words import role_word
from ui.theme import Theme
from ui.widgets.dress import dress
from ui.widgets.flow import FlowLayout
from ui.words import translate

_LONGEST = 28  # characters of a name on a chip; the whole one is in the tooltip


class Chip(QFrame):
    """One file."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 4, 3)
        row.setSpacing(6)
        name = evidence.name
        label = QLabel(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9]}…{name[-8:]}")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setToolTip(str(evidence.path or name))
        self.role = QComboBox()
        for role in ROLES:
            self.role.addItem(role_word(role), role)
        self.role.setCurrentIndex(ROLES.index(evidence.role))
        self.role.setAccessibleName(translate("Billing", "What {file} is").format(file=name))
        self.role.setToolTip(translate("Billing", "Told by the content; change it if it is another kind of file"))
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setAutoRaise(True)
        self.remove.setAccessibleName(translate("Billing", "Remove {file}").format(file=name))
        self.remove.setToolTip(self.remove.accessibleName())
        row.addWidget(self.role)
        row.addWidget(label)
        row.addWidget(self.remove)


class EvidenceBar(QWidget):
    """Chips, and the ways to add files."""

    role_changed = Signal(int, str)
    removed = Signal(int)
    files_wanted = Signal()
    folder_wanted = Signal()
    paste_wanted = Signal()
    clear_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.chips: list[Chip] = []
        self.place = QWidget()
        self._flow = FlowLayout(self.place)
        for text, signal in (
            (translate("Billing", "Add files…"), self.files_wanted),
            (translate("Billing", "Folder…"), self.folder_wanted),
            (translate("Billing", "Paste"), self.paste_wanted),
            (translate("Billing", "Start over"), self.clear_wanted),
        ):
            button = QPushButton(text)
            button.clicked.connect(signal)
            self._flow.addWidget(button)
        column.addWidget(self.place)

    def show_evidence(self, evidence: Sequence[Evidence], theme: Theme) -> None:
        """Show these files."""
        for chip in self.chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for index, one in enumerate(evidence):
            chip = Chip(one)
            chip.role.currentIndexChanged.connect(partial(self._pass_role, index))
            chip.remove.clicked.connect(partial(self._pass_removal, index))
            self._flow.addWidget(chip)
            self.chips.append(chip)
        dress(self, theme)
        self.place.updateGeometry()

    def _pass_role(self, index: int, chosen: int) -> None:
        self.role_changed.emit(index, ROLES[chosen])

    def _pass_removal(self, index: int) -> None:
        self.removed.emit(index)
