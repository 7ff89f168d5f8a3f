"""What happens when evtech itself is wrong: everything to a rotating log, one dialog per cause, recording goes on."""

import faulthandler
import logging
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler  # pulls in sockets and pickle: import this after the first window
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QMessageBox, QWidget

from ui.words import translate

LOG_FILE = "evtech.log"
CRASH_FILE = "crash.log"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
log = logging.getLogger("evtech.ui")


class CrashReporter(QObject):
    """Takes what nobody caught, on any thread; shows each cause once, on the GUI thread."""

    bug = Signal(str)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._shown: set[str] = set()
        self._crash_file = None
        self.bug.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Write to the log from now on and take uncaught exceptions, Qt's messages and native crashes."""
        handler = RotatingFileHandler(self._folder / LOG_FILE, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
        handler.setFormatter(logging.Formatter(FORMAT))
        root = logging.getLogger("evtech")
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        qInstallMessageHandler(log_qt)
        sys.excepthook = self.take
        threading.excepthook = lambda args: self.take(args.exc_type, args.exc_value, args.exc_traceback)
        # a crash in native code leaves its stack here; the file stays open as long as the program runs
        self._crash_file = (self._folder / CRASH_FILE).open("a", encoding="utf-8")
        faulthandler.enable(self._crash_file)

    def take(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Log an exception and tell about its cause, once."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        log.error("%s", text)
        sys.stderr.write(text)
        cause = f"{kind.__name__}: {error}"
        if cause not in self._shown:
            self._shown.add(cause)
            self.bug.emit(cause)

    def _show(self, cause: str) -> None:
        words = translate(
            "Bug",
            "Something in evtech is wrong. Recording goes on.\n\n{cause}\n\nThe log has the details (Ctrl+L).",
        )
        # not modal: a technician goes on reading values while it stands there
        box = QMessageBox(QMessageBox.Icon.Warning, "evtech", words.format(cause=cause))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowModality(Qt.WindowModality.NonModal)
        self._keep(box)
        box.show()

    def _keep(self, box: QWidget) -> None:
        self._box = box


def log_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Write what Qt complains about to our log instead of a console that a technician never sees."""
    level = logging.DEBUG if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) else logging.WARNING
    log.log(level, "Qt: %s", text)
