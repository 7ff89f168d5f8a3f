"""The billing check before any file is there: one sentence, the ways to bring files, and an example."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from evtech.store.results import Result
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.widgets.flow import FlowLayout
from ui.words import translate


class BillingStart(QWidget):
    """The empty page."""

    files_wanted = Signal()
    folder_wanted = Signal()
    paste_wanted = Signal()
    example_wanted = Signal()
    kept_wanted = Signal(str)  # id of a kept check

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(Heading(translate("Billing", "Is this bill right? Drop its files here.")))
        column.addWidget(
            Muted(
                translate(
                    "Billing",
                    "The charge record (CDR), the tariff, the signed meter values, or a folder of records. "
                    "evtech tells by the content what is what.",
                )
            )
        )
        buttons = QWidget()
        flow = FlowLayout(buttons)
        self.open = LargeButton(translate("Billing", "Open files…"), primary=True)
        self.folder = LargeButton(translate("Billing", "Open a folder…"))
        self.paste = LargeButton(translate("Billing", "Paste"))
        self.example = LargeButton(translate("Billing", "Try an example"))
        for button, signal in (
            (self.open, self.files_wanted),
            (self.folder, self.folder_wanted),
            (self.paste, self.paste_wanted),
            (self.example, self.example_wanted),
        ):
            button.clicked.connect(signal)
            flow.addWidget(button)
        column.addWidget(buttons)
        self.kept = QComboBox()
        self.kept.setAccessibleName(translate("Billing", "Kept checks"))
        self.kept.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.kept.setVisible(False)
        self.kept.activated.connect(self._open_kept)
        column.addWidget(self.kept, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame that files are dropped into."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 2, Qt.PenStyle.DashLine))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 8, 8)

    def show_kept(self, found: list[Result]) -> None:
        """List the newest kept checks."""
        words = {"match": translate("Billing", "right"), "mismatch": translate("Billing", "wrong")}
        self.kept.clear()
        self.kept.addItem(translate("Billing", "Open a kept check …"), None)
        for one in found[:50]:
            when = f"{one.at.astimezone():%Y-%m-%d %H:%M}"
            self.kept.addItem(f"{when} · {one.title} · {words.get(one.verdict or '', '')}", one.id)
        self.kept.setVisible(bool(found))

    def _open_kept(self, index: int) -> None:
        if self.kept.itemData(index):
            self.kept_wanted.emit(self.kept.itemData(index))
