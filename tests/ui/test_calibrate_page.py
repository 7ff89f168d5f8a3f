"""The page Calibrate: empty, form, a calibration of the demo charger to its verdict, an unfinished one offered."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from evtech.calibration.journal import Journal
from evtech.calibration.plan import PlannedPoint
from evtech.calibration.run_record import Run
from evtech.errors import InputError
from tests.evtech.calibration.rig import Rig
from ui.main_window import MainWindow
from ui.pages.calibrate import CalibratePage
from ui.widgets.calibration_form import CalibrationForm

PLAN = """
limit_profile = { limit_pct = 50.0 }
decision_rule = "ilac_g8"
settling_s = 60
target_u_pct = 5.0
voltage_v = 230
phases = 3
[reference]
drift_pct = 0.03
influence_pct = 0.02
[reference.certificate]
U_pct = 0.05
k = 2
error_pct = -0.06
[[point]]
current_a = 16
runs = 3
"""


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> CalibratePage:
    """The page beside the connected demo charger."""
    window.start_demo()
    qtbot.waitUntil(lambda: window.connection is not None, timeout=10_000)
    window.go("calibrate")
    made = window.task_page("calibrate")
    assert isinstance(made, CalibratePage)
    return made


def test_without_a_charger_there_is_one_sentence_and_one_button(window: MainWindow) -> None:
    window.go("calibrate")
    page = window.task_page("calibrate")
    assert isinstance(page, CalibratePage)

    assert page.buttons.connect_first.isVisible()
    assert not page.buttons.start.isVisible()
    assert not page.form.isVisible()
    assert "Connect to a charger" in page.sentence.text()


def test_the_demo_is_calibrated_to_a_verdict_and_a_report(page: CalibratePage, qtbot: QtBot, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    page.form.use_plan(plan)

    page.buttons.start.click()
    qtbot.waitUntil(lambda: page.calibration is not None, timeout=10_000)
    assert page.buttons.pause.isVisible()
    assert not page.form.isVisible()
    qtbot.waitUntil(lambda: page.buttons.report.isVisible(), timeout=60_000)

    assert page.badge.accessibleName() == "PASS"
    assert "3 of 3 runs" in page.cards.cards[0].runs.text()
    page.write_report(tmp_path / "report.pdf")
    qtbot.waitUntil(lambda: (tmp_path / "report.pdf").exists(), timeout=20_000)


def test_a_stopped_calibration_is_offered_again(page: CalibratePage, qtbot: QtBot, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.replace("runs = 3", "runs = 40"))
    page.form.use_plan(plan)
    page.buttons.start.click()
    qtbot.waitUntil(lambda: page.calibration is not None and page.calibration.snapshot.run_number > 1, timeout=40_000)

    page.buttons.stop.click()
    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=10_000)

    assert "was not finished" in page.banner.words.text()
    page.banner.resume.click()
    qtbot.waitUntil(lambda: page.calibration is not None, timeout=10_000)
    assert any(run.valid for run in page.calibration.snapshot.record.points[0].runs)  # type: ignore[union-attr]
    page.buttons.stop.click()


def test_one_that_a_crash_left_is_offered_at_the_next_start(window: MainWindow, qtbot: QtBot) -> None:
    rig = Rig((PlannedPoint(16.0, runs=2),))
    record = replace(rig.procedure.record, id="22222222")
    archive = window.bench.archive
    Journal.begin(archive, rig.plan, record).keep_run(0, 0, Run(device_kwh=1.0, reference_kwh=1.0), record)

    window.go("calibrate")
    page = window.task_page("calibrate")
    assert isinstance(page, CalibratePage)
    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=5000)

    assert "1 runs are kept" in page.banner.words.text()
    assert not page.banner.resume.isEnabled()  # first the charger must be connected


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [("currents", "6; x", "currents cannot be read"), ("due", "soon", "date cannot be read"), ("u", "big", "U is big")],
)
def test_a_field_that_cannot_be_read_is_named(qtbot: QtBot, field: str, text: str, said: str) -> None:
    form = CalibrationForm([])
    qtbot.addWidget(form)
    form.reference.setCurrentIndex(form.reference.findData("by hand"))
    form.number.setText("K-1")
    getattr(form, field).setText(text)

    with pytest.raises(InputError, match=said):
        form.wish()


def test_without_a_link_to_the_reference_the_form_says_so(qtbot: QtBot) -> None:
    form = CalibrationForm([])
    qtbot.addWidget(form)
    form.reference.setCurrentIndex(form.reference.findData("other"))

    with pytest.raises(InputError, match="no link to the reference"):
        form.wish()
