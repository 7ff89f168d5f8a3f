"""The uncertainty by propagating distributions (JCGM 101:2008): a cross-check of the budget, with a stored seed."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from evtech.calibration.uncertainty import Combined, Contribution

COVERAGE = 0.9545
DRAWS = 200_000


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """The result of the draws, in percent: mean, standard deviation, symmetric and shortest 95.45 % interval.

    ``validated`` says whether both ends of the budget's interval lie within ``delta_pct`` of the symmetric one
    (JCGM 101, 8.1). With few runs they do not: the distribution of the mean has long tails.
    """

    draws: int
    seed: int
    mean_pct: float
    u_pct: float
    low_pct: float
    high_pct: float
    shortest_low_pct: float
    shortest_high_pct: float
    delta_pct: float
    validated: bool

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return asdict(self)


def simulate(error_pct: float, combined: Combined, *, draws: int = DRAWS, seed: int = 0) -> MonteCarlo:
    """Return the cross-check of a result; the same seed gives the same numbers."""
    import numpy as np  # 80 ms: only when asked for

    source = np.random.default_rng(seed)
    drawn = np.full(draws, error_pct)
    exact = 1.0 + error_pct / 100.0  # the budget takes a percent of reading as a percent of error; here it is exact
    for line in combined.budget:
        if line.u_pct > 0.0:
            drawn += _draw(source, line, draws) * (1.0 if line.id == "A" else exact)
    drawn.sort()
    inside = round(COVERAGE * draws)
    first = (draws - inside) // 2
    widths = drawn[inside:] - drawn[: draws - inside]
    short = int(np.argmin(widths))
    low, high = float(drawn[first]), float(drawn[first + inside])
    delta = _tolerance(combined.u_c_pct)
    u = combined.u_expanded_pct
    agree = max(abs(error_pct - u - low), abs(error_pct + u - high)) <= delta
    ends = (low, high, float(drawn[short]), float(drawn[short + inside]))
    return MonteCarlo(draws, seed, float(drawn.mean()), float(drawn.std(ddof=1)), *ends, delta, agree)


def _draw(source: Any, line: Contribution, draws: int) -> Any:
    """Return draws of one contribution about 0; generator and array are numpy's, imported late."""
    if line.distribution == "t" and line.nu is not None:
        return source.standard_t(line.nu, draws) * line.u_pct
    if line.distribution == "rectangular":
        half = line.u_pct * math.sqrt(3.0)
        return source.uniform(-half, half, draws)
    if line.distribution == "triangular":
        half = line.u_pct * math.sqrt(6.0)
        return source.triangular(-half, 0.0, half, draws)
    return source.normal(0.0, line.u_pct, draws)


def _tolerance(u: float) -> float:
    """Return half a unit of the last of u's two significant digits (JCGM 101, 7.9.2)."""
    return 0.5 * 10.0 ** (math.floor(math.log10(u)) - 1) if u > 0.0 else 0.0
