"""Ports and outages in the window: seen, edited, entered, excluded from the picture, withdrawn, imported, reported."""

import csv
import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QDateTime, Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from evtech.reports.verifying import verify_file
from evtech.store import fleet as said
from evtech.store.archive import Archive
from evtech.store.fleet import ReportedOutage, report
from tests.evtech.insights.fleet import fill
from ui.main_window import MainWindow
from ui.pages.insights import InsightsPage
from ui.theme import FIELD
from ui.widgets.fleet_view import FACTS, OUTAGES, FleetView
from ui.widgets.outage_form import EXCLUSION, EXCUSED
from ui.widgets.outage_panel import FORM, LIST

A, B = "KEBA P30 A", "KEBA P30 B"
DOWN = {"from": "2025-03-10T10:00Z", "to": "2025-03-12T10:00Z", "cause": "fault"}


@pytest.fixture
def archive(window: MainWindow) -> Archive:
    fill(window.bench.archive)
    window.bench.technician = "M. Roe"
    return window.bench.archive


@pytest.fixture
def page(window: MainWindow, archive: Archive, qtbot: QtBot) -> InsightsPage:
    window.go("insights")
    made = window.task_page("insights")
    assert isinstance(made, InsightsPage)
    made.period.kind.setCurrentIndex(3)
    made.period.first.setDate(QDate(2025, 3, 3))
    made.period.last.setDate(QDate(2025, 4, 6))
    counted(made, qtbot)
    return made


@pytest.fixture
def view(page: InsightsPage, qtbot: QtBot) -> FleetView:
    page.ports_button.click()
    assert page.ports.fleet is not None
    shown = page.ports.fleet
    qtbot.waitUntil(lambda: shown.roster is not None, timeout=8000)
    return shown


def counted(page: InsightsPage, qtbot: QtBot, minutes: float | None = None) -> None:
    def is_there() -> bool:
        if page.picture is None or len(page.picture.overview.attempts) != 70:
            return False
        return minutes is None or page.picture.overview.availability[A].outage_min == minutes

    qtbot.waitUntil(is_there, timeout=8000)


def told(archive: Archive) -> list[ReportedOutage]:
    return list(said.read(archive).outages)


def wait(qtbot: QtBot, what: Callable[[], bool]) -> None:
    qtbot.waitUntil(what, timeout=8000)


def choose(view: FleetView, row: int) -> None:
    view.table.selectRow(row)


def put(edit: QLineEdit, text: str) -> None:
    edit.setText(text)


def test_what_is_missing_and_what_it_costs_stands_above_the_ports(view: FleetView) -> None:
    assert "2 of 2 ports: no rating: energy utilisation" in view.missing.text()
    rows = view.table.texts.rows
    assert [row[0] for row in rows] == [A, B]
    assert rows[0][1:] == ["Yard A", "—", "—", "rating, zone, service date"]
    assert not view.facts.keep.isEnabled()
    assert view.facts.keep.toolTip() == "Change a field first"


def test_facts_of_several_ports_are_told_at_once(view: FleetView, archive: Archive, qtbot: QtBot) -> None:
    view.table.selectAll()
    put(view.facts.fields["rated_kw"], "22,5")
    put(view.facts.fields["timezone"], "Europe/Berlin")
    put(view.facts.fields["in_service_from"], "2025-03-10")
    assert view.facts.keep.text() == "Keep for 2 ports"
    view.facts.keep.click()
    wait(qtbot, lambda: view.table.texts.rows[1][2] == "22.5 kW")

    facts = said.read(archive).facts(B)
    assert (facts.number("rated_kw"), facts.words["rated_kw"].by) == (22.5, "M. Roe")
    assert facts.rows[0].body["says"]["in_service_from"] == "2025-03-09T23:00:00.000Z"  # midnight there
    assert view.missing.text() == "Nothing is missing that a figure needs."
    choose(view, 1)
    assert view.facts.said["rated_kw"].text().startswith("M. Roe · 20")
    assert view.facts.fields["in_service_from"].text() == "2025-03-10"


