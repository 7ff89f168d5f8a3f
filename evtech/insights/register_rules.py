"""Rules over energy: the register against itself, against power, against the session, and while nothing may flow."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evtech.insights.anomalies import Anomaly, Evidence
from evtech.insights.columns import (
    PHASES,
    Floats,
    Mask,
    Places,
    Samples,
    between,
    column,
    evidence,
    found,
    has,
    lasting,
    most_w,
    poll,
    register_of,
    runs,
)
from evtech.insights.rule_limits import SampleLimits

ROLLOVERS = tuple(float(2**bits) * unit for bits in (16, 24, 32) for unit in (0.1, 1.0, 10.0, 100.0, 1000.0))
SLIPS = (1e-3, 1e-2, 0.1, 10.0, 100.0, 1e3, 65536.0, 1 / 65536.0)
SLIP_WITHIN = 0.1
LEAST_IDLE_S = 300.0
READ_LATE_S = (
    2.0  # a busy laptop or a slow line reads a register so long after the moment that its poll is stamped with
)
COUNTER = "session_energy"
FEW = 0.2
USUAL_REPEATS = 10.0  # times the rhythm of a meter that is updated seldom


@dataclass(frozen=True, slots=True)
class EnergyCheck:
    """Register against integrated power: energies in Wh, mismatch, its limit and the time covered in %."""

    register_wh: float
    integral_wh: float
    mismatch_pct: float
    limit_pct: float
    coverage_pct: float


def register_step(old: float, new: float, dt_s: float, most_w: float, span: float) -> float | None:
    """Return the energy between two readings of a register that runs over at ``span`` (Wh); ``None``: impossible."""
    delta = (new - old) % span
    return delta if delta <= 1.2 * most_w * dt_s / 3600 else None


def energy_check(times: Floats, power: Floats, register: Floats, limits: SampleLimits) -> EnergyCheck | None:
    """Compare the register's difference with the trapezoid of power; ``None`` where either is missing.

    Beside 2 % and two steps of the register the limit allows for what the pace cannot show: half a poll at each leap of
    the power, and at both ends the energy of one usual step of a register that is updated slowly.
    """
    known = np.isfinite(power) & np.isfinite(register)
    if known.sum() < 2:
        return None
    t, p, e = times[known], power[known], register[known]
    steps = np.diff(t)
    covered = steps <= max(2 * poll(times, limits), 1e-9)
    integral = float(((p[1:] + p[:-1]) / 2 * steps).sum() / 3600)
    difference = float(e[-1] - e[0])
    if integral <= 0:
        return None
    leaps = np.abs(np.diff(p))
    unseen = float((leaps * steps)[leaps > 0.2 * p.max()].sum()) / 2 + (p[0] + p[-1]) * _usual_wait(t, e, p)
    limit = max(limits.mismatch_pct, 100 * 2 * limits.step_wh / integral, 100 * float(unseen) / 3600 / integral)
    share = 100 * float(steps[covered].sum()) / float(times[-1] - times[0]) if times[-1] > times[0] else 0.0
    return EnergyCheck(difference, integral, 100 * (difference - integral) / integral, limit, share)


def movement(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a register that runs over, falls, leaps, or leaps because its words are swapped; each once a session.

    A rise may take the energy of the time since the register last moved: some are updated once a minute. It may take
    that of ``READ_LATE_S`` besides, as far as polls are that far apart.
    """
    register = register_of(s)
    known = np.flatnonzero(np.isfinite(register))
    if len(known) < 2 or s.register == COUNTER:  # a session's counter begins anew with every session
        return
    most = limits.plausible * most_w(s, limits)
    values, times = register[known], s.times[known]
    rises = np.diff(values)
    moved = np.flatnonzero(rises != 0)
    since = np.concatenate(([0], moved[:-1] + 1)) if len(moved) else moved
    usual = poll(s.times, limits)
    waits = np.maximum(times[moved + 1] - times[since], usual)  # stamps jitter, or are doubled
    allowed = most * waits / 3600 + 2 * limits.step_wh
    late = most * min(usual, READ_LATE_S) / 3600
    told: set[str] = set()
    for place in np.flatnonzero((rises[moved] < -limits.step_wh) | ((rises[moved] > allowed + late) & (most > 0))):
        index = int(moved[place])
        one = _judged(s, limits, (int(known[index]), int(known[index + 1])), float(waits[place]), float(allowed[place]),
                      most)  # fmt: skip
        if one.said not in told:
            told.add(one.said)
            yield one


