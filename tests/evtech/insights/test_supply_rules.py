"""Rules over voltage, frequency and the phases: what fires, and what is near but legal."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.supply_rules import negative_sequence
from tests.evtech.insights.traces import COUNT, PHASES, RATED, START, changed, found, one, rules, sound, without

LATE = slice(600, None)


@pytest.mark.parametrize(
    ("volts", "expected"),
    [(208.0, []), (205.0, ["info"]), (196.5, ["info"]), (194.0, ["warning"]), (252.0, []), (254.5, ["warning"])],
)
def test_a_phase_outside_its_voltage_for_ten_seconds(volts: float, expected: list[str]) -> None:
    low = changed(sound(), slice(600, 640), voltage_l2=volts)
    found_ = [a for a in found(low) if a.rule == "voltage"]

    assert [a.severity for a in found_] == expected
    assert all(a.about == "L2" and a.text.startswith("L2 was") and a.evidence for a in found_)


def test_a_short_dip_is_no_ten_seconds() -> None:
    assert rules(changed(sound(), slice(600, 602), voltage_l2=195.0)) == []


def test_a_phase_that_is_off_is_not_low() -> None:
    assert rules(changed(sound(), slice(None), voltage_l3=4.0, current_l3=0.0, power_total=7200.0)) == [
        "energy_mismatch"
    ]


@pytest.mark.parametrize(
    ("hertz", "expected"),
    [(50.45, []), (50.6, ["info"]), (47.2, ["info"]), (46.9, ["warning"]), (52.1, ["warning"]), (60.3, [])],
)
def test_the_mains_frequency(hertz: float, expected: list[str]) -> None:
    part = slice(None) if hertz > 55 else LATE
    assert [a.severity for a in found(changed(sound(), part, frequency=hertz))] == expected


def test_the_negative_sequence_of_known_triangles() -> None:
    assert negative_sequence(*(np.array([v]) for v in (400.0, 400.0, 400.0)))[0] == pytest.approx(0, abs=1e-4)
    # symmetrical components of 400, 390, 380 V taken as a closed triangle
    sides = np.array([400.0, 390.0, 380.0])
    angle = np.arccos((sides[0] ** 2 + sides[1] ** 2 - sides[2] ** 2) / (2 * sides[0] * sides[1]))
    one_, two = sides[0], -sides[1] * np.exp(1j * angle)
    three = -(one_ + two)
    turn = np.exp(2j * np.pi / 3)
    parts = [abs(one_ + turn**k * two + turn ** (2 * k) * three) for k in (1, 2)]
    expected = 100 * min(parts) / max(parts)
    assert negative_sequence(*(np.array([v]) for v in sides))[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("volts", "expected"), [(391.0, []), (380.0, ["unbalance"])])
def test_unbalance_over_ten_minutes(volts: float, expected: list[str]) -> None:
    assert rules(changed(sound(), slice(None), voltage_l1_l2=volts)) == expected
    assert rules(without(changed(sound(), slice(None), voltage_l1_l2=volts), "voltage_l2_l3")) == []


def test_imbalance_is_the_greatest_distance_from_the_mean() -> None:
    amps = {"current_l1": 31.8, "current_l2": 30.9, "current_l3": 28.4}
    s = without(changed(sound(), slice(None), **amps), "power_factor_total", "current_limit_actual", "current_neutral")
    anomaly = one(s, "imbalance", replace(RATED, imbalance_pct=5.0))

    assert anomaly.value == pytest.approx(6.476400, abs=5e-6)
    assert "L3 most" in anomaly.text
    assert rules(s) == []


@pytest.mark.parametrize(("seconds", "expected"), [(60, []), (62, ["imbalance"])])
def test_an_imbalance_lasts_a_minute(seconds: int, expected: list[str]) -> None:
    s = without(sound(), "power_factor_total", "current_neutral")
    assert rules(changed(s, slice(100, 100 + seconds), current_l3=12.5)) == expected


def lost(which: str, part: slice, **more: float) -> list[str]:
    s = without(sound(), "power_factor_total", "power_total")
    return [a.rule for a in found(changed(s, part, **{f"current_{which}": 0.1}, **more))]


def test_a_phase_that_goes_missing_after_all_three_have_charged() -> None:
    assert lost("l3", LATE) == ["phase_missing"]
    assert lost("l3", slice(600, 661)) == []  # a minute
    assert lost("l3", slice(None)) == []  # never there: a vehicle on two phases
    assert lost("l3", LATE, current_l2=0.1) == []  # a change to one phase


def test_a_missing_phase_is_told_from_a_lost_supply() -> None:
    s = without(sound(), "power_factor_total", "power_total")
    (missing,) = found(changed(s, LATE, current_l2=0.1))
    (dead,) = found(changed(s, LATE, current_l2=0.0, voltage_l2=3.0))

    assert (missing.said, missing.about, missing.start) == ("phase_missing", "L2", START + 600)
    assert dead.said == "phase_dead"
    assert "contactor" in missing.suggestion
    assert "fuse" in dead.suggestion


@pytest.mark.parametrize(("amps", "expected"), [(3.0, []), (3.4, ["neutral"])])
def test_the_neutral_of_balanced_phases(amps: float, expected: list[str]) -> None:
    assert rules(changed(sound(), slice(None), current_neutral=amps)) == expected


def test_the_neutral_of_one_phase_is_its_return() -> None:
    one_phase = changed(
        sound(), slice(None), current_l2=0.0, current_l3=0.0, current_neutral=15.8, power_total=3600.0,
        energy_import_total=np.round(5e6 + np.arange(COUNT)),
    )  # fmt: skip
    assert rules(replace(one_phase, session_wh=None)) == []


def test_two_phases_of_a_three_phase_box_are_legal() -> None:
    s = without(sound(), "power_total", "power_factor_total")
    assert (
        rules(changed(s, slice(None), **{f"current_{p}": v for p, v in zip(PHASES, (15.8, 15.7, 0.0), strict=True)}))
        == []
    )
