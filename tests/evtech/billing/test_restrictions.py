"""When an element applies: every restriction at its bounds, in local time, at the period's start."""

from typing import Any

import pytest

from tests.evtech.billing.records import cdr, check, component, element, period, tariff, total

LOW, HIGH = component("ENERGY", "1"), component("ENERGY", "2")


def restricted(**restrictions: Any) -> dict[str, Any]:
    """A tariff whose first element, price 1, is restricted; else the price is 2."""
    return tariff(element(LOW, **restrictions), element(HIGH))


def applies_at(moment: str, zone: str = "UTC", **restrictions: Any) -> bool:
    """Whether the restricted price applies to 1 kWh in a period that starts at a moment."""
    record = cdr({"start_date_time": moment, "dimensions": period(ENERGY=1)["dimensions"]})
    record |= {"start_date_time": moment, "end_date_time": moment}
    return total(record, restricted(**restrictions), zone=zone)[0] == "1"


@pytest.mark.parametrize(
    ("clock", "start", "end", "applies"),
    [
        ("07:00", "07:00", "23:00", True),  # inclusive
        ("06:59", "07:00", "23:00", False),
        ("22:59", "07:00", "23:00", True),
        ("23:00", "07:00", "23:00", False),  # exclusive
        ("23:00", "22:00", "06:00", True),  # over midnight
        ("00:00", "22:00", "06:00", True),
        ("05:59", "22:00", "06:00", True),
        ("06:00", "22:00", "06:00", False),
        ("12:00", "22:00", "06:00", False),
        ("23:59", "20:00", "00:00", True),  # 00:00 is the end of the day
        ("00:00", "20:00", "00:00", False),
        ("13:00", "00:00", "00:00", True),
        ("13:00", None, "00:00", True),
        ("18:00", "17:00", None, True),
        ("16:59", "17:00", None, False),
        ("16:59", None, "17:00", True),
        ("17:00", None, "17:00", False),
        ("08:00", "08:00", "08:00", False),
    ],
)
def test_a_time_window_has_an_inclusive_start_and_an_exclusive_end(
    clock: str, start: str | None, end: str | None, applies: bool
) -> None:
    window = {name: value for name, value in (("start_time", start), ("end_time", end)) if value}
    assert applies_at(f"2025-03-11T{clock}:00Z", **window) is applies


@pytest.mark.parametrize(
    ("moment", "applies"),
    [
        ("2025-03-09T22:59:59Z", False),  # the 9th in Amsterdam
        ("2025-03-09T23:00:00Z", True),  # the 10th
        ("2025-03-11T22:59:59Z", True),
        ("2025-03-11T23:00:00Z", False),  # the 12th
    ],
)
def test_dates_are_local_the_last_one_exclusive(moment: str, applies: bool) -> None:
    days = {"start_date": "2025-03-10", "end_date": "2025-03-12"}
    assert applies_at(moment, zone="Europe/Amsterdam", **days) is applies


def test_the_weekday_is_the_local_one() -> None:
    assert applies_at("2025-05-18T21:59:00Z", zone="Europe/Amsterdam", day_of_week=["SUNDAY"])
    assert not applies_at("2025-05-18T22:30:00Z", zone="Europe/Amsterdam", day_of_week=["SUNDAY"])


def test_an_empty_list_of_weekdays_restricts_nothing() -> None:
    assert applies_at("2025-05-18T12:00:00Z", day_of_week=[])


def test_all_restrictions_must_hold() -> None:
    both = {"start_time": "08:00", "day_of_week": ["MONDAY"]}
    assert applies_at("2025-05-19T09:00:00Z", **both)
    assert not applies_at("2025-05-19T07:00:00Z", **both)
    assert not applies_at("2025-05-20T09:00:00Z", **both)


@pytest.mark.parametrize(("before", "first"), [("9.999", True), ("10", False), ("10.001", False)])
def test_energy_counts_from_the_sessions_start_and_max_kwh_is_exclusive(before: str, first: bool) -> None:
    record = cdr(period(ENERGY=float(before)), period(30, ENERGY=1))
    limited, fallback = restricted(max_kwh=10), restricted(min_kwh=10)
    assert total(record, limited)[0] == str(float(before) + (1 if first else 2)).removesuffix(".0")
    assert total(record, fallback)[0] == str(2 * float(before) + (2 if first else 1)).removesuffix(".0")


@pytest.mark.parametrize(("minutes", "first"), [(29, True), (30, False), (31, False)])
def test_duration_counts_from_the_sessions_start_and_its_maximum_is_exclusive(minutes: int, first: bool) -> None:
    record = cdr(period(ENERGY=0), period(minutes, ENERGY=1))
    assert total(record, restricted(max_duration=1800))[0] == ("1" if first else "2")
    assert total(record, restricted(min_duration=1800))[0] == ("2" if first else "1")


