"""Rules over the samples of one session: registers, times, electrical limits. Deterministic; limits are settings.

Each finding says value, limit and when. What a recording does not hold is not judged: no rule guesses a rating, a
vehicle's wish or a poll interval that is not known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evtech.insights.anomalies import Anomaly

Floats = npt.NDArray[np.float64]
_ROLLOVERS = tuple(float(2**bits) * unit for bits in (16, 24, 32) for unit in (0.1, 1.0, 10.0, 100.0, 1000.0))


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """Thresholds; powers in W, energies in Wh, times in s. ``rated_w`` ``None``: the greatest power seen counts."""

    rated_w: float | None = None
    step_wh: float = 10.0  # of the energy register
    poll_s: float | None = None  # else the median distance
    plausible: float = 1.2
    gap_polls: float = 3.0
    mismatch_pct: float = 2.0
    coverage_pct: float = 98.0
    imbalance_pct: float = 10.0
    imbalance_s: float = 60.0
    derating_share: float = 0.8
    derating_s: float = 300.0
    frozen_samples: int = 60
    voltage_v: float = 230.0
    clock_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns of one session by standard name (NaN = missing); ``times`` in s since 1970 as they came.

    ``session_wh`` is the session's own energy; ``device_times`` the charger's clock where it was read; ``requested_w``
    what the vehicle asked for, where it says so.
    """

    port: str
    times: Floats
    columns: Mapping[str, Floats]
    session_wh: float | None = None
    session_id: str | None = None
    away: npt.NDArray[np.bool_] | None = None  # no vehicle: IEC 61851 state A
    device_times: Floats | None = None
    requested_w: Floats | None = None


@dataclass(frozen=True, slots=True)
class EnergyCheck:
    """Register against integrated power: energies in Wh, mismatch and coverage in %."""

    register_wh: float
    integral_wh: float
    mismatch_pct: float
    limit_pct: float
    coverage_pct: float


def sample_anomalies(samples: Samples, limits: SampleLimits = SampleLimits()) -> list[Anomaly]:
    """Return what the samples of one session show, by time."""
    if len(samples.times) < 2:
        return []
    found: list[Anomaly] = []
    for rule in (
        _stamps,
        _gaps,
        _register,
        _frozen,
        _energy,
        _session,
        _imbalance,
        _voltage,
        _derating,
        _creep,
        _clock,
    ):
        found += rule(samples, limits)
    return sorted(found, key=lambda a: (a.start, a.rule))


def register_step(old: float, new: float, dt_s: float, most_w: float, span: float) -> float | None:
    """Return the energy between two readings of a register that runs over at ``span`` (Wh); ``None``: impossible."""
    delta = (new - old) % span
    return delta if delta <= 1.2 * most_w * dt_s / 3600 else None


def energy_check(times: Floats, power: Floats, register: Floats, limits: SampleLimits) -> EnergyCheck | None:
    """Compare the register's difference with the trapezoid of power; ``None`` where either is missing."""
    known = np.isfinite(power) & np.isfinite(register)
    if known.sum() < 2:
        return None
    t, p, e = times[known], power[known], register[known]
    steps = np.diff(t)
    covered = steps <= max(2 * _poll(times, limits), 1e-9)
    integral = float(((p[1:] + p[:-1]) / 2 * steps).sum() / 3600)
    difference = float(e[-1] - e[0])
    if integral <= 0:
        return None
    limit = max(limits.mismatch_pct, 100 * 2 * limits.step_wh / integral)
    share = 100 * float(steps[covered].sum()) / float(times[-1] - times[0]) if times[-1] > times[0] else 0.0
    return EnergyCheck(difference, integral, 100 * (difference - integral) / integral, limit, share)


def _made(
    s: Samples, rule: str, severity: str, span: tuple[float, float], value: float, limit: float, words: str, todo: str
) -> Anomaly:
    return Anomaly(rule, severity, s.port, span[0], span[1], value, limit, words, todo, s.session_id)


