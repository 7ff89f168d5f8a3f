"""Signals that need memory: states and how long they last, repetitions, writes, trips, what the link did."""

from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.predicates import Signal
from evtech.diagnostics.trace import Floats

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

FAST_POLL_S = 2.0  # slower polls may miss a state between two others
BURST_S = (5.0, 60.0)
HOT_A = 2.0
ACCEPTED_S = 120.0  # charging for so long shows that the vehicle accepts earth and mains
_CONNECTED = ("B", "B1", "B2", "C", "C1", "C2", "D", "D1", "D2")
_LIVE = (
    "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3", "power_total", "energy_total",
    "energy_import_total", "frequency",
)  # fmt: skip


def _states(evidence: "Evidence") -> "np.ndarray[tuple[int, ...], np.dtype[np.str_]] | None":
    return None if evidence.state is None else evidence.state_words


def _changes(
    words: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Return the indices at which a known state differs from the known state before."""
    known = np.flatnonzero(words != "")
    return np.asarray(known[1:][words[known][1:] != words[known][:-1]], np.int64)


def _counted(times: Floats, at: Floats, window: float) -> Floats:
    """Return at every time how many events lie in the window before it."""
    at = np.sort(at)
    return (np.searchsorted(at, times, "right") - np.searchsorted(at, times - window, "left")).astype(float)


def previous_state(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the state right before the present one; unknown where the polls are too slow to have seen it."""
    words = _states(evidence)
    if words is None:
        return None
    previous = np.full(len(words), "", "<U8")
    last = ""
    times = evidence.trace.times
    changes = set(_changes(words).tolist())
    for i in range(1, len(words)):
        if i in changes:
            last = str(words[i - 1]) if times[i] - times[i - 1] <= FAST_POLL_S else ""
        previous[i] = last
    return Signal(words=previous, point="cp_state")


def current_before(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the current that flowed just before the last change of state (A)."""
    words, current = _states(evidence), evidence.signal("m.i_max")
    if words is None or current is None or current.numbers is None:
        return None
    found = np.full(len(words), np.nan)
    held = np.nan
    changes = set(_changes(words).tolist())
    for i in range(len(words)):
        if i in changes:
            held = current.numbers[i - 1]
        found[i] = held
    return Signal(found, point="current")


def state_changes(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often the state changed within the window."""
    words = _states(evidence)
    if words is None:
        return None
    times = evidence.trace.times
    return Signal(_counted(times, times[_changes(words)], window or 60.0), point="cp_state")


def _sessions(
    words: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Return for each sample the number of its plug-in; 0 before the first."""
    connected = np.isin(words, _CONNECTED)
    starts = connected & ~np.concatenate([[False], connected[:-1]])
    unknown = words == ""
    starts &= ~np.concatenate([[False], unknown[:-1]])
    return np.asarray(np.cumsum(starts), np.int64)


def seen_c2(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return whether the vehicle of this plug-in has charged, before or later: one that starts late is no fault."""
    words = _states(evidence)
    if words is None:
        return None
    session = _sessions(words)
    charged = set(session[np.isin(words, ["C2", "D2"])].tolist())
    return Signal(np.isin(session, list(charged)).astype(float), point="cp_state")


def _bursts(evidence: "Evidence") -> list[tuple[float, float]]:
    """Return start and end of every completed stretch of C2 that ended with the vehicle still there."""
    words = _states(evidence)
    if words is None:
        return []
    times = evidence.trace.times
    found = []
    start: float | None = None
    for i, word in enumerate(words):
        if word in ("C2", "D2"):
            start = float(times[i]) if start is None else start
        elif word and start is not None:
            if word in _CONNECTED:
                found.append((start, float(times[i])))
            start = None
    return found


def dwell_c2(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how long the last completed stretch of charging was (s)."""
    return _of_last_burst(evidence)


def burst_length(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the length of the last burst of charging (s)."""
    return _of_last_burst(evidence)


def _of_last_burst(evidence: "Evidence") -> Signal | None:
    if evidence.state is None:
        return None
    found = np.full(len(evidence.trace), np.nan)
    for start, end in _bursts(evidence):
        found[evidence.trace.times >= end] = end - start
    return Signal(found, point="cp_state")


def _regular(ends: list[float]) -> bool:
    gaps = np.diff(ends)
    return len(gaps) < 2 or float(np.std(gaps)) < 0.35 * float(np.mean(gaps))


def burst_count(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many regular bursts of 5 to 60 s lie in the window."""
    if evidence.state is None:
        return None
    ends = [end for start, end in _bursts(evidence) if BURST_S[0] <= end - start <= BURST_S[1]]
    at = np.array(ends if _regular(ends) else [])
    return Signal(_counted(evidence.trace.times, at, window or 3600.0), point="cp_state")


def short_repeats(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many short starts of this vehicle there have been.

    A vehicle that has charged for minutes accepts the supply: what it does later in short bursts is topping up.
    """
    words = _states(evidence)
    if words is None:
        return None
    times = evidence.trace.times
    at = []
    accepted_in: set[int] = set()
    sessions = _sessions(words)
    for start, end in _bursts(evidence):
        session = int(sessions[int(np.searchsorted(times, start))])
        if end - start > ACCEPTED_S:
            accepted_in.add(session)
        elif end - start >= 1 and session not in accepted_in:
            at.append(end)
    return Signal(_counted(times, np.array(at), 1e9), point="cp_state")


def interruptions(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often charging stopped with the vehicle still there, within the window."""
    if evidence.state is None:
        return None
    at = np.array([end for _, end in _bursts(evidence)])
    return Signal(_counted(evidence.trace.times, at, window or 3600.0), point="cp_state")


def hot_openings(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often the contactor opened under more than 2 A, within the window."""
    command, current = evidence.signal("sw.cmd"), evidence.signal("m.i_max")
    if command is None or command.words is None or current is None or current.numbers is None:
        return None
    closed = command.words == "closed"
    opened = np.flatnonzero(closed[:-1] & (command.words[1:] == "open")) + 1
    hot = [i for i in opened if current.numbers[i - 1] > HOT_A]
    return Signal(_counted(evidence.trace.times, evidence.trace.times[hot], window or 86_400.0), point="relay_command")


def cycles_per_day(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the contactor's openings a day, over recordings of at least six hours."""
    times = evidence.trace.times
    cycles = evidence.numbers("relay_cycles")
    span = float(np.ptp(times))
    if span < 6 * 3600 or (cycles is None and evidence.state is None):
        return None
    count = float(np.nanmax(cycles) - np.nanmin(cycles)) if cycles is not None else float(len(_bursts(evidence)))
    return Signal(np.full(len(times), count / span * 86_400), point="relay_cycles")


def boots(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often the charger restarted within the window: falls of the uptime, or its counter."""
    times = evidence.trace.times
    count, uptime = evidence.numbers("boot_count"), evidence.numbers("uptime")
    if count is not None:
        at = times[1:][np.diff(count) > 0]
    elif uptime is not None:
        at = times[1:][np.diff(uptime) < -5]
    else:
        return None
    return Signal(_counted(times, at, window or 86_400.0), point="uptime")


def last_write_age(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the time since the limit was last written (s), from the set limit's own steps."""
    told = evidence.facts.number("last_write_age_s")
    if told is not None:
        return Signal(told + evidence.trace.times - evidence.trace.times[0], point="current_limit")
    limit = evidence.numbers("current_limit")
    if limit is None:
        return None
    times = evidence.trace.times
    written = np.concatenate([[True], np.abs(np.diff(np.nan_to_num(limit))) > 0.05])
    last = np.maximum.accumulate(np.where(written, np.arange(len(times)), 0))
    return Signal(times - times[last], point="current_limit")


def rise_age(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the time since an offer came back that had been withdrawn from a vehicle which had charged (s)."""
    offer, words = evidence._offer(), _states(evidence)
    if offer is None or words is None:
        return None
    times = evidence.trace.times
    found = np.full(len(times), np.nan)
    session, had_charged, since = 0, False, np.nan
    numbers = _sessions(words)
    for i in range(1, len(times)):
        if numbers[i] != session:
            session, had_charged, since = int(numbers[i]), False, np.nan
        had_charged = had_charged or words[i] in ("C2", "D2")
        if had_charged and offer[i] == 1 and offer[i - 1] == 0:
            since = times[i]
        found[i] = times[i] - since
    return Signal(np.where(np.isnan(found), -1.0, found), point="current_limit_actual")


def frozen(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return for how long no live measurement has changed although current flows (s)."""
    columns = [c for c in (evidence.numbers(name) for name in _LIVE) if c is not None]
    current = evidence.signal("m.i_max")
    if len(columns) < 3 or current is None or current.numbers is None:
        return None
    times = evidence.trace.times
    changed = np.zeros(len(times), bool)
    for column in columns:
        changed[1:] |= np.diff(np.nan_to_num(column, nan=-1.0)) != 0
    changed[0] = True
    last = np.maximum.accumulate(np.where(changed, np.arange(len(times)), 0))
    return Signal(np.where(np.nan_to_num(current.numbers) > 1, times - times[last], 0.0), point="measurements")


def _trip_times(evidence: "Evidence") -> Floats | None:
    count = evidence.numbers("residual_trip_count")
    count = count if count is not None else evidence.numbers("fault_count_gfi")
    if count is not None:
        return evidence.trace.times[1:][np.diff(count) > 0]
    words = evidence.words("error_code")
    if words is None:
        return None
    tripped = np.isin(np.char.lower(words), ["rcd_ac", "rcd_dc"])
    return evidence.trace.times[1:][tripped[1:] & ~tripped[:-1]]


def trip(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return whether a residual-current trip happened within the last ten seconds."""
    at = _trip_times(evidence)
    return (
        None
        if at is None
        else Signal((_counted(evidence.trace.times, at, 10.0) > 0).astype(float), point="residual_trip_count")
    )


def trip_count(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many residual-current trips there were: those of the recording and those a person listed."""
    at = _trip_times(evidence)
    listed = len(evidence.facts.trips)
    if at is None and not listed:
        return None
    counted = np.zeros(len(evidence.trace)) if at is None else _counted(evidence.trace.times, at, window or 604_800.0)
    return Signal(counted + listed, point="residual_trip_count")


def trip_temperature(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how strongly trips go with heat (0 to 1).

    Taken from the share of trips in the warmest quarter, or from how the idle residual current follows the inside
    temperature. Trips of one vehicle alone speak for that vehicle and not for the sensor.
    """
    vehicles = {str(trip["vehicle"]) for trip in evidence.facts.trips if trip.get("vehicle")}
    if len(evidence.facts.trips) >= 3 and len(vehicles) == 1:
        return None
    found = [value for value in (_share_of_warm_trips(evidence), _residual_follows_heat(evidence)) if value is not None]
    return Signal(np.full(len(evidence.trace), max(found)), point="temperature", steady=True) if found else None


def _share_of_warm_trips(evidence: "Evidence") -> float | None:
    inside = evidence.numbers("temperature")
    if inside is None:
        return None
    at = _trip_times(evidence)
    hot = float(np.nanpercentile(inside, 75))
    if at is not None and len(at) >= 3:
        near = inside[np.clip(np.searchsorted(evidence.trace.times, at) - 1, 0, len(inside) - 1)]
        return float((near >= hot).mean())
    warm = [float(t["temperature"]) for t in evidence.facts.trips if isinstance(t.get("temperature"), int | float)]
    return float((np.array(warm) >= hot).mean()) if len(warm) >= 3 else None


def _residual_follows_heat(evidence: "Evidence") -> float | None:
    for series in evidence.facts.series:
        points = [p for p in series.get("points", []) if isinstance(p, list) and len(p) == 2]
        is_it = series.get("name") in ("rcm_dc_idle", "rcm_dc") and series.get("against") in ("t_int", "temperature")
        if is_it and len(points) >= 4:
            heat, residual = np.array(points, np.float64).T
            if np.ptp(heat) >= 10 and np.ptp(residual) > 0.5:
                return float(abs(np.corrcoef(heat, residual)[0, 1]))
    return None


def duplicate_suspect(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return whether one unit alone answers damaged while others on the line are clean: two devices share its id."""
    told = evidence.facts.number("duplicate_suspect")
    if told is not None:
        return Signal(np.full(len(evidence.trace), told), point="link", steady=True)
    by_unit: dict[int, float] = {}
    for outcome in evidence.facts.link.get("outcomes", []):
        if isinstance(outcome, dict) and isinstance(outcome.get("unit"), int):
            crc = float(outcome.get("crc_pct") or 0.0)
            by_unit[outcome["unit"]] = max(by_unit.get(outcome["unit"], 0.0), crc)
    if len(by_unit) < 2:
        return None
    bad = [unit for unit, crc in by_unit.items() if crc > 1.0]
    clean = [unit for unit, crc in by_unit.items() if crc < 0.2]
    suspect = len(bad) == 1 and len(clean) == len(by_unit) - 1
    return Signal(np.full(len(evidence.trace), float(suspect)), point="link", steady=True)


def link_signal(facts: Facts, name: str) -> float | None:
    """Return a figure of the link from what was probed: the worst condition counts."""
    outcomes = [o for o in facts.link.get("outcomes", []) if isinstance(o, dict)]
    if name == "connected":
        told = facts.link.get("connected")
        return float(told) if isinstance(told, bool) else (1.0 if outcomes else None)
    keys = {
        "timeout_ratio": "timeout_pct",
        "crc_ratio": "crc_pct",
        "exc_ratio": "exception_pct",
        "rtt_p95_ms": "p95_ms",
    }
    if name == "rx_bytes":
        silent = [
            o for o in outcomes if o.get("timeout_pct", 0) >= 99.9 and not o.get("crc_pct") and not o.get("ok_pct")
        ]
        return None if not outcomes else float(not silent)
    values = [o[keys[name]] for o in outcomes if isinstance(o.get(keys[name]), int | float)]
    if not values:
        return None
    worst = max(values)
    return float(worst) if name == "rtt_p95_ms" else float(worst) / 100.0
