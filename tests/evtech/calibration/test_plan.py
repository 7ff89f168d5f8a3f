"""Plans: read strictly, and their doses with the reason."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evtech.calibration.dose import plan_dose, sync_tau
from evtech.calibration.evaluate import evaluate
from evtech.calibration.plan import load_plan, plan_doses, start_run
from evtech.calibration.run_record import run_from_json, run_to_json
from evtech.errors import InputError

PLAN = """
limit_profile = "us_hb44_ac"
stage = "maintenance"
decision_rule = "ilac_g8"
voltage_v = 230.0
phases = 3

[device]
resolution_kwh = 0.01
update_period_s = 1.0
mda_a = 32

[reference]
vendor = "Zera"
resolution_kwh = 0.0001
update_period_s = 0.2
drift_pct = 0.03
influence_pct = 0.02

[reference.certificate]
number = "D-K-1"
due = 2027-03-14
U_pct = 0.05
k = 2
error_pct = [{ current_a = 5, error_pct = -0.08 }, { current_a = 63, error_pct = -0.03 }]

[[point]]
current_a = 6

[[point]]
name = "full load"
current_a = 32
runs = 3
dose_kwh = 6.0
"""


def plan_file(folder: Path, text: str = PLAN) -> Path:
    """Return a plan's file."""
    path = folder / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_plan_becomes_a_record_without_runs(tmp_path: Path) -> None:
    run = start_run(load_plan(plan_file(tmp_path)))
    assert [(point.name, point.current_a, point.runs) for point in run.points] == [
        ("6 A", 6, ()),
        ("full load", 32, ()),
    ]
    assert run.reference.certificate and str(run.reference.certificate.due) == "2027-03-14"
    assert run_from_json(run_to_json(run)) == run


def test_the_dose_follows_the_largest_need_and_a_wish_can_only_lengthen_it(tmp_path: Path) -> None:
    light, full = plan_doses(load_plan(plan_file(tmp_path)))
    assert light.kwh == pytest.approx(100 * 0.01 / (6**0.5 * 0.2))
    assert light.needs[0].code == "resolution"
    assert light.duration_s == pytest.approx(light.kwh / 4.14 * 3600)
    assert (full.kwh, full.needs[0].code) == (6.0, "wanted")
    least = next(need.kwh for need in full.needs if need.code == "minimum_quantity")
    assert least == 1.0  # twice 0.5 kWh from 85 % of the rating on


def test_what_was_measured_since_counts(tmp_path: Path) -> None:
    plan = load_plan(plan_file(tmp_path))
    run = start_run(plan)
    coarse = replace(run, device=replace(run.device, resolution_kwh=0.1, update_period_s=10.0))
    assert plan_doses(plan, coarse)[0].kwh == pytest.approx(10 * plan_doses(plan)[0].kwh)


def test_five_hundredths_of_a_percent_from_a_hundredth_of_a_kilowatt_hour() -> None:
    assert plan_dose(step_kwh=0.01, limit_pct=0.5).kwh == pytest.approx(8.165, abs=5e-4)


@pytest.mark.parametrize(
    ("more", "code", "kwh"),
    [
        ({}, "steps", 1.0),
        ({"minimum_kwh": 2.0}, "minimum_quantity", 2.0),
        ({"power_kw": 150.0}, "settling", 2.5),
        ({"power_kw": 22.0, "tau_s": 5.0}, "synchronisation", 22 * 100 * (2 / 3) ** 0.5 * 5 / 0.5 / 3600),
        ({"reference_step_kwh": 0.1}, "reference_resolution", 10 / (6**0.5 * 0.5)),
    ],
)
def test_each_need_can_decide(more: dict[str, float], code: str, kwh: float) -> None:
    dose = plan_dose(step_kwh=0.01, limit_pct=5.0, **more)
    assert (dose.needs[0].code, dose.kwh) == (code, pytest.approx(kwh))
    assert all(need.say("de") and need.say("en") for need in dose.needs)


def test_both_refresh_periods_and_the_jitter_make_tau() -> None:
    assert sync_tau(1.0, 0.2, 0.1) == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('decision_rule = "ilac_g8"', "", "decision_rule is missing"),
        ("drift_pct", "drift", "reference.drift is not known"),
        ("current_a = 32", 'current_a = "32"', r"point\[1\].current_a"),
        ("runs = 3", "runs = 0", r"point\[1\].runs"),
        ("runs = 3", "runs = 2.5", r"point\[1\].runs"),
        ('"us_hb44_ac"', '"us_hb45"', "no limit profile"),
        ("us_hb44_ac", 'us_hb44_ac"\nlimit = "', "limit is not known"),
        ('name = "full load"', 'name = "6 A"', "same name"),
        ("[[point]]", "[[pint]]", "pint is not known"),
        ("phases = 3", "phases = = 3", "not TOML"),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_plan(plan_file(tmp_path, PLAN.replace(old, new)))


def test_without_the_charger_s_step_there_is_no_dose(tmp_path: Path) -> None:
    plan = load_plan(plan_file(tmp_path, PLAN.replace("resolution_kwh = 0.01\n", "", 1)))
    with pytest.raises(InputError, match="step of the charger"):
        plan_doses(plan)


def test_the_manual_s_examples_work(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "manual.md").read_text("utf-8").split("## Calibration")[1]
    plan = load_plan(plan_file(tmp_path, manual.split("```toml\n")[1].split("```")[0]))
    assert [dose.kwh > 0 for dose in plan_doses(plan)] == [True, True]
    record = json.loads(manual.split("```json\n")[1].split("```")[0])
    assert evaluate(run_from_json(record)).points[0].reported
