"""R05: three stops and restarts when armed; else what a recording shows."""

import numpy as np

from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import Rig, over


def paused(charge: Charge, start: int, end: int, *, obeys: bool = True, resumes: bool = True) -> Charge:
    there = charge.between(start, end)
    charge.limit[there] = 0
    if obeys:
        charge.state[there] = "B1"
        for amps in charge.i:
            amps[there] = 0
    if not resumes:
        charge.state[charge.between(end)] = "B2"
        for amps in charge.i:
            amps[charge.between(end)] = 0
    return charge


async def test_armed_it_stops_and_starts_three_times_half_a_minute_apart() -> None:
    rig = Rig(armed=True)

    (result,) = await rig.run("R05")

    stops = [at for at, _, words in rig.link.writes if words == (0,)]
    assert result.verdict is Verdict.PASS
    assert len(result.measured["runs"]) == 3
    assert min(b - a for a, b in zip(stops, stops[6:], strict=False)) >= 30
    assert rig.limit == 16.0


async def test_a_vehicle_that_stays_away_fails_and_is_not_asked_again() -> None:
    rig = Rig(armed=True)
    rig.clock.later(20, lambda: setattr(rig.simulation.behaviour.vehicle, "paused", True))

    (result,) = await rig.run("R05")

    assert result.verdict is Verdict.FAIL
    assert "EV-NO-RESUME" in result.faults
    assert len(result.measured["runs"]) == 1


async def test_without_current_nothing_is_switched() -> None:
    rig = Rig(armed=True, vehicle={"paused": True})

    (result,) = await rig.run("R05")

    assert result.verdict is Verdict.INCONCLUSIVE
    assert rig.link.writes == []


def test_a_recorded_withdrawal_that_is_obeyed_passes() -> None:
    assert over("R05", paused(Charge(), 600, 700).trace()).verdict is Verdict.PASS


def test_a_recorded_withdrawal_that_is_ignored_fails() -> None:
    result = over("R05", paused(Charge(), 600, 700, obeys=False).trace())

    assert result.verdict is Verdict.FAIL
    assert "10 s after the offer was withdrawn" in result.reason


def test_a_vehicle_that_does_not_come_back_in_a_recording_fails() -> None:
    assert "EV-NO-RESUME" in over("R05", paused(Charge(), 600, 700, resumes=False).trace()).faults


def test_without_a_limit_or_a_release_it_is_inconclusive() -> None:
    trace = Charge().trace(drop=("current_limit_actual",))

    assert not np.isin("enable", list(trace.numbers))
    assert over("R05", trace).verdict is Verdict.INCONCLUSIVE
