"""What is wrong with a charge record, as values with a sentence each."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evtech.measure.money import rounded

SEVERITIES = {
    "amount_mismatch": "error",
    "rounding_difference": "info",
    "quantity_mismatch": "error",
    "currency_mismatch": "error",
    "unpriced_dimension": "info",
    "period_not_split": "warning",
    "period_order": "error",
    "period_outside_session": "error",
    "period_time_mismatch": "warning",
    "signature_invalid": "error",
    "signature_no_key": "warning",
    "signed_energy_mismatch": "error",
    "signed_time_mismatch": "error",
    "meter_mismatch": "error",
    "token_mismatch": "warning",
    "recorded_energy_mismatch": "error",
    "recorded_time_mismatch": "error",
}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that does not agree; ``difference`` is stated minus calculated where both are numbers.

    ``field`` is the place in the record, such as ``total_cost.excl_vat`` or ``charging_periods[2].ENERGY``.
    """

    code: str  # a key of SEVERITIES
    field: str
    message: str
    stated: Decimal | str | None = None
    calculated: Decimal | str | None = None
    difference: Decimal | None = None

    @property
    def severity(self) -> str:
        """Return error, warning or info; an error makes the record a mismatch."""
        return SEVERITIES[self.code]


def of_numbers(code: str, field: str, message: str, stated: Decimal, calculated: Fraction) -> Discrepancy:
    """Return a discrepancy of two numbers, with their difference; exact until here, then four decimals."""
    difference = Fraction(stated) - calculated
    return Discrepancy(code, field, message, stated, rounded(calculated), rounded(difference))
