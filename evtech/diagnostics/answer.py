"""Findings and diagnoses as JSON values: on the command line, in the archive, in reports."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from evtech.diagnostics.engine import Diagnosis, Finding
from evtech.diagnostics.routine import RoutineResult


def diagnosis_json(diagnosis: Diagnosis, routines: Sequence[RoutineResult] = ()) -> dict[str, Any]:
    """Return a diagnosis as the contract writes it (schema ``evtech.diagnosis/1``)."""
    return {
        "schema": "evtech.diagnosis/1",
        "result": diagnosis.result,
        "findings": [finding_json(finding) for finding in diagnosis.findings],
        "routines": [routine_json(result) for result in routines],
        "missing_signals": list(diagnosis.missing),
        "not_measurable": list(diagnosis.not_measurable),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return one finding with its proof, causes, steps and safety."""
    fault = finding.fault
    return {
        "id": fault.id,
        "mrec": fault.mrec,
        "severity": fault.severity,
        "title": fault.title,
        "from": moment(finding.began),
        "confidence": round(finding.confidence, 3),
        "phase": finding.phase,
        "evidence": [
            {"text": p.text, "point": p.point, "value": p.value, "limit": p.limit, "at": moment(p.at)}
            for p in finding.proofs
        ],
        "causes": [{"cause": cause.cause, "rank": rank} for rank, cause in enumerate(finding.causes, 1)],
        "steps": [
            {"kind": s.kind, "text": s.text, "expect": s.expect, "routine": s.routine, "write": s.write}
            for s in fault.steps
        ],
        "safety": fault.safety or None,
        "resolve": fault.resolve,
        "retest": fault.retest,
        "explains": list(finding.explains),
    }


def routine_json(result: RoutineResult) -> dict[str, Any]:
    """Return one routine's result with its steps."""
    return {
        "id": result.id,
        "verdict": str(result.verdict),
        "reason": result.reason,
        "measured": dict(result.measured),
        "steps": [
            {
                "name": step.name,
                "verdict": str(step.verdict),
                "reason": step.reason,
                "expected": step.expected or None,
                "measured": step.measured or None,
                "at": None if step.at is None else moment(step.at),
            }
            for step in result.steps
        ],
        "faults": [{"id": name, "phase": phase} for name, phase in result.faults.items()],
        "not_restored": list(result.not_restored),
    }


def moment(seconds: float) -> str:
    """Return a time of a trace as ISO 8601 in UTC."""
    # not fromtimestamp: Windows has no moments before 1970, and a trace may count from below its own zero
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
