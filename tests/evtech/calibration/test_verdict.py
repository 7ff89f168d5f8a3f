"""Decision rules at their borders, and rounding."""

import pytest

from evtech.calibration.student_t import coverage_factor
from evtech.calibration.uncertainty import Contribution, combine, reported
from evtech.calibration.verdict import Decision, conformity, decide, worst


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (0.80, "PASS"),
        (0.800001, "CONDITIONAL_PASS"),
        (-1.0, "CONDITIONAL_PASS"),
        (1.000001, "CONDITIONAL_FAIL"),
        (-1.2, "CONDITIONAL_FAIL"),
        (1.200001, "FAIL"),
    ],
)
def test_four_classes_with_the_border_in_the_better_one(error: float, verdict: str) -> None:
    assert decide(error, 0.2, 1.0, "ilac_g8", 1.0) == Decision(verdict)  # type: ignore[arg-type]


@pytest.mark.parametrize(("error", "verdict"), [(0.8, "PASS"), (0.800001, "FAIL"), (1.0, "FAIL")])
def test_a_guard_band_alone_passes_or_fails(error: float, verdict: str) -> None:
    assert decide(error, 0.2, 1.0, "guard_band", 1.0).verdict == verdict


@pytest.mark.parametrize(("error", "verdict"), [(2.0, "PASS"), (2.000001, "FAIL")])
def test_simple_acceptance_has_no_guard_band(error: float, verdict: str) -> None:
    assert decide(error, 0.5, 2.0, "simple", 1.0).verdict == verdict
    assert decide(error, 0.5, 2.0, "ilac_g8", 0.0).verdict == verdict


def test_a_test_that_cannot_pass_says_so_and_may_still_fail() -> None:
    for rule in ("ilac_g8", "guard_band"):
        assert decide(0.1, 1.2, 1.0, rule, 1.0) == Decision("INDICATIVE", "not_capable")
        assert decide(2.3, 1.2, 1.0, rule, 1.0) == Decision("FAIL")
    assert decide(0.1, 1.2, 1.0, "ilac_g8", 0.5) == Decision("INDICATIVE", "not_capable")


def test_a_failure_is_worse_than_an_indicative_point_and_that_worse_than_a_pass() -> None:
    open_ = Decision("INDICATIVE", "condition")
    assert worst([Decision("PASS"), open_, Decision("CONDITIONAL_PASS")]) == open_
    assert worst([open_, Decision("CONDITIONAL_FAIL")]).verdict == "CONDITIONAL_FAIL"


def test_effective_degrees_of_freedom_of_the_guide_s_gauge_block() -> None:
    lines = [
        Contribution(str(i), "t", u, nu) for i, (u, nu) in enumerate(((25, 18), (9.7, 25.6), (2.9, 50), (16.6, 2)))
    ]
    combined = combine(lines)
    assert (combined.u_c_pct, combined.nu_eff) == pytest.approx((31.671122, 16.764554), abs=1e-6)
    assert coverage_factor(16, 0.99) * combined.u_c_pct == pytest.approx(92.504433, abs=1e-5)


@pytest.mark.parametrize(
    ("error", "u", "text"),
    [
        (0.50608, 0.193399, "(+0.51 ± 0.19) %"),
        (-0.92253, 0.169823, "(-0.92 ± 0.17) %"),
        (2.866852, 0.936407, "(+2.87 ± 0.94) %"),
        (0.125, 0.10, "(+0.12 ± 0.10) %"),
        (0.135, 0.10, "(+0.14 ± 0.10) %"),
        (0.0123, 0.0996, "(+0.01 ± 0.10) %"),
        (-0.001, 0.25, "(+0.00 ± 0.25) %"),
        (3.4567, 9.96, "(+3 ± 10) %"),
        (345.67, 123.4, "(+350 ± 120) %"),
        (0.00012345, 0.000015, "(+0.000123 ± 0.000015) %"),
    ],
)
def test_u_has_two_digits_and_the_error_its_decimals(error: float, u: float, text: str) -> None:
    assert reported(error, u) == text


def test_without_uncertainty_nothing_is_reported() -> None:
    assert reported(0.5, 0.0) is None


@pytest.mark.parametrize("nu", [3.0, 12.0, 29.0])
def test_few_degrees_of_freedom_make_conformity_less_sure(nu: float) -> None:
    assert conformity(0.0, 0.1, nu, 0.1 * coverage_factor(nu)) == pytest.approx(0.9545, abs=1e-12)
    assert conformity(0.5, 0.1, nu, 0.5) == pytest.approx(0.5, abs=0.01)


def test_from_thirty_degrees_of_freedom_on_conformity_is_normal() -> None:
    assert conformity(0.0, 0.1, 30.0, 0.2) == conformity(0.0, 0.1, None, 0.2) == pytest.approx(0.954499736)
