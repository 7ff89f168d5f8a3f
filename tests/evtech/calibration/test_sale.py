"""Price and time shown by the charger."""

from decimal import Decimal

import pytest

from evtech.calibration.run_record import PriceRecord, TimeRecord
from evtech.calibration.sale import check_price, check_time, rounded_amount


@pytest.mark.parametrize(
    ("quantity", "price", "mode", "amount"),
    [
        ("23.456", "0.49", "half_up", "11.49"),
        ("12.30", "0.35", "half_up", "4.31"),
        ("12.30", "0.35", "half_even", "4.30"),
        ("0.5", "0.33", "half_up", "0.17"),
        ("0.5", "0.33", "half_even", "0.16"),
        ("0.5", "0.33", "down", "0.16"),
        ("0.501", "0.33", "up", "0.17"),
    ],
)
def test_amounts_are_exact_and_rounded_as_stated(quantity: str, price: str, mode: str, amount: str) -> None:
    assert rounded_amount(Decimal(quantity) * Decimal(price), "EUR", mode) == Decimal(amount)


@pytest.mark.parametrize(
    ("currency", "step", "amount"), [("JPY", None, "12"), ("KWD", None, "12.345"), ("CHF", "0.05", "12.35")]
)
def test_currencies_have_their_own_smallest_unit(currency: str, step: str | None, amount: str) -> None:
    assert rounded_amount(Decimal("12.3451"), currency, cash_step=Decimal(step) if step else None) == Decimal(amount)


def test_the_amount_shown_must_be_exact() -> None:
    sale = PriceRecord("EUR", Decimal("0.49"), Decimal("23.456"), Decimal("11.50"), reference_kwh=Decimal("24"))
    check = check_price(sale)
    assert (check.expected, check.difference, check.passed) == (Decimal("11.49"), Decimal("0.01"), False)
    assert check.against_reference == Decimal("0.26")


def test_a_receipt_must_agree_with_the_display() -> None:
    sale = PriceRecord("EUR", Decimal("0.49"), Decimal("23.456"), Decimal("11.49"), receipt=Decimal("11.50"))
    assert check_price(sale).passed is False


@pytest.mark.parametrize(("shown", "passed"), [(905, True), (905.1, False), (810, True), (809.9, False)])
def test_a_shown_time_may_be_five_seconds_long_or_six_a_minute_short(shown: float, passed: bool) -> None:
    assert check_time(TimeRecord(shown, 900)).passed is passed
