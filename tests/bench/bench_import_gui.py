"""How long the GUI thread is busy at a stretch while a list of 12,000 sessions is read and imported in the window."""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

from PySide6.QtCore import QCoreApplication, QSettings, QTimer

from evtech.workbench import Workbench
from ui.app import make_application
from ui.import_dialog import ImportDialog
from ui.main_window import MainWindow

ROWS = 12_000
HEAD = "port,start,end,energy_kwh\n"


def row(number: int) -> str:
    """Return a session, one of many at 40 ports."""
    return f"CP{number % 40},{1 + number % 28:02d}.05.2025 10:{number % 60:02d}:00,01.06.2025 11:00:00,1\n"


class Turns:
    """CPU time of each turn of the GUI thread (s): what else the machine does is not counted."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self._last = time.thread_time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._note)
        self._timer.start(0)

    def _note(self) -> None:
        now = time.thread_time()
        self.found.append(now - self._last)
        self._last = now


def imported(window: MainWindow, file: Path) -> None:
    """Read a file in the dialog and import it."""
    imports = window.sessions_page.imports
    imports.look_at([file])
    while imports.dialog is None or imports.dialog.ready is None:
        QCoreApplication.processEvents()
    dialog: ImportDialog = imports.dialog
    dialog.go.click()
    while dialog.kept is None:
        QCoreApplication.processEvents()
    dialog.close()
    while imports.dialog is not None:
        QCoreApplication.sendPostedEvents()
        QCoreApplication.processEvents()


def main() -> None:
    """Import a short list, for what is made once, and a long one; print the longest turns of the long one."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
            os.environ[name] = str(folder / "home")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder / "settings"))
        make_application()
        (folder / "short.csv").write_text(HEAD + row(0))
        (folder / "long.csv").write_text(HEAD + "".join(row(n) for n in range(1, ROWS)))
        window = MainWindow(Workbench(str(folder / "a.evtech")), "")
        window.show()
        window.go("sessions")
        imported(window, folder / "short.csv")
        turns = Turns()
        imported(window, folder / "long.csv")
        window.close()
    longest = sorted(turns.found)[-3:]
    print(f"{ROWS} sessions: {len(turns.found)} turns, the longest "
          + ", ".join(f"{1000 * turn:.1f} ms" for turn in longest) + " (goal under 50 ms)")  # fmt: skip


if __name__ == "__main__":
    main()
