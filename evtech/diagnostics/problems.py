"""The problem list of a live charger: what is true now, apart from what has been.

A problem is one item however often it comes: it has a count, a first and a last time. It is raised when its condition
becomes true, and cleared when it has not been true for some seconds. What passed between two looks is counted too.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evtech.diagnostics.engine import Diagnosis, Finding
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.excerpt import Excerpt, excerpt_of
from evtech.diagnostics.innocent import innocent
from evtech.diagnostics.knowledge import Fault
from evtech.diagnostics.predicates import Bools, evaluate
from evtech.diagnostics.trace import Floats
from evtech.events import Event, EventKind

QUIET_S = 3.0  # a condition that comes back sooner has not been away


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: its newest finding, how often and when, and the samples around its first moment."""

    finding: Finding
    first: datetime
    last: datetime
    count: int = 1
    is_standing: bool = True
    cleared: datetime | None = None
    explained_by: str | None = None  # another finding of which this one is a consequence
    excerpt: Excerpt | None = None
    retest: Mapping[str, Any] | None = None  # how a retest closed it, as ``retest.py`` writes it

    @property
    def id(self) -> str:
        """Return the fault's id."""
        return self.finding.fault.id


class Problems:
    """Takes one diagnosis after the other; ``standing`` and ``history`` are replaced, never changed in place."""

    def __init__(self) -> None:
        self.standing: tuple[Problem, ...] = ()
        self.history: tuple[Problem, ...] = ()
        self._known: dict[str, Problem] = {}
        self._lock = threading.Lock()

    def take(self, diagnosis: Diagnosis, evidence: Evidence) -> list[Event]:
        """Take what an evaluation of the newest window found; return what was raised and cleared by it."""
        if not len(evidence.trace):
            return []
        with self._lock:
            return self._take(diagnosis, evidence)

    def _take(self, diagnosis: Diagnosis, evidence: Evidence) -> list[Event]:
        times = evidence.trace.times
        now = float(times[-1])
        events: list[Event] = []
        hidden = {name: finding.fault.id for finding in diagnosis.findings for name in finding.explains}
        for finding in diagnosis.findings:
            held = holding(finding, evidence)
            events += self._note(finding, held, evidence, now)
        names = {finding.fault.id for finding in diagnosis.findings}
        for name, problem in self._known.items():
            if name in hidden and name not in names:
                self._known[name] = replace(problem, is_standing=False, explained_by=hidden[name])
            elif problem.is_standing and now - problem.last.timestamp() > _quiet(times):
                self._known[name] = replace(problem, is_standing=False, cleared=problem.last)
                events.append(_event(EventKind.FINDING_CLEARED, self._known[name], now))
        self._publish([finding.fault.id for finding in diagnosis.findings])
        return events

    def close(self, name: str, retest: Mapping[str, Any]) -> Problem | None:
        """Keep the proof of a retest with a problem; return it as it is now."""
        with self._lock:
            problem = self._known.get(name)
            if problem is None:
                return None
            self._known[name] = replace(problem, retest=retest)
            self._publish([p.id for p in self.standing])
            return self._known[name]

    def _note(self, finding: Finding, held: Bools, evidence: Evidence, now: float) -> list[Event]:
        times = evidence.trace.times
        true = np.flatnonzero(held)
        if not len(true):
            return []
        last = float(times[true[-1]])
        known = self._known.get(finding.fault.id)
        after = known.last.timestamp() if known else -np.inf
        quiet = _quiet(times)
        fresh = _beginnings(held, times, after, quiet)
        standing = now - last <= quiet
        cleared = None if standing else _at(last)
        if known is None:
            problem = Problem(finding, _at(float(times[true[0]])), _at(last), max(1, len(fresh)), standing, cleared)
        else:
            more = [p for p in finding.proofs if is_told(p.point) and p not in known.finding.proofs]
            kept = replace(
                known.finding, confidence=finding.confidence, explains=finding.explains,
                proofs=(*known.finding.proofs, *more),
            )  # fmt: skip
            problem = replace(
                known, finding=kept, last=max(known.last, _at(last)), count=known.count + len(fresh),
                is_standing=standing, cleared=cleared, explained_by=None, retest=None if fresh else known.retest,
            )  # fmt: skip
        if problem.excerpt is None or not problem.excerpt.is_whole:
            problem = replace(problem, excerpt=excerpt_of(evidence.trace, problem.finding) or problem.excerpt)
        self._known[problem.id] = problem
        events = []
        if known is None or fresh:
            events.append(_event(EventKind.FINDING_RAISED, problem, fresh[-1] if fresh else problem.first.timestamp()))
        if not standing and (events or (known is not None and known.is_standing)):
            events.append(_event(EventKind.FINDING_CLEARED, problem, last))
        return events

    def _publish(self, order: list[str]) -> None:
        ranked = sorted(self._known.values(), key=lambda p: order.index(p.id) if p.id in order else len(order))
        self.standing = tuple(p for p in ranked if p.is_standing)
        self.history = tuple(sorted((p for p in ranked if not p.is_standing), key=lambda p: p.last, reverse=True))


def holding(finding: Finding, evidence: Evidence) -> Bools:
    """Return at which samples a finding's condition holds: its predicate, or the maker's code that names it."""
    held = np.zeros(len(evidence.trace), bool)
    tree = tree_of(finding.fault)
    if tree is not None:
        held |= evaluate(tree, evidence.signal, evidence.trace.times).true
        veto = innocent(finding.fault.id, evidence) if held.any() else None
        held = held if veto is None else held & ~veto
    words = evidence.words("error_code")
    codes = {str(proof.value) for proof in finding.proofs if proof.point == "error_code"}
    if words is not None and codes:
        held |= np.isin(words, list(codes))
    for proof in finding.proofs:
        if is_told(proof.point):  # a routine or a person found it: it holds until they find otherwise
            held |= evidence.trace.times >= proof.at
    return held


def is_told(point: str) -> bool:
    """Tell whether a proof comes from a routine or from a technician's answer."""
    return point == "answer" or (len(point) == 3 and point[0] == "R" and point[1:].isdigit())


def tree_of(fault: Fault) -> Mapping[str, Any] | None:
    """Return a fault's whole predicate, ``None`` where samples cannot show it."""
    return fault.detect if fault.also is None else {"any": [tree for tree in (fault.detect, fault.also) if tree]}


def _beginnings(held: Bools, times: Floats, after: float, quiet: float) -> list[float]:
    """Return when a condition began anew after a moment; it must have been seen to be false for a while before."""
    begun: list[float] = []
    last = after
    was_false = not np.isfinite(after)
    for t, true in zip(times.tolist(), held.tolist(), strict=True):
        if t <= after:
            continue
        if not true:
            was_false = True
        else:
            if was_false and t - last > quiet:
                begun.append(t)
            last, was_false = t, False
    return begun


def _quiet(times: Floats) -> float:
    """Return how long a condition must be away to be gone (s): some seconds, more where polls are slow."""
    return max(QUIET_S, 2.5 * float(np.median(np.diff(times)))) if len(times) > 1 else QUIET_S


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _event(kind: EventKind, problem: Problem, at: float) -> Event:
    finding = problem.finding
    details = {
        "finding": problem.id, "title": finding.fault.title, "severity": finding.fault.severity,
        "phase": finding.phase, "count": problem.count,
    }  # fmt: skip
    return Event(_at(at), kind, details)
