"""The ledger: what is charged, line by line, and the sums. Quantities and amounts are exact."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evtech.billing.tariff import PriceComponent, Tariff
from evtech.measure.money import Cost

NOTHING = Fraction(0)
COST_FIELDS = {
    "ENERGY": "total_energy_cost",
    "TIME": "total_time_cost",
    "PARKING_TIME": "total_parking_cost",
    "RESERVATION_TIME": "total_reservation_cost",
    "FLAT": "total_fixed_cost",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the calculation: a dimension of a period, or a fee.

    ``volume`` as in the record (kWh, h, pieces), ``billed`` after rounding up; ``component`` is ``None`` where nothing
    is charged. ``element`` counts from 0 in the tariff.
    """

    period: int
    dimension: str  # a key of COST_FIELDS
    reservation: bool
    volume: Decimal
    billed: Fraction
    component: PriceComponent | None
    element: int | None

    @property
    def cost_field(self) -> str:
        """Return the partial cost of a record that the line belongs to; fees of a reservation are its cost."""
        if self.reservation and self.dimension == "FLAT":
            return "total_reservation_cost"
        return COST_FIELDS[self.dimension]

    @property
    def cost(self) -> Cost:
        """Return the exact amount of the line with and without VAT."""
        if self.component is None:
            return Cost(NOTHING, NOTHING)
        return cost_of(self.billed, self.component)


@dataclass(frozen=True, slots=True)
class Pricing:
    """A priced session: lines in the order of the periods, sums by cost field before limits, and the total after.

    ``unlimited`` is the sum of the lines; ``limit_applied`` is min_price or max_price where one changed it.
    """

    tariff: Tariff
    lines: tuple[Line, ...]
    costs: dict[str, Cost]
    unlimited: Cost
    total: Cost
    limit_applied: str | None

    def billed(self, dimension: str) -> Fraction:
        """Return the quantity of a dimension that is charged for."""
        return sum((x.billed for x in self.lines if x.component and x.dimension == dimension), NOTHING)


def cost_of(quantity: Fraction, component: PriceComponent) -> Cost:
    """Return the exact amount of a quantity at a price."""
    excl = quantity * component.net_price
    return Cost(excl, excl * component.vat_factor)
