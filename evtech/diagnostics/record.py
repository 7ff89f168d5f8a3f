"""A diagnosis as it is kept and handed over (``evtech.diagnosis/1``): findings with samples, routines, retests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from evtech import VERSION
from evtech.diagnostics.answer import diagnosis_json, finding_json, moment, routine_json
from evtech.diagnostics.engine import Diagnosis, Finding
from evtech.diagnostics.excerpt import Excerpt, excerpt_json, excerpt_of
from evtech.diagnostics.headline import headline
from evtech.diagnostics.problems import Problem
from evtech.diagnostics.routine import RoutineResult
from evtech.diagnostics.trace import Trace
from evtech.measure.sample import ChargerIdentity
from evtech.store.results import Result


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where a diagnosis comes from: the charger or the file, and what the archive links it to."""

    charger: ChargerIdentity | None = None
    source: str = "live"  # live | trace | archive
    name: str = ""  # of the file
    visit_id: str | None = None
    session_id: str | None = None
    recording_id: str | None = None
    simulated: bool = False
    writes: Sequence[Mapping[str, Any]] = field(default=())


def live_result(
    standing: Iterable[Problem],
    history: Iterable[Problem],
    diagnosis: Diagnosis | None,
    routines: Iterable[RoutineResult],
    answers: Mapping[str, Any],
    around: Circumstances,
    earlier: Result | None = None,
) -> Result:
    """Return what is known of a live charger as one result; ``earlier`` is the diagnosis that this one replaces."""
    problems = [*standing, *history]
    body: dict[str, Any] = diagnosis_json(diagnosis) if diagnosis else {"missing_signals": []}
    findings = [_problem_json(problem) for problem in problems]
    return _result(body | {"findings": findings}, [p.finding for p in problems], routines, answers, around, earlier)


def trace_result(
    diagnosis: Diagnosis,
    trace: Trace,
    routines: Iterable[RoutineResult],
    answers: Mapping[str, Any],
    around: Circumstances,
    earlier: Result | None = None,
) -> Result:
    """Return the diagnosis of a recording as one result."""
    body = diagnosis_json(diagnosis)
    body["findings"] = [
        finding_json(f) | {"standing": f.standing, "count": 1, "window": _window(excerpt_of(trace, f))}
        for f in diagnosis.findings
    ]
    return _result(body, list(diagnosis.findings), routines, answers, around, earlier)


def _result(
    body: dict[str, Any],
    findings: Sequence[Finding],
    routines: Iterable[RoutineResult],
    answers: Mapping[str, Any],
    around: Circumstances,
    earlier: Result | None,
) -> Result:
    verdict = _verdict(body, findings)
    body |= {
        "schema": "evtech.diagnosis/1",
        "result": verdict,
        "routines": [routine_json(result) for result in routines],
        "answers": dict(answers),
        "made": moment(datetime.now(UTC).timestamp()),
        "source": {"kind": around.source, "name": around.name, "simulated": around.simulated},
        "charger": asdict(around.charger) if around.charger else None,
        "writes": [dict(row) for row in around.writes],
        "software": f"evtech {VERSION}",
        "before": _before(earlier) if earlier else None,
    }
    title = headline(findings[0]).what if findings else "No fault was found"
    if verdict == "inconclusive":
        title = "It cannot be decided"
    return Result(
        "diagnosis", title, body, verdict, around.visit_id, around.session_id, around.recording_id,
        earlier.id if earlier else None,
    )  # fmt: skip


def _verdict(body: Mapping[str, Any], findings: Sequence[Finding]) -> str:
    """Return healthy, findings or inconclusive; what a retest closed is no finding any more."""
    closed = {f["id"] for f in body["findings"] if (f.get("retested") or {}).get("verdict") == "closed"}
    if any(f.fault.severity != "info" and f.fault.id not in closed for f in findings):
        return "findings"
    told = str(body.get("result", "inconclusive"))
    return "healthy" if told == "findings" else told


def _problem_json(problem: Problem) -> dict[str, Any]:
    return finding_json(problem.finding) | {
        "standing": problem.is_standing,
        "count": problem.count,
        "first": moment(problem.first.timestamp()),
        "last": moment(problem.last.timestamp()),
        "cleared": moment(problem.cleared.timestamp()) if problem.cleared else None,
        "explained_by": problem.explained_by,
        "window": _window(problem.excerpt),
        "retested": dict(problem.retest) if problem.retest else None,
    }


def _window(excerpt: Excerpt | None) -> dict[str, Any] | None:
    return excerpt_json(excerpt) if excerpt else None


def _before(earlier: Result) -> dict[str, Any]:
    """Return what an earlier diagnosis said, short: a report prints it beside what is so now."""
    return {
        "id": earlier.id,
        "at": moment(earlier.at.timestamp()),
        "result": earlier.verdict,
        "title": earlier.title,
        "findings": [
            {"id": f["id"], "title": f["title"], "phase": f.get("phase"), "severity": f["severity"],
             "evidence": f["evidence"]}
            for f in earlier.body.get("findings", [])
        ],
        "routines": [
            {"id": r["id"], "verdict": r["verdict"], "reason": r["reason"]} for r in earlier.body.get("routines", [])
        ],
    }  # fmt: skip
