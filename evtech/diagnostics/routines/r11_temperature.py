"""R11: does the charger warm up as it should, and does it reduce its current as it should?

Rise model: inside = ambient + a + k I², approached exponentially. The limits of k are those of a 32 A unit; for a
smaller one they are taken as the same rise at its own rated current.
"""

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import ask_number, measure
from evtech.diagnostics.judging import absent, concluded, grade, most_current, rated_current, stretches
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

WATCH_S = 3600.0
FULL_TIME_S = 1800.0
K_32A = (0.03, 0.05)  # K/A²
SETTLED = 0.9
SLOPE_K_PER_MIN = 2.0
POLES_K = (10.0, 20.0)
T1, T2 = 60.0, 70.0  # degC: full current up to T1, 6 A at T2, where the maker gives no other
EARLY_K = 5.0
LINE_A = 2.0
LEAST_A = 6.0
TIMES_S = (450.0, 600.0, 900.0, 1200.0, 1500.0, 1800.0, 2400.0)
OFFSET_K = 8.5  # middle of what the electronics add, where no idle temperature is known


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching the temperature under load")
    await measure(bench, "terminal_rise_k")
    evidence = bench.evidence()
    gone = absent(bench, "temperature|temperature_connector|temperature_terminal|temperature_terminal_l*")
    if gone is not None:
        return concluded(bench) if "terminal_rise_k" in bench.measured else gone
    assert evidence is not None
    inside = evidence.numbers("temperature")
    if inside is not None:
        await _rise(bench, evidence, inside)
        _derating(bench, evidence, inside)
    _poles(bench, evidence)
    return concluded(bench)


