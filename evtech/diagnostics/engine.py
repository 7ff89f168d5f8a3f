"""Evidence times knowledge: which faults explain what was seen, the best explanation first.

A fault is a candidate when its predicate was true, or when a maker's code names it. A candidate that another one
explains goes under that one; a critical one is never hidden. What cannot be decided is not decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evtech.diagnostics.evidence import NO_FAULT, Evidence
from evtech.diagnostics.innocent import innocent
from evtech.diagnostics.knowledge import Cause, Fault, catalogues, faults
from evtech.diagnostics.lookup import look_up_register, named
from evtech.diagnostics.measurable import not_measurable
from evtech.diagnostics.poles import poles_of
from evtech.diagnostics.predicates import Bools, Outcome, evaluate, run_starts

DETECTED = 0.8  # weight of a predicate that was true
CODED = 0.9  # weight of a maker's code with one target; shared among several
_FEW = 4
LIKELY = 0.5  # what is less likely than this stands behind what is more
# a fault proven by a signal (None: any) says against another, whose weight is halved: a drifting sensor trips without a
# leak; failures in a fixed rhythm are no noise; a vehicle that asks again and again has not simply paused; one whose
# digital link fails cannot start; a pilot that flaps is no vehicle that refuses the earth after a check of seconds
_CONTRADICTS = (
    ("RCD-NUISANCE", None, ("RCD-AC", "RCD-DC")),
    ("COM-SECOND-MASTER", "link.burst_period_s", ("COM-CRC-NOISE", "COM-INTERMITTENT")),
    ("EV-RETRY", None, ("EV-PAUSED",)),
    ("EV-HLC", None, ("EV-NO-START", "EV-PAUSED")),
    ("CP-FLAP", None, ("EV-EARTH-CHECK",)),
    ("EV-MIN-CURRENT", None, ("EV-PAUSED", "SES-PATTERN")),
)
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
    signal: str = ""


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
    """The answer: healthy, findings or inconclusive; which decisive signals were missing, what could not be proven."""

    result: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = field(default=())
    not_measurable: tuple[str, ...] = field(default=())


def diagnose(
    evidence: Evidence, profile: str | None = None, more: Callable[[list[Finding]], list[Finding]] = list
) -> Diagnosis:
    """Return what explains a recording; ``profile`` gives the maker's codes their meaning.

    ``more`` may add to the candidates what routines and a technician found, before they are ranked.
    """
    found = [f for fault in faults().values() if (f := _detected(fault, evidence)) is not None]
    found, unread = _with_codes(found, evidence, profile)
    findings = tuple(_suppressed(_ordered(_contradicted(more(found)))))
    if any(f.fault.severity != "info" for f in findings):
        return Diagnosis("findings", findings, _absent(evidence), not_measurable(evidence))
    missing = _undecided(evidence, unread)
    result = "inconclusive" if missing else "healthy"
    return Diagnosis(result, findings, missing or _absent(evidence), not_measurable(evidence))


def _absent(evidence: Evidence) -> tuple[str, ...]:
    return tuple(name for name in ("evse.state", "m.i_max") if evidence.signal(name) is None)


def _undecided(evidence: Evidence, unread: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is missing for an answer: samples, the state, a current, an offer, the meaning of a code."""
    if len(evidence.trace) < 3:
        return ("samples",)
    missing = _absent(evidence)
    flows = (evidence.signal("m.i_max"), evidence.signal("m.p"), evidence.numbers("dc_current"))
    if "evse.state" in missing or all(found is None for found in flows):
        return missing
    words = evidence.state_words
    if evidence.offer is None and words[-1] == "B" and not np.isin(words, ["C2", "D2", "C", "D"]).any():
        return ("lim.eff",)  # it waits, and nothing tells whether the charger or the vehicle does
    return tuple(f"meaning of code {code}" for code in unread)


def _detected(fault: Fault, evidence: Evidence) -> Finding | None:
    tree = _tree(fault)
    if tree is None:
        return None
    outcome = evaluate(tree, evidence.signal, evidence.trace.times)
    true = _stated(fault, evidence, outcome.true)
    if not true.any():
        return None
    first = int(np.argmax(true))
    phase = poles_of(fault.id, evidence, true)
    began = _began(tree, evidence, first)
    weight = CODED if _named(outcome, first) else DETECTED
    return Finding(fault, began, weight, phase, _proofs(outcome, first, evidence), standing=bool(true[-1]))


