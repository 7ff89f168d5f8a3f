"""Student's t against published values and closed forms."""

import math

import pytest

from evtech.calibration.student_t import cdf, coverage_factor, quantile

PUBLISHED = {
    1: 13.967811, 2: 4.526551, 3: 3.306830, 4: 2.869315, 5: 2.648654, 6: 2.516528, 7: 2.428809, 8: 2.366419,
    9: 2.319809, 10: 2.283682, 12: 2.231351, 15: 2.181166, 20: 2.133028, 30: 2.086847, 50: 2.051251, 100: 2.025312,
    math.inf: 2.000002,
}  # fmt: skip


@pytest.mark.parametrize(("nu", "k"), PUBLISHED.items())
def test_the_coverage_factor_is_the_published_one(nu: float, k: float) -> None:
    assert coverage_factor(nu) == pytest.approx(k, abs=6e-7)


def test_one_and_two_degrees_of_freedom_follow_their_closed_forms() -> None:
    p = 0.97725
    assert quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-12)
    assert quantile(p, 2) == pytest.approx(2 * (p - 0.5) * math.sqrt(1 / (2 * p * (1 - p))), rel=1e-12)


def test_the_guide_s_factor_for_ninety_nine_percent() -> None:
    assert coverage_factor(16, 0.99) == pytest.approx(2.920782, abs=5e-7)


@pytest.mark.parametrize("nu", [0.3, 1, 1.5, 2, 2.5, 3, 7.7, 10, 29.9, 100, 500, 999, 1000, 1001, 1e4, 1e6, 1e9, 1e15])
@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.75, 0.97725, 0.995])
def test_the_distribution_of_a_quantile_is_its_probability(p: float, nu: float) -> None:
    assert cdf(quantile(p, nu), nu) == pytest.approx(p, rel=1e-9)


def test_nothing_jumps_where_the_method_changes() -> None:
    below, above = coverage_factor(math.nextafter(1000.0, 0)), coverage_factor(1000.0)
    assert below == pytest.approx(above, rel=1e-12)


def test_half_degrees_of_freedom_agree_with_integrating_the_density() -> None:
    nu, t, steps = 2.5, quantile(0.97725, 2.5), 200_000
    scale = math.exp(math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2)) / math.sqrt(nu * math.pi)
    width = t / steps
    area = math.fsum(scale * (1 + ((i + 0.5) * width) ** 2 / nu) ** (-(nu + 1) / 2) for i in range(steps)) * width
    assert 0.5 + area == pytest.approx(0.97725, rel=1e-9)


def test_many_degrees_of_freedom_come_near_the_normal_distribution() -> None:
    assert coverage_factor(1e6) == pytest.approx(2.000002443900 + 2.000002443900 * 5.0000098 / 4e6, rel=1e-11)


@pytest.mark.parametrize(("p", "nu"), [(0.0, 5), (1.0, 5), (0.5, 0), (float("nan"), 5), (0.5, float("nan"))])
def test_what_has_no_quantile_is_refused(p: float, nu: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(p, nu)
