"""What is known of a port over time: in use, free, down, excused, unwatched. Its availability comes from the same."""

from collections.abc import Iterable

from evtech.insights.availability import Downtime
from evtech.insights.intervals import Interval, clip, intersect, subtract, union
from evtech.insights.records import Attempt, Port

IN_USE, FREE, DOWN, EXCUSED, UNKNOWN = "in use", "free", "down", "excused", "no data"


def ribbon(
    port: Port, down: Downtime | None, attempts: Iterable[Attempt], period: Interval, now: float
) -> dict[str, list[Interval]]:
    """Return a port's time in service until now by kind; the kinds do not overlap and leave nothing out."""
    passed = clip(port.in_service(period), (period[0], min(period[1], max(now, period[0]))))
    used = intersect(union((a.start, a.end) for a in attempts), passed)
    if down is None:
        known = union([*intersect(port.exposed(period), passed), *used])
        return {IN_USE: used, FREE: subtract(known, used), DOWN: [], EXCUSED: [], UNKNOWN: subtract(passed, known)}
    excused = intersect(down.outages, down.exclusions)
    broken = subtract(down.outages, excused)
    working = subtract(union([*down.known, *used]), down.outages)
    busy = intersect(used, working)
    return {
        IN_USE: busy,
        FREE: subtract(working, busy),
        DOWN: broken,
        EXCUSED: excused,
        UNKNOWN: subtract(passed, union([*working, *down.outages])),
    }
