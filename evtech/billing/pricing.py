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
from evtech.billing.ledger import NOTHING, Line, Pricing
from evtech.billing.rounding import round_session
from evtech.billing.session import VOLUMES, Session, component_type
from evtech.billing.tariff import Tariff
from evtech.measure.money import Cost


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


def total(
    lines: Sequence[Line], tariff: Tariff, *, vat: bool = True, limits: Sequence[str] = ("min_price", "max_price")
) -> Pricing:
    """Return the sums, and the total within the tariff's limits; without ``vat`` amounts with VAT are unknown."""
    nothing = Cost(NOTHING, NOTHING if vat else None)
    costs: dict[str, Cost] = {}
    for line in lines:
        if line.component is not None:
            costs[line.cost_field] = costs.get(line.cost_field, nothing) + line.cost
    unlimited = sum(costs.values(), nothing)
    limited, applied = unlimited, None
    for name in limits:
        after = _within(limited, tariff, name)
        if after != limited:
            limited, applied = after, name
    return Pricing(tariff, tuple(lines), costs, unlimited, limited, applied)


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
