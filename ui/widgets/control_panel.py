"""Armed control: read-only until a named person arms it for a limited time; what is changed is put back.

Everything here is a wish that the page passes on; the panel shows what the core says.
"""

from collections.abc import Sequence

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from evtech.devices.control import SEEN_AT
from evtech.devices.profile import Point
from evtech.diagnostics.arming import ArmState
from evtech.measure.quantity import UNKNOWN
from evtech.measure.sample import Reading
from evtech.measure.vocabulary import label as point_label
from ui.theme import LIGHT, Theme
from ui.widgets.answer import Shape, label
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.words import translate

MINUTES = (2, 5, 10, 15)


class ControlPanel(QWidget):
    """Arm, set, disarm."""

    arm_wanted = Signal(str, float)  # who, seconds
    disarm_wanted = Signal()
    write_wanted = Signal(str, float)

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.fields: dict[str, QDoubleSpinBox | QComboBox] = {}
        self._shown: object = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 0, 0)
        self.loud = self._make_loud()
        self.title = Heading(scale=1.1)
        self.says = Muted()
        outer.addWidget(self.loud)
        outer.addWidget(self.title)
        outer.addWidget(self.says)
        self.arming = self._make_arming()
        self.setting = QWidget()
        self._form = QFormLayout(self.setting)
        self._form.setContentsMargins(0, 0, 0, 0)
        self.disarm_button = LargeButton(translate("Control", "Disarm and put back"), primary=True)
        self.disarm_button.clicked.connect(self.disarm_wanted)
        self.held = label(rich=True)
        for widget in (self.arming, self.setting, self.held):
            outer.addWidget(widget)
        outer.addWidget(self.disarm_button, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addStretch()
        self.show_points([])
        self.show_state(ArmState(), 0.0)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.shape.show_role("fault", theme)

    def show_points(self, points: Sequence[Point], reading: Reading | None = None) -> None:
        """Offer what the profile allows to be set, beginning with the values of a reading."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields.clear()
        for point in points:
            self._form.addRow(point_label(point.name), self._row(point, _present(point.name, reading)))
        self._shown = None

    def show_state(self, state: ArmState, left_s: float, message: str = "") -> None:
        """Show an arming as it is; ``left_s`` is how long it lasts, ``message`` what a wish came to."""
        self.loud.setVisible(state.is_loud)
        self.loud_text.setText(state.says)
        if state.is_armed:
            clock = f"{int(left_s) // 60}:{int(left_s) % 60:02d}"
            words = translate("Control", "ARMED by {who}: {time} left")
            self.title.setText(words.format(who=state.technician, time=clock))
        else:
            self.title.setText(translate("Control", "Read-only. Nothing is written to the charger."))
        key = (state, message, bool(self.fields))
        if key == self._shown:
            return
        self._shown = key
        can = bool(self.fields)
        self.arming.setVisible(can and not state.is_armed)
        self.setting.setVisible(state.is_armed)
        self.disarm_button.setVisible(state.is_armed)
        nothing = translate("Control", "The profile of this device has nothing that may be set.")
        self.says.setText(message or ("" if state.is_loud else state.says) or ("" if can else nothing))
        self.says.setVisible(bool(self.says.text()))
        rows = [
            f"<tr><td>{point_label(name)}&nbsp;&nbsp;</td><td>{_value(before)}&nbsp;→&nbsp;</td><td><b>{now:g}</b></td></tr>"
            for name, before, now in state.held
        ]
        changed = translate("Control", "Changed now, put back at disarming:")
        self.held.setText(f"{changed}<table>{''.join(rows)}</table>" if rows else "")
        self.held.setVisible(bool(rows))

    def _make_loud(self) -> QFrame:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.Box)
        frame.setAutoFillBackground(True)
        frame.setBackgroundRole(QPalette.ColorRole.Base)
        row = QHBoxLayout(frame)
        self.shape = Shape("fault", 1.6)
        self.loud_text = Heading(scale=1.15)
        self.loud_text.setForegroundRole(QPalette.ColorRole.BrightText)
        row.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.loud_text, 1)
        return frame

    def _make_arming(self) -> QWidget:
        box = QWidget()
        outer = QVBoxLayout(box)
        outer.setContentsMargins(0, 0, 0, 0)
        form = QFormLayout()
        self.who = QLineEdit(str(QSettings().value("control/technician", "")))
        self.who.setMaximumWidth(self.fontMetrics().horizontalAdvance("m") * 24)
        self.who.setAccessibleName(translate("Control", "Your name"))
        self.minutes = QComboBox()
        self.minutes.setAccessibleName(translate("Control", "Armed for"))
        for minutes in MINUTES:
            self.minutes.addItem(translate("Control", "{n} min").format(n=minutes), minutes * 60.0)
        self.minutes.setCurrentIndex(1)
        self.minutes.setMaximumWidth(self.who.maximumWidth())
        form.addRow(translate("Control", "Your name"), self.who)
        form.addRow(translate("Control", "Armed for"), self.minutes)
        outer.addLayout(form)
        self.agreed = QCheckBox(
            translate("Control", "The site's owner agrees, and nobody works on open parts of this charger.")
        )
        outer.addWidget(self.agreed)
        self.arm_button = LargeButton(translate("Control", "Arm"), primary=True)
        self.arm_button.clicked.connect(self._arm)
        outer.addWidget(self.arm_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.who.textChanged.connect(self._may_arm)
        self.agreed.toggled.connect(self._may_arm)
        self._may_arm()
        return box

    def _may_arm(self) -> None:
        may = bool(self.who.text().strip()) and self.agreed.isChecked()
        self.arm_button.setEnabled(may)
        self.arm_button.setToolTip("" if may else translate("Control", "Name yourself and confirm first"))

    def _arm(self) -> None:
        QSettings().setValue("control/technician", self.who.text().strip())
        self.agreed.setChecked(False)  # each arming is confirmed anew
        self.arm_wanted.emit(self.who.text().strip(), float(self.minutes.currentData()))

    def _set(self, name: str, field: QDoubleSpinBox | QComboBox) -> None:
        value = _typed(field)
        if value is not None:
            self.write_wanted.emit(name, value)

    def _row(self, point: Point, present: float | None) -> QWidget:
        """Return a field and a button for one point: a choice where its values have names, else a number."""
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        field: QDoubleSpinBox | QComboBox
        if point.values:
            field = QComboBox()
            for raw, word in point.values.items():
                field.addItem(str(word), raw * point.scale + point.offset)
        elif point.name in ("enable", "remote_lock"):
            field = QComboBox()
            field.addItem(translate("Control", "off"), 0.0)
            field.addItem(translate("Control", "on"), 1.0)
        else:
            field = QDoubleSpinBox()
            high = point.maximum if point.maximum is not None else 100_000
            field.setRange(0.0, high * point.scale + point.offset)
            field.setDecimals(1 if abs(point.scale) < 1 and field.maximum() < 1000 else 0)
            field.setSuffix(f" {point.unit}" if point.unit else "")
            if present is not None:
                field.setValue(present)
        if isinstance(field, QComboBox):  # nothing is chosen where the charger does not tell what is in force
            field.setCurrentIndex(-1 if present is None else field.findData(present))
            field.setPlaceholderText(translate("Control", "choose …"))
        field.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * 15)
        field.setAccessibleName(point_label(point.name))
        button = QPushButton(translate("Control", "Set"))
        button.setAccessibleName(translate("Control", "Set {name}").format(name=point_label(point.name)))
        button.clicked.connect(lambda: self._set(point.name, field))
        self.fields[point.name] = field
        row.addWidget(field)
        row.addWidget(button)
        row.addStretch()
        return box


def _typed(field: QDoubleSpinBox | QComboBox) -> float | None:
    """Return what is chosen, ``None`` while nothing is."""
    if isinstance(field, QComboBox):
        return None if field.currentData() is None else float(field.currentData())
    return field.value()


def _present(name: str, reading: Reading | None) -> float | None:
    """Return the value in force: of the point itself, or where the product shows it."""
    if reading is None:
        return None
    found = (reading.number(candidate) for candidate in (name, *SEEN_AT.get(name, ())))
    return next((value for value in found if value is not None), None)


def _value(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:g}"
