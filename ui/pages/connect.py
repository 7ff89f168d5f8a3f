"""Connect: a form, the demo, recent links, a step-by-step check that names the fix, interrupted sessions."""

from PySide6.QtCore import QRectF, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from evtech.devices.profile import Profile
from evtech.errors import EvtechError
from evtech.links.discovery import serial_ports
from evtech.store.records import ChargingSession
from evtech.workbench import CheckStep
from ui.theme import LIGHT, Theme
from ui.widgets.badge import draw_shape
from ui.words import local_time, quantity, translate

_ROLES = {"ok": "good", "failed": "fault", "running": "neutral"}
_RECENT = 10


class StepRow(QWidget):
    """One step of the check: shape, what is done, and the fix below it when it failed."""

    def __init__(self, step: CheckStep, theme: Theme) -> None:
        super().__init__()
        self.theme, self._role = theme, _ROLES[step.state]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(30, 3, 0, 3)
        layout.setSpacing(1)
        message = QLabel(step.message)
        message.setWordWrap(True)
        message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(message)
        if step.hint:
            hint = QLabel("→ " + step.hint)
            hint.setWordWrap(True)
            font = hint.font()
            font.setBold(True)
            hint.setFont(font)
            layout.addWidget(hint)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_shape(painter, QRectF(6, 7, 13, 13), self._role, self.theme)


