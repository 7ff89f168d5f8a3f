"""The ways into an archive from the page Sessions: files to look at, and what was imported."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.theme import Theme
from ui.words import translate

if TYPE_CHECKING:
    from ui.import_dialog import ImportDialog


class SessionImports(QObject):
    """Opens the dialogs for a page; ``then`` gets a sentence when something was taken in or out."""

    def __init__(
        self, page: QWidget, archive: Archive, bridge: Bridge, theme: Callable[[], Theme], then: Callable[[str], None]
    ) -> None:
        super().__init__(page)
        self._page, self._archive, self._bridge, self._theme, self._then = page, archive, bridge, theme, then
        self.dialog: ImportDialog | None = None
        self._waiting: list[Path] = []

    def menu(self) -> QMenu:
        """Return the menu of the page's button."""
        menu = QMenu(self._page)
        menu.addAction(translate("Sessions", "Files…"), self.ask_files)
        menu.addAction(translate("Sessions", "What was imported…"), self.show_imports)
        return menu

    def ask_files(self) -> None:
        """Ask for files and show what they hold."""
        names, _ = QFileDialog.getOpenFileNames(
            self._page, translate("Sessions", "Import"), "",
            translate("Sessions", "Sessions (*.csv *.txt *.json *.jsonl *.log *.ndjson *.parquet);;All files (*)"),
        )  # fmt: skip
        if names:
            self.look_at([Path(name) for name in names])

    def look_at(self, files: list[Path]) -> None:
        """Show what files hold before they are taken in; more files join those that wait."""
        if self.dialog is not None:
            self.dialog.add(files)
            return
        self._waiting += files
        if len(self._waiting) == len(files):
            self._bridge.work(_load, self._open)

    def _open(self, loaded: "type[ImportDialog]") -> None:
        files, self._waiting = self._waiting, []
        self.dialog = loaded(files, self._archive, self._bridge, self._theme(), self._then, self._page)
        self.dialog.destroyed.connect(self._forget)
        self.dialog.show()

    def show_imports(self) -> None:
        """Show which files were taken in, with a way to take one out again."""
        from ui.imports_dialog import ImportsDialog

        dialog = ImportsDialog(self._archive, self._bridge, self._theme(), self._page)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.changed.connect(self._then)
        dialog.open()

    def _forget(self) -> None:
        self.dialog = None


def _load() -> "type[ImportDialog]":
    """Load what the dialog needs, on a worker thread: its readers and the names of all time zones take a while."""
    from ui.import_dialog import ImportDialog
    from ui.widgets.zone_box import zone_names

    zone_names()
    return ImportDialog
