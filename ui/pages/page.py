"""What every task of the window has in common: a page gets the parts it uses, never the window."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from evtech.workbench import Connection
from ui.theme import LIGHT, Theme


class Page(QWidget):
    """A task of the rail. Pages but the first are made when they are opened for the first time."""

    message = Signal(str)  # a sentence for the status strip
    connect_wanted = Signal()
    task_wanted = Signal(str, object)  # name of another task, and what to show there (or None)

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours; plots are restyled by hand."""
        self.theme = theme

    def show_connection(self, connection: Connection) -> None:
        """Take a new connection; the one before is gone."""

    def show_nothing(self) -> None:
        """Say that nothing is connected any more."""

    def load(self) -> None:
        """Ask for what the page shows; called each time it is opened."""

    def show_item(self, item: object) -> None:
        """Show one thing that another page points to, such as a session's id."""

    def open_file(self, path: Path) -> bool:
        """Open a file that was dropped on the window; return whether this page takes such files."""
        return False
