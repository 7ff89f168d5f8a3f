"""Signals that need memory of the pilot state: what was before, how long it lasted, how often it came."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evtech.diagnostics.predicates import Signal
from evtech.diagnostics.trace import Floats

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

FAST_POLL_S = 2.0  # slower polls may miss a state between two others
BURST_S = (5.0, 60.0)
LOWEST_OFFER_A = 6.0
HOT_A = 2.0
STARTED_S = 3.0  # shorter is a flapping pilot
CHARGED_WH = 50.0
UNHURRIED_S = 120.0
ACCEPTED_S = 120.0  # charging for so long shows that the vehicle accepts earth and mains
_CHARGING = ("C2", "D2")
_CONNECTED = ("B", "B1", "B2", "C", "C1", "C2", "D", "D1", "D2")


def _states(evidence: "Evidence") -> "np.ndarray[tuple[int, ...], np.dtype[np.str_]] | None":
    return None if evidence.state is None else evidence.state_words


def _changes(
    words: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Return the indices at which a known state differs from the known state before."""
    known = np.flatnonzero(words != "")
    return np.asarray(known[1:][words[known][1:] != words[known][:-1]], np.int64)


def _ends(
    changes: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", count: int
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Return where the stretch that begins at each change ends."""
    return np.append(changes[1:], count)[: len(changes)]


def counted(times: Floats, at: Floats, window: float) -> Floats:
    """Return at every time how many events lie in the window before it."""
    at = np.sort(at)
    return (np.searchsorted(at, times, "right") - np.searchsorted(at, times - window, "left")).astype(float)


def previous_state(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the state right before the present one; unknown where the polls are too slow to have seen it.

    A link that is lost at the end of the recording leaves the last state that was seen.
    """
    words = _states(evidence)
    if words is None:
        return None
    times = evidence.trace.times
    previous = np.full(len(words), "", "<U8")
    changes = _changes(words)
    for at, end in zip(changes, _ends(changes, len(words)), strict=True):
        # the state before must have been seen right before: an unknown sample or a long step hides others
        previous[at:end] = words[at - 1] if times[at] - times[at - 1] <= FAST_POLL_S else ""
    link = evidence.signal("link.connected")
    if link is not None and link.numbers is not None and link.numbers[-1] == 0:
        seen = words[words != ""]
        previous[-1] = seen[-1] if len(seen) else ""
    return Signal(words=previous, point="cp_state")


def current_before(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the current that flowed just before the last change of state (A)."""
    words, current = _states(evidence), evidence.signal("m.i_max")
    if words is None or current is None or current.numbers is None:
        return None
    found = np.full(len(words), np.nan)
    changes = _changes(words)
    for at, end in zip(changes, _ends(changes, len(words)), strict=True):
        found[at:end] = current.numbers[at - 1]
    return Signal(found, point="current")


def state_changes(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often the state changed within the window."""
    words = _states(evidence)
    if words is None:
        return None
    times = evidence.trace.times
    return Signal(counted(times, times[_changes(words)], window or 60.0), point="cp_state")


def session_numbers(
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
    session = session_numbers(words)
    has = np.isin(words, ["C2", "D2"])
    energy = evidence.numbers("session_energy")
    if energy is not None and words[0] in _CONNECTED:
        # the session runs since before the recording, and its own counter says that energy has flowed
        has |= (session == session[0]) & (np.nan_to_num(energy) > CHARGED_WH)
    charged = set(session[has].tolist())
    return Signal(np.isin(session, list(charged)).astype(float), point="cp_state")


@dataclass(frozen=True, slots=True)
class Burst:
    """A completed stretch of charging that ended with the vehicle still there; ``by_vehicle``: the offer stayed."""

    start: float
    end: float
    session: int
    by_vehicle: bool

    @property
    def seconds(self) -> float:
        """Return its length."""
        return self.end - self.start


def bursts(evidence: "Evidence") -> list[Burst]:
    """Return all stretches of charging that ended with the vehicle still there."""
    words = _states(evidence)
    if words is None:
        return []
    times, sessions = evidence.trace.times, session_numbers(words)
    changes = _changes(words)
    found = []
    start = float(times[0]) if words[0] in _CHARGING else None
    for at in changes.tolist():
        word = str(words[at])
        if word in _CHARGING:
            start = float(times[at]) if start is None else start
        elif start is not None:
            if word in _CONNECTED:
                found.append(Burst(start, float(times[at]), int(sessions[at]), word not in ("B1", "C1", "D1")))
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
    times = evidence.trace.times
    found = np.full(len(times), np.nan)
    for burst in bursts(evidence):
        found[np.searchsorted(times, burst.end) :] = burst.seconds if burst.by_vehicle else np.nan
    return Signal(found, point="cp_state")


def _regular(ends: list[float]) -> bool:
    gaps = np.diff(ends)
    return len(gaps) < 2 or float(np.std(gaps)) < 0.35 * float(np.mean(gaps))


def _short(found: list[Burst]) -> list[float]:
    return [b.end for b in found if b.by_vehicle and BURST_S[0] <= b.seconds <= BURST_S[1]]


def burst_count(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many regular bursts of 5 to 60 s lie in the window."""
    if evidence.state is None:
        return None
    ends = _short(bursts(evidence))
    return Signal(
        counted(evidence.trace.times, np.array(ends if _regular(ends) else []), window or 3600.0), point="cp_state"
    )


def short_repeats(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many short starts of this vehicle there have been.

    A vehicle that has charged for minutes accepts the supply: what it does later in short bursts is topping up. So is
    a regular rhythm in a session whose beginning was not recorded, and one of minutes: a vehicle that refuses the
    supply tries again within a minute or so, and gives up.
    """
    words = _states(evidence)
    if words is None:
        return None
    at, accepted = [], set()
    found = bursts(evidence)
    if words[0] in _CONNECTED:
        first = [burst for burst in found if burst.session == session_numbers(words)[0]]
        if len(_short(first)) >= 3 and _regular(_short(first)):
            accepted.add(first[0].session)
    accepted |= {
        number for number in {b.session for b in found} if _unhurried([b for b in found if b.session == number])
    }
    for burst in found:
        if burst.seconds > ACCEPTED_S:
            accepted.add(burst.session)
        elif burst.seconds >= STARTED_S and burst.by_vehicle and burst.session not in accepted:
            at.append(burst.end)
    return Signal(counted(evidence.trace.times, np.array(at), 1e9), point="cp_state")


def _unhurried(found: list[Burst]) -> bool:
    """Tell whether at least three short bursts follow each other regularly, minutes apart."""
    ends = _short(found)
    return len(ends) >= 3 and _regular(ends) and float(np.median(np.diff(ends))) >= UNHURRIED_S


def interruptions(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often charging stopped with the vehicle still there, within the window.

    A limit that is seen to fall below 6 A is load management, which may pause as often as it likes (R13).
    """
    if evidence.state is None:
        return None
    at = np.array([burst.end for burst in bursts(evidence) if burst.by_vehicle or not _withdrawn(evidence, burst.end)])
    return Signal(counted(evidence.trace.times, at, window or 3600.0), point="cp_state")


def _withdrawn(evidence: "Evidence", at: float) -> bool:
    """Tell whether the limit in force is known to have been below the least offer when charging stopped."""
    limit = evidence.signal("lim.eff")
    if limit is None or limit.numbers is None:
        return False
    i = int(np.searchsorted(evidence.trace.times, at))
    return bool((limit.numbers[max(i - 1, 0) : i + 2] < LOWEST_OFFER_A).any())


def hot_openings(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often the contactor opened under more than 2 A, within the window.

    It did where current still flowed at the command, or where the vehicle had not let go (state C or D) a moment
    after a current: a vehicle that ends its charge opens S2 first.
    """
    command, current = evidence.signal("sw.cmd"), evidence.signal("m.i_max")
    if command is None or command.words is None or current is None or current.numbers is None:
        return None
    times, words, amps = evidence.trace.times, evidence.state_words, np.nan_to_num(current.numbers)
    opened = np.flatnonzero((command.words[:-1] == "closed") & (command.words[1:] == "open")) + 1
    hot = [
        i
        for i in opened
        if amps[i] > HOT_A or (amps[i - 1] > HOT_A and (times[i] - times[i - 1] <= 0.5 or words[i][:1] in ("C", "D")))
    ]
    return Signal(counted(times, times[hot], window or 86_400.0), point="relay_command")


def cycles_per_day(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the contactor's openings a day, over recordings of at least six hours."""
    times = evidence.trace.times
    cycles = evidence.numbers("relay_cycles")
    span = float(np.ptp(times))
    if span < 6 * 3600 or (cycles is None and evidence.state is None):
        return None
    count = float(np.nanmax(cycles) - np.nanmin(cycles)) if cycles is not None else float(len(bursts(evidence)))
    return Signal(np.full(len(times), count / span * 86_400), point="relay_cycles")
