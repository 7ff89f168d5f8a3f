"""What the linter finds in a tariff, and that it is silent about a sound one."""

from typing import Any

import pytest

from evtech.billing.lint import lint
from evtech.billing.ocpi import read_tariffs
from tests.evtech.billing.records import component, cost, element, tariff

KWH, DEAR = component("ENERGY", "0.3", "21"), component("ENERGY", "0.5", "21")
HOUR = component("TIME", "1.2", "21")


def found(*elements: dict[str, Any], **fields: Any) -> list[tuple[str, str, int | None]]:
    return [(p.code, p.severity, p.element) for p in lint(read_tariffs(tariff(*elements, **fields), [])[0])]


def test_a_sound_tariff_is_clean() -> None:
    assert found(element(KWH, start_time="07:00", end_time="23:00"), element(DEAR)) == []


@pytest.mark.parametrize(
    "restrictions",
    [
        {"start_time": "08:00", "end_time": "08:00"},
        {"min_kwh": 10, "max_kwh": 10},
        {"min_duration": 7200, "max_duration": 3600},
        {"min_power": 50, "max_power": 11},
        {"max_current": 0},
        {"start_date": "2025-05-01", "end_date": "2025-05-01"},
    ],
)
def test_an_element_that_can_never_match(restrictions: dict[str, Any]) -> None:
    assert found(element(DEAR, **restrictions), element(KWH)) == [("never_matches", "error", 0)]


def test_an_element_behind_one_that_always_applies_is_never_reached() -> None:
    assert found(element(KWH), element(DEAR, start_time="07:00")) == [("unreachable", "error", 1)]
    assert found(element(KWH, max_kwh=20), element(DEAR, max_kwh=10), element(DEAR)) == [("unreachable", "error", 1)]
    partly = found(element(KWH), element(DEAR, HOUR, start_time="07:00"))
    assert ("component_unreachable", "warning", 1) in partly


def test_an_element_under_a_reservation_hides_none_of_charging() -> None:
    reserved = element(component("TIME", "5", "21"), reservation="RESERVATION")
    assert found(reserved, element(KWH, HOUR)) == []


def test_a_missing_fallback() -> None:
    assert found(element(KWH, start_time="07:00", end_time="23:00")) == [("no_fallback", "warning", None)]
    assert found(element(KWH, max_kwh=20)) == [("no_fallback", "warning", None)]
    night = element(DEAR, start_time="23:00", end_time="07:00")
    assert found(element(KWH, start_time="07:00", end_time="23:00"), night) == []


def test_time_that_is_free_at_some_hours_is_for_information() -> None:
    assert found(element(KWH), element(HOUR, start_time="07:00")) == [("no_fallback", "info", None)]


def test_windows_that_overlap() -> None:
    first = element(KWH, start_time="07:00", end_time="12:00")
    second = element(DEAR, start_time="11:00", end_time="18:00")
    assert found(first, second, element(KWH)) == [("overlapping_times", "warning", 1)]
    assert found(first, element(DEAR, start_time="12:00", end_time="18:00"), element(KWH)) == []


def test_traps_of_step_size() -> None:
    assert found(element(component("ENERGY", "0.3", "21", 5000))) == [("step_size_large", "warning", 0)]
    steps = element(component("ENERGY", "0.3", "21", 100), end_time="12:00"), element(component("ENERGY", "1", "21", 1))
    assert found(*steps) == [("step_sizes_differ", "warning", None)]
    both = element(component("TIME", "1", "21", 60), component("PARKING_TIME", "1", "21", 60))
    assert found(both) == [("step_size_ignored", "info", None)]


def test_vat_that_is_missing_or_no_percentage() -> None:
    assert found(element(KWH, component("TIME", "1"))) == [("vat_missing", "warning", 0)]
    assert found(element(component("ENERGY", "0.3", "0.21"))) == [("vat_unusual", "warning", 0)]
    assert found(element(component("ENERGY", "0.3"))) == [("vat_absent", "info", None)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"currency": "eur"}, "currency_invalid"),
        ({"start_date_time": "2025-02-01T00:00:00Z", "end_date_time": "2025-01-01T00:00:00Z"}, "validity_empty"),
        ({"min_price": cost("5", "6"), "max_price": cost("4", "7")}, "limits_contradict"),
        ({"min_price": cost("5")}, "limit_one_sided"),
        ({"min_price": cost("5", "4")}, "limit_sides_swapped"),
    ],
)
def test_the_tariff_as_a_whole(fields: dict[str, Any], code: str) -> None:
    assert [c for c, *_ in found(element(KWH), **fields)] == [code]


def test_two_prices_of_a_type_in_one_element() -> None:
    assert found(element(KWH, DEAR)) == [("duplicate_component", "warning", 0)]


def test_errors_come_first() -> None:
    severities = [s for _, s, _ in found(element(KWH, DEAR), element(DEAR), currency="?")]
    assert severities == ["error", "error", "warning"]
