"""Every discrepancy, at its tolerance; what is compared and what is not."""

from decimal import Decimal
from typing import Any

import pytest

from evtech.billing.answer import check_json
from evtech.billing.check import CheckResult
from tests.evtech.billing.records import cdr, check, component, cost, element, period, tariff

PRICES = tariff(element(component("ENERGY", "0.4", "21"), component("FLAT", "0.5", "21")))
NIGHT = tariff(element(component("ENERGY", "1"), end_time="10:00"), element(component("ENERGY", "2")))


def found(result: CheckResult) -> list[tuple[str, str, str]]:
    return [(d.code, d.field, d.severity) for d in result.discrepancies]


def billed(excl: str, incl: str | None = None, **fields: Any) -> dict[str, Any]:
    """22.5 kWh by PRICES are 9.5 and 11.495."""
    return cdr(period(ENERGY=22.5), total_cost=cost(excl, incl), **fields)


def test_a_right_bill_has_nothing_to_say() -> None:
    result = check(billed("9.5", "11.495"), PRICES)
    assert (result.result, result.discrepancies, result.causes) == ("match", (), ())


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("9.5001", None),
        ("9.5002", "rounding_difference"),
        ("9.505", "rounding_difference"),
        ("9.495", "rounding_difference"),
        ("9.5051", "amount_mismatch"),
        ("9.49", "amount_mismatch"),
    ],
)
def test_amounts_have_two_tolerances(stated: str, code: str | None) -> None:
    result = check(billed(stated), PRICES)
    severity = {"rounding_difference": "info", "amount_mismatch": "error"}
    assert found(result) == ([(code, "total_cost.excl_vat", severity[code])] if code else [])
    assert result.result == ("mismatch" if code == "amount_mismatch" else "match")


def test_a_difference_is_stated_minus_calculated() -> None:
    wrong = check(billed("10.25"), PRICES).discrepancies[0]
    assert (wrong.stated, wrong.calculated, wrong.difference) == (Decimal("10.25"), Decimal("9.5"), Decimal("0.75"))
    assert "10.25" in wrong.message and "9.5" in wrong.message


def test_partial_costs_are_compared_where_they_are_stated() -> None:
    result = check(billed("9.5", total_energy_cost=cost("9", "11"), total_fixed_cost=cost("0.5")), PRICES)
    assert [field for _, field, _ in found(result)] == ["total_energy_cost.incl_vat"]


def test_a_stated_part_that_nothing_was_priced_for_counts_as_zero() -> None:
    result = check(billed("9.5", total_parking_cost=cost("1", "1.21"), total_time_cost=cost("0", "0")), PRICES)
    assert [field for _, field, _ in found(result)] == ["total_parking_cost.excl_vat", "total_parking_cost.incl_vat"]


@pytest.mark.parametrize(("stated", "wrong"), [("22.501", False), ("22.5011", True), ("22.498", True)])
def test_energy_is_compared_to_a_watt_hour(stated: str, wrong: bool) -> None:
    result = check(billed("9.5", total_energy=Decimal(stated)), PRICES)
    assert (("quantity_mismatch", "total_energy", "error") in found(result)) is wrong


@pytest.mark.parametrize(("stated", "wrong"), [("1.0003", False), ("1.0004", True), ("0.99", True)])
def test_the_session_time_is_end_minus_start(stated: str, wrong: bool) -> None:
    result = check(billed("9.5", total_time=Decimal(stated)), PRICES)
    assert (("quantity_mismatch", "total_time", "error") in found(result)) is wrong


def test_parking_time_is_compared_where_it_is_stated() -> None:
    result = check(cdr(period(PARKING_TIME=0.5), total_parking_time=Decimal("0.6")), PRICES)
    assert ("quantity_mismatch", "total_parking_time", "error") in found(result)


def test_currencies_must_agree() -> None:
    result = check(billed("9.5", currency="CHF"), PRICES)
    assert found(result) == [("currency_mismatch", "currency", "error")]
    assert result.result == "mismatch"


def test_periods_run_forward_and_within_the_session() -> None:
    swapped = check(cdr(period(ENERGY=1), period(40, ENERGY=1), period(20, ENERGY=1)), PRICES)
    assert ("period_order", "charging_periods[2]", "error") in found(swapped)
    early = check(cdr(period(-1, ENERGY=1)), PRICES)
    assert ("period_outside_session", "charging_periods[0]", "error") in found(early)
    late = check(cdr(period(ENERGY=1), period(61, ENERGY=0)), PRICES)
    assert ("period_outside_session", "charging_periods[1]", "error") in found(late)
    edge = check(cdr(period(ENERGY=1), period(60, ENERGY=0), total_cost=cost("0.9")), PRICES)
    assert found(edge) == []


