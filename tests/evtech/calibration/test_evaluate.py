"""The worked examples to six digits, and what must hold for every calibration."""

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.calibration.evaluate import evaluate
from evtech.calibration.monte_carlo import simulate
from evtech.calibration.result import PointResult
from evtech.calibration.run_record import run_from_json
from evtech.calibration.uncertainty import Contribution, combine
from tests.evtech.calibration.records import ac_record, coarse_record, dose_record, power_record


def point_of(record: dict[str, Any]) -> PointResult:
    """Return the first load point's result."""
    return evaluate(run_from_json(record)).points[0]


def u_of(point: PointResult) -> dict[str, float]:
    """Return the standard uncertainties by line."""
    assert point.combined
    return {line.id: line.u_pct for line in point.combined.budget}


def test_ac_by_energy() -> None:
    point = point_of(ac_record())
    assert point.combined and point.limit

    assert point.apparent_errors_pct == pytest.approx([0.569225, 0.523522, 0.648584, 0.420237, 0.670531], abs=1e-6)
    assert point.errors_pct == pytest.approx([0.508884, 0.463208, 0.588195, 0.359985, 0.610129], abs=1e-6)
    assert point.error_pct == pytest.approx(0.506080, abs=1e-6)
    assert point.s_pct == pytest.approx(0.100944, abs=1e-6)
    expected = {
        "A": 0.045143,
        "B1": 0.025,
        "B2": 0.017321,
        "B3": 0.011547,
        "B4": 0.073798,
        "B5": 0.000742,
        "B6": 0.02268,
    }
    assert u_of(point) == pytest.approx(expected, abs=1e-6)
    c = point.combined
    assert (c.u_c_pct, c.k, c.u_expanded_pct) == pytest.approx((0.095170, 2.032145, 0.193399), abs=1e-6)
    assert c.nu_eff == pytest.approx(79.009235, abs=1e-5)
    shares = {line.id: line.share for line in c.budget}
    assert (shares["A"], shares["B4"]) == pytest.approx((0.225004, 0.601292), abs=1e-6)
    assert (point.acceptance_limit_pct, point.tur) == pytest.approx((0.806601, 5.170658), abs=1e-6)
    assert point.p_c == pytest.approx(0.999999895, abs=1e-9)
    assert point.spread_pct == pytest.approx(0.250294, abs=1e-6)
    assert (point.decision.verdict, point.reported) == ("PASS", "(+0.51 ± 0.19) %")


def test_dc_by_power() -> None:
    point = point_of(power_record())
    assert point.combined

    assert (point.error_pct, point.s_pct) == pytest.approx((-0.922530, 0.019847), abs=1e-6)
    assert point.lag1 == pytest.approx(-0.671371, abs=1e-6)
    assert point.n_eff is None
    expected = {
        "A": 0.006276, "B1": 0.04, "B2": 0.028868, "B3": 0.023094, "B4p": 0.024281, "B5p": 0.000240, "B6p": 0.060118
    }  # fmt: skip
    assert u_of(point) == pytest.approx(expected, abs=1e-6)
    c = point.combined
    assert (c.u_c_pct, c.k, c.u_expanded_pct) == pytest.approx((0.084911, 2.000011, 0.169823), abs=1e-6)
    assert c.nu_eff == pytest.approx(301499.98, abs=0.01)
    assert (point.acceptance_limit_pct, point.tur, point.p_c) == pytest.approx((0.830177, 5.888493, 0.819212), abs=1e-6)
    assert (point.decision.verdict, point.reported) == ("CONDITIONAL_PASS", "(-0.92 ± 0.17) %")
    assert point_of(power_record(rule="simple")).decision.verdict == "PASS"


@pytest.mark.parametrize(("limit", "verdict"), [(1.0, "FAIL"), (2.0, "CONDITIONAL_FAIL"), (5.0, "PASS")])
def test_dc_with_a_coarse_display(limit: float, verdict: str) -> None:
    point = point_of(coarse_record(limit=limit))
    assert point.combined

    assert point.errors_pct == pytest.approx([2.499699, 3.233074, 2.560445, 3.174190], abs=1e-6)
    assert (point.error_pct, point.s_pct) == pytest.approx((2.866852, 0.390411), abs=1e-6)
    expected = {"A": 0.195205, "B1": 0.1, "B2": 0.057735, "B3": 0.057735, "B4": 0.398291, "B5": 0.004093}
    assert u_of(point) == pytest.approx(expected, abs=1e-6)
    c = point.combined
    assert (c.u_c_pct, c.k, c.u_expanded_pct) == pytest.approx((0.461979, 2.026948, 0.936407), abs=1e-6)
    assert c.nu_eff == pytest.approx(94.111320, abs=1e-5)
    assert (point.decision.verdict, point.reported) == (verdict, "(+2.87 ± 0.94) %")


