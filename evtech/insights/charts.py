"""Control charts of one quantity over time: EWMA and tabular CUSUM against a commissioning baseline.

The baseline is the first 20 values, at least 8. It grows while the values are in control: each one after the eighth is
judged by the first eight until twenty are there. So a chart says about the past what it said then, however much is
added later. After an alarm it rests until an adjustment begins a new baseline.

A port has thousands of sessions, and a chart whose mean is known from twenty values leaves its limits by chance now and
then. An alarm is therefore one only while the values since the change are off by as much as matters, and by four
standard errors of both means.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from evtech.insights.rule_limits import SampleLimits
from evtech.insights.statistics import cusum_alarm, ewma_alarm

MEAN_RANGE = 1.128  # of two values, in standard deviations (Shewhart chart of individuals)
RECENT = 5
SURE = 4.0  # standard errors
PART = 3.0  # a sigma below this part of what matters is no measure of anything
HIGHER, LOWER, BOTH = 1, -1, 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Where a chart left its limits: place of the value, what it was about, and which chart said so.

    ``now`` is the mean since the change, ``mean`` and ``sigma`` those of the baseline of ``n`` values, ``limit`` the
    control limit of the EWMA on the side of the alarm.
    """

    place: int
    now: float
    mean: float
    sigma: float
    n: int
    limit: float
    chart: str


def baseline(values: Sequence[float], least_sigma: float) -> tuple[float, float]:
    """Return mean and sigma (mean moving range / 1.128); a sigma below what matters is raised to that."""
    ranges = [abs(b - a) for a, b in pairwise(values)]
    return fmean(values), max(fmean(ranges) / MEAN_RANGE if ranges else 0.0, least_sigma)


def alarm(values: Sequence[float], limits: SampleLimits, least: float, side: int = BOTH) -> Alarm | None:
    """Return the first alarm of a stretch without an adjustment; ``None`` where it is in control or too short.

    ``least`` is the change that matters, in the unit of the values.
    """
    few, most = int(limits.baseline_least), max(int(limits.baseline_most), int(limits.baseline_least))
    early = _judged(values[:most], few, limits, least, side)
    return early or _judged(values, most, limits, least, side)


def _judged(values: Sequence[float], size: int, limits: SampleLimits, least: float, side: int) -> Alarm | None:
    if len(values) <= size:
        return None
    mean, sigma = baseline(values[:size], least / PART)
    lam = limits.ewma_lambda
    rest = values[size:]
    if (
        ewma_alarm(rest, mean, sigma, lam, limits.ewma_l) is None
        and cusum_alarm(rest, mean, sigma, limits.cusum_k, limits.cusum_h) is None
    ):
        return None
    reach = limits.ewma_l * sigma * math.sqrt(lam / (2 - lam))
    for place, chart, direction, since in _signals(values, size, mean, sigma, limits):
        if side not in (BOTH, direction):
            continue
        count = min(max(place - since + 1, RECENT), place - size + 1)
        now = fmean(values[place - count + 1 : place + 1])
        sure = SURE * sigma * math.sqrt(1 / count + 1 / size)
        if direction * (now - mean) >= max(least, sure):
            return Alarm(place, now, mean, sigma, size, mean + direction * reach, chart)
    return None


def _signals(
    values: Sequence[float], size: int, mean: float, sigma: float, limits: SampleLimits
) -> Iterator[tuple[int, str, int, int]]:
    """Yield every place at which a chart is out of its limits: the chart, its side, and since when."""
    lam, z = limits.ewma_lambda, mean
    up = down = 0.0
    since = {HIGHER: size, LOWER: size}
    for place in range(size, len(values)):
        t, off = place - size + 1, (values[place] - mean) / sigma
        z = lam * values[place] + (1 - lam) * z
        up, down = max(0.0, up + off - limits.cusum_k), max(0.0, down - off - limits.cusum_k)
        since = {HIGHER: since[HIGHER] if up else place + 1, LOWER: since[LOWER] if down else place + 1}
        bound = limits.ewma_l * sigma * math.sqrt(lam / (2 - lam) * (1 - (1 - lam) ** (2 * t)))
        if abs(z - mean) > bound:
            direction = HIGHER if z > mean else LOWER
            yield place, "EWMA", direction, since[direction]
        elif max(up, down) > limits.cusum_h:
            direction = HIGHER if up > down else LOWER
            yield place, "CUSUM", direction, since[direction]
