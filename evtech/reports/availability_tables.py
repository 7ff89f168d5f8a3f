"""The tables of the availability report: months, quarters, outages, exclusions, sessions.

Fields of 23 CFR 680.112(a): station and port, begin and end and error code of each session, its energy and peak power,
how it was paid, uptime of each month with minutes of outage and of excluded outage, the duration of each outage.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.availability import DOWN_STATES, Downtime, PortAvailability, downtime, port_availability
from evtech.insights.intervals import Interval, intersect, measure, union
from evtech.insights.records import Attempt, Outage, Port
from evtech.insights.reported import as_outage
from evtech.insights.states import States
from evtech.insights.success import succeeded
from evtech.insights.trends import MONTH, boundaries
from evtech.insights.words import cause as cause_word
from evtech.reports.periods import local
from evtech.reports.session_words import end_word
from evtech.reports.summary import Sheet
from evtech.store.fleet import PortFacts, ReportedOutage

YEAR_S = 365 * 86400.0  # 525,600 min: the rule's year


@dataclass(frozen=True, slots=True)
class Case:
    """What one port's report is made from. ``states`` is ``None`` where a file of outages takes their place."""

    port: Port
    facts: PortFacts
    period: Interval
    now: float
    attempts: Attempts
    told: Sequence[ReportedOutage] = ()
    states: States | None = None
    payments: Mapping[str, str] = field(default_factory=dict)  # how sessions were paid, by id, where that is known
    outages: list[Outage] = field(init=False)
    _downs: dict[Interval, Downtime] = field(init=False, default_factory=dict, compare=False)  # each asked for often

    def __post_init__(self) -> None:
        """Make the outages that are counted of those that were told."""
        object.__setattr__(self, "outages", [as_outage(each) for each in self.told])

    @property
    def year(self) -> Interval:
        """Return the twelve months up to the period's end, of 525,600 minutes as the rule counts them."""
        return self.period[1] - YEAR_S, self.period[1]

    @property
    def station(self) -> str:
        """Return the station's id, else the site's name."""
        return self.facts.text("station_id") or self.port.site

    @property
    def evse(self) -> str:
        """Return the port's id, else its name."""
        return self.facts.text("evse_id") or self.port.name

    @property
    def sessions(self) -> Attempts:
        """Return the sessions that began in the period."""
        return begun(self.attempts, self.period)

    def down(self, period: Interval) -> Downtime:
        """Return what is known of the port's downtime in a period."""
        found = self._downs.get(period) or downtime(self.outages, self.states, self.port, period, self.now)
        assert found is not None  # outages are a list
        self._downs[period] = found
        return found

    def figures(self, period: Interval) -> PortAvailability:
        """Return the port's figures in a period."""
        return port_availability(self.port.name, self.down(period), self.outages)

    def seen(self, period: Interval) -> Downtime | None:
        """Return what evtech itself saw in a period, without anybody's word; ``None`` where a file stands for it."""
        if self.states is None:
            return None
        first, last = self.facts.complete or (math.nan, math.nan)
        states = self.states
        is_word = states.state.among({"AVAILABLE"}) & (states.start == first) & (states.end == last)
        return downtime(None, states.take(~is_word), self.port, period, self.now)

    def at(self, moment: float) -> datetime:
        """Return an instant on the port's own clock."""
        return local(moment, self.port.timezone)


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the period: its label and its days, its figures, and those of the twelve months up to its end."""

    label: str
    days: str  # empty where it is a whole month
    span: Interval
    own: PortAvailability
    year: PortAvailability


def months_of(case: Case) -> list[Month]:
    """Return the months of a period on the port's own clock; one that is cut carries its days."""
    found = []
    for start, end in pairwise(boundaries(case.period, case.port.timezone, MONTH)):
        first, last = case.at(start), case.at(end - 1)
        is_cut = first.day > 1 or case.at(end).month == last.month
        days = f"{first.day}–{last.day}" if is_cut else ""
        year = case.figures((end - YEAR_S, end))
        found.append(Month(f"{first:%Y-%m}", days, (start, end), case.figures((start, end)), year))
    return found


def month_sheet(case: Case, months: Sequence[Month], a: dict[str, Any]) -> Sheet:
    """Return a row a month: minutes of outage and excluded outage in it, uptime of the twelve months up to its end."""
    rows: list[list[Any]] = [
        [m.label, m.own.outage_min, m.own.excluded_min, m.own.nevi_actual_pct, m.year.nevi_uptime_pct,
         m.own.coverage_pct, case.station, case.evse, m.days]
        for m in months
    ]  # fmt: skip
    return Sheet(a["months"], (*a["month_head"], a["station"], a["port"], a["days"]), rows, "months")


def with_days(sheet: Sheet) -> Sheet:
    """Return the months for paper, where a cut month says its days at once."""
    rows = [[f"{row[0]} ({row[-1]})" if row[-1] else row[0], *row[1:]] for row in sheet.rows]
    return replace(sheet, rows=rows)


def figure_sheet(whole: PortAvailability, year: PortAvailability, a: dict[str, Any]) -> Sheet:
    """Return the figures of the period beside those of the twelve months; the rule's own are of twelve months."""
    rows: list[list[Any]] = [
        [a["t_outage"], whole.outage_min, year.outage_min],
        [a["t_excluded"], whole.excluded_min, year.excluded_min],
        [a["fixed"], None, year.nevi_uptime_pct],
        [a["actual"], whole.nevi_actual_pct, year.nevi_actual_pct],
        [a["california"], None, year.cec_uptime_pct],
        [a["coverage"], whole.coverage_pct, year.coverage_pct],
        [a["failures"], float(whole.failures), float(year.failures)],
        [a["mtbf"], whole.mtbf_h, year.mtbf_h],
        [a["mtbf_low"], whole.mtbf_low_h, year.mtbf_low_h],
        [a["mttr"], whole.mttr_h, year.mttr_h],
    ]
    return Sheet(a["figures"], tuple(a["figure_head"]), rows, "figures")


