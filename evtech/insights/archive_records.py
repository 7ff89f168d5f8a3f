"""Sessions of an archive as attempts. What a laptop did not watch is unknown, never up and never free."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from evtech.insights.anomalies import Anomaly
from evtech.insights.attempts import Attempts
from evtech.insights.collecting import uncollected
from evtech.insights.intervals import NOTHING, Interval, Spans, joined, rest, subtract, union
from evtech.insights.kept_findings import all_kept, statuses
from evtech.insights.records import Port, Records
from evtech.insights.reported import outages_of, unseen, vouched, with_facts
from evtech.insights.rule_limits import load_limits
from evtech.insights.states import States
from evtech.store import fleet as said
from evtech.store.columns import Ints, Mask, Texts
from evtech.store.session_columns import SessionColumns
from evtech.store.session_list import RECORDED, SessionFilter
from evtech.store.watching import Watched, WatchedSpan

if TYPE_CHECKING:
    from evtech.devices.library import Library
    from evtech.store.archive import Archive

DAY_S = 86400.0
BEFORE_DAYS = 7.0  # states that were seen earlier are taken not to reach into a period
_FAR = datetime(9999, 1, 1, tzinfo=UTC)
_UNSEEN = WatchedSpan("", "", np.inf, -np.inf)  # a recording that does not touch the period
# phases outside of use as OCPI EVSE states; use itself is what the sessions say
_STATES = {
    "IDLE": "AVAILABLE", "FAULTED": "OUTOFORDER", "UNAVAILABLE": "INOPERATIVE", "RESERVED": "RESERVED",
}  # fmt: skip


@uncollected
def read_archive(
    archive: "Archive",
    charger: str | None = None,
    period: Interval | None = None,
    *,
    site: str | None = None,
    zone: str = "UTC",
    fleet: "said.Fleet | None" = None,
    library: "Library | None" = None,
) -> Records:
    """Return the archive's sessions of a period, what was seen of the ports' states in it, and what people said.

    ``zone`` is the IANA zone of ports of which nobody said one. Each port's ``watched`` time is that of its
    recordings; sessions that were imported vouch for the time from their first to their last. ``fleet`` is what people
    said, read where it is not given; ``library`` has the profiles that may state a rating.
    """
    fleet, limits = said.read(archive) if fleet is None else fleet, load_limits()
    # an hour is compared with the weeks before it; sessions that began earlier do not reach into a period
    low = _before(period, 7 * limits.seasonal_weeks + 1)
    high = datetime.fromtimestamp(period[1], UTC) if period is not None else None
    sessions = archive.session_columns(SessionFilter(low, high, charger, site))
    seen = archive.watched(low or datetime.fromtimestamp(0, UTC), high or _FAR, _before(period, BEFORE_DAYS))
    recorded = _recorded(seen)
    ports = _ports(sessions, zone)
    if not charger and not site:
        ports |= {name: Port(name, "", zone) for name in recorded if name not in ports}
    ports |= unseen(fleet, ports, zone, period, charger, site)
    imported = _imported(sessions)
    ports = {
        name: replace(port, watched=union(joined([recorded.get(name, NOTHING), imported.get(name, NOTHING)])))
        for name, port in ports.items()
    }
    ports = with_facts(archive, fleet, ports, library)
    states = States.joined([_in_use(sessions), _states(seen), States.of(vouched(fleet, ports))])
    states = states.take(states.port.among(ports))
    attempts, outages = attempts_of(sessions).by_start(), outages_of(fleet.outages, ports)
    findings = _findings(archive, sessions, ports, period)
    return Records(ports, attempts, outages, states, findings=findings, limits=limits, judged=statuses(archive))


def _before(period: Interval | None, days: float) -> datetime | None:
    return datetime.fromtimestamp(max(period[0] - days * DAY_S, 0.0), UTC) if period is not None else None


def attempts_of(sessions: SessionColumns) -> Attempts:
    """Return sessions as attempts; energy flowed from its first to its last phase of charging."""
    is_known = sessions.stop_reason.known()
    reasons = sessions.stop_reason.values()
    return Attempts.made(
        port=sessions.port,
        plugged_at=sessions.started,
        authorised_at=sessions.authorised,
        auth_ok=sessions.auth_ok,
        energy_started_at=sessions.energy_started,
        energy_ended_at=sessions.energy_ended,
        unplugged_at=sessions.ended,
        energy_kwh=sessions.energy_wh / 1000,
        peak_kw=sessions.peak_power_w / 1000,
        end_reason=sessions.stop_reason if is_known.all() else Texts.of(reason or "unknown" for reason in reasons),
        error_code=sessions.error_code,
        token=sessions.token,
        session_id=sessions.id,
        is_judged=_is_judged(sessions),
    )


def _is_judged(sessions: SessionColumns) -> Mask:
    """Return for each whether it is known how the session went.

    Not while it runs, not from a billing record, and not where energy flowed and nobody saw why it ended: an end that
    nobody saw is no failure.
    """
    told = ~np.isnan(sessions.ended) & ~sessions.source.among({"cdr"})
    is_named = (sessions.stop_reason.codes >= 0) & ~sessions.stop_reason.among({"unknown"})
    return np.asarray(told & (np.isnan(sessions.energy_started) | is_named))


def _ports(sessions: SessionColumns, zone: str) -> dict[str, Port]:
    """Return the ports in the order in which they were first used; a port's site is that of its newest session."""
    _, newest, code = np.unique(sessions.port.codes, return_index=True, return_inverse=True)
    names = list(dict.fromkeys(code[::-1].tolist()))
    rows = [int(newest[each]) for each in names]
    found = [(sessions.port.value(row) or "", sessions.site.value(row) or "") for row in rows]
    return {name: Port(name, site, zone) for name, site in found}


