"""The tiles of the Live page: which points they show and how they fill the width there is."""

import time
from collections.abc import Mapping

from PySide6.QtWidgets import QGridLayout, QWidget

from evtech.devices.profile import Point
from evtech.measure.sample import Reading
from evtech.measure.vocabulary import label
from evtech.monitor.alarms import VOLTAGE_HIGH_V, VOLTAGE_LOW_V
from evtech.store.records import ChargingSession
from ui.theme import FIELD, LIGHT, Theme
from ui.widgets.tile import Tile
from ui.words import translate

SESSION = "this_session"  # the energy of the running session; no point of a device
_MAIN = (
    "power_total", "apparent_power_total", SESSION, "energy_import_total", "energy_total", "apparent_energy_total",
    "current_limit_actual", "frequency", "power_factor_total", "temperature",
)  # fmt: skip
_PHASES = ("voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3")
# in the sun at arm's length few large numbers are worth more than all
_FIELD = (
    "power_total", "apparent_power_total", SESSION, "current_limit_actual", "current_l1", "current_l2", "current_l3",
    "voltage_l1",
)  # fmt: skip
_MOST_MAIN, _MOST_FIELD = 5, 6
_COUNTER_DIGITS = 8
_UNITS = 60  # columns of the grid: 60 can be shared by 1 to 6 tiles


class TileBoard(QWidget):
    """Rows of tiles of equal width: totals above, the phases below."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: dict[str, Tile] = {}
        self._theme = LIGHT
        self._width = 0
        self._shape: object = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)

    def clear(self) -> None:
        """Show nothing."""
        for tile in self.tiles.values():
            self._grid.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self.tiles.clear()
        self._shape = None

    def show_points(self, points: Mapping[str, Point], theme: Theme) -> None:
        """Make a tile for each point of interest that the device has."""
        self.clear()
        for name in dict.fromkeys((*_MAIN, *_PHASES)):
            if name == SESSION:
                self.tiles[name] = Tile(translate("Live", "Energy of this session"), "Wh", parent=self)
            elif name in points and points[name].readable:
                self.tiles[name] = Tile(label(name), points[name].unit, points[name].resolution, parent=self)
            if name in _MAIN and name in self.tiles:
                self.tiles[name].keep_room(_COUNTER_DIGITS)
            if name.startswith("voltage") and name in self.tiles:
                self.tiles[name].limits = (VOLTAGE_LOW_V, VOLTAGE_HIGH_V)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours and sizes."""
        self._theme = theme
        self._shape = None
        for tile in self.tiles.values():
            tile.use_theme(theme, theme is FIELD)
        self.fit(self._width)

    def show_values(self, reading: Reading, session: ChargingSession | None, stale_after_s: float) -> None:
        """Show a reading; what is older than ``stale_after_s`` is shown as not current."""
        age = time.monotonic() - reading.monotonic
        stale = age if age > stale_after_s else None
        limit = reading.number("current_limit_actual")
        for name, tile in self.tiles.items():
            if name.startswith("current_l") and name in _PHASES:
                tile.limits = (0.0, limit) if limit else None
            if name == SESSION:
                tile.show_value(session.energy_wh if session else None, stale, age)
            else:
                tile.show_value(reading.number(name), stale, age)

    def fit(self, width: int) -> None:
        """Lay the tiles out for a width; does nothing while the shape stays the same."""
        self._width = width
        if not self.tiles or not width:
            return
        rows = self._rows()
        if rows == self._shape:
            return
        self._shape = rows
        shown = {name for row in rows for name in row}
        for name, tile in self.tiles.items():
            self._grid.removeWidget(tile)
            tile.setVisible(name in shown)
        for y, row in enumerate(rows):
            wide = _UNITS // max(len(row), 1)
            for x, name in enumerate(row):
                self._grid.addWidget(self.tiles[name], y, x * wide, 1, wide)
        for column in range(_UNITS):
            self._grid.setColumnStretch(column, 1)

    def _rows(self) -> list[list[str]]:
        if self._theme is FIELD:
            names = [name for name in _FIELD if name in self.tiles][:_MOST_FIELD]
            return _cut(names, min(self._most(names), 3))
        main = [name for name in _MAIN if name in self.tiles][:_MOST_MAIN]
        phases = [name for name in _PHASES if name in self.tiles]
        most = self._most(phases)
        if most < len(phases):
            most = min(most, 3)  # so that the voltages stand above the currents
        return _cut(main, self._most(main)) + _cut(phases, most)

    def _most(self, names: list[str]) -> int:
        """Return how many of some tiles fit side by side."""
        widest = max((self.tiles[name].sizeHint().width() for name in names), default=1)
        return max(1, min(6, (self._width - 28) // (widest + 8)))


def _cut(names: list[str], most: int) -> list[list[str]]:
    return [names[i : i + most] for i in range(0, len(names), most)]