def test_the_probability_of_conformity_of_the_coarse_display() -> None:
    assert point_of(coarse_record(limit=2.0)).p_c == pytest.approx(0.030301, abs=1e-6)


@pytest.mark.parametrize(
    ("record", "half_width", "within"),
    [(ac_record(), 0.2077, 0.001), (power_record(), 0.1642, 0.001), (coarse_record(), 1.041, 0.005)],
)
def test_drawing_the_distributions_shows_the_long_tails_of_few_runs(
    record: dict[str, Any], half_width: float, within: float
) -> None:
    drawn = evaluate(run_from_json(record), monte_carlo_seed=7, draws=1_000_000).points[0].monte_carlo
    assert drawn
    assert (drawn.high_pct - drawn.low_pct) / 2 == pytest.approx(half_width, abs=within)
    assert drawn.shortest_high_pct - drawn.shortest_low_pct <= drawn.high_pct - drawn.low_pct
    assert drawn.validated is False


def test_the_same_seed_draws_the_same_numbers() -> None:
    run = run_from_json(ac_record())
    first, again = (evaluate(run, monte_carlo_seed=7, draws=10_000).points[0].monte_carlo for _ in range(2))
    assert first == again


@pytest.mark.parametrize(("shape", "factor"), [("triangular", 1.926996), ("rectangular", 1.653242), ("normal", 2.0)])
def test_a_single_contribution_is_drawn_from_its_shape(shape: Any, factor: float) -> None:
    drawn = simulate(0.0, combine([Contribution("B4", shape, 0.1)]), draws=1_000_000, seed=3)
    assert (drawn.high_pct - drawn.low_pct) / 2 == pytest.approx(0.1 * factor, rel=0.005)


def test_per_run_divides_resolution_and_synchronisation_by_the_root_of_n() -> None:
    full, per_run = u_of(point_of(ac_record())), u_of(point_of(ac_record(resolution_mode="per_run")))
    for line in ("B4", "B5", "B6"):
        assert per_run[line] == pytest.approx(full[line] / math.sqrt(5))
    assert per_run["A"] == full["A"]


def test_larger_counts_scatter_or_resolution_but_not_both() -> None:
    point = point_of(ac_record(resolution_mode="larger"))
    assert point.combined
    lines = {line.id: line for line in point.combined.budget}
    assert (lines["A"].u_pct, lines["A"].left_out, lines["A"].alone_pct) == (
        0.0,
        True,
        pytest.approx(0.045143, abs=1e-6),
    )
    assert lines["B4"].u_pct == pytest.approx(0.073798, abs=1e-6)
    assert point.combined.nu_eff is None
    assert point.combined.k == pytest.approx(2.000002, abs=1e-6)


def test_larger_keeps_the_scatter_where_it_is_larger() -> None:
    lines = u_of(point_of(dose_record([5.4, 5.6, 5.5], [5.5, 5.5, 5.5], resolution_mode="larger")))
    assert lines["B4"] == 0.0
    assert lines["A"] > 0.5


def test_resolution_stays_where_nothing_scatters() -> None:
    for mode in ("full", "per_run", "larger"):
        assert u_of(point_of(dose_record([5.5] * 3, [5.5] * 3, resolution_mode=mode)))["B4"] > 0


