"""A window on a fresh archive, with settings of its own, and a robot that waits as long as a busy machine needs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from evtech.workbench import Workbench
from ui.main_window import MainWindow

PATIENCE_MS = 60_000


class PatientBot(QtBot):
    """A robot that gives up after a minute at the earliest: a limit ends a wait for what never comes, no more."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MS) -> None:
        """Wait until it is so; what takes longer than ``timeout`` (ms) is no failure yet."""
        __tracebackhide__ = True
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MS))

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **words: Any) -> Any:  # of pytest-qt, untyped
        """Wait for a signal in the same way."""
        return super().waitSignal(signal, timeout=max(timeout, PATIENCE_MS), **words)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):  # settings and profiles of its own
        monkeypatch.setenv(name, str(tmp_path / "home"))
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    made = MainWindow(Workbench(str(tmp_path / "a.evtech")), "")
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
