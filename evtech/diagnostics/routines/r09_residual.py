"""R09: residual current: the sensor at rest, in heat and under load, and what past trips have in common."""

import math
from collections import Counter
from typing import Any

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import measure
from evtech.diagnostics.judging import CHARGING, UNPLUGGED, absent, concluded, grade, in_states, most_current
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, StepResult, Verdict
from evtech.diagnostics.trace import Floats

WATCH_S = 300.0
OFFSET_S = 60.0
OFFSET_MA = (1.0, 2.0)
SLOPE_MA_PER_K = (0.03, 0.06)
SLOPE_SPAN_K, SLOPE_SPAN_S = 20.0, 24 * 3600.0
SHARE_OF_TRIP = (0.3, 0.6)
DC_TRIP_MA, AC_TRIP_MA = 6.0, 30.0
ONE_VEHICLE = 0.8
STOP_ORDER_S = 0.5
LEAST_TRIPS = 3
_GUIDED = ("rcd_trip_ma", "rcd_time_ms", "dc_trip_ma", "insulation_mohm")


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching the residual current")
    for name in _GUIDED:
        await measure(bench, name)
    evidence = bench.evidence()
    sensor = [step for step in _from_samples(bench, evidence) if step is not None] if evidence else []
    slope = _slope(bench, evidence)
    _trips(bench, [*sensor, *([slope] if slope else [])])
    answered = any(step.verdict is not Verdict.SKIPPED for step in bench.steps)
    if not answered:
        return absent(bench, "residual_current_dc|residual_current_ac") or concluded(bench)
    for name in bench.contradicts:
        bench.faults.pop(name, None)  # what a wrong sensor shows accuses nobody else
    result = concluded(bench)
    has_signal = bool(sensor) or slope is not None or any(name in bench.measured for name in _GUIDED)
    if result.verdict is Verdict.PASS and not has_signal:
        return bench.result(Verdict.WARN, f"Only the history is known, no residual current. {result.reason}")
    return result


def _from_samples(bench: Bench, evidence: Evidence) -> list[StepResult | None]:
    """Judge self-test, offset at rest and level under load."""
    steps: list[StepResult | None] = []
    test = evidence.words("rcm_selftest")
    if test is not None:
        last = next(word for word in reversed(test.tolist()) if word)
        failed = last.lower() in ("failed", "fail", "error", "0")
        verdict = Verdict.FAIL if failed else Verdict.PASS
        bench.step("self-test", verdict, f"The residual monitor's self-test says {last!r}.")
        if failed:
            bench.faults["RCD-SELFTEST"] = None
    dc, ac = evidence.numbers("residual_current_dc"), evidence.numbers("residual_current_ac")
    idle = in_states(evidence, UNPLUGGED) & (most_current(evidence) < 0.5)
    if dc is not None:
        steps.append(_offset(bench, evidence, dc, idle))
    loaded = in_states(evidence, ("B2", *CHARGING))
    for name, column, trip in (("DC", dc, DC_TRIP_MA), ("AC", ac, AC_TRIP_MA)):
        if column is not None and loaded.any() and not np.isnan(column[loaded]).all():
            steps.append(_level(bench, name, column[loaded], trip))
    return steps


def _offset(
    bench: Bench, evidence: Evidence, dc: Floats, idle: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
) -> StepResult:
    used = idle & ~np.isnan(dc)
    steps = np.diff(evidence.trace.times, append=evidence.trace.times[-1])
    seconds = float(np.minimum(steps, 60.0)[used].sum())
    if seconds < OFFSET_S:
        said = (
            f"Nothing plugged in for {seconds:.0f} s only ({OFFSET_S:g} s are needed): the sensor's zero is not judged."
        )
        return bench.step("offset", Verdict.INCONCLUSIVE, said)
    offset = float(np.median(dc[used]))
    bench.measured["offset_ma"] = offset
    verdict = grade(abs(offset), *OFFSET_MA)
    said = (
        f"With the contactor open the sensor shows {offset:+.2f} mA DC (±{OFFSET_MA[0]:g} mA "
        f"is good, above ±{OFFSET_MA[1]:g} mA it is defective)."
    )
    if verdict is Verdict.FAIL:
        _sensor_is_wrong(bench)
    return bench.step("offset", verdict, said, expected=f"±{OFFSET_MA[0]:g} mA", measured=f"{offset:+.2f} mA")


def _sensor_is_wrong(bench: Bench) -> None:
    bench.faults["RCD-NUISANCE"] = None
    bench.contradicts += [name for name in ("RCD-DC", "RCD-AC") if name not in bench.contradicts]


def _level(bench: Bench, name: str, values: Floats, trip: float) -> StepResult:
    high = float(np.nanpercentile(np.abs(values), 95))
    bench.measured[f"{name.lower()}_connected_ma"] = high
    verdict = grade(high, SHARE_OF_TRIP[0] * trip, SHARE_OF_TRIP[1] * trip)
    said = (
        f"With a vehicle {high:.1f} mA {name} flow to earth; it trips at {trip:g} mA (from "
        f"{SHARE_OF_TRIP[0] * trip:.1f} mA on it is near)."
    )
    if verdict is Verdict.FAIL:
        bench.faults[f"RCD-{name}"] = None
    limit = f"at most {SHARE_OF_TRIP[0] * trip:.1f} mA"
    return bench.step(f"level {name}", verdict, said, expected=limit, measured=f"{high:.1f} mA")


