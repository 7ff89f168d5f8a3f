"""R10: who else sets the limit, and what does the charger do when nobody refreshes it?

Without arming the limits are only watched. Armed, a lower limit is held by refreshing it, then left alone: the
failsafe current must come when the watchdog's time is over.
"""

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import ask_choice
from evtech.diagnostics.judging import absent, concluded
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats
from evtech.diagnostics.writing import ceiling, guard, why_not
from evtech.measure.sample import Reading

POINT = "current_limit"
WATCH_S = 600.0
CHANGE_A = 0.3
KNOWN_S = (10.0, 30.0, 60.0, 300.0, 600.0, 1200.0)
PERIOD_WITHIN = 0.1
LONGEST_S = 25 * 60.0
FALLBACK_LATE = 0.2
REGULAR = 0.3
OWN_S = 15.0  # within which a change follows a write of ours
CANDIDATES = (10.0, 8.0, 6.0, 13.0)


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching limit and release without writing")
    gone = absent(bench, "current_limit|current_limit_actual|enable|failsafe_timeout|failsafe_current")
    evidence = bench.evidence()
    told = [bench.facts.number(name) for name in ("watchdog_s", "failsafe_a")]
    if evidence is None or (gone is not None and all(value is None for value in told)):
        return gone or concluded(bench)
    seconds, amps = _settings(bench, evidence)
    _failsafe(bench, evidence, amps)
    await _watchdog(bench, seconds)
    _fallback(bench, evidence, seconds, amps)
    foreign = _foreign(bench, evidence, seconds)
    refused = why_not(bench, POINT) if not foreign else "another controller is active."
    if refused is None and seconds:
        await _armed(bench, seconds, amps)
    else:
        bench.step(
            "refresh and fallback",
            Verdict.SKIPPED,
            f"Nothing was written: {refused or 'the watchdog time is not known.'}",
        )
    return concluded(bench)


def _settings(bench: Bench, evidence: Evidence) -> tuple[float | None, float | None]:
    """Return watchdog time (s) and failsafe current (A) as far as known."""
    found = []
    for name in ("lim.watchdog_s", "lim.failsafe"):
        signal = evidence.signal(name)
        numbers = None if signal is None else signal.numbers
        known = numbers is not None and not np.isnan(numbers).all()
        found.append(float(numbers[~np.isnan(numbers)][-1]) if known and numbers is not None else None)
    bench.measured |= {"watchdog_s": found[0], "failsafe_a": found[1]}
    return found[0], found[1]


def _failsafe(bench: Bench, evidence: Evidence, amps: float | None) -> None:
    if amps is None:
        bench.step("failsafe current", Verdict.INCONCLUSIVE, "The failsafe current is not known.")
        return
    limits = [v for n in ("breaker_a", "site_limit_a", "hw_max_a") if (v := bench.facts.number(n)) is not None]
    rating = evidence.signal("lim.hw")
    if rating is not None and rating.numbers is not None and not np.isnan(rating.numbers).all():
        limits.append(float(np.nanmax(rating.numbers)))
    if not limits:
        bench.step(
            "failsafe current",
            Verdict.INCONCLUSIVE,
            f"The failsafe current is {amps:g} A; the circuit's rating is not known.",
        )
        return
    most = min(limits)
    verdict = Verdict.PASS if amps <= most + 0.05 else Verdict.FAIL
    said = f"The failsafe current is {amps:g} A; the circuit bears {most:g} A."
    bench.step("failsafe current", verdict, said, expected=f"at most {most:g} A", measured=f"{amps:g} A")


async def _watchdog(bench: Bench, seconds: float | None) -> None:
    if seconds is None or 0 < seconds < 65_535:
        return
    relies = await ask_choice(bench, "site_limits_current")
    said = "The watchdog is off: without contact the last limit stays."
    if relies == "yes":
        bench.step("watchdog", Verdict.WARN, f"{said} The site relies on the limit being followed.")
    elif relies == "no":
        bench.step("watchdog", Verdict.PASS, f"{said} The site does not rely on it.")
    else:
        bench.step("watchdog", Verdict.INCONCLUSIVE, f"{said} Whether the site relies on it is not known.")


