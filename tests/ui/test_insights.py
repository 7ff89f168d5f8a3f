"""The page Insights: pictures, their table twins, exports, and the way to the sessions behind a mark."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, Qt
from pytestqt.qtbot import QtBot

from evtech.store.archive import Archive
from tests.evtech.insights.fleet import fill
from ui.main_window import MainWindow
from ui.pages.insights import InsightsPage, SessionsBehind


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> InsightsPage:
    archive: Archive = window.bench.archive
    fill(archive)
    window.go("insights")
    made = window.task_page("insights")
    assert isinstance(made, InsightsPage)
    made.period.kind.setCurrentIndex(3)
    made.period.first.setDate(QDate(2025, 3, 3))
    made.period.last.setDate(QDate(2025, 4, 6))
    qtbot.waitUntil(lambda: made.picture is not None and len(made.picture.overview.attempts) == 70, timeout=8000)
    return made


def test_it_says_what_it_shows(page: InsightsPage) -> None:
    assert page.headline.text().startswith("Sessions: 70 · ports: 2 · of 70 that can be judged")
    assert page.remarks.count() >= 2
    assert page.picture is not None
    assert page.ribbon.rows[0].port == "KEBA P30 B"


def test_every_picture_has_a_table_twin_and_a_file(page: InsightsPage, tmp_path: Path) -> None:
    for panel in page.panels:
        panel.grab()
        panel.switch.setChecked(True)
        assert panel.table.model().columnCount() >= 4
        for kind, magic in (("svg", b"<?xml"), ("png", b"\x89PNG")):
            file = tmp_path / f"x.{kind}"
            panel.write(file)
            assert file.read_bytes().startswith(magic)
    page.panels[0].write(tmp_path / "hours.csv")
    with (tmp_path / "hours.csv").open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert len(rows) == 169
    assert rows[1 + 4 * 24 + 17][2] == "50.0"  # one of two ports was taken on Fridays


def test_a_mark_opens_its_sessions_by_key_too(page: InsightsPage, qtbot: QtBot) -> None:
    page.heat.grab()
    page.heat._at = 4 * 24 + 17
    with qtbot.waitSignal(page.task_wanted) as asked:
        qtbot.keyClick(page.heat, Qt.Key.Key_Return)

    name, item = asked.args
    assert name == "sessions"
    assert isinstance(item, SessionsBehind)
    assert (len(item.ids), item.words) == (5, "Fri 17–18 h")


def test_a_month_without_sessions_says_so_and_shows_no_zero(page: InsightsPage, qtbot: QtBot) -> None:
    page.period.kind.setCurrentIndex(0)
    page.period.show_month(2024, 1)
    qtbot.waitUntil(lambda: page.picture is not None and not page.picture.overview.attempts, timeout=8000)

    assert page.headline.text() == "Nothing was recorded in this period."
    assert page.heat.share(0) is None
