"""Finds what is wrong with a tariff before it makes a wrong bill.

``error``: a part cannot work or contradicts itself. ``warning``: it works, but hardly as meant. ``info``: worth
knowing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from evtech.billing.coverage import ANYTHING, covers, never_true, open_point, points
from evtech.billing.tariff import COMPONENT_TYPES, Element, PriceComponent, Tariff

LONG_STEP_S = 900  # a started quarter of an hour; more is a trap for the driver
LONG_STEP_WH = 1000
MAX_PAIRED = 30  # elements with a time window that are compared with each other


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; ``element`` counts from 0, ``None`` for the tariff as a whole."""

    code: str
    severity: str  # error, warning, info
    element: int | None
    message: str


def lint(tariff: Tariff) -> list[Problem]:
    """Return what is wrong with a tariff, errors first."""
    found = [problem for check in CHECKS for problem in check(tariff)]
    return sorted(found, key=lambda p: (("error", "warning", "info").index(p.severity), p.element or 0))


def _currency(tariff: Tariff) -> Iterator[Problem]:
    if not re.fullmatch("[A-Z]{3}", tariff.currency):
        yield Problem("currency_invalid", "error", None, f"{tariff.currency!r} is not a currency code such as EUR.")


def _validity(tariff: Tariff) -> Iterator[Problem]:
    if tariff.starts and tariff.ends and tariff.starts >= tariff.ends:
        yield Problem("validity_empty", "error", None, "The tariff ends before it begins, so it is never valid.")


def _limits(tariff: Tariff) -> Iterator[Problem]:
    low, high = tariff.min_price, tariff.max_price
    for side in ("excl_vat", "incl_vat"):
        least, most = getattr(low, side, None), getattr(high, side, None)
        if least is not None and most is not None and least > most:
            yield Problem("limits_contradict", "error", None, f"min_price is above max_price ({side}).")
    for name, limit in (("min_price", low), ("max_price", high)):
        if limit is None:
            continue
        if limit.excl_vat is None or limit.incl_vat is None:
            text = f"{name} has one side only; the other side of the total is not limited."
            yield Problem("limit_one_sided", "warning", None, text)
        elif limit.incl_vat < limit.excl_vat:
            yield Problem("limit_sides_swapped", "error", None, f"{name} is lower with VAT than without.")


def _never(tariff: Tariff) -> Iterator[Problem]:
    for index, element in enumerate(tariff.elements):
        reason = never_true(element.restrictions or ANYTHING)
        if reason:
            yield Problem("never_matches", "error", index, f"Element {index} can never apply: {reason}.")


def _unreachable(tariff: Tariff) -> Iterator[Problem]:
    """Elements whose every price is always supplied by an earlier element."""
    for index, element in enumerate(tariff.elements):
        types = {component.type for component in element.components}
        hidden: dict[str, int] = {}
        for earlier, other in enumerate(tariff.elements[:index]):
            shared = {type_ for type_ in types - set(hidden) if other.component(type_)}
            if shared and other.reservation == element.reservation and _covers(other, element):
                hidden |= dict.fromkeys(shared, earlier)
        if types and set(hidden) == types:
            text = f"Element {index} is never reached: element {min(hidden.values())} applies whenever it does."
            yield Problem("unreachable", "error", index, text)
        else:
            for type_, earlier in sorted(hidden.items()):
                text = f"The {type_} price of element {index} is never reached: element {earlier} supplies it."
                yield Problem("component_unreachable", "warning", index, text)


def _covers(earlier: Element, later: Element) -> bool:
    reachable = not never_true(earlier.restrictions or ANYTHING)
    return reachable and covers(earlier.restrictions, later.restrictions)


def _duplicates(tariff: Tariff) -> Iterator[Problem]:
    for index, element in enumerate(tariff.elements):
        types = [component.type for component in element.components]
        for type_ in sorted({t for t in types if types.count(t) > 1}):
            text = f"Element {index} has two {type_} prices; the first counts."
            yield Problem("duplicate_component", "warning", index, text)


def _fallback(tariff: Tariff) -> Iterator[Problem]:
    """Situations in which a type that the tariff prices has no price."""
    charging = [element for element in tariff.elements if element.reservation is None]
    priced = [t for t in COMPONENT_TYPES if t != "FLAT" and any(e.component(t) for e in charging)]
    for type_ in priced:
        gap = open_point([element for element in charging if element.component(type_)])
        if gap is not None:
            severity = "warning" if type_ == priced[0] else "info"  # time is often free at some hours on purpose
            yield Problem("no_fallback", severity, None, f"{type_} has no price and is free, for instance on {gap}.")
    if not priced:
        yield Problem("nothing_priced", "warning", None, "The tariff prices neither energy nor time.")


