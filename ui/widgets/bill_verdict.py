"""The one verdict about a bill: shape, colour and word, the sentences below it, and the four aspects."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.billing_words import Aspect
from ui.theme import LIGHT, Theme, severity_colour
from ui.widgets.badge import Badge, draw_shape
from ui.widgets.dress import Heading
from ui.widgets.flow import FlowLayout
from ui.widgets.zone_box import ZoneBox
from ui.words import translate


class BillVerdict(QWidget):
    """What the check came to, and what it still needs."""

    zone_chosen = Signal(str)
    tariff_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.theme, self.role = LIGHT, "neutral"
        column = QVBoxLayout(self)
        column.setSpacing(5)
        self.title = Heading("", 1.5)
        self.sentences = QLabel()
        self.sentences.setWordWrap(True)
        self.sentences.setTextFormat(Qt.TextFormat.PlainText)
        self.sentences.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        badges = QWidget()
        flow = FlowLayout(badges, 14)
        self.badges = [Badge() for _ in range(4)]
        for badge in self.badges:
            flow.addWidget(badge)
        column.addWidget(self.title)
        column.addWidget(self.sentences)
        column.addWidget(badges)
        column.addWidget(self._make_need())
        self._fit()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        for badge in self.badges:
            badge.theme = theme
            badge.updateGeometry()
            badge.update()
        self.title.fit()
        self._fit()
        self.update()

    def show_verdict(self, role: str, title: str, sentences: Sequence[str], aspects: Sequence[Aspect]) -> None:
        """Show a verdict."""
        self.role = role
        self.title.setText(title)
        self.sentences.setText("\n".join(sentences))
        self.sentences.setVisible(bool(sentences))
        for badge, aspect in zip(self.badges, aspects, strict=True):
            badge.show_state(aspect.role, f"{aspect.title}: {aspect.word}")
        self.setAccessibleName(f"{title} {' '.join(sentences)}")
        self.update()

    def ask(self, *, zone: bool = False, tariff: bool = False) -> None:
        """Offer to supply what is missing."""
        self.zone.setVisible(zone)
        self.zone_label.setVisible(zone)
        self.tariff.setVisible(tariff)
        self.need.setVisible(zone or tariff)
        if zone:
            self.zone.setFocus()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = QColor(severity_colour(self.theme, self.role))
        painter.fillRect(self.rect(), QColor(self.theme.panel))
        painter.setPen(QPen(colour, 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.fillRect(0, 0, 6, self.height(), colour)
        side = self.title.fontMetrics().height() * 1.1
        draw_shape(painter, QRectF(18, 12, side, side), self.role, self.theme)

    def _fit(self) -> None:
        self.layout().setContentsMargins(int(self.title.fontMetrics().height() * 1.1) + 32, 10, 12, 10)

    def _make_need(self) -> QWidget:
        self.need = QWidget()
        row = QHBoxLayout(self.need)
        row.setContentsMargins(0, 0, 0, 0)
        self.zone_label = QLabel(translate("Billing", "Where does the charger stand?"))
        self.zone = ZoneBox()
        self.zone.chosen.connect(self.zone_chosen)
        self.zone_label.setBuddy(self.zone)
        self.tariff = QPushButton(translate("Billing", "Add the tariff…"))
        self.tariff.clicked.connect(self.tariff_wanted)
        row.addWidget(self.zone_label)
        row.addWidget(self.zone)
        row.addWidget(self.tariff)
        row.addStretch()
        return self.need
