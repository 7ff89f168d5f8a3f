"""Each usual mistake is found by the amount it gives, and named once."""

from typing import Any

import pytest

from tests.evtech.billing.records import cdr, check, component, cost, element, period, tariff


def causes(record: dict[str, Any], *tariffs: dict[str, Any], zone: str = "UTC") -> list[str]:
    return [cause.code for cause in check(record, *tariffs, zone=zone).causes]


ENERGY = tariff(element(component("ENERGY", "0.4", "21")))  # 10 kWh: 4.00 and 4.84
TEN = cdr(period(ENERGY=10))


@pytest.mark.parametrize(
    ("excl", "incl", "expected"),
    [
        ("4", "4.84", []),
        ("4", "4.00", ["vat_missing"]),
        ("4", "4.76", ["wrong_vat"]),  # 19 %
        ("4", "4.28", ["wrong_vat"]),  # 7 %
        ("4", "4.5123", []),  # no rate gives this
        ("5", "6.05", []),
    ],
)
def test_vat_mistakes(excl: str, incl: str, expected: list[str]) -> None:
    assert causes(TEN | {"total_cost": cost(excl, incl)}, ENERGY) == expected


def test_the_wrong_rate_is_named() -> None:
    assert check(TEN | {"total_cost": cost("4", "4.76")}, ENERGY).causes[0].detail == "19 %"


def test_one_rate_on_everything_is_wrong_vat() -> None:
    mixed = tariff(element(component("FLAT", "10", "25"), component("ENERGY", "0.5", "9")))
    assert causes(cdr(period(ENERGY=10), total_cost=cost("15", "18.75")), mixed) == ["wrong_vat"]


@pytest.mark.parametrize(("incl", "expected"), [("18.55", ["wrong_vat"]), ("17.5", ["vat_missing"])])
def test_the_wrong_rate_on_the_energy_alone_is_found(incl: str, expected: list[str]) -> None:
    mixed = tariff(element(component("FLAT", "10", "25"), component("ENERGY", "0.5", "9")))  # 12.50 and 5.45
    assert causes(cdr(period(ENERGY=10), total_cost=cost("15", incl)), mixed) == expected


WINDOW = tariff(
    element(component("ENERGY", "0.5", "21"), start_time="07:00", end_time="10:00"),
    element(component("ENERGY", "0.2", "21")),
)


def test_a_window_taken_in_utc() -> None:
    record = cdr(period(ENERGY=10), total_cost=cost("5", "6.05"))  # 09:00 UTC is 10:00 in Amsterdam
    result = check(record, WINDOW, zone="Europe/Amsterdam")
    assert [(c.code, c.detail) for c in result.causes] == [("wrong_timezone", "UTC")]


def test_a_window_taken_without_summer_time() -> None:
    moment = {"start_date_time": "2025-07-01T08:30:00Z", "end_date_time": "2025-07-01T09:30:00Z"}
    record = cdr({"start_date_time": moment["start_date_time"], "dimensions": period(ENERGY=10)["dimensions"]})
    record |= moment | {"total_cost": cost("5", "6.05")}
    assert "wrong_timezone" in causes(record, WINDOW, zone="Europe/Amsterdam")  # 10:30, taken as 09:30


def test_steps_left_out_or_taken_per_period() -> None:
    steps = tariff(
        element(component("ENERGY", "0.20", step=500), end_time="09:30"), element(component("ENERGY", "0.27", step=500))
    )
    record = cdr(period(ENERGY=4.3), period(30, ENERGY=1.1))
    assert causes(record | {"total_cost": cost("1.157")}, steps) == ["step_size_not_applied"]
    assert causes(record | {"total_cost": cost("1.305")}, steps) == ["step_size_per_period"]


FEE = tariff(element(component("FLAT", "1", "21"), component("ENERGY", "0.4", "21")))


def test_fees_left_out_or_repeated() -> None:
    record = cdr(period(ENERGY=5), period(20, ENERGY=5), period(40, ENERGY=0))
    assert causes(record | {"total_cost": cost("4", "4.84")}, FEE) == ["fixed_cost_missing"]
    assert causes(record | {"total_cost": cost("7", "8.47")}, FEE) == ["flat_fee_repeated"]


def test_limits_left_out() -> None:
    low, high = ENERGY | {"min_price": cost("9", "10.89")}, ENERGY | {"max_price": cost("3", "3.63")}
    assert causes(TEN | {"total_cost": cost("4", "4.84")}, low) == ["min_price_not_applied"]
    assert causes(TEN | {"total_cost": cost("4", "4.84")}, high) == ["max_price_not_applied"]


def test_cents_are_enough_to_recognise_a_mistake() -> None:
    odd = tariff(element(component("FLAT", "1"), component("ENERGY", "0.3333")))
    assert causes(cdr(period(ENERGY=10), total_cost=cost("3.33")), odd) == ["fixed_cost_missing"]
    assert causes(cdr(period(ENERGY=10), total_cost=cost("3.331")), odd) == []


def test_a_credit_is_explained_too() -> None:
    record = cdr(period(ENERGY=10), credit=True, total_cost=cost("-4", "-4.84"))
    assert causes(record, FEE) == ["fixed_cost_missing"]


def test_a_right_total_needs_no_cause_even_if_a_part_is_wrong() -> None:
    assert causes(TEN | {"total_cost": cost("4", "4.84"), "total_energy_cost": cost("3", "3")}, ENERGY) == []
