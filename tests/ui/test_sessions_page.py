"""The page Sessions: filters and totals, sessions behind a mark, two compared, notes, corrections, imports, exports."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QItemSelectionModel, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from evtech.errors import ArchiveError
from evtech.store.session_list import SessionLine
from tests.evtech.insights.fleet import fill
from ui.behind import SessionsBehind
from ui.main_window import MainWindow
from ui.models.sessions import ENERGY, facts, totals
from ui.pages.sessions import SessionsPage
from ui.session_dialogs import CorrectionDialog

ROWS = 70


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> SessionsPage:
    fill(window.bench.archive)
    window.go("sessions")
    qtbot.waitUntil(lambda: window.sessions_page.model.rowCount() == ROWS, timeout=8000)
    return window.sessions_page


def test_filters_narrow_the_rows_and_count_the_hidden(page: SessionsPage, qtbot: QtBot) -> None:
    page.filters.site.setText("yard b")
    page.filters.result.setCurrentIndex(2)
    qtbot.waitUntil(lambda: page.model.rowCount() == 12, timeout=5000)

    assert page.totals.text() == "12 sessions, 24.000\u202fkWh · 58 hidden by the filter"


def test_dates_are_free(page: SessionsPage, qtbot: QtBot) -> None:
    page.filters.period.choice.setCurrentIndex(4)
    page.filters.period.first.setDate(QDate(2025, 3, 4))
    page.filters.period.last.setDate(QDate(2025, 3, 5))

    qtbot.waitUntil(lambda: page.model.rowCount() == 4, timeout=5000)


def test_exactly_the_sessions_behind_a_mark(window: MainWindow, page: SessionsPage, qtbot: QtBot) -> None:
    window.go("sessions", SessionsBehind(frozenset({"A04", "A11"}), "Fri 17–18 h"))
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=5000)
    assert "Fri 17–18 h" in page.filters.chip_words.text()
    with qtbot.waitSignal(page.task_wanted) as asked:
        page.filters.back_wanted.emit()
    assert asked.args[0] == "insights"

    page.filters._forget()

    qtbot.waitUntil(lambda: page.model.rowCount() == ROWS, timeout=5000)


def test_two_sessions_are_compared(page: SessionsPage, qtbot: QtBot) -> None:
    rows = [next(i for i, line in enumerate(page.model.rows) if line.id == key) for key in ("A04", "A05")]
    flags = QItemSelectionModel.SelectionFlag.Rows
    page.table.selectionModel().select(
        page.model.index(rows[0], 0), flags | QItemSelectionModel.SelectionFlag.ClearAndSelect
    )
    page.table.selectionModel().select(page.model.index(rows[1], 0), flags | QItemSelectionModel.SelectionFlag.Select)

    qtbot.waitUntil(lambda: "difference" in page.details.text.text(), timeout=5000)
    assert page.views[1].isVisible()
    assert page.views[0].which.text().startswith("first: 2025-03-0")
    assert page.views[1].which.text().startswith("second: 2025-03-0")


def test_a_correction_and_a_note_stand_beside_the_record(
    page: SessionsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.choose("A00")
    qtbot.waitUntil(lambda: page.selected() is not None and page.selected().id == "A00", timeout=5000)

    def fill_in(dialog: CorrectionDialog) -> int:
        dialog.site.setText("Depot")
        dialog.clock.setValue(3600)
        dialog.reason.setText("clock was on winter time")
        return 1

    monkeypatch.setattr(CorrectionDialog, "exec", fill_in)
    page.edits.correct()

    qtbot.waitUntil(lambda: "winter time" in page.details.text.text(), timeout=5000)
    line = page.selected()
    assert line is not None
    assert (line.site, line.corrected) == ("Depot", ("clock_s", "site"))
    assert page._archive.session("A00").started.hour == 16


def test_exactly_the_rows_shown_go_to_the_file(
    page: SessionsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page.filters.site.setText("yard a")
    qtbot.waitUntil(lambda: page.model.rowCount() == 35, timeout=5000)
    target = tmp_path / "rows.csv"
    monkeypatch.setattr("ui.session_files.QFileDialog.getSaveFileName", lambda *words: (str(target), ""))

    page.files.export_list("csv")

    qtbot.waitUntil(target.exists, timeout=5000)
    assert len(target.read_text().splitlines()) == 36


def test_a_failed_export_says_what_to_do(page: SessionsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.session_files.QFileDialog.getSaveFileName", lambda *words: ("/nowhere/x.csv", ""))

    def refuse(line: SessionLine, path: Path) -> None:
        raise ArchiveError("x.csv cannot be written.", "Choose another folder.")

    said: list[str] = []
    page.message.connect(said.append)
    page.files.write("csv", refuse)

    qtbot.waitUntil(lambda: len(said) == 2, timeout=3000)
    assert said[1] == "x.csv cannot be written. Choose another folder."


def test_a_column_sorts_the_rows_and_the_chosen_session_stays_chosen(page: SessionsPage, qtbot: QtBot) -> None:
    chosen = page.selected()
    assert chosen is not None

    page.table.sortByColumn(ENERGY, Qt.SortOrder.DescendingOrder)

    energies = [line.energy_wh for line in page.model.rows]
    assert energies[0] == 12_000.0
    assert energies == sorted(energies, key=lambda e: -(e or 0.0))
    assert page.selected() is chosen
    page.filters.site.setText("yard a")
    qtbot.waitUntil(lambda: page.model.rowCount() == 35, timeout=5000)
    assert page.model.rows[0].energy_wh == 12_000.0


def test_what_is_unknown_comes_last_in_either_order(page: SessionsPage) -> None:
    lines = [replace(page.model.rows[0], id=str(wh), energy_wh=wh) for wh in (5.0, None, 9.0)]
    page.model.show_rows(lines)

    for order, wanted in ((Qt.SortOrder.AscendingOrder, [5, 9]), (Qt.SortOrder.DescendingOrder, [9, 5])):
        page.model.sort(ENERGY, order)
        assert [line.energy_wh for line in page.model.rows] == [*wanted, None]


def test_all_filters_are_taken_away_at_once(page: SessionsPage, qtbot: QtBot) -> None:
    assert not page.filters.forget.isEnabled()
    page.filters.site.setText("no such site")
    qtbot.waitUntil(lambda: page.model.rowCount() == 0, timeout=5000)
    assert page.totals.text() == "No session is shown · 70 hidden by the filter"
    assert page.details.text.text() == "No session fits the filters above."
    assert not page.views[0].isVisible()

    page.filters.forget.click()

    qtbot.waitUntil(lambda: page.model.rowCount() == ROWS, timeout=5000)
    assert not page.filters.forget.isEnabled()


def test_clearing_filters_keeps_the_sessions_behind_a_mark(
    window: MainWindow, page: SessionsPage, qtbot: QtBot
) -> None:  # fmt: skip
    window.go("sessions", SessionsBehind(frozenset({"A04", "B04"}), "Fri"))
    page.filters.site.setText("yard a")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=5000)

    page.filters.forget.click()

    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=5000)
    assert page.filters.chip.isVisible()


def test_dates_in_the_wrong_order_are_the_same_dates(page: SessionsPage) -> None:
    period = page.filters.period
    period.choice.setCurrentIndex(4)
    period.first.setDate(QDate(2025, 3, 5))
    period.last.setDate(QDate(2025, 3, 4))

    first, after = period.limits()

    assert first is not None
    assert after is not None
    assert (first.day, after.day) == (4, 6)


def test_an_unknown_sum_is_no_zero_and_large_numbers_are_grouped(page: SessionsPage) -> None:
    line = page.model.rows[0]

    assert totals([replace(line, energy_wh=None)], 0).startswith("1 session, —")
    assert totals([replace(line, energy_wh=2e6)] * 1000, 1_000_000) == (
        "1\u202f000 sessions, 2\u202f000\u202f000.000\u202fkWh · 1\u202f000\u202f000 hidden by the filter"
    )


def test_facts_tell_the_corrected_times_and_the_site(page: SessionsPage) -> None:
    session = page._archive.session("A00")

    said = facts(session, site="Depot", shift=3600.0)

    assert "Depot" in said
    assert f"{(session.started + timedelta(hours=1)).astimezone():%H:%M:%S %z} (corrected)" in said


def test_an_empty_archive_offers_both_ways_to_a_session(window: MainWindow, qtbot: QtBot) -> None:
    window.go("sessions")
    page = window.sessions_page
    qtbot.waitUntil(page.empty.isVisible, timeout=5000)

    words = [button.text() for button in page.empty.findChildren(QPushButton)]

    assert words == ["Connect to a charger", "Import files…"]
    assert not page.actions.isVisible()


def test_a_session_without_samples_has_no_controls_for_curves(page: SessionsPage, qtbot: QtBot) -> None:
    page.choose("A04")
    qtbot.waitUntil(lambda: page.views[0].data is not None and page.views[0].data.session.id == "A04", timeout=5000)
    view = page.views[0]

    assert not view.bar.isVisible()  # this archive holds no samples of it
    assert view.between.text().startswith("There are no curves")
