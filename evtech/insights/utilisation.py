"""How much were the ports used? Minutes and energy inside the period, per port; a session counts where it starts.

Energy and sessions are those of the period; shares and means are of the time in service in it. Energy without a
duration counts where its session starts.
"""

from dataclasses import dataclass

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.intervals import Interval, intersect, measure, subtract
from evtech.insights.port_use import PortUse


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


def utilisation(use: PortUse, period: Interval) -> Utilisation:
    """Return the use of one port."""
    port, down = use.port, use.down
    service = measure(use.exposed)
    plugged = measure(intersect(use.plugged, use.exposed))
    charging = measure(intersect(use.charging, use.exposed))
    began = (use.attempts.start >= period[0]) & (use.attempts.start < period[1])
    kwh = _kwh_inside(use.attempts, period)
    served = sum(_kwh_inside(use.attempts, span) for span in port.in_service(period))
    sessions = int(np.count_nonzero(began & use.attempts.has_started))
    peak = float(np.fmax.reduce(use.attempts.peak_kw[began], initial=np.nan))
    up = measure(subtract(use.exposed, down.outages)) if down is not None else None
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
        peak_to_rated_pct=100 * peak / port.rated_kw if peak == peak and port.rated_kw else None,
        kwh_per_day=served / days if days > 0 else None,
        sessions_per_day=sessions / days if days > 0 else None,
    )


def _kwh_inside(attempts: Attempts, span: Interval) -> float:
    """Return the energy inside a span: by share of time, as nothing finer is known; none if below zero."""
    spans = attempts.energy_span
    lengths = spans.ends - spans.starts
    inside = np.minimum(spans.ends, span[1]) - np.maximum(spans.starts, span[0])
    began = ((attempts.start >= span[0]) & (attempts.start < span[1])).astype(np.float64)
    shares = np.divide(np.maximum(inside, 0.0), lengths, out=began, where=lengths > 0)
    return float(np.nansum(np.maximum(attempts.energy_kwh, 0.0) * shares))


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole > 0 else None
