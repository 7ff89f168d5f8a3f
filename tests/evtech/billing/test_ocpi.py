"""Reading records and tariffs: versions, envelopes, odd files, and what makes one unreadable."""

from decimal import Decimal
from typing import Any

import pytest

from evtech.billing.errors import BillingError
from evtech.billing.ocpi import read_cdr, read_tariffs, records
from tests.evtech.billing.records import cdr, check, component, element, period, tariff

PRICES = tariff(element(component("ENERGY", "0.3")))
GONE = object()


def spoiled(value: Any, path: str, new: Any) -> Any:
    """A copy of a JSON value with one place changed, or removed with GONE; ``path`` such as ``a.0.b``."""
    head, _, rest = path.partition(".")
    copy = list(value) if isinstance(value, list) else dict(value)
    key: Any = int(head) if isinstance(value, list) else head
    if rest:
        copy[key] = spoiled(value[key], rest, new)
    elif new is GONE:
        del copy[key]
    else:
        copy[key] = new
    return copy


@pytest.mark.parametrize(
    "path",
    [
        "start_date_time",
        "end_date_time",
        "currency",
        "charging_periods",
        "total_cost",
        "total_energy",
        "total_time",
        "total_cost.excl_vat",
        "charging_periods.0.start_date_time",
        "charging_periods.0.dimensions",
        "charging_periods.0.dimensions.0.type",
        "charging_periods.0.dimensions.0.volume",
    ],
)
@pytest.mark.parametrize("new", [GONE, None], ids=["missing", "null"])
def test_a_record_without_a_needed_field_is_unreadable(path: str, new: Any) -> None:
    result = check(spoiled(cdr(period(ENERGY=1)), path, new), PRICES)
    assert (result.result, result.error) == ("error", "unreadable_cdr")
    assert path.rpartition(".")[2] in (result.message or "")


@pytest.mark.parametrize(
    "path",
    [
        "id",
        "currency",
        "elements",
        "elements.0.price_components",
        "elements.0.price_components.0.type",
        "elements.0.price_components.0.price",
    ],
)
@pytest.mark.parametrize("new", [GONE, None], ids=["missing", "null"])
def test_a_tariff_without_a_needed_field_is_unreadable(path: str, new: Any) -> None:
    assert check(cdr(period(ENERGY=1)), spoiled(PRICES, path, new)).error == "unreadable_tariff"


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("start_date_time", "yesterday"),
        ("start_date_time", "2025-03-11"),
        ("start_date_time", "0001-01-01T00:00:00+23:59"),
        ("start_date_time", Decimal(5)),
        ("charging_periods", {}),
        ("charging_periods", "none"),
        ("charging_periods.0", []),
        ("charging_periods.0.dimensions.0.volume", "much"),
        ("charging_periods.0.dimensions.0.volume", "NaN"),
        ("charging_periods.0.dimensions.0.volume", "1e999999"),
        ("charging_periods.0.dimensions.0.volume", True),
        ("total_cost", []),
        ("total_cost.incl_vat", {}),
        ("total_energy", []),
        ("currency", Decimal(1)),
        ("currency", "\ud800"),
        ("cdr_location", "here"),
        ("credit", "yes"),
        ("signed_data", []),
    ],
)
def test_a_record_with_a_wrong_value_is_unreadable(path: str, new: Any) -> None:
    assert check(spoiled(cdr(period(ENERGY=1)) | {"credit": False, "signed_data": None}, path, new), PRICES).error == (
        "unreadable_cdr"
    )


@pytest.mark.parametrize("value", [None, [], "text", Decimal(3), True])
def test_what_is_no_object_is_unreadable(value: Any) -> None:
    assert check(value, PRICES).error == "unreadable_cdr"
    with pytest.raises(BillingError):
        read_tariffs([value], [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start_time", "7"),
        ("start_time", "25:00"),
        ("end_time", "07:60"),
        ("start_date", "11.03.2025"),
        ("day_of_week", ["Sunday"]),
        ("day_of_week", "SUNDAY"),
        ("reservation", "MAYBE"),
        ("max_kwh", "many"),
    ],
)
def test_a_restriction_that_cannot_be_read_makes_the_tariff_unreadable(name: str, value: Any) -> None:
    odd = tariff(element(component("ENERGY", "0.3"), **{name: value}))
    result = check(cdr(period(ENERGY=1)), odd)
    assert result.error == "unreadable_tariff"
    assert name in (result.message or "")


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("elements", []),
        ("elements.0.price_components", []),
        ("elements.0.price_components.0.type", "ENERGIE"),
        ("elements.0.price_components.0.step_size", Decimal("0.5")),
        ("elements.0.price_components.0.step_size", Decimal(-1)),
        ("elements.0.price_components.0.vat", "21 %"),
        ("min_price", {}),
    ],
)
def test_a_tariff_with_a_wrong_value_is_unreadable(path: str, new: Any) -> None:
    assert check(cdr(period(ENERGY=1)), spoiled(PRICES | {"min_price": None}, path, new)).error == "unreadable_tariff"


def test_null_and_unknown_fields_are_read_over() -> None:
    odd = spoiled(PRICES, "elements.0.restrictions", None) | {"min_price": None, "x": {"y": []}, "max_price": None}
    assert check(cdr(period(ENERGY=1), x=[1], signed_data=None, meter_id=None), odd).error is None


def test_numbers_written_as_text_are_taken_with_a_remark() -> None:
    record = spoiled(cdr(period(ENERGY=1)), "charging_periods.0.dimensions.0.volume", " 2.50 ")
    result = check(record, spoiled(PRICES, "elements.0.price_components.0.price", "2.00"))
    assert result.pricing and result.pricing.total.excl_vat == 5
    assert len([note for note in result.notes if "written as text" in note]) == 2


def test_a_missing_step_rounds_nothing_and_is_said() -> None:
    result = check(cdr(period(ENERGY=1)), spoiled(PRICES, "elements.0.price_components.0.step_size", GONE))
    assert any("step_size" in note for note in result.notes)


def test_a_time_without_a_zone_is_utc_and_an_offset_is_honoured() -> None:
    record = cdr(period(ENERGY=1))
    assert read_cdr(record | {"start_date_time": "2025-03-11T09:00:00"}).start == read_cdr(record).start
    assert read_cdr(record | {"start_date_time": "2025-03-11T10:00:00+01:00"}).start == read_cdr(record).start


def test_a_dimension_that_stands_twice_is_added() -> None:
    record = cdr(period(ENERGY=1))
    record["charging_periods"][0]["dimensions"] *= 2
    assert read_cdr(record).periods[0].volumes["ENERGY"] == 2


@pytest.mark.parametrize("shape", [lambda x: x, lambda x: [x], lambda x: {"data": x}, lambda x: {"data": [x]}])
def test_records_are_found_in_lists_and_in_answers_of_a_server(shape: Any) -> None:
    envelope = shape(PRICES)
    if isinstance(envelope, dict) and "data" in envelope:
        envelope |= {"status_code": Decimal(1000), "timestamp": "2025-01-01T00:00:00Z"}
    assert records(envelope, "elements") == [PRICES]


def test_twenty_four_oclock_is_the_end_of_the_day() -> None:
    notes: list[str] = []
    late = tariff(element(component("ENERGY", "1"), start_time="22:00", end_time="24:00"))
    restrictions = read_tariffs(late, notes)[0].elements[0].restrictions
    assert restrictions and restrictions.end_time and restrictions.end_time.hour == 0
    assert "24:00" in notes[0]
