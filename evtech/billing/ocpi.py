"""Reads OCPI charge records and tariffs of 2.1.1, 2.2.1 and (where it maps) 2.3.0.

Records inside an answer of an OCPI server (``{"data": …}``) and in lists are found. A record of 2.1.1 is turned into
the newer shape: ``stop_date_time``, ``location`` and plain numbers as amounts. Fields that evtech does not need are not
looked at, so real files with odd extras are read; a missing field that the calculation needs makes a file unreadable.
"""

from datetime import time
from decimal import Decimal
from typing import Any

from evtech.billing.cdr import COSTS, QUANTITIES, Cdr, Period, StatedCost
from evtech.billing.errors import BillingError
from evtech.billing.node import Node
from evtech.billing.tariff import (
    COMPONENT_TYPES,
    RESERVATIONS,
    WEEKDAYS,
    Element,
    Limit,
    PriceComponent,
    Restrictions,
    Tariff,
)

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
_NUMBERS = (
    "min_kwh",
    "max_kwh",
    "min_duration",
    "max_duration",
    "min_current",
    "max_current",
    "min_power",
    "max_power",
)
_KNOWN_RESTRICTIONS = {*_NUMBERS, "start_time", "end_time", "start_date", "end_date", "day_of_week", "reservation"}


def records(value: Any, mark: str) -> list[Any]:
    """Return the objects in a file's JSON: one, a list, or either inside the ``data`` of an OCPI answer.

    ``mark`` is a field that only the object itself has.
    """
    if isinstance(value, dict) and mark not in value and "data" in value:
        value = value["data"]
    return value if isinstance(value, list) else [value]


def read_cdr(value: Any, version: str = "auto") -> Cdr:
    """Return the charge record in a JSON value; raise ``BillingError`` ``unreadable_cdr``.

    ``version``: auto, 2.1.1, 2.2.1 or 2.3.0. What is there but makes no sense is read as it stands, for the comparison
    says what is wrong with it: an empty list of periods costs nothing, and where the end lies before the start every
    period lies outside the session.
    """
    notes: list[str] = []
    try:
        node = Node(value, "", notes)
        return _cdr(node, _version(node) if version == "auto" else version)
    except ValueError as error:
        raise BillingError(
            "unreadable_cdr", f"The charge record cannot be read: {error}.", "Export it again from the operator."
        ) from error


def read_tariffs(value: Any, notes: list[str]) -> list[Tariff]:
    """Return the tariffs in a JSON value; remarks go to ``notes``.

    Raises ``BillingError``: ``unreadable_tariff``, or ``unsupported_version`` where prices contain a tax that cannot
    be taken out.
    """
    try:
        return [_tariff(Node(item, "", notes)) for item in records(value, "elements")]
    except ValueError as error:
        raise BillingError(
            "unreadable_tariff", f"The tariff cannot be read: {error}.", "Export it again from the operator."
        ) from error


def _version(node: Node) -> str:
    """Return the OCPI version a record looks like."""
    cost = node["total_cost"]
    if isinstance(cost.value, dict) and "before_taxes" in cost.value:
        return "2.3.0"
    plain = not isinstance(cost.value, dict)
    return "2.1.1" if plain or node.find("stop_date_time") is not None else "2.2.1"


def _cdr(node: Node, version: str) -> Cdr:
    end = node.find("stop_date_time") or node["end_date_time"]
    place = node.find("location") or node.find("cdr_location")
    token = node.find("cdr_token")
    signed = node.find("signed_data")
    credit = node.find("credit")
    costs = {name: _cost(found) for name in COSTS if (found := node.find(name)) is not None}
    quantities = {name: found.number() for name in QUANTITIES if (found := node.find(name)) is not None}
    for needed in ("total_cost", "total_energy", "total_time"):
        node[needed]
    return Cdr(
        version=version,
        start=node["start_date_time"].moment(),
        end=end.moment(),
        currency=node["currency"].text(),
        periods=tuple(_period(item) for item in node["charging_periods"].items()),
        costs=costs,
        quantities=quantities,
        time_zone=_text(place, "time_zone"),
        country=_text(place, "country"),
        id=_text(node, "id"),
        credit=credit is not None and credit.flag(),
        meter_id=_text(node, "meter_id"),
        token_uid=_text(token, "uid"),
        contract_id=_text(token, "contract_id"),
        signed_data=None if signed is None else _object(signed),
        tariffs=None if (inside := node.find("tariffs")) is None else inside.value,
        notes=tuple(node.notes),
    )


def _period(node: Node) -> Period:
    volumes: dict[str, Decimal] = {}
    for dimension in node["dimensions"].items():
        kind, volume = dimension["type"].text(), dimension["volume"].number()
        if kind in volumes and kind in ("ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME"):
            dimension.note(f"{dimension.place}: {kind} stands twice in one period; the volumes are added.")
            volumes[kind] += volume
        else:
            volumes.setdefault(kind, volume)
    return Period(node["start_date_time"].moment(), volumes, _text(node, "tariff_id"))


