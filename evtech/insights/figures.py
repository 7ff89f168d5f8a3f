"""What one session adds to its port's long-term charts: a few numbers, kept with the check of the session.

A year has a hundred thousand sessions: each keeps only what it can vouch for, under short names.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from evtech.insights.columns import PHASES, Floats, Samples, column, has, poll, register_of
from evtech.insights.data_rules import ZONE_STEP_S
from evtech.insights.power_rules import efficiency_pct
from evtech.insights.register_rules import LEAST_IDLE_S, energy_check
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.supply_rules import unbalance_means, voltage_means

LEAST_WH = 1000.0  # below it a session says little about the register
BLOCK_S, WITHIN_S = 5.0, 30.0  # two steady stretches of that length, so near to each other, make a step of the load
STEP_A, STEADY_A = 3.0, 0.5
LEAST_STEPS = 2  # a start and an end: what the supply does meanwhile cancels out
LEAST_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a session; ``None`` where it cannot vouch for one.

    ``mismatch_pct`` register against integrated power; ``first_wh`` and ``last_wh`` the register; ``loop_l1`` … dV/dI
    in ohm; ``idle_w`` before the vehicle came; ``clock_s`` the charger's clock less the computer's; ``efficiency_pct``
    DC over AC; ``volts``, ``unbalances``: how many ten-minute means there were, ``…_out`` how many were outside.
    """

    mismatch_pct: float | None = None
    first_wh: float | None = None
    last_wh: float | None = None
    loop_l1: float | None = None
    loop_l2: float | None = None
    loop_l3: float | None = None
    idle_w: float | None = None
    clock_s: float | None = None
    efficiency_pct: float | None = None
    volts: int | None = None
    volts_out: int | None = None
    unbalances: int | None = None
    unbalances_out: int | None = None


def figures_of(s: Samples, limits: SampleLimits) -> Figures:
    """Return what the samples of a session add to the charts of its port."""
    limits = replace(limits, poll_s=poll(s.times, limits))
    register = register_of(s)
    known = register[np.isfinite(register)]
    volts = voltage_means(s, limits)
    _, unbalances = unbalance_means(s, limits)
    outside = sum(int((np.abs(off) > limits.voltage_pct).sum()) for off in volts)
    return Figures(
        mismatch_pct=_mismatch(s, limits),
        first_wh=float(known[0]) if len(known) else None,
        last_wh=float(known[-1]) if len(known) else None,
        **{f"loop_{phase}": loop_ohm(s, phase, limits) for phase in PHASES},
        idle_w=_idle_w(s),
        clock_s=_clock(s),
        efficiency_pct=efficiency_pct(s, limits),
        volts=sum(map(len, volts)) or None,
        volts_out=outside or None,
        unbalances=len(unbalances) or None,
        unbalances_out=int((unbalances > limits.unbalance_pct).sum()) or None,
    )


def to_json(figures: Figures) -> dict[str, Any]:
    """Return what is known, with six digits (a register with all of its own)."""
    found = {f.name: getattr(figures, f.name) for f in fields(Figures)}
    return {
        name: value if name.endswith("_wh") else float(f"{value:.6g}") for name, value in found.items()
        if value is not None
    }  # fmt: skip


def from_json(data: dict[str, Any]) -> Figures:
    """Return the figures that ``to_json`` wrote; names of a later version are left out."""
    return Figures(**{f.name: data[f.name] for f in fields(Figures) if f.name in data})


def loop_ohm(s: Samples, phase: str, limits: SampleLimits) -> float | None:
    """Return the resistance that a phase's voltage shows at steps of its current (ohm); ``None``: too few steps."""
    if not has(s, f"voltage_{phase}", f"current_{phase}"):
        return None
    volts, amps = column(s, f"voltage_{phase}"), column(s, f"current_{phase}")
    known = np.isfinite(volts) & np.isfinite(amps) & (volts > 0)
    times, volts, amps = s.times[known], volts[known], amps[known]
    width = max(BLOCK_S, 3 * poll(s.times, limits))
    starts, mean_v, mean_a = _steady_blocks(times, volts, amps, width)
    if len(starts) < 2:
        return None
    near = np.diff(starts) <= max(WITHIN_S, 3 * width)
    step = np.diff(mean_a)
    used = near & (np.abs(step) > STEP_A)
    if used.sum() < LEAST_STEPS:
        return None
    return float(np.median(-np.diff(mean_v)[used] / step[used]))


def _steady_blocks(times: Floats, volts: Floats, amps: Floats, width: float) -> tuple[Floats, Floats, Floats]:
    bins = np.floor(times / width).astype(np.int64)
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(bins) != 0))) if len(bins) else np.zeros(0, np.int64)
    if not len(firsts):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    counts = np.diff(np.append(firsts, len(bins)))
    spread = np.maximum.reduceat(amps, firsts) - np.minimum.reduceat(amps, firsts)
    steady = (spread < STEADY_A) & (counts >= 2)
    sums = np.add.reduceat(volts, firsts), np.add.reduceat(amps, firsts)
    return np.asarray(bins[firsts][steady] * width, np.float64), (sums[0] / counts)[steady], (sums[1] / counts)[steady]


def _mismatch(s: Samples, limits: SampleLimits) -> float | None:
    """Return the mismatch of a session that is long, whole and finely enough resolved to say something."""
    check = energy_check(s.times, column(s, "power_total"), register_of(s), limits)
    if check is None or check.integral_wh < LEAST_WH or check.coverage_pct <= limits.coverage_pct:
        return None
    return check.mismatch_pct if check.limit_pct <= limits.mismatch_pct and abs(check.mismatch_pct) < 50 else None


def _idle_w(s: Samples) -> float | None:
    if s.idle is None or len(s.idle.times) < LEAST_SAMPLES:
        return None
    power = s.idle.power[np.isfinite(s.idle.power)]
    is_long = float(s.idle.times[-1] - s.idle.times[0]) >= LEAST_IDLE_S
    return float(np.median(power)) if is_long and len(power) >= LEAST_SAMPLES else None


def _clock(s: Samples) -> float | None:
    if s.device_times is None:
        return None
    off = (s.device_times - s.times)[np.isfinite(s.device_times)]
    if len(off) < LEAST_SAMPLES:
        return None
    middle = float(np.median(off))
    return middle if s.zone_known else middle - round(middle / ZONE_STEP_S) * ZONE_STEP_S
