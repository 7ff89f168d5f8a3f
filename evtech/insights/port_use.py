"""One port's attempts in a period and the stretches of time that follow from them: settled once, asked by all."""

from dataclasses import dataclass

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.availability import Downtime
from evtech.insights.grid import Integral, energy_of
from evtech.insights.intervals import Interval, Spans, intersect, subtract, union
from evtech.insights.records import Port


@dataclass(frozen=True, slots=True, eq=False)
class PortUse:
    """A port's attempts that touch the period, and unions of time.

    ``exposed``: in service and watched. ``open``: of it, when a session could have been seen, as the port was up.
    ``plugged``: from plug-in to unplugging. ``occupied``: from the first sign of a customer on. ``energy`` in kWh.
    """

    port: Port
    attempts: Attempts
    down: Downtime | None
    exposed: Spans
    open: Spans
    plugged: Spans
    charging: Spans
    occupied: Spans
    energy: Integral


def port_use(port: Port, attempts: Attempts, period: Interval, down: Downtime | None) -> PortUse:
    """Return a port's use from its own attempts that touch the period."""
    exposed = port.exposed(period)
    up = subtract(intersect(exposed, down.service), down.outages) if down is not None else exposed
    return PortUse(
        port=port,
        attempts=attempts,
        down=down,
        exposed=exposed,
        open=up,
        plugged=union(_plugged(attempts)),
        charging=union(attempts.energy_span),
        occupied=union(Spans(attempts.start, attempts.end)),
        energy=energy_of(attempts),
    )


def _plugged(attempts: Attempts) -> Spans:
    """Return from when until when a vehicle was plugged in; an authorisation without a plug occupies nothing."""
    starts = np.where(np.isnan(attempts.plugged_at), attempts.energy_started_at, attempts.plugged_at)
    return Spans(starts, np.where(np.isnan(starts), starts, attempts.end))
