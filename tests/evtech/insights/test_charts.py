"""Control charts against a baseline: the vectors of the fact sheet, how the baseline grows, what a chart may say."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.charts import HIGHER, _signals, alarm, baseline
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.statistics import cusum_alarm, ewma_alarm

LIMITS = SampleLimits()
VECTOR = [0.05, -0.02, 0.08, 0.12, 0.15, 0.11, 0.18, 0.14, 0.20, 0.16]


def quiet(count: int, seed: int = 5) -> list[float]:
    return np.random.default_rng(seed).normal(0.2, 0.1, count).tolist()


def test_the_vectors_of_both_charts() -> None:
    assert ewma_alarm(VECTOR, 0.0, 0.1) == 8
    assert cusum_alarm(VECTOR, 0.0, 0.1) == 9
    assert next(_signals(VECTOR, 0, 0.0, 0.1, LIMITS))[:2] == (7, "EWMA")
    assert next(_signals(VECTOR, 0, 0.0, 0.1, replace(LIMITS, ewma_l=99.0)))[:2] == (8, "CUSUM")


def test_sigma_comes_from_the_mean_moving_range_and_never_below_what_matters() -> None:
    assert baseline([1.0, 3.0, 1.0, 3.0], 0.0) == (2.0, pytest.approx(2 / 1.128))
    assert baseline([1.0, 1.001] * 4, 0.1)[1] == 0.1


@pytest.mark.parametrize("count", [0, 7, 8, 19, 20, 21, 500])
def test_nothing_is_said_of_a_quiet_series_however_long(count: int) -> None:
    assert alarm(quiet(count), LIMITS, 0.1) is None


def test_eight_values_are_needed_before_a_ninth_is_judged() -> None:
    assert alarm([*quiet(7), 9.0], LIMITS, 0.1) is None
    found = alarm([*quiet(8), 9.0], LIMITS, 0.1)
    assert found is not None
    assert (found.place, found.n) == (8, 8)


def test_a_shift_is_found_with_what_was_and_what_is() -> None:
    values = [*quiet(40), *(np.array(quiet(40, 6)) + 0.3).tolist()]
    found = alarm(values, LIMITS, 0.1)
    assert found is not None
    assert 40 <= found.place < 46
    assert found.n == 20
    assert found.mean == pytest.approx(0.2, abs=0.06)
    assert found.now > found.limit > found.mean


def test_a_chart_says_about_the_past_what_it_said_then() -> None:
    values = [*quiet(14), *(np.array(quiet(60, 6)) + 0.5).tolist()]
    found = {alarm(values[:count], LIMITS, 0.1) for count in range(20, len(values))}
    assert len(found) == 1


def test_a_one_sided_chart_ignores_what_gets_better() -> None:
    falling = [*quiet(20), *([-0.5] * 20)]
    assert alarm(falling, LIMITS, 0.1, HIGHER) is None
    assert alarm(falling, LIMITS, 0.1) is not None
