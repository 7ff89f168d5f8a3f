"""What belongs to the window as a whole: settings, log, second starts, dropped files, searches, bugs of ours."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from evtech import paths, settings
from evtech.simulator.server import TcpServer
from evtech.simulator.simulation import Simulation
from ui.crash import CrashReporter
from ui.log_window import LogMemory, LogWindow
from ui.main_window import MainWindow
from ui.settings_dialog import SettingsDialog
from ui.single_instance import SingleInstance


def test_settings_are_used_and_kept(window: MainWindow) -> None:
    chosen = settings.Settings("dark", "de", "", 0.25, "Ada")

    window.tools.change(chosen)

    assert window.theme.name == "dark"
    assert (window.bench.usual_interval, window.bench.technician, window.bench.report_language) == (0.25, "Ada", "de")
    assert settings.load(window.tools.file) == (chosen, [])


def test_a_theme_from_the_menu_is_kept_too(window: MainWindow) -> None:
    window.menus.themes["dark"].trigger()

    assert settings.load(window.tools.file)[0].theme == "dark"


def test_the_dialog_shows_resets_exports_and_imports(qtbot: QtBot, tmp_path: Path) -> None:
    chosen = settings.Settings("dark", "de", "/x.evtech", 0.25, "Ada")
    dialog = SettingsDialog(chosen)
    qtbot.addWidget(dialog)
    assert dialog.chosen() == chosen

    dialog.export_to(tmp_path / "s.json")
    dialog.fill(settings.Settings())
    assert dialog.chosen() == settings.Settings()
    dialog.import_from(tmp_path / "s.json")
    assert dialog.chosen() == chosen

    (tmp_path / "s.json").write_text("{")
    dialog.import_from(tmp_path / "s.json")
    assert "cannot be read" in dialog.problem.text()
    assert dialog.chosen() == chosen


def test_the_log_is_searched_by_level_area_and_text(qtbot: QtBot, tmp_path: Path) -> None:
    memory = LogMemory()
    area = logging.getLogger("evtech.test_log")
    area.setLevel(logging.DEBUG)
    area.addHandler(memory)
    area.info("link lost")
    area.warning("link restored\nafter 3 s")
    area.debug("noise")
    shown = LogWindow(memory)
    qtbot.addWidget(shown)

    assert [r.getMessage() for r in shown.model.records] == ["link restored\nafter 3 s", "link lost"]
    shown.text.setText("LOST")
    assert [r.getMessage() for r in shown.model.records] == ["link lost"]
    shown.export(tmp_path / "log.txt")
    assert (tmp_path / "log.txt").read_text().rstrip().endswith("INFO\ttest_log\tlink lost")
    area.removeHandler(memory)


SECOND = (
    "import sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication;"
    "from ui.single_instance import SingleInstance; app = QCoreApplication([]); folder = Path(sys.argv[1]);"
    "sys.exit(SingleInstance(folder, str(folder / 'a.evtech')).claim(sys.argv[2:]))"
)


def test_a_second_start_hands_its_files_to_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    first, other = SingleInstance(tmp_path, str(tmp_path / "a.evtech")), SingleInstance(tmp_path, "b.evtech")
    assert first.claim([])
    assert other.claim([])

    with qtbot.waitSignal(first.files_wanted, timeout=15000) as taken:
        second = subprocess.Popen([sys.executable, "-c", SECOND, str(tmp_path), str(tmp_path / "p.toml")])
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=15000)

    assert taken.args == [[str(tmp_path / "p.toml")]]
    assert second.returncode == 0  # it is not the first one
    first.release()
    assert subprocess.run([sys.executable, "-c", SECOND, str(tmp_path)], check=False).returncode == 1
    other.release()


def test_a_dropped_profile_is_checked_and_offered(window: MainWindow, tmp_path: Path) -> None:
    shipped = (paths.resources() / "profiles" / "eastron-sdm630.toml").read_text()
    good, bad = tmp_path / "my-meter.toml", tmp_path / "bad.toml"
    good.write_text(shipped)
    bad.write_text("vendor = 5")

    drop(window, bad)
    assert "bad.toml is not a usable profile" in window.strips.currentMessage()
    drop(window, good)

    assert (paths.user_profiles() / "my-meter.toml").read_text() == shipped
    assert window.connect_page.form.profile.findData("my-meter") > 0
    drop(window, tmp_path / "x.docx")
    assert "no page of evtech opens such a file" in window.strips.currentMessage()


def drop(window: MainWindow, file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    button, keys, action = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    point = QPointF(50, 50)
    QApplication.sendEvent(window, QDragEnterEvent(point.toPoint(), action, data, button, keys))
    QApplication.sendEvent(window, QDropEvent(point, action, data, button, keys))


def test_a_search_lists_hits_that_connect(window: MainWindow, qtbot: QtBot) -> None:
    server = TcpServer(Simulation(window.bench.library.find("keba-kecontact-p30")))
    window.bench.io.submit(server.start("127.0.0.1", 0)).result()
    found = window.connect_page.found
    port = server.address.rpartition(":")[2].partition("?")[0]
    found.target.setText(f"127.0.0.1:{port}")

    found.button.click()
    qtbot.waitUntil(lambda: found.note.text() == "1 found.", timeout=8000)
    qtbot.waitUntil(lambda: found.list.item(0).text().startswith("KEBA"), timeout=2000)

    item = found.list.item(0)
    assert item.text() == f"KEBA KeContact P30 · SN 20260001 · 95 % sure\ntcp://127.0.0.1:{port}?unit=255"
    found.list.itemActivated.emit(item)
    qtbot.waitUntil(lambda: window.connection is not None, timeout=8000)
    window.bench.disconnect(window.connection).result()
    window.bench.io.submit(server.close()).result()


def test_a_public_network_is_not_searched(window: MainWindow, qtbot: QtBot) -> None:
    found = window.connect_page.found
    found.target.setText("8.8.8.8")

    found.button.click()

    qtbot.waitUntil(lambda: "no private address" in found.note.text(), timeout=5000)
    assert found.button.text() == "Search network"


def test_a_bug_is_logged_and_told_once(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = CrashReporter(tmp_path)
    shown: list[str] = []
    reporter.bug.connect(shown.append)
    reporter.bug.disconnect(reporter._show)

    for _ in range(3):
        try:
            raise KeyError("oops")
        except KeyError:
            reporter.take(*sys.exc_info())  # type: ignore[arg-type]  # there is an exception

    assert shown == ["KeyError: 'oops'"]
    assert capsys.readouterr().err.count("KeyError: 'oops'") == 3


def test_work_that_has_a_bug_ends_for_the_page(window: MainWindow, qtbot: QtBot) -> None:
    answers: list[object] = []
    logging.getLogger("evtech.ui").disabled = True
    try:
        window.bridge.work(lambda: {}["nothing"], answers.append)
        qtbot.waitUntil(lambda: bool(answers), timeout=3000)
    finally:
        logging.getLogger("evtech.ui").disabled = False

    assert "evtech itself failed: KeyError" in str(answers[0])