def quarter_sheet(case: Case, months: Sequence[Month], a: dict[str, Any]) -> Sheet:
    """Return a row a quarter: what is submitted of it in sum."""
    rows: list[list[Any]] = []
    for label, own in groupby(months, key=lambda m: _quarter(case.at(m.span[0]))):
        part = list(own)
        span = part[0].span[0], part[-1].span[1]
        inside = begun(case.sessions, span)
        failed = int((inside.is_judged & ~succeeded(inside)).sum())
        rows.append([
            label, sum(m.own.outage_min for m in part), sum(m.own.excluded_min for m in part),
            part[-1].year.nevi_uptime_pct, len(inside), failed, float(np.nansum(inside.energy_kwh)),
            case.station, case.evse,
        ])  # fmt: skip
    return Sheet(a["quarters"], (*a["quarter_head"], a["station"], a["port"]), rows, "quarters")


def outage_sheet(case: Case, a: dict[str, Any], lang: str) -> Sheet:
    """Return a row an episode: when, how long, how much of it is excluded, by what, and how it is known."""
    down, seen = case.down(case.period), case.seen(case.period)
    excused = intersect(down.outages, down.exclusions)
    broken = list(case.states.take(case.states.state.among(DOWN_STATES))) if case.states is not None else []
    rows: list[list[Any]] = []
    for start, end in down.outages:
        own = [o for o in case.told if not o.is_exclusion and o.start < end and (o.end is None or o.end > start)]
        was_seen = seen is not None and bool(intersect([(start, end)], seen.outages))
        states = [s for s in broken if s.start < end and (s.end or end) > start]
        said = [o.cause for o in own if o.cause] or [s.state.lower() for s in states]
        causes = dict.fromkeys(cause_word(each, lang) for each in said)
        known = dict.fromkeys([*([a["seen"]] if was_seen else []), *(_by(o, a) for o in own)])
        lasts = down.open_since is not None and end > down.open_since
        rows.append([
            case.at(start), None if lasts else case.at(end), (end - start) / 60,
            measure(intersect([(start, end)], excused)), "; ".join(causes) or None, "; ".join(known),
            case.station, case.evse,
        ])  # fmt: skip
    return Sheet(a["outages"], (*a["outage_head"], a["station"], a["port"]), rows, "outages")


def exclusion_sheet(case: Case, a: dict[str, Any], lang: str) -> Sheet:
    """Return a row an exclusion: its cause and evidence, who entered it and when, and the minutes that it excuses."""
    down = case.down(case.period)
    rows: list[list[Any]] = []
    for each in (o for o in case.told if o.excluded):
        span = each.start, each.end if each.end is not None else case.now
        if span[0] >= case.period[1] or span[1] <= case.period[0]:
            continue
        entered = local(each.at.timestamp(), case.port.timezone) if each.at is not None else None
        who = _who(each, a) + (f", {entered:%Y-%m-%d}" if entered is not None else "")
        rows.append([
            case.at(each.start), case.at(each.end) if each.end is not None else None,
            cause_word(each.cause, lang) if each.cause else None, measure(intersect(down.outages, union([span]))),
            each.evidence or None, who, case.station, case.evse, entered,
        ])  # fmt: skip
    return Sheet(a["exclusions"], (*a["exclusion_head"], a["station"], a["port"], a["entered"]), rows, "exclusions")


def session_sheets(case: Case, a: dict[str, Any], lang: str) -> tuple[Sheet, Sheet]:
    """Return the sessions that did not succeed, and all of them, with how they were paid where a source tells it."""
    head = (*a["session_head"], a["station"], a["port"])
    found = case.sessions
    good = succeeded(found)
    rows = [_session(x, bool(ok), case, a, lang) for x, ok in zip(found, good, strict=True)]
    failed = [rows[at] for at in np.flatnonzero(found.is_judged & ~good)]
    return Sheet(a["failed"], head, failed, "failed"), Sheet(a["sessions"], head, rows, "sessions")


def begun(attempts: Attempts, period: Interval) -> Attempts:
    """Return the attempts that began in a period."""
    return attempts.take((attempts.start >= period[0]) & (attempts.start < period[1]))


def _session(attempt: Attempt, is_good: bool, case: Case, a: dict[str, Any], lang: str) -> list[Any]:
    good = a["yes"] if is_good else a["no"] if attempt.is_judged else a["not_judged"]
    method = case.payments.get(attempt.session_id or "", "")
    paid = a["payments"].get(method, method) or a["payment_unknown"]
    return [
        case.at(attempt.start), case.at(attempt.end), attempt.energy_kwh, attempt.peak_kw,
        attempt.error_code or end_word(attempt.end_reason, lang), good, paid, case.station, case.evse,
    ]  # fmt: skip


def _quarter(moment: datetime) -> str:
    return f"{moment.year}-Q{(moment.month + 2) // 3}"


def _by(outage: ReportedOutage, a: dict[str, Any]) -> str:
    return str(a["reported"].format(who=_who(outage, a)))


def _who(outage: ReportedOutage, a: dict[str, Any]) -> str:
    """Return who entered an outage, and who had the last word on it if that was another."""
    first = outage.by or outage.source
    last = outage.changed.by if outage.changed is not None else ""
    return first if last in ("", first) else str(a["changed_by"].format(first=first, last=last))
