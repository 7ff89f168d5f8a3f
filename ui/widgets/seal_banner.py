"""Whose visit is shown, what its seal says, and what can be done with it."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from evtech.reports.seal import SealReport
from ui.theme import LIGHT, Theme, severity_colour
from ui.widgets.badge import draw_shape
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.words import translate

ROLES = {"unchanged": "good", "unknown_signer": "warning", "changed": "fault", "unsealed": "fault"}


class _Shape(QWidget):
    """The shape of a severity, beside words that say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.theme, self.role = LIGHT, "neutral"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        side = int(self.fontMetrics().height() * 1.6)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        side = self.sizeHint().width() - 4
        draw_shape(QPainter(self), QRectF(2, 2, side, side), self.role, self.theme)


class SealBanner(QFrame):
    """A strip over the pages of a visit that somebody handed over."""

    trust_wanted = Signal()
    import_wanted = Signal()
    close_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.shape, self.sentence, self.detail = _Shape(), Heading(scale=1.1), Muted()
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.trust = LargeButton(translate("Visit", "Trust this signer…"))
        self.take = LargeButton(translate("Visit", "Import"), primary=True)
        self.leave = LargeButton(translate("Visit", "Close"))
        for button, signal in (
            (self.trust, self.trust_wanted), (self.take, self.import_wanted), (self.leave, self.close_wanted)
        ):  # fmt: skip
            button.clicked.connect(signal)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.sentence)
        words.addWidget(self.detail)
        row.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        for button in (self.trust, self.take, self.leave):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._role = "neutral"

    def show_seal(self, seal: SealReport, redacted: tuple[str, ...]) -> None:
        """Show what the seal says."""
        self._role = ROLES[seal.result]
        self.sentence.setText(sentence(seal))
        lines = [translate("Visit", "Key {print}").format(print=grouped(seal.fingerprint or ""))]
        if redacted:
            lines.append(translate("Visit", "Left out by the sender: {parts}").format(parts=", ".join(redacted)))
        self.detail.setText(" · ".join(lines))
        self.trust.setVisible(seal.result == "unknown_signer")
        self.take.setEnabled(seal.result in ("unchanged", "unknown_signer"))
        why = translate("Visit", "A changed file is not imported; ask for it again.")
        self.take.setToolTip("" if self.take.isEnabled() else why)
        self.apply_theme(self.shape.theme)

    def show_imported(self) -> None:
        """Say that the visit is in the own archive now."""
        self.take.setEnabled(False)
        self.take.setText(translate("Visit", "Imported"))
        self.take.setToolTip(translate("Visit", "The visit is in your archive: see Sessions in your window."))

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.shape.theme, self.shape.role = theme, self._role
        self.shape.update()
        colours = self.sentence.palette()
        colours.setColor(QPalette.ColorRole.WindowText, QColor(severity_colour(theme, self._role)))
        self.sentence.setPalette(colours if self._role == "fault" else self.palette())


def sentence(seal: SealReport) -> str:
    """Return what a seal says, for a person."""
    who = seal.signer or translate("Visit", "somebody")
    if seal.result == "unchanged":
        return translate("Visit", "Visit of {name} — sealed, unchanged, read-only").format(name=who)
    if seal.result == "unknown_signer":
        words = translate(
            "Visit", "Visit of {name}, whose key is not known here — unchanged since it was sealed, read-only"
        )
        return words.format(name=who)
    words = translate("Visit", "CHANGED after {name} sealed it: {what}. Do not rely on it; ask for the file again.")
    return words.format(name=who, what="; ".join(seal.changes) or translate("Visit", "it has no seal"))


def grouped(print_: str) -> str:
    """Return a fingerprint in groups of four, as people read it to each other."""
    return " ".join(print_[i : i + 4] for i in range(0, len(print_), 4))