def _slope(bench: Bench, evidence: Evidence | None) -> StepResult | None:
    """Judge how the sensor's zero follows the temperature, over at least 20 K or a day."""
    heat, residual, span_s = _pairs(bench, evidence)
    if len(heat) < 4 or (np.ptp(heat) < SLOPE_SPAN_K and span_s < SLOPE_SPAN_S) or np.ptp(heat) < 2:
        return None
    slope = float(np.polyfit(heat, residual, 1)[0])
    bench.measured["slope_ma_per_k"] = slope
    verdict = grade(abs(slope), *SLOPE_MA_PER_K)
    said = (
        f"The sensor's zero moves by {slope:+.3f} mA for each K over {np.ptp(heat):.0f} K "
        f"(±{SLOPE_MA_PER_K[0]:g} is good, above ±{SLOPE_MA_PER_K[1]:g} the sensor is defective)."
    )
    if verdict is Verdict.FAIL:
        _sensor_is_wrong(bench)
    return bench.step(
        "follows heat", verdict, said, expected=f"±{SLOPE_MA_PER_K[0]:g} mA/K", measured=f"{slope:+.3f} mA/K"
    )


def _pairs(bench: Bench, evidence: Evidence | None) -> tuple[Floats, Floats, float]:
    """Return temperatures, residual currents and the time they span (s): from a series, else from idle samples."""
    for series in bench.facts.series:
        is_it = series.get("name") in ("rcm_dc_idle", "rcm_dc") and series.get("against") in ("t_int", "temperature")
        points = [p for p in series.get("points", []) if _is_pair(p)]
        if is_it and len(points) >= 4:
            heat, residual = np.array(points, np.float64).T
            return heat, residual, 0.0
    nothing = np.array([])
    if evidence is None:
        return nothing, nothing, 0.0
    dc, heat_column = evidence.numbers("residual_current_dc"), evidence.numbers("temperature")
    if dc is None or heat_column is None:
        return nothing, nothing, 0.0
    used = in_states(evidence, UNPLUGGED) & (most_current(evidence) < 0.5) & ~np.isnan(dc) & ~np.isnan(heat_column)
    span = float(np.ptp(evidence.trace.times[used])) if used.any() else 0.0
    return heat_column[used], dc[used], span


def _is_pair(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in point)
    )


def _trips(bench: Bench, sensor: list[StepResult]) -> None:
    """Look for what past trips have in common: a vehicle, heat, rain, the contactor."""
    trips = [trip for trip in bench.facts.trips if isinstance(trip, dict)]
    if not trips:
        return
    vehicles = Counter(str(trip["vehicle"]) for trip in trips if trip.get("vehicle"))
    bench.measured |= {"trips": len(trips), "trips_by_vehicle": dict(vehicles)}
    if len(trips) < LEAST_TRIPS:
        said = f"{len(trips)} trip(s) are listed; {LEAST_TRIPS} are needed to see a pattern."
        bench.step("trips", Verdict.INCONCLUSIVE, said)
        return
    after = [trip["s_since_contactor"] for trip in trips if isinstance(trip.get("s_since_contactor"), int | float)]
    quick = sum(abs(seconds) <= STOP_ORDER_S for seconds in after)
    wet = sum(trip.get("rain") is True for trip in trips)
    bench.measured |= {"trips_at_contactor": quick, "trips_in_rain": wet}
    failed = any(step.verdict is Verdict.FAIL and step.name in ("offset", "follows heat") for step in sensor)
    top, count = vehicles.most_common(1)[0] if vehicles else ("", 0)
    if after and quick >= len(trips) / 2:
        said = (
            f"{quick} of {len(trips)} trips come within {STOP_ORDER_S:g} s of the contactor: "
            "the order of stopping is wrong."
        )
        bench.step("trips", Verdict.WARN, said)
    elif count >= ONE_VEHICLE * len(trips):
        fault = _kind(trips)
        bench.faults[fault] = None
        bench.step(
            "trips", Verdict.FAIL, f"{count} of {len(trips)} trips are of one vehicle ({top}): look there first."
        )
    elif failed:
        said = (
            f"{len(trips)} trips with {max(len(vehicles), 1)} vehicle(s) and a sensor that is "
            "wrong: trips without leakage."
        )
        bench.step("trips", Verdict.FAIL, said)
    elif wet >= ONE_VEHICLE * len(trips):
        bench.step("trips", Verdict.WARN, f"{wet} of {len(trips)} trips come with rain: look for water.")
    else:
        bench.step("trips", Verdict.WARN, f"{len(trips)} trips without one vehicle, rain or contactor in common.")


def _kind(trips: list[dict[str, Any]]) -> str:
    """Return RCD-AC or RCD-DC: as the trips say, else by their size (a 6 mA device cannot trip at 15)."""
    kinds = Counter(str(trip.get("kind", "")).lower() for trip in trips)
    if kinds["ac"] or kinds["dc"]:
        return "RCD-AC" if kinds["ac"] > kinds["dc"] else "RCD-DC"
    values = [abs(trip["value"]) for trip in trips if isinstance(trip.get("value"), int | float)]
    return "RCD-AC" if values and float(np.median(values)) >= 15 else "RCD-DC"


ROUTINE = Routine(
    id="R09",
    title="Residual current: zero, heat and history",
    purpose="Tells a leaking vehicle from a sensor that drifts.",
    run=_run,
    needs=("residual_current_dc|residual_current_ac",),
    questions=tuple(question(name) for name in _GUIDED),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
