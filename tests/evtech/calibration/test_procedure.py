"""A calibration in virtual time: what it measures, what it rejects and why, and how it goes on after a break."""

import math
from dataclasses import replace

import pytest

from evtech.calibration.evaluate import evaluate
from evtech.calibration.one_run import Stage
from evtech.calibration.plan import PlannedPoint
from evtech.calibration.procedure import Procedure, Step
from evtech.calibration.run_record import Certificate, Device, Reference, run_from_json, run_to_json
from tests.evtech.calibration.rig import Rig

MANUAL = Reference(Certificate(0.1, 2.0, 0.0), 0.05, 0.05, resolution_kwh=0.001, manual=True)


def test_every_point_gets_its_runs_and_the_true_error_lies_in_the_interval() -> None:
    rig = Rig((PlannedPoint(6.0, runs=3), PlannedPoint(16.0, runs=3)))

    rig.go()

    result = evaluate(rig.procedure.record)
    assert [point.n for point in result.points] == [3, 3]
    for point in result.points:
        assert point.error_pct is not None
        assert point.combined is not None
        assert abs(point.error_pct - 0.5) < point.combined.u_expanded_pct


def test_the_periods_of_renewal_are_measured() -> None:
    rig = Rig(renew_s=0.5)

    rig.go()

    assert rig.procedure.record.device.update_period_s == pytest.approx(0.5, abs=0.1)
    assert rig.procedure.record.reference.update_period_s == pytest.approx(0.2, abs=0.1)


def test_a_run_keeps_registers_times_and_synchronisation() -> None:
    rig = Rig()
    rig.go()

    run = rig.runs[0]
    assert run.valid
    assert run.device_end_kwh is not None
    assert run.device_start_kwh is not None
    assert run.duration_s is not None
    assert run.device_end_kwh - run.device_start_kwh == pytest.approx(11.04 * run.duration_s / 3600, rel=0.03)
    assert {(r.instrument, r.when) for r in run.readings} == {
        ("device", "start"), ("device", "end"), ("reference", "start"), ("reference", "end"),
    }  # fmt: skip
    assert run.sync_tau_s == pytest.approx(0.35, abs=0.1)


def test_a_coarse_register_is_read_on_its_steps_and_its_resolution_leaves_the_budget() -> None:
    rig = Rig((PlannedPoint(16.0, runs=3, dose_kwh=0.5),), step_kwh=0.01, target_u_pct=2.0)

    rig.go()

    point = evaluate(rig.procedure.record).points[0]
    assert rig.procedure.record.points[0].edge == "device"
    assert point.combined is not None
    assert "B4" not in [line.id for line in point.combined.budget]
    assert all(abs(error - 0.5) < 0.2 for error in point.errors_pct)  # a step alone would be 1 %


def test_the_record_can_be_written_and_read_again() -> None:
    rig = Rig()
    rig.go()

    assert run_from_json(run_to_json(rig.procedure.record)).points == rig.procedure.record.points


def rejected_after(rig: Rig, seconds: float = 60.0) -> str:
    """Turn until a run is rejected and return why."""
    seen = len(rig.runs)
    rig.go(lambda: len(rig.runs) > seen, longest_s=seconds, obeys=False)
    assert not rig.runs[-1].valid
    return rig.runs[-1].reason or ""


def test_a_frozen_register_ends_the_run_and_the_run_is_kept() -> None:
    rig = Rig()
    rig.in_dose()
    stuck = rig.shown("device")
    rig.broken["device"] = lambda value: stuck

    assert rejected_after(rig).startswith("frozen: the register of the charger")
    assert rig.procedure.record.points[0].runs == tuple(rig.runs)


def test_a_register_that_falls_ends_the_run() -> None:
    rig = Rig()
    rig.in_dose()
    rig.shift["reference"] = -0.5

    assert rejected_after(rig).startswith("rollback: the register of the reference fell")


