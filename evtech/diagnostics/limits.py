"""Signals of what the charger was told and what it offers: when it was last written, when an offer came back."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.episodes import session_numbers
from evtech.diagnostics.predicates import Signal
from evtech.diagnostics.trace import Floats, last_known

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

FRESH_S = 60.0  # the shortest age that a predicate asks about


def last_write_age(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the time since the limit was last written (s).

    Told by a tool, or seen: a step of the set limit, or an offer that moves to something other than the failsafe
    current. Before the first write of a recording only a lower bound is known: no age under a minute is stated then.
    """
    told = evidence.facts.number("last_write_age_s", "lim_last_write_age_s")
    times = evidence.trace.times
    if told is not None:
        # told at the end of the recording
        return Signal(np.maximum(told - (times[-1] - times), 0.0), point="current_limit")
    wanted, offered = evidence.numbers("current_limit"), evidence.signal("lim.eff")
    if wanted is None and (offered is None or offered.numbers is None):
        return None
    written = np.zeros(len(times), bool)
    if wanted is not None:
        written |= _steps(wanted)
    if offered is not None and offered.numbers is not None:
        failsafe = evidence.signal("lim.failsafe")
        low = failsafe.numbers if failsafe is not None and failsafe.numbers is not None else np.zeros(1)
        written |= _steps(offered.numbers) & (np.abs(last_known(offered.numbers) - low) > 0.5)
    last = np.maximum.accumulate(np.where(written, np.arange(len(times)), -1))
    age = times - times[np.maximum(last, 0)]
    return Signal(np.where((last < 0) & (age < FRESH_S), np.nan, age), point="current_limit")


def write_age(column: Floats, times: Floats) -> Floats:
    """Return the time since a set point last stepped (s), infinite before its first step."""
    last = np.maximum.accumulate(np.where(_steps(column), np.arange(len(times)), -1))
    return np.where(last < 0, np.inf, times - times[np.maximum(last, 0)])


def _steps(column: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    filled = last_known(column)
    return np.concatenate([[False], np.nan_to_num(np.abs(np.diff(filled))) > 0.05])


def offer_when_cool(point: str, limit: float) -> "Callable[[Evidence, float | None], Signal | None]":
    """Return a maker of the highest offer seen so far while a temperature was under a limit (A).

    Where no set limit is recorded, this is what a hot charger is compared with.
    """

    def make(evidence: "Evidence", window: float | None) -> Signal | None:
        offer, heat = evidence.signal("lim.eff"), evidence.signal(point)
        if evidence.signal("lim.set") or offer is None or offer.numbers is None or heat is None or heat.numbers is None:
            return None
        with np.errstate(invalid="ignore"):
            cool = np.where(heat.numbers < limit, np.nan_to_num(offer.numbers), 0.0)
        highest = np.maximum.accumulate(cool)
        return Signal(np.where(highest >= 6, highest, np.nan), point=offer.point)

    return make


def rise_age(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the time since an offer came back to a vehicle that had charged and has not charged since (s).

    -1 where no offer came back, or where the vehicle took it.
    """
    offer = evidence.offer
    if offer is None or evidence.state is None:
        return None
    times, words = evidence.trace.times, evidence.state_words
    charging = np.isin(words, ["C2", "D2"])
    numbers = session_numbers(words)
    found = np.full(len(times), -1.0)
    for session in np.unique(numbers):
        span = np.flatnonzero(numbers == session)
        taken = charging[span]
        had = np.maximum.accumulate(taken)
        given = last_known(offer[span])
        rose = np.concatenate([[False], (given[1:] == 1) & (given[:-1] == 0)]) & had
        order = np.arange(len(span))
        rise = np.maximum.accumulate(np.where(rose, order, -1))
        use = np.maximum.accumulate(np.where(taken, order, -1))
        waits = (rise >= 0) & (use < rise)
        found[span] = np.where(waits, times[span] - times[span][np.maximum(rise, 0)], -1.0)
    return Signal(found, point="current_limit_actual")


def limit_in_force(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the offer (A): told, or by the duty cycle, or what was asked for where nothing tells what came of it."""
    for point in ("current_limit_actual", "signalled_current"):
        column = evidence.numbers(point)
        if column is not None:
            return Signal(column, point=point)
    duty = evidence.numbers("pwm_duty")
    if duty is not None:
        # IEC 61851-1, table A.8; outside 8 to 97 % there is no offer
        amps = np.where(duty <= 85, duty * 0.6, (duty - 64) * 2.5)
        return Signal(np.where((duty < 8) | (duty > 97), 0.0, np.maximum(amps, 6.0)), point="pwm_duty")
    wanted = evidence.numbers("current_limit")
    return None if wanted is None else Signal(wanted, point="current_limit")
