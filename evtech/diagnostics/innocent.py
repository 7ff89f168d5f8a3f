"""Where a fault's predicate is true by the letter and yet nothing is wrong: the innocent reasons, one per fault.

Each returns where the fault may *not* be stated, ``None`` where nothing speaks against it.
"""

from collections.abc import Callable

import numpy as np

from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.limits import FRESH_S, write_age
from evtech.diagnostics.predicates import Bools, run_starts
from evtech.diagnostics.trace import Floats

FOLLOWS_S = 5.0  # a vehicle follows a new offer within this (IEC 61851-1, annex A)
WARM_C, WARM_PLUG_C = 55.0, 60.0  # 5 K under where derating begins: what was reduced before has another reason
OPEN_PP_OHM = 2460.0
LASTING_S = 120.0
PULSE_S, WAITED_S = 4.0, 20.0  # of a wake-up; chargers give it after half a minute of waiting


def innocent(fault: str, evidence: Evidence) -> Bools | None:
    """Return where a fault may not be stated although its predicate is true."""
    reason = _REASONS.get(fault)
    return None if reason is None else reason(evidence)


def _numbers(evidence: Evidence, name: str) -> Floats | None:
    signal = evidence.signal(name)
    return None if signal is None else signal.numbers


def _cooler_when_reduced(point: str, limit: float) -> Callable[[Evidence], Bools | None]:
    """The offer was already that low when it was still cool, or cable and rating allow no more."""

    def reason(evidence: Evidence) -> Bools | None:
        offer, wanted, heat = (_numbers(evidence, name) for name in ("lim.eff", "lim.set", point))
        wanted = wanted if wanted is not None else _numbers(evidence, f"lim.cool_{point[2:]}")
        if offer is None or wanted is None or heat is None:
            return None
        allowed = wanted
        for name in ("lim.hw", "pp.amp"):
            other = _numbers(evidence, name)
            if other is not None:
                allowed = np.where(other > 0, np.fmin(allowed, other), allowed)
        with np.errstate(invalid="ignore"):
            lower = offer < wanted - 1
            starts = run_starts(np.asarray(lower, bool), evidence.trace.times)
            cool = heat[starts] < limit
            # a further fall while hot is a derating all the same
            fallen = offer < offer[starts] - 1
            return np.asarray((cool & ~fallen) | (offer >= allowed - 1) | (offer < 6), bool)

    return reason


def _offer_just_lowered_or_idle(evidence: Evidence) -> Bools | None:
    """Slow samples: the current of the last one may still be the answer to the offer before. Nor is it charging."""
    offer, current = _numbers(evidence, "lim.eff"), _numbers(evidence, "m.i_max")
    if offer is None or current is None:
        return None
    times = evidence.trace.times
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    lowered = np.concatenate([[False], np.nan_to_num(np.diff(offer)) < -0.5])
    last = np.maximum.accumulate(np.where(lowered, np.arange(len(times)), -1))
    age = np.where(last < 0, np.inf, times - times[np.maximum(last, 0)])
    idle = np.isin(evidence.state_words, ["A1", "A2", "B", "B1", "B2", "E", "F"])  # that is the contactor's fault
    return np.asarray((age <= FOLLOWS_S + 1 + 2 * usual + 0.5) | idle, bool)


def _not_read_outside_charging(evidence: Evidence) -> Bools | None:
    """A meter behind the contactor shows 0 V until it closes: only in C, or once it has shown a voltage, is 0 odd."""
    words = evidence.state_words
    charging = np.isin(words, ["C2", "D2", "C", "D"])
    live = np.zeros(len(words), bool)
    for column in evidence.voltages.values():
        live |= np.nan_to_num(column) > 50
    named = evidence.signal("evse.fault_id")
    said = np.zeros(len(words), bool) if named is None or named.words is None else named.words == "meter_lost"
    return None if (live & ~charging).any() else np.asarray(~charging & ~said)


def _open_or_tethered(evidence: Evidence) -> Bools | None:
    """Nothing plugged in is an open proximity circuit; a fixed cable has no rating to read."""
    words = evidence.state_words
    veto = np.zeros(len(words), bool)
    ohm, rating, current = (_numbers(evidence, name) for name in ("pp.ohm", "pp.amp", "m.i_max"))
    if ohm is not None:
        veto |= np.isin(words, ["A1", "A2", ""]) & (np.nan_to_num(ohm, nan=1e9) > OPEN_PP_OHM)
    if rating is not None and current is not None and ((rating == 0) & (np.nan_to_num(current) > 1)).any():
        veto |= rating == 0
    return veto


