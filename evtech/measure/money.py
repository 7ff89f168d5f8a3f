"""Exact amounts and their rounding.

A third of an hour has no finite decimal, so quantities and amounts are fractions until they are shown: nothing is
rounded on the way, and a tie is seen as a tie. Floats are not accepted.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Self

PLACES = 4  # decimals of a shown amount or quantity (OCPI: numbers have four decimals)


def rounded(value: Fraction | Decimal | int, places: int = PLACES) -> Decimal:
    """Return the value with so many decimals, a half away from zero."""
    exact = Fraction(value)
    top, bottom = abs(exact.numerator) * 10**places, exact.denominator
    whole = (2 * top + bottom) // (2 * bottom)
    return Decimal(-whole if exact < 0 else whole).scaleb(-places)


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount without and with VAT, exact; ``incl_vat`` is ``None`` where VAT is unknown."""

    excl_vat: Fraction
    incl_vat: Fraction | None

    def __add__(self, other: Self) -> "Cost":
        known = self.incl_vat is not None and other.incl_vat is not None
        return Cost(
            self.excl_vat + other.excl_vat,
            self.incl_vat + other.incl_vat if known else None,  # type: ignore[operator]  # both are known here
        )

    def __neg__(self) -> "Cost":
        return Cost(-self.excl_vat, None if self.incl_vat is None else -self.incl_vat)