def _fallback(bench: Bench, evidence: Evidence, seconds: float | None, amps: float | None) -> None:
    """Look for a fall to the failsafe current that no new limit explains."""
    effective, wanted = evidence.numbers("current_limit_actual"), evidence.numbers("current_limit")
    if effective is None or amps is None:
        return
    times = evidence.trace.times
    falls = np.flatnonzero((np.abs(effective[1:] - amps) <= CHANGE_A) & (effective[:-1] > amps + 1)) + 1
    if wanted is not None:
        falls = np.array([i for i in falls if abs(float(wanted[i]) - amps) > CHANGE_A], int)
    if not len(falls):
        return
    age = float(times[falls[0]] - times[0])
    if wanted is not None:
        moved = np.flatnonzero(np.abs(np.diff(wanted[: falls[0] + 1])) > CHANGE_A)
        age = float(times[falls[0]] - times[moved[-1] + 1]) if len(moved) else age
    fits = "" if not seconds else f"; the watchdog's time is {seconds:g} s"
    said = (
        f"The limit fell to the failsafe current of {amps:g} A without being set, {age:.0f} s "
        f"after the last change{fits}."
    )
    bench.step("fallback", Verdict.WARN, said, at=float(times[falls[0]]))
    bench.faults["LIM-WATCHDOG"] = None


def _foreign(bench: Bench, evidence: Evidence, seconds: float | None) -> bool:
    """Judge changes that nobody here made; return whether another controller is active."""
    times, moments = evidence.trace.times, []
    for point in ("current_limit", "enable"):
        column = evidence.numbers(point)
        if column is not None:
            moments += times[1:][np.abs(np.diff(np.nan_to_num(column))) > CHANGE_A].tolist()
    own = bench.own_writes
    moments = sorted({m for m in moments if not any(0 <= m - written <= OWN_S for written in own)})
    span = float(np.ptp(times))
    told = bench.facts.number("foreign_write_seen")
    if told:
        bench.step("other controllers", Verdict.WARN, "A write by another client was seen.")
        bench.faults["COM-SECOND-MASTER"] = None
        return True
    bench.measured["changes"] = len(moments)
    if not moments:
        enough = span >= 0.9 * WATCH_S
        verdict = Verdict.PASS if enough else Verdict.INCONCLUSIVE
        said = f"No limit and no release changed in {span:.0f} s ({WATCH_S:.0f} s are needed)."
        bench.step("other controllers", verdict, said)
        return False
    period = _period(np.array(moments))
    said = f"Limit or release changed {len(moments)} time(s) in {span:.0f} s{_named(period, seconds)}."
    if not bench.is_live:
        bench.step("other controllers", Verdict.INCONCLUSIVE, f"{said} A recording does not tell who did it.")
        return False
    bench.step(
        "other controllers", Verdict.WARN, f"{said} Nothing was written from here: another controller is active."
    )
    bench.measured["period_s"] = period
    bench.faults["COM-SECOND-MASTER"] = None
    return True


def _period(moments: Floats) -> float | None:
    gaps = np.diff(moments)
    if len(gaps) < 2 or float(np.std(gaps)) > REGULAR * float(np.mean(gaps)):
        return None
    return float(np.median(gaps))


def _named(period: float | None, watchdog: float | None) -> str:
    if period is None:
        return ""
    if watchdog and abs(period - watchdog) <= PERIOD_WITHIN * watchdog:
        return f", every {period:.0f} s: the rhythm of its own watchdog"
    known = next((k for k in KNOWN_S if abs(period - k) <= PERIOD_WITHIN * k), None)
    return f", every {period:.0f} s" + (f": the usual {known:g} s of an energy manager" if known else "")


