"""Puts the parts together: everything that can be said of a period, and its JSON (``evtech.insights/1``)."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from evtech.errors import InputError
from evtech.insights.anomalies import Anomaly
from evtech.insights.availability import (
    DOWN_STATES,
    Downtime,
    PortAvailability,
    downtime,
    downtime_by_cause,
    port_availability,
    uk_reliability,
)
from evtech.insights.collecting import uncollected
from evtech.insights.demand import INTERVAL_MIN, Demand, WeekHours, demand, together, week_hours
from evtech.insights.finding_list import anomaly_json, iso, period_anomalies
from evtech.insights.intervals import Interval
from evtech.insights.rates import Rate
from evtech.insights.records import Attempt, Outage, Records, StateSpan
from evtech.insights.success import Success, chained, is_success, rates_of
from evtech.insights.utilisation import Utilisation, utilisation

NEVI_TARGET_PCT = 97.0
T = TypeVar("T", Attempt, Outage, StateSpan)
LONGEST_S = 40 * 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Overview:
    """What a period says. ``availability`` is empty where nobody recorded outages or states."""

    period: Interval
    now: float
    records: Records
    attempts: list[Attempt]
    availability: dict[str, PortAvailability]
    uk_text_pct: float | None
    uk_exempt_pct: float | None
    causes: dict[str, float]
    success: Success
    success_by_port: dict[str, Success]
    utilisation: dict[str, Utilisation]
    demand: Demand
    week: WeekHours
    week_by_port: dict[str, WeekHours]
    anomalies: list[Anomaly]
    failures: dict[str, int]
    downs: dict[str, Downtime | None]
    touching: dict[str, list[Attempt]]  # of the period, by port
    tries: dict[str, list[Attempt]]  # begun in it and judged, quick retries joined, by port


@uncollected
def overview(records: Records, period: Interval, now: float | None = None) -> Overview:
    """Compute everything for a period [from, to); raise ``InputError`` for one that is empty or absurd."""
    if not period[1] > period[0]:
        raise InputError(
            "The period is empty: --from is not before --to.", "Such as --from 2025-01-01 --to 2026-01-01."
        )
    if period[1] - period[0] > LONGEST_S:
        raise InputError("The period is longer than 40 years.", "Check --from and --to.")
    now = time.time() if now is None else now
    ports = list(records.ports.values())
    inside = [a for a in records.attempts if period[0] <= a.start < period[1]]
    touching = _by_port([a for a in records.attempts if a.start < period[1] and a.end >= period[0]]) or {}
    starting = _by_port(inside) or {}
    outages, states = _by_port(records.outages), _by_port(records.states)
    downs = {p.name: downtime(_of(outages, p.name), _of(states, p.name), p, period, now) for p in ports}
    available = {
        name: port_availability(name, down, _of(outages, name) or ())
        for name, down in downs.items()
        if down is not None
    }
    tries = {p.name: chained(starting.get(p.name, ())) for p in ports}
    weeks = {p.name: week_hours(p, touching.get(p.name, []), period, downs[p.name]) for p in ports}
    text, exempt = uk_reliability((p, d) for p in ports if (d := downs[p.name]) is not None)
    return Overview(
        period=period,
        now=now,
        records=records,
        attempts=inside,
        availability=available,
        uk_text_pct=text,
        uk_exempt_pct=exempt,
        causes=downtime_by_cause(down_by_cause(records), period, now),
        success=rates_of(sorted((a for own in tries.values() for a in own), key=lambda a: a.start), records.ports),
        success_by_port={name: rates_of(own, records.ports) for name, own in tries.items()},
        tries=tries,
        utilisation={p.name: utilisation(p, touching.get(p.name, []), period, downs[p.name]) for p in ports},
        demand=demand(touching, ports, period),
        week=together(weeks.values()),
        week_by_port=weeks,
        anomalies=period_anomalies(records, starting, period),
        failures=_failures(inside),
        downs=downs,
        touching=touching,
    )


def overview_json(found: Overview) -> dict[str, Any]:
    """Return the overview as the contract writes it."""
    return {
        "schema": "evtech.insights/1",
        "period": {"from": iso(found.period[0]), "to": iso(found.period[1]), "now": iso(found.now)},
        "availability": {
            "ports": {name: _availability_json(a) for name, a in found.availability.items()},
            "uk_reliability_pct": found.uk_text_pct,
            "uk_exempt_variant_pct": found.uk_exempt_pct,
            "downtime_by_cause_min": found.causes,
        },
        "success": _success_json(found.success),
        "success_by_port": {name: _success_json(s) for name, s in found.success_by_port.items()},
        "failures_by_code": found.failures,
        "utilisation": {name: _utilisation_json(u) for name, u in found.utilisation.items()},
        "demand": {
            "peak_kw": found.demand.peak_kw,
            "at": iso(found.demand.at),
            "interval_min": INTERVAL_MIN,
            "mean_kw": found.demand.mean_kw,
            "load_factor": found.demand.load_factor,
            "coincidence_factor": found.demand.coincidence_factor,
            "ports_active": list(found.demand.ports_active),
        },
        "hour_of_week": [_bin_json(found.week, index) for index in range(len(found.week.kwh))],
        "anomalies": [anomaly_json(a, found.records.judged.get(a.id)) for a in found.anomalies],
        "warnings": found.records.warnings,
    }


def down_by_cause(records: Records) -> list[Outage]:
    """Return the outages; where states are known instead, the states in which a port was down, as their causes."""
    if records.states is None:
        return records.outages or []
    return [Outage(s.port, s.start, s.end, s.state.lower()) for s in records.states if s.state in DOWN_STATES]


def _by_port(items: Iterable[T] | None) -> dict[str, list[T]] | None:
    """Return items by the port they name; ``None`` stays ``None``."""
    if items is None:
        return None
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(item.port, []).append(item)
    return found


def _of(grouped: dict[str, list[T]] | None, port: str) -> list[T] | None:
    return None if grouped is None else grouped.get(port, [])


def _failures(attempts: Iterable[Attempt]) -> dict[str, int]:
    """Return how often each error code (else each end) stopped an attempt, most often first."""
    counts: dict[str, int] = {}
    for attempt in attempts:
        if attempt.is_judged and not is_success(attempt):
            cause = failure_cause(attempt)
            counts[cause] = counts.get(cause, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def failure_cause(attempt: Attempt) -> str:
    """Return what stopped an attempt: its error code, else how it ended."""
    return attempt.error_code or (attempt.end_reason if attempt.has_started else "no energy")


def _rate_json(found: Rate | None) -> dict[str, Any]:
    if found is None:
        return {"value": None, "low": None, "high": None, "k": 0, "n": 0}
    return {"value": found.value, "low": found.low, "high": found.high, "k": found.k, "n": found.n}


def _success_json(found: Success) -> dict[str, Any]:
    return {
        "attempts": found.attempts,
        "authorisation_pct": _rate_json(found.authorisation),
        "charge_start_pct": _rate_json(found.charge_start),
        "session_pct": _rate_json(found.session),
        "attempt_pct": _rate_json(found.attempt),
        "visit_pct": _rate_json(found.visit),
        "first_time_pct": _rate_json(found.first_time),
        "interrupted_pct": _rate_json(found.interrupted),
        "attempt_without_vehicle_pct": _rate_json(found.without_vehicle),
        "start_time_median_s": found.start_time_median_s,
        "start_time_p95_s": found.start_time_p95_s,
        "data_errors": found.data_errors,
    }


def _availability_json(found: PortAvailability) -> dict[str, Any]:
    return {
        "nevi_uptime_pct": found.nevi_uptime_pct,
        "nevi_actual_pct": found.nevi_actual_pct,
        "cec_uptime_pct": found.cec_uptime_pct,
        "meets_nevi": found.nevi_uptime_pct > NEVI_TARGET_PCT,
        "outage_min": found.outage_min,
        "excluded_min": found.excluded_min,
        "coverage_pct": found.coverage_pct,
        "service_min": found.service_min,
        "failures": found.failures,
        "mtbf_h": found.mtbf_h,
        "mtbf_low_h": found.mtbf_low_h,
        "mtbf_high_h": found.mtbf_high_h,
        "mttr_h": found.mttr_h,
        "mttr_median_h": found.mttr_median_h,
        "open_since": iso(found.open_since),
    }


def _utilisation_json(found: Utilisation) -> dict[str, Any]:
    names = (
        "time_plugged_pct", "time_charging_pct", "adjusted_pct", "energy_pct", "idle_pct", "kwh", "sessions", "mean_kw",
        "peak_to_rated_pct", "kwh_per_day", "sessions_per_day",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names}


def _bin_json(week: WeekHours, index: int) -> dict[str, Any]:
    exposure = float(week.exposure_h[index])
    kwh, occupied = float(week.kwh[index]), float(week.occupied_h[index])
    return {
        "kwh_per_exposed_hour": kwh / exposure if exposure > 0 else None,
        "occupied_pct": min(100.0, 100 * occupied / exposure) if exposure > 0 else None,
        "exposure_h": exposure,
        "kwh": kwh,
    }
