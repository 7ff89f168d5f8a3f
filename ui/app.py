"""Starts the window: names first, then the application, then an empty window, then what is slow."""

import os
import sys
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QMessageBox

from evtech import VERSION, paths, settings
from evtech.errors import EvtechError
from ui.theme import LIGHT, base_font, load_fonts, palette

GEOMETRY = "window/geometry-1"  # a new layout gets a new number


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


def main(archive: str | None, profile_dir: str | None, demo: bool = False, files: Sequence[str] = ()) -> int:
    """Open the window and return the exit code; a second start hands its files to the first window."""
    application = make_application()
    chosen, _ = settings.load(paths.user_data() / settings.FILE_NAME)
    archive = archive or os.environ.get("EVTECH_ARCHIVE") or chosen.archive or paths.default_archive()
    shell = open_shell(application)
    from ui.crash import CrashReporter
    from ui.single_instance import SingleInstance

    reporter = CrashReporter(paths.user_data())
    reporter.install()
    instance = SingleInstance(paths.user_data(), archive)
    if not instance.claim(list(files)):
        return 0
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
    instance.files_wanted.connect(window.tools.take_over)
    window.setGeometry(shell.geometry())
    window.show()
    shell.close()
    if files:
        QTimer.singleShot(0, lambda: window.tools.open_files(list(files)))
    if demo:
        QTimer.singleShot(0, window.start_demo)
    QTimer.singleShot(300, _import_plots)
    code = application.exec()
    instance.release()
    return code


def _import_plots() -> None:
    import pyqtgraph

    pyqtgraph.setConfigOptions(antialias=False)
