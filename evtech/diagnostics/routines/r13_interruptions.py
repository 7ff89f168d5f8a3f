"""R13: why did charging stop? Each interruption with what changed first, and the class most of them share."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import CHARGING, absent, in_states, stretches, usual_step
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

WATCH_S = 3600.0
FIRST_MOVER_S = 5.0
EXPLAINED = 0.6
TAPER_S = 600.0
BURST_S = (5.0, 60.0)
REGULAR = 0.3
CLOCK_S = 60.0
SHORT_S = 2.0
GOODBYE_S = 60.0
ACCEPTED_S = 120.0
T1_C = 60.0
LOW_V, HIGH_V, DROP_PCT = 196.0, 264.0, 5.0
PERIOD_WITHIN = 0.2
CLASSES: dict[str, tuple[str, Verdict]] = {
    "fault": ("a fault of the charger", Verdict.FAIL),
    "EV-PAUSED": ("the vehicle pauses or is full", Verdict.PASS),
    "EV-RETRY": ("the vehicle tries again in a fixed rhythm", Verdict.WARN),
    "LIM-EVSE-PAUSE": ("the limit or the release was withdrawn", Verdict.PASS),
    "LIM-WATCHDOG": ("the charger fell back to its failsafe current", Verdict.WARN),
    "COM-INTERMITTENT": ("the link was lost first", Verdict.WARN),
    "SUP-UNDERVOLT": ("the voltage was too low first", Verdict.FAIL),
    "SUP-OVERVOLT": ("the voltage was too high first", Verdict.FAIL),
    "SUP-HIGH-Z": ("the voltage drops too far under load", Verdict.FAIL),
    "TMP-STOP": ("it was too warm inside", Verdict.FAIL),
    "CP-FLAP": ("the pilot flickers", Verdict.FAIL),
    "RCD-DC": ("the residual current device acted", Verdict.FAIL),
    "SUP-POWER-LOSS": ("the charger restarted", Verdict.FAIL),
    "unknown": ("no cause is visible", Verdict.WARN),
}


@dataclass(frozen=True, slots=True)
class Interruption:
    """One end of charging with the vehicle still there: when, how long it had charged, what followed, its class."""

    at: float
    charged_s: float
    after: str
    limit: float | None
    volts: float | None
    heat: float | None
    first: str  # what changed first: fault, link, limit, voltage, temperature, state
    kind: str


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching for interruptions")
    gone = absent(bench, "cp_state")
    if gone is not None:
        return gone
    evidence = bench.evidence()
    assert evidence is not None
    charging = in_states(evidence, CHARGING)
    if not charging.any():
        return bench.result(Verdict.INCONCLUSIVE, "Nothing charged in this recording.")
    rows = interruptions(evidence, charging)
    _numbers(bench, evidence, charging, rows)
    if not rows:
        bench.step("interruptions", Verdict.PASS, "Charging was not interrupted.")
        return bench.result(Verdict.PASS, "Charging was not interrupted.")
    return _conclude(bench, rows)


def interruptions(
    evidence: Evidence, charging: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
) -> list[Interruption]:
    """Return every end of charging with the vehicle still there, classified."""
    times, words = evidence.trace.times, evidence.state_words
    runs = [(first, last) for first, last in _joined(charging, words) if last + 1 < len(words)]
    ends = [run for run in runs if not _is_goodbye(words, times, run[1] + 1)]
    lengths = [float(times[last + 1] - times[first]) for first, last in ends]
    stops = np.array([times[last + 1] for _, last in ends])
    regular = _regular(stops)
    found = []
    for (first, last), length in zip(ends, lengths, strict=True):
        mover = _first_mover(evidence, last + 1)
        if mover == "state" and times[-1] - times[last + 1] < GOODBYE_S and not charging[last + 1 :].any():
            continue  # the recording ends before it could be told from the usual end
        kind = _classify(evidence, first, last, length, mover, regular and len(ends) >= 3, lengths, stops)
        found.append(_row(evidence, last + 1, length, mover, kind))
    return found


def _is_goodbye(words: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]", times: Floats, at: int) -> bool:
    """Tell whether a stop is the usual end: the plug is out at once, or within a minute."""
    soon = words[(times >= times[at]) & (times <= times[at] + GOODBYE_S)]
    return words[at] == "" or (bool(np.isin(soon, ["A", "A1", "A2"]).any()) and not np.isin(soon, CHARGING).any())


def _joined(
    charging: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", words: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]"
) -> list[tuple[int, int]]:
    """Return first and last index of each charge; unknown states between do not end one."""
    held = charging.copy()
    known = words != ""
    for index in np.flatnonzero(~known):
        held[index] = index > 0 and held[index - 1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _row(evidence: Evidence, at: int, length: float, mover: str, kind: str) -> Interruption:
    def value(name: str) -> float | None:
        signal = evidence.signal(name)
        if signal is None or signal.numbers is None or np.isnan(signal.numbers[at]):
            return None
        return float(signal.numbers[at])

    limit = value("lim.eff")
    return Interruption(
        float(evidence.trace.times[at]), length, str(evidence.state_words[at]),
        value("lim.set") if limit is None else limit, value("m.v_min"), value("t.int"), mover, kind,
    )  # fmt: skip


def _window(evidence: Evidence, at: int) -> "slice[int, int, None]":
    """Return the samples from five seconds before an interruption to its own, at least two."""
    times = evidence.trace.times
    start = int(np.searchsorted(times, times[at] - FIRST_MOVER_S))
    return slice(max(min(start, at - 1), 0), at + 1)


def _first_mover(evidence: Evidence, at: int) -> str:
    """Return what changed first within five seconds; of several at once the one that rules."""
    times = evidence.trace.times
    around = _window(evidence, at)
    after = slice(around.start, min(at + 2, len(times)))
    fault = evidence.signal("evse.fault_code")
    if fault is not None and fault.numbers is not None and np.nanmax(np.append(fault.numbers[after], 0.0)) > 0:
        return "fault"
    if times[at] - times[at - 1] > max(3 * usual_step(times), 10.0):
        return "link"
    if _fell(evidence, "lim.eff", around) or _fell(evidence, "lim.set", around) or _released(evidence, around):
        return "limit"
    low, high = evidence.signal("m.v_min"), evidence.signal("m.v_max")
    if low is not None and low.numbers is not None and np.nanmin(np.append(low.numbers[around], 230.0)) < LOW_V:
        return "voltage"
    if high is not None and high.numbers is not None and np.nanmax(np.append(high.numbers[around], 230.0)) > HIGH_V:
        return "voltage"
    heat = evidence.signal("t.int")
    if heat is not None and heat.numbers is not None and np.nanmax(np.append(heat.numbers[around], 0.0)) > T1_C + 15:
        return "temperature"
    return "state"


def _fell(evidence: Evidence, name: str, around: "slice[int, int, None]") -> bool:
    signal = evidence.signal(name)
    if signal is None or signal.numbers is None:
        return False
    values = signal.numbers[around]
    return bool(len(values) > 1 and np.nanmin(values) < 6.0 <= np.nanmax(values))


def _released(evidence: Evidence, around: "slice[int, int, None]") -> bool:
    enable = evidence.numbers("enable")
    return enable is not None and bool(np.nanmax(enable[around]) > 0 and enable[around][-1] == 0)


def _classify(
    evidence: Evidence,
    first: int,
    last: int,
    length: float,
    mover: str,
    regular: bool,
    lengths: list[float],
    stops: Floats,
) -> str:
    if mover == "fault":
        return _fault_kind(evidence, last + 1)
    if _rose(evidence, "residual_trip_count", last) or _rose(evidence, "fault_count_gfi", last):
        return "RCD-DC"
    if _rose(evidence, "boot_count", last) or _restarted(evidence, last):
        return "SUP-POWER-LOSS"
    if mover in ("limit", "link"):
        if _too_warm(evidence, last):
            return "TMP-STOP"
        if _is_watchdog(evidence, last + 1, stops):
            return "LIM-WATCHDOG"
        return "LIM-EVSE-PAUSE" if mover == "limit" else "COM-INTERMITTENT"
    if mover == "voltage":
        low = evidence.signal("m.v_min")
        assert low is not None and low.numbers is not None
        return "SUP-UNDERVOLT" if np.nanmin(low.numbers[_window(evidence, last + 1)]) < LOW_V else "SUP-OVERVOLT"
    if mover == "temperature":
        return "TMP-STOP"
    drop = evidence.signal("d.vdrop_pct")
    if drop is not None and drop.numbers is not None and np.nan_to_num(drop.numbers[last]) > DROP_PCT:
        return "SUP-HIGH-Z"
    if length < SHORT_S or (not regular and len(lengths) >= 3 and float(np.median(lengths)) < SHORT_S):
        return "CP-FLAP"
    accepted = max(lengths) > ACCEPTED_S  # who has charged for minutes only tops up in short bursts
    if regular and not accepted and BURST_S[0] <= float(np.median(lengths)) <= BURST_S[1]:
        return "EV-RETRY"
    if evidence.state_words[last + 1] in ("E", "F"):
        return "unknown"
    return "EV-PAUSED"


def _fault_kind(evidence: Evidence, at: int) -> str:
    """Return the class that the maker-independent word of the fault names."""
    signal = evidence.signal("evse.fault_id")
    words = [] if signal is None or signal.words is None else signal.words[max(at - 2, 0) : at + 2].tolist()
    if any(word in ("rcd_ac", "rcd_dc") for word in words):
        return "RCD-DC"
    return "fault"


def _rose(evidence: Evidence, point: str, last: int) -> bool:
    column = evidence.numbers(point)
    return column is not None and bool(np.nanmax(np.diff(column[max(last - 2, 0) : last + 4]), initial=0) > 0)


def _restarted(evidence: Evidence, last: int) -> bool:
    uptime = evidence.numbers("uptime")
    return uptime is not None and bool(np.nanmin(np.diff(uptime[max(last - 2, 0) : last + 4]), initial=0) < -5)


def _too_warm(evidence: Evidence, last: int) -> bool:
    heat = evidence.signal("t.int")
    return heat is not None and heat.numbers is not None and bool(np.nan_to_num(heat.numbers[last]) > T1_C)


def _is_watchdog(evidence: Evidence, at: int, stops: Floats) -> bool:
    """Tell whether the limit fell to the failsafe value, or in the rhythm of the watchdog."""
    limit, safe, time = (evidence.signal(n) for n in ("lim.eff", "lim.failsafe", "lim.watchdog_s"))
    if time is None or time.numbers is None or not time.numbers[at] > 0:
        return False
    if limit is not None and limit.numbers is not None and safe is not None and safe.numbers is not None:
        return bool(abs(limit.numbers[at] - safe.numbers[at]) < 0.5)
    period = float(np.median(np.diff(stops))) if len(stops) > 2 else 0.0
    return abs(period - float(time.numbers[at])) <= PERIOD_WITHIN * float(time.numbers[at])


def _regular(stops: Floats) -> bool:
    gaps = np.diff(stops)
    return len(gaps) >= 2 and float(np.std(gaps)) < REGULAR * float(np.mean(gaps))


def _numbers(
    bench: Bench,
    evidence: Evidence,
    charging: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
    rows: list[Interruption],
) -> None:
    times = evidence.trace.times
    span = float(np.ptp(times))
    lost = [_lost(evidence, row) for row in rows if row.kind != "EV-PAUSED"]
    bench.measured |= {
        "interruptions": len(rows), "classes": dict(Counter(row.kind for row in rows)),
        "starts": len(stretches(charging, times)), "energy_lost_wh": float(sum(lost)),
        "operations_per_day": len(rows) * 86_400 / span if span >= 6 * 3600 else None,
        "rows": [_plain(row) for row in rows[:50]],
    }  # fmt: skip


def _lost(evidence: Evidence, row: Interruption) -> float:
    """Return the energy (Wh) that the pause cost, at the power before it, until charging went on; an hour at most."""
    times, power = evidence.trace.times, evidence.numbers("power_total")
    if power is None:
        return 0.0
    at = int(np.searchsorted(times, row.at))
    again = np.flatnonzero((times > row.at) & in_states(evidence, CHARGING))
    seconds = float(times[again[0]] - row.at) if len(again) else 0.0
    before = float(np.nanmedian(power[max(at - 10, 0) : max(at, 1)]))
    return max(before, 0.0) * min(seconds, 3600.0) / 3600


def _plain(row: Interruption) -> dict[str, Any]:
    return {
        "at": row.at, "charged_s": row.charged_s, "after": row.after, "limit_a": row.limit, "voltage_v": row.volts,
        "temperature_c": row.heat, "first_mover": row.first, "class": row.kind,
    }  # fmt: skip


def _conclude(bench: Bench, rows: list[Interruption]) -> RoutineResult:
    counted = Counter(row.kind for row in rows).most_common()
    kind, count = counted[0]
    share = count / len(rows)
    bench.measured["explained_share"] = share
    words, verdict = CLASSES[kind]
    if share >= EXPLAINED:
        said = (
            f"{count} of {len(rows)} interruption(s), {100 * share:.0f} % "
            f"({100 * EXPLAINED:.0f} % are needed): {words}."
        )
        if kind not in ("unknown", "fault"):
            bench.faults[kind] = None
    else:
        best = " and ".join(f"{CLASSES[name][0]} ({n})" for name, n in counted[:2])
        innocent = all(CLASSES[name][1] is Verdict.PASS for name, _ in counted)
        verdict = Verdict.PASS if innocent else Verdict.WARN
        said = f"{len(rows)} interruptions of mixed origin; the two most frequent: {best}."
    bench.step("interruptions", verdict, said, at=rows[0].at)
    return bench.result(verdict, said)


ROUTINE = Routine(
    id="R13",
    title="Interruptions of charging",
    purpose="Tells who ends charging: vehicle, limit, supply, heat, a fault or a bad contact.",
    run=_run,
    needs=("cp_state",),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
