"""Columns of samples and what rules ask of them: the register, stretches of a condition, means on a grid of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evtech.insights.anomalies import Anomaly, Evidence
from evtech.insights.finding_words import finding_text, finding_todo
from evtech.insights.rule_limits import SampleLimits

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
PHASES = ("l1", "l2", "l3")
MOST_EVIDENCE = 4  # moments


@dataclass(frozen=True, slots=True)
class Idle:
    """What a recording saw before a vehicle came: power (W) and register (Wh) over time; NaN = missing."""

    times: Floats
    power: Floats
    register: Floats


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns of one session by standard name (NaN = missing); ``times`` in s since 1970 as they came.

    ``session_wh`` is the session's own energy, ``register`` the name of its register; ``device_times`` the charger's
    clock where it was read, ``zone_known`` whether it tells its zone; ``requested_w`` what the vehicle asked for, where
    it says so. ``away``: no vehicle, or the contactor is known to be open and has been for a while.
    """

    port: str
    times: Floats
    columns: Mapping[str, Floats]
    session_wh: float | None = None
    session_id: str | None = None
    away: Mask | None = None
    device_times: Floats | None = None
    requested_w: Floats | None = None
    register: str = "energy_import_total"
    zone_known: bool = True
    idle: Idle | None = None

    @property
    def span(self) -> tuple[float, float]:
        """Return the first and the last moment."""
        return float(self.times[0]), float(self.times[-1])


def column(s: Samples, name: str) -> Floats:
    """Return a column; all missing where there is none."""
    found = s.columns.get(name)
    return found if found is not None else np.full(len(s.times), np.nan)


def has(s: Samples, *names: str) -> bool:
    """Return whether every one of these columns holds a number somewhere."""
    return all(name in s.columns and bool(np.isfinite(s.columns[name]).any()) for name in names)


def register_of(s: Samples) -> Floats:
    """Return the register that the session's energy comes from."""
    return column(s, s.register)


def poll(times: Floats, limits: SampleLimits) -> float:
    """Return the usual distance of two samples (s)."""
    if limits.poll_s or len(times) < 2:
        return limits.poll_s or 1.0
    return float(np.median(np.diff(np.sort(times))))


def most_w(s: Samples, limits: SampleLimits) -> float:
    """Return the rating, or the greatest power seen where that is more or all that is known (W)."""
    power = column(s, "power_total")
    seen = float(np.nanmax(power)) if np.isfinite(power).any() else 0.0
    return max(limits.rated_w or 0.0, seen)


def runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Yield first and last index of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(after) - 1


def lasting(mask: Mask, times: Floats, least_s: float, most_gap_s: float) -> Iterator[tuple[int, int]]:
    """Yield the runs of true that last longer than ``least_s``; a hole in the samples ends a run."""
    for first, last in runs(mask):
        holes = np.flatnonzero(np.diff(times[first : last + 1]) > most_gap_s) + first
        for a, b in zip([first, *(int(h) + 1 for h in holes)], [*map(int, holes), last], strict=True):
            if times[b] - times[a] > least_s:
                yield a, b


def means(times: Floats, values: Floats, width_s: float, least: int = 1) -> tuple[Floats, Floats]:
    """Return starts and means of the stretches of ``width_s`` (on the clock) that hold ``least`` values or more."""
    good = np.isfinite(values)
    bins = np.floor(times[good] / width_s).astype(np.int64)
    if not len(bins):
        return np.zeros(0), np.zeros(0)
    first = int(bins.min())
    counts = np.bincount(bins - first)
    enough = np.flatnonzero(counts >= least)
    sums = np.bincount(bins - first, values[good])
    return np.asarray((enough + first) * width_s, np.float64), np.asarray(sums[enough] / counts[enough])


def found(
    s: Samples, said: str, severity: str, span: tuple[float, float], value: float, limit: float, *,
    rule: str = "", about: str = "", evidence: Sequence[Evidence] = (),
    told: Mapping[str, float | str] | None = None, **more: float | str,
) -> Anomaly:  # fmt: skip
    """Return a finding; ``said`` names its sentence, which is also its rule unless ``rule`` is another.

    ``told`` and ``more`` are the figures of the sentence beside value and limit.
    """
    figures: dict[str, float | str] = {"value": value, "limit": limit, **(told or {}), **more}
    return Anomaly(
        rule or said, severity, s.port, *span, value, limit, finding_text(said, figures), finding_todo(said),
        s.session_id, about, tuple(evidence), said, figures,
    )  # fmt: skip


def between(s: Samples, first: int, last: int) -> tuple[float, float]:
    """Return the moments of two samples."""
    return float(s.times[first]), float(s.times[last])


def evidence(s: Samples, names: Sequence[str], *places: int) -> tuple[Evidence, ...]:
    """Return what these columns showed at a few samples."""
    chosen = sorted({int(place) for place in places if 0 <= place < len(s.times)})[:MOST_EVIDENCE]
    return tuple(
        Evidence(float(s.times[place]), name, round(float(s.columns[name][place]), 6))
        for place in chosen
        for name in names
        if name in s.columns and np.isfinite(s.columns[name][place])
    )
