"""Rules over power: what fires, and above all what must not: a vehicle may always take less than it is offered."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.power_rules import offered
from tests.evtech.insights.traces import COUNT, RATED, changed, direct, one, rules, sound, without

LATE = slice(600, None)
STRONG = replace(RATED, rated_w=48_000.0)


@pytest.mark.parametrize(("factor", "expected"), [(1.015, []), (1.025, ["power_balance"]), (0.975, ["power_balance"])])
def test_power_is_voltage_times_current_times_power_factor(factor: float, expected: list[str]) -> None:
    s = without(sound(), "energy_import_total")
    assert rules(changed(s, slice(None), "times", power_total=factor)) == expected


def test_the_balance_names_both_figures() -> None:
    s = without(sound(), "energy_import_total")
    anomaly = one(changed(s, slice(None), "times", power_total=1.05), "power_balance")
    assert anomaly.value == pytest.approx(100 * (1 - 1 / 1.05), abs=0.01)
    assert {e.point for e in anomaly.evidence} == {"power_total", "voltage_l1", "current_l1", "power_factor_total"}


def test_a_power_in_another_unit_is_a_slip_of_scale() -> None:
    s = changed(without(sound(), "energy_import_total"), slice(None), "times", power_total=0.001)
    anomaly = one(s, "scale_slip", replace(RATED, rated_w=None))
    assert (anomaly.severity, anomaly.limit) == ("critical", 0.001)


def test_direct_current_is_held_to_one_percent() -> None:
    assert rules(direct(), STRONG) == []
    assert rules(changed(direct(), slice(None), "times", dc_current=0.992), STRONG) == []
    assert one(changed(direct(), slice(None), "times", dc_current=0.985), "power_balance", STRONG).about == "dc"


@pytest.mark.parametrize(
    ("factor", "load", "expected"), [(0.94, 1.0, ["power_factor"]), (0.96, 1.0, []), (0.8, 0.19, [])]
)
def test_a_power_factor_counts_under_load(factor: float, load: float, expected: list[str]) -> None:
    s = without(sound(), "energy_import_total", "current_l1", "current_l2", "current_l3")
    s = changed(s, slice(None), power_factor_total=factor, power_total=11_000 * load)
    assert rules(s) == expected


def test_a_power_factor_must_stay_low() -> None:
    s = without(sound(), "energy_import_total", "current_l1", "current_l2", "current_l3")
    assert rules(changed(s, slice(100, 401), power_factor_total=0.9)) == []
    assert rules(changed(s, slice(100, 402), power_factor_total=0.9)) == ["power_factor"]


def test_the_offer_is_the_limit_the_signal_or_the_duty_cycle() -> None:
    s = without(sound(), "current_limit_actual")
    duty = changed(s, slice(None), pwm_duty=26.667)
    assert offered(duty)[0] == pytest.approx(16.0, abs=0.01)
    assert offered(changed(s, slice(None), pwm_duty=90.0))[0] == pytest.approx(65.0)
    assert np.isnan(offered(changed(s, slice(None), pwm_duty=100.0))).all()
    assert offered(changed(duty, slice(None), signalled_current=13.0))[0] == 13.0


def below(s, part: slice, offer: float):  # type: ignore[no-untyped-def]
    return without(changed(s, part, current_limit_actual=offer, current_limit=offer), "energy_import_total")


def test_a_vehicle_that_ignores_the_offer() -> None:
    anomaly = one(below(sound(), LATE, 10.0), "over_limit")
    assert anomaly.limit == pytest.approx(11.3)
    assert anomaly.start == pytest.approx(1.7e9 + 607, abs=1)  # it had its time to follow


def test_a_vehicle_has_its_time_to_follow_and_a_tenth_more() -> None:
    assert rules(below(sound(), slice(600, 610), 10.0)) == []
    assert rules(below(sound(), LATE, 14.6)) == []


def fallen(offer: float, taken: float, **more: float):  # type: ignore[no-untyped-def]
    """Return a charge whose offer falls in its middle, without its register."""
    amps = {f"current_l{n}": taken for n in (1, 2, 3)}
    s = changed(sound(), LATE, current_limit_actual=offer, power_total=3 * 230 * 0.99 * taken, **amps, **more)
    return without(s, "energy_import_total", "current_neutral")


def test_a_charger_that_lowers_its_offer_by_itself() -> None:
    anomaly = one(fallen(10.0, 9.8), "derating")
    assert (anomaly.severity, anomaly.about, anomaly.value) == ("info", "ac", pytest.approx(62.5))


def test_a_hot_charger_that_lowers_its_offer() -> None:
    anomaly = one(changed(fallen(10.0, 9.8), slice(None), temperature=66.0), "derating")
    assert (anomaly.severity, anomaly.said) == ("warning", "derating_hot")
    assert "66 °C" in anomaly.text


@pytest.mark.parametrize(
    "s",
    [
        fallen(10.0, 6.0),  # the vehicle wants less than it is offered
        fallen(16.0, 9.8),  # the vehicle tapers
        fallen(13.0, 12.8),  # more than 80 %
        fallen(10.0, 9.8, current_limit=10.0),  # somebody set it
        fallen(10.0, 9.8, current_limit=np.nan),  # before, it was set; now nobody knows
        fallen(10.0, 9.8, load_shedding=1.0),  # load management says so
        without(fallen(10.0, 9.8), "current_limit"),  # a back office may want it
        without(fallen(10.0, 9.8), "hw_max_current", "current_limit"),
        changed(fallen(10.0, 9.8), slice(None, 600), current_limit_actual=10.0, current_l1=9.8, current_l2=9.8,
                current_l3=9.8, power_total=6700.0),  # lower from the beginning: a setting
        changed(sound(), slice(None), current_l2=0.1, current_l3=0.1, current_neutral=15.8, power_total=3600.0,
                energy_import_total=np.nan),  # one phase
    ],
)  # fmt: skip
def test_less_power_that_is_no_derating(s) -> None:  # type: ignore[no-untyped-def]
    assert "derating" not in rules(s)


def test_five_minutes_of_it_are_borne() -> None:
    s = changed(fallen(16.0, 15.8), slice(600, 901), current_limit_actual=10.0, current_l1=9.8, current_l2=9.8,
                current_l3=9.8)  # fmt: skip
    assert "derating" not in rules(s)


@pytest.mark.parametrize(("power", "expected"), [(37_000.0, []), (36_000.0, ["derating"])])
def test_a_dc_vehicle_says_what_it_wants(power: float, expected: list[str]) -> None:
    s = without(direct(), "dc_voltage", "dc_current", "power_total")
    assert rules(changed(s, LATE, dc_power=power), STRONG) == expected
    assert rules(changed(s, LATE, dc_power=power), replace(RATED, rated_w=None)) == []  # no rating, no verdict
    assert rules(replace(changed(s, LATE, dc_power=power), requested_w=None), STRONG) == []
    tapering = np.where(np.arange(COUNT) >= 600, power, 46_000.0)
    assert rules(replace(changed(s, LATE, dc_power=power), requested_w=tapering), STRONG) == []


@pytest.mark.parametrize(("ac", "expected"), [(49_500.0, []), (50_500.0, ["efficiency"])])
def test_the_efficiency_of_a_dc_charger(ac: float, expected: list[str]) -> None:
    assert rules(changed(direct(), slice(None), power_total=ac), STRONG) == expected
    idle = changed(direct(), slice(None), power_total=ac / 5, dc_power=9000.0, dc_current=22.5)
    assert rules(replace(idle, requested_w=None), STRONG) == []  # below half load


@pytest.mark.parametrize(("celsius", "expected"), [(89.0, []), (91.0, ["temperature"])])
def test_contacts_have_their_limit(celsius: float, expected: list[str]) -> None:
    warm = np.interp(np.arange(COUNT), [0, 900, COUNT], [45.0, celsius, celsius])
    assert rules(changed(sound(), slice(None), temperature_connector=warm)) == expected


def test_the_maker_s_limit_stands_before_the_settings() -> None:
    s = changed(sound(), slice(None), temperature_ir=64.0, overtemp_ir=65.0)
    assert rules(s) == []
    assert one(changed(s, LATE, temperature_ir=66.0), "temperature").limit == 65.0


@pytest.mark.parametrize(("kelvin", "expected"), [(9.0, []), (11.5, ["temperature"])])
def test_what_warms_up_by_ten_kelvin_a_minute(kelvin: float, expected: list[str]) -> None:
    warm = np.interp(np.arange(COUNT), [0, 600, 690, COUNT], [30.0, 30.0, 30.0 + 1.5 * kelvin, 30.0 + 1.5 * kelvin])
    assert rules(changed(sound(), slice(None), temperature=warm)) == expected


def test_one_odd_reading_of_a_sensor_is_no_fire() -> None:
    assert rules(changed(sound(), slice(600, 601), temperature=130.0)) == []
    assert rules(changed(sound(10.0), slice(600, 601), temperature=130.0)) == []
