"""Rules over the supply and its phases: voltage, frequency, unbalance, currents of the phases and of the neutral.

EN 50160 speaks of means over ten minutes and of a week; what a session shows at once is judged by means over ten
seconds. What needs a week is pooled over sessions (``trend_rules.py``).
"""

from collections.abc import Iterator

import numpy as np

from evtech.insights.anomalies import Anomaly
from evtech.insights.columns import (
    PHASES,
    Floats,
    Mask,
    Samples,
    between,
    column,
    evidence,
    found,
    has,
    lasting,
    means,
    poll,
)
from evtech.insights.rule_limits import SampleLimits

SHORT_S, LONG_S = 10.0, 600.0
NOMINAL_HZ = (50.0, 60.0)
LIVE = 0.2  # of the nominal voltage: less is a phase that is off, not a low one
FLOWS_A = 1.0
CHARGES_A = 4.0  # below the least offer of 6 A a vehicle hardly draws: smaller currents are its rest
SEEN_S = 10.0  # for so long all three phases must have carried current before one can be missed


def voltage(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find means over 10 s outside ±10 % (a notice) or outside +10/−15 % (a warning), each phase by itself."""
    for name in (f"voltage_{phase}" for phase in PHASES):
        values = column(s, name)
        live = np.where(values > LIVE * limits.voltage_v, values, np.nan)
        starts, mean = means(s.times, live, SHORT_S)
        if not len(mean):
            continue
        off = (mean / limits.voltage_v - 1) * 100
        worst = int(np.abs(off).argmax())
        if abs(off[worst]) <= limits.voltage_pct:
            continue
        grave = bool((off > limits.voltage_pct).any() or (off < -limits.voltage_low_pct).any())
        reach = limits.voltage_pct if off[worst] > 0 else -(limits.voltage_low_pct if grave else limits.voltage_pct)
        at = float(starts[worst])
        place = int(np.searchsorted(s.times, at))
        yield found(s, "voltage", "warning" if grave else "info", (at, at + SHORT_S), float(mean[worst]),
                    limits.voltage_v * (1 + reach / 100), about=name[-2:].upper(), phase=name[-2:].upper(),
                    off=float(off[worst]),
                    evidence=evidence(s, (name, name.replace("voltage", "current")), place))  # fmt: skip


def frequency(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find means over 10 s outside ±1 % of 50 or 60 Hz (a notice), outside +4/−6 % (a warning; EN 50160)."""
    values = column(s, "frequency")
    starts, mean = means(s.times, np.where(values > 0, values, np.nan), SHORT_S)
    if not len(mean):
        return
    nominal = min(NOMINAL_HZ, key=lambda hz: abs(hz - float(np.median(mean))))
    off = (mean / nominal - 1) * 100
    worst = int(np.abs(off).argmax())
    if abs(off[worst]) <= limits.frequency_pct:
        return
    grave = bool((off > limits.frequency_high_pct).any() or (off < -limits.frequency_low_pct).any())
    wide = limits.frequency_high_pct if off[worst] > 0 else -limits.frequency_low_pct
    narrow = limits.frequency_pct if off[worst] > 0 else -limits.frequency_pct
    at = float(starts[worst])
    yield found(s, "frequency", "warning" if grave else "info", (at, at + SHORT_S), float(mean[worst]),
                nominal * (1 + (wide if grave else narrow) / 100), off=float(off[worst]),
                evidence=evidence(s, ("frequency",), int(np.searchsorted(s.times, at))))  # fmt: skip


def negative_sequence(one: Floats, two: Floats, three: Floats) -> Floats:
    """Return the negative-sequence voltage in % of the positive one, from line-to-line magnitudes (IEC 61000-4-30)."""
    squares = one**2 + two**2 + three**2
    with np.errstate(invalid="ignore", divide="ignore"):
        beta = (one**4 + two**4 + three**4) / squares**2
        root = np.sqrt(np.maximum(3 - 6 * beta, 0.0))
        return np.asarray(100 * np.sqrt(np.maximum(1 - root, 0.0) / (1 + root)))


def unbalance_means(s: Samples, limits: SampleLimits) -> tuple[Floats, Floats]:
    """Return starts and values (%) of the voltage unbalance over ten minutes; empty without line-to-line voltages."""
    names = ("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1")
    if not has(s, *names):
        return np.zeros(0), np.zeros(0)
    sides = [s.columns[name] for name in names]
    live = np.logical_and.reduce([side > LIVE * limits.voltage_v for side in sides])
    return means(s.times, np.where(live, negative_sequence(*sides), np.nan), LONG_S, _least(s, limits))


def voltage_means(s: Samples, limits: SampleLimits) -> list[Floats]:
    """Return each fed phase's means over ten minutes in % off the nominal voltage."""
    off = []
    for phase in PHASES:
        values = column(s, f"voltage_{phase}")
        live = np.where(values > LIVE * limits.voltage_v, values, np.nan)
        _, mean = means(s.times, live, LONG_S, _least(s, limits))
        if len(mean):
            off.append((mean / limits.voltage_v - 1) * 100)
    return off


def unbalance(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find ten minutes of more than 2 % negative-sequence voltage; needs line-to-line voltages, else silent."""
    starts, values = unbalance_means(s, limits)
    over = np.flatnonzero(values > limits.unbalance_pct)
    if len(over):
        worst = int(values.argmax())
        at = float(starts[worst])
        yield found(s, "unbalance", "info", (at, at + LONG_S), float(values[worst]), limits.unbalance_pct,
                    n=float(len(over)), evidence=evidence(s, ("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1"),
                                                          int(np.searchsorted(s.times, at + LONG_S / 2))))  # fmt: skip


def imbalance(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find currents of a three-phase charge that differ by more than 10 % from their mean for more than a minute."""
    amps, mean, worst = _currents(s)
    if amps is None:
        return
    with np.errstate(invalid="ignore"):
        over: Mask = worst > limits.imbalance_pct
        over &= amps.min(axis=1) > FLOWS_A  # a phase that carries nothing is no imbalance
    for first, last in lasting(over, s.times, limits.imbalance_s, _hole(s, limits)):
        value = float(np.median(worst[first : last + 1]))
        part = amps[first : last + 1] - mean[first : last + 1, None]
        phase = PHASES[int(np.abs(part).mean(axis=0).argmax())].upper()
        yield found(s, "imbalance", "warning", between(s, first, last), value, limits.imbalance_pct, phase=phase,
                    lasted=float(s.times[last] - s.times[first]),
                    evidence=evidence(s, tuple(f"current_{p}" for p in PHASES), (first + last) // 2))  # fmt: skip
        return


def phase_missing(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find one phase that carries nothing beside two that do, after all three carried current in this session.

    A change to one phase takes two phases away and is meant; a vehicle on two phases never used the third.
    """
    amps, _, _ = _currents(s)
    if amps is None:
        return
    ordered = np.sort(amps, axis=1)
    least, others = ordered[:, 0], ordered[:, 1:].mean(axis=1)
    with np.errstate(invalid="ignore"):
        three: Mask = amps.min(axis=1) > CHARGES_A
        lost = (ordered[:, 1] > CHARGES_A) & (least < limits.phase_missing_pct / 100 * others)
    seen = next(lasting(three, s.times, SEEN_S, _hole(s, limits)), None)
    if seen is None:
        return
    lost[: seen[1] + 1] = False
    for first, last in lasting(lost, s.times, limits.phase_missing_s, _hole(s, limits)):
        which = int(np.nanmean(amps[first : last + 1], axis=0).argmin())
        volts = column(s, f"voltage_{PHASES[which]}")[first : last + 1]
        dead = bool(np.isfinite(volts).any()) and float(np.nanmedian(volts)) < 0.5 * limits.voltage_v
        share = 100 * float(np.nanmean(least[first : last + 1])) / float(np.nanmean(others[first : last + 1]))
        names = [f"{kind}_{phase}" for phase in PHASES for kind in ("current", "voltage")]
        yield found(s, "phase_dead" if dead else "phase_missing", "warning", between(s, first, last), share,
                    limits.phase_missing_pct, rule="phase_missing", about=PHASES[which].upper(),
                    phase=PHASES[which].upper(), lasted=float(s.times[last] - s.times[first]),
                    evidence=evidence(s, names, max(first - 1, 0), (first + last) // 2))  # fmt: skip
        return


def neutral(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a neutral current above 20 % of the phases' mean while the phases are balanced: harmonics or a wrong CT."""
    amps, mean, worst = _currents(s)
    if amps is None or not has(s, "current_neutral"):
        return
    in_neutral = s.columns["current_neutral"]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 100 * np.abs(in_neutral) / mean
        balanced = (amps > CHARGES_A).all(axis=1) & (worst <= limits.imbalance_pct)
        over = balanced & (share > limits.neutral_pct)
    for first, last in lasting(over, s.times, limits.neutral_s, _hole(s, limits)):
        value = float(np.nanmedian(share[first : last + 1]))
        yield found(s, "neutral", "warning", between(s, first, last), value, limits.neutral_pct,
                    lasted=float(s.times[last] - s.times[first]),
                    evidence=evidence(s, ("current_neutral", *(f"current_{p}" for p in PHASES)),
                                      (first + last) // 2))  # fmt: skip
        return


def _currents(s: Samples) -> tuple[Floats | None, Floats, Floats]:
    """Return the three currents, their mean, and the greatest distance from it in %; ``None`` without three."""
    names = [f"current_{phase}" for phase in PHASES]
    if not has(s, *names):
        return None, np.zeros(0), np.zeros(0)
    amps = np.column_stack([s.columns[name] for name in names])
    mean = amps.mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        worst = 100 * np.abs(amps - mean[:, None]).max(axis=1) / mean
    return amps, mean, worst


def _hole(s: Samples, limits: SampleLimits) -> float:
    return limits.gap_polls * poll(s.times, limits)


def _least(s: Samples, limits: SampleLimits) -> int:
    """Return how many samples make ten minutes that were really watched: nine tenths of them."""
    return max(1, int(0.9 * LONG_S / max(poll(s.times, limits), 1e-3)))
