"""Is it repaired? Watches anew what a finding was made of and compares before with after.

A condition that merely has no chance to show is no proof: a contactor is not proven open by the vehicle's charging.
Therefore the circumstances of the finding (pilot state, command, offer) must have been there again while the measured
value was within its limit. Else the retest says what is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evtech.diagnostics.answer import moment
from evtech.diagnostics.engine import Finding
from evtech.diagnostics.evidence import FLOWING_A, Evidence
from evtech.diagnostics.predicates import Bools, evaluate
from evtech.diagnostics.problems import holding, tree_of
from evtech.diagnostics.routine import RoutineResult, Verdict

CLOSED, STILL_THERE, NOT_PROVEN = "closed", "still_there", "not_proven"
SHORTEST_S, LONGEST_S = 8.0, 60.0
# signals that say under which circumstances something was seen, not what was wrong
_CIRCUMSTANCES = {
    "evse.state", "evse.state_prev", "evse.seen_c2_this_session", "evse.dwell_c2_s", "sw.cmd", "plug.evse", "lim.set",
    "lim.eff", "lim.hw", "lim.phases", "lim.last_write_age_s", "cp.duty", "auth.state", "link.kind", "id.phases",
    "site.phases", "m.i_before",
}  # fmt: skip
_FAULTY_STATES = ("E", "F", "D1", "D2")


@dataclass(frozen=True, slots=True)
class Retest:
    """How a retest ended: closed, still_there or not_proven; the evidence before and after."""

    fault: str
    verdict: str
    reason: str
    before: tuple[dict[str, Any], ...]
    after: tuple[dict[str, Any], ...]
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with the diagnosis."""
        return {
            "fault": self.fault, "verdict": self.verdict, "reason": self.reason, "before": list(self.before),
            "after": list(self.after), "at": moment(self.at.timestamp()),
        }  # fmt: skip


def watch_s(finding: Finding) -> float:
    """Return how long a retest must watch for the condition to be able to show (s)."""
    longest = max((float(leaf.get("for_s") or 0) for leaf in _leaves(tree_of(finding.fault))), default=0.0)
    return min(max(SHORTEST_S, longest + 5.0), LONGEST_S)


def judge(finding: Finding, after: Evidence, routines: Sequence[RoutineResult] = ()) -> Retest:
    """Return what a watch since the repair says about a finding, with the routines that were run again."""
    name = finding.fault.id
    failed = [r for r in routines if r.verdict is Verdict.FAIL and name in r.faults]
    passed = [r for r in routines if r.verdict is Verdict.PASS]
    if len(after.trace) and holding(finding, after).any():
        verdict, reason = STILL_THERE, "It was seen again."
    elif failed:
        verdict, reason = STILL_THERE, failed[0].reason
    elif routines and len(passed) == len(routines):
        verdict, reason = CLOSED, passed[0].reason
    else:
        verdict, reason = _by_watching(finding, after)
    before = tuple(
        {"point": p.point, "value": p.value, "limit": p.limit, "at": moment(p.at)} for p in finding.proofs
    )  # fmt: skip
    return Retest(name, verdict, reason, before, tuple(_after(finding, after)), datetime.now(UTC))


def _by_watching(finding: Finding, after: Evidence) -> tuple[str, str]:
    if len(after.trace) < 3:
        return NOT_PROVEN, "The charger gave too few readings."
    tree = tree_of(finding.fault)
    codes = [proof.value for proof in finding.proofs if proof.point == "error_code"]
    words = after.words("error_code")
    if codes and tree is None:
        if words is None:
            return NOT_PROVEN, "The charger no longer tells its code."
        return CLOSED, f"Code {codes[0]} is gone."
    if tree is None:
        return NOT_PROVEN, "The link cannot show this; do the retest below by hand."
    points = {proof.point for proof in finding.proofs}
    if _refuted(tree, after, points).any():
        return CLOSED, "Under the same circumstances the measured value is within its limit."
    left = _left_state(finding, after)
    if left:
        return CLOSED, left
    # a danger may be there while it charges: a welded pole does not keep a vehicle from charging
    if finding.fault.blocks_charging and finding.fault.severity != "critical" and _charges(after):
        return CLOSED, "It charges: state C2 and current flows."
    outcome = evaluate(tree, after.signal, after.trace.times)
    if outcome.unknown.all():
        return NOT_PROVEN, "The values that showed it are missing now."
    return NOT_PROVEN, "It does not show now, but the circumstances in which it showed were not there again."


