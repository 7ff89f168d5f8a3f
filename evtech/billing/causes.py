"""Names the mistake that explains a wrong total: the session is priced again with each usual mistake.

A mistake is likely if it gives another total than the rules do, and this total is the stated one, to the cent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction

from evtech.billing.comparison import CENT_ROUNDING, EQUAL, stated_total
from evtech.billing.ledger import Line, Pricing
from evtech.billing.pricing import LIMITS, active_lines, flat_once, total, within_limits
from evtech.billing.rounding import round_each_line, round_session
from evtech.billing.session import Session
from evtech.billing.tariff import Tariff
from evtech.measure.money import Cost

# standard and reduced rates in Europe and beyond; the tariff's own rates are tried as well
VAT_RATES = tuple(map(Decimal, (3, 4, 5, 6, 7, 8, *range(9, 28), "5.5", "7.7", "8.1", "9.5", "13.5", "25.5")))


@dataclass(frozen=True, slots=True)
class Cause:
    """A mistake that gives the stated total; ``detail`` names the zone or rate that was wrong, if there is one."""

    code: str
    total: Cost
    detail: str | None = None


def likely_causes(session: Session, tariffs: Sequence[Tariff], right: Pricing) -> list[Cause]:
    """Return the mistakes that give the stated total, each code once; empty where the stated total is right."""
    excl, incl = stated_total(session.cdr)
    if _hits(right.total, excl, incl):
        return []
    found: dict[str, Cause] = {}
    for cause in _tries(session, tariffs, right):
        if cause.code not in found and cause.total != right.total and _hits(cause.total, excl, incl):
            found[cause.code] = cause
    return list(found.values())


def _tries(session: Session, tariffs: Sequence[Tariff], right: Pricing) -> Iterator[Cause]:
    tariff, vat = session.tariff, session.cdr.has_vat
    lines = active_lines(session)
    once = flat_once(lines)

    def priced(code: str, wrong: Sequence[Line], limits: Sequence[str] = LIMITS) -> Cause:
        return Cause(code, total(wrong, tariff, vat=vat, limits=limits).total)

    taken_apart = any(line.component and line.component.includes_vat for line in once)
    if vat and not taken_apart and _same(right.total.excl_vat, stated_total(session.cdr)[0]):
        yield from _vat_mistakes(right)
    for name, zone in _other_zones(session) if _by_the_clock(tariffs) else ():
        elsewhere = Session(session.cdr, tariffs, zone)
        yield replace(priced("wrong_timezone", round_session(flat_once(active_lines(elsewhere)))), detail=name)
    yield priced("step_size_not_applied", once)
    yield priced("step_size_per_period", round_each_line(once))
    yield priced("fixed_cost_missing", round_session([line for line in once if line.dimension != "FLAT"]))
    yield priced("flat_fee_repeated", round_session(lines))
    yield priced("min_price_not_applied", right.lines, limits=("max_price",))
    yield priced("max_price_not_applied", right.lines, limits=("min_price",))


def _vat_mistakes(right: Pricing) -> Iterator[Cause]:
    """Yield the session without VAT, with one rate on everything, and with another rate on what has one rate."""
    parts: dict[Decimal, Fraction] = {}
    for line in right.lines:
        if line.component:
            own = line.component.vat or Decimal(0)
            parts[own] = parts.get(own, Fraction(0)) + line.cost.excl_vat
    rates = (Decimal(0), *dict.fromkeys((*filter(None, parts), *VAT_RATES)))
    excl = right.unlimited.excl_vat
    vat = sum((part * Fraction(own) / 100 for own, part in parts.items()), Fraction(0))
    together = [(excl * Fraction(rate) / 100, rate) for rate in rates]
    apart = [
        (vat + part * Fraction(rate - own) / 100, rate) for own, part in parts.items() if own and part for rate in rates
    ]
    for wrong, rate in (*together, *apart):
        limited, _ = within_limits(Cost(excl, excl + wrong), right.tariff)
        yield Cause("wrong_vat", limited, f"{rate.normalize():f} %") if rate else Cause("vat_missing", limited)


def _by_the_clock(tariffs: Sequence[Tariff]) -> bool:
    """Tell whether any price depends on the time of day, the weekday or the date."""
    rs = [element.restrictions for tariff in tariffs for element in tariff.elements if element.restrictions]
    return any(r.start_time or r.end_time or r.start_date or r.end_date or r.day_of_week for r in rs)


def _other_zones(session: Session) -> Iterator[tuple[str, tzinfo]]:
    """Yield the zones that are taken by mistake: UTC, and the right one without, or always with, summer time."""
    right = session.zone
    yield "UTC", UTC
    local = session.cdr.start.astimezone(right)
    offset, summer = local.utcoffset() or timedelta(0), local.dst() or timedelta(0)
    shifts = [-summer] if summer else [timedelta(hours=1)]
    for shift in shifts:
        fixed = timezone(offset + shift)
        yield str(fixed), fixed


def _hits(cost: Cost, excl: Decimal, incl: Decimal | None) -> bool:
    return _same(cost.excl_vat, excl) and (incl is None or cost.incl_vat is None or _same(cost.incl_vat, incl))


def _same(calculated: Fraction, stated: Decimal) -> bool:
    """Tell whether an amount is the stated one; one that is stated in cents was rounded to cents."""
    exponent = stated.normalize().as_tuple().exponent
    cents = isinstance(exponent, int) and exponent >= -2
    return abs(calculated - Fraction(stated)) <= (CENT_ROUNDING if cents else EQUAL)
