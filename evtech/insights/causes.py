"""What took ports down: reported outages by their cause, what was seen beside them by its state.

The cause of an exclusion explains a state that it meets, so that the same minute of a port is counted under what a
person said of it, and not under the bare state as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from evtech.insights.intervals import Interval, intersect, subtract, union
from evtech.insights.records import Outage

# codes of causes outside an operator's control (after 23 CFR 680.116(b)(3)); others may be entered as words
ACCEPTED = ("utility", "communication", "vehicle_fault", "maintenance", "vandalism", "disaster", "hours")
OWN = ("fault", "derated", "payment", "power_loss", "comm_loss")  # codes of causes that are the operator's
_NEVER = 1e12  # s since 1970: after every period


def causes_of(seen: Iterable[Outage], reported: Sequence[Outage]) -> list[Outage]:
    """Return the outages that were reported, and what was seen beside them; the cause of an exclusion explains a state.

    So the same minute of a port is counted under the cause that a person gave, not under the bare state as well.
    """
    told: dict[str, list[Interval]] = {}
    excuses: dict[str, list[Outage]] = {}
    for outage in reported:
        if outage.is_exclusion:
            excuses.setdefault(outage.port, []).append(outage)
        else:
            told.setdefault(outage.port, []).append(_span(outage))
    known = {port: union(spans) for port, spans in told.items()}
    left = []
    for outage in seen:
        rest = subtract([_span(outage)], known.get(outage.port, []))
        for excuse in excuses.get(outage.port, ()):
            met = intersect(rest, [_span(excuse)])
            left += [replace(outage, start=a, end=b, cause=excuse.cause or outage.cause, excluded=True) for a, b in met]
            rest = subtract(rest, met)
        left += [replace(outage, start=a, end=b) for a, b in rest]
    return [*(outage for outage in reported if not outage.is_exclusion), *left]


def _span(outage: Outage) -> Interval:
    return outage.start, outage.end if outage.end is not None else _NEVER


def is_accepted(cause: str) -> bool:
    """Return whether a cause is, or begins with, one that lies outside an operator's control."""
    return cause.casefold().replace(" ", "_").startswith(ACCEPTED)
