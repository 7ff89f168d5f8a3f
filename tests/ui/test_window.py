"""The window as a technician uses it: demo, wrong host, stale values, sessions, themes."""

import subprocess
import sys

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.dialogs import VisitDialog
from ui.main_window import MainWindow
from ui.models.sessions import cell
from ui.theme import DARK, FIELD, LIGHT, THEMES, contrast
from ui.widgets.tile import Tile
from ui.words import decimals_for


def start_demo(window: MainWindow, qtbot: QtBot) -> None:
    window.connect_page.demo_button.click()
    qtbot.waitUntil(lambda: window.connection is not None, timeout=8000)


def test_the_demo_is_one_click_and_moves(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)

    assert window.page is window.live_page
    tiles = window.live_page.tiles
    qtbot.waitUntil(lambda: (tiles["current_l1"].value or 0) > 3, timeout=15000)
    assert "KEBA" in window.header.identity.text()
    assert "Charging" in window.live_page.sentence.text()
    assert "C2" in window.header.badge._text
    qtbot.waitUntil(lambda: "saved" in window.strips.record.text(), timeout=3000)


def test_a_wrong_host_names_the_fix(window: MainWindow, qtbot: QtBot) -> None:
    page = window.connect_page
    page.form.host.setText("127.0.0.1")
    page.form.tcp_port.setValue(9)
    page.connect_button.click()

    qtbot.waitUntil(lambda: "link" in page.check.rows and page.check.rows["link"].role == "fault", timeout=8000)

    row = page.check.rows["link"]
    assert "port 9 is closed" in row.message.text()
    assert "Modbus TCP is off" in row.hint.text()
    assert page.connect_button.isEnabled()


def test_the_form_makes_the_address(window: MainWindow) -> None:
    page = window.connect_page
    page.form.host.setText("fe80::1")
    page.form.tcp_unit.setValue(3)
    assert page.form.address() == "tcp://[fe80::1]?unit=3"

    page.form.kind.setCurrentIndex(1)
    page.form.port.setEditText("COM5")
    page.form.baud.setCurrentText("19200")
    page.form.parity.setCurrentIndex(2)
    assert page.form.address() == "rtu://COM5?baud=19200&parity=E"


def test_a_silent_device_greys_the_tiles(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)
    qtbot.waitUntil(lambda: window.live_page.tiles["voltage_l1"].value is not None, timeout=5000)
    assert window.connection is not None

    window.connection.device.link.is_silent = True

    qtbot.waitUntil(lambda: window.live_page.tiles["voltage_l1"].stale_s is not None, timeout=8000)
    qtbot.waitUntil(lambda: "NO ANSWER" in window.header.badge._text, timeout=3000)
    assert "not current" in window.live_page.sentence.text()


def test_a_finished_session_is_listed(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)
    connection = window.connection
    assert connection is not None
    qtbot.waitUntil(lambda: connection.session is not None and connection.session.charging_s > 0, timeout=12000)
    connection.device.link.simulation.behaviour.vehicle.connected = False
    qtbot.waitUntil(lambda: connection.sessions.finished is not None, timeout=5000)

    page = window.sessions_page
    window.bench.archive.writer.flush()
    window.rail.go("sessions")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=5000)

    assert "(simulated)" in cell(page.model.rows[0], 1)
    qtbot.waitUntil(lambda: page.views[0].plots is not None, timeout=8000)
    page.filter.setText("nothing like it")
    qtbot.waitUntil(lambda: "1 hidden" in page.totals.text(), timeout=5000)


def test_a_visit_is_named_later(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)
    assert window.connection is not None
    assert window.connection.visit is not None
    archive = window.bench.archive
    archive.writer.flush()
    visit = archive.visit(window.connection.visit.id)
    dialog = VisitDialog(visit)
    qtbot.addWidget(dialog)
    dialog.technician.setText("A. Novak")

    archive.name_visit(visit.id, **dialog.changes(visit))
    archive.writer.flush()

    assert archive.visit(visit.id).technician == "A. Novak"
    assert dialog.changes(visit) == {"technician": "A. Novak"}


def test_a_tile_shows_no_more_digits_than_the_device_has() -> None:
    assert decimals_for("V", 1.0) == 0
    assert decimals_for("Wh", 0.1) == 3
    assert decimals_for("Wh", 100.0) == 1
    assert decimals_for("A", None) == 2


def test_an_unknown_value_is_a_dash(qtbot: QtBot) -> None:
    tile = Tile("Voltage L1", "V")
    qtbot.addWidget(tile)

    tile.show_value(None, None)

    assert tile.text() == "—"


@pytest.mark.parametrize("theme", [LIGHT, DARK, FIELD], ids=lambda theme: theme.name)
def test_every_theme_has_enough_contrast(theme: object) -> None:
    chosen = THEMES[theme.name]  # type: ignore[attr-defined]
    text = 7.0 if chosen is FIELD else 4.5
    for ground in (chosen.window, chosen.panel):
        for colour in (
            chosen.text,
            chosen.muted,
            chosen.fault,
            chosen.warning,
            chosen.good,
            chosen.action,
            chosen.neutral,
        ):
            assert contrast(colour, ground) >= text, (colour, ground)
        for colour in chosen.phases:
            assert contrast(colour, ground) >= 3.0, (colour, ground)
    assert contrast(chosen.accent_text, chosen.accent) >= text


COUNT_NONE = """
import sys, time
import numpy as np
from ui.app import make_application
application = make_application()
from ui.widgets.plots import Plots
plots = Plots({"voltage_l1", "current_l1", "power_total"})
plots.show()
times = np.arange(0, 60, 0.1)
window = lambda name, start, end, pixels: (times, np.sin(times))
for turn in range(220):
    if turn == 20:
        before = sys.getrefcount(None)
    plots.redraw(window, 0, 60)
    plots.grab()
print(sys.getrefcount(None) - before)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from 3.12")
def test_drawing_loses_no_reference_to_none() -> None:
    # a process of its own: other tests' windows and threads hold and drop references too
    done = subprocess.run([sys.executable, "-c", COUNT_NONE], capture_output=True, text=True, check=True)

    assert int(done.stdout) >= -20


@pytest.mark.window
def test_a_real_window_shows_the_demo(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)

    qtbot.waitUntil(lambda: window.live_page.tiles["voltage_l1"].value is not None, timeout=8000)
    assert window.isVisible()
    assert not window.grab().isNull()


def test_a_message_and_the_link_never_lie_on_each_other(window: MainWindow) -> None:
    window.strips.showMessage("Writing …")
    window.apply_theme(THEMES["field"])
    QApplication.processEvents()
    assert not window.strips.link.isVisible()

    window.strips.clearMessage()
    assert window.strips.link.isVisible()
