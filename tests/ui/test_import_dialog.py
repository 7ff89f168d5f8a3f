"""Taking in files in the window: shown first, off the GUI thread, given up at once, taken out again."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from evtech.exchange.plans import SAMPLES, SESSIONS
from evtech.store.imports import imports
from tests.evtech.insights.fleet import fill
from ui import import_task
from ui.import_dialog import ImportDialog
from ui.imports_dialog import ImportsDialog
from ui.main_window import MainWindow
from ui.pages.sessions import SessionsPage

LOGGER = "Time;Power (kW);Odd\n2025-05-01 10:00:00;11,0;x\n2025-05-01 10:30:00;nix;x\nbad;1,0;x\n"
LIST = "Ladepunkt;Start;Ende;Energie (kWh);Status\nCP1;01.05.2025 10:00:00;01.05.2025 11:00:00;7,5;Beendet\n"
Open = Callable[..., ImportDialog]


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> SessionsPage:
    window.go("sessions")
    return window.sessions_page


@pytest.fixture
def show(page: SessionsPage, qtbot: QtBot, tmp_path: Path) -> Iterator[Open]:
    """Return what opens the dialog for files with these contents and waits until the first one is read."""

    def opened(**files: str) -> ImportDialog:
        paths = []
        for name, text in files.items():
            paths.append(tmp_path / name.replace("_", "."))
            paths[-1].write_text(text)
        page.imports.look_at(paths)
        qtbot.waitUntil(lambda: page.imports.dialog is not None, timeout=8000)
        dialog = page.imports.dialog
        assert dialog is not None
        settled(qtbot, dialog)
        return dialog

    yield opened
    if page.imports.dialog is not None:
        page.imports.dialog.task.stop()
        page.imports.dialog.close()


def settled(qtbot: QtBot, dialog: ImportDialog) -> None:
    qtbot.waitUntil(lambda: dialog.ready is not None or bool(dialog.summary.text()), timeout=10_000)


def test_a_loggers_file_is_shown_with_what_is_wrong_in_it(show: Open) -> None:
    dialog = show(logger_csv=LOGGER)
    columns = dialog.form.table.columns()

    assert dialog.form.kind.currentData() == SAMPLES
    assert [(c.target, c.factor) for c in columns] == [("time", 1.0), ("power_total", 1000.0), (None, 1.0)]
    assert "line 3, Power (kW): 'nix' is no number" in dialog.problems.toPlainText()
    assert "line 4: 'bad' is no time" in dialog.problems.toPlainText()
    assert dialog.go.isEnabled()


def test_a_choice_reads_the_file_anew(show: Open, qtbot: QtBot) -> None:
    dialog = show(logger_csv=LOGGER)
    dialog.form.zone.setCurrentText("Europe/Berlin")
    dialog.form.zone.chosen.emit("Europe/Berlin")
    assert not dialog.go.isEnabled()
    settled(qtbot, dialog)
    assert dialog.ready is not None
    assert datetime.fromtimestamp(dialog.ready.contents.first or 0, UTC).hour == 8

    dialog.form.zone.chosen.emit("nowhere")
    dialog.form.zone.setCurrentText("nowhere")
    qtbot.waitUntil(lambda: "'nowhere' is no time zone" in dialog.summary.text(), timeout=5000)
    assert not dialog.go.isEnabled()


def test_columns_are_chosen_by_hand(show: Open, qtbot: QtBot) -> None:
    dialog = show(logger_csv=LOGGER.replace("Odd", "U").replace(";x", ";230,1"))
    target, unit = dialog.form.table.targets[1], dialog.form.table.units[1]
    target.setCurrentIndex(target.findData("voltage_l1"))
    unit.setCurrentIndex(unit.findText("mV"))
    settled(qtbot, dialog)

    assert dialog.form.table.columns()[1].factor == 0.001
    assert "Power (kW): 'nix'" in dialog.problems.toPlainText()


def test_a_list_of_sessions_comes_into_the_page_and_into_insights(
    show: Open, page: SessionsPage, qtbot: QtBot, window: MainWindow
) -> None:
    said: list[str] = []
    page.message.connect(said.append)
    dialog = show(sessions_csv=LIST)
    assert dialog.form.kind.currentData() == SESSIONS
    assert "1 session, 7.500" in dialog.summary.text()
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.kept is not None, timeout=8000)
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=8000)

    assert said[-1] == "sessions.csv: 1 session was imported."
    assert page.model.rows[0].source == "list"
    assert "7.500" in page.totals.text()


def test_one_file_after_another_and_the_same_again(show: Open, qtbot: QtBot, page: SessionsPage) -> None:
    dialog = show(one_csv=LIST, two_csv=LIST.replace("CP1", "CP2"), three_csv=LIST)
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.is_done, timeout=8000)
    assert (dialog.go.text(), dialog.stay.isVisible()) == ("Next file", False)
    dialog.go.click()
    settled(qtbot, dialog)
    assert (dialog.title.text(), dialog.stay.text()) == ("two.csv (2 of 3)", "Skip this file")
    dialog.stay.click()
    settled(qtbot, dialog)
    qtbot.waitUntil(lambda: "Importing it again changes nothing" in dialog.standing.text(), timeout=8000)

    assert dialog.go.text() == "Close"
    assert page._archive.info()["sessions"] == 1


def test_what_cannot_be_read_is_said_and_cannot_be_imported(show: Open) -> None:
    dialog = show(broken_json='[{"id": 1}')

    assert "holds no sessions that evtech knows" in dialog.summary.text() or "line 1" in dialog.summary.text()
    assert not dialog.go.isEnabled()
    assert dialog.go.toolTip()


def test_a_port_that_seems_to_be_one_here_is_offered(show: Open, page: SessionsPage, qtbot: QtBot) -> None:
    fill(page._archive)
    page._archive.writer.flush()
    fridays = [x for x in page._archive.session_list().lines if x.port == "KEBA P30 A" and x.energy_wh == 12_000]
    cdrs = [
        {
            "id": str(n),
            "start_date_time": datetime.fromtimestamp(x.started + 30, UTC).isoformat(),
            "end_date_time": datetime.fromtimestamp(x.ended or 0, UTC).isoformat(),
            "total_energy": 12.0,
            "cdr_location": {"evse_id": "DE*X*E1"},
            "charging_periods": [],
        }
        for n, x in enumerate(fridays)
    ]
    dialog = show(bills_json=json.dumps(cdrs))
    (tick, name, shown), *others = dialog._ports
    assert (tick.isChecked(), name, shown, others) == (True, "DE*X*E1", "KEBA P30 A", [])
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.kept is not None, timeout=8000)
    qtbot.waitUntil(lambda: f"{len(cdrs)} told twice, not counted" in page.totals.text(), timeout=8000)

    assert page._archive.session_list().total_energy_wh == sum(
        x.energy_wh or 0 for x in page._archive.session_list().lines if x.source == "recorded"
    )


def test_writing_is_given_up_soon_and_nothing_is_kept(
    show: Open, page: SessionsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evtech.store import incoming, spool

    rows = "".join(f"CP{i},01.05.2025 10:00:00,01.05.2025 11:00:00,1\n" for i in range(2 * spool.BATCH))
    dialog = show(long_csv="port,start,end,energy_kwh\n" + rows)
    insert, given_up, pieces = incoming._insert, threading.Event(), []

    def held(connection: object, table: str, *words: object) -> None:
        if table == "charging_session":
            if pieces:
                assert given_up.wait(60)  # the second piece is written when somebody has given up
            pieces.append(words)
        insert(connection, table, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(incoming, "_insert", held)
    dialog.go.click()
    qtbot.waitUntil(lambda: "Writing" in dialog.note.text(), timeout=8000)
    dialog.stay.click()
    given_up.set()
    qtbot.waitUntil(lambda: dialog.ready is not None, timeout=8000)

    assert len(pieces) == 2  # no piece after the one that was being written
    assert page._archive.info()["sessions"] == 0


def test_nothing_of_an_import_runs_on_the_gui_thread(
    show: Open, page: SessionsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # how long the GUI thread is busy with what comes of it: bench_import_gui.py
    ran: dict[str, set[threading.Thread]] = {name: set() for name in ("kind_of", "look", "prepare", "take_in")}

    def noted(name: str) -> Callable[..., Any]:
        work = getattr(import_task, name)

        def whole(*words: Any, **named: Any) -> Any:
            ran[name].add(threading.current_thread())
            return work(*words, **named)

        return whole

    for name in ran:
        monkeypatch.setattr(import_task, name, noted(name))
    dialog = show(sessions_csv=LIST)
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.kept is not None)

    assert all(ran.values())
    assert threading.main_thread() not in set().union(*ran.values())


def test_an_import_is_taken_out_and_brought_back_in_the_window(
    show: Open, page: SessionsPage, qtbot: QtBot, window: MainWindow
) -> None:
    dialog = show(sessions_csv=LIST)
    dialog.go.click()
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=8000)
    dialog.close()
    listed = ImportsDialog(page._archive, window.bridge, page.theme, page)
    qtbot.addWidget(listed)
    listed.changed.connect(page._say_import)
    qtbot.waitUntil(lambda: listed.change.isEnabled(), timeout=5000)
    assert (listed.table.item(0, 1).text(), listed.table.item(0, 4).text()) == ("sessions.csv", "counts")

    listed.change.click()
    qtbot.waitUntil(lambda: listed.change.text() == "Bring back" and listed.change.isEnabled(), timeout=5000)
    assert listed.table.item(0, 4).text() == "taken out"
    qtbot.waitUntil(lambda: page.total == 0, timeout=5000)

    listed.change.click()
    qtbot.waitUntil(lambda: page.total == 1, timeout=5000)
    with page._archive.reading() as connection:
        assert not imports(connection)[0].is_withdrawn


def test_everything_is_reached_by_keys_and_named(show: Open) -> None:
    dialog = show(logger_csv=LOGGER)
    form = dialog.form
    for widget in (form.zone, dialog.problems, form.table, *form.table.targets, *form.table.units):
        assert widget.accessibleName()
    for widget, label in form._rows.items():
        assert label.buddy() is widget
        assert "&" in label.text()
    assert all(button.text() for button in dialog.findChildren(QPushButton))
    assert len({label.text()[label.text().index("&") + 1].lower() for label in form._rows.values()}) == len(form._rows)
