"""The strips at the bottom: how the link does, whether what is read is on disk, what time it is."""

import time
from datetime import datetime

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QSizePolicy, QStatusBar

from evtech.workbench import Connection
from ui.theme import LIGHT, Theme, severity_colour
from ui.words import duration, translate

LATE_S = 5.0  # after this long without a commit the strip turns amber
LOW_DISK_BYTES = 500_000_000


class Strips(QStatusBar):
    """Link parameters, poll rate and errors; the recording; the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.setSizeGripEnabled(False)
        self.setContentsMargins(10, 0, 10, 0)
        self.link, self.record, self.clock = QLabel(), QLabel(), QLabel()
        # a long port name must not make the window wider than a small screen
        self.link.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self.link, 1)
        self.addPermanentWidget(self.record)
        self.addPermanentWidget(self.clock)
        self.messageChanged.connect(self._make_room)

    def _make_room(self, message: str) -> None:
        """Hide the link while a message is shown: Qt does too, but shows it again with the next layout, below it."""
        self.link.setVisible(not message)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme

    def refresh(self, connection: Connection | None, free_bytes: int | None = None) -> None:
        """Show a connection as it is now; ``free_bytes`` is the room on the archive's disk."""
        self.clock.setText(datetime.now().astimezone().strftime("%H:%M:%S"))
        if connection is None:
            self.link.setText(translate("Strip", "Not connected"))
            self.record.setText("")
            return
        reached = connection.interval_reached
        errors = connection.link_statistics.errors
        words = translate("Strip", "{link} · {rate}/s of {wanted:.1f}/s · {errors} err").format(
            link=connection.link_name,
            rate=f"{1 / reached:.1f}" if reached else "—",
            wanted=1 / connection.interval_wanted,
            errors=errors,
        )
        self.link.setText(words)
        self.link.setToolTip(words)
        role, text = _recording(connection, free_bytes)
        self.record.setText(text)
        self._colour(role)

    def _colour(self, role: str) -> None:
        colours = QApplication.palette()
        if role != "neutral":
            colours.setColor(QPalette.ColorRole.WindowText, QColor(severity_colour(self.theme, role)))
        self.record.setPalette(colours)


def _recording(connection: Connection, free_bytes: int | None) -> tuple[str, str]:
    writer = connection.writer
    if writer is None or connection.visit is None:
        return "neutral", translate("Strip", "Not recording")
    lasted = duration(time.time() - connection.visit.started.timestamp())
    if writer.failing:
        words = translate("Strip", "⯃ NOT SAVED: {why}; {n} readings are held in memory")
        return "fault", words.format(why=writer.failing, n=writer.held)
    age = time.monotonic() - writer.saved_at
    text = translate("Strip", "● REC {time} · saved {age:.0f} s ago").format(time=lasted, age=age)
    if free_bytes is not None and free_bytes < LOW_DISK_BYTES:
        return "warning", text + translate("Strip", " · ▲ only {n} MB left on the disk").format(n=free_bytes // 10**6)
    return ("warning", "▲ " + text) if age > LATE_S else ("neutral", text)
