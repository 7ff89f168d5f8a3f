"""The page Insights: pictures, their table twins, exports, and the way to the sessions behind a mark."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from evtech.store.archive import Archive
from tests.evtech.insights.fleet import fill
from ui.behind import SessionsBehind
from ui.insights_words import zone_words
from ui.main_window import MainWindow
from ui.pages.insights import InsightsPage
from ui.theme import DARK, FIELD, LIGHT, Theme, contrast
from ui.widgets.bar_charts import Part
from ui.widgets.chart import TABLE, TableTwin
from ui.widgets.chart_panel import TwinModel
from ui.widgets.heat_map import INKS
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

    assert heat.answer.text() == "fullest: Fri 16–17 h, 75 % occupied (5 weeks: 75–75 %)"
    assert trend.answer.text() == "12 of 70 first attempts failed: 17.1 % (95 % interval 10.1–27.6 %)"
    assert ribbon.answer.text() == "most failures: KEBA P30 B, up 100.00 % · 12 of 35 failed (21–51 %)"


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
    from ui.insights_words import code_names

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


@pytest.mark.parametrize(
    ("panel", "words", "count"),
    [(0, "Fri 16–17 h", 10), (1, "failed first attempts", 12), (2, "failed attempts at KEBA P30 B", 12)],
)
def test_each_answer_is_one_click_from_its_sessions(
    page: InsightsPage, qtbot: QtBot, panel: int, words: str, count: int
) -> None:
    with qtbot.waitSignal(page.task_wanted) as asked:
        page.panels[panel].behind.click()

    assert (asked.args[1].words, len(asked.args[1].ids)) == (words, count)


def test_a_row_of_a_table_opens_its_sessions_too(page: InsightsPage, qtbot: QtBot) -> None:
    panel = page.panels[0]
    panel.switch.setChecked(True)
    panel.table.selectRow(4 * 24 + 17)
    for act in (panel.behind.click, lambda: panel.table.activated.emit(panel.table.currentIndex())):
        with qtbot.waitSignal(page.task_wanted) as asked:
            act()
        assert asked.args[1].words == "Fri 17–18 h"


def test_a_column_of_a_table_has_its_points_below_each_other(page: InsightsPage) -> None:
    model = TwinModel(TableTwin(("a", "b"), [("x", 1.5), ("y", 1234.0), ("z", None), ("u", 0.25)]))

    assert [model.data(model.index(row, 1)) for row in range(4)] == ["1.50", "1\u202f234.00", "—", "0.25"]


def test_the_table_of_ports_has_the_interval(page: InsightsPage) -> None:
    twin = page.ribbon.table()
    row = dict(zip(twin.head, twin.rows[0], strict=True))

    assert (row["Port"], row["Attempts"], row["Failed"], row["Failed / %"]) == ("KEBA P30 B", 35, 12, 34.3)
    assert (row["95 % from"], row["95 % to"]) == (20.8, 50.8)


def test_where_nothing_failed_no_port_is_called_the_worst(page: InsightsPage) -> None:
    page.ribbon.rows = [row for row in page.ribbon.rows if row.port == "KEBA P30 A"]

    assert page.ribbon.answer() == "no port was seen down, 0 of 35 attempts failed (95 % interval 0–10 %)"
    assert page.ribbon.answer_key() is None


@pytest.mark.parametrize(("theme", "least"), [(LIGHT, 4.5), (DARK, 4.5), (FIELD, 7.0)])
def test_figures_in_the_map_can_be_read(page: InsightsPage, theme: Theme, least: float) -> None:
    page.heat.theme = theme

    assert min(max(contrast(ink, page.heat._colour(s / 50).name()) for ink in INKS) for s in range(51)) >= least


def test_an_empty_archive_says_how_to_begin(window: MainWindow, qtbot: QtBot) -> None:
    window.go("insights")
    made = window.task_page("insights")
    assert isinstance(made, InsightsPage)
    qtbot.waitUntil(made.start.isVisible, timeout=8000)

    assert made.headline.text() == "Nothing has been recorded or imported yet."
    assert [b.text() for b in made.start.findChildren(QPushButton)] == ["Connect to a charger", "Import files…"]
    assert not made.tabs.isVisible()
    assert not made.bar.isVisible()


def test_the_arrows_keep_their_places_through_the_year(page: InsightsPage, qtbot: QtBot) -> None:
    page.period.kind.setCurrentIndex(0)
    places = set()
    for month in (5, 9):
        page.period.show_month(2025, month)
        page.period.layout().activate()
        places.add(page.period.forth.x())

    assert len(places) == 1


def test_it_says_on_which_clock_times_are() -> None:
    assert zone_words("Europe/Berlin", {"Europe/Berlin"}) == "Times: Europe/Berlin"
    assert zone_words("UTC", {"Europe/Berlin", "Europe/London"}).endswith("hours of the week: each port's own")


def test_further_ports_are_one_click_away(page: InsightsPage, qtbot: QtBot) -> None:
    page.ribbon.rows = page.ribbon.rows * 4
    page.ribbon.resize(900, 240)
    page.ribbon.grab()
    mark = next(mark for mark in page.ribbon.marks if mark.key is TABLE)
    assert mark.text == "2 more ports in the table"

    qtbot.mouseClick(page.ribbon, Qt.MouseButton.LeftButton, pos=mark.area.center().toPoint())

    assert page.panels[2].switch.isChecked()


def test_the_page_fits_a_small_laptop_without_scrolling(
    window: MainWindow, page: InsightsPage, qtbot: QtBot
) -> None:  # fmt: skip
    window.resize(1366, 768)
    page.ribbon.show_ports(page.ribbon.rows * 3, page.ribbon.period, "UTC")
    for panel in page.panels:
        panel.switch.setChecked(True)
    scroll = page.parentWidget()
    while not isinstance(scroll, QScrollArea):
        scroll = scroll.parentWidget()

    window.grab()
    qtbot.waitUntil(lambda: scroll.verticalScrollBar().maximum() == 0, timeout=3000)


def test_tab_reaches_the_remarks_before_the_pictures(page: InsightsPage) -> None:
    chain, widget = [], page.reports.button
    while not chain or widget is not page.reports.button:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    first = page.remarks._column.itemAt(0).widget()

    assert chain.index(first) < chain.index(page.panels[0].behind)


def test_one_failure_is_no_failures_and_its_share_is_uncertain(page: InsightsPage) -> None:
    chart = page.tabs.failures
    chart.show_parts([Part("0x40", "0x40", 1)])

    assert chart.answer() == "0x40: 100 % (21–100 %) of 1 failure"


def test_what_was_measured_and_is_none_is_not_hatched(page: InsightsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = page.tabs.downtime
    chart.show_parts([])
    monkeypatch.setattr(chart, "hatch", lambda: pytest.fail("nothing was missing"))

    chart.grab()


def test_a_narrow_ribbon_keeps_serial_numbers_and_intervals(
    page: InsightsPage, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    said: list[str] = []
    monkeypatch.setattr(page.ribbon, "say", lambda painter, area, words, **_: said.append(words))
    page.ribbon.resize(430, 160)
    page.ribbon.grab()

    assert "12 of 35 failed (21–51 %)" in said
    assert [words for words in said if words in ("03 Mar", "07 Apr")] == ["03 Mar", "07 Apr"]
    assert not any(words.startswith("12 Mar") for words in said)