def _findings(
    archive: "Archive", sessions: SessionColumns, ports: Collection[str], period: Interval | None
) -> list[Anomaly]:
    """Return what rules found in these sessions and at these ports."""
    low, high = period if period is not None else (0.0, _FAR.timestamp())
    found = all_kept(archive, low, high)
    own = frozenset(sessions.id.tolist()) if found else frozenset()
    return [a for a in found if (a.session_id in own if a.session_id else a.port in ports)]


def _in_use(sessions: SessionColumns) -> States:
    """Return what sessions prove: while one lasted the port was in use."""
    ended = sessions.take(~np.isnan(sessions.ended))
    return States(ended.port, ended.started, ended.ended, Texts.same("CHARGING", len(ended)))


def _recorded(seen: Watched) -> dict[str, list[Interval]]:
    found: dict[str, list[Interval]] = {}
    for span in seen.spans:
        whole = [(span.start, span.end)]
        found.setdefault(span.port, []).extend(subtract(whole, union(span.gaps)) if span.gaps else whole)
    return found


def _imported(sessions: SessionColumns) -> dict[str, Spans]:
    """Return per port the time that its sessions vouch for.

    A recorded one for its own; what was imported for the time from the first to the last one of the same source: a
    back office sees every one.
    """
    ends = np.where(np.isnan(sessions.ended), sessions.started, sessions.ended)
    spans = Spans(sessions.started, ends)
    recorded = sessions.source.among({RECORDED})
    found: dict[str, list[Iterable[Interval]]] = {}
    for code, word in sessions.port.present():
        own = sessions.port.codes == code
        parts = found.setdefault(word, [spans.take(own & recorded & ~np.isnan(sessions.ended))])
        foreign = np.flatnonzero(own & ~recorded)
        for source, _ in sessions.source.take(foreign).present():
            rows = foreign[sessions.source.codes[foreign] == source]
            parts.append([(float(spans.starts[rows].min()), float(ends[rows].max()))])
    return {name: joined(parts) for name, parts in found.items()}


def _states(seen: Watched) -> States:
    """Return the states that were seen, without the gaps of their recordings."""
    spans = {span.recording_id: span for span in seen.spans}
    states = seen.states
    own = [spans.get(recording, _UNSEEN) for recording in states.recording.words]
    code = states.recording.codes
    low, high = (np.array([getattr(span, name) for span in own], dtype=float)[code] for name in ("start", "end"))
    time = Spans(np.maximum(states.at, low), np.where(np.isnan(states.until), high, states.until))
    rows = np.flatnonzero((time.ends > time.starts) & (low <= high))
    time = time.take(rows)
    for number, span in enumerate(own):
        if span.gaps:
            time, rows = _without(time, rows, code[rows] == number, union(span.gaps))
    port = states.recording.renamed([span.port for span in own])
    word = states.phase.renamed([_STATES.get(phase, "UNKNOWN") for phase in states.phase.words])
    return States(port.take(rows), time.starts, time.ends, word.take(rows))


def _without(time: Spans, rows: Ints, of: Mask, gaps: Spans) -> tuple[Spans, Ints]:
    """Return stretches and their rows, those of one recording without its gaps."""
    left, piece = rest(time.take(of), gaps)
    return joined([time.take(~of), left]), np.concatenate((rows[~of], rows[of][piece]))
