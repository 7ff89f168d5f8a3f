"""All findings of a period in one list: of rows of sessions, of samples, of ports' histories, of unusual hours."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from evtech.insights.anomalies import Anomaly, session_anomalies
from evtech.insights.intervals import Interval
from evtech.insights.kept_findings import OPEN, FindingStatus
from evtech.insights.records import Attempt, Records
from evtech.insights.seasonal import seasonal_anomalies


def period_anomalies(records: Records, starting: Mapping[str, Iterable[Attempt]], period: Interval) -> list[Anomaly]:
    """Return every finding of a period, by time; ``starting`` are the attempts that begin in it, by port."""
    found = [
        *session_anomalies(starting, records.ports),
        *records.findings,
        *seasonal_anomalies(records, period, records.limits),
    ]
    return sorted(found, key=lambda a: (a.start, a.rule, a.about))


def anomaly_json(found: Anomaly, said: FindingStatus | None = None) -> dict[str, Any]:
    """Return a finding as the contract writes it, with what was said of it."""
    return {
        "id": found.id,
        "rule": found.rule,
        "about": found.about or None,
        "severity": found.severity,
        "port": found.port,
        "from": iso(found.start),
        "to": iso(found.end),
        "value": found.value,
        "limit": found.limit,
        "text": found.text,
        "suggestion": found.suggestion,
        "session": found.session_id,
        "evidence": [{"at": iso(e.at), "point": e.point, "value": e.value} for e in found.evidence],
        "status": said.status if said else OPEN,
        "reason": said.reason or None if said else None,
        "technician": said.technician if said else None,
        "judged_at": iso(said.at.timestamp()) if said else None,
    }


def iso(moment: float | None) -> str | None:
    """Return an instant as ISO 8601 in UTC with milliseconds; ``None`` stays ``None``."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