def test_a_register_that_jumps_ends_the_run() -> None:
    rig = Rig()
    rig.in_dose()
    rig.shift["device"] = 3.0

    assert rejected_after(rig).startswith("jump: the register of the charger")


def test_a_silent_reference_ends_the_run() -> None:
    rig = Rig()
    rig.in_dose()
    rig.silent.add("reference")

    assert rejected_after(rig).startswith("gap: the reference")


def test_a_value_that_is_no_number_ends_the_run() -> None:
    rig = Rig()
    rig.in_dose()
    rig.broken["reference"] = lambda value: None

    assert rejected_after(rig).startswith("not a number")


def test_an_open_contactor_ends_the_run() -> None:
    rig = Rig()
    rig.in_dose()
    rig.current_a = 0.0

    assert rejected_after(rig).startswith("contactor")


def test_a_load_that_changed_is_rejected_at_the_end() -> None:
    rig = Rig()
    rig.in_dose(0.005)
    rig.current_a = 9.0

    assert rejected_after(rig, 600.0).startswith("load: the mean current was")


def test_a_register_of_something_else_is_found() -> None:
    rig = Rig()
    rig.error["device"] = 8.0  # such as apparent energy: its power reads true
    procedure, take = rig.procedure, rig.procedure.take_load
    procedure.take_load = lambda load: take(replace(load, device_kw=load.reference_kw))  # type: ignore[method-assign]

    assert rejected_after_start(rig).startswith("wrong register: the charger counted")


def rejected_after_start(rig: Rig) -> str:
    rig.go(lambda: bool(rig.runs))
    assert not rig.runs[-1].valid
    return rig.runs[-1].reason or ""


def test_a_reference_that_is_overloaded_or_not_certified_for_the_load_ends_the_run() -> None:
    for words, reason in (({"most_a": 10.0}, "overload"), ({"certified_a": (1.0, 10.0)}, "range")):
        rig = Rig()
        rig.procedure.setup = replace(rig.procedure.setup, **words)
        assert rejected_after_start(rig).startswith(reason)


def test_a_register_that_runs_over_is_carried_on() -> None:
    rig = Rig(range_kwh=1000.0, begins_kwh=999.85)

    rig.go()

    assert all(run.valid for run in rig.runs)
    assert rig.runs[0].device_kwh is not None
    assert rig.runs[0].device_end_kwh is None
    assert evaluate(rig.procedure.record).points[0].n == 2


def test_after_three_rejected_runs_the_point_is_left_and_named() -> None:
    rig = Rig()
    rig.go(lambda: rig.procedure.step is Step.RUN)
    rig.procedure.setup = replace(rig.procedure.setup, most_a=10.0)
    rig.procedure.stop_run()

    rig.go()

    assert len(rig.runs) == 3
    assert "left after 3 rejected runs" in rig.procedure.given_up[0]


def test_a_pause_loses_the_running_dose_and_no_finished_run() -> None:
    rig = Rig()
    rig.go(lambda: len(rig.runs) == 1)
    rig.in_dose()

    rig.procedure.pause()
    rig.go(lambda: rig.now > 1000, obeys=False, longest_s=2000)
    rig.procedure.go_on()
    rig.go()

    assert [run.valid for run in rig.runs] == [True, False, True]
    assert rig.runs[1].reason == "paused: by the technician"


def test_it_goes_on_from_the_runs_that_are_kept() -> None:
    rig = Rig((PlannedPoint(6.0, runs=2), PlannedPoint(16.0, runs=3)))
    rig.go(lambda: len(rig.runs) == 4)
    kept = rig.procedure.record

    rig.procedure = Procedure(rig.plan, rig.setup, kept, lambda index, run: rig.runs.append(run))
    rig.go()

    assert [len(point.runs) for point in rig.procedure.record.points] == [2, 3]
    assert rig.procedure.record.points[1].runs[:2] == kept.points[1].runs


