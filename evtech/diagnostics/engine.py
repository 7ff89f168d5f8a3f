"""Evidence times knowledge: which faults explain what was seen, the best explanation first.

A fault is a candidate when its predicate was true, or when a maker's code names it. A candidate that another one
explains goes under that one; a critical one is never hidden. What cannot be decided is not decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.knowledge import Cause, Fault, catalogues, faults
from evtech.diagnostics.lookup import look_up
from evtech.diagnostics.poles import poles_of
from evtech.diagnostics.predicates import Outcome, evaluate

DETECTED = 0.8  # weight of a predicate that was true
CODED = 0.9  # weight of a maker's code with one target; shared among several
_SEVERITIES = ("critical", "fault", "warning", "info")
_LAST = ("CP-STATE-F", "INT-FAULT", "SES-PATTERN")  # consequences as a rule: they rank below what began before them
_EARLIER_S = 5.0


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence: a sentence, the point, its value, the limit and the moment (s, as the trace counts)."""

    text: str
    point: str
    value: Any
    limit: Any
    at: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One explanation with its proof. ``began`` in s as the trace counts; ``explains`` are its consequences."""

    fault: Fault
    began: float
    confidence: float
    phase: str | None
    proofs: tuple[Proof, ...]
    explains: tuple[str, ...] = ()
    standing: bool = False  # still true at the last sample

    @property
    def causes(self) -> list[Cause]:
        """Return the causes, the likeliest first."""
        return sorted(self.fault.causes, key=lambda cause: -cause.prior)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer: healthy, findings or inconclusive; which decisive signals were missing."""

    result: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = field(default=())


def diagnose(
    evidence: Evidence, profile: str | None = None, more: Callable[[list[Finding]], list[Finding]] = list
) -> Diagnosis:
    """Return what explains a recording; ``profile`` gives the maker's codes their meaning.

    ``more`` may add to the candidates what routines and a technician found, before they are ranked.
    """
    found = [f for fault in faults().values() if (f := _detected(fault, evidence)) is not None]
    found = more(_with_codes(found, evidence, profile))
    findings = _suppressed(_ordered(found))
    missing = tuple(name for name in ("evse.state", "m.i_max") if evidence.signal(name) is None)
    if any(f.fault.severity != "info" for f in findings):
        return Diagnosis("findings", tuple(findings), missing)
    return Diagnosis("inconclusive" if _undecidable(evidence, missing) else "healthy", tuple(findings), missing)


def _undecidable(evidence: Evidence, missing: tuple[str, ...]) -> bool:
    """Tell whether too little is known: neither the state nor a current, or hardly a sample."""
    if len(evidence.trace) < 3:
        return True
    return "evse.state" in missing or ("m.i_max" in missing and evidence.signal("m.p") is None)


def _detected(fault: Fault, evidence: Evidence) -> Finding | None:
    if fault.detect is None:
        return None
    outcome = evaluate(fault.detect, evidence.signal, evidence.trace.times)
    if not outcome.true.any():
        return None
    first = int(np.argmax(outcome.true))
    began = float(evidence.trace.times[first])
    return Finding(
        fault, began, DETECTED, poles_of(fault.id, evidence, outcome.true), _proofs(outcome, first, evidence)
    )


def _proofs(outcome: Outcome, at: int, evidence: Evidence) -> tuple[Proof, ...]:
    proofs = []
    for node, true in outcome.leaves:
        if not true[at]:
            continue
        signal = evidence.signal(node["signal"], node.get("window_s"))
        value: Any = None
        if signal is not None:
            value = str(signal.words[at]) if signal.words is not None else _number(signal.numbers, at)
        limit = _limit(node, evidence, at)
        held = f" for {node['for_s']:g} s" if node.get("for_s") else ""
        window = f" within {node['window_s']:g} s" if node.get("window_s") else ""
        shown = f"{value:.4g}" if isinstance(value, float) else value
        text = f"{node['signal']} was {shown} ({node['op']} {limit}){held}{window}"
        point = signal.point if signal else node["signal"]
        proofs.append(Proof(text, point, value, limit, float(evidence.trace.times[at])))
    return tuple(proofs)


def _limit(node: Mapping[str, Any], evidence: Evidence, at: int) -> Any:
    value = node.get("value")
    if not isinstance(value, Mapping):
        return value
    other = evidence.signal(value["ref"])
    number = _number(other.numbers, at) if other is not None else None
    return None if number is None else round(number * value.get("k", 1.0) + value.get("plus", 0.0), 3)


def _number(numbers: Any, at: int) -> float | None:
    """Return a number of an array, ``None`` for NaN; the array may be absent."""
    if numbers is None or np.isnan(numbers[at]):
        return None
    return round(float(numbers[at]), 4)


def _with_codes(found: list[Finding], evidence: Evidence, profile: str | None) -> list[Finding]:
    """Add what the maker's own codes say."""
    words = evidence.words("error_code")
    if words is None or profile not in catalogues():
        return found
    by_id = {finding.fault.id: finding for finding in found}
    for code in dict.fromkeys(word for word in words.tolist() if word not in ("", "0", "0x0", "0.0")):
        targets = [name for match in look_up(_plain(code), profile) for name in match.faults]
        first = int(np.argmax(words == code))
        at = float(evidence.trace.times[first])
        for name in targets:
            weight = CODED / len(targets)
            proof = Proof(f"the charger reported code {code}", "error_code", code, None, at)
            known = by_id.get(name)
            if known is None:
                phase = poles_of(name, evidence, words == code)
                standing = bool(words[-1] == code)
                by_id[name] = Finding(faults()[name], at, weight, phase, (proof,), standing=standing)
            else:
                combined = 1 - (1 - known.confidence) * (1 - weight)
                by_id[name] = replace(known, confidence=combined, proofs=(*known.proofs, proof))
    return list(by_id.values())


def _plain(code: str) -> str:
    """Return a code as it is looked up: 16.0 from a column of numbers is 16."""
    return code[:-2] if code.endswith(".0") else code


def _ordered(found: list[Finding]) -> list[Finding]:
    begins = [f.began for f in found if f.fault.id not in _LAST]

    def key(finding: Finding) -> tuple[bool, int, float, float]:
        late = finding.fault.id in _LAST and any(b <= finding.began + _EARLIER_S for b in begins)
        return late, _SEVERITIES.index(finding.fault.severity), -finding.confidence, finding.began

    return sorted(found, key=key)


def _suppressed(found: list[Finding]) -> list[Finding]:
    """Put consequences under what explains them; a critical one stays in the list."""
    present = {finding.fault.id for finding in found}
    hidden: set[str] = set()
    explains: dict[str, list[str]] = {}
    for finding in found:
        for name in finding.fault.suppresses:
            if name in present and name != finding.fault.id and finding.fault.id not in hidden:
                explains.setdefault(finding.fault.id, []).append(name)
                if faults()[name].severity != "critical":
                    hidden.add(name)
    return [replace(f, explains=tuple(explains.get(f.fault.id, ()))) for f in found if f.fault.id not in hidden]
