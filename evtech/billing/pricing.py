"""What a session costs by its tariff, line by line (OCPI 2.2.1, CDRs and tariffs modules).

The calculation has four steps, each a function, so that every intermediate result can be shown and so that ``causes``
can put a usual mistake in the place of one of them:

1. ``active_lines``: which price component is active for each dimension of each period, and each active FLAT;
2. ``flat_once``: a fee per session is charged the first time it becomes active, once for charging, once for reserving;
3. ``round_session``: session totals are rounded up to whole steps (module ``rounding``);
4. ``total``: lines are summed; then the lowest and highest price act on the total alone.
"""

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from fractions import Fraction

from evtech.billing.cdr import Cdr
from evtech.billing.ledger import NOTHING, Line, Pricing, cost_of
from evtech.billing.rounding import round_session
from evtech.billing.session import VOLUMES, Session, component_type
from evtech.billing.tariff import PriceComponent, Tariff
from evtech.measure.money import Cost

LIMITS = ("min_price", "max_price")  # in the order they act


def price(cdr: Cdr, tariffs: Sequence[Tariff], zone: tzinfo) -> Pricing:
    """Return what a session costs; raise ``BillingError`` ``no_valid_tariff``."""
    session = Session(cdr, tariffs, zone)
    return price_lines(active_lines(session), session)


def price_lines(lines: Sequence[Line], session: Session) -> Pricing:
    """Return what the active lines of a session cost."""
    return total(round_session(flat_once(lines)), session.tariff, vat=session.cdr.has_vat)


def active_lines(session: Session) -> list[Line]:
    """Return a line for each volume and each active FLAT of each period, nothing rounded, every FLAT still there."""
    return [line for index in range(len(session.cdr.periods)) for line in _period_lines(session, index)]


def flat_once(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with the first FLAT alone, of charging and of reserving each."""
    seen: set[bool] = set()
    kept = []
    for line in lines:
        if line.dimension == "FLAT":
            if line.reservation in seen:
                continue
            seen.add(line.reservation)
        kept.append(line)
    return kept


def total(lines: Sequence[Line], tariff: Tariff, *, vat: bool = True, limits: Sequence[str] = LIMITS) -> Pricing:
    """Return the sums, and the total within the tariff's limits; without ``vat`` amounts with VAT are unknown."""
    nothing = Cost(NOTHING, NOTHING if vat else None)
    quantities: dict[tuple[str, int], Fraction] = {}  # summed by price first: long sessions repeat few prices
    components: dict[int, PriceComponent] = {}
    for line in lines:
        if line.component is not None:
            key = (line.cost_field, id(line.component))
            components[id(line.component)] = line.component
            quantities[key] = quantities.get(key, NOTHING) + line.billed
    costs: dict[str, Cost] = {}
    for (field, known), quantity in quantities.items():
        costs[field] = costs.get(field, nothing) + cost_of(quantity, components[known])
    unlimited = sum(costs.values(), nothing)
    limited, applied = within_limits(unlimited, tariff, limits)
    return Pricing(tariff, tuple(lines), costs, unlimited, limited, applied)


def within_limits(cost: Cost, tariff: Tariff, limits: Sequence[str] = LIMITS) -> tuple[Cost, str | None]:
    """Return a total within the tariff's limits, and the name of the one that changed it."""
    applied = None
    for name in limits:
        after = _within(cost, tariff, name)
        if after != cost:
            cost, applied = after, name
    return cost, applied


def _within(cost: Cost, tariff: Tariff, name: str) -> Cost:
    """Return the total within one limit; each side is compared with its own side of the limit."""
    limit = tariff.min_price if name == "min_price" else tariff.max_price
    if limit is None:
        return cost
    bound = max if name == "min_price" else min
    excl, incl = cost.excl_vat, cost.incl_vat
    if limit.excl_vat is not None:
        excl = bound(excl, Fraction(limit.excl_vat))
    if incl is not None and limit.incl_vat is not None:
        incl = bound(incl, Fraction(limit.incl_vat))
    return Cost(excl, incl)


def _period_lines(session: Session, index: int) -> list[Line]:
    period = session.cdr.periods[index]
    at = session.at_start(index)
    lines = []
    flat = session.active(index, "FLAT", at)
    if flat is not None:
        one = Decimal(1)
        lines.append(Line(index, "FLAT", period.is_reservation, one, Fraction(1), flat.component, flat.element))
    for dimension in VOLUMES:
        volume = period.volumes.get(dimension)
        if volume is None:
            continue
        found = session.active(index, component_type(dimension, period), at)
        component, element = (found.component, found.element) if found else (None, None)
        lines.append(Line(index, dimension, period.is_reservation, volume, Fraction(volume), component, element))
    return lines
