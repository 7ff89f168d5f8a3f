"""Pictures, or in their place the ports and their outages: one at a time, so that each has all the room."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.theme import LIGHT, Theme
from ui.words import translate

if TYPE_CHECKING:
    from evtech.insights.intervals import Interval
    from ui.widgets.fleet_view import FleetView

MOST = 6  # outages that a menu lists


class PortsSwitch(QWidget):
    """Holds the pictures and makes the view of ports when it is first opened."""

    message = Signal(str)
    outdated = Signal()  # something was entered: the pictures are counted anew

    def __init__(self, pictures: QWidget, archive: Archive, bridge: Bridge, zone: str) -> None:
        super().__init__()
        self.pictures, self._archive, self._bridge, self._zone = pictures, archive, bridge, zone
        self.fleet: FleetView | None = None
        self.theme = LIGHT
        self.menu = QMenu(self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(pictures)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        if self.fleet is not None:
            self.fleet.apply_theme(theme)

    def open(self) -> "FleetView":
        """Show the ports."""
        if self.fleet is None:
            from ui.widgets.fleet_view import FleetView

            self.fleet = FleetView(self._archive, self._bridge, self._zone)
            self.fleet.apply_theme(self.theme)
            self.fleet.message.connect(self.message)
            self.fleet.back_wanted.connect(self.back)
            self._layout.addWidget(self.fleet)
        self.pictures.hide()
        self.fleet.show()
        self.fleet.load()
        return self.fleet

    def back(self) -> None:
        """Show the pictures again."""
        if self.fleet is None:
            return
        self.fleet.hide()
        self.pictures.show()
        self.pictures.setFocus()
        if self.fleet.is_changed:
            self.fleet.is_changed = False
            self.outdated.emit()

    def ask(
        self,
        port: str,
        down: "Sequence[Interval]",
        period: "Interval",
        place: QPoint,
        show_sessions: Callable[[], None],
    ) -> None:
        """Ask what to do about the outages at a mark of a picture: exclude one, or see the sessions around them."""
        self.menu.clear()
        for span in down[:MOST]:
            words = translate("Insights", "Exclude {from} – {to} ({hours} h) with a cause and evidence…")
            first, last = (f"{datetime.fromtimestamp(t).astimezone():%Y-%m-%d %H:%M}" for t in span)
            text = words.format_map({"from": first, "to": last, "hours": f"{(span[1] - span[0]) / 3600:.1f}"})
            self.menu.addAction(text, lambda span=span: self.open().exclude(port, span, period))
        if len(down) > MOST:
            words = translate("Insights", "{n} shorter outages; choose a shorter period to see them")
            self.menu.addAction(words.format(n=len(down) - MOST)).setEnabled(False)
        self.menu.addSeparator()
        self.menu.addAction(translate("Insights", "Show the sessions around it"), show_sessions)
        words = translate("Insights", "What was entered of this port")
        self.menu.addAction(words, lambda: self.open().show_outages(port))
        self.menu.setActiveAction(self.menu.actions()[0])
        self.menu.popup(place)

    def take_file(self, path: Path) -> bool:
        """Look at a file of ports or outages; return whether it is one."""
        from evtech.insights.fleet_files import kind_of

        if path.suffix.lower() != ".csv" or kind_of(path) is None:
            return False
        self.open().taking.look_at([path])
        return True
