"""The page Diagnose as a technician uses it: the answer, a finding, a retest, checks, control, codes, recordings."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from evtech.diagnostics.rounds import RoundState
from evtech.diagnostics.routine import Question, Routine, RoutineResult, StepResult, Verdict
from evtech.links.link import Table
from ui.diagnosis_words import typed_number
from ui.main_window import MainWindow
from ui.pages.diagnose import CODES, CONTROL, FINDINGS, DiagnosePage
from ui.theme import THEMES
from ui.widgets.question_card import QuestionCard
from ui.widgets.routine_cards import RoutineCards

CODE = 0x20002


def opened(window: MainWindow) -> DiagnosePage:
    window.go("diagnose")
    page = window.page
    assert isinstance(page, DiagnosePage)
    return page


def connected(window: MainWindow, qtbot: QtBot) -> DiagnosePage:
    window.connect_page.demo_button.click()
    qtbot.waitUntil(lambda: window.connection is not None and window.connection.desk is not None, timeout=8000)
    return opened(window)


def breaks(window: MainWindow, code: int) -> None:
    window.connection.device.link.simulation.behaviour.charger.fault_code = code  # type: ignore[union-attr]


def charging(window: MainWindow, qtbot: QtBot) -> DiagnosePage:
    page = connected(window, qtbot)
    qtbot.waitUntil(lambda: (window.connection.latest.number("current_l1") or 0) > 3, timeout=15000)  # type: ignore[union-attr]
    return page


def broken(window: MainWindow, qtbot: QtBot) -> DiagnosePage:
    page = connected(window, qtbot)
    breaks(window, CODE)
    qtbot.waitUntil(lambda: bool(page.desk.watch.outlook.standing), timeout=15000)  # type: ignore[union-attr]
    page.refresh()
    return page


def recording(folder: Path, l2: float = 231.0) -> Path:
    path = folder / "garage.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "state", "sw_cmd", "i1", "vout1", "vout2", "vout3"])
        for second in range(120):
            writer.writerow([1_772_000_000 + second, "A1", "open", 0, 2, l2 if second > 40 else 2, 1])
    return path


def test_diagnose_is_the_third_task(window: MainWindow) -> None:
    assert [task.name for task in window.tasks][:3] == ["connect", "live", "diagnose"]


def test_without_a_connection_there_is_one_sentence_and_one_button(window: MainWindow, qtbot: QtBot) -> None:
    page = opened(window)

    assert "Nothing is connected" in page.answer.plain()
    assert page.answer.button.text() == "Connect to a charger"
    assert not page.tabs.isTabVisible(FINDINGS)
    page.answer.button.click()
    assert window.page is window.connect_page


def test_codes_are_looked_up_offline_by_code_and_by_words(window: MainWindow) -> None:
    codes = opened(window).codes
    for query, expected in (("CX017", "SW-WELD"), ("welded", "A contactor pole is welded"), ("0x9001", "0x9001")):
        codes.query.setText(query)
        codes.look()
        texts = " ".join(codes.hits.item(row).text() for row in range(codes.hits.count()))
        assert expected in texts + codes.text.text() or codes.hits.count(), query
    codes.query.setText("zzzz nothing")
    codes.look()
    assert "Nothing fits" in codes.said.text()


def test_a_healthy_charger_says_so(window: MainWindow, qtbot: QtBot) -> None:
    page = connected(window, qtbot)

    qtbot.waitUntil(lambda: "Nothing is wrong now" in page.answer.plain(), timeout=15000)

    assert page.list.item(0).text() == "Now"
    assert page.answer.button.isHidden()


def test_a_code_is_told_at_once_and_never_called_healthy(window: MainWindow, qtbot: QtBot) -> None:
    page = connected(window, qtbot)
    breaks(window, CODE)

    qtbot.waitUntil(lambda: "0x20002" in page.answer.plain() or bool(page._first()), timeout=8000)

    assert "Nothing is wrong" not in page.answer.plain()
    if page._first() is None:
        page.answer.button.click()
        assert page.tabs.currentIndex() == CODES


def test_one_sentence_names_the_fault_and_one_click_shows_the_curve(window: MainWindow, qtbot: QtBot) -> None:
    page = broken(window, qtbot)
    page.tabs.setCurrentIndex(CODES)
    page.refresh()
    assert page.answer.plain().startswith(page._first().fault.title)  # type: ignore[union-attr]
    assert "first:" in page.answer.plain()

    assert page.answer.button.text() == "Show the evidence"
    page.answer.button.click()

    assert page.tabs.currentIndex() == FINDINGS
    assert page.view.shown is not None
    assert page.view.plot.plots is not None
    for word in ("What", "Why", "Do", "Safety"):
        assert f"<b>{word}" in page.view.text.text()


def test_the_header_counts_the_finding_once(window: MainWindow, qtbot: QtBot) -> None:
    page = broken(window, qtbot)
    window._refresh()
    listed = [action.text() for action in window.header.menu.actions()]

    assert any(page._first().fault.title in text for text in listed)  # type: ignore[union-attr]
    assert "Open Diagnose" in listed


def test_what_is_fixed_leaves_now_and_stays_in_history(window: MainWindow, qtbot: QtBot) -> None:
    page = broken(window, qtbot)
    name = page._first().fault.id  # type: ignore[union-attr]
    breaks(window, 0)

    qtbot.waitUntil(lambda: not page.desk.watch.outlook.standing, timeout=15000)  # type: ignore[union-attr]
    page.refresh()

    past = [row for row in page.list._rows if row.key == name]
    assert [row.is_standing for row in past] == [False]


def test_a_retest_closes_the_finding_with_the_proof(window: MainWindow, qtbot: QtBot) -> None:
    page = broken(window, qtbot)
    page.show_item(page._first().fault.id)  # type: ignore[union-attr]
    page.refresh()
    breaks(window, 0)
    qtbot.waitUntil(lambda: not page.connection.latest.errors, timeout=5000)  # type: ignore[union-attr]

    page.view.retest_button.click()
    assert "Retesting" in page.answer.plain()
    assert not page.view.retest_button.isEnabled()
    qtbot.waitUntil(lambda: not page._retesting, timeout=40000)

    assert "Repaired, proven" in page.view.proof.text()
    kept = page._archive.results("diagnosis")
    assert kept
    assert kept[0].visit_id == window.connection.visit.id  # type: ignore[union-attr]


def test_nothing_is_written_until_a_named_person_arms(window: MainWindow, qtbot: QtBot) -> None:
    page = charging(window, qtbot)
    writes: list[tuple[int, Table, int, tuple[int, ...]]] = []
    link = window.connection.device.link  # type: ignore[union-attr]
    original = link.write

    async def recorded(unit: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        await original(unit, table, address, words)
        writes.append((unit, table, address, words))

    link.write = recorded  # type: ignore[method-assign]
    page.tabs.setCurrentIndex(CONTROL)
    page.refresh()
    assert "Read-only" in page.control.title.text()
    assert not page.control.arm_button.isEnabled()
    page._write("current_limit", 10.0)
    qtbot.waitUntil(lambda: "nobody is armed" in page.control.says.text(), timeout=5000)
    assert writes == []

    page.control.who.setText("A. Novak")
    page.control.agreed.setChecked(True)
    page.control.arm_button.click()
    qtbot.waitUntil(lambda: page.desk.arming.state.is_armed, timeout=30000)  # type: ignore[union-attr]
    assert writes == []
    page._write("current_limit", 10.0)
    qtbot.waitUntil(lambda: "it was" in page.control.says.text(), timeout=8000)
    assert "ARMED by A. Novak" in page.control.title.text()
    assert len(writes) == 1
    window._refresh()
    assert "ARMED" in window.header.armed.text()

    page.control.disarm_button.click()
    qtbot.waitUntil(lambda: not page.desk.arming.state.is_armed, timeout=8000)  # type: ignore[union-attr]
    page.refresh()
    assert len(writes) == 2
    assert "Put back" in page.control.says.text()


def test_what_could_not_be_put_back_is_loud(window: MainWindow, qtbot: QtBot) -> None:
    page = charging(window, qtbot)
    page._arm("A. Novak", 120.0)
    qtbot.waitUntil(lambda: page.desk.arming.state.is_armed, timeout=30000)  # type: ignore[union-attr]
    page._write("current_limit", 10.0)
    qtbot.waitUntil(lambda: bool(page.desk.arming.state.held), timeout=20000)  # type: ignore[union-attr]
    window.connection.device.link.is_silent = True  # type: ignore[union-attr]
    page._disarm()
    qtbot.waitUntil(lambda: page.desk.arming.state.is_loud, timeout=60000)  # type: ignore[union-attr]
    page.tabs.setCurrentIndex(CONTROL)
    page.refresh()
    window._refresh()

    assert not page.control.loud.isHidden()
    assert "Current limit to 16" in page.control.loud_text.text() or "put back" in page.control.loud_text.text()
    window.connection.device.link.is_silent = False  # type: ignore[union-attr]


def test_a_dropped_recording_is_diagnosed_like_a_charger(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    page = opened(window)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(recording(tmp_path)))])
    event = QDropEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.dropEvent(event)

    qtbot.waitUntil(lambda: page.recording is not None, timeout=8000)

    assert page.answer.plain().startswith("A contactor pole is welded or stuck (L2)")
    assert "danger:" in page.answer.plain()
    assert page.view.plot.plots is not None
    assert not page.tabs.isTabVisible(CONTROL)


def test_a_broken_file_is_said_and_changes_nothing(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    page = opened(window)
    bad = tmp_path / "bad.csv"
    bad.write_text("time,state\nnonsense,A1\n")
    with qtbot.waitSignal(
        page.message, timeout=8000, check_params_cb=lambda text: "bad.csv" in text and "line" in text
    ):
        page.open_file(bad)
    assert page.recording is None


def test_the_report_of_a_recording_is_written(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    page = opened(window)
    page.open_file(recording(tmp_path))
    qtbot.waitUntil(lambda: page.recording is not None, timeout=8000)
    target = tmp_path / "report.html"

    page.write_report(target, "de")
    qtbot.waitUntil(target.exists, timeout=15000)

    assert "Diagnosebericht" in target.read_text("utf-8")
    assert len(page._archive.results("diagnosis")) == 1


def test_an_earlier_session_is_diagnosed_from_the_archive(window: MainWindow, qtbot: QtBot) -> None:
    page = connected(window, qtbot)
    connection = window.connection
    assert connection is not None
    qtbot.waitUntil(lambda: connection.session is not None and connection.session.charging_s > 0, timeout=15000)
    connection.device.link.simulation.behaviour.vehicle.connected = False  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: connection.sessions.finished is not None, timeout=8000)  # type: ignore[union-attr]
    window.bench.archive.writer.flush()
    page.load()
    qtbot.waitUntil(lambda: page.bar.source.count() > 1, timeout=5000)

    page.bar.source.setCurrentIndex(1)
    qtbot.waitUntil(lambda: page.recording is not None, timeout=8000)

    assert page.recording is not None
    assert page.recording.session is not None
    assert "cp_state" in page.recording.trace.texts
    assert "C2" in page.recording.trace.texts["cp_state"].tolist()
    assert "Nothing was wrong" in page.answer.plain()


async def never(bench: object) -> RoutineResult:
    raise AssertionError("cards only show")


GUIDED = Routine("R98", "Loop", "Measures the loop.", never, questions=(Question("loop_ohm", "Loop?", unit="ohm"),))


def test_a_card_shows_expected_against_measured(qtbot: QtBot) -> None:
    cards = RoutineCards([GUIDED])
    qtbot.addWidget(cards)
    step = StepResult("Loop", Verdict.FAIL, "too high", "under 1.15 ohm", "2.4 ohm")
    result = RoutineResult("R98", Verdict.FAIL, "The loop is too high.", {}, (step,))

    cards.show_state(RoundState(results=(result,)))

    shown = cards.cards["R98"]
    assert "under 1.15 ohm" in shown.steps.text()
    assert "2.4 ohm" in shown.steps.text()
    assert shown.reason.text() == "The loop is too high."
    assert shown.run_button.text() == "Run again"
    assert "R98" in cards.summary.text()


def test_a_running_check_shows_progress_its_question_and_a_stop(qtbot: QtBot) -> None:
    cards = RoutineCards([GUIDED])
    qtbot.addWidget(cards)
    cards.show()

    cards.show_state(RoundState(True, "R98", "Measuring", 0.4, question=GUIDED.questions[0]))

    assert cards.bar.value() == 400
    assert not cards.stop_button.isHidden()
    assert not cards.question.isHidden()
    assert not cards.cards["R98"].run_button.isEnabled()
    with qtbot.waitSignal(cards.stop_wanted):
        cards.stop_button.click()


def test_a_typed_value_is_judged_before_it_is_taken(qtbot: QtBot) -> None:
    card = QuestionCard()
    qtbot.addWidget(card)
    taken: list[object] = []
    card.answered.connect(taken.append)
    card.show_question(Question("v", "Voltage?", unit="V", low=0, high=1000), "R07")

    for wrong in ("", "many", "5000", "-3"):
        card.value.setText(wrong)
        card.take.click()
        assert not card.refused.isHidden(), wrong
    card.value.setText("231,5")
    card.take.click()
    card.skip.click()

    assert taken == [231.5, None]
    assert typed_number("1.15") == 1.15


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_theme_shows_a_recording(window: MainWindow, qtbot: QtBot, tmp_path: Path, theme: str) -> None:
    page = opened(window)
    page.open_file(recording(tmp_path))
    qtbot.waitUntil(lambda: page.recording is not None, timeout=8000)

    window.apply_theme(THEMES[theme])

    assert page.view.plot.plots is not None
    assert page.view.plot.plots.theme is THEMES[theme]
