"""Numbers with units, as they are written."""

import pytest

from evtech.measure.quantity import MINUS, UNKNOWN, Quantity, shown


def test_an_unknown_value_is_a_dash_and_never_zero() -> None:
    assert shown(None, "V") == (UNKNOWN, "V")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (11030.4, "W", ("11.030", "kW")),
        (-230.06, "V", (f"{MINUS}230.1", "V")),
        (-0.001, "A", ("0.00", "A")),
        (0.987, "", ("0.987", "")),
    ],
)
def test_decimals_belong_to_the_unit(value: float, unit: str, expected: tuple[str, str]) -> None:
    assert shown(value, unit) == expected


def test_different_units_do_not_subtract() -> None:
    with pytest.raises(ValueError, match="cannot subtract A from V"):
        Quantity(230, "V") - Quantity(16, "A")
