"""What a person knows beside the files: time zone, the meter's key, the price on the display, the own recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from evtech.billing.json_files import number
from evtech.store.session_list import SessionLine
from ui.widgets.flow import FlowLayout
from ui.widgets.zone_box import ZoneBox
from ui.words import quantity, translate


@dataclass(frozen=True, slots=True)
class Given:
    """What was entered; ``None`` where nothing was."""

    zone: str | None = None
    public_key: str | None = None
    displayed: Decimal | None = None
    session_id: str | None = None


class GivenForm(QWidget):
    """Four fields; each change is told at once."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        flow = FlowLayout(self, 14)
        self.zone = ZoneBox()
        self.zone.chosen.connect(self._tell)
        self.recording = QComboBox()
        self.recording.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.recording.setMinimumContentsLength(24)
        self.recording.activated.connect(self._tell)
        self.displayed = QLineEdit()
        self.displayed.setPlaceholderText(translate("Billing", "such as 12.34"))
        self.displayed.setClearButtonEnabled(True)
        self.displayed.textChanged.connect(self._look_at_price)
        self.displayed.editingFinished.connect(self._tell)
        self.key = QLineEdit()
        self.key.setPlaceholderText(translate("Billing", "from the charger's label"))
        self.key.setClearButtonEnabled(True)
        self.key.editingFinished.connect(self._tell)
        for text, widget in (
            (translate("Billing", "Time zone"), self.zone),
            (translate("Billing", "Your own recording"), self.recording),
            (translate("Billing", "Price on the display"), self.displayed),
            (translate("Billing", "Meter's public key"), self.key),
        ):
            widget.setAccessibleName(text)
            flow.addWidget(_field(text, widget))
        self.price_note = QLabel(translate("Billing", "An amount such as 12.34."))
        self.price_note.hide()
        flow.addWidget(self.price_note)
        self._told = Given()
        self.show_recordings([], None)

    def given(self) -> Given:
        """Return what is entered; an amount that is none counts as nothing."""
        return Given(
            zone=self.zone.currentText().strip() or None,
            public_key=self.key.text().strip() or None,
            displayed=_amount(self.displayed.text()),
            session_id=self.recording.currentData(),
        )

    def show_given(self, given: Given) -> None:
        """Fill the fields without telling anybody."""
        self._told = given
        self.zone.show_zone(given.zone or "")
        self.key.setText(given.public_key or "")
        self.displayed.setText("" if given.displayed is None else f"{given.displayed:f}")
        if given.session_id is not None and self.recording.findData(given.session_id) < 0:
            self.recording.addItem(given.session_id[:8], given.session_id)
        self.recording.setCurrentIndex(max(0, self.recording.findData(given.session_id)))

    def show_recordings(self, lines: Sequence[SessionLine], chosen: str | None) -> None:
        """Offer the recorded sessions that lie near the record's time."""
        with QSignalBlocker(self.recording):
            self.recording.clear()
            none = translate("Billing", "none chosen") if lines else translate("Billing", "none at that time")
            self.recording.addItem(none, None)
            for line in lines:
                began = datetime.fromtimestamp(line.started).astimezone()
                text = f"{began:%m-%d %H:%M} · {quantity(line.energy_wh, 'Wh')} · {line.charger}"
                self.recording.addItem(text, line.id)
            self.recording.setCurrentIndex(max(0, self.recording.findData(chosen)))

    def show_known_zone(self, name: str | None) -> None:
        """Show which zone the record itself is judged in while none is entered."""
        known = translate("Billing", "{zone} (record)")
        usual = translate("Billing", "such as Europe/Berlin")
        self.zone.lineEdit().setPlaceholderText(known.format(zone=name) if name else usual)

    def _look_at_price(self, text: str) -> None:
        self.price_note.setVisible(bool(text.strip()) and _amount(text) is None)
        self.updateGeometry()

    def _tell(self) -> None:
        if self.given() != self._told:
            self._told = self.given()
            self.changed.emit()


def _amount(text: str) -> Decimal | None:
    try:
        return number(text.strip().replace(",", ".")) if text.strip() else None
    except ValueError:
        return None


def _field(text: str, widget: QWidget) -> QWidget:
    place = QWidget()
    column = QVBoxLayout(place)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    label = QLabel(text)
    label.setBuddy(widget)
    widget.setMinimumWidth(widget.fontMetrics().horizontalAdvance("m") * 16)
    column.addWidget(label)
    column.addWidget(widget)
    return place