def test_a_wrong_field_is_named_as_its_label_and_nothing_is_kept(view: FleetView, archive: Archive) -> None:
    put(view.facts.fields["rated_kw"], "22000")
    view.facts.keep.click()
    assert "'22000' is not valid. Expected a power in kW" in view.facts.problem.text()
    put(view.facts.fields["rated_kw"], "")
    put(view.facts.fields["in_service_from"], "2025-03-10")
    put(view.facts.fields["in_service_to"], "2025-03-01")
    view.facts.keep.click()

    assert view.facts.problem.text().startswith("In service until is before In service from.")
    assert archive.results("port") == []


def test_what_was_typed_comes_back_with_its_port(view: FleetView) -> None:
    put(view.facts.fields["site"], "Harbour")
    choose(view, 1)
    assert view.facts.fields["site"].text() == ""
    choose(view, 0)

    assert view.facts.fields["site"].text() == "Harbour"
    assert view.facts.keep.isEnabled()


def test_an_outage_is_entered_corrected_withdrawn_and_reinstated(
    view: FleetView, archive: Archive, qtbot: QtBot
) -> None:
    panel = view.outages
    view.tabs.setCurrentIndex(OUTAGES)
    panel.add.click()
    form = panel.form
    form.start.setDateTime(QDateTime.fromString("2025-03-10 10:00", "yyyy-MM-dd HH:mm"))
    form.cause.setCurrentIndex(form.cause.findData("fault"))
    form.keep.click()
    wait(qtbot, lambda: len(panel.rows) == 1)
    assert (panel.rows[0].cause, panel.rows[0].end, panel.rows[0].by) == ("fault", None, "M. Roe")
    assert view.table.texts.rows[0][-1].startswith("down since 2025-03-10")

    panel.correct.click()
    form.lasts.setChecked(False)
    form.end.setDateTime(QDateTime.fromString("2025-03-09 10:00", "yyyy-MM-dd HH:mm"))
    form.keep.click()
    assert panel.currentIndex() == FORM
    assert "to is before from" in form.problem.text()
    form.end.setDateTime(QDateTime.fromString("2025-03-12 10:00", "yyyy-MM-dd HH:mm"))
    form.keep.click()
    wait(qtbot, lambda: panel.rows[0].end is not None)
    assert "Last changed by M. Roe" in panel.detail.text()

    panel.withdraw.click()
    assert not panel.withdraw_go.isEnabled()
    panel.reason.setText("it was port B")
    panel.withdraw_go.click()
    wait(qtbot, lambda: not panel.rows)
    assert told(archive)[0].withdrawn
    panel.withdrawn.setChecked(True)
    panel.table.selectRow(0)
    assert "Reason: it was port B" in panel.detail.text()
    panel.withdraw.click()
    panel.reason.setText("it was A after all")
    panel.withdraw_go.click()
    wait(qtbot, lambda: not told(archive)[0].withdrawn)
    assert len(told(archive)[0].rows) == 4


def test_an_exclusion_needs_cause_and_evidence(view: FleetView, archive: Archive, qtbot: QtBot) -> None:
    form = view.outages.form
    view.outages.enter()
    form.kind.setCurrentIndex(EXCLUSION)
    assert not form.keep.isEnabled()
    form.cause.setEditText("we forgot")
    form.evidence.setText("nothing written")
    assert form.keep.isEnabled()
    assert "none of the usual ones" in form.why.text()
    form.cause.setCurrentIndex(form.cause.findData("utility"))
    form.keep.click()
    wait(qtbot, lambda: len(told(archive)) == 1)

    outage = told(archive)[0]
    assert (outage.is_exclusion, outage.cause, outage.evidence) == (True, "utility", "nothing written")