def test_a_record_that_ends_before_it_starts_is_told_and_not_refused() -> None:
    result = check(cdr(period(ENERGY=1), minutes=-60, total_cost=cost("0.9", "1.089")), PRICES)
    assert found(result) == [("period_outside_session", "charging_periods[0]", "error")]


def test_a_record_without_periods_costs_nothing() -> None:
    assert found(check(cdr(), PRICES)) == []
    assert [code for code, *_ in found(check(cdr(total_cost=cost("1")), PRICES))] == ["amount_mismatch"]


@pytest.mark.parametrize(("hours", "wrong"), [(0.5003, False), (0.5004, True)])
def test_a_period_holds_no_more_time_than_it_lasts(hours: float, wrong: bool) -> None:
    result = check(cdr(period(TIME=hours), period(30, TIME=0.5)), PRICES)
    assert (("period_time_mismatch", "charging_periods[0]", "warning") in found(result)) is wrong


def test_charging_and_parking_time_count_together() -> None:
    result = check(cdr(period(TIME=0.6, PARKING_TIME=0.6)), PRICES)
    assert ("period_time_mismatch", "charging_periods[0]", "warning") in found(result)


def test_warnings_and_information_leave_a_match() -> None:
    result = check(cdr(period(TIME=1.2), total_cost=cost("0.5")), PRICES)
    assert [severity for *_, severity in found(result)] == ["info", "warning"]
    assert result.result == "match"


# --- period_not_split ---------------------------------------------------------------------------------------------


def unsplit(record: dict[str, Any], *elements: dict[str, Any], zone: str = "UTC") -> bool:
    return "period_not_split" in [d.code for d in check(record, tariff(*elements), zone=zone).discrepancies]


CHEAP, DEAR = component("ENERGY", "1"), component("ENERGY", "2")


@pytest.mark.parametrize(
    ("restrictions", "split"),
    [
        ({"end_time": "09:30"}, True),
        ({"end_time": "10:00"}, False),  # the period's end
        ({"end_time": "09:00"}, False),  # its start
        ({"start_time": "09:59"}, True),
        ({"max_kwh": 3}, True),
        ({"max_kwh": 5}, False),
        ({"min_kwh": 4}, True),
        ({"max_duration": 1800}, True),
        ({"max_duration": 3600}, False),
        ({"min_duration": 3599}, True),
        ({"min_power": 11}, False),
        ({"day_of_week": ["TUESDAY"]}, False),
    ],
)
def test_a_period_in_which_the_price_changes_should_have_been_split(restrictions: dict[str, Any], split: bool) -> None:
    assert unsplit(cdr(period(ENERGY=5)), element(CHEAP, **restrictions), element(DEAR)) is split


@pytest.mark.parametrize("restrictions", [{"day_of_week": ["TUESDAY"]}, {"end_date": "2025-03-12"}])
def test_midnight_splits_where_days_matter(restrictions: dict[str, Any]) -> None:
    record = cdr(period(ENERGY=5), minutes=16 * 60)
    assert unsplit(record, element(CHEAP, **restrictions), element(DEAR))
    assert not unsplit(record, element(CHEAP, **restrictions), element(DEAR), zone="America/New_York")


@pytest.mark.parametrize("restrictions", [{"start_time": "03:00"}, {"end_time": "23:00"}])
def test_a_time_of_day_with_one_bound_changes_at_midnight(restrictions: dict[str, Any]) -> None:
    night = period(13.5 * 60, ENERGY=5)  # 22:30 to 01:00 and, behind the bound, 23:30 to 01:00
    record = cdr(night if "start_time" in restrictions else period(14.5 * 60, ENERGY=5), minutes=16 * 60)
    assert unsplit(record, element(CHEAP, **restrictions), element(DEAR))


def test_a_price_that_ends_and_leaves_none_is_a_change_too() -> None:
    assert unsplit(cdr(period(ENERGY=5)), element(CHEAP, end_time="09:30"))


def test_a_window_that_opens_and_closes_inside_a_period_is_seen() -> None:
    assert unsplit(cdr(period(ENERGY=5)), element(CHEAP, start_time="09:20", end_time="09:40"), element(DEAR))


def test_only_dimensions_with_a_volume_matter() -> None:
    assert not unsplit(cdr(period(TIME=1)), element(CHEAP, end_time="09:30"), element(DEAR))


def test_an_edge_of_an_element_that_is_never_asked_does_not_matter() -> None:
    assert not unsplit(cdr(period(ENERGY=5)), element(DEAR), element(CHEAP, end_time="09:30"))


def test_the_price_at_the_periods_start_counts_all_the_same() -> None:
    result = check(cdr(period(ENERGY=5), minutes=120, total_cost=cost("5")), NIGHT)
    assert result.result == "match"
    assert found(result) == [("period_not_split", "charging_periods[0]", "warning")]


