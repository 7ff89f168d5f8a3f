"""What a session costs: worked examples, choice of components, fees, steps, VAT, limits, reservations."""

from typing import Any

import pytest

from evtech.billing.answer import check_json
from tests.evtech.billing.records import cdr, check, codes, component, cost, element, period, tariff, total


def calculated(record: dict[str, Any], *tariffs: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = check_json(check(record, *tariffs, **options))["calculated"]
    return answer


# --- choosing components ------------------------------------------------------------------------------------------


def test_each_dimension_takes_the_first_element_that_applies_and_has_it() -> None:
    both = tariff(
        element(component("ENERGY", "0.3"), start_time="08:00", end_time="20:00"),
        element(component("ENERGY", "0.2"), component("TIME", "1.2")),
    )
    assert total(cdr(period(ENERGY=12, TIME=1)), both) == ("4.8", "4.8")


def test_of_two_components_of_a_type_in_one_element_the_first_counts() -> None:
    twice = tariff(element(component("ENERGY", "0.3"), component("ENERGY", "9.99")))
    assert total(cdr(period(ENERGY=10)), twice)[0] == "3"


def test_a_volume_without_a_price_is_free_and_said() -> None:
    result = check(cdr(period(ENERGY=1, TIME=1)), tariff(element(component("ENERGY", "0.3"))))
    assert codes(result) == [("unpriced_dimension", "charging_periods[0].TIME")]
    assert result.discrepancies[-1].severity == "info"


def test_a_volume_of_zero_without_a_price_is_not_worth_a_word() -> None:
    assert codes(check(cdr(period(ENERGY=1, TIME=0)), tariff(element(component("ENERGY", "0.3"))))) == []


def test_a_price_of_zero_is_a_price() -> None:
    result = check(cdr(period(ENERGY=1)), tariff(element(component("ENERGY", "0"))))
    assert codes(result) == []
    assert check_json(result)["calculated"]["total_energy_cost"] == {"excl_vat": 0, "incl_vat": 0}


def test_discharged_energy_is_credited() -> None:
    record = cdr(period(ENERGY=10), period(30, ENERGY=-4))
    assert total(record, tariff(element(component("ENERGY", "0.5"))))[0] == "3"


def test_dimensions_that_belong_to_sessions_are_not_priced() -> None:
    record = cdr(period(ENERGY=1, ENERGY_EXPORT=5, STATE_OF_CHARGE=80))
    assert total(record, tariff(element(component("ENERGY", "1"))))[0] == "1"


# --- fees ---------------------------------------------------------------------------------------------------------


def test_a_flat_fee_is_charged_once_though_every_period_matches() -> None:
    flat = tariff(element(component("FLAT", "0.9", "21"), component("TIME", "1.5", "21", 60)))
    record = cdr(*(period(n * 30, TIME=0.5) for n in range(3)), minutes=90)
    assert total(record, flat) == ("3.15", "3.8115")


def test_a_flat_fee_needs_no_volume() -> None:
    assert total(cdr(period()), tariff(element(component("FLAT", "1"))))[0] == "1"


def test_a_flat_fee_is_charged_when_it_first_becomes_active_and_not_again_from_another_element() -> None:
    two = tariff(
        element(component("FLAT", "7"), min_duration=3600),
        element(component("FLAT", "3"), min_duration=1800),
    )
    assert total(cdr(period(), period(30), period(60), minutes=90), two)[0] == "3"


def test_a_flat_fee_that_never_becomes_active_is_not_charged() -> None:
    assert total(cdr(period()), tariff(element(component("FLAT", "7"), min_duration=3600)))[0] == "0"


# --- worked examples ----------------------------------------------------------------------------------------------

TWO_PRICES = tariff(
    element(component("TIME", "5", step=600), component("ENERGY", "0.20", step=500), end_time="17:00"),
    element(component("TIME", "7", step=600), component("ENERGY", "0.27", step=500)),
)


def test_fee_energy_and_parking_together() -> None:
    prices = tariff(
        element(
            component("ENERGY", "0.40", "21"),
            component("FLAT", "0.50", "21"),
            component("PARKING_TIME", "3", "21", 300),
        )
    )
    record = cdr(period(ENERGY=22.4), period(90, PARKING_TIME=0.7), minutes=132)
    assert total(record, prices) == ("11.71", "14.1691")


def test_energy_is_rounded_up_to_its_step() -> None:
    assert total(cdr(period(ENERGY=7.201)), tariff(element(component("ENERGY", "0.5", "20", 500)))) == ("3.75", "4.5")


def test_times_at_two_prices_are_rounded_once_at_the_last_price() -> None:
    record = cdr(period(474, TIME=0.1), period(480, TIME=0.3667), minutes=502)  # 16:54 and 17:00
    assert total(record, TWO_PRICES)[0] == "3.3"


def test_energy_at_two_prices_is_rounded_once_at_the_last_price() -> None:
    record = cdr(period(420, ENERGY=4.3), period(480, ENERGY=1.1), minutes=540)
    assert total(record, TWO_PRICES)[0] == "1.184"


STEPS = tariff(element(component("TIME", "1", "21", 600), component("PARKING_TIME", "2", "21", 600)))


def test_charging_time_is_not_rounded_if_parking_is_charged_for() -> None:
    record = cdr(period(TIME=0.4), period(24, PARKING_TIME=0.2667), minutes=40)
    found = calculated(record, STEPS)
    assert found["total_cost"] == {"excl_vat": 1.0667, "incl_vat": 1.2907}
    assert (found["billed_charging_time"], found["billed_parking_time"]) == (0.4, 0.3333)


def test_charging_time_is_rounded_if_parking_is_free() -> None:
    free = tariff(element(component("TIME", "6", step=900)))
    record = cdr(period(TIME=0.35), period(21, PARKING_TIME=0.3167), minutes=40)
    assert total(record, free)[0] == "3"


def test_energy_window_in_local_time() -> None:
    window = tariff(
        element(component("ENERGY", "0.50", "21"), start_time="07:00", end_time="23:00"),
        element(component("ENERGY", "0.25", "21")),
    )
    moment = {"start_date_time": "2025-01-15T22:30:00Z", "end_date_time": "2025-01-15T23:30:00Z"}
    late = cdr({"start_date_time": moment["start_date_time"], "dimensions": period(ENERGY=10)["dimensions"]}) | moment
    assert total(late, window, zone="Europe/Amsterdam") == ("2.5", "3.025")
    assert total(late, window, zone="UTC")[0] == "5"


# --- step_size ----------------------------------------------------------------------------------------------------


def test_a_step_of_zero_rounds_nothing() -> None:
    assert total(cdr(period(TIME=0.4321)), tariff(element(component("TIME", "10", step=0))))[0] == "4.321"


def test_hours_of_four_decimals_are_whole_seconds_before_they_are_rounded_up() -> None:
    assert total(cdr(period(TIME=0.4167)), tariff(element(component("TIME", "12", step=300))))[0] == "5"


def test_parking_at_a_price_of_zero_is_charged_for_and_takes_the_rounding() -> None:
    free = tariff(element(component("TIME", "6", step=900), component("PARKING_TIME", "0", step=900)))
    record = cdr(period(TIME=0.35), period(21, PARKING_TIME=0.3167), minutes=40)
    found = calculated(record, free)
    assert (found["billed_charging_time"], found["billed_parking_time"]) == (0.35, 0.5)


def test_parking_that_comes_first_is_still_the_one_that_is_rounded() -> None:
    record = cdr(period(PARKING_TIME=0.2667), period(16, TIME=0.4), minutes=40)
    found = calculated(record, STEPS)
    assert (found["billed_charging_time"], found["billed_parking_time"]) == (0.4, 0.3333)


def test_free_parking_after_the_paid_window_does_not_enter_the_total() -> None:
    evening = tariff(element(component("PARKING_TIME", "6", step=600), end_time="10:00"))
    record = cdr(period(TIME=0), period(30, PARKING_TIME=0.5), period(60, PARKING_TIME=1.2), minutes=132)
    result = check(record, evening)
    assert calculated(record, evening)["billed_parking_time"] == 0.5
    assert codes(result) == [("unpriced_dimension", "charging_periods[2].PARKING_TIME")]


def test_the_step_is_that_of_the_last_charged_period() -> None:
    steps = tariff(
        element(component("ENERGY", "1", step=1000), end_time="10:00"),
        element(component("ENERGY", "1", step=100)),
    )
    assert total(cdr(period(ENERGY=1.05), period(60, ENERGY=1.11), minutes=90), steps)[0] == "2.2"


def test_a_trailing_period_without_energy_takes_no_surplus() -> None:
    steps = tariff(
        element(component("ENERGY", "1", step=1000), end_time="10:00"),
        element(component("ENERGY", "5", step=1)),
    )
    assert total(cdr(period(ENERGY=1.05), period(60, ENERGY=0), minutes=90), steps)[0] == "2"


def test_changing_the_tariff_within_a_session_rounds_nothing_at_the_switch() -> None:
    first = tariff(element(component("ENERGY", "1", step=1000)), id="A")
    second = tariff(element(component("ENERGY", "2", step=500)), id="B")
    record = cdr(period(ENERGY=1.2) | {"tariff_id": "A"}, period(30, ENERGY=1.2) | {"tariff_id": "B"})
    assert total(record, first, second)[0] == "3.8"  # 1.2 at 1, and 1.2 + 0.1 at 2


# --- VAT and limits -----------------------------------------------------------------------------------------------


def test_vat_is_added_per_component() -> None:
    mixed = tariff(element(component("FLAT", "10", "25"), component("ENERGY", "0.5", "9")))
    assert total(cdr(period(ENERGY=39)), mixed) == ("29.5", "33.755")


@pytest.mark.parametrize("vat", [None, "0"])
def test_no_vat_and_zero_vat_give_the_same_amount(vat: str | None) -> None:
    assert total(cdr(period(ENERGY=10)), tariff(element(component("ENERGY", "0.3", vat)))) == ("3", "3")


def limited(energy: float, **limits: Any) -> dict[str, Any]:
    prices = tariff(element(component("FLAT", "10", "25"), component("ENERGY", "0.5", "9")), **limits)
    found = check_json(check(cdr(period(ENERGY=energy)), prices))
    return found["calculated"] | {"limit_applied": found["limit_applied"]}


def test_a_lowest_price_lifts_both_sides_and_leaves_the_parts() -> None:
    low = tariff(element(component("ENERGY", "0.4", "21")), min_price=cost("2", "2.42"))
    found = calculated(cdr(period(ENERGY=1.5)), low)
    assert found["total_cost"] == {"excl_vat": 2, "incl_vat": 2.42}
    assert found["total_energy_cost"] == {"excl_vat": 0.6, "incl_vat": 0.726}


def test_a_highest_price_can_cap_one_side_only() -> None:
    found = limited(39, max_price=cost("30", "33"))
    assert found["total_cost"] == {"excl_vat": 29.5, "incl_vat": 33}
    assert found["limit_applied"] == "max_price"


def test_a_limit_without_vat_leaves_the_other_side_alone() -> None:
    assert limited(39, max_price=cost("20"))["total_cost"] == {"excl_vat": 20, "incl_vat": 33.755}


def test_a_limit_that_changes_nothing_is_not_named() -> None:
    assert limited(39, max_price=cost("50", "60"), min_price=cost("1", "1.21"))["limit_applied"] is None


# --- tariffs ------------------------------------------------------------------------------------------------------

OLD = tariff(element(component("ENERGY", "0.30")), id="OLD", end_date_time="2025-03-11T09:00:00Z")
NEW = tariff(element(component("ENERGY", "0.36")), id="NEW", start_date_time="2025-03-11T09:00:00Z")


def test_the_first_tariff_that_is_valid_at_the_sessions_start_counts() -> None:
    assert total(cdr(period(ENERGY=10)), OLD, NEW)[0] == "3.6"  # valid from 09:00 inclusive, until 09:00 exclusive


def test_without_a_valid_tariff_nothing_is_calculated() -> None:
    result = check(cdr(period(ENERGY=10)), OLD)
    assert (result.result, result.error) == ("error", "no_valid_tariff")
    assert check(cdr(period(ENERGY=10), tariffs=[])).error == "no_valid_tariff"
    assert check(cdr(period(ENERGY=10))).error == "no_valid_tariff"


def test_the_records_own_tariff_counts_where_none_is_given() -> None:
    assert total(cdr(period(ENERGY=10), tariffs=[NEW]))[0] == "3.6"


def test_a_given_tariff_goes_before_the_records_own() -> None:
    assert total(cdr(period(ENERGY=10), tariffs=["broken"]), NEW)[0] == "3.6"


@pytest.mark.parametrize("type_", ["AD_HOC_PAYMENT", "PROFILE_CHEAP", "REGULAR"])
def test_the_type_of_a_tariff_does_not_change_the_price(type_: str) -> None:
    assert total(cdr(period(ENERGY=10)), NEW | {"type": type_})[0] == "3.6"


# --- reservations -------------------------------------------------------------------------------------------------

RESERVED = element(component("FLAT", "2", "21"), component("TIME", "5", "21", 300), reservation="RESERVATION")
EXPIRED = element(component("FLAT", "4", "21"), component("TIME", "6", "21", 600), reservation="RESERVATION_EXPIRES")
CHARGED = element(component("FLAT", "0.5", "21"), component("ENERGY", "0.25", "21"), component("TIME", "9", "21"))


def test_a_reservation_has_its_own_fee_and_its_own_rounding() -> None:
    record = cdr(period(RESERVATION_TIME=0.2167), period(13, ENERGY=20), minutes=73)
    found = calculated(record, tariff(RESERVED, CHARGED))
    assert found["total_reservation_cost"] == {"excl_vat": 3.25, "incl_vat": 3.9325}
    assert found["total_fixed_cost"] == {"excl_vat": 0.5, "incl_vat": 0.605}
    assert found["total_cost"] == {"excl_vat": 8.75, "incl_vat": 10.5875}


def test_the_price_of_an_expired_reservation_does_not_apply_if_charging_follows() -> None:
    record = cdr(period(RESERVATION_TIME=0.3667), period(22, ENERGY=20), minutes=82)
    assert calculated(record, tariff(EXPIRED, RESERVED, CHARGED))["total_reservation_cost"]["excl_vat"] == 4.0833


def test_an_expired_reservation_takes_the_expiry_price_and_fee_wherever_they_stand() -> None:
    record = cdr(period(RESERVATION_TIME=0.3667), minutes=22)
    assert total(record, tariff(RESERVED, EXPIRED, CHARGED))[0] == "7"  # 4 and 30 min of 6.00
    assert total(record, tariff(EXPIRED, RESERVED, CHARGED))[0] == "7"


def test_an_expired_reservation_without_an_expiry_time_price_takes_that_of_the_reservation() -> None:
    fee = element(component("FLAT", "4", "21"), reservation="RESERVATION_EXPIRES")
    time = element(component("TIME", "2", "21", 600), reservation="RESERVATION")
    assert total(cdr(period(RESERVATION_TIME=0.5), minutes=30), tariff(fee, time, CHARGED))[0] == "5"


def test_charging_never_uses_the_price_of_a_reservation() -> None:
    assert total(cdr(period(TIME=1)), tariff(RESERVED))[0] == "0"


def test_a_reservation_without_a_price_of_its_own_is_free() -> None:
    assert total(cdr(period(RESERVATION_TIME=1)), tariff(CHARGED))[0] == "0"


# --- exactness ----------------------------------------------------------------------------------------------------


def test_amounts_are_exact_and_rounded_half_away_from_zero() -> None:
    assert total(cdr(period(ENERGY=0.5)), tariff(element(component("ENERGY", "0.0001"))))[0] == "0.0001"
    assert total(cdr(period(ENERGY=-0.5)), tariff(element(component("ENERGY", "0.0001"))))[0] == "-0.0001"


def test_three_thirds_of_an_hour_are_an_hour() -> None:
    steps = tariff(element(component("TIME", "3", step=1200)))
    assert total(cdr(*(period(n * 20, TIME=0.3333) for n in range(3))), steps)[0] == "3"
