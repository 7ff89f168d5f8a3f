"""Starts the window: names first, then the application, then an empty window, then what is slow."""

import logging
import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QMessageBox

from evtech import VERSION, paths
from evtech.errors import EvtechError
from ui.theme import LIGHT, base_font, load_fonts, palette

log = logging.getLogger("evtech.ui")


def make_application() -> QApplication:
    """Return the application with names and style set."""
    QCoreApplication.setOrganizationName("evtech")
    QCoreApplication.setApplicationName("evtech")
    QCoreApplication.setApplicationVersion(VERSION)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")
    return application


def open_shell(application: QApplication) -> QMainWindow:
    """Show an empty window at once; numpy, the archive and the pages take a quarter of a second more."""
    application.setPalette(palette(LIGHT))
    shell = QMainWindow()
    shell.setWindowTitle("evtech")
    shell.resize(1366, 768)
    waiting = QLabel(QCoreApplication.translate("Shell", "Opening the archive …"))
    waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
    shell.setCentralWidget(waiting)
    shell.show()
    application.processEvents()
    return shell


def main(archive: str | None, profile_dir: str | None, demo: bool = False) -> int:
    """Open the window and return the exit code."""
    application = make_application()
    sys.excepthook = _show_bug
    shell = open_shell(application)
    _log_to_file()
    family = load_fonts()
    application.setFont(base_font(family, LIGHT))
    from evtech.workbench import Workbench
    from ui.main_window import MainWindow

    try:
        bench = Workbench(archive, profile_dir, simulated=False)
    except EvtechError as error:
        QMessageBox.critical(None, "evtech", f"{error}\n\n{error.hint}")
        return error.exit_code
    window = MainWindow(bench, family)
    window.setGeometry(shell.geometry())
    window.show()
    shell.close()
    if demo:
        QTimer.singleShot(0, window.start_demo)
    QTimer.singleShot(300, _import_plots)
    return application.exec()


def _import_plots() -> None:
    import pyqtgraph

    pyqtgraph.setConfigOptions(antialias=False)


def _log_to_file() -> None:
    from logging.handlers import RotatingFileHandler  # pulls in sockets and pickle: after the first window

    handler = RotatingFileHandler(paths.user_data() / "evtech.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("evtech").addHandler(handler)


_shown: set[str] = set()


def _show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write a bug to the log and tell about it once; recording goes on."""
    text = "".join(traceback.format_exception(kind, error, trace))
    log.error("%s", text)
    sys.stderr.write(text)
    cause = f"{kind.__name__}: {error}"
    if cause not in _shown:
        _shown.add(cause)
        QMessageBox.warning(
            None, "evtech", f"Something in evtech is wrong ({cause}). Recording goes on. The log file has the details."
        )
