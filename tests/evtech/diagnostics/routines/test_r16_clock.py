"""R16: the offset as typed, and live against a computer whose own clock is confirmed."""

from datetime import UTC, datetime

import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from evtech.diagnostics.routines.r16_clock import clock_of
from evtech.measure.sample import Reading, Sample
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import Rig, over

TRACE = Charge(seconds=60).trace()


@pytest.mark.parametrize(
    ("offset", "verdict"), [(3, Verdict.PASS), (-20, Verdict.WARN), (90, Verdict.FAIL), (3605, Verdict.FAIL)]
)
def test_a_typed_offset_is_judged(offset: float, verdict: Verdict) -> None:
    result = over("R16", TRACE, Facts(answers={"clock_offset_s": offset}))

    assert result.verdict is verdict
    assert ("zone" in result.reason) is (offset == 3605)


def test_a_drift_is_judged() -> None:
    facts = Facts(answers={"clock_offset_s": 1, "clock_drift_ppm": 120})

    assert over("R16", TRACE, facts).verdict is Verdict.WARN


def test_a_recording_alone_is_inconclusive() -> None:
    assert over("R16", TRACE).verdict is Verdict.INCONCLUSIVE


async def test_a_product_without_a_clock_is_not_applicable() -> None:
    (result,) = await Rig("heidelberg-energy-control").run("R16")

    assert result.verdict is Verdict.NOT_APPLICABLE


def test_parts_with_a_zone_become_utc() -> None:
    parts = {
        "clock_year": 2026,
        "clock_month": 3,
        "clock_day": 1,
        "clock_hour": 12,
        "clock_minute": 30,
        "clock_second": 5,
    }
    samples = {name: Sample(name, value, "") for name, value in (parts | {"time_zone_offset": 3600}).items()}
    reading = Reading(datetime(2026, 3, 1, tzinfo=UTC), 0.0, samples)

    assert clock_of(reading) == datetime(2026, 3, 1, 11, 30, 5, tzinfo=UTC)