async def _armed(bench: Bench, seconds: float, amps: float | None) -> None:
    """Hold a limit by refreshing it, leave it alone, see the failsafe current, and see the limit come back."""
    assert bench.live is not None
    if seconds > LONGEST_S:
        said = f"The watchdog's time of {seconds:g} s is too long to wait for (at most {LONGEST_S:.0f} s)."
        bench.step("refresh and fallback", Verdict.SKIPPED, said)
        return
    guard(bench)
    limit = _choose(bench, amps)
    if limit is None:
        bench.step("refresh and fallback", Verdict.INCONCLUSIVE, "No allowed limit differs from the failsafe current.")
        return
    outcome = await bench.write(POINT, limit, "watchdog: a limit to be held")
    if outcome.after is not None and not outcome.read_back:
        bench.step("limit", Verdict.FAIL, f"{limit:g} A were written, {outcome.after:g} A are in force.")
        bench.faults["LIM-WRITE-IGNORED"] = None
        return
    if await bench.watch(2 * seconds, lambda r: _left(r, limit), "Refreshing the limit", refresh_s=seconds / 3):
        bench.step(
            "refreshing",
            Verdict.FAIL,
            f"The limit of {limit:g} A did not hold although it was refreshed every {seconds / 3:.0f} s.",
        )
        return
    bench.step("refreshing", Verdict.PASS, f"The limit of {limit:g} A held for {2 * seconds:.0f} s while refreshed.")
    await _let_go(bench, seconds, amps, limit)


async def _let_go(bench: Bench, seconds: float, amps: float | None, limit: float) -> None:
    began = bench.clock.now()
    fell = await bench.watch(
        (1 + FALLBACK_LATE) * seconds + 5, lambda r: _left(r, limit), "Waiting for the failsafe", refresh_s=None
    )
    waited = bench.clock.now() - began
    assert bench.live is not None
    now = _in_force(bench.live.readings[-1])
    if not fell:
        said = (
            f"No fallback within {waited:.0f} s of silence (watchdog {seconds:g} s): reads "
            "refresh it too, or the limit is not shown."
        )
        bench.measured["refreshed_by"] = "reads"
        bench.step("fallback", Verdict.WARN, said)
        return
    bench.measured |= {"refreshed_by": "writes only", "fallback_s": waited, "fallback_a": now}
    right = amps is None or now is None or abs(now - amps) <= 0.5
    verdict = Verdict.PASS if right else Verdict.FAIL
    said = (
        f"Left alone, the limit became {now if now is not None else '?'} A after {waited:.0f} "
        f"s (failsafe {amps} A after {seconds:g} s): only writes refresh."
    )
    bench.step(
        "fallback", verdict, said, expected=f"{amps} A after {seconds:g} s", measured=f"{now} A after {waited:.0f} s"
    )
    back = await bench.write(POINT, limit, "watchdog: resuming")
    seen = await bench.watch(15, lambda r: not _left(r, limit), "Resuming")
    good = seen or back.read_back
    bench.step(
        "resuming",
        Verdict.PASS if good else Verdict.FAIL,
        f"After a new write the limit {'came back' if good else 'did not come back'}.",
    )


def _choose(bench: Bench, failsafe: float | None) -> float | None:
    """Return an allowed limit that can be told from the failsafe current, not above the present one where possible."""
    assert bench.live is not None
    present = bench.live.readings[-1].number(POINT) or ceiling(bench)
    most = min(ceiling(bench), max(present, 6.0))
    return next((amps for amps in CANDIDATES if amps <= most and (failsafe is None or abs(amps - failsafe) > 1)), None)


def _in_force(reading: Reading) -> float | None:
    """Return the limit in force (A), as the product shows it."""
    shown = (reading.number(name) for name in ("current_limit_actual", "signalled_current", POINT))
    return next((value for value in shown if value is not None), None)


def _left(reading: Reading, limit: float) -> bool:
    """Tell whether the effective limit is no longer what was set."""
    now = _in_force(reading)
    return now is not None and abs(now - limit) > 0.5


ROUTINE = Routine(
    id="R10",
    title="Watchdog, failsafe and other controllers",
    purpose="Shows who else sets the limit and what happens when nobody does.",
    run=_run,
    needs=("current_limit|current_limit_actual|enable|failsafe_timeout|failsafe_current",),
    writes=(POINT,),
    questions=(question("site_limits_current"),),
    watch_s=WATCH_S,
    seconds=900,
)
