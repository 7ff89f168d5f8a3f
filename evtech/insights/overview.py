"""Puts the parts together: everything that can be said of a period, and its JSON (``evtech.insights/1``)."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from evtech.errors import InputError
from evtech.insights.anomalies import Anomaly
from evtech.insights.attempts import Attempts
from evtech.insights.availability import (
    DOWN_STATES,
    PortAvailability,
    downtime,
    downtime_by_cause,
    port_availability,
    uk_reliability,
)
from evtech.insights.causes import causes_of
from evtech.insights.demand import INTERVAL_MIN, Demand, WeekHours, demand, together, week_hours
from evtech.insights.finding_list import anomaly_json, iso, period_anomalies
from evtech.insights.intervals import Interval
from evtech.insights.port_use import PortUse, port_use
from evtech.insights.rates import Rate
from evtech.insights.records import Outage, Records
from evtech.insights.states import States
from evtech.insights.success import Success, chained, failure_causes, rates_by, rates_of, succeeded
from evtech.insights.utilisation import Utilisation, utilisation

NEVI_TARGET_PCT = 97.0
T = TypeVar("T", Attempts, States)
LONGEST_S = 40 * 366 * 86400.0
_NO_ATTEMPTS, _NO_STATES = Attempts.of(()), States.of(())


@dataclass(frozen=True, slots=True)
class Overview:
    """What a period says. ``availability`` is empty where nobody recorded outages or states."""

    period: Interval
    now: float
    records: Records
    attempts: Attempts  # begun in it
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
    uses: dict[str, PortUse]
    judged: Attempts  # begun in it and judged, quick retries joined, port after port
    tries: dict[str, Attempts]  # the same by port


def overview(records: Records, period: Interval, now: float | None = None) -> Overview:
    """Compute everything for a period [from, to); raise ``InputError`` for one that is empty or absurd."""
    if not period[1] > period[0]:
        raise InputError(
            "The period is empty: --from is not before --to.", "Such as --from 2025-01-01 --to 2026-01-01."
        )
    if period[1] - period[0] > LONGEST_S:
        raise InputError("The period is longer than 40 years.", "Check --from and --to.")
    now = time.time() if now is None else now
    ports, told = records.ports, _outages_by_port(records)
    attempts = Attempts.of(records.attempts)
    inside = attempts.take((attempts.start >= period[0]) & (attempts.start < period[1]))
    touching = by_port(attempts.take((attempts.first < period[1]) & (attempts.end >= period[0])))
    states = by_port(States.of(records.states)) if records.states is not None else None
    uses, available = {}, {}
    for name, port in ports.items():
        outages = told.get(name, []) if told is not None else None
        seen = states.get(name, _NO_STATES) if states is not None else None
        down = downtime(outages, seen, port, period, now)
        uses[name] = port_use(port, touching.get(name, _NO_ATTEMPTS), period, down)
        if down is not None:
            available[name] = port_availability(name, down, outages or ())
    tried = by_port(chained(inside)[0])
    tries = {name: tried.get(name, _NO_ATTEMPTS) for name in ports}
    judged = Attempts.joined([_NO_ATTEMPTS, *tries.values()])
    each = rates_by(judged, np.repeat(np.arange(len(ports)), [len(own) for own in tries.values()]), len(ports), ports)
    weeks = {name: week_hours(use, period) for name, use in uses.items()}
    text, exempt = uk_reliability((use.port, use.down) for use in uses.values() if use.down is not None)
    return Overview(
        period=period,
        now=now,
        records=records,
        attempts=inside,
        availability=available,
        uk_text_pct=text,
        uk_exempt_pct=exempt,
        causes=downtime_by_cause(down_by_cause(records), period, now),
        success=rates_of(judged, ports),
        success_by_port=dict(zip(ports, each, strict=True)),
        judged=judged,
        tries=tries,
        utilisation={name: utilisation(use, period) for name, use in uses.items()},
        demand=demand(uses.values(), period),
        week=together(weeks.values()),
        week_by_port=weeks,
        anomalies=period_anomalies(records, by_port(inside), period),
        failures=_failures(inside),
        uses=uses,
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
    """Return the outages; beside or instead of them the states in which a port was down, as their own causes."""
    if records.states is None:
        return records.outages or []
    states = States.of(records.states)
    seen = [Outage(s.port, s.start, s.end, s.state.lower()) for s in states.take(states.state.among(DOWN_STATES))]
    return causes_of(seen, records.outages) if records.outages else seen


def by_port(items: T) -> dict[str, T]:
    """Return items by the port they name, in the order in which ports appear."""
    order, groups = items.port.groups()
    arranged = items.take(order)
    return {name: arranged.take(rows) for name, rows in groups}


def _outages_by_port(records: Records) -> dict[str, list[Outage]] | None:
    if records.outages is None:
        return None
    found: dict[str, list[Outage]] = {}
    for outage in records.outages:
        found.setdefault(outage.port, []).append(outage)
    return found


def failed_of(attempts: Attempts, cause: str | None = None) -> Attempts:
    """Return those that are known to have failed; ``cause`` keeps one cause only."""
    failed = attempts.take(attempts.is_judged & ~succeeded(attempts))
    if cause is None:
        return failed
    return failed.take(np.array([each == cause for each in failure_causes(failed)], dtype=bool))


def _failures(attempts: Attempts) -> dict[str, int]:
    """Return how often each error code (else each end) stopped an attempt, most often first."""
    counts = Counter(failure_causes(failed_of(attempts)))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


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
