"""Starts the window: names first, then the application, then an empty window, then what is slow."""

import faulthandler
import logging
import sys
import traceback
from types import TracebackType

from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QSettings,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QMessageBox

from evtech import VERSION, paths
from evtech.errors import EvtechError
from ui.theme import LIGHT, base_font, load_fonts, palette

GEOMETRY = "window/geometry-1"  # a new layout gets a new number
log = logging.getLogger("evtech.ui")


def make_application() -> QApplication:
    """Return the application with names and style set."""
    QCoreApplication.setOrganizationName("evtech")
    QCoreApplication.setApplicationName("evtech")
    QCoreApplication.setApplicationVersion(VERSION)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
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
    kept = QSettings().value(GEOMETRY)
    if kept is not None:
        shell.restoreGeometry(kept)
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
    qInstallMessageHandler(_log_qt)
    # a crash in native code leaves its stack here; the file stays open as long as the program runs
    faulthandler.enable((paths.user_data() / "crash.log").open("a", encoding="utf-8"))


def _log_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Write what Qt complains about to our log instead of a console that a technician never sees."""
    level = logging.DEBUG if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) else logging.WARNING
    log.log(level, "Qt: %s", text)


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
