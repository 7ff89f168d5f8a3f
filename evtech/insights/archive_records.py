"""Sessions of an archive as attempts. What a laptop did not watch is unknown, never up and never free."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evtech.insights.collecting import uncollected
from evtech.insights.intervals import Interval, subtract, union
from evtech.insights.records import Attempt, Port, Records, StateSpan
from evtech.insights.session_check import KIND, kept
from evtech.store.session_list import RECORDED, SessionFilter, SessionLine
from evtech.store.watching import Watched

if TYPE_CHECKING:
    from evtech.store.archive import Archive

BEFORE_S = 7 * 86400.0  # sessions that began earlier are taken not to reach into a period
_FAR = datetime(9999, 1, 1, tzinfo=UTC)
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
) -> Records:
    """Return the archive's sessions of a period, and what was seen of the ports' states in it.

    ``zone`` is the IANA zone of all ports: an archive does not know where a charger stands. Each port's ``watched``
    time is that of its recordings; sessions that were imported vouch for the time from their first to their last.
    A session that two sources tell counts once.
    """
    low = datetime.fromtimestamp(max(period[0] - BEFORE_S, 0.0), UTC) if period is not None else None
    high = datetime.fromtimestamp(period[1], UTC) if period is not None else None
    lines = archive.session_list(SessionFilter(low, high, charger, site)).lines
    seen = archive.watched(low or datetime.fromtimestamp(0, UTC), high or _FAR)
    recorded = _recorded(seen)
    ports = {line.port: Port(line.port, line.site, zone) for line in reversed(lines)}
    if not charger and not site:
        ports |= {name: Port(name, "", zone) for name in recorded if name not in ports}
    imported = _imported(lines)
    told_twice = sum(line.twin is not None for line in lines)
    lines = [line for line in lines if line.twin is None]  # what another line tells is one session, not two
    ports = {
        name: replace(port, watched=tuple(union([*recorded.get(name, []), *imported.get(name, [])])))
        for name, port in ports.items()
    }
    states = [span for line in lines for span in _in_use(line)]
    states += [span for span in _states(seen) if span.port in ports]
    attempts = sorted((attempt_of(line) for line in lines), key=lambda a: a.start)
    low_s, high_s = period if period is not None else (0.0, _FAR.timestamp())
    own = {line.id for line in lines}
    findings = [a for a in kept(archive.results(KIND), low_s, high_s) if a.session_id in own]
    said = f"{told_twice} sessions are told twice or were credited; each counts once" if told_twice else ""
    return Records(ports, attempts, None, states, [said] if said else [], findings)


def attempt_of(line: SessionLine) -> Attempt:
    """Return a session's line as an attempt; energy flowed from its first to its last phase of charging."""
    return Attempt(
        port=line.port,
        plugged_at=line.started,
        authorised_at=line.authorised,
        auth_ok=line.auth_ok,
        energy_started_at=line.energy_started,
        energy_ended_at=line.energy_ended,
        unplugged_at=line.ended,
        energy_kwh=line.energy_wh / 1000 if line.energy_wh is not None else None,
        peak_kw=line.peak_power_w / 1000 if line.peak_power_w is not None else None,
        end_reason=line.stop_reason or "unknown",
        error_code=line.error_code,
        token=line.token,
        session_id=line.id,
        is_judged=_is_judged(line),
    )


def _is_judged(line: SessionLine) -> bool:
    """Return whether it is known how a session went.

    Not while it runs, not from a billing record, and not where energy flowed and nobody saw why it ended: an end that
    nobody saw is no failure.
    """
    if line.ended is None or line.source == "cdr":
        return False
    return line.energy_started is None or line.stop_reason not in (None, "unknown")


def _in_use(line: SessionLine) -> list[StateSpan]:
    """Return what a session proves: while it lasted the port was in use."""
    return [StateSpan(line.port, line.started, line.ended, "CHARGING")] if line.ended is not None else []


def _recorded(seen: Watched) -> dict[str, list[Interval]]:
    found: dict[str, list[Interval]] = {}
    for span in seen.spans:
        found.setdefault(span.port, []).extend(subtract([(span.start, span.end)], union(span.gaps)))
    return found


def _imported(lines: list[SessionLine]) -> dict[str, list[Interval]]:
    """Return per port the time from the first to the last imported session: a back office sees every one."""
    found: dict[str, list[Interval]] = {}
    for line in lines:
        if line.source == RECORDED:
            if line.ended is not None:
                found.setdefault(line.port, []).append((line.started, line.ended))
            continue
        key = (line.started, line.ended if line.ended is not None else line.started)
        spans = found.setdefault(f"{line.source}\0{line.port}", [key])
        spans[0] = (min(spans[0][0], key[0]), max(spans[0][1], key[1]))
    joined: dict[str, list[Interval]] = {}
    for name, spans in found.items():
        joined.setdefault(name.rpartition("\0")[2], []).extend(spans)
    return joined


def _states(seen: Watched) -> list[StateSpan]:
    """Return the states that were seen, without the gaps of their recordings."""
    spans = {span.recording_id: span for span in seen.spans}
    gaps = {span.recording_id: union(span.gaps) for span in seen.spans if span.gaps}
    found = []
    for state in seen.states:
        span = spans.get(state.recording_id)
        if span is None:
            continue
        word = _STATES.get(state.phase or "", "UNKNOWN")
        start, end = max(state.at, span.start), span.end if state.until is None else state.until
        if end > start:
            whole = [(start, end)]
            own = gaps.get(state.recording_id)
            found += [StateSpan(span.port, a, b, word) for a, b in (subtract(whole, own) if own else whole)]
    return found