# --- credits, versions --------------------------------------------------------------------------------------------


def test_a_credit_is_compared_with_the_sign_turned_and_its_parts_as_they_are() -> None:
    parts = {"total_energy_cost": cost("9", "10.89"), "total_fixed_cost": cost("0.5", "0.605")}
    assert found(check(billed("-9.5", "-11.495", credit=True, credit_reference_id="C0", **parts), PRICES)) == []
    assert check(billed("9.5", "11.495", credit=True), PRICES).result == "mismatch"


def old(**fields: Any) -> dict[str, Any]:
    """A record of 2.1.1."""
    record = cdr(period(ENERGY=10)) | {"total_cost": Decimal("4.5"), "location": {"country": "NLD"}} | fields
    record["stop_date_time"] = record.pop("end_date_time")
    del record["cdr_location"]
    return record


def test_a_record_of_2_1_1_has_no_vat() -> None:
    answer = check_json(check(old(), PRICES, zone=None))
    assert (answer["result"], answer["ocpi_version"], answer["timezone"]) == ("match", "2.1.1", "Europe/Amsterdam")
    assert answer["calculated"]["total_cost"] == {"excl_vat": 4.5, "incl_vat": None}
    assert answer["periods"][0]["dimensions"]["ENERGY"]["cost"]["incl_vat"] is None


def test_a_flat_dimension_of_2_1_1_is_not_priced_by_its_volume() -> None:
    record = old()
    record["charging_periods"][0]["dimensions"].append({"type": "FLAT", "volume": Decimal(7)})
    assert check(record, PRICES).result == "match"


def test_a_plain_total_makes_a_record_2_1_1() -> None:
    assert check(cdr(period(ENERGY=10), total_cost=Decimal("4.5")), PRICES).cdr.version == "2.1.1"  # type: ignore[union-attr]


def test_the_version_can_be_told() -> None:
    assert check(billed("9.5"), PRICES, version="2.1.1").figures.costs["total_cost"].incl_vat is None  # type: ignore[union-attr]
    told = check(cdr(period(ENERGY=10), total_cost=Decimal("4.5")), PRICES, version="2.2.1")
    assert (told.result, told.cdr and told.cdr.version) == ("match", "2.2.1")


def test_a_record_of_2_3_0_is_priced_where_it_maps() -> None:
    taxes = [{"name": "VAT", "percentage": Decimal(21), "amount": Decimal("1.995")}]
    newest = billed("0") | {"total_cost": {"before_taxes": Decimal("9.5"), "taxes": taxes}}
    result = check(newest, PRICES | {"tax_included": "NO"})
    assert (result.result, result.cdr and result.cdr.version) == ("match", "2.3.0")


def test_prices_with_tax_inside_are_taken_apart() -> None:
    inside = tariff(element(component("ENERGY", "0.484", "21")), tax_included="YES")
    record = cdr(period(ENERGY=10), total_cost={"before_taxes": Decimal(4), "taxes": [{"amount": Decimal("0.84")}]})
    assert check(record, inside).result == "match"


def test_a_tax_of_unknown_size_is_unsupported() -> None:
    inside = tariff(element(component("ENERGY", "0.484")), tax_included="YES")
    assert check(cdr(period(ENERGY=10)), inside).error == "unsupported_version"


# --- the answer ---------------------------------------------------------------------------------------------------


def test_the_answer_shows_every_step() -> None:
    answer = check_json(check(billed("9.5", "11.495"), PRICES, zone="Europe/Amsterdam"))
    assert answer["periods"][0] == {
        "index": 0,
        "start": "2025-03-11T09:00:00.000Z",
        "end": "2025-03-11T10:00:00.000Z",
        "local_start": "2025-03-11T10:00:00+01:00",
        "dimensions": {
            "FLAT": {
                "volume": 1,
                "billed": 1.0,
                "price": 0.5,
                "vat": 21,
                "step_size": 1,
                "element": 0,
                "cost": {"excl_vat": 0.5, "incl_vat": 0.605},
            },
            "ENERGY": {
                "volume": 22.5,
                "billed": 22.5,
                "price": 0.4,
                "vat": 21,
                "step_size": 1,
                "element": 0,
                "cost": {"excl_vat": 9.0, "incl_vat": 10.89},
            },
        },
    }
    assert answer["stated"]["total_cost"] == {"excl_vat": 9.5, "incl_vat": 11.495}
    assert (answer["timezone_source"], answer["tariff_id"], answer["signed"]) == ("option", "T", None)


def test_only_what_was_priced_has_a_cost() -> None:
    answer = check_json(check(billed("9.5"), PRICES))["calculated"]
    assert {name for name in answer if name.endswith("_cost")} == {
        "total_cost",
        "total_energy_cost",
        "total_fixed_cost",
    }