def test_a_load_that_is_not_the_wanted_one_waits_for_a_person() -> None:
    rig = Rig()
    rig.current_a = 10.0
    rig.go(lambda: rig.now > 120, obeys=False, longest_s=200)
    assert rig.procedure.step is Step.LOAD

    rig.procedure.accept_load()
    rig.go(obeys=False)

    assert rig.procedure.record.deviations == ("16 A: measured at 10.0 A instead of 16 A",)
    assert rig.runs[0].current_a == pytest.approx(10.0)


def test_a_static_run_reads_both_registers_without_current() -> None:
    rig = Rig((PlannedPoint(16.0, runs=2, dose_kwh=0.3),), start_stop="static", step_kwh=0.01, target_u_pct=2.0)

    rig.go()

    assert [run.valid for run in rig.runs] == [True, True]
    assert rig.procedure.record.points[0].sync_tau_s is None


def test_a_portable_reference_is_typed_before_and_after() -> None:
    rig = Rig((PlannedPoint(16.0, runs=1, dose_kwh=1.5),), start_stop="static", reference=MANUAL, step_kwh=0.01)
    procedure = rig.procedure

    rig.go(lambda: procedure.question == "reference_start")
    begun = rig.shown("reference")
    procedure.enter(begun)
    rig.go(lambda: procedure.question == "reference_end")
    procedure.enter(rig.shown("reference"))

    assert procedure.step is Step.DONE
    assert rig.runs[0].reference_start_kwh == begun
    assert rig.runs[0].valid


def test_readings_that_are_typed_the_wrong_way_round_are_rejected() -> None:
    rig = Rig((PlannedPoint(16.0, runs=1, dose_kwh=1.5),), start_stop="static", reference=MANUAL, step_kwh=0.01)
    rig.go(lambda: rig.procedure.question == "reference_start")
    rig.procedure.enter(60.0)
    rig.go(lambda: rig.procedure.question == "reference_end")

    rig.procedure.enter(51.5)

    assert rig.runs[0].reason == "reversed: the register of the reference did not rise"


def test_a_static_run_that_ends_early_is_too_small() -> None:
    rig = Rig((PlannedPoint(16.0, runs=1, dose_kwh=0.5),), start_stop="static", step_kwh=0.001)
    rig.in_dose()
    rig.current_a = 0.0
    rig.go(lambda: bool(rig.runs), obeys=False)

    assert (rig.runs[0].reason or "").startswith("dose:")


def test_the_no_load_test_passes_without_and_fails_with_creep() -> None:
    for creep, passed in ((0.0, True), (0.01, False)):
        rig = Rig(no_load_s=100.0)
        rig.go(lambda rig=rig: rig.now > 50, obeys=True)
        rig.shift["device"] = creep
        rig.go(lambda rig=rig: bool(rig.procedure.record.checks))
        assert rig.procedure.record.checks[0].passed is passed
        assert rig.procedure.step is not Step.NO_LOAD


def test_the_starting_test_wants_the_register_to_count() -> None:
    for error, passed in ((0.5, True), (-100.0, False)):
        rig = Rig(starting_a=0.5)
        rig.error["device"] = error
        rig.go(lambda rig=rig: bool(rig.procedure.record.checks))
        assert rig.procedure.record.checks[0].passed is passed


def test_the_error_is_told_while_the_dose_runs_and_its_uncertainty_shrinks() -> None:
    rig = Rig((PlannedPoint(16.0, runs=2, dose_kwh=0.5),), device=Device(resolution_kwh=0.001))
    widths = []
    for kwh in (0.05, 0.2, 0.4):
        rig.in_dose(kwh)
        point = evaluate(rig.procedure.provisional()).points[0]
        assert point.combined is not None
        widths.append(point.combined.u_expanded_pct)

    assert widths == sorted(widths, reverse=True)
    assert math.isfinite(rig.procedure.remaining_s or math.nan)
    assert rig.procedure.run is not None
    assert rig.procedure.run.stage is Stage.DOSE