def _stated(fault: Fault, evidence: Evidence, true: Bools) -> Bools:
    veto = innocent(fault.id, evidence) if true.any() else None
    return true if veto is None else true & ~veto


def _named(outcome: Outcome, at: int) -> bool:
    """Tell whether the charger itself named the fault."""
    return any(node["signal"] == "evse.fault_id" and true[at] for node, true in outcome.leaves)


def _tree(fault: Fault) -> Mapping[str, Any] | None:
    return fault.detect if fault.also is None else {"any": [tree for tree in (fault.detect, fault.also) if tree]}


def _began(tree: Mapping[str, Any], evidence: Evidence, first: int) -> float:
    """Return when the condition began that had lasted long enough at ``first``."""
    times = evidence.trace.times
    loose = evaluate(tree, evidence.signal, times, holding=False).true
    return float(times[run_starts(loose, times)[first]] if loose[first] else times[first])


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
        proofs.append(Proof(text, point, value, limit, float(evidence.trace.times[at]), node["signal"]))
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


def _with_codes(found: list[Finding], evidence: Evidence, profile: str | None) -> tuple[list[Finding], tuple[str, ...]]:
    """Add what the charger's own codes say; return also the codes that nobody can read.

    Without a profile a code still speaks where it is a word of the trade: an MREC or OCPP name, or a fault's id.
    """
    words = evidence.words("error_code")
    if words is None:
        return found, ()
    known_profile = profile if profile in catalogues() else None
    by_id = {finding.fault.id: finding for finding in found}
    unread = []
    for code in dict.fromkeys(word for word in words.tolist() if word and word.lower() not in NO_FAULT):
        matches = look_up_register(_plain(code), known_profile) if known_profile else named(code)
        targets = list(dict.fromkeys(name for match in matches for name in match.faults))
        if not known_profile and len(targets) > _FEW:
            targets = []  # a name that may mean anything decides nothing
        innocent_code = bool(matches) and all(match.severity == "info" for match in matches)
        if not targets and not innocent_code and not any(p.value == code.lower() for f in found for p in f.proofs):
            unread.append(code)
        for name in targets:
            by_id[name] = _coded(by_id.get(name), name, code, CODED / len(targets), evidence)
    return list(by_id.values()), tuple(unread)


def _coded(known: Finding | None, name: str, code: str, weight: float, evidence: Evidence) -> Finding:
    words = evidence.trace.texts["error_code"]
    at = float(evidence.trace.times[int(np.argmax(words == code))])
    proof = Proof(f"the charger reported code {code}", "error_code", code, None, at)
    if known is None:
        phase = poles_of(name, evidence, words == code)
        return Finding(faults()[name], at, weight, phase, (proof,), standing=bool(words[-1] == code))
    combined = 1 - (1 - known.confidence) * (1 - weight)
    return replace(known, began=min(known.began, at), confidence=combined, proofs=(*known.proofs, proof))


def _plain(code: str) -> str:
    """Return a code as it is looked up: 16.0 from a column of numbers is 16."""
    return code[:-2] if code.endswith(".0") else code


def _contradicted(found: list[Finding]) -> list[Finding]:
    against = {
        other
        for name, signal, others in _CONTRADICTS
        for finding in found
        if finding.fault.id == name and (signal is None or any(p.signal == signal for p in finding.proofs))
        for other in others
    }
    return [replace(f, confidence=f.confidence / 2) if f.fault.id in against else f for f in found]


def _ordered(found: list[Finding]) -> list[Finding]:
    begins = [f.began for f in found if f.fault.id not in _LAST and f.fault.severity != "info"]

    def key(finding: Finding) -> tuple[int, bool, int, float, float]:
        late = finding.fault.id in _LAST and any(b <= finding.began + _EARLIER_S for b in begins)
        severity = _SEVERITIES.index(finding.fault.severity)
        unlikely = finding.confidence < LIKELY
        rank = 2 if unlikely and severity >= 2 else 1 if unlikely or severity == 3 else 0
        return rank, late, severity, -finding.confidence, finding.began

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