def _stamps(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    steps = np.diff(s.times)
    bad = np.flatnonzero(steps <= 0)
    if len(bad):
        at = float(s.times[bad[0]])
        yield _made(s, "duplicate_time", "warning", (at, at), float(len(bad)), 0.0,
                    f"{len(bad)} samples have the time of their predecessor or an earlier one.",
                    "Check what set the clock while it was recorded.")  # fmt: skip


def _gaps(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    poll = _poll(s.times, limits)
    steps = np.diff(s.times)
    long = np.flatnonzero(steps > limits.gap_polls * poll)
    whole = float(s.times[-1] - s.times[0])
    if not len(long) or whole <= 0:
        return
    share = 100 * float((steps[long] - poll).sum()) / whole
    worst = int(long[steps[long].argmax()])
    yield _made(s, "gap", "warning" if share > 5 else "info", (float(s.times[worst]), float(s.times[worst + 1])),
                float(steps[worst]), limits.gap_polls * poll,
                f"{len(long)} gaps, {share:.1f} % of the session; the longest lasts {steps[worst]:.0f} s.",
                "Check cable, polling and the network.")  # fmt: skip


def _register(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    register = _column(s, "energy_import_total")
    known = np.flatnonzero(np.isfinite(register))
    most = limits.plausible * _most_w(s, limits)
    rises, steps = np.diff(register[known]), np.diff(s.times[known])
    odd = (rises < -limits.step_wh) | (rises > most * np.maximum(steps, 0.0) / 3600 + 2 * limits.step_wh)
    for index in np.flatnonzero(odd):
        before, at = known[index], known[index + 1]
        old, new, dt = float(register[before]), float(register[at]), float(s.times[at] - s.times[before])
        span = (float(s.times[before]), float(s.times[at]))
        allowed = most * max(dt, 0.0) / 3600 + 2 * limits.step_wh
        if new < old - limits.step_wh:
            ran_over = next(
                (r for r in _ROLLOVERS if old <= r and register_step(old, new, dt, most / 1.2, r) is not None), None
            )
            if ran_over is not None:
                delta = (new - old) % ran_over
                yield _made(s, "rollover", "info", span, delta, allowed,
                            f"The register ran over from {old:.0f} to {new:.0f} Wh: {delta:.0f} Wh were counted.",
                            "Nothing to do; the session's energy must carry on over it.")  # fmt: skip
            else:
                yield _made(s, "rollback", "critical", span, new - old, 0.0,
                            f"The register fell from {old:.0f} to {new:.0f} Wh.",
                            "Read the meter; was it replaced?")  # fmt: skip
        elif new - old > allowed and most > 0:
            yield _made(s, "jump", "critical", span, new - old, allowed,
                        f"The register rose by {new - old:.0f} Wh in {dt:.0f} s; {allowed:.0f} Wh are possible.",
                        "Compare with the meter's display.")  # fmt: skip


def _frozen(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    register, power = _column(s, "energy_import_total"), _column(s, "power_total")
    rated = _most_w(s, limits)
    flows = np.isfinite(power) & np.isfinite(register) & (power > 0.05 * rated)
    for first, last in _runs(flows & np.append(False, np.diff(register) == 0)):
        mean = float(np.mean(power[first : last + 1]))
        lasted, limit = float(s.times[last] - s.times[max(first - 1, 0)]), 3 * limits.step_wh / mean * 3600
        if lasted > limit:
            yield _made(s, "frozen", "warning", (float(s.times[first]), float(s.times[last])), lasted, limit,
                        f"The register stood still for {lasted:.0f} s at {mean / 1000:.1f} kW.",
                        "Read the meter itself; the charger may show a stored value.")  # fmt: skip
            return
    names = [n for n in ("voltage_l1", "current_l1", "power_total") if n in s.columns]
    if len(names) < 3:
        return
    table = np.column_stack([s.columns[n] for n in names])
    same = np.append(False, (np.diff(table, axis=0) == 0).all(axis=1)) & flows
    for first, last in _runs(same):
        if last - first + 1 >= limits.frozen_samples:
            yield _made(s, "frozen", "warning", (float(s.times[first]), float(s.times[last])), last - first + 2.0,
                        float(limits.frozen_samples),
                        f"Voltage, current and power did not change in a digit over {last - first + 2} samples.",
                        "The charger may repeat an old measurement.")  # fmt: skip
            return


def _energy(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    check = energy_check(s.times, _column(s, "power_total"), _column(s, "energy_import_total"), limits)
    if check is None:
        return
    span = (float(s.times[0]), float(s.times[-1]))
    ratio = check.register_wh / check.integral_wh
    for known in (1e-3, 1e-2, 0.1, 10.0, 100.0, 1e3, 65536.0, 1 / 65536.0):
        if check.register_wh > 2 * limits.step_wh and abs(ratio / known - 1) <= 0.1:
            yield _made(s, "scale_slip", "critical", span, ratio, known,
                        f"The register counts {ratio:.4g} times the integrated power.",
                        "Check scale and word order in the profile.")  # fmt: skip
            return
    if check.coverage_pct > limits.coverage_pct and abs(check.mismatch_pct) > check.limit_pct:
        yield _made(s, "energy_mismatch", "warning", span, check.mismatch_pct, check.limit_pct,
                    f"The register differs from the integrated power by {check.mismatch_pct:+.2f} %.",
                    "Measure with a reference.")  # fmt: skip


def _session(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    register = _column(s, "energy_import_total")
    known = register[np.isfinite(register)]
    if s.session_wh is None or len(known) < 2:
        return
    difference = s.session_wh - float(known[-1] - known[0])
    if known[-1] >= known[0] and abs(difference) > 2 * limits.step_wh:
        yield _made(s, "session_mismatch", "warning", (float(s.times[0]), float(s.times[-1])), difference,
                    2 * limits.step_wh, f"The session's energy differs from the register by {difference:+.0f} Wh.",
                    "Compare which of both was billed.")  # fmt: skip


def _imbalance(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    names = ("current_l1", "current_l2", "current_l3")
    if any(n not in s.columns for n in names):
        return
    amps = np.column_stack([s.columns[n] for n in names])
    mean = amps.mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        worst = 100 * np.abs(amps - mean[:, None]).max(axis=1) / mean
    three = np.isfinite(worst) & (amps > 1.0).all(axis=1)  # a phase that carries nothing is no imbalance
    for first, last in _runs(three & (worst > limits.imbalance_pct)):
        lasted = float(s.times[last] - s.times[first])
        if lasted > limits.imbalance_s:
            value = float(np.median(worst[first : last + 1]))
            yield _made(s, "imbalance", "warning", (float(s.times[first]), float(s.times[last])), value,
                        limits.imbalance_pct, f"The phase currents differ by {value:.1f} % for {lasted:.0f} s.",
                        "Look for a warm contact or a weak phase.")  # fmt: skip
            return


def _voltage(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Judge means over 10 s: ±10 % is a notice, +10/−15 % a warning (EN 50160 speaks of means over 10 min)."""
    for name in ("voltage_l1", "voltage_l2", "voltage_l3"):
        if name not in s.columns:
            continue
        values = s.columns[name]
        good = np.isfinite(values) & (values > 0.2 * limits.voltage_v)
        if not good.any():
            continue
        bins = np.floor(s.times[good] / 10).astype(np.int64)
        keys, inverse = np.unique(bins, return_inverse=True)
        means = np.bincount(inverse, values[good]) / np.bincount(inverse)
        off = (means / limits.voltage_v - 1) * 100
        worst = int(np.abs(off).argmax())
        if abs(off[worst]) > 10:
            grave = bool((off > 10).any() or (off < -15).any())
            at = float(keys[worst]) * 10
            bound = limits.voltage_v * (1.1 if off[worst] > 0 else (0.85 if grave else 0.9))
            yield _made(s, "voltage", "warning" if grave else "info", (at, at + 10), float(means[worst]), bound,
                        f"{name[-2:].upper()} was {means[worst]:.1f} V over 10 s ({off[worst]:+.1f} %).",
                        "Measure at the supply; ask the network operator.")  # fmt: skip


def _derating(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find less power than the vehicle asked for; without its wish nothing is judged."""
    power = _column(s, "power_total")
    if s.requested_w is None or limits.rated_w is None:
        return
    asked = np.minimum(s.requested_w, limits.rated_w)
    low = np.isfinite(asked) & (asked > 0.05 * limits.rated_w) & (power < limits.derating_share * asked)
    for first, last in _runs(low):
        lasted = float(s.times[last] - s.times[first])
        if lasted > limits.derating_s:
            value = 100 * float(np.mean(power[first : last + 1] / asked[first : last + 1]))
            yield _made(s, "derating", "warning", (float(s.times[first]), float(s.times[last])), value,
                        100 * limits.derating_share,
                        f"Only {value:.0f} % of what the vehicle asked for, for {lasted / 60:.0f} min.",
                        "Check temperatures, shared power and grid limits.")  # fmt: skip
            return


def _creep(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a meter that counts while no vehicle is there."""
    register = _column(s, "energy_import_total")
    if s.away is None:
        return
    for first, last in _runs(s.away & np.isfinite(register)):
        rise = float(register[last] - register[first])
        if rise > limits.step_wh:
            yield _made(s, "standby", "critical", (float(s.times[first]), float(s.times[last])), rise, limits.step_wh,
                        f"The register counted {rise:.0f} Wh while no vehicle was connected.",
                        "Check the meter for creep and what else is behind it.")  # fmt: skip
            return


def _clock(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    if s.device_times is None:
        return
    off = s.device_times - s.times
    known = off[np.isfinite(off)]
    if len(known) and abs(float(np.median(known))) > limits.clock_s:
        value = float(np.median(known))
        yield _made(s, "clock", "warning", (float(s.times[0]), float(s.times[-1])), value, limits.clock_s,
                    f"The charger's clock is {value:+.0f} s off.",
                    "Set the charger's clock; times of CDRs follow it.")  # fmt: skip


def _column(s: Samples, name: str) -> Floats:
    return s.columns.get(name, np.full(len(s.times), np.nan))


def _poll(times: Floats, limits: SampleLimits) -> float:
    return limits.poll_s or float(np.median(np.diff(np.sort(times))))


def _most_w(s: Samples, limits: SampleLimits) -> float:
    power = _column(s, "power_total")
    seen = float(np.nanmax(power)) if np.isfinite(power).any() else 0.0
    return max(limits.rated_w or 0.0, seen)


def _runs(mask: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield first and last index of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(after) - 1
