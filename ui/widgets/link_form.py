"""The form that makes a link address: network, serial line, or the address itself; and the choice of a profile."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QPushButton, QSpinBox, QWidget

from evtech.devices.profile import Profile
from evtech.errors import LinkAddressError
from evtech.links.address import NETWORK_SCHEMES, parse_address
from evtech.links.discovery import PortFacts, serial_ports
from ui.widgets.dress import Muted
from ui.words import translate

NETWORK, SERIAL, ADDRESS = range(3)
_SPEEDS = ("2400", "4800", "9600", "19200", "38400", "57600", "115200")
Work = Callable[[Callable[[], Any], Callable[[Any], None]], None]


class LinkForm(QWidget):
    """Fields for one link. ``submitted`` comes when Enter is pressed in a field."""

    submitted = Signal()

    def __init__(self, profiles: Sequence[Profile], work: Work) -> None:
        super().__init__()
        self._work = work
        self._ports: dict[str, PortFacts] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.kind = QComboBox()
        self.kind.addItem(translate("Connect", "Network (Modbus TCP)"))
        self.kind.addItem(translate("Connect", "Serial line (Modbus RTU)"))
        self.kind.addItem(translate("Connect", "Link address"))
        self._row(translate("Connect", "&Link"), self.kind)
        self._rows: dict[int, list[QWidget]] = {NETWORK: [], SERIAL: [], ADDRESS: []}
        self._add_network()
        self._add_serial()
        self._add_address()
        self.profile = QComboBox()
        self.show_profiles(profiles)
        self._row(translate("Connect", "De&vice"), self.profile)
        self.kind.currentIndexChanged.connect(self._show_kind)
        self._show_kind(NETWORK)

    def show_profiles(self, profiles: Sequence[Profile]) -> None:
        """Offer profiles, keeping the choice."""
        chosen = self.profile.currentData()
        self.profile.clear()
        self.profile.addItem(translate("Connect", "Recognise automatically"), None)
        for profile in profiles:
            self.profile.addItem(f"{profile.vendor} {profile.model}", profile.id)
        self.profile.setCurrentIndex(max(0, self.profile.findData(chosen)))

    @property
    def is_empty(self) -> bool:
        """Tell whether the field that says where to connect is still blank."""
        where = (self.host.text(), self.port.currentText(), self.raw.text())[self.kind.currentIndex()]
        return not where.strip()

    def address(self) -> str:
        """Return the link address that the form describes."""
        kind = self.kind.currentIndex()
        if kind == ADDRESS:
            return self.raw.text().strip()
        if kind == NETWORK:
            host = self.host.text().strip()
            host = f"[{host}]" if ":" in host and not host.startswith("[") else host
            port = f":{self.tcp_port.value()}" if self.tcp_port.value() != 502 else ""
            unit = f"?unit={self.tcp_unit.value()}" if self.tcp_unit.value() >= 0 else ""
            return f"tcp://{host}{port}{unit}"
        words = [f"baud={self.baud.currentText()}"] if self.baud.currentIndex() > 0 else []
        words += [f"parity={self.parity.currentText()[0]}"] if self.parity.currentIndex() > 0 else []
        words += [f"unit={self.serial_unit.value()}"] if self.serial_unit.value() >= 0 else []
        return f"rtu://{self.port.currentText().strip()}" + ("?" + "&".join(words) if words else "")

    def fill(self, address: str, profile: str | None) -> None:
        """Show an address in the fields that it is made of."""
        self.profile.setCurrentIndex(max(0, self.profile.findData(profile)))
        self.raw.setText(address)
        try:
            parsed = parse_address(address)
        except LinkAddressError:
            self.kind.setCurrentIndex(ADDRESS)
            return
        unit = -1 if parsed.unit_id is None else parsed.unit_id
        plain = parsed.timeout is None and parsed.stopbits is None and not parsed.options
        if parsed.scheme == NETWORK_SCHEMES[0] and plain:
            self.kind.setCurrentIndex(NETWORK)
            self.host.setText(parsed.host)
            self.tcp_port.setValue(parsed.port or 502)
            self.tcp_unit.setValue(unit)
        elif parsed.scheme == "rtu" and plain:
            self.kind.setCurrentIndex(SERIAL)
            self.port.setEditText(parsed.path)
            self.baud.setCurrentIndex(max(0, self.baud.findText(str(parsed.baud or ""))))
            self.parity.setCurrentIndex(" NEO".index(parsed.parity or " "))
            self.serial_unit.setValue(unit)
        else:
            self.kind.setCurrentIndex(ADDRESS)

    def look_for_ports(self) -> None:
        """Ask for the serial ports on a worker thread: opening one to see whether it is free can take a while."""
        self._work(serial_ports, self._show_ports)

    def _add_network(self) -> None:
        self.host = QLineEdit()
        self.host.setPlaceholderText("192.168.1.50")
        self.host.returnPressed.connect(self.submitted)
        self.tcp_port = _number(1, 65535, 502)
        self.tcp_unit = _number(-1, 255, -1)
        self._row(translate("Connect", "&Address"), self.host, NETWORK)
        self._row(translate("Connect", "&Port"), self.tcp_port, NETWORK)
        self._row(translate("Connect", "&Unit id"), self.tcp_unit, NETWORK)

    def _add_serial(self) -> None:
        self.port = QComboBox()
        self.port.setEditable(True)
        self.port.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.port.lineEdit().setPlaceholderText(translate("Connect", "COM5 or /dev/ttyUSB0"))
        self.port.editTextChanged.connect(self._show_port_note)
        self.port_note = Muted()
        self.again = QPushButton(translate("Connect", "Look for ports again"))
        self.again.clicked.connect(self.look_for_ports)
        self.baud, self.parity = QComboBox(), QComboBox()
        self.baud.addItems([translate("Connect", "as the profile says"), *_SPEEDS])
        self.parity.addItem(translate("Connect", "as the profile says"))
        self.parity.addItem(translate("Connect", "N (none)"))
        self.parity.addItem(translate("Connect", "E (even)"))
        self.parity.addItem(translate("Connect", "O (odd)"))
        self.serial_unit = _number(-1, 255, -1)
        self._row(translate("Connect", "Po&rt"), self.port, SERIAL)
        self._row("", self.port_note, SERIAL)
        self._row("", self.again, SERIAL)
        self._row(translate("Connect", "&Speed"), self.baud, SERIAL)
        self._row(translate("Connect", "Parit&y"), self.parity, SERIAL)
        self._row(translate("Connect", "&Unit id"), self.serial_unit, SERIAL)

    def _add_address(self) -> None:
        self.raw = QLineEdit()
        self.raw.setPlaceholderText("tcp://192.168.1.50:502?unit=255")
        self.raw.returnPressed.connect(self.submitted)
        self._row(translate("Connect", "&Address"), self.raw, ADDRESS)

    def _row(self, text: str, field: QWidget, kind: int | None = None) -> None:
        self._form.addRow(text, field)
        field.setAccessibleName(text.replace("&", "") or field.accessibleName())
        if kind is not None:
            self._rows[kind].append(field)

    def _show_kind(self, kind: int) -> None:
        for other, fields in self._rows.items():
            for field in fields:
                self._form.setRowVisible(field, other == kind)
        if kind == SERIAL and not self._ports:
            self.look_for_ports()

    def _show_ports(self, found: Sequence[PortFacts]) -> None:
        chosen = self.port.currentText()
        self._ports = {port.path: port for port in found}
        self.port.clear()
        self.port.addItems(list(self._ports))
        if chosen:
            self.port.setEditText(chosen)
        self._show_port_note(self.port.currentText())

    def _show_port_note(self, path: str) -> None:
        port = self._ports.get(path.strip())
        if port is None:
            self.port_note.setText(
                translate("Connect", "Type the port's name.")
                if self._ports
                else translate("Connect", "No serial port was found. Plug the adapter in, or type its name.")
            )
            return
        words = {
            "free": translate("Connect", "free"),
            "busy": translate("Connect", "in use"),
            "denied": translate("Connect", "no permission"),
        }
        parts = [port.description, port.vid_pid or "", words.get(port.status, port.status), port.fix]
        self.port_note.setText(" · ".join(part for part in parts if part))


def _number(low: int, high: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    if low < 0:
        box.setSpecialValueText(translate("Connect", "as the profile says"))
    return box