def _judged(
    s: Samples, limits: SampleLimits, places: tuple[int, int], wait: float, allowed: float, most: float
) -> Anomaly:  # fmt: skip
    register, (before, at) = register_of(s), places
    old, new = float(register[before]), float(register[at])
    span, shown = between(s, before, at), evidence(s, (s.register, "power_total"), before, at)
    told = {"old": old, "new": new, "wait": wait}
    if _swapped(old, new, allowed, limits.step_wh):
        return found(s, "swapped", "critical", span, new, old, rule="scale_slip", evidence=shown, told=told)
    if new > old:
        return found(s, "jump", "critical", span, new - old, allowed, evidence=shown, told=told)
    over = next((r for r in ROLLOVERS if old <= r and register_step(old, new, wait, most / 1.2, r) is not None), None)
    if over is not None:
        return found(s, "rollover", "info", span, (new - old) % over, allowed, evidence=shown, told=told)
    return found(s, "rollback", "critical", span, new - old, 0.0, evidence=shown, told=told)


def _swapped(old: float, new: float, allowed: float, step: float) -> bool:
    """Return whether a leap vanishes when the two words of a 32-bit register change places."""
    raw = round(new / step)
    if not 0 <= raw < 2**32 or abs(raw * step - new) > 1e-6 * max(abs(new), 1.0):
        return False
    turned = ((raw & 0xFFFF) << 16 | raw >> 16) * step
    return turned != new and -step <= turned - old <= allowed


