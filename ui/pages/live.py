"""Live: what the charger does now, as a sentence, tiles and linked plots."""

import time
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontMetrics, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from evtech.events import Event, EventKind
from evtech.workbench import Connection
from ui.pages.page import Page
from ui.theme import FIELD, LIGHT, Theme
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.widgets.tile_board import TileBoard
from ui.words import state_sentence, translate

REFRESH_MS = 100
TEXT_EVERY = 3  # redraws between two changes of text: text moves at most 4 times a second
_WINDOWS_S = (60, 300, 900, 3600, None)
_MARKED = (EventKind.STATE_CHANGED, EventKind.NOTE)


class LivePage(Page):
    """Shows the newest values of one connection; it pulls them on its own timer."""

    def __init__(self, keep_note: Callable[[Connection, str], None]) -> None:
        super().__init__()
        self.theme = LIGHT
        self.connection: Connection | None = None
        self.plots = None
        self._keep_note = keep_note
        self._paused_at: float | None = None
        self._turn = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(8)
        self.sentence = Heading()
        self.detail = Muted()
        self.board = TileBoard()
        self.connect_button = LargeButton(translate("Live", "Connect to a charger"), primary=True)
        self.connect_button.clicked.connect(self.connect_wanted)
        self.bar = self._make_bar()
        self.between = QLabel()
        self.between.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.between.setWordWrap(True)
        for widget in (self.sentence, self.detail, self.board, self.bar, self.between):
            layout.addWidget(widget)
        layout.addWidget(self.connect_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._plot_box = QVBoxLayout()
        layout.addLayout(self._plot_box, 1)
        layout.addStretch(0)
        self.timer = QTimer(self, interval=REFRESH_MS)
        self.timer.timeout.connect(self.refresh)
        self._add_keys()
        self.show_nothing()

    @property
    def tiles(self) -> dict:
        """Return the tiles by point name."""
        return self.board.tiles

    def show_connection(self, connection: Connection) -> None:
        """Watch a connection."""
        self.show_nothing()
        self.connection = connection
        self.board.show_points(connection.profile.points, self.theme)
        self._make_plots(connection)
        self._show_parts(connected=True)
        dress(self, self.theme)
        self.timer.start()
        self.refresh()

    def show_nothing(self) -> None:
        """Say that nothing is connected."""
        self.timer.stop()
        self.connection = None
        self.pause.setChecked(False)
        self.cursors.setChecked(False)
        self.board.clear()
        self._drop_plots()
        self.sentence.setText(translate("Live", "Nothing is connected."))
        self._show_parts(connected=False)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.board.apply_theme(theme)
        self.note.setVisible(theme is not FIELD)
        if self.connection is not None:
            self.cursors.setChecked(False)
            self._make_plots(self.connection)

    def as_text(self) -> str:
        """Return the values shown as lines of text."""
        lines = [f"{tile.label}\t{tile.text()}" for tile in self.tiles.values() if tile.isVisibleTo(self)]
        return "\n".join([self.sentence.text(), *lines])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.board.fit(self.width())

    def refresh(self) -> None:
        """Pull what is new."""
        connection = self.connection
        if connection is None:
            return
        self._turn += 1
        if self._turn % TEXT_EVERY == 1:
            self._refresh_text(connection)
        if self.plots is not None and self.isVisible():
            self._refresh_plots(connection)

    def _refresh_plots(self, connection: Connection) -> None:
        assert self.plots is not None
        end = self._paused_at or time.time()
        seconds = _WINDOWS_S[self.window_choice.currentIndex()]
        span = connection.history.span
        start = end - seconds if seconds else min(span[0] if span else end, end - 10)
        self.plots.redraw(connection.history.window, start, end)
        gaps = [(g.start.timestamp(), g.end.timestamp()) for g in connection.gaps if g.end.timestamp() > start]
        marks = [
            (event.time.timestamp(), _mark(event))
            for event in list(connection.events)
            if event.kind in _MARKED and start < event.time.timestamp() < end
        ]
        self.plots.show_marks(gaps, marks)

    def _refresh_text(self, connection: Connection) -> None:
        reading, session = connection.latest, connection.session
        if reading is not None:
            self.board.show_values(reading, session, 2 * connection.interval_wanted + 0.5)
        phase = session.phases[-1].phase if session is not None and session.phases else None
        problem = connection.problem
        if problem is not None:
            self.sentence.setText(translate("Live", "No answer. The values below are not current."))
            self.detail.setText(f"{problem} {problem.hint}".strip())
        else:
            self.sentence.setText(state_sentence(reading, phase))
            self.detail.setText(_charger_says(connection))
        if self.cursors.isChecked() and self.plots is not None:
            from ui.widgets.cursors import between

            a, b = (line.value() for line in self.plots.cursors)
            self.between.setText(between(connection.history, a, b).text())

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        self.pause = QPushButton(translate("Live", "Pause"))
        self.pause.setCheckable(True)
        self.pause.setToolTip(translate("Live", "Freezes the picture; recording goes on (Space)"))
        self.pause.setMinimumWidth(self.fontMetrics().horizontalAdvance(translate("Live", "Paused: continue")) + 28)
        self.pause.toggled.connect(self._set_paused)
        self.window_choice = QComboBox()
        self.window_choice.addItem(translate("Live", "1 min"))
        self.window_choice.addItem(translate("Live", "5 min"))
        self.window_choice.addItem(translate("Live", "15 min"))
        self.window_choice.addItem(translate("Live", "60 min"))
        self.window_choice.addItem(translate("Live", "All"))
        self.window_choice.setAccessibleName(translate("Live", "Time shown"))
        self.cursors = QPushButton(translate("Live", "Cursors A | B"))
        self.cursors.setCheckable(True)
        self.cursors.setToolTip(translate("Live", "Two lines to drag; the keys A and B bring them to the newest value"))
        self.cursors.toggled.connect(self._show_cursors)
        self.note = QLineEdit()
        self.note.setPlaceholderText(translate("Live", "Note at this moment; Enter keeps it with the recording (N)"))
        self.note.setAccessibleName(translate("Live", "Note"))
        self.note.setMaxLength(200)
        self.note.returnPressed.connect(self._write_note)
        for widget in (self.pause, self.window_choice, self.cursors):
            row.addWidget(widget)
        row.addWidget(self.note, 1)
        row.addStretch(0)
        return bar

    def _add_keys(self) -> None:
        for keys, act in (
            ("Space", self.pause.toggle),
            ("N", self.note.setFocus),
            ("A", self._bring_a),
            ("B", self._bring_b),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def _bring_a(self) -> None:
        self._bring(0)

    def _bring_b(self) -> None:
        self._bring(1)

    def _bring(self, index: int) -> None:
        if self.plots is not None:
            self.cursors.setChecked(True)
            self.plots.set_cursor(index, self._paused_at or time.time())

    def _show_cursors(self, shown: bool) -> None:
        self.between.setVisible(shown)
        if self.plots is None or self.connection is None:
            return
        end = self._paused_at or time.time()
        first, _ = self.connection.history.span or (end, end)
        self.plots.show_cursors(shown, max(first, end - (_WINDOWS_S[self.window_choice.currentIndex()] or 1e12)), end)

    def _make_plots(self, connection: Connection) -> None:
        """Make the plots that the theme has room for: in the field current and power only."""
        from ui.widgets.plots import Plots  # pyqtgraph costs half a second: not before a plot is wanted

        self._drop_plots()
        in_field = self.theme is FIELD
        points = {name for name in connection.profile.points if not (in_field and name.startswith("voltage"))}
        self.plots = Plots(points)
        self.plots.apply_theme(self.theme)
        self.plots.setMinimumHeight(QFontMetrics(QApplication.font()).height() * (8 if in_field else 15))
        self._plot_box.addWidget(self.plots)

    def _drop_plots(self) -> None:
        if self.plots is not None:
            self._plot_box.removeWidget(self.plots)
            self.plots.hide()
            self.plots.deleteLater()
            self.plots = None

    def _write_note(self) -> None:
        text = self.note.text().strip()
        if self.connection is not None and text:
            self._keep_note(self.connection, text)
        self.note.clear()
        self.setFocus()

    def _show_parts(self, *, connected: bool) -> None:
        for widget in (self.detail, self.board, self.bar):
            widget.setVisible(connected)
        self.between.setVisible(False)
        self.connect_button.setVisible(not connected)

    def _set_paused(self, paused: bool) -> None:
        self._paused_at = time.time() if paused else None
        self.pause.setText(translate("Live", "Paused: continue") if paused else translate("Live", "Pause"))


def _mark(event: Event) -> str:
    return str(event.details.get("text" if event.kind is EventKind.NOTE else "to") or "?")


def _charger_says(connection: Connection) -> str:
    """Return the maker's own word and number for the state, and since when the session runs."""
    reading, session = connection.latest, connection.session
    parts = []
    if reading is not None and reading.state is not None:
        words = translate("Live", "The charger's own word: “{text}” (code {raw})")
        parts.append(words.format(text=reading.state.text, raw=reading.state.raw or "—"))
    if session is not None:
        started: datetime = session.started.astimezone()
        parts.append(translate("Live", "session since {time}").format(time=started.strftime("%H:%M:%S")))
    return " · ".join(parts)