@given(st.floats(5.0, 6.0), st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_equal_runs_have_no_scatter_and_infinite_degrees_of_freedom(dose: float, n: int) -> None:
    point = point_of(dose_record([dose] * n, [5.5] * n))
    assert point.combined and (point.s_pct, point.combined.nu_eff) == (0.0, None)


def test_the_reference_s_error_is_interpolated_in_current_with_its_own_line() -> None:
    stated = [
        {"current_a": 40, "error_pct": 0.20, "U_pct": 0.08, "k": 2},
        {"current_a": 20, "error_pct": 0.10, "U_pct": 0.06, "k": 2},
    ]
    point = point_of(ac_record(error=stated))
    assert point.reference_error_pct == pytest.approx(0.16)
    assert u_of(point)["B8"] == pytest.approx(0.05 / math.sqrt(3))
    assert u_of(point)["B1"] == pytest.approx(0.04)


def test_a_point_of_the_certificate_needs_no_interpolation() -> None:
    point = point_of(ac_record(error=[{"current_a": 32, "error_pct": 0.1}, {"current_a": 63, "error_pct": 0.3}]))
    assert point.reference_error_pct == 0.1
    assert "B8" not in u_of(point)
    assert u_of(point)["B1"] == pytest.approx(0.025)  # the certificate's own U where a point states none


def test_nothing_is_extrapolated() -> None:
    point = point_of(ac_record(error=[{"current_a": 5, "error_pct": 0.1}, {"current_a": 16, "error_pct": 0.2}]))
    assert (point.decision.verdict, point.decision.reason) == ("INDICATIVE", "certificate")
    assert (point.error_pct, point.combined, point.reported) == (None, None, None)
    assert point.apparent_pct == pytest.approx(0.566420, abs=1e-6)


def test_a_certificate_with_two_errors_at_one_current_says_nothing() -> None:
    stated = [{"current_a": a, "error_pct": e} for a, e in ((20, 0.1), (20, -0.3), (40, 0.0))]
    result = evaluate(run_from_json(ac_record(error=stated)))
    assert (result.decision.reason, result.points[0].error_pct) == ("certificate", None)
    assert "two different errors for 20 A" in result.conditions[0].say()


def test_a_reference_that_reads_high_raises_the_charger_s_error() -> None:
    plain, high = point_of(ac_record(error=0.0)), point_of(ac_record(error=0.1))
    assert high.error_pct == pytest.approx((plain.error_pct or 0) + 0.1, abs=1e-3)


def test_the_cable_of_a_meter_only_check_is_corrected_and_costs_uncertainty() -> None:
    record = ac_record()
    record["points"][0]["cable"] = {"loop_ohm": 0.02, "u_rel": 0.1}
    point = point_of(record)
    loss = 32**2 * 0.02 * 900 / 3.6e6
    assert point.observations.transferred[0] == pytest.approx(5.4987 + loss)
    assert u_of(point)["B7"] == pytest.approx(100 * loss / 5.50084 * 0.1)


def test_positive_autocorrelation_lowers_the_number_that_counts() -> None:
    record = power_record()
    pairs = record["points"][0]["runs"][0]["pairs"]
    for index, pair in enumerate(pairs):
        pair["device_kw"], pair["reference_kw"] = 118.0 + 0.1 * index, 120.0
    point = point_of(record)
    assert point.combined and point.lag1 and point.s_pct and point.n_eff
    assert point.n_eff == pytest.approx(max(2.0, 10 * (1 - point.lag1) / (1 + point.lag1)))
    assert u_of(point)["A"] == pytest.approx(point.s_pct / math.sqrt(point.n_eff))
    assert point.combined.budget[0].nu == max(1.0, math.floor(point.n_eff - 1))


def test_a_reading_by_hand_takes_the_place_of_the_reference_s_register() -> None:
    record = ac_record()
    record["reference"]["manual"] = True
    lines = u_of(point_of(record))
    assert lines["B9"] == pytest.approx(0.000742, abs=1e-6)
    assert "B5" not in lines


def test_a_large_float32_register_is_as_coarse_as_its_readings() -> None:
    record = dose_record([], [], steps=(0.001, 0.0001))
    runs = [
        {"device_start_kwh": 65536.0 + 8 * i * 0.0078125, "device_end_kwh": 65546.0 + 16 * i * 0.0078125,
         "reference_kwh": 10.0, "duration_s": 900} for i in range(3)
    ]  # fmt: skip
    record["points"][0]["runs"] = runs
    assert point_of(record).observations.steps[0] == 0.0078125
    record["device"]["register"] = {"type": "uint32", "unit": "kWh"}
    assert point_of(record).observations.steps[0] == 0.001
    record["device"]["register"] = {"type": "float32", "unit": "Wh"}
    assert point_of(record).observations.steps[0] == pytest.approx(0.004)


def test_readings_at_a_decimal_step_are_not_taken_for_float32() -> None:
    record = dose_record([], [], steps=(0.01, 0.0001))
    runs = [{"device_start_kwh": 20000.0, "device_end_kwh": 20010.5, "reference_kwh": 10.5} for _ in range(3)]
    record["points"][0]["runs"] = runs
    assert point_of(record).observations.steps[0] == 0.01


def test_one_run_does_not_pass_unless_earlier_work_tells_its_scatter() -> None:
    alone = point_of(dose_record([5.5], [5.5]))
    assert (alone.decision.verdict, alone.decision.reason) == ("INDICATIVE", "single_run")
    assert "A" not in u_of(alone)
    known = point_of(dose_record([5.5], [5.5], repeatability={"s_pct": 0.05, "nu": 9}))
    assert known.decision.verdict == "PASS"
    assert u_of(known)["A"] == 0.05


def test_one_run_still_fails() -> None:
    assert point_of(dose_record([6.0], [5.5])).decision.verdict == "FAIL"


@pytest.mark.parametrize(
    ("device", "reference"),
    [(-5.5, 5.5), (5.5, -5.5), (0.0, 5.5), (5.5, 0.0), (5.5, 0.00005), (0.005, 5.5), (5500.0, 5.5)],
)
def test_a_run_that_cannot_be_is_left_out_named_and_stops_a_pass(device: float, reference: float) -> None:
    good = ac_record()
    bad = copy.deepcopy(good)
    bad["points"][0]["runs"].append({"device_kwh": device, "reference_kwh": reference, "duration_s": 900})
    result = evaluate(run_from_json(bad))
    assert result.points[0].error_pct == point_of(good).error_pct
    assert (result.decision.verdict, result.decision.reason) == ("INDICATIVE", "condition")
    assert len(result.points[0].observations.rejected) == 1
    assert "run 6" in result.conditions[0].say()


def test_a_rejected_run_is_counted_and_costs_nothing() -> None:
    record = ac_record()
    record["points"][0]["runs"].append({"valid": False, "reason": "gap", "device_start_kwh": None})
    point = point_of(record)
    assert point.decision.verdict == "PASS"
    assert len(point.observations.rejected) == 1


def test_without_a_valid_run_there_is_no_number() -> None:
    record = ac_record()
    for run in record["points"][0]["runs"]:
        run["valid"] = False
    data = evaluate(run_from_json(record)).to_json()
    assert (data["verdict"], data["reason"]) == ("INDICATIVE", "condition")
    assert {data["points"][0][key] for key in ("error_pct", "U_pct", "k", "u_c_pct", "p_c", "reported")} == {None}


@pytest.mark.parametrize(
    "certificate", [None, {}, {"U_pct": 0.1, "k": 2}, {"error_pct": 0.1}, {"U_pct": 0.1, "error_pct": 0}]
)
def test_without_a_whole_certificate_there_is_no_verdict(certificate: dict[str, float] | None) -> None:
    record = ac_record()
    record["reference"]["certificate"] = certificate
    data = evaluate(run_from_json(record)).to_json()
    assert (data["verdict"], data["reason"], data["points"][0]["U_pct"]) == ("INDICATIVE", "certificate", None)


def test_the_certificate_of_another_instrument_makes_it_indicative() -> None:
    record = ac_record()
    record["reference"]["serial_number"] = "20260001"
    record["reference"]["certificate"]["serial_number"] = "12345678"
    result = evaluate(run_from_json(record))
    assert (result.decision.verdict, result.decision.reason) == ("INDICATIVE", "certificate")
    assert result.conditions[0].say("de").startswith("der Kalibrierschein gilt für die Seriennummer 12345678")


def test_an_expired_certificate_makes_even_a_failure_indicative() -> None:
    record = dose_record([6.0, 6.0], [5.5, 5.5], ended="2026-03-01T12:00:00+01:00")
    record["reference"]["certificate"]["due"] = "2026-02-28"
    result = evaluate(run_from_json(record))
    assert (result.decision.verdict, result.decision.reason) == ("INDICATIVE", "certificate")
    assert "2026-02-28" in result.conditions[0].say("de")


@pytest.mark.parametrize("key", ["drift_pct", "influence_pct"])
def test_what_the_record_does_not_say_about_the_reference_stops_a_pass(key: str) -> None:
    record = ac_record()
    del record["reference"][key]
    decision = evaluate(run_from_json(record)).decision
    assert (decision.verdict, decision.reason) == ("INDICATIVE", "condition")


def test_a_dose_of_few_steps_stops_a_pass() -> None:
    result = evaluate(run_from_json(dose_record([0.55, 0.55], [0.55, 0.55], limit=20.0)))
    assert (result.decision.verdict, result.decision.reason) == ("INDICATIVE", "condition")
    assert "55 steps" in result.conditions[0].say()


def test_the_worst_point_decides_and_a_failure_counts_before_an_indicative_point() -> None:
    record = ac_record()
    other = copy.deepcopy(record["points"][0]) | {"name": "single", "runs": record["points"][0]["runs"][:1]}
    record["points"].append(other)
    assert evaluate(run_from_json(record)).decision.verdict == "INDICATIVE"
    record["points"][0]["limit_pct"] = 0.1
    assert evaluate(run_from_json(record)).decision.verdict == "FAIL"


def test_an_informative_profile_gives_numbers_but_no_verdict() -> None:
    record = ac_record(limit="us_hb44_dc", ended="2026-03-01T12:00:00Z")
    data = evaluate(run_from_json(record)).to_json()
    assert (data["verdict"], data["reason"]) == ("INDICATIVE", "informative_profile")
    assert data["points"][0]["reported"] == "(+0.51 ± 0.19) %"
    record["ended"] = "2028-01-01T12:00:00Z"
    assert evaluate(run_from_json(record)).decision.verdict == "PASS"


def test_handbook_44_asks_for_three_runs_close_together() -> None:
    two = dose_record([5.5, 5.5], [5.5, 5.5], limit="us_hb44_ac")
    assert evaluate(run_from_json(two)).decision.reason == "repeatability"
    wide = dose_record([5.5, 5.5, 5.53], [5.5, 5.5, 5.5], limit="us_hb44_ac", steps=(0.001, 0.0001))
    decision = evaluate(run_from_json(wide)).decision
    assert (decision.verdict, decision.reason) == ("FAIL", "repeatability")


def test_limit_over_uncertainty_below_one_never_passes() -> None:
    data = evaluate(run_from_json(dose_record([5.5] * 3, [5.5] * 3, expanded=4.0, rule="simple"))).to_json()
    assert (data["verdict"], data["reason"]) == ("INDICATIVE", "not_capable")
    assert "not capable" in data["conditions_not_met"][0]


def test_limits_for_another_kind_of_current_stop_a_pass() -> None:
    record = ac_record(limit="us_hb44_ac")
    assert evaluate(run_from_json(record)).decision.verdict == "PASS"
    record["device"]["current_type"] = "DC"
    assert evaluate(run_from_json(record)).decision.reason == "condition"


energies = st.lists(st.floats(5.0, 6.0), min_size=2, max_size=8)


@given(energies, st.floats(0.1, 10.0))
@settings(max_examples=60, deadline=None)
def test_the_error_is_the_same_in_any_unit(doses: list[float], scale: float) -> None:
    plain = point_of(dose_record(doses, [5.5] * len(doses), limit=50.0))
    scaled = dose_record(
        [d * scale for d in doses], [5.5 * scale] * len(doses), limit=50.0, steps=(0.01 * scale, 0.0001 * scale)
    )
    other = point_of(scaled)
    assert plain.combined and other.combined
    assert other.error_pct == pytest.approx(plain.error_pct, abs=1e-9)
    assert other.combined.u_expanded_pct == pytest.approx(plain.combined.u_expanded_pct, rel=1e-9)


@given(st.permutations([5.53, 5.51, 5.54, 5.52, 5.50]))
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_runs_does_not_matter(doses: list[float]) -> None:
    mixed, sorted_ = (point_of(dose_record(each, [5.5] * 5)) for each in (doses, sorted(doses)))
    assert mixed.combined and sorted_.combined
    assert mixed.error_pct == pytest.approx(sorted_.error_pct, abs=1e-12)
    assert mixed.combined.u_expanded_pct == pytest.approx(sorted_.combined.u_expanded_pct, rel=1e-12)


@given(st.floats(1e-5, 0.05), st.floats(1.0, 3.0), st.sampled_from(["full", "per_run"]))
@settings(max_examples=60, deadline=None)
def test_a_coarser_register_never_makes_the_result_more_certain(step: float, factor: float, mode: str) -> None:
    fine, coarse = (
        point_of(dose_record([5.5, 5.5, 5.5], [5.5] * 3, steps=(s, 1e-4), resolution_mode=mode))
        for s in (step, step * factor)
    )
    assert fine.combined and coarse.combined
    assert coarse.combined.u_expanded_pct >= fine.combined.u_expanded_pct
