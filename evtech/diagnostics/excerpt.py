"""The samples around the moment of a finding: what a page plots and a report prints, small enough to keep with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evtech.diagnostics.answer import moment
from evtech.diagnostics.engine import Finding
from evtech.diagnostics.trace import Floats, Trace

AROUND_S = 30.0
FEWEST = 8  # samples on either side, where a recording is slow
_CONTEXT = ("voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3", "power_total")
# a proof may name a whole family of points
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "voltage": ("voltage_l1", "voltage_l2", "voltage_l3"),
    "current": ("current_l1", "current_l2", "current_l3"),
    "power": ("power_l1", "power_l2", "power_l3"),
    "output_voltage": ("output_voltage_l1", "output_voltage_l2", "output_voltage_l3"),
}
_MOST_SAMPLES = 400


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Curves by point, pilot states, and limits by point, between ``start`` and ``end`` (s, as the trace counts)."""

    start: float
    end: float
    moment: float
    times: Floats
    curves: Mapping[str, Floats]
    states: Sequence[tuple[float, str]] = ()
    limits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    is_whole: bool = False  # the time after the moment is over


def excerpt_of(trace: Trace, finding: Finding) -> Excerpt | None:
    """Return what surrounds the moment of a finding, ``None`` where the trace holds none of it."""
    times = trace.times
    if not len(times) or not times[0] - 1 <= finding.began <= times[-1] + 1:
        return None
    at = min(int(np.searchsorted(times, finding.began)), len(times) - 1)
    first = min(int(np.searchsorted(times, finding.began - AROUND_S)), max(0, at - FEWEST))
    last = max(int(np.searchsorted(times, finding.began + AROUND_S, side="right")), min(len(times), at + FEWEST + 1))
    step = max(1, -(-(last - first) // _MOST_SAMPLES))
    chosen = slice(first, last, step)
    proven = [name for proof in finding.proofs for name in _FAMILIES.get(proof.point, (proof.point,))]
    names = [n for n in dict.fromkeys((*proven, *_CONTEXT)) if n in trace.numbers]
    curves = {name: trace.numbers[name][chosen] for name in names}
    kept = {name: column for name, column in curves.items() if not np.isnan(column).all()}
    whole = bool(times[-1] >= finding.began + AROUND_S and last < len(times))
    return Excerpt(
        float(times[first]), float(times[last - 1]), finding.began, times[chosen], kept,
        _states(trace, first, last), _limits(finding, kept), whole,
    )  # fmt: skip


def excerpt_json(excerpt: Excerpt) -> dict[str, Any]:
    """Return an excerpt as JSON values; ``t`` counts in s from the moment of the finding."""
    return {
        "from": moment(excerpt.start),
        "to": moment(excerpt.end),
        "moment": moment(excerpt.moment),
        "epoch": round(excerpt.moment, 3),
        "t": [round(float(t) - excerpt.moment, 3) for t in excerpt.times],
        "curves": {
            name: [None if np.isnan(v) else round(float(v), 4) for v in column]
            for name, column in excerpt.curves.items()
        },
        "states": [[round(at - excerpt.moment, 3), word] for at, word in excerpt.states],
        "limits": {name: list(values) for name, values in excerpt.limits.items()},
    }


def excerpt_from(data: Mapping[str, Any]) -> Excerpt:
    """Return an excerpt that was kept as JSON."""
    epoch = float(data["epoch"])
    times = np.array(data["t"], np.float64) + epoch
    curves = {name: np.array([np.nan if v is None else v for v in column]) for name, column in data["curves"].items()}
    return Excerpt(
        float(times[0]) if len(times) else epoch, float(times[-1]) if len(times) else epoch, epoch, times, curves,
        [(at + epoch, word) for at, word in data["states"]],
        {name: tuple(values) for name, values in data["limits"].items()}, True,
    )  # fmt: skip


def _states(trace: Trace, first: int, last: int) -> list[tuple[float, str]]:
    """Return where the pilot state changed."""
    words = trace.texts.get("cp_state")
    if words is None:
        return []
    found: list[tuple[float, str]] = []
    for index in range(first, last):
        word = str(words[index])
        if word and (not found or found[-1][1] != word):
            found.append((float(trace.times[index]), word))
    return found


def _limits(finding: Finding, curves: Mapping[str, Floats]) -> dict[str, tuple[float, ...]]:
    limits: dict[str, tuple[float, ...]] = {}
    for proof in finding.proofs:
        values = proof.limit if isinstance(proof.limit, list | tuple) else [proof.limit]
        numbers = tuple(float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool))
        for name in _FAMILIES.get(proof.point, (proof.point,)):
            if name in curves and numbers:
                limits[name] = tuple(dict.fromkeys((*limits.get(name, ()), *numbers)))
    return limits
