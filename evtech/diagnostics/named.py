"""What routines and a technician's measurements add to the findings: named faults, causes that were shown, doubts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from evtech.diagnostics.engine import Finding, Proof
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.knowledge import Fault, faults
from evtech.diagnostics.measurements import measurements
from evtech.diagnostics.routine import RoutineResult, Verdict

NAMED = 0.95  # weight of a routine's verdict that names a fault, or of a measurement beyond its limit
DOUBTED = 0.5  # what is left of a fault that a routine speaks against
SHOWN = 4.0  # likelihood ratio of an answered step that supports a cause


def with_routines(
    found: list[Finding], evidence: Evidence, results: Sequence[RoutineResult], asked: bool
) -> list[Finding]:
    """Return the findings with what routines and answers say.

    A routine that was asked for adds what it names. One that merely ran over a recording strengthens, where it
    fails, what the evidence has found already, and names what it puts in the place of a fault that it speaks
    against (a sensor that is wrong instead of a leakage). What only its limits say is in its verdict.
    """
    by_id = {finding.fault.id: finding for finding in found}
    begin = float(evidence.trace.times[0]) if len(evidence.trace) else 0.0
    for fault, text, value in _answered(evidence.facts):
        _add(by_id, fault, None, Proof(text, "answer", value, None, begin))
    for result in results:
        for fault, phase in result.faults.items():
            speaks_against = any(name in by_id for name in result.contradicts)
            counts = result.verdict is Verdict.FAIL and (fault in by_id or speaks_against)
            if fault in faults() and (asked or counts):
                at = next((s.at for s in result.steps if s.verdict is Verdict.FAIL and s.at is not None), begin)
                _add(by_id, fault, phase, Proof(f"{result.id}: {result.reason}", result.id, result.verdict, None, at))
    for name in {name for result in results for name in result.contradicts} & by_id.keys():
        by_id[name] = replace(by_id[name], confidence=by_id[name].confidence * DOUBTED)
    favoured = [pair for result in results for pair in result.favours]
    return [replace(f, fault=_with_causes(f.fault, favoured)) for f in by_id.values()]


def _add(by_id: dict[str, Finding], name: str, phase: str | None, proof: Proof) -> None:
    known = by_id.get(name)
    if known is None:
        by_id[name] = Finding(faults()[name], proof.at, NAMED, phase, (proof,))
        return
    combined = 1 - (1 - known.confidence) * (1 - NAMED)
    by_id[name] = replace(known, confidence=combined, phase=known.phase or phase, proofs=(*known.proofs, proof))


def _answered(facts: Facts) -> Iterable[tuple[str, str, float | str]]:
    """Return fault, words and value of every measurement that a person typed and that names a fault."""
    for name, measurement in measurements().items():
        value = facts.answers.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        band = measurement.band(value)
        if band is not None and band.fault is not None:
            question = measurement.question
            shown = value if isinstance(value, str) else f"{value:g} {question.unit}"
            yield band.fault, f"{name} is {shown}: {band.says} (expected: {question.expect})", value


def _with_causes(fault: Fault, favoured: Sequence[tuple[str, str]]) -> Fault:
    """Return a fault whose causes weigh what was shown: prior times likelihood ratio, made to sum to 1 again."""
    shown = {cause for name, cause in favoured if name == fault.id}
    if not shown:
        return fault
    weights = [cause.prior * (SHOWN if cause.cause in shown else 1.0) for cause in fault.causes]
    causes = (replace(c, prior=w / sum(weights)) for c, w in zip(fault.causes, weights, strict=True))
    return replace(fault, causes=tuple(causes))
