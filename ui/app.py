"""Starts the window: names first, then the application, then the window, then what is slow."""

import logging
import sys
import traceback
from logging.handlers import RotatingFileHandler
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

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


def main(archive: str | None, profile_dir: str | None, demo: bool = False) -> int:
    """Open the window and return the exit code."""
    application = make_application()
    _log_to_file()
    sys.excepthook = _show_bug
    family = load_fonts()
    application.setPalette(palette(LIGHT))
    application.setFont(base_font(family, LIGHT))
    from evtech.workbench import Workbench
    from ui.main_window import MainWindow

    try:
        bench = Workbench(archive, profile_dir, simulated=False)
    except EvtechError as error:
        QMessageBox.critical(None, "evtech", f"{error}\n\n{error.hint}")
        return error.exit_code
    window = MainWindow(bench, family)
    window.show()
    if demo:
        QTimer.singleShot(0, window.start_demo)
    QTimer.singleShot(300, _import_plots)
    return application.exec()


def _import_plots() -> None:
    import pyqtgraph

    pyqtgraph.setConfigOptions(antialias=False)


def _log_to_file() -> None:
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
