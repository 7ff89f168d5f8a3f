"""Statistics of measured results: energy-weighted means, robust scores, control charts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAD_SCALE = 0.6745  # makes the median absolute deviation comparable with a standard deviation (Iglewicz and Hoaglin)
MEAN_SCALE = 1.253314
OUTLIER = 3.5


def median(values: Iterable[float]) -> float:
    """Return the middle one of some values, the mean of the two in the middle."""
    return float(np.median([*values]))


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weighted mean with its standard deviation and Kish's effective number of values."""

    mean: float
    std: float
    n_eff: float


def weighted(values: Sequence[float], weights: Sequence[float]) -> Weighted | None:
    """Return the weighted mean, ``None`` where there is no weight."""
    total = math.fsum(weights)
    if total <= 0:
        return None
    mean = math.fsum(w * x for w, x in zip(weights, values, strict=True)) / total
    variance = math.fsum(w * (x - mean) ** 2 for w, x in zip(weights, values, strict=True)) / total
    return Weighted(mean, math.sqrt(variance), total * total / math.fsum(w * w for w in weights))


def weighted_quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float | None:
    """Return a quantile by cumulated weight with the midpoint rule, linear between values."""
    pairs = sorted((x, w) for x, w in zip(values, weights, strict=True) if w > 0)
    total = math.fsum(w for _, w in pairs)
    if not pairs:
        return None
    places, gone = [], 0.0
    for _, w in pairs:
        places.append((gone + w / 2) / total)
        gone += w
    if share <= places[0]:
        return pairs[0][0]
    for i in range(1, len(pairs)):
        if share <= places[i]:
            part = (share - places[i - 1]) / (places[i] - places[i - 1])
            return pairs[i - 1][0] + part * (pairs[i][0] - pairs[i - 1][0])
    return pairs[-1][0]


def modified_z(values: Sequence[float]) -> list[float | None]:
    """Return each value's modified z-score; ``None`` where all values but some are equal and no scale exists."""
    middle = median(values)
    distances = [abs(x - middle) for x in values]
    mad = median(distances)
    if mad > 0:
        return [MAD_SCALE * (x - middle) / mad for x in values]
    scale = MEAN_SCALE * math.fsum(distances) / len(values)
    return [(x - middle) / scale if scale > 0 else None for x in values]


def trailing_z(values: Sequence[float], window: int) -> tuple[list[float], list[int]]:
    """Return each value's modified z-score among the last ``window`` values up to it, and how many these are.

    The first ``window`` values are judged among themselves: an early one has no past to be judged by. The same as
    ``modified_z`` window by window, but all at once; 0 where no scale exists.
    """
    if not values:
        return [], []
    given = np.asarray(values, dtype=float)
    size = min(window, len(given))
    rows = np.lib.stride_tricks.sliding_window_view(given, size)
    middle = _medians(rows)
    distances = np.abs(rows - middle[:, None])
    mad, mean = _medians(distances), np.mean(distances, axis=1)
    scale = np.where(mad > 0, mad / MAD_SCALE, MEAN_SCALE * mean)
    own = np.maximum(np.arange(len(given)) - size + 1, 0)  # each value's window
    off = given - middle[own]
    scores = np.divide(off, scale[own], out=np.zeros(len(given)), where=scale[own] > 0)
    return scores.tolist(), [size] * len(given)


def _medians(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's median; ``np.median`` takes five times as long for short rows."""
    ordered, count = np.sort(rows, axis=1), rows.shape[1]
    return np.asarray((ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2)


def ewma_alarm(values: Sequence[float], mu: float, sigma: float, lam: float = 0.2, limit: float = 3.0) -> int | None:
    """Return the number (from 1) of the first value at which the EWMA chart leaves its limits, or ``None``."""
    z = mu
    for t, x in enumerate(values, 1):
        z = lam * x + (1 - lam) * z
        if abs(z - mu) > limit * sigma * math.sqrt(lam / (2 - lam) * (1 - (1 - lam) ** (2 * t))):
            return t
    return None


def cusum_alarm(values: Sequence[float], mu: float, sigma: float, k: float = 0.5, h: float = 5.0) -> int | None:
    """Return the number (from 1) of the first value at which the tabular CUSUM exceeds ``h``, or ``None``."""
    up = down = 0.0
    for t, x in enumerate(values, 1):
        up = max(0.0, up + (x - mu) / sigma - k)
        down = max(0.0, down - (x - mu) / sigma - k)
        if max(up, down) > h:
            return t
    return None