def frozen(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a register that stands still under load, and measured values that repeat to the last digit."""
    register, power = register_of(s), column(s, "power_total")
    flows = np.isfinite(power) & (power > limits.flowing_pct / 100 * most_w(s, limits)) & (power > 0)
    counted = flows & np.isfinite(register)
    wait = 3 * _usual_wait(s.times[counted], register[counted], power[counted])
    for first, last in runs(counted & np.append(False, np.diff(register) == 0)):
        mean = float(np.mean(power[first : last + 1]))
        limit = max(limits.frozen_steps * limits.step_wh / mean * 3600, limits.frozen_s, wait)
        lasted = float(s.times[last] - s.times[max(first - 1, 0)])
        if lasted > limit:
            yield found(s, "frozen", "warning", between(s, first, last), lasted, limit, kw=mean / 1000,
                        evidence=evidence(s, (s.register, "power_total"), first, last))  # fmt: skip
            break
    yield from _repeated(s, limits, flows)


def _repeated(s: Samples, limits: SampleLimits, flows: Mask) -> Iterator[Anomaly]:
    """Find values that repeat to the last digit, where the rest of the session shows that the meter is a fine one."""
    names = [f"{kind}_{phase}" for kind in ("voltage", "current") for phase in PHASES if has(s, f"{kind}_{phase}")]
    if not has(s, "voltage_l1", "current_l1", "power_total"):
        return
    table = np.column_stack([s.columns[n] for n in (*names, "power_total")])
    same = np.append(False, (np.diff(table, axis=0) == 0).all(axis=1)) & flows
    least = max(limits.frozen_samples, _usual_repeats(same, flows, int(limits.frozen_samples)))
    for first, last in lasting(same, s.times, limits.frozen_s, 3 * poll(s.times, limits)):
        if last - first + 1 >= least:
            yield found(s, "repeated", "warning", between(s, first, last), last - first + 2.0, limits.frozen_samples,
                        rule="frozen", about="values",
                        evidence=evidence(s, ("voltage_l1", "current_l1", "power_total"), first, last))  # fmt: skip
            return


def _usual_repeats(same: Mask, flows: Mask, long: int) -> float:
    """Return how often values may repeat: 0 for a fine meter, its rhythm for one that is read too often.

    Infinity for a coarse meter, whose values often do not change.
    """
    lengths = np.array([last - first + 1 for first, last in runs(same)])
    short = lengths[lengths < long]
    others = int(flows.sum()) - int(lengths[lengths >= long].sum())
    if not len(short) or short.sum() < FEW * others:
        return 0.0
    middle = float(np.median(short))
    in_rhythm = middle >= 2 and float((np.abs(short - middle) <= 0.5 * middle).mean()) >= 1 - FEW
    return USUAL_REPEATS * middle if in_rhythm else np.inf


def energy(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a register that counts another energy than the power amounts to; a known factor is a slip of scale."""
    register = register_of(s)
    check = energy_check(s.times, column(s, "power_total"), register, limits)
    fell = np.diff(register[np.isfinite(register)]) < -limits.step_wh
    if check is None or bool(fell.any()):  # a fall is told by itself
        return
    told = {"register": check.register_wh, "integral": check.integral_wh}
    ratio = check.register_wh / check.integral_wh
    for known in SLIPS:
        if check.register_wh > 2 * limits.step_wh and abs(ratio / known - 1) <= SLIP_WITHIN:
            yield found(s, "scale_slip", "critical", s.span, ratio, known, told=told)
            return
    if check.coverage_pct > limits.coverage_pct and abs(check.mismatch_pct) > check.limit_pct:
        yield found(s, "energy_mismatch", "warning", s.span, check.mismatch_pct, check.limit_pct, told=told)


def session(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a session whose energy, or whose own counter, is not what its register counted."""
    register = register_of(s)
    known = np.flatnonzero(np.isfinite(register))
    if len(known) < 2 or (np.diff(register[known]) < 0).any():
        return  # a register that fell back proves nothing about the session
    limit = limits.session_steps * limits.step_wh
    if s.session_wh is not None:
        difference = s.session_wh - float(register[known[-1]] - register[known[0]])
        if abs(difference) > limit:
            yield found(s, "session_mismatch", "warning", s.span, difference, limit)
    yield from _counter(s, limits, register)


def _counter(s: Samples, limits: SampleLimits, register: Floats) -> Iterator[Anomaly]:
    """Compare the charger's session counter with its register since the counter last began anew."""
    if s.register == COUNTER or not has(s, COUNTER):
        return
    counter = s.columns[COUNTER]
    both = np.flatnonzero(np.isfinite(counter) & np.isfinite(register))
    if len(both) < 2:
        return
    falls = np.flatnonzero(np.diff(counter[both]) < 0)
    both = both[int(falls[-1]) + 1 :] if len(falls) else both
    if len(both) < 2:
        return
    counted, registered = (float(values[both[-1]] - values[both[0]]) for values in (counter, register))
    # both are read within a poll, but not at the same instant, and one may be updated after the other
    lag = 2 * most_w(s, limits) * max(poll(s.times, limits), _usual_wait(s.times[both], register[both])) / 3600
    limit = limits.session_steps * limits.step_wh + lag
    if abs(counted - registered) > limit:
        span = between(s, int(both[0]), int(both[-1]))
        yield found(s, "counter_mismatch", "warning", span, counted - registered, limit,
                    rule="session_mismatch", about="counter", counted=counted, registered=registered)  # fmt: skip


def creep(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a meter that counts while the contactor is open, before the vehicle came or during the session."""
    if s.register == COUNTER:
        return
    stretches = []
    if s.idle is not None:
        stretches.append(("idle", s.idle.times, s.idle.register))
    if s.away is not None:
        register = register_of(s)
        for first, last in runs(s.away & np.isfinite(register)):
            stretches.append(("open", s.times[first : last + 1], register[first : last + 1]))
    for about, times, register in stretches:
        known = np.flatnonzero(np.isfinite(register))
        if len(known) < 2:
            continue
        rise = float(register[known[-1]] - register[known[0]])
        lasted = float(times[known[-1]] - times[known[0]])
        limit = max(limits.step_wh, limits.creep_wh)
        if rise > limit and (about == "open" or lasted >= LEAST_IDLE_S):
            span = (float(times[known[0]]), float(times[known[-1]]))
            yield found(s, "creep", "critical", span, rise, limit, rule="standby", about=about,
                        lasted=lasted / 60, watts=rise * 3600 / lasted if lasted > 0 else 0.0,
                        evidence=_readings(s.register, times, register, known))  # fmt: skip
            return


def _readings(name: str, times: Floats, register: Floats, known: Places) -> tuple[Evidence, ...]:
    return tuple(Evidence(float(times[i]), name, float(register[i])) for i in (known[0], known[-1]))


def _usual_wait(times: Floats, register: Floats, power: Floats | None = None) -> float:
    """Return the usual time between two steps of a register (s); 0 where it moves too seldom to tell."""
    moved: Mask = np.diff(register) > 0
    if power is not None:
        moved &= power[1:] > 0
    steps = np.diff(times[1:][moved])
    return float(np.median(steps)) if len(steps) >= 3 else 0.0