class ConnectPage(QWidget):
    """Where every visit begins."""

    connect_wanted = Signal(str, object)  # address, profile id or None
    demo_wanted = Signal()
    cancel_wanted = Signal()
    close_session_wanted = Signal(object)

    def __init__(self, profiles: list[Profile]) -> None:
        super().__init__()
        self.theme = LIGHT
        self._rows: dict[str, StepRow] = {}
        outer = QHBoxLayout(self)
        outer.setContentsMargins(20, 16, 20, 16)
        outer.setSpacing(24)
        left = QVBoxLayout()
        left.setSpacing(12)
        outer.addLayout(left, 3)
        self.banner = self._make_banner()
        left.addWidget(self.banner)
        left.addWidget(_heading(translate("Connect", "Connect to a charger or meter")))
        left.addLayout(self._make_form(profiles))
        left.addLayout(self._make_buttons())
        left.addWidget(_heading(translate("Connect", "Recent")))
        self.recent = QListWidget()
        self.recent.setAccessibleName(translate("Connect", "Recent links"))
        self.recent.itemActivated.connect(self._use_recent)
        self.recent.itemClicked.connect(self._use_recent)
        left.addWidget(self.recent, 1)
        self._load_recent()
        outer.addLayout(self._make_steps(), 2)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme

    def address(self) -> str:
        """Return the link address that the form describes."""
        if self.kind.currentIndex() == 2:
            return self.raw.text().strip()
        if self.kind.currentIndex() == 0:
            host = self.host.text().strip()
            host = f"[{host}]" if ":" in host and not host.startswith("[") else host
            port = f":{self.tcp_port.value()}" if self.tcp_port.value() != 502 else ""
            unit = f"?unit={self.tcp_unit.value()}" if self.tcp_unit.value() >= 0 else ""
            return f"tcp://{host}{port}{unit}"
        words = []
        if self.baud.currentIndex() > 0:
            words.append(f"baud={self.baud.currentText()}")
        if self.parity.currentIndex() > 0:
            words.append(f"parity={self.parity.currentText()[0]}")
        if self.serial_unit.value() >= 0:
            words.append(f"unit={self.serial_unit.value()}")
        return f"rtu://{self.port.currentText().strip()}" + ("?" + "&".join(words) if words else "")

    def show_step(self, step: CheckStep) -> None:
        """Show how one step of the check goes."""
        if step.name in ("address", "demo") and step.state == "running":
            self.clear_steps()
        self.empty.setVisible(False)
        row = StepRow(step, self.theme)
        old = self._rows.pop(step.name, None)
        if old is not None:
            self.steps.replaceWidget(old, row)
            old.deleteLater()
        else:
            self.steps.insertWidget(self.steps.count() - 1, row)
        self._rows[step.name] = row

    def clear_steps(self) -> None:
        """Forget the former check."""
        for row in self._rows.values():
            self.steps.removeWidget(row)
            row.deleteLater()
        self._rows.clear()

    def set_busy(self, busy: bool) -> None:
        """Show that connecting goes on, with a way out."""
        self.connect_button.setEnabled(not busy)
        self.demo_button.setEnabled(not busy)
        self.cancel_button.setVisible(busy)

    def show_failure(self, error: EvtechError | None) -> None:
        """Say why connecting failed, where no step said it."""
        self.set_busy(False)
        if error is not None and not any(row._role == "fault" for row in self._rows.values()):
            self.show_step(CheckStep("failure", "failed", str(error), error.hint))

    def remember(self, address: str, name: str) -> None:
        """Put a link that worked to the top of the recent ones."""
        entries = [entry for entry in self._entries() if entry.split("\t")[0] != address]
        QSettings().setValue("connect/recent", [f"{address}\t{name}", *entries][:_RECENT])
        self._load_recent()

    def offer_interrupted(self, sessions: list[ChargingSession]) -> None:
        """Say which session a former evtech left open and what can be done."""
        self._interrupted = sessions
        self.banner.setVisible(bool(sessions))
        if sessions:
            session = sessions[-1]
            text = translate(
                "Connect",
                "A session was interrupted: {who}, {when}, {energy} so far. Connect to the same charger: it goes on.",
            ).format(
                who=f"{session.charger.vendor} {session.charger.model}",
                when=local_time(session.started),
                energy=quantity(session.energy_wh, "Wh"),
            )
            self.banner_text.setText(text)

    def _make_banner(self) -> QFrame:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        layout = QHBoxLayout(frame)
        self.banner_text = QLabel()
        self.banner_text.setWordWrap(True)
        layout.addWidget(self.banner_text, 1)
        close = QPushButton(translate("Connect", "Close the session"))
        close.clicked.connect(self._close_interrupted)
        layout.addWidget(close)
        frame.setVisible(False)
        self._interrupted: list[ChargingSession] = []
        return frame

    def _make_form(self, profiles: list[Profile]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        self.kind = QComboBox()
        self.kind.addItems(
            [
                translate("Connect", "Network (Modbus TCP)"),
                translate("Connect", "Serial line (Modbus RTU)"),
                translate("Connect", "Link address"),
            ]
        )
        self.kind.setAccessibleName(translate("Connect", "Kind of link"))
        self.fields = QStackedWidget()
        for page in (self._network_fields(), self._serial_fields(), self._address_fields()):
            self.fields.addWidget(page)
        self.kind.currentIndexChanged.connect(self.fields.setCurrentIndex)
        self.profile = QComboBox()
        self.profile.addItem(translate("Connect", "Recognise automatically"), None)
        for profile in profiles:
            self.profile.addItem(f"{profile.vendor} {profile.model}", profile.id)
        self.profile.setAccessibleName(translate("Connect", "Profile"))
        grid.addWidget(QLabel(translate("Connect", "Link")), 0, 0)
        grid.addWidget(self.kind, 0, 1)
        grid.addWidget(self.fields, 1, 0, 1, 2)
        grid.addWidget(QLabel(translate("Connect", "Device")), 2, 0)
        grid.addWidget(self.profile, 2, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _network_fields(self) -> QWidget:
        page = QWidget()
        form = _form(page)
        self.host = QLineEdit()
        self.host.setPlaceholderText("192.168.1.50")
        self.host.returnPressed.connect(self._connect)
        self.tcp_port = _number(1, 65535, 502)
        self.tcp_unit = _number(-1, 255, -1)
        form.addRow(translate("Connect", "Address"), self.host)
        form.addRow(translate("Connect", "Port"), self.tcp_port)
        form.addRow(translate("Connect", "Unit id"), self.tcp_unit)
        return page

    def _serial_fields(self) -> QWidget:
        page = QWidget()
        form = _form(page)
        self.port = QComboBox()
        self.port.setEditable(True)
        self.port.addItems([port.path for port in serial_ports()])
        self.baud, self.parity = QComboBox(), QComboBox()
        by_profile = translate("Connect", "as the profile says")
        self.baud.addItems([by_profile, "2400", "4800", "9600", "19200", "38400", "57600", "115200"])
        self.parity.addItems([by_profile, "N (none)", "E (even)", "O (odd)"])
        self.serial_unit = _number(-1, 255, -1)
        form.addRow(translate("Connect", "Port"), self.port)
        form.addRow(translate("Connect", "Speed"), self.baud)
        form.addRow(translate("Connect", "Parity"), self.parity)
        form.addRow(translate("Connect", "Unit id"), self.serial_unit)
        return page

    def _address_fields(self) -> QWidget:
        page = QWidget()
        form = _form(page)
        self.raw = QLineEdit()
        self.raw.setPlaceholderText("tcp://192.168.1.50:502?unit=255")
        self.raw.returnPressed.connect(self._connect)
        form.addRow(translate("Connect", "Address"), self.raw)
        return page

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.connect_button = QPushButton(translate("Connect", "Connect"))
        self.connect_button.setDefault(True)
        self.connect_button.clicked.connect(self._connect)
        self.demo_button = QPushButton(translate("Connect", "Demo charger"))
        self.demo_button.setToolTip(translate("Connect", "A simulated charger; no hardware needed"))
        self.demo_button.clicked.connect(self._demo)
        self.cancel_button = QPushButton(translate("Connect", "Cancel"))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.cancel_button.setVisible(False)
        for button in (self.connect_button, self.demo_button, self.cancel_button):
            button.setMinimumSize(QSize(150, 44))
            row.addWidget(button)
        row.addStretch()
        return row

    def _make_steps(self) -> QVBoxLayout:
        self.steps = QVBoxLayout()
        self.steps.addWidget(_heading(translate("Connect", "Check")))
        self.empty = QLabel(
            translate("Connect", "Each step of a connection is shown here, with what to try when one fails.")
        )
        self.empty.setWordWrap(True)
        self.steps.addWidget(self.empty)
        self.steps.addStretch()
        return self.steps

    def _connect(self) -> None:
        self.set_busy(True)
        self.connect_wanted.emit(self.address(), self.profile.currentData())

    def _demo(self) -> None:
        self.set_busy(True)
        self.demo_wanted.emit()

    def _close_interrupted(self) -> None:
        self.close_session_wanted.emit(self._interrupted[-1])

    def _use_recent(self) -> None:
        row = self.recent.currentRow()
        if row >= 0:
            self.raw.setText(self._entries()[row].split("\t")[0])
            self.kind.setCurrentIndex(2)

    def _entries(self) -> list[str]:
        stored = QSettings().value("connect/recent", [])
        return [stored] if isinstance(stored, str) else list(stored or [])

    def _load_recent(self) -> None:
        self.recent.clear()
        for entry in self._entries():
            address, _, name = entry.partition("\t")
            self.recent.addItem(f"{name}   {address}")


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.25)
    label.setFont(font)
    return label


def _form(page: QWidget) -> QFormLayout:
    form = QFormLayout(page)
    form.setContentsMargins(0, 0, 0, 0)
    return form


def _number(low: int, high: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    if low < 0:
        box.setSpecialValueText(translate("Connect", "as the profile says"))
    return box