def test_duration_includes_parking() -> None:
    record = cdr(period(ENERGY=0), period(10, PARKING_TIME=1), period(70, ENERGY=1), minutes=80)
    assert total(record, restricted(min_duration=3600))[0] == "1"


@pytest.mark.parametrize(("quantity", "dimension"), [("current", "CURRENT"), ("power", "POWER")])
@pytest.mark.parametrize(("value", "low", "high"), [(15.9, False, True), (16, True, False), (17, True, False)])
def test_current_and_power_are_those_of_the_period(
    quantity: str, dimension: str, value: float, low: bool, high: bool
) -> None:
    record = cdr(period(ENERGY=1, **{f"MIN_{dimension}": value, f"MAX_{dimension}": value}))
    assert total(record, restricted(**{f"min_{quantity}": 16}))[0] == ("1" if low else "2")
    assert total(record, restricted(**{f"max_{quantity}": 16}))[0] == ("1" if high else "2")


def test_a_minimum_is_compared_with_the_minimum_of_the_period() -> None:
    record = cdr(period(ENERGY=1, MIN_POWER=5, MAX_POWER=20))
    assert total(record, restricted(min_power=11))[0] == "2"
    assert total(record, restricted(max_power=11))[0] == "2"


@pytest.mark.parametrize("name", ["min_current", "max_current", "min_power", "max_power"])
def test_a_restriction_that_cannot_be_checked_counts_as_met_and_is_said(name: str) -> None:
    result = check(cdr(period(ENERGY=1)), restricted(**{name: 11}))
    assert result.pricing and result.pricing.lines[0].element == 0
    assert any(name in note for note in result.notes)


def test_restrictions_are_judged_at_the_periods_start_not_the_sessions() -> None:
    record = cdr(period(ENERGY=1), period(60, ENERGY=1), minutes=120)  # 09:00 and 10:00
    assert total(record, restricted(end_time="10:00"))[0] == "3"


# --- the clock's changes -------------------------------------------------------------------------------------------


def hours_from(moment: str, end: str, *starts_and_hours: tuple[str, float]) -> dict[str, Any]:
    periods = [
        {"start_date_time": start, "dimensions": period(TIME=hours)["dimensions"]} for start, hours in starts_and_hours
    ]
    return cdr(*periods) | {"start_date_time": moment, "end_date_time": end}


NIGHT = tariff(
    element(component("TIME", "2"), start_time="02:00", end_time="03:00"),
    element(component("TIME", "4")),
)


def test_in_autumn_the_doubled_hour_is_priced_twice() -> None:
    record = hours_from("2025-10-26T00:00:00Z", "2025-10-26T02:00:00Z", ("2025-10-26T00:00:00Z", 2))
    result = check(record, NIGHT, zone="Europe/Amsterdam")
    assert total(record, NIGHT, zone="Europe/Amsterdam")[0] == "4"
    assert "period_not_split" not in [d.code for d in result.discrepancies]


def test_in_spring_the_hour_that_is_missing_is_not_priced() -> None:
    record = hours_from("2025-03-30T00:00:00Z", "2025-03-30T02:00:00Z", ("2025-03-30T00:00:00Z", 2))
    result = check(record, NIGHT, zone="Europe/Amsterdam")
    assert total(record, NIGHT, zone="Europe/Amsterdam")[0] == "8"
    assert "period_not_split" not in [d.code for d in result.discrepancies]


def test_a_window_that_ends_in_the_missing_hour_ends_at_the_jump() -> None:
    early = tariff(element(component("TIME", "2"), end_time="02:30"), element(component("TIME", "4")))
    record = hours_from("2025-03-30T00:30:00Z", "2025-03-30T01:15:00Z", ("2025-03-30T00:30:00Z", 0.75))
    result = check(record, early, zone="Europe/Amsterdam")
    assert "period_not_split" in [d.code for d in result.discrepancies]


def test_summer_and_winter_have_different_local_times() -> None:
    window = {"start_time": "07:00", "end_time": "23:00"}
    assert applies_at("2025-01-15T21:30:00Z", zone="Europe/Amsterdam", **window)  # 22:30
    assert not applies_at("2025-07-15T21:30:00Z", zone="Europe/Amsterdam", **window)  # 23:30


def test_a_zone_behind_utc_is_still_yesterday() -> None:
    assert applies_at("2025-05-19T02:00:00Z", zone="America/New_York", day_of_week=["SUNDAY"])
