"""A window on a fresh archive, with settings of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from evtech.workbench import Workbench
from ui.main_window import MainWindow


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
