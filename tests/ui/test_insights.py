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
from ui.widgets.port_ribbon import Failed


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
    assert page.headline.text().startswith("70 sessions · 2 ports · ")
    assert "succeeded (" in page.headline.text()
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


def test_each_picture_answers_its_question_with_its_uncertainty(page: InsightsPage) -> None:
    heat, trend, ribbon = page.panels[:3]

    assert heat.answer.text() == "fullest: Fri 16–17 h, 75 % (5 weeks: 75–75 %)"
    assert trend.answer.text().endswith(")")
    assert " % of first attempts failed (" in trend.answer.text()
    assert ribbon.answer.text().startswith("worst: KEBA P30 B, ")


def test_a_mark_reached_by_keys_is_read_beside_the_question(page: InsightsPage, qtbot: QtBot) -> None:
    page.heat.grab()
    page.heat._at = 0
    qtbot.keyClick(page.heat, Qt.Key.Key_Right)

    assert page.panels[0].answer.text().startswith("Mon 1–2 h: ")
    page.heat.told.emit("")
    assert page.panels[0].answer.text().startswith("fullest: ")


def test_who_opens_it_first_sees_the_newest_month_with_sessions(window: MainWindow, qtbot: QtBot) -> None:
    fill(window.bench.archive)
    window.go("insights")
    made = window.task_page("insights")
    assert isinstance(made, InsightsPage)

    qtbot.waitUntil(lambda: made.picture is not None, timeout=8000)
    assert made.period.label.text() == "April 2025"
    assert made.picture is not None
    assert made.picture.overview.attempts


def test_an_empty_month_offers_the_newest_one(page: InsightsPage, qtbot: QtBot) -> None:
    page.period.kind.setCurrentIndex(0)
    page.period.show_month(2024, 1)
    qtbot.waitUntil(lambda: page.newest.isVisible(), timeout=8000)

    assert page.newest.text() == "Show April 2025, the newest with sessions"
    page.newest.click()
    qtbot.waitUntil(lambda: page.picture is not None and bool(page.picture.overview.attempts), timeout=8000)
    assert not page.newest.isVisible()


def test_chargers_and_sites_can_be_chosen_from_those_that_there_are(page: InsightsPage) -> None:
    assert page.charger.names() == ["KEBA P30 A", "KEBA P30 B"]
    assert page.site.names() == ["Yard A", "Yard B"]


def test_codes_are_named_where_their_maker_says_what_they_mean() -> None:
    from ui.pages.insights import code_names

    assert code_names([("abb-terra-ac", "1")]) == {"1": "1 residual current detected"}
    assert code_names([("keba-kecontact-p30", "0x0010"), ("no-such-profile", "7")]) == {}
    assert code_names([("abb-terra-ac", "1"), ("no-such-profile", "1")]) == {}


def test_a_long_period_is_drawn_in_columns_that_do_not_widen_downtime(page: InsightsPage) -> None:
    page.ribbon.resize(1000, 200)
    page.ribbon.grab()

    days = [mark for mark in page.ribbon.marks if isinstance(mark.key, tuple) and mark.key[0] == "KEBA P30 B"]
    assert len(days) == 35
    assert all(mark.key[1][1] - mark.key[1][0] in (82800.0, 86400.0) for mark in days)  # type: ignore[index]
    assert days[0].text.endswith("in use 0.5 h, free 23.5 h")


def test_the_failures_of_a_port_are_one_click_away(page: InsightsPage, qtbot: QtBot) -> None:
    page.ribbon.grab()
    mark = next(mark for mark in page.ribbon.marks if mark.key == Failed("KEBA P30 B"))

    with qtbot.waitSignal(page.task_wanted) as asked:
        page.ribbon.chosen.emit(mark.key)

    assert len(asked.args[1].ids) == 12


def test_it_scrolls_one_way_only_in_a_narrow_window(window: MainWindow, page: InsightsPage, qtbot: QtBot) -> None:
    window.resize(683, 384)
    qtbot.waitUntil(lambda: page.minimumSizeHint().width() < 450, timeout=3000)
