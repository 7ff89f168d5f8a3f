"""Live: what the charger does now, as a sentence, tiles and linked plots."""

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from evtech.events import EventKind
from evtech.measure.vocabulary import label
from evtech.workbench import Connection
from ui.theme import FIELD, LIGHT, Theme
from ui.widgets.tile import Tile
from ui.words import phase_word, state_sentence, translate

REFRESH_MS = 100
TEXT_EVERY = 3  # redraws between two changes of text: text moves at most 4 times a second
_TILES = (
    "power_total", "apparent_power_total", "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2",
    "current_l3", "energy_import_total", "energy_total", "apparent_energy_total", "current_limit_actual", "frequency",
    "temperature",
)  # fmt: skip
_MOST_TILES, _COLUMNS = 10, 5
# field mode: few tiles, so large that they can be read in the sun at arm's length
_FIELD_TILES = (
    "power_total", "apparent_power_total", "energy_import_total", "energy_total", "apparent_energy_total",
    "current_limit_actual", "current_l1", "current_l2", "current_l3", "voltage_l1", "voltage_l2", "voltage_l3",
)  # fmt: skip
_FIELD_MOST, _FIELD_COLUMNS = 6, 3
_WINDOWS_S = (60, 300, 900, 3600)


class LivePage(QWidget):
    """Shows the newest values of one connection; it pulls them on its own timer."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.connection: Connection | None = None
        self.tiles: dict[str, Tile] = {}
        self.plots = None
        self._paused_at: float | None = None
        self._turn = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(8)
        self.sentence = QLabel(translate("Live", "Nothing is connected. Connect to a charger, or start the demo."))
        font = self.sentence.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.sentence.setFont(font)
        self.sentence.setWordWrap(True)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setVisible(False)
        layout.addWidget(self.sentence)
        layout.addWidget(self.problem)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        layout.addLayout(self._grid)
        layout.addLayout(self._make_bar())
        self._plot_box = QVBoxLayout()
        layout.addLayout(self._plot_box, 1)
        self.timer = QTimer(self, interval=REFRESH_MS)
        self.timer.timeout.connect(self.refresh)

    def show_connection(self, connection: Connection) -> None:
        """Watch a connection."""
        from ui.widgets.plots import Plots  # pyqtgraph costs half a second: not before a plot is wanted

        self._clear()
        self.connection = connection
        points = connection.profile.points
        for name in dict.fromkeys((*_TILES, *_FIELD_TILES)):
            if name in points and points[name].readable:
                self.tiles[name] = Tile(label(name), points[name].unit, points[name].resolution)
        self._lay_out()
        self.plots = Plots(set(points))
        self.plots.apply_theme(self.theme)
        self._plot_box.addWidget(self.plots)
        self.pause.setEnabled(True)
        self.timer.start()
        self.refresh()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self._lay_out()
        if self.plots is not None:
            self.plots.apply_theme(theme)

    def refresh(self) -> None:
        """Pull what is new."""
        connection = self.connection
        if connection is None:
            return
        self._turn += 1
        if self._turn % TEXT_EVERY == 1:
            self._refresh_text(connection)
        if self.plots is not None and self.isVisible():
            end = self._paused_at or time.time()
            start = end - _WINDOWS_S[self.window_choice.currentIndex()]
            self.plots.redraw(connection.history.window, start, end)
            gaps = [(g.start.timestamp(), g.end.timestamp()) for g in connection.gaps if g.end.timestamp() > start]
            events = [
                (e.time.timestamp(), str(e.details.get("to") or "?"))
                for e in connection.events
                if e.kind is EventKind.STATE_CHANGED and start < e.time.timestamp() < end
            ]
            self.plots.show_marks(gaps, events)

    def _refresh_text(self, connection: Connection) -> None:
        reading = connection.latest
        if reading is not None:
            age = time.monotonic() - reading.monotonic
            stale = age if age > 2 * connection.interval_wanted + 0.5 else None
            for name, tile in self.tiles.items():
                tile.show_value(reading.number(name), stale)
        session = connection.session
        text = state_sentence(reading.state if reading else None, reading)
        if session is not None and session.phases and reading is not None and reading.state is not None:
            text = text.replace(phase_word(reading.state.phase.value), phase_word(session.phases[-1].phase), 1)
        self.sentence.setText(text)
        problem = connection.problem
        self.problem.setVisible(problem is not None)
        if problem is not None:
            self.problem.setText(translate("Live", "Not current: {why} {fix}").format(why=problem, fix=problem.hint))

    def _make_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        self.pause = QPushButton(translate("Live", "Pause"))
        self.pause.setCheckable(True)
        self.pause.setEnabled(False)
        self.pause.setToolTip(translate("Live", "Freezes the picture; recording goes on"))
        self.pause.toggled.connect(self._set_paused)
        self.window_choice = QComboBox()
        self.window_choice.addItems(
            [
                translate("Live", "1 min"),
                translate("Live", "5 min"),
                translate("Live", "15 min"),
                translate("Live", "60 min"),
            ]
        )
        self.window_choice.setAccessibleName(translate("Live", "Time shown"))
        bar.addWidget(self.pause)
        bar.addWidget(self.window_choice)
        bar.addStretch()
        return bar

    def _lay_out(self) -> None:
        """Put the tiles that the theme has room for into the grid."""
        in_field = self.theme is FIELD
        order, most, columns = (
            (_FIELD_TILES, _FIELD_MOST, _FIELD_COLUMNS) if in_field else (_TILES, _MOST_TILES, _COLUMNS)
        )
        chosen = [name for name in order if name in self.tiles][:most]
        for name, tile in self.tiles.items():
            self._grid.removeWidget(tile)
            tile.use_theme(self.theme, in_field)
            tile.setVisible(name in chosen)
        for index, name in enumerate(chosen):
            self._grid.addWidget(self.tiles[name], index // columns, index % columns)

    def _set_paused(self, paused: bool) -> None:
        self._paused_at = time.time() if paused else None
        self.pause.setText(translate("Live", "Paused: continue") if paused else translate("Live", "Pause"))

    def _clear(self) -> None:
        for tile in self.tiles.values():
            self._grid.removeWidget(tile)
            tile.deleteLater()
        self.tiles.clear()
        if self.plots is not None:
            self._plot_box.removeWidget(self.plots)
            self.plots.deleteLater()
            self.plots = None
