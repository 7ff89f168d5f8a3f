"""How much were the ports used? Minutes and energy inside the period, per port; a session counts where it starts.

Energy and sessions are those of the period; shares and means are of the time in service in it. Energy without a
duration counts where its session starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evtech.insights.availability import Downtime
from evtech.insights.intervals import Interval, clip, intersect, measure, subtract, union
from evtech.insights.records import Attempt, Port


@dataclass(frozen=True, slots=True)
class Utilisation:
    """One port's use in % of its time in service, in an archive of the time watched; ``None`` unknown. Means in kW."""

    time_plugged_pct: float | None
    time_charging_pct: float | None
    adjusted_pct: float | None
    energy_pct: float | None
    idle_pct: float | None
    kwh: float
    sessions: int
    mean_kw: float | None
    peak_to_rated_pct: float | None
    kwh_per_day: float | None
    sessions_per_day: float | None


def utilisation(port: Port, attempts: Sequence[Attempt], period: Interval, down: Downtime | None) -> Utilisation:
    """Return the use of one port from its own attempts."""
    in_service = port.exposed(period)
    service = measure(in_service)
    plugged = measure(intersect(union(_plugged(a) for a in attempts), in_service))
    charging = measure(intersect(union(s for a in attempts if (s := a.energy_span) is not None), in_service))
    kwh = sum(_kwh_inside(a, period) for a in attempts)
    own = port.in_service(period)
    served = kwh if own == [period] else sum(_kwh_inside(a, span) for a in attempts for span in own)
    sessions = sum(period[0] <= a.start < period[1] and a.has_started for a in attempts)
    peaks = [a.peak_kw for a in attempts if a.peak_kw is not None and period[0] <= a.start < period[1]]
    up = measure(subtract(in_service, down.outages)) if down is not None else None
    days = service / 1440
    return Utilisation(
        time_plugged_pct=_share(plugged, service),
        time_charging_pct=_share(charging, service),
        adjusted_pct=_share(charging, up) if up is not None else None,
        energy_pct=_share(served, port.rated_kw * service / 60) if port.rated_kw else None,
        idle_pct=_share(plugged - charging, plugged),
        kwh=kwh,
        sessions=sessions,
        mean_kw=served / (charging / 60) if charging > 0 else None,
        peak_to_rated_pct=100 * max(peaks) / port.rated_kw if peaks and port.rated_kw else None,
        kwh_per_day=served / days if days > 0 else None,
        sessions_per_day=sessions / days if days > 0 else None,
    )


def _plugged(attempt: Attempt) -> Interval:
    start = attempt.plugged_at
    if start is None:
        start = attempt.energy_started_at
    if start is None:  # an authorisation without a plug occupies nothing
        return (attempt.start, attempt.start)
    return (start, attempt.end)


def _kwh_inside(attempt: Attempt, period: Interval) -> float:
    """Return the energy inside the period: by share of time, as nothing finer is known; none if below zero."""
    if attempt.energy_kwh is None or attempt.energy_kwh <= 0:
        return 0.0
    span = attempt.energy_span
    if span is None or span[1] <= span[0]:
        return attempt.energy_kwh if period[0] <= attempt.start < period[1] else 0.0
    inside = clip([span], period)
    return attempt.energy_kwh * measure(inside) / measure([span])


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole > 0 else None
