"""A second opinion on ``evtech insights``: the figures of the fact sheet, plain and slow, written from the sheet alone.

Nothing here comes from ``evtech/insights``; where both agree on an input that neither author chose, both are probably
right. Time is cut at every moment that any row, edge or local hour names; inside one such cell nothing changes, so
membership is asked once for its middle. All sums are fractions; floats appear in the last line only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from math import exp, lgamma, log, sqrt
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from tests.evtech.insights.oracle_rows import Charge, Port, Span, moment, read

MINUTE, QUARTER, HOUR = 60, 900, 3600
YEAR_MIN = 525_600
Z95 = 1.959963985
RANK = ["REMOVED", "PLANNED", "OUTOFORDER", "INOPERATIVE", "CHARGING", "RESERVED", "AVAILABLE", "BLOCKED", "UNKNOWN"]
BACKWARDS = (  # what cannot come after what
    ("plugged_at", "energy_started_at"), ("plugged_at", "unplugged_at"),
    ("energy_started_at", "energy_ended_at"), ("energy_started_at", "unplugged_at"),
)  # fmt: skip


def covers(spans: Iterable[Span], at: Fraction) -> bool:
    return any(low <= at < high for low, high in spans)


def cells(port: Port, low: Fraction, high: Fraction, now: Fraction) -> Iterator[tuple[Fraction, Fraction, str]]:
    """Yield (start, end, what the port was) between all moments that matter.

    What it was: up, down, excused (down, and somebody else's fault), blocked, unknown, away (not in service), ahead
    (after now, and no row speaks of it).
    """
    first, last = port.service
    edges = {low, high, now, *(e for span in port.outages + port.excuses for e in span)}
    edges |= {e for a, b, _ in port.states or [] for e in (a, b)} | {e for e in port.service if e is not None}
    inside = sorted(e for e in edges if low <= e <= high)
    for a, b in pairwise(inside):
        middle = (a + b) / 2
        if (first is not None and middle < first) or (last is not None and middle >= last):
            yield a, b, "away"
        else:
            yield a, b, what(port, middle, "ahead" if middle >= now else None)


def what(port: Port, at: Fraction, ahead: str | None) -> str:
    if port.states is None:
        if not covers(port.outages, at):
            return ahead or "up"
        return "excused" if covers(port.excuses, at) else "down"
    states = {state for a, b, state in port.states if a <= at < b}
    if not states:
        return ahead or "unknown"
    state = min(states, key=RANK.index)
    meaning = {"REMOVED": "away", "PLANNED": "away", "OUTOFORDER": "down", "INOPERATIVE": "down"}
    return meaning.get(state, {"BLOCKED": "blocked", "UNKNOWN": "unknown"}.get(state, "up"))


@dataclass
class Times:
    """Seconds of one port in the period by what it was, and its episodes (net seconds down, lasts still)."""

    by: dict[str, Fraction]
    episodes: list[tuple[Fraction, bool]]

    def of(self, *kinds: str) -> Fraction:
        return sum((self.by.get(kind, Fraction(0)) for kind in kinds), Fraction(0))

    @property
    def service(self) -> Fraction:
        return sum(self.by.values(), Fraction(0)) - self.of("away")


def watch(port: Port, low: Fraction, high: Fraction, now: Fraction) -> Times:
    by: dict[str, Fraction] = {}
    runs: list[tuple[Fraction, Fraction, Fraction]] = []  # start, end, seconds that count
    for a, b, kind in cells(port, low, high, now):
        by[kind] = by.get(kind, Fraction(0)) + b - a
        if kind in ("down", "excused"):
            counted = b - a if kind == "down" else Fraction(0)
            if runs and runs[-1][1] == a:
                a, _, before = runs.pop()
                counted += before
            runs.append((a, b, counted))
    lasting = [(net, any(c < b for c in port.still)) for a, b, net in runs]
    return Times(by, [(net, lasts) for net, lasts in lasting if net > 5 * MINUTE])


def percent(part: Fraction, whole: Fraction) -> float | None:
    return float(100 * part / whole) if whole > 0 else None


def chi_square(p: float, dof: int) -> float:
    """Return the quantile by bisection of the lower incomplete gamma function, itself a series."""

    def below(x: float) -> float:
        a, half = dof / 2, x / 2
        term = total = 1 / a
        n = 0
        while term > total * 1e-17:
            n += 1
            term *= half / (a + n)
            total += term
        return total * exp(a * log(half) - half - lgamma(a))

    low, high = 1e-12, 10.0 * dof + 100
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < p else (low, middle)
    return low


def availability(port: Port, t: Times) -> dict[str, float | None]:
    out, excused = t.of("down", "excused"), t.of("excused")
    known = t.service - t.of("unknown", "ahead")
    closed = [net / HOUR for net, lasts in t.episodes if not lasts]
    failures, up = len(t.episodes), float((known - out) / HOUR)
    high = 2 * up / chi_square(0.05, 2 * failures) if failures and up else None
    return {
        "nevi_uptime_pct": float(100 * (YEAR_MIN - (out - excused) / MINUTE) / YEAR_MIN),
        "nevi_actual_pct": percent(known - (out - excused), known),
        "outage_min": float(out / MINUTE),
        "excluded_min": float(excused / MINUTE),
        "coverage_pct": percent(known, t.service),
        "service_min": float(t.service / MINUTE),
        "failures": failures,
        "mtbf_h": up / failures if failures else None,
        "mtbf_low_h": 2 * up / chi_square(0.95, 2 * failures + 2) if up else None,
        "mtbf_high_h": high,
        "mttr_h": float(sum(closed) / len(closed)) if closed else None,
        "mttr_median_h": float(median(closed)) if closed else None,
    }


def uk(watched: list[tuple[Port, Times]]) -> tuple[float | None, float | None]:
    """Return the text and the exempt variant, pooled over rapid points."""
    rapid = [t for port, t in watched if port.rated_kw is not None and port.rated_kw >= 50]
    measured = sum((t.service - t.of("ahead") for t in rapid), Fraction(0))
    down = sum((t.of("down", "excused") for t in rapid), Fraction(0))
    exempt = sum((t.of("unknown", "blocked", "excused") for t in rapid), Fraction(0))
    hard = sum((t.of("down") for t in rapid), Fraction(0))
    return percent(measured - down, measured), percent(measured - exempt - hard, measured - exempt)


def wilson(k: int, n: int) -> dict[str, float | int | None]:
    if n == 0:
        return {"value": None, "low": None, "high": None, "k": 0, "n": 0}
    p, z2 = k / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return {"value": 100 * p, "low": 100 * (centre - half), "high": 100 * (centre + half), "k": k, "n": n}


def attempts_of(charges: list[Charge]) -> list[list[Charge]]:
    """Return the rows in chains: the next of the same token at the same port within 60 s of all that went before."""
    found: list[list[Charge]] = []
    for charge in sorted(charges, key=lambda c: c.start):
        for chain in found:
            same = charge.token != "" and (charge.token, charge.port) == (chain[0].token, chain[0].port)
            if same and charge.start - max(c.end for c in chain) <= 60:
                chain.append(charge)
                break
        else:
            found.append([charge])
    return found


def visits_of(attempts: list[list[Charge]], sites: dict[str, str]) -> list[list[list[Charge]]]:
    """Return the attempts by visits: one token at one site, at most half an hour between; all unknown sites are one."""
    found: list[list[list[Charge]]] = []
    for attempt in attempts:
        one = attempt[0]
        for visit in found:
            other = visit[0][0]
            same = one.token != "" and one.token == other.token and sites[one.port] == sites[other.port]
            if same and one.start - max(c.end for a in visit for c in a) <= 30 * MINUTE:
                visit.append(attempt)
                break
        else:
            found.append([attempt])
    return found


def success(ports: list[Port], low: Fraction, high: Fraction) -> dict[str, object]:
    """Return the rates of the rows that begin in the period; retries after it are not looked at."""
    attempts = attempts_of([c for port in ports for c in port.charges if low <= c.start < high])
    visits = visits_of(attempts, {port.name: port.site for port in ports})
    begun = [a for a in attempts if any(c.started for c in a)]
    good = [a for a in attempts if any(c.success for c in a)]
    return {
        "attempts": len(attempts),
        "charge_start_pct": wilson(len(begun), len(attempts)),
        "session_pct": wilson(len(good), len(begun)),
        "attempt_pct": wilson(len(good), len(attempts)),
        "visit_pct": wilson(sum(any(c.success for a in v for c in a) for v in visits), len(visits)),
        "first_time_pct": wilson(sum(any(c.success for c in v[0]) for v in visits), len(visits)),
    }


def measure(spans: Iterable[Span], low: Fraction, high: Fraction) -> Fraction:
    """Return the seconds of the union inside [low, high)."""
    cut = [(max(a, low), min(b, high)) for a, b in spans]
    edges = sorted({e for a, b in cut if a < b for e in (a, b)})
    return sum((b - a for a, b in pairwise(edges) if covers(cut, (a + b) / 2)), Fraction(0))


def utilisation(port: Port, low: Fraction, high: Fraction) -> dict[str, object]:
    """Return the use of a port: shares of its service, energy of the whole period."""
    first, last = port.service
    a = low if first is None else max(low, first)
    b = max(a, high if last is None else min(high, last))
    plugged = measure((c.plugged for c in port.charges), a, b)
    charging = measure((c.flow for c in port.charges if c.flow is not None), a, b)
    begun = [c for c in port.charges if low <= c.start < high]
    at_once = [c for c in begun if c.flow is None or c.flow[0] == c.flow[1]]  # counted where they begin
    kwh = sum((c.inside(low, high) for c in port.charges), sum((c.kwh for c in at_once), Fraction(0)))
    served = sum((c.inside(a, b) for c in port.charges), Fraction(0))
    served += sum((c.kwh for c in at_once if a <= c.start < b), Fraction(0))
    return {
        "time_plugged_pct": percent(plugged, b - a),
        "time_charging_pct": percent(charging, b - a),
        "energy_pct": None if port.rated_kw is None else percent(served, port.rated_kw * (b - a) / HOUR),
        "idle_pct": percent(plugged - charging, plugged),
        "kwh": float(kwh),
        "sessions": sum(c.started for c in begun),
        "mean_kw": float(served / (charging / HOUR)) if charging else None,
    }


def quarters(low: Fraction, high: Fraction) -> Iterator[Span]:
    """Yield the quarter hours of [low, high), the first and last cut; every zone's hours begin on one."""
    at = low
    while at < high:
        after = min(high, (at // QUARTER + 1) * Fraction(QUARTER))
        yield at, after
        at = after


def demand(ports: list[Port], low: Fraction, high: Fraction) -> dict[str, object]:
    """Return the highest energy of a wall-clock quarter over a quarter of an hour; the first of equals."""
    best, when, total, single = Fraction(0), None, Fraction(0), dict.fromkeys((p.name for p in ports), Fraction(0))
    steps = list(quarters(low, high))
    for a, b in steps:
        kw = {port.name: sum((4 * c.inside(a, b) for c in port.charges), Fraction(0)) for port in ports}
        total += sum(kw.values())
        single = {name: max(single[name], kw[name]) for name in kw}
        if sum(kw.values()) > best:
            best, when = sum(kw.values(), Fraction(0)), a // QUARTER * QUARTER
    return {
        "peak_kw": float(best) if best else None,
        "at": when,
        "interval_min": 15,
        "mean_kw": float(total / len(steps)) if best else None,
        "load_factor": float(total / len(steps) / best) if best else None,
        "coincidence_factor": float(best / sum(single.values())) if best else None,
    }


def hour_of_week(ports: list[Port], low: Fraction, high: Fraction, now: Fraction) -> list[dict[str, float | None]]:
    """Return the week by local hours: port-hours in service and not down, and the energy over them."""
    hours, kwh = [Fraction(0)] * 168, [Fraction(0)] * 168
    for port in ports:
        zone = ZoneInfo(port.zone)
        spans = [(a, b) for a, b, kind in cells(port, low, high, now) if kind not in ("away", "down", "excused")]
        for a, b in quarters(low, high):
            local = datetime.fromtimestamp(float(a // QUARTER * QUARTER), zone)
            at = local.weekday() * 24 + local.hour
            hours[at] += sum((max(Fraction(0), min(b, d) - max(a, c)) for c, d in spans), Fraction(0)) / HOUR
            kwh[at] += sum((c.inside(a, b) for c in port.charges), Fraction(0))
    return [
        {"kwh_per_exposed_hour": float(e / h) if h else None, "exposure_h": float(h)}
        for e, h in zip(kwh, hours, strict=True)
    ]


def anomalies(port: Port, low: Fraction, high: Fraction) -> set[tuple[str, str, Fraction]]:
    """Return (rule, port, start) of what section 7 decides from rows alone: impossible energy, time and mean power."""
    found: set[tuple[str, str, Fraction]] = set()
    means: list[tuple[Fraction, float]] = []
    for c in sorted((c for c in port.charges if low <= c.start < high), key=lambda c: c.start):
        if c.stated_kwh is not None and c.stated_kwh < 0:
            found.add(("rollback", port.name, c.start))
        if any(a in c.times and b in c.times and c.times[b] < c.times[a] for a, b in BACKWARDS):
            found.add(("clock", port.name, c.start))
        if not c.kwh or c.flow is None or c.flow[0] == c.flow[1]:
            continue
        seconds = c.flow[1] - c.flow[0]
        power = c.kwh * HOUR / seconds
        if port.rated_kw is not None and power > Fraction(6, 5) * port.rated_kw:
            found.add(("jump or scale_slip", port.name, c.start))
        if seconds >= 300:
            means.append((c.start, float(power)))
    for index, (start, _) in enumerate(means):
        first = max(0, index - 29)  # the last 30 up to it; the first 30 are judged among themselves
        window = [mean for _, mean in means[first : first + 30]]
        if len(window) >= 8 and abs(score(window, index - first)) > 3.5:
            found.add(("outlier", port.name, start))
    return found


def score(values: list[float], index: int) -> float:
    """Return the modified z-score of one of the values; 0 where all are equal."""
    middle = median(values)
    off = [abs(x - middle) for x in values]
    mad, mean = median(off), sum(off) / len(off)
    if mad:
        return 0.6745 * (values[index] - middle) / mad
    return (values[index] - middle) / (1.253314 * mean) if mean else 0.0


def insights(
    sessions: str, start: str, end: str, now: str,
    outages: str | None = None, states: str | None = None, ports: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the figures for the texts of the CSV files; without outages and states nobody knows of availability."""
    low, high, present = moment(start), moment(end), moment(now)
    assert low is not None and high is not None and present is not None
    known = read(sessions, outages, states, ports, present)
    watched = [(port, watch(port, low, high, present)) for port in known]
    is_known = outages is not None or states is not None
    text, exempt = uk(watched) if is_known else (None, None)
    return {
        "availability": {
            "ports": {port.name: availability(port, t) for port, t in watched} if is_known else {},
            "uk_reliability_pct": text,
            "uk_exempt_variant_pct": exempt,
        },
        "success": success(known, low, high),
        "utilisation": {port.name: utilisation(port, low, high) for port in known},
        "demand": demand(known, low, high),
        "hour_of_week": hour_of_week(known, low, high, present),
        "anomalies": set().union(*(anomalies(port, low, high) for port in known)),
    }
