"""What is known of a port over time: in use, free, down, excused, unwatched. Its availability comes from the same."""

from evtech.insights.intervals import NOTHING, Interval, Spans, clip, intersect, joined, subtract, union
from evtech.insights.port_use import PortUse

IN_USE, FREE, DOWN, EXCUSED, UNKNOWN = "in use", "free", "down", "excused", "no data"


def ribbon(use: PortUse, period: Interval, now: float) -> dict[str, Spans]:
    """Return a port's time in service until now by kind; the kinds do not overlap and leave nothing out."""
    down = use.down
    passed = clip(use.port.in_service(period), (period[0], min(period[1], max(now, period[0]))))
    used = intersect(use.occupied, passed)
    if down is None:
        known = union(joined([intersect(use.exposed, passed), used]))
        free, unknown = subtract(known, used), subtract(passed, known)
        return {IN_USE: used, FREE: free, DOWN: NOTHING, EXCUSED: NOTHING, UNKNOWN: unknown}
    excused = intersect(down.outages, down.exclusions)
    broken = subtract(down.outages, excused)
    working = subtract(union(joined([down.known, used])), down.outages)
    busy = intersect(used, working)
    return {
        IN_USE: busy,
        FREE: subtract(working, busy),
        DOWN: broken,
        EXCUSED: excused,
        UNKNOWN: subtract(passed, union(joined([working, down.outages]))),
    }