def _cost(node: Node) -> StatedCost:
    """Return an amount of any version: a number, excl/incl VAT, or before taxes with a list of taxes."""
    if not isinstance(node.value, dict):
        return StatedCost(node.number(), None)
    before = node.find("before_taxes")
    if before is None:
        incl = node.find("incl_vat")
        return StatedCost(node["excl_vat"].number(), None if incl is None else incl.number())
    taxes = node.find("taxes")
    if taxes is None:
        return StatedCost(before.number(), None)
    return StatedCost(before.number(), before.number() + sum(tax["amount"].number() for tax in taxes.items()))


def _tariff(node: Node) -> Tariff:
    included = node.find("tax_included")
    includes_vat = included is not None and included.one_of(("YES", "NO", "N/A")) == "YES"
    elements = tuple(_element(item, includes_vat) for item in node["elements"].items())
    if not elements:
        raise ValueError("elements is empty")
    if includes_vat and any(c.vat is None for element in elements for c in element.components):
        raise BillingError(
            "unsupported_version",
            "The tariff's prices contain taxes, but it does not say how much.",
            "Ask the operator for the tariff with prices before taxes.",
        )
    starts, ends = node.find("start_date_time"), node.find("end_date_time")
    return Tariff(
        id=node["id"].text(),
        currency=node["currency"].text(),
        elements=elements,
        min_price=_limit(node.find("min_price")),
        max_price=_limit(node.find("max_price")),
        starts=None if starts is None else starts.moment(),
        ends=None if ends is None else ends.moment(),
        type=_text(node, "type"),
    )


def _element(node: Node, includes_vat: bool) -> Element:
    components = tuple(_component(item, includes_vat) for item in node["price_components"].items())
    if not components:
        raise ValueError(f"{node.place}.price_components is empty")
    restrictions = node.find("restrictions")
    return Element(components, None if restrictions is None else _restrictions(restrictions))


def _component(node: Node, includes_vat: bool) -> PriceComponent:
    vat, step = node.find("vat"), node.find("step_size")
    kind = node["type"].one_of(COMPONENT_TYPES)
    if step is None and kind != "FLAT":
        node.note(f"{node.place} has no step_size; nothing is rounded up.")
    percent = None if vat is None else vat.number()
    if percent is not None and percent <= -100:
        raise ValueError(f"{node.place}.vat is {percent}; it must be above -100")
    return PriceComponent(kind, node["price"].number(), percent, 0 if step is None else step.whole(), includes_vat)


def _restrictions(node: Node) -> Restrictions:
    days = node.find("day_of_week")
    reservation = node.find("reservation")
    start_date, end_date = node.find("start_date"), node.find("end_date")
    for name in sorted(set(node.value) - _KNOWN_RESTRICTIONS)[:10]:
        if node.value[name] is not None:
            node.note(f"{node.place}.{name[:40]} is not an OCPI restriction and is not evaluated.")
    return Restrictions(
        start_time=_time_of_day(node.find("start_time")),
        end_time=_time_of_day(node.find("end_time")),
        start_date=None if start_date is None else start_date.day(),
        end_date=None if end_date is None else end_date.day(),
        day_of_week=() if days is None else tuple(item.one_of(WEEKDAYS) for item in days.items()),
        reservation=None if reservation is None else reservation.one_of(RESERVATIONS),
        **{name: found.number() for name in _NUMBERS if (found := node.find(name)) is not None},
    )


def _time_of_day(node: Node | None) -> time | None:
    if node is None:
        return None
    text = node.text()
    hours, colon, rest = text.partition(":")
    parts = [hours, *rest.split(":")] if colon else []
    if len(parts) not in (2, 3) or not all(len(p) == 2 and p.isascii() and p.isdigit() for p in parts):
        raise node.wrong("a time of day such as 07:30")
    if parts[0] == "24" and not any(int(p) for p in parts[1:]):
        node.note(f"{node.place} is 24:00; OCPI writes the end of the day as 00:00.")
        parts[0] = "00"
    try:
        return time.fromisoformat(":".join(parts))
    except ValueError as error:
        raise node.wrong("a time of day such as 07:30") from error


def _limit(node: Node | None) -> Limit | None:
    if node is None:
        return None
    if not isinstance(node.value, dict):
        return Limit(node.number(), None)
    excl = node.find("excl_vat") or node.find("before_taxes")
    incl = node.find("incl_vat") or node.find("after_taxes")
    if excl is None and incl is None:
        raise node.wrong("an object with excl_vat")
    return Limit(None if excl is None else excl.number(), None if incl is None else incl.number())


def _text(node: Node | None, name: str) -> str | None:
    """Return a text field, ``None`` where it is absent or empty."""
    found = None if node is None else node.find(name)
    return None if found is None else found.text() or None


def _object(node: Node) -> dict[str, Any]:
    if not isinstance(node.value, dict):
        raise node.wrong("an object")
    return node.value