def _refuted(node: Mapping[str, Any], evidence: Evidence, points: set[str]) -> Bools:
    """Return where a tree is false for a reason that counts: a measured value is known and within its limit."""
    nothing = np.zeros(len(evidence.trace), bool)
    if "any" in node:
        return np.asarray(np.logical_or.reduce([_refuted(child, evidence, points) for child in node["any"]]), bool)
    if "all" in node:
        around = [c for c in node["all"] if c.get("signal") in _CIRCUMSTANCES]
        measured = [_refuted(c, evidence, points) for c in node["all"] if c not in around]
        if not measured:
            return nothing
        there = [evaluate(c, evidence.signal, evidence.trace.times).true for c in around]
        return np.asarray(np.logical_or.reduce(measured) & np.logical_and.reduce([~nothing, *there]), bool)
    if "signal" not in node or node["signal"] in _CIRCUMSTANCES:
        return nothing
    signal = evidence.signal(node["signal"], node.get("window_s"))
    if signal is None or signal.steady or (points and signal.point not in points):
        return nothing
    outcome = evaluate({**node, "for_s": 0}, evidence.signal, evidence.trace.times)
    return np.asarray(~outcome.true & ~outcome.unknown, bool)


def _left_state(finding: Finding, after: Evidence) -> str:
    """Return why a fault that is a pilot state is over, empty where it is none or not over."""
    leaves = [leaf for leaf in _leaves(tree_of(finding.fault)) if leaf.get("signal") == "evse.state"]
    wanted = {
        str(v) for leaf in leaves for v in (leaf["value"] if isinstance(leaf["value"], list) else [leaf["value"]])
    }
    words = after.state_words
    if not wanted or not wanted <= set(_FAULTY_STATES) or (words == "").any() or np.isin(words, list(wanted)).any():
        return ""
    return f"The charger left state {', '.join(sorted(wanted))}: it is in {words[-1]}."


def _charges(after: Evidence) -> bool:
    current = after.signal("m.i_max")
    if current is None or current.numbers is None:
        return False
    both = (after.state_words == "C2") & (np.nan_to_num(current.numbers) > FLOWING_A)
    return bool(both[-3:].all())


def _after(finding: Finding, evidence: Evidence) -> list[dict[str, Any]]:
    """Return the same points as they are at the end of the watch."""
    found = []
    for proof in finding.proofs:
        value = _value(proof.point, finding.phase, evidence)
        if value is not None:
            at = moment(float(evidence.trace.times[-1]))
            found.append({"point": proof.point, "value": value, "limit": proof.limit, "at": at})
    return found


def _value(point: str, phase: str | None, evidence: Evidence) -> Any:
    """Return a point's newest value, a number or a word, ``None`` where it is not known."""
    if not len(evidence.trace):
        return None
    words = evidence.state_words if point == "cp_state" else evidence.words(point)
    if words is not None:
        return str(words[-1]) or None
    names = [f"{point}_{p.lower()}" for p in (phase.split(",") if phase else ("L1", "L2", "L3"))]
    columns = [c for c in (evidence.numbers(name) for name in (point, *names)) if c is not None]
    values = [float(column[-1]) for column in columns if not np.isnan(column[-1])]
    return round(max(values), 4) if values else None


def _leaves(node: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if node is None:
        return []
    children = [*node.get("all", ()), *node.get("any", ()), *([node["not"]] if "not" in node else [])]
    return [leaf for child in children for leaf in _leaves(child)] if children else [node]
