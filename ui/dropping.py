"""Files dropped anywhere on the window go to the page that takes them."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from ui.words import translate

if TYPE_CHECKING:
    from ui.main_window import MainWindow


class Dropping(QObject):
    """Watches a window for dropped files; pages that take drops themselves are asked by Qt first."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take drags and drops of files."""
        if isinstance(event, QDragEnterEvent) and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop and event.mimeData().hasUrls():
            event.acceptProposedAction()
            self.open_files([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
            return True
        return super().eventFilter(watched, event)

    def open_files(self, files: list[Path]) -> None:
        """Offer each file to the page shown, then to the others in the order of the rail."""
        window = self._window
        for file in files:
            shown = window.tasks[window.rail.currentRow()].name
            names = [shown, *(task.name for task in window.tasks if task.name != shown)]
            taker = next((name for name in names if window.task_page(name).open_file(file)), None)
            if taker is not None:
                window.go(taker)
            else:
                words = translate("Window", "{file} is nothing that evtech opens.")
                window.strips.showMessage(words.format(file=file.name), 8000)