def _plausible_map(evidence: Evidence) -> Bools | None:
    """A wrong map is wrong all the time: one dead or shifted phase, or a pause of the meter, is no wrong map."""
    bad = []
    phases = list(evidence.voltages.values())
    known = [column[np.nan_to_num(column) > 1] for column in phases]
    shares = [float(((c < 80) | (c > 300)).mean()) for c in known if len(c)]
    bad.append(bool(shares) and min(shares) > 0.5)
    frequency, current = evidence.numbers("frequency"), _numbers(evidence, "m.i_max")
    if frequency is not None:
        running = frequency[np.nan_to_num(frequency) > 1]
        bad.append(bool(len(running)) and float(((running < 45) | (running > 65)).mean()) > 0.5)
    if current is not None:
        flowing = current[np.nan_to_num(current) > 1]
        bad.append(bool(len(flowing)) and float((flowing > 200).mean()) > 0.5)
    return None if any(bad) else np.ones(len(evidence.trace), bool)


def _nothing_flows(evidence: Evidence) -> Bools | None:
    """Without a load the power factor is that of the electronics."""
    current, negative = _numbers(evidence, "m.i_max"), _numbers(evidence, "m.p_phase_min")
    if current is None:
        return None
    idle = np.asarray(np.nan_to_num(current) < 5)
    return idle if negative is None else np.asarray(idle & (np.nan_to_num(negative) > -50))


def _limit_is_as_wanted(evidence: Evidence) -> Bools | None:
    """The failsafe current is also what was asked for: nothing shows a fallback."""
    offer, wanted = _numbers(evidence, "lim.eff"), _numbers(evidence, "lim.set")
    if offer is None or wanted is None:
        return None
    return np.asarray(np.abs(offer - wanted) <= 0.5, bool)


def _not_written_or_bounded(evidence: Evidence) -> Bools | None:
    """Nothing was written just before, or more than the rating was asked for: the charger offers what it can."""
    offer, wanted, rating = (_numbers(evidence, name) for name in ("lim.eff", "lim.set", "lim.hw"))
    if offer is None or wanted is None:
        return None
    veto = np.zeros(len(wanted), bool)
    told = "lim.last_write_age_s" in evidence.trace.numbers
    if not told and evidence.facts.number("last_write_age_s", "lim_last_write_age_s") is None:
        veto |= ~(write_age(wanted, evidence.trace.times) < FRESH_S)
    return veto if rating is None else np.asarray(veto | ((wanted > rating) & (np.abs(offer - rating) <= 0.5)))


def _not_charging_so_long(evidence: Evidence) -> Bools | None:
    """Short bursts of charging draw nothing between them: only a charge that lasts shows what the vehicle takes."""
    words = evidence.state_words
    if not (words == "C2").any():
        return None
    known = np.maximum.accumulate(np.where(words != "", np.arange(len(words)), 0))
    charging = np.asarray(words[known] == "C2")
    times = evidence.trace.times
    return np.asarray(times - times[run_starts(charging, times)] < LASTING_S)


def _wake_up_pulse(evidence: Evidence) -> Bools | None:
    """A charger wakes a vehicle that waits by a pulse of state E of 4 s: E between two B (IEC 61851-1, annex A)."""
    words, times = evidence.state_words, evidence.trace.times
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    begins = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]]))
    veto = np.zeros(len(words), bool)
    for before, at, after in zip(begins, begins[1:], begins[2:], strict=False):
        waited = words[before] in ("B", "B1", "B2") and times[at] - times[before] >= WAITED_S
        pulse = words[at] == "E" and PULSE_S - 2 * usual - 0.5 <= times[after] - times[at] <= PULSE_S + 2 * usual + 0.5
        if waited and pulse and words[after] in ("B", "B1", "B2"):
            veto[at:after] = True
    return veto


_REASONS: dict[str, Callable[[Evidence], Bools | None]] = {
    "TMP-DERATE": _cooler_when_reduced("t.int", WARM_C),
    "TMP-CABLE-DERATE": _cooler_when_reduced("t.conn", WARM_PLUG_C),
    "EV-OVERCURRENT": _offer_just_lowered_or_idle,
    "MTR-UNREADABLE": _not_read_outside_charging,
    "PP-INVALID": _open_or_tethered,
    "COM-MAP-MISMATCH": _plausible_map,
    "MTR-CT": _nothing_flows,
    "EV-LOW-CURRENT": _not_charging_so_long,
    "CP-SHORT": _wake_up_pulse,
    "LIM-WATCHDOG": _limit_is_as_wanted,
    "LIM-WRITE-IGNORED": _not_written_or_bounded,
}
