"""What can be connected to: serial ports at once, devices of the network when the user asks for a search."""

import ipaddress
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtNetwork import QAbstractSocket, QNetworkInterface
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from evtech.devices.search import Found
from evtech.links.discovery import PortFacts, serial_ports
from ui.finder import Finder
from ui.widgets.dress import Heading, Muted
from ui.words import translate

Work = Callable[[Callable[[], object], Callable[[object], None]], None]
_ROLE = Qt.ItemDataRole.UserRole


class FoundDevices(QWidget):
    """A list of hits and ports; a click fills the form, Enter or a double click connects."""

    chosen = Signal(str, object)  # link address, profile id or None
    wanted = Signal(str, object)

    def __init__(self, finder: Finder, work: Work) -> None:
        super().__init__()
        self._finder, self._work = finder, work
        self.list = QListWidget()
        self.list.setAccessibleName(translate("Find", "Found devices"))
        self.list.setWordWrap(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setSpacing(5)  # a row is a target for a glove
        self.list.itemClicked.connect(lambda item: self._tell(self.chosen, item))
        self.list.itemActivated.connect(lambda item: self._tell(self.wanted, item))
        self.target = QLineEdit(own_network())
        self.target.setPlaceholderText("192.168.1.0/24")
        self.target.setAccessibleName(translate("Find", "Network to search"))
        self.target.returnPressed.connect(self._search)
        self.button = QPushButton(translate("Find", "Search network"))
        self.button.clicked.connect(self._search)
        self.line = QPushButton(translate("Find", "Search port"))
        self.line.setToolTip(translate("Find", "Choose a serial port in the list first"))
        self.line.setEnabled(False)
        self.line.clicked.connect(self._search_port)
        self.list.currentItemChanged.connect(self._show_line)
        self.note = Muted(translate("Find", "Ports are listed at once; the network is searched when you say so."))
        row = QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.line, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Heading(translate("Find", "Found devices")))
        layout.addWidget(self.target)
        layout.addLayout(row)
        layout.addWidget(self.note)
        layout.addWidget(self.list, 1)
        finder.hit.connect(self.show_hit)
        finder.step.connect(self.note.setText)
        finder.finished.connect(self._finish)
        self.look_for_ports()

    def sizeHint(self) -> QSize:
        """Ask for four rows of hits."""
        return QSize(360, super().sizeHint().height())

    def look_for_ports(self) -> None:
        """List the serial ports anew."""
        self._work(serial_ports, self._show_ports)

    def show_hit(self, found: Found) -> None:
        """Add a hit above the ports, the surer ones first."""
        profile = found.profile
        name = f"{profile.vendor} {profile.model}" if profile else translate("Find", "Unknown device")
        sure = translate("Find", "{n} % sure").format(n=round(100 * found.confidence)) if profile else found.evidence
        serial = f" · SN {found.serial_number}" if found.serial_number else ""
        item = QListWidgetItem(f"{name}{serial} · {sure}\n{found.link}")
        item.setToolTip(found.evidence)
        item.setData(_ROLE, (found.link, profile.id if profile else None, found.confidence))
        self._remove(found.link)
        self.list.insertItem(self._row_for(found.confidence), item)

    def _row_for(self, confidence: float) -> int:
        for row in range(self.list.count()):
            if self.list.item(row).data(_ROLE)[2] < confidence:
                return row
        return self.list.count()

    def _remove(self, link: str) -> None:
        for row in reversed(range(self.list.count())):
            if self.list.item(row).data(_ROLE)[0] == link:
                self.list.takeItem(row)

    def _show_ports(self, found: object) -> None:
        if not isinstance(found, list):
            return
        for row in reversed(range(self.list.count())):
            if self.list.item(row).data(_ROLE)[2] < 0:
                self.list.takeItem(row)
        for port in found:
            self.list.addItem(_port_item(port))

    def _search(self) -> None:
        if self._finder.is_running:
            self._finder.cancel()
            return
        self._begin()
        self._finder.look_on_network(self.target.text())

    def _search_port(self) -> None:
        item = self.list.currentItem()
        if item is not None and not self._finder.is_running:
            self._begin()
            self._finder.look_on_port(item.data(_ROLE)[0].removeprefix("rtu://"))

    def _begin(self) -> None:
        self.button.setText(translate("Find", "End search"))
        self.line.setEnabled(False)

    def _finish(self, words: str) -> None:
        self.button.setText(translate("Find", "Search network"))
        self.note.setText(words)
        self._show_line(self.list.currentItem())

    def _show_line(self, item: QListWidgetItem | None) -> None:
        is_port = item is not None and item.data(_ROLE)[2] < 0
        self.line.setEnabled(is_port and not self._finder.is_running)

    def _tell(self, signal: object, item: QListWidgetItem) -> None:
        link, profile, _ = item.data(_ROLE)
        signal.emit(link, profile)  # type: ignore[attr-defined]  # one of this widget's signals


def _port_item(port: PortFacts) -> QListWidgetItem:
    words = {
        "free": translate("Connect", "free"),
        "busy": translate("Connect", "in use"),
        "denied": translate("Connect", "no permission"),
    }
    facts = " · ".join(part for part in (port.description, port.vid_pid or "", words[port.status]) if part)
    item = QListWidgetItem(f"{port.path} · {facts}" + (f"\n{port.fix}" if port.fix else ""))
    item.setData(_ROLE, (f"rtu://{port.path}", None, -1.0))
    return item


def own_network() -> str:
    """Return the first private network of this computer, at most 254 hosts of it; empty without one."""
    for interface in QNetworkInterface.allInterfaces():
        flags = interface.flags()
        is_up = flags & QNetworkInterface.InterfaceFlag.IsUp and flags & QNetworkInterface.InterfaceFlag.IsRunning
        if not is_up or flags & QNetworkInterface.InterfaceFlag.IsLoopBack:
            continue
        for entry in interface.addressEntries():
            if entry.ip().protocol() != QAbstractSocket.NetworkLayerProtocol.IPv4Protocol:
                continue
            length = max(24, entry.prefixLength())
            network = ipaddress.ip_network(f"{entry.ip().toString()}/{length}", strict=False)
            if network.is_private and not network.is_link_local:
                return str(network)
    return ""
