"""The quantile that bounds times between failures, held against a bisection that counts at every half."""

import math

import numpy as np
import pytest

from evtech.insights.rates import chi_square_quantile


def bisected(p: float, dof: int) -> float:
    counts = np.arange(dof // 2)
    log_factorials = np.cumsum(np.log(np.maximum(counts, 1)))
    low, high = 0.0, 2.0 * dof + 100.0
    while low < (middle := (low + high) / 2) < high:
        beyond = float(np.exp(counts * math.log(middle / 2) - middle / 2 - log_factorials).sum())
        low, high = (middle, high) if beyond > 1 - p else (low, middle)
    return middle


@pytest.mark.parametrize("p", [0.05, 0.95, 0.5, 0.999, 0.001])
def test_newtons_steps_change_no_bit(p: float) -> None:
    for dof in (*range(2, 120, 2), 400, 2000):
        assert chi_square_quantile(p, dof) == bisected(p, dof), dof


@pytest.mark.parametrize(("p", "dof"), [(0.0, 2), (1.0, 2), (0.5, 3), (0.5, 0), (0.5, -2)])
def test_what_has_no_quantile_is_refused(p: float, dof: int) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        chi_square_quantile(p, dof)