def test_an_outage_of_a_picture_is_excluded_where_it_is_clicked(
    page: InsightsPage, archive: Archive, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    monkeypatch.setattr(page.ports.menu, "popup", shown.append)  # a screen without windows has no menus
    archive.add_results([report(A, DOWN, "Hotline")])
    page.load()
    counted(page, qtbot, 2880)
    page.ribbon.grab()
    at = next(i for i, mark in enumerate(page.ribbon.marks) if mark.text.startswith(f"{A}, 2025-03-10"))
    page.ribbon._at = at
    qtbot.keyClick(page.ribbon, Qt.Key.Key_Return)  # as a click does
    assert len(shown) == 1
    exclude = page.ports.menu.actions()[0]
    assert exclude.text() == "Exclude 2025-03-10 10:00 – 2025-03-12 10:00 (48.0 h) with a cause and evidence…"
    exclude.trigger()
    view = page.ports.fleet
    assert view is not None
    wait(qtbot, lambda: view.outages.currentIndex() == FORM)
    form = view.outages.form
    assert (form.kind.currentIndex(), form.cause.currentText()) == (EXCUSED, "")
    form.cause.setCurrentIndex(form.cause.findData("vandalism"))
    form.evidence.setText("police 77")
    form.keep.click()
    wait(qtbot, lambda: told(archive)[0].excluded)
    view.back.click()
    wait(qtbot, lambda: page.picture is not None and page.picture.overview.availability[A].excluded_min == 2880)

    assert len(told(archive)) == 1
    assert not view.isVisible()


def test_what_was_only_seen_gets_an_exclusion_of_its_own(page: InsightsPage, archive: Archive, qtbot: QtBot) -> None:
    assert page.picture is not None
    start, end = page.picture.overview.period[0] + 3612.5, page.picture.overview.period[0] + 7248.25  # to the second
    page.ports.open().exclude(A, (start, end), page.picture.overview.period)
    view = page.ports.fleet
    assert view is not None
    wait(qtbot, lambda: view.outages.currentIndex() == FORM)
    view.outages.form.cause.setEditText("utility")
    view.outages.form.evidence.setText("letter")
    view.outages.form.keep.click()
    wait(qtbot, lambda: len(told(archive)) == 1)

    outage = told(archive)[0]
    assert (outage.start, outage.end, outage.is_exclusion) == (start, end, True)


def test_a_correction_changes_only_what_was_touched(view: FleetView, archive: Archive, qtbot: QtBot) -> None:
    exact = {"from": "2025-03-10T10:00:17.250Z", "to": "2025-03-12T10:00:41.500Z", "cause": "fault"}
    archive.add_results([report(A, exact, "Hotline")])
    view.load()
    wait(qtbot, lambda: len(view.outages.rows) == 1)
    view.outages.change()
    view.outages.form.evidence.setText("ticket 9")
    view.outages.form.keep.click()
    wait(qtbot, lambda: told(archive)[0].evidence == "ticket 9")

    assert told(archive)[0].rows[-1].body["says"] == {"evidence": "ticket 9"}


def test_files_are_shown_before_they_are_taken(
    view: FleetView, page: InsightsPage, archive: Archive, qtbot: QtBot, tmp_path: Path
) -> None:
    ports, outages = tmp_path / "p.csv", tmp_path / "o.csv"
    ports.write_text(f"port,rated_kw,timezone\n{A},22,Europe/Berln\n")
    outages.write_text(f"port,from,to,cause,excluded\n{A},2025-03-10,2025-03-11,fault,0\n")
    view.taking.look_at([outages, ports])
    wait(qtbot, lambda: view.taking.isVisible())
    assert "p.csv, line 2: timezone: 'Europe/Berln' is not valid" in view.taking.lines.toPlainText()
    assert not view.taking.take.isEnabled()
    assert not view.splitter.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    wait(qtbot, lambda: view.splitter.isVisible())

    ports.write_text(f"port,rated_kw,timezone\n{A},22,Europe/Berlin\n")
    assert page.open_file(ports)
    wait(qtbot, lambda: view.taking.isVisible() and view.taking.take.isEnabled())
    assert view.taking.take.text() == "Take in 1 entries"
    view.taking.take.click()
    wait(qtbot, lambda: view.table.texts.rows[0][2] == "22 kW")
    assert said.read(archive).facts(A).words["rated_kw"].source == "p.csv"
    (tmp_path / "s.csv").write_text("time,voltage_l1\n")
    assert not page.open_file(tmp_path / "s.csv")


def test_ports_are_exported_as_they_are_read(
    view: FleetView, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *words: (str(tmp_path / "p"), ""))
    with qtbot.waitSignal(view.message):
        view.export_button.menu().actions()[0].trigger()

    rows = list(csv.reader(io.StringIO((tmp_path / "p.csv").read_text())))
    assert [row[0] for row in rows] == ["port", A, B]


def test_reports_of_the_ports_shown_go_into_a_folder_sealed(page: InsightsPage, qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    with qtbot.waitSignal(page.reports.message, timeout=30_000) as said_:
        page.reports.write(folder, "all")
        assert page.reports.isVisible()
        assert not page.reports.button.isEnabled()

    files = sorted(path.name for path in folder.glob("*"))
    assert "18 files are written" in said_.args[0]
    assert files[0].startswith("availability-KEBA-P30-A")
    assert [name for name in files if name.endswith(".pdf")] == [f"availability-KEBA-P30-{x}.pdf" for x in "AB"]
    assert verify_file(folder / "availability-KEBA-P30-A.pdf", {}).result == "unknown_signer"
    assert not page.reports.isVisible()


def test_a_batch_can_be_given_up_and_what_is_written_is_whole(
    page: InsightsPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = threading.Event()
    progress = page.reports._progress

    def slow(name: str, done: int, count: int) -> None:
        if done == 1:
            reached.set()
            assert page.reports._stop.wait(10)
        progress(name, done, count)

    monkeypatch.setattr(page.reports, "_progress", slow)
    folder = tmp_path / "reports"
    folder.mkdir()
    with qtbot.waitSignal(page.reports.message, timeout=30_000) as said_:
        page.reports.write(folder)
        wait(qtbot, reached.is_set)
        page.reports.cancel.click()

    assert said_.args[0] == "Given up after 1 of 2 reports; those are whole."
    assert [path.name for path in folder.glob("*")] == ["availability-KEBA-P30-A.pdf"]


def test_nothing_is_entered_into_a_visit_that_is_looked_at(page: InsightsPage, archive: Archive, qtbot: QtBot) -> None:
    archive.locked = "A visit is only looked at."
    try:
        page.ports_button.click()
        view = page.ports.fleet
        assert view is not None
        wait(qtbot, lambda: view.roster is not None)
        assert "A visit is only looked at." in view.missing.text()
        assert not view.outages.add.isEnabled()
        assert not view.facts.fields["site"].isEnabled()
        assert view.outages.add.toolTip() == "A visit is only looked at."
    finally:
        archive.locked = ""


def test_everything_is_reached_by_keys_and_fits(window: MainWindow, view: FleetView, qtbot: QtBot) -> None:
    window.resize(1366, 768)
    area = window.pages.currentWidget()
    qtbot.waitUntil(lambda: not area.verticalScrollBar().isVisible(), timeout=2000)
    assert not area.horizontalScrollBar().isVisible()
    for widget in (view.table, view.outages.table, view.taking.lines, view.name, *view.facts.fields.values()):
        assert widget.accessibleName()
        assert widget.focusPolicy() != Qt.FocusPolicy.NoFocus
    window.apply_theme(FIELD)
    for button in (view.facts.keep, view.outages.add, view.back, view.outages.form.keep):
        assert button.minimumHeight() >= 44
    view.tabs.setCurrentIndex(OUTAGES)
    view.outages.enter()
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.outages.currentIndex() == LIST
    view.tabs.setCurrentIndex(FACTS)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible()
