"""Findings in the data in the window: the list, judging, the way to the session, checking, limits."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QModelIndex, Qt
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from evtech.insights.anomalies import Anomaly
from evtech.insights.finding_words import rule_name, severity_word
from evtech.insights.kept_findings import ACCEPTED, DISMISSED, OPEN, statuses
from evtech.insights.rule_limits import DEFAULTS, load_limits, save_limits
from tests.evtech.insights.findings import START, fill
from ui.limits_dialog import VALUE, LimitsDialog
from ui.main_window import MainWindow
from ui.pages.insights import InsightsPage
from ui.pages.sessions import SessionsPage
from ui.theme import DARK, FIELD
from ui.widgets.finding_details import JudgeDialog, evidence_table
from ui.widgets.finding_table import FindingModel, FindingTable
from ui.widgets.session_view import SessionMoment, extras_text, read_session


@pytest.fixture(autouse=True)
def own_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVTECH_FINDINGS", str(tmp_path / "findings.toml"))


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> InsightsPage:
    fill(window.bench.archive)
    window.go("insights")
    made = window.task_page("insights")
    assert isinstance(made, InsightsPage)
    made.period.kind.setCurrentIndex(3)
    made.period.first.setDate(QDate(2026, 3, 1))
    made.period.last.setDate(QDate(2026, 3, 8))
    made.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: made.picture is not None and len(made.findings._found) == 3, timeout=8000)
    return made


def texts(page: InsightsPage, column: int) -> list[str]:
    model = page.findings.table.findings
    return [str(model.data(model.index(row, column))) for row in range(model.rowCount())]


def test_the_gravest_stands_first_and_is_opened(page: InsightsPage) -> None:
    assert texts(page, 0) == ["critical", "warning", "notice"]
    assert page.tabs.tabText(2) == "Findings in the data (3)"
    assert page.findings.details.what.text().startswith("The register counted 9.0 Wh")
    assert "Check the meter for creep" in page.findings.details.todo.text()
    assert "16.00" in page.findings.details.evidence.text()
    assert page.findings.details.isVisible()


def test_a_dismissed_finding_is_hidden_counted_and_comes_back(page: InsightsPage, qtbot: QtBot) -> None:
    view = page.findings
    clock = next(a for a in view._found if a.rule == "clock")
    view.keep(clock, DISMISSED, "a test of the clock", "N. Kim")
    qtbot.waitUntil(lambda: view.table.findings.rowCount() == 2)

    assert page.tabs.tabText(2) == "Findings in the data (2)"
    assert view.dismissed.isVisible()
    assert "(1)" in view.dismissed.text()
    assert statuses(page._archive)[clock.id].reason == "a test of the clock"
    view.dismissed.setChecked(True)
    view.table.selectRow(1)
    assert "N. Kim" in view.details.status.text()
    assert (view.details.dismiss.isVisible(), view.details.reopen.isVisible()) == (False, True)
    view.keep(clock, OPEN, "", "N. Kim")
    qtbot.waitUntil(lambda: view.open_count == 3)
    assert not view.dismissed.isVisible()


def test_a_rule_can_be_chosen(page: InsightsPage) -> None:
    view = page.findings
    view.rule.setCurrentIndex(view.rule.findData("gap"))
    assert texts(page, 2) == ["Missing data"]


def test_a_long_list_is_measured_by_its_different_texts(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    plain = FindingModel.data

    def counted(self: FindingModel, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        nonlocal asked
        asked += 1
        return plain(self, index, role)

    monkeypatch.setattr(FindingModel, "data", counted)
    rows = [Anomaly("outlier", "info", "Port", 1e9 + n, 1e9 + n, 1.0, 1.0, "text", "todo") for n in range(1000)]
    rows[-1] = replace(rows[-1], rule="phase_missing", severity="critical")
    table = FindingTable()
    qtbot.addWidget(table)
    table.resize(900, 400)
    table.show_rows(rows, {}, "en")

    assert asked < 1000  # of 1000 rows, 5 columns and some 8 questions a cell
    longest = rule_name("phase_missing", "en")
    assert table.columnWidth(2) > table.fontMetrics().horizontalAdvance(longest)
    assert table.columnWidth(0) > table.fontMetrics().horizontalAdvance(severity_word("critical", "en"))


def test_a_finding_opens_its_session_at_its_moment(page: InsightsPage, window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.task_wanted) as asked:
        page.findings.details.open.click()
    sessions = window.task_page("sessions")
    assert isinstance(sessions, SessionsPage)

    assert asked.args == ["sessions", SessionMoment("s-1", START.timestamp() + 600)]
    qtbot.waitUntil(lambda: bool(sessions.views[0]._moment), timeout=8000)
    low, high = sessions.views[0].shown()
    assert low < START.timestamp() + 600 < high
    assert high - low == 900


def test_facts_of_a_session_name_its_findings_and_their_status(page: InsightsPage, qtbot: QtBot) -> None:
    clock = next(a for a in page.findings._found if a.rule == "clock")
    page.findings.keep(clock, ACCEPTED, "set anew", "N. Kim")
    qtbot.waitUntil(lambda: clock.id in statuses(page._archive))
    rows = [text for name, text in extras_text(read_session(page._archive, "s-1")) if name == "Finding in the data"]

    assert len(rows) == 3
    assert rows[0].endswith("(accepted, set anew, N. Kim)")


def test_sessions_that_todays_rules_have_not_seen_are_offered(page: InsightsPage, qtbot: QtBot) -> None:
    view = page.findings
    qtbot.waitUntil(view.check.isVisible, timeout=8000)
    assert view.due.text().endswith("1 of the sessions.")
    view.check.click()
    qtbot.waitUntil(lambda: not view.check.isVisible(), timeout=8000)
    # the samples that were found fault with by hand are not there: the newest check counts
    qtbot.waitUntil(lambda: view.open_count == 0, timeout=8000)
    assert view.empty.text() == "No rule found anything in this period."


@pytest.mark.parametrize(
    ("status", "reason", "name", "ready"),
    [
        (DISMISSED, "", "N. Kim", False), (DISMISSED, "a test", "", False), (DISMISSED, "a test", "N. Kim", True),
        (ACCEPTED, "", "N. Kim", True), (OPEN, "", "", False),
    ],
)  # fmt: skip
def test_a_judgement_needs_its_words(qtbot: QtBot, status: str, reason: str, name: str, ready: bool) -> None:
    dialog = JudgeDialog(status, name)
    qtbot.addWidget(dialog)
    dialog.reason.setText(reason)
    keep = dialog.buttons.buttons()[0]

    assert keep.isEnabled() == ready
    assert bool(keep.toolTip()) != ready


def test_limits_are_changed_checked_and_kept(qtbot: QtBot) -> None:
    dialog = LimitsDialog(DEFAULTS)
    qtbot.addWidget(dialog)
    row = [s.name for s in dialog._settings].index("clock_s")
    dialog.table.item(row, VALUE).setText("0")
    dialog.accept()
    assert dialog.problem.text().startswith("Limits: clock_s is 0")
    assert not dialog.result()
    dialog.table.item(row, VALUE).setText("7,5")
    dialog.accept()
    save_limits(dialog.chosen())

    assert load_limits().clock_s == 7.5
    assert isinstance(dialog.findChild(QDialogButtonBox), QDialogButtonBox)


def test_the_list_follows_the_theme(page: InsightsPage, window: MainWindow) -> None:
    for theme in (DARK, FIELD):
        window.apply_theme(theme)
        assert page.findings.table.findings.theme is theme
        page.findings.grab()


def test_evidence_is_a_row_a_point_and_a_column_a_moment(page: InsightsPage) -> None:
    table = evidence_table(page.findings._found[0].evidence)
    assert table.count("<tr>") == 2
    assert table.count("<td align='right'>") == 2
