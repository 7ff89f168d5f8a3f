"""How did customers fare? Attempts, sessions and visits, each rate with its Wilson interval.

The definitions are ChargeX-style: its published formulas were not at hand. Chaining: retries on the same port with the
same token within 60 s are one attempt. A visit is the same token at the same site with gaps of at most 30 minutes.

Where the definitions are silent: gaps run from the last instant known of one to the start of the next; an attempt
succeeds if any of its sessions does by itself; ports without a site are taken for one site, as a driver whose port
fails tries its neighbour; only what begins in the period is looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from evtech.insights.rates import Rate, rate
from evtech.insights.records import NORMAL_ENDS, Attempt, Port

CHAIN_S = 60.0
VISIT_GAP_S = 30 * 60.0
LEAST_KWH = 0.1
_INTERRUPTED = frozenset({"fault", "comm_loss"})


@dataclass(frozen=True, slots=True)
class Success:
    """The rates of a period; a rate is ``None`` where nothing was tried. Start times in s."""

    attempts: int
    authorisation: Rate | None
    charge_start: Rate | None
    session: Rate | None
    attempt: Rate | None
    visit: Rate | None
    first_time: Rate | None
    interrupted: Rate | None
    without_vehicle: Rate | None
    start_time_median_s: float | None
    start_time_p95_s: float | None
    data_errors: int


def is_success(attempt: Attempt) -> bool:
    """Return whether energy flowed, at least 0.1 kWh, and the session ended as somebody wanted."""
    return attempt.has_started and attempt.end_reason in NORMAL_ENDS and (attempt.energy_kwh or 0.0) >= LEAST_KWH


def chained(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return attempts whose end is known, quick retries joined into one that began with the first."""
    last: dict[tuple[str, str], int] = {}
    joined: list[Attempt] = []
    for attempt in sorted((a for a in attempts if a.is_judged), key=lambda a: a.start):
        key = (attempt.port, attempt.token or "")
        before = joined[last[key]] if attempt.token and key in last else None
        if before is not None and attempt.start - before.end <= CHAIN_S:
            joined[last[key]] = _join(before, attempt)
            continue
        last[key] = len(joined)
        joined.append(attempt)
    return joined


def visits(attempts: Sequence[Attempt], ports: dict[str, Port]) -> list[list[Attempt]]:
    """Return attempts grouped into visits; an attempt without a token is a visit of its own."""
    groups: list[list[Attempt]] = []
    last: dict[tuple[str, str], tuple[list[Attempt], float]] = {}
    for attempt in sorted(attempts, key=lambda a: a.start):
        key = (ports[attempt.port].site if attempt.port in ports else "", attempt.token or "")
        group, end = last.get(key, ([], 0.0))
        if not attempt.token or not group or attempt.start - end > VISIT_GAP_S:
            group = []
            groups.append(group)
        group.append(attempt)
        last[key] = (group, max(end, attempt.end) if len(group) > 1 else attempt.end)
    return groups


def success(attempts: Sequence[Attempt], ports: dict[str, Port]) -> Success:
    """Return the rates of attempts; quick retries are joined first."""
    return rates_of(chained(attempts), ports)


def rates_of(tries: Sequence[Attempt], ports: dict[str, Port]) -> Success:
    """Return the rates of attempts in which quick retries are joined already."""
    started = [a for a in tries if a.has_started]
    good = {id(a) for a in tries if is_success(a)}
    asked = [a for a in tries if a.auth_ok is not None]
    groups = visits(tries, ports)
    waits = [a.energy_started_at - _ready(a) for a in started if a.energy_started_at is not None]
    fine = sorted(wait for wait in waits if wait >= 0)
    not_vehicle = [a for a in tries if a.has_started or a.end_reason != "vehicle"]
    return Success(
        attempts=len(tries),
        authorisation=rate(sum(bool(a.auth_ok) for a in asked), len(asked)),
        charge_start=rate(len(started), len(tries)),
        session=rate(len(good), len(started)),
        attempt=rate(len(good), len(tries)),
        visit=rate(sum(any(id(a) in good for a in group) for group in groups), len(groups)),
        first_time=rate(sum(id(group[0]) in good for group in groups), len(groups)),
        interrupted=rate(sum(a.end_reason in _INTERRUPTED for a in started), len(started)),
        without_vehicle=rate(len(good), len(not_vehicle)),
        start_time_median_s=median(fine) if fine else None,
        start_time_p95_s=_quantile(fine, 0.95) if fine else None,
        data_errors=len(waits) - len(fine),
    )


def _ready(attempt: Attempt) -> float:
    known = [t for t in (attempt.plugged_at, attempt.authorised_at) if t is not None]
    return max(known) if known else attempt.start


def _join(first: Attempt, second: Attempt) -> Attempt:
    """Return both as one: the session that succeeded, else the last that started, with the times of both."""
    decides = max((first, second), key=lambda a: (is_success(a), a.has_started, a is second))
    joined = replace(
        decides,
        plugged_at=decides.plugged_at if decides.plugged_at is not None else first.plugged_at,
        authorised_at=decides.authorised_at if decides.authorised_at is not None else first.authorised_at,
        auth_ok=decides.auth_ok if decides.auth_ok is not None else first.auth_ok,
        error_code=decides.error_code or first.error_code,
    )
    # the times of one row would hide how long the other lasted
    object.__setattr__(joined, "start", first.start)
    object.__setattr__(joined, "end", max(first.end, second.end))
    return joined


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of sorted values, linear between neighbours."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
