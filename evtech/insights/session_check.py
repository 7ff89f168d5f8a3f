"""The rules over samples, run once when a session ends or is imported, and kept as a result of kind ``anomaly``."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from evtech.insights.anomalies import Anomaly
from evtech.insights.sample_rules import Floats, SampleLimits, Samples, sample_anomalies
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.session_list import line_of

if TYPE_CHECKING:
    from evtech.store.archive import Archive

KIND = "anomaly"
COLUMNS = (
    "energy_import_total", "power_total", "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2",
    "current_l3",
)  # fmt: skip
_ORDER = ("critical", "warning", "info")


def check_session(archive: "Archive", session: ChargingSession, limits: SampleLimits | None = None) -> list[Anomaly]:
    """Run the rules over a session's samples and keep what they find, once; return it."""
    samples = read_samples(archive, session)
    found = sample_anomalies(samples, limits or SampleLimits()) if samples is not None else []
    if found and not archive.results(KIND, session_id=session.id):
        archive.add_result(result_of(session, found))
    return found


def result_of(session: ChargingSession, found: list[Anomaly]) -> Result:
    """Return findings as a result to keep."""
    worst = min((a.severity for a in found), key=_ORDER.index)
    body = {"schema": "evtech.anomalies/1", "findings": [asdict(a) for a in found]}
    title = "; ".join(a.text for a in found[:2]) + (f" (+{len(found) - 2})" if len(found) > 2 else "")
    at = session.ended or session.last_seen or datetime.now(UTC)
    return Result(KIND, title, body, worst, session.visit_id, session.id, session.recording_id, at=at)


def kept(results: list[Result], low: float, high: float) -> list[Anomaly]:
    """Return the findings in results that began in [low, high)."""
    found = [Anomaly(**each) for result in results for each in result.body.get("findings", ())]
    return [a for a in found if low <= a.start < high]


def read_samples(archive: "Archive", session: ChargingSession) -> Samples | None:
    """Return a session's samples as columns; ``None`` where none were kept."""
    end = session.ended or session.last_seen or datetime.now(UTC)
    names = [name for name, _ in archive.points(session.recording_id)]
    columns: dict[str, Floats] = {}
    times: Floats | None = None
    for name in names:
        if name in COLUMNS:
            series = archive.series(session.recording_id, name, session.started, end)
            columns[name], times = series.values, series.times
    if times is None or len(times) < 2:
        return None
    away: Any = None
    if "cp_state" in names:
        texts = archive.series(session.recording_id, "cp_state", session.started, end).texts
        away = np.array([(text or "").startswith("A") for text in texts])
    return Samples(line_of(session).port, times, columns, session.energy_wh, session.id, away)
