"""How much were the ports used? Minutes and energy inside the period, per port; a session counts where it starts."""

from dataclasses import dataclass

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.intervals import Interval, intersect, measure, subtract
from evtech.insights.port_use import PortUse
from evtech.store.columns import Mask


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
    kwh = _kwh_inside(use.attempts, began, period)
    sessions = int(np.count_nonzero(began & use.attempts.has_started))
    peak = float(np.fmax.reduce(use.attempts.peak_kw[began], initial=np.nan))
    up = measure(subtract(use.exposed, down.outages)) if down is not None else None
    days = service / 1440
    return Utilisation(
        time_plugged_pct=_share(plugged, service),
        time_charging_pct=_share(charging, service),
        adjusted_pct=_share(charging, up) if up is not None else None,
        energy_pct=_share(kwh, port.rated_kw * service / 60) if port.rated_kw else None,
        idle_pct=_share(plugged - charging, plugged),
        kwh=kwh,
        sessions=sessions,
        mean_kw=kwh / (charging / 60) if charging > 0 else None,
        peak_to_rated_pct=100 * peak / port.rated_kw if peak == peak and port.rated_kw else None,
        kwh_per_day=kwh / days if days > 0 else None,
        sessions_per_day=sessions / days if days > 0 else None,
    )


def _kwh_inside(attempts: Attempts, began: Mask, period: Interval) -> float:
    """Return the energy inside the period: by share of time, as nothing finer is known."""
    spans = attempts.energy_span
    lengths = spans.ends - spans.starts
    inside = np.minimum(spans.ends, period[1]) - np.maximum(spans.starts, period[0])
    lasted = lengths > 0
    shares = np.divide(np.maximum(inside, 0.0), lengths, out=began.astype(np.float64), where=lasted)
    return float(np.nansum(attempts.energy_kwh * shares))


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole > 0 else None
