"""Compares what a charge record states with what was calculated, and looks for defects of the record itself.

Tolerances: amounts up to 0.0001 are equal, up to 0.005 somebody rounded to cents; energies up to 0.001 kWh and times
up to 0.0003 h are equal, because a record rounds hours to four decimals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evtech.billing.cdr import COSTS, QUANTITIES, Cdr
from evtech.billing.findings import Discrepancy, of_numbers
from evtech.billing.ledger import NOTHING, Pricing
from evtech.billing.session import Session, seconds
from evtech.measure.money import Cost, rounded

EQUAL = Fraction("0.0001")
CENT_ROUNDING = Fraction("0.005")
TOLERANCE_KWH = Fraction("0.001")
TOLERANCE_H = Fraction("0.0003")
NAMES = {
    "total_cost": "the total",
    "total_fixed_cost": "the fixed cost",
    "total_energy_cost": "the energy cost",
    "total_time_cost": "the charging time cost",
    "total_parking_cost": "the parking cost",
    "total_reservation_cost": "the reservation cost",
    "total_energy": "the energy",
    "total_time": "the session time",
    "total_parking_time": "the parking time",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The recomputed totals under the record's own names: costs, and quantities in kWh and h."""

    costs: dict[str, Cost]
    quantities: dict[str, Fraction]


def figures(cdr: Cdr, pricing: Pricing) -> Figures:
    """Return the totals of a priced record."""

    def volume(dimension: str) -> Fraction:
        return sum((Fraction(p.volumes[dimension]) for p in cdr.periods if dimension in p.volumes), NOTHING)

    costs = {"total_cost": pricing.total, **{name: pricing.costs[name] for name in COSTS if name in pricing.costs}}
    return Figures(
        costs,
        {
            "total_energy": volume("ENERGY"),
            "billed_energy": pricing.billed("ENERGY"),
            "total_time": Fraction(seconds(cdr.end - cdr.start)) / 3600,
            "total_parking_time": volume("PARKING_TIME"),
            "billed_charging_time": pricing.billed("TIME"),
            "billed_parking_time": pricing.billed("PARKING_TIME"),
        },
    )


def stated_total(cdr: Cdr) -> tuple[Decimal, Decimal | None]:
    """Return the stated total without and with VAT, the sign of a credit turned so that it repeats the original."""
    cost = cdr.costs["total_cost"]
    if not cdr.credit:
        return cost.excl_vat, cost.incl_vat
    return -cost.excl_vat, None if cost.incl_vat is None else -cost.incl_vat


def compare(
    session: Session, pricing: Pricing, found: Figures, unsplit: Sequence[tuple[int, str | None]]
) -> list[Discrepancy]:
    """Return everything in which the record differs from the calculation or contradicts itself.

    ``unsplit`` comes from ``splitting.unsplit_dimensions``.
    """
    cdr = session.cdr
    return [
        *_currency(cdr, session),
        *_amounts(cdr, found),
        *_quantities(cdr, found),
        *_unpriced(pricing),
        *_periods(cdr),
        *_unsplit(unsplit),
    ]


def _currency(cdr: Cdr, session: Session) -> Iterator[Discrepancy]:
    used = {session.tariff_of(i).currency: None for i in range(len(cdr.periods))} or {session.tariff.currency: None}
    wrong = [currency for currency in used if currency != cdr.currency]
    if wrong:
        message = f"The record is in {cdr.currency}, the tariff in {wrong[0]}."
        yield Discrepancy("currency_mismatch", "currency", message, cdr.currency, wrong[0])


def _amounts(cdr: Cdr, found: Figures) -> Iterator[Discrepancy]:
    for name, cost in cdr.costs.items():
        calculated = found.costs.get(name, Cost(NOTHING, NOTHING if cdr.has_vat else None))
        excl, incl = stated_total(cdr) if name == "total_cost" else (cost.excl_vat, cost.incl_vat)
        yield from _amount(name, "excl_vat", excl, calculated.excl_vat)
        yield from _amount(name, "incl_vat", incl, calculated.incl_vat)


def _amount(name: str, side: str, stated: Decimal | None, calculated: Fraction | None) -> Iterator[Discrepancy]:
    if stated is None or calculated is None:
        return
    difference = abs(Fraction(stated) - calculated)
    if difference <= EQUAL:
        return
    vat = "without VAT" if side == "excl_vat" else "with VAT"
    numbers = f"{NAMES[name]} {vat} is {stated}, the tariff gives {rounded(calculated)}"
    if difference <= CENT_ROUNDING:
        yield of_numbers("rounding_difference", f"{name}.{side}", f"Rounded: {numbers}.", stated, calculated)
    else:
        message = f"{numbers[0].upper()}{numbers[1:]}."
        yield of_numbers("amount_mismatch", f"{name}.{side}", message, stated, calculated)


def _quantities(cdr: Cdr, found: Figures) -> Iterator[Discrepancy]:
    for name in QUANTITIES:
        stated, calculated = cdr.quantities.get(name), found.quantities[name]
        if stated is None:
            continue
        tolerance, unit = (TOLERANCE_KWH, "kWh") if name == "total_energy" else (TOLERANCE_H, "h")
        if abs(Fraction(stated) - calculated) > tolerance:
            source = "begin and end give" if name == "total_time" else "the periods add up to"
            text = f"{NAMES[name].capitalize()} is stated as {stated} {unit}, {source} {rounded(calculated)} {unit}."
            yield of_numbers("quantity_mismatch", name, text, stated, calculated)


def _unpriced(pricing: Pricing) -> Iterator[Discrepancy]:
    for line in pricing.lines:
        if line.component is None and line.volume > 0 and line.dimension != "RESERVATION_TIME":
            field = f"charging_periods[{line.period}].{line.dimension}"
            message = f"No price applies to {line.dimension} in period {line.period}, so it is free."
            yield Discrepancy("unpriced_dimension", field, message, line.volume)


def _periods(cdr: Cdr) -> Iterator[Discrepancy]:
    previous = None
    for index, period in enumerate(cdr.periods):
        field = f"charging_periods[{index}]"
        start = f"{period.start:%Y-%m-%dT%H:%M:%SZ}"
        if previous is not None and period.start < previous:
            yield Discrepancy("period_order", field, f"Period {index} starts before the one before it.", start)
        if not cdr.start <= period.start <= cdr.end:
            yield Discrepancy("period_outside_session", field, f"Period {index} starts outside the session.", start)
        used = sum((Fraction(period.volumes.get(name, 0)) for name in ("TIME", "PARKING_TIME")), NOTHING)
        length = Fraction(seconds(cdr.end_of(index) - period.start)) / 3600
        if used and used - length > TOLERANCE_H:
            message = f"Period {index} lasts {rounded(length)} h but contains {rounded(used)} h of time."
            yield of_numbers("period_time_mismatch", field, message, rounded(used), length)
        previous = period.start


def _unsplit(unsplit: Sequence[tuple[int, str | None]]) -> Iterator[Discrepancy]:
    for index, dimension in unsplit:
        if dimension is not None:
            message = f"The price of {dimension} changes inside period {index}; it should have been split there."
            yield Discrepancy("period_not_split", f"charging_periods[{index}]", message)
