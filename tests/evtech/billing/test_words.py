"""Tariffs in words, English and German."""

from typing import Any

import pytest

from evtech.billing.ocpi import read_tariffs
from evtech.billing.words import in_words
from evtech.errors import InputError
from tests.evtech.billing.records import component, cost, element, tariff


def said(*elements: dict[str, Any], lang: str = "en", **fields: Any) -> str:
    return in_words(read_tariffs(tariff(*elements, **fields), [])[0], lang).replace("\N{NO-BREAK SPACE}", " ")


KWH = component("ENERGY", "0.39", "21")


def test_energy_and_time_after_some_hours_with_free_nights() -> None:
    parking = component("PARKING_TIME", "6", "21")
    both = element(KWH), element(component("PARKING_TIME", "0", "21"), start_time="22:00", end_time="07:00")
    text = said(*both, element(parking, min_duration=14400))
    assert text == (
        "Energy: 0.39 €/kWh. Parking without charging: 22:00–07:00 free, after 4 h 0.10 €/min, otherwise free. "
        "All prices plus 21 % VAT."
    )


def test_the_same_in_german() -> None:
    text = said(element(KWH), element(component("PARKING_TIME", "5", "21", 300), min_duration=14400), lang="de")
    assert text == (
        "Energie: 0,39 €/kWh. Parken ohne Laden: nach 4 h 5,00 €/h (je angefangene 5 min), sonst kostenlos. "
        "Alle Preise zuzüglich 21 % MwSt."
    )


@pytest.mark.parametrize(
    ("restrictions", "words"),
    [
        ({"start_time": "17:00"}, "from 17:00"),
        ({"end_time": "17:00"}, "until 17:00"),
        ({"start_time": "20:00", "end_time": "00:00"}, "20:00–24:00"),
        ({"day_of_week": ["SATURDAY", "SUNDAY"]}, "Sat, Sun"),
        ({"day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY"]}, "Mon–Wed"),
        ({"max_kwh": 20}, "for the first 20 kWh"),
        ({"min_kwh": 20}, "beyond 20 kWh"),
        ({"min_duration": 1800, "max_duration": 7200}, "after 30 min and until 2 h"),
        ({"min_power": 11, "max_power": 50}, "from 11 to below 50 kW"),
        ({"max_current": 32}, "below 32 A"),
        ({"start_date": "2025-01-01"}, "from 2025-01-01 on"),
    ],
)
def test_each_restriction_has_words(restrictions: dict[str, Any], words: str) -> None:
    assert said(element(KWH, **restrictions)).startswith(f"Energy: {words} 0.39 €/kWh, otherwise free.")


def test_windows_that_leave_nothing_open_do_not_end_in_free() -> None:
    day, night = {"start_time": "07:00", "end_time": "23:00"}, {"start_time": "23:00", "end_time": "07:00"}
    assert "free" not in said(element(KWH, **day), element(KWH, **night))


def test_reservations_fees_limits_and_mixed_vat() -> None:
    reserved = element(component("FLAT", "2", "9"), component("TIME", "5", "9", 300), reservation="RESERVATION")
    text = said(reserved, element(component("FLAT", "0.5"), KWH), min_price=cost("2", "2.42"), currency="CHF")
    assert "Per session: 0.50 CHF." in text
    assert "Reservation: 5.00 CHF/h (per started 5 min, plus 9 % VAT), fee 2.00 CHF (plus 9 % VAT)." in text
    assert "At least 2.00 CHF a session." in text


def test_another_language_is_refused() -> None:
    with pytest.raises(InputError):
        said(element(KWH), lang="fr")