def _overlaps(tariff: Tariff) -> Iterator[Problem]:
    """Pairs of time windows that meet without one lying in the other: the order decides, hardly on purpose."""
    timed = [(i, e) for i, e in enumerate(tariff.elements) if e.restrictions and _has_window(e)][:MAX_PAIRED]
    for (i, first), (j, second) in combinations(timed, 2):
        a, b = first.restrictions, second.restrictions
        shared = {c.type for c in first.components} & {c.type for c in second.components}
        if first.reservation != second.reservation or not shared or covers(a, b) or covers(b, a):
            continue
        meet = next((p for p in points([first, second]) if first.applies(p.at) and second.applies(p.at)), None)
        if meet is not None:
            text = f"Elements {i} and {j} overlap, for instance on {meet}; element {i} counts there."
            yield Problem("overlapping_times", "warning", j, text)


def _has_window(element: Element) -> bool:
    r = element.restrictions
    return r is not None and (r.start_time is not None or r.end_time is not None)


def _steps(tariff: Tariff) -> Iterator[Problem]:
    sizes: dict[tuple[str | None, str], set[int]] = {}
    for index, component in _components(tariff):
        kind = (tariff.elements[index].reservation, component.type)
        sizes.setdefault(kind, set()).add(component.step_size)
        limit, unit = (LONG_STEP_WH, "Wh") if component.type == "ENERGY" else (LONG_STEP_S, "s")
        if component.type != "FLAT" and component.step_size > limit:
            text = f"{component.type} is charged in steps of {component.step_size} {unit}; the rest is charged too."
            yield Problem("step_size_large", "warning", index, text)
    for (_, type_), found in sizes.items():
        if len(found) > 1 and type_ != "FLAT":
            text = f"{type_} has several step sizes ({', '.join(map(str, sorted(found)))}); the last period's counts."
            yield Problem("step_sizes_differ", "warning", None, text)
    both = sizes.get((None, "TIME"), {0}), sizes.get((None, "PARKING_TIME"))
    if both[1] and max(both[0]) > 1:
        text = "Charging time is not rounded up in sessions whose parking is charged for."
        yield Problem("step_size_ignored", "info", None, text)


def _vat(tariff: Tariff) -> Iterator[Problem]:
    components = list(_components(tariff))
    with_vat = [c for _, c in components if c.vat is not None]
    for index, component in components:
        if component.vat is None and with_vat:
            text = f"{component.type} in element {index} has no VAT although other prices have."
            yield Problem("vat_missing", "warning", index, text)
        elif component.vat is not None and not (component.vat == 0 or 1 <= component.vat <= 35):
            text = f"The VAT of {component.type} in element {index} is {component.vat} %; VAT is written in percent."
            yield Problem("vat_unusual", "warning", index, text)
    if not with_vat:
        yield Problem("vat_absent", "info", None, "No price has VAT: amounts with and without VAT are the same.")


def _prices(tariff: Tariff) -> Iterator[Problem]:
    for index, component in _components(tariff):
        if component.price < 0:
            yield Problem("negative_price", "warning", index, f"{component.type} has a price below 0.")
        if component.price != round(component.price, 4):
            text = f"{component.type} has a price with more than four decimals."
            yield Problem("price_precision", "info", index, text)


def _reservations(tariff: Tariff) -> Iterator[Problem]:
    for index, component in _components(tariff):
        if tariff.elements[index].reservation and component.type in ("ENERGY", "PARKING_TIME"):
            text = f"{component.type} in element {index} stands under a reservation, where it is hardly ever used."
            yield Problem("reservation_component", "warning", index, text)


def _components(tariff: Tariff) -> Iterator[tuple[int, PriceComponent]]:
    return ((index, component) for index, element in enumerate(tariff.elements) for component in element.components)


CHECKS: tuple[Callable[[Tariff], Iterator[Problem]], ...] = (
    _currency,
    _validity,
    _limits,
    _never,
    _unreachable,
    _duplicates,
    _fallback,
    _overlaps,
    _steps,
    _vat,
    _prices,
    _reservations,
)
