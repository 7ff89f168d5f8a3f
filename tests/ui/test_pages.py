"""What the pages do beyond showing: recent links, notes, cursors, the pause, an interrupted session, closing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from evtech.events import EventKind
from evtech.measure.history import History
from evtech.measure.sample import ChargerIdentity, ChargerState, Reading, Sample, SessionPhase
from evtech.store.records import ChargingSession
from evtech.store.session_list import line_of
from evtech.workbench import CheckStep, Workbench
from ui.main_window import MainWindow
from ui.models.sessions import facts, totals
from ui.pages.connect import Asked
from ui.widgets.check_list import CheckList
from ui.widgets.cursors import between
from ui.widgets.link_form import LinkForm
from ui.widgets.plots import _apart
from ui.words import state_sentence

WHO = ChargerIdentity("keba-kecontact-p30", "KEBA", "KeContact P30", "4711", "3.10", "192.0.2.7:502")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSION = ChargingSession("3f2a0000", "v", "r", WHO, START, START + timedelta(hours=1), energy_wh=7000.0)


def start_demo(window: MainWindow, qtbot: QtBot) -> None:
    window.connect_page.demo_button.click()
    qtbot.waitUntil(lambda: window.connection is not None, timeout=8000)


def at_once(task: Callable[[], Any], then: Callable[[Any], None]) -> None:
    then([])


@pytest.mark.parametrize(
    "address",
    [
        "tcp://192.0.2.7",
        "tcp://[fe80::1]:1502?unit=3",
        "rtu://COM5?baud=19200&parity=E&unit=7",
        "tls://192.0.2.7?unit=1",
    ],
)
def test_the_form_shows_an_address_and_gives_it_back(qtbot: QtBot, address: str) -> None:
    form = LinkForm([], at_once)
    qtbot.addWidget(form)

    form.fill(address, None)

    assert form.address() == address


def test_a_link_that_worked_comes_back_with_one_click(window: MainWindow) -> None:
    page = window.connect_page
    page.remember(Asked("tcp://192.0.2.7?unit=255", "keba-kecontact-p30"), WHO)

    page.recent.setCurrentRow(0)
    page.recent.itemClicked.emit(page.recent.item(0))

    assert "KEBA" in page.recent.item(0).text()
    assert page.form.address() == "tcp://192.0.2.7?unit=255"
    assert page.form.profile.currentData() == "keba-kecontact-p30"


def test_an_interrupted_session_is_offered_with_a_way_back(window: MainWindow, qtbot: QtBot) -> None:
    page = window.connect_page
    page.offer_interrupted([replace(SESSION, ended=None)])
    assert page.banner.isVisible()
    assert not page.resume_button.isEnabled()

    page.remember(Asked("tcp://192.0.2.7", None), WHO)
    page.offer_interrupted([replace(SESSION, ended=None)])

    with qtbot.waitSignal(page.connection_wanted) as wanted:
        page.resume_button.click()
    assert wanted.args == [Asked("tcp://192.0.2.7", None)]


def test_connecting_to_nothing_says_what_is_missing(window: MainWindow) -> None:
    page = window.connect_page

    page.connect_button.click()

    assert page.check.rows["failure"].message.text() == "No address is given."
    assert page.connect_button.isEnabled()


def test_a_failed_step_says_what_to_try(qtbot: QtBot) -> None:
    check = CheckList()
    qtbot.addWidget(check)
    check.show_step(CheckStep("address", "running", "Reading the address"))
    check.show_step(CheckStep("address", "ok", "tcp://192.0.2.7"))
    check.show_step(CheckStep("link", "failed", "192.0.2.7 does not answer.", "Check the cable."))

    assert check.has_failed
    assert check.rows["link"].hint.text() == "Check the cable."

    check.show_step(CheckStep("address", "running", "Reading the address"))
    assert list(check.rows) == ["address"]


def test_a_note_is_kept_with_the_recording_and_marked(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)
    connection, note = window.connection, window.live_page.note
    assert connection is not None

    qtbot.keyClicks(note, "plug checked")
    qtbot.keyClick(note, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: any(e.kind is EventKind.NOTE for e in connection.events), timeout=3000)
    window.bench.archive.writer.flush()
    assert connection.writer is not None
    kept = window.bench.archive.events(connection.writer.recording_id, START, datetime.now(UTC))
    assert [e.details["text"] for e in kept if e.kind is EventKind.NOTE] == ["plug checked"]


def test_pause_freezes_the_picture_and_not_the_data(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)
    connection, page = window.connection, window.live_page
    assert connection is not None
    page.pause.click()
    before, samples = page._paused_at, len(connection.history)

    qtbot.waitUntil(lambda: len(connection.history) > samples + 2, timeout=5000)

    assert page._paused_at == before
    page.pause.click()
    assert page._paused_at is None


def test_cursors_tell_energy_by_the_register() -> None:
    history = History(["power_total", "energy_total"])
    times = np.arange(0.0, 3600.0, 1.0)
    values = np.column_stack([np.full(3600, 6000.0), np.floor(times / 6) * 10])
    history.extend(times, values.astype(np.float32))

    found = between(history, 1800.2, 599.8)

    assert (found.start, found.end) == (600.0, 1800.0)
    assert found.mean_w == 6000.0
    assert found.energy_wh == pytest.approx(2000.0)
    assert "2.000" in found.text()


def test_names_of_curves_do_not_cover_each_other() -> None:
    places = _apart([15.9, 16.0, 16.0], 1.5, 0.75, 17.0)

    assert all(b - a >= 1.5 - 1e-9 for a, b in pairwise(places))
    assert max(places) <= 17.0


def reading(phase: SessionPhase, pilot: str, text: str, amperes: float, offer: float) -> Reading:
    samples = {
        "current_l1": Sample("current_l1", amperes, "A"),
        "current_limit_actual": Sample("current_limit_actual", offer, "A"),
    }
    return Reading(START, 0.0, samples, ChargerState(pilot, phase, "3", text))


def test_the_state_is_a_sentence_with_a_reason_and_the_letter() -> None:
    full = reading(SessionPhase.CHARGING, "C2", "charging", 15.9, 16.0)
    less = reading(SessionPhase.CHARGING, "C2", "charging", 9.0, 16.0)
    waits = reading(SessionPhase.AUTHORISING, "B1", "vehicle connected, waits for authorisation", 0.0, 0.0)

    assert "takes what it is offered" in state_sentence(full, None)
    assert "takes less than the 16.00\u202fA" in state_sentence(less, None)
    assert "IEC 61851 state B1" in state_sentence(waits, None)
    assert "paused by the vehicle" in state_sentence(full, "PAUSED_BY_EV").casefold()
    assert state_sentence(None, None) == "No value has come yet."


def test_a_product_that_counts_vah_only_shows_no_kwh() -> None:
    session = replace(SESSION, energy_wh=None, apparent_energy_vah=5000.0)

    assert "kVAh" in facts(session)
    assert "1 without energy in kWh" in totals([line_of(session)], 0)


def test_closing_while_recording_keeps_the_session_for_later(window: MainWindow, qtbot: QtBot) -> None:
    start_demo(window, qtbot)
    connection = window.connection
    assert connection is not None
    qtbot.waitUntil(lambda: connection.session is not None, timeout=12000)
    path = window.bench.archive.path

    window.close()

    again = Workbench(str(path))
    try:
        assert [session.ended for session in again.archive.sessions()] == [None]
    finally:
        again.close()
