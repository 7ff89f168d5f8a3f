"""Is the price or the time that the charger shows right? The energy is another question.

A displayed amount must be the displayed quantity times the unit price, rounded to the currency's smallest unit: the
difference is nothing or the check has failed (Handbook 44, G-S.5.5). Exact decimals throughout.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from evtech.calibration.run_record import PriceRecord, TimeRecord

_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
# ISO 4217: decimals of the currencies that do not have two
_MINOR_UNITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """A displayed amount against quantity times price.

    ``against_reference`` is what the reference's energy would cost less what was shown: for information only.
    """

    expected: Decimal
    difference: Decimal
    passed: bool
    receipt_agrees: bool | None
    against_reference: Decimal | None

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values, amounts as texts."""
        apart = self.against_reference
        return {
            "expected": str(self.expected),
            "difference": str(self.difference),
            "passed": self.passed,
            "receipt_agrees": self.receipt_agrees,
            "against_reference": None if apart is None else str(apart),
        }


@dataclass(frozen=True, slots=True)
class TimeCheck:
    """A displayed duration against the reference clock (s); ``allowed_s`` is the tolerance on the side it is off."""

    difference_s: float
    allowed_s: float
    passed: bool


def rounded_amount(amount: Decimal, currency: str, mode: str = "half_up", cash_step: Decimal | None = None) -> Decimal:
    """Return an amount rounded to the currency's smallest unit, or to a cash step such as 0.05."""
    unit = Decimal(1).scaleb(-_MINOR_UNITS.get(currency.upper(), 2))
    if cash_step is None:
        return amount.quantize(unit, _MODES[mode])
    return ((amount / cash_step).quantize(Decimal(1), _MODES[mode]) * cash_step).quantize(unit)


def check_price(sale: PriceRecord) -> PriceCheck:
    """Return whether the displayed amount is the displayed quantity times the unit price."""

    def cost(quantity: Decimal) -> Decimal:
        return rounded_amount(quantity * sale.unit_price, sale.currency, sale.rounding, sale.cash_step)

    expected = cost(sale.quantity_kwh)
    difference = sale.displayed - expected
    agrees = None if sale.receipt is None else sale.receipt == sale.displayed
    apart = None
    if sale.reference_kwh is not None:
        true = sale.reference_kwh / (1 + (sale.reference_error_pct or Decimal(0)) / 100)
        apart = cost(true) - sale.displayed
    return PriceCheck(expected, difference, difference == 0 and agrees is not False, agrees, apart)


def check_time(sale: TimeRecord) -> TimeCheck:
    """Return whether the displayed duration keeps the tolerance for too long or too short a time."""
    difference = sale.displayed_s - sale.reference_s
    allowed = sale.over_s if difference >= 0 else sale.under_s_per_min * sale.reference_s / 60
    return TimeCheck(difference, allowed, abs(difference) <= allowed + 1e-9)