async def _rise(bench: Bench, evidence: Evidence, inside: Floats) -> None:
    times, amps = evidence.trace.times, most_current(evidence)
    run = _constant_load(times, amps)
    if run is None:
        bench.step("rise", Verdict.INCONCLUSIVE, "No constant current of at least 6 A: the rise is not judged.")
        return
    first, last = run
    t, heat = times[first : last + 1] - times[first], inside[first : last + 1]
    level = float(np.median(amps[first : last + 1]))
    _slope(bench, t, heat, level)
    fit = _fit(t, heat)
    seconds = float(t[-1])
    reached = 1 - float(np.exp(-seconds / fit[1])) if fit else 0.0
    if fit is None or (seconds < FULL_TIME_S and reached < SETTLED):
        said = f"{seconds / 60:.0f} min at {level:.0f} A: too short for the rise (30 min, or 90 % of it)."
        bench.step("rise", Verdict.INCONCLUSIVE, said)
        return
    # a load that has stood long enough shows the end of the rise itself, better than a fit far beyond the data
    end = fit[0] if reached >= 0.8 else float(np.nanmean(heat[-max(len(heat) // 20, 1) :]))
    base, origin = await _base(bench, evidence, inside, first)
    k = (end - base) / level**2
    rated, _ = rated_current(evidence)
    good, fair = (limit * max(1.0, (32 / rated) ** 2) if _is_known(evidence) else limit for limit in K_32A)
    bench.measured |= {"k_per_a2": k, "end_c": end, "base_c": base, "tau_s": fit[1], "current_a": level}
    verdict = grade(k, good, fair)
    said = (
        f"At {level:.0f} A the inside comes to {end:.0f} degC, {end - base:.0f} K over "
        f"{origin}: k = {k:.3f} K/A² (up to {good:.3f} is good, above {fair:.3f} too much)."
    )
    bench.step("rise", verdict, said, expected=f"at most {good:.3f} K/A²", measured=f"{k:.3f} K/A²")


def _is_known(evidence: Evidence) -> bool:
    return evidence.signal("lim.hw") is not None


def _constant_load(times: Floats, amps: Floats) -> tuple[int, int] | None:
    """Return the longest stretch of at least five minutes at one current within 10 %."""
    best: tuple[int, int] | None = None
    for first, last in stretches(amps > LEAST_A - 0.5, times):
        level = float(np.median(amps[first : last + 1]))
        near = np.zeros(len(times), bool)
        near[first : last + 1] = np.abs(amps[first : last + 1] - level) <= 0.1 * level
        for start, end in stretches(near, times):
            if times[end] - times[start] >= 300 and (
                best is None or times[end] - times[start] > times[best[1]] - times[best[0]]
            ):
                best = (start, end)
    return best


def _slope(bench: Bench, t: Floats, heat: Floats, level: float) -> None:
    """Judge the steepest five minutes."""
    steepest = 0.0
    for start in np.arange(0, max(t[-1] - 299, 1), 60):
        part = (t >= start) & (t <= start + 300) & ~np.isnan(heat)
        if part.sum() >= 3 and np.ptp(t[part]) >= 120:
            steepest = max(steepest, 60 * float(np.polyfit(t[part], heat[part], 1)[0]))
    bench.measured["steepest_k_per_min"] = steepest
    verdict = Verdict.PASS if steepest <= SLOPE_K_PER_MIN else Verdict.WARN
    said = f"At a constant {level:.0f} A it warms by {steepest:.1f} K/min at most (up to {SLOPE_K_PER_MIN:g})."
    if verdict is Verdict.WARN:
        said += " Suspect a joint."
    bench.step("speed of warming", verdict, said)


def _fit(t: Floats, heat: Floats) -> tuple[float, float] | None:
    """Return final temperature and time constant (s) of the best exponential."""
    good = ~np.isnan(heat)
    if good.sum() < 5:
        return None
    best: tuple[float, float, float] | None = None
    for tau in TIMES_S:
        basis = np.vstack([np.ones(good.sum()), np.exp(-t[good] / tau)]).T
        found, *_ = np.linalg.lstsq(basis, heat[good], rcond=None)
        error = float(np.sum((basis @ found - heat[good]) ** 2))
        if best is None or error < best[0]:
            best = (error, float(found[0]), tau)
    assert best is not None
    return best[1], best[2]


async def _base(bench: Bench, evidence: Evidence, inside: Floats, first: int) -> tuple[float, str]:
    """Return the temperature to count from: the inside without load, else the air with the electronics' own rise."""
    idle = np.flatnonzero(most_current(evidence)[:first] < 0.5)
    if len(idle) >= 3:
        return float(np.nanmedian(inside[idle[-20:]])), "the inside without load"
    air = evidence.numbers("temperature_ambient")
    typed = None if air is not None else await ask_number(bench, "ambient_c")
    if air is not None or typed is not None:
        return (float(np.nanmedian(air)) if air is not None else float(typed or 0.0)) + OFFSET_K, "air and electronics"
    return float(inside[first]), "the begin of the load"


def _derating(bench: Bench, evidence: Evidence, inside: Floats) -> None:
    """Compare where the effective limit falls below the set one with the line between T1 and T2."""
    wanted, allowed = evidence.numbers("current_limit"), evidence.numbers("current_limit_actual")
    if allowed is None:
        return
    full = wanted if wanted is not None else np.full(len(allowed), float(np.nanmax(allowed)))
    reduced = (allowed < full - 0.5) & (allowed >= LEAST_A)
    # without the limit that was asked for, a lower one may just as well have been asked for
    cool = reduced & (inside < T1 - EARLY_K) if wanted is not None else np.zeros(len(reduced), bool)
    if not (reduced & (inside > T1)).any() and not cool.any():
        hot = float(np.nanmax(inside))
        bench.step("derating", Verdict.PASS, f"The limit was not reduced; the inside reached {hot:.0f} degC.")
        return
    hot_ones = reduced & (inside > T1)
    if hot_ones.any():
        line = np.clip(full - (full - LEAST_A) * (inside - T1) / (T2 - T1), LEAST_A, full)
        off = float(np.nanmedian(np.abs(allowed[hot_ones] - line[hot_ones])))
        low = float(np.nanmin(allowed[hot_ones]))
        said = (
            f"Above {T1:g} degC the limit was reduced to {low:.1f} A; it lies {off:.1f} A "
            f"from the usual line (within {LINE_A:g} A)."
        )
        bench.measured["derated_a"] = low
        bench.step("derating", Verdict.WARN, said)
        bench.faults["TMP-DERATE"] = None
    if cool.mean() > 0.9 and np.ptp(allowed[cool]) < 0.5:
        bench.step(
            "derating", Verdict.PASS, "The limit was lower than asked for all the time: another limiter holds it."
        )
    elif cool.any() and not hot_ones.any():
        highest = float(np.nanmax(inside[cool]))
        said = (
            f"The limit was reduced at {highest:.0f} degC at most, below {T1 - EARLY_K:g}: "
            "another limiter, or a sensor that is wrong."
        )
        bench.step("derating", Verdict.WARN, said)


def _poles(bench: Bench, evidence: Evidence) -> None:
    columns = {
        p: c
        for p, n in (("L1", 1), ("L2", 2), ("L3", 3))
        if (c := evidence.numbers(f"temperature_terminal_l{n}")) is not None
    }
    if len(columns) < 2:
        return
    stacked = np.vstack(list(columns.values()))
    stacked = stacked[:, ~np.isnan(stacked).any(axis=0)]
    if not stacked.shape[1]:
        return
    apart = float(np.nanmax(np.nanmax(stacked, axis=0) - np.nanmin(stacked, axis=0)))
    at = int(np.nanargmax(np.nanmax(stacked, axis=0)))
    hottest = list(columns)[int(np.nanargmax(stacked[:, at]))]
    bench.measured["poles_apart_k"] = apart
    verdict = grade(apart, *POLES_K)
    said = (
        f"The terminals differ by {apart:.0f} K, {hottest} is the hottest (up to "
        f"{POLES_K[0]:g} K; above {POLES_K[1]:g} K act)."
    )
    bench.step("terminals", verdict, said, expected=f"at most {POLES_K[0]:g} K", measured=f"{apart:.0f} K")
    if verdict is Verdict.FAIL:
        bench.faults["SUP-HIGH-Z"] = hottest


ROUTINE = Routine(
    id="R11",
    title="Temperature and derating",
    purpose="Shows a charger that warms more than its current explains, and whether it reduces in time.",
    run=_run,
    needs=("temperature",),
    questions=(question("terminal_rise_k"), question("ambient_c")),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
