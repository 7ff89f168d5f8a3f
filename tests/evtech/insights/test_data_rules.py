"""Rules over times, gaps, missing values and the charger's clock: what fires, and what is near but sound."""

from dataclasses import replace

import numpy as np
import pytest

from tests.evtech.insights.traces import COUNT, changed, found, one, rules, sound


def test_a_doubled_time_is_found() -> None:
    times = sound().times.copy()
    times[300] = times[299]
    anomaly = one(replace(sound(), times=times), "duplicate_time")

    assert (anomaly.value, anomaly.start) == (1.0, times[299])


@pytest.mark.parametrize(("hole", "expected"), [(2.0, []), (3.0, ["info"]), (70.0, ["warning"])])
def test_a_gap_of_more_than_three_polls(hole: float, expected: list[str]) -> None:
    times = sound().times + np.where(np.arange(COUNT) > 300, hole, 0.0)
    assert [a.severity for a in found(replace(sound(), times=times)) if a.rule == "gap"] == expected


def test_a_point_that_is_often_missing_is_named() -> None:
    every_tenth = np.where(np.arange(COUNT) % 10 == 0, np.nan, 0.0)
    s = sound()
    holed = replace(s, columns={**s.columns, "voltage_l2": s.columns["voltage_l2"] + every_tenth})
    anomaly = one(holed, "gap")

    assert (anomaly.about, anomaly.value) == ("voltage_l2", 10.0)
    assert "Voltage L2" in anomaly.text
    rare = np.where(np.arange(COUNT) % 25 == 0, np.nan, 0.0)
    assert rules(replace(s, columns={**s.columns, "voltage_l2": s.columns["voltage_l2"] + rare})) == []


@pytest.mark.parametrize(("off", "expected"), [(4.9, []), (-5.1, ["clock"]), (9.0, ["clock"])])
def test_a_clock_may_be_five_seconds_off(off: float, expected: list[str]) -> None:
    assert rules(replace(sound(), device_times=sound().times + off)) == expected


def test_a_wrong_zone_is_called_one() -> None:
    anomaly = one(replace(sound(), device_times=sound().times + 3602.0), "clock")

    assert "+1 h" in anomaly.text
    assert "zone" in anomaly.suggestion
    assert [e.value for e in anomaly.evidence] == [3602.0] * 3


def test_a_clock_without_a_zone_is_judged_by_the_rest_of_whole_quarters() -> None:
    s = replace(sound(), zone_known=False)
    assert rules(replace(s, device_times=s.times + 7200.0)) == []
    assert one(replace(s, device_times=s.times + 7209.0), "clock").value == pytest.approx(9.0)


def test_a_clock_that_drifts_within_a_long_session() -> None:
    s = sound(60.0)  # twenty hours
    drifting = np.floor(s.times + 60e-6 * (s.times - s.times[0]))
    assert one(replace(s, device_times=drifting), "clock").value == pytest.approx(60, rel=0.2)
    assert rules(replace(s, device_times=np.floor(s.times + 15e-6 * (s.times - s.times[0])))) == []


def test_a_clock_that_is_set_has_not_drifted() -> None:
    s = sound(60.0)
    assert rules(replace(s, device_times=s.times + np.where(np.arange(COUNT) > 600, 4.0, 0.0))) == []


def test_whole_seconds_and_whole_polls_feign_no_drift() -> None:
    s = sound(60.0)
    jitter = np.random.default_rng(3).normal(0, 0.02, COUNT)
    assert rules(replace(s, device_times=np.floor(s.times + 0.5 + jitter))) == []


def test_nothing_is_said_of_a_column_that_is_never_there() -> None:
    assert rules(changed(sound(), slice(None), frequency=np.nan)) == []
