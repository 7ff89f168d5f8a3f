"""Small judgements that every routine makes: grading against two limits, the worst of several, what is missing."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.routine import RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

PHASES = ("L1", "L2", "L3")
CHARGING = ("C2", "D2")
UNPLUGGED = ("A", "A1", "A2")
MOST_REASONS = 5  # in one verdict's words; all steps are listed beside it
_RANK = (Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.SKIPPED, Verdict.NOT_APPLICABLE)


def grade(value: float, good: float, fair: float) -> Verdict:
    """Return PASS up to ``good``, WARN up to ``fair``, else FAIL."""
    return Verdict.PASS if value <= good else Verdict.WARN if value <= fair else Verdict.FAIL


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; what could not be decided counts only where nothing was."""
    found = set(verdicts)
    return next((verdict for verdict in _RANK if verdict in found), Verdict.INCONCLUSIVE)


def concluded(bench: Bench, none: str = "Nothing could be judged.") -> RoutineResult:
    """Return the result of the steps so far: the worst verdict, and the reasons of the steps that led to it."""
    verdict = worst(step.verdict for step in bench.steps)
    reasons = [step.reason for step in bench.steps if step.verdict is verdict]
    if len(reasons) > MOST_REASONS:
        reasons = [*reasons[:MOST_REASONS], f"{len(reasons) - MOST_REASONS} more steps say the same: {verdict}."]
    open_points = [s.reason for s in bench.steps if s.verdict is Verdict.INCONCLUSIVE]
    if verdict is not Verdict.INCONCLUSIVE and open_points:
        reasons.append(f"Not decided: {' '.join(open_points)}")
    return bench.result(verdict, " ".join(reasons) or none)


def has(evidence: Evidence, point: str) -> bool:
    """Tell whether a recording tells a point; ``cp_state`` may come from the maker's own states."""
    if point == "cp_state":
        return evidence.state is not None
    if point.endswith("_l*"):
        return any(evidence.numbers(point[:-1] + n) is not None for n in "123")
    return evidence.numbers(point) is not None or evidence.words(point) is not None


def absent(bench: Bench, *needs: str) -> RoutineResult | None:
    """Return why a routine cannot decide: the product has no such point, or the recording has not; else ``None``.

    A need is a point, alternatives as "a|b", or any of the three phases as "voltage_l*".
    """
    evidence = bench.evidence()
    if evidence is None:
        return bench.result(Verdict.INCONCLUSIVE, "There is no sample to judge.")
    gone = [need for need in needs if not any(has(evidence, name) for name in need.split("|"))]
    if not gone:
        return None
    cannot = [need for need in gone if bench.profile is not None and not _offers(bench, need)]
    if cannot:
        assert bench.profile is not None
        said = f"{bench.profile.vendor} {bench.profile.model} does not tell {_words(cannot)}."
        return bench.result(Verdict.NOT_APPLICABLE, said)
    return bench.result(Verdict.INCONCLUSIVE, f"There is no value of {_words(gone)}.")


def _offers(bench: Bench, need: str) -> bool:
    assert bench.profile is not None
    names = need.split("|")
    if "cp_state" in names and bench.profile.states:
        return True
    expanded = [f"{name[:-1]}{n}" for name in names if name.endswith("_l*") for n in "123"] + names
    return any(name in bench.profile.points for name in expanded)


def _words(needs: list[str]) -> str:
    return ", ".join(need.replace("|", " or ").replace("_l*", "_l1..3") for need in needs)


def usual_step(times: Floats) -> float:
    """Return the usual interval between samples (s); 1 for fewer than two."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0


def stretches(true: Bools, times: Floats) -> list[tuple[int, int]]:
    """Return first and last index of every run of True; a gap in the samples ends a run."""
    if not true.any():
        return []
    steps = np.diff(times)
    gap = steps > max(5 * usual_step(times), 10.0)
    begins = true & np.concatenate([[True], ~true[:-1] | gap])
    ends = true & np.concatenate([~true[1:] | gap, [True]])
    return list(zip(np.flatnonzero(begins).tolist(), np.flatnonzero(ends).tolist(), strict=True))


def in_states(evidence: Evidence, states: Iterable[str]) -> Bools:
    """Return where the pilot is in one of some states."""
    return np.asarray(np.isin(evidence.state_words, list(states)))


def median(values: npt.ArrayLike) -> float | None:
    """Return the median of what is known, ``None`` where nothing is."""
    array = np.asarray(values, np.float64)
    array = array[~np.isnan(array)]
    return float(np.median(array)) if len(array) else None


def most_current(evidence: Evidence) -> Floats:
    """Return the largest phase current at every sample (A); 0 where none is known."""
    signal = evidence.signal("m.i_max")
    if signal is None or signal.numbers is None:
        return np.zeros(len(evidence.trace))
    return np.nan_to_num(signal.numbers)


def rated_current(evidence: Evidence) -> tuple[float, str]:
    """Return the rated current (A) and where it is known from; the largest one seen, at least 16, as a last resort."""
    for name, origin in (("lim.hw", "the charger's rating"), ("site.breaker_a", "the breaker")):
        signal = evidence.signal(name)
        if signal is not None and signal.numbers is not None and not np.isnan(signal.numbers).all():
            highest = float(np.nanmax(signal.numbers))
            if highest >= 6:
                return highest, origin
    seen = float(np.max(most_current(evidence), initial=0.0))
    return max(16.0, float(np.ceil(seen - 0.5))), "no rating is known: the larger of 16 A and the current seen"
