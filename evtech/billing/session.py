"""The walk through a session's periods: which elements are asked, and what their restrictions are judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Context, Decimal

from evtech.billing.cdr import Cdr, Period
from evtech.billing.errors import BillingError
from evtech.billing.tariff import Element, Moment, PriceComponent, Tariff

EXACT = Context(prec=200)
VOLUMES = ("ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME")  # dimensions that have a price
MAX_EVALUATIONS = 400_000  # periods times elements; a year in quarters of an hour has 35,000 periods


@dataclass(frozen=True, slots=True)
class Active:
    """A price component that is active, and its element, counted from 0 in the tariff."""

    component: PriceComponent
    element: int


class Session:
    """A record, the tariffs it is priced by and the zone: answers what is active in a period at a moment."""

    def __init__(self, cdr: Cdr, tariffs: Sequence[Tariff], zone: tzinfo) -> None:
        """Prepare; raise ``BillingError`` ``no_valid_tariff``, or ``unreadable_cdr`` where the work has no end."""
        self.cdr = cdr
        self.tariff = choose_tariff(tariffs, cdr)
        self.zone = zone
        self.kwh = _running_energy(cdr)
        most = max(len(tariff.elements) for tariff in tariffs)
        if most * len(cdr.periods) > MAX_EVALUATIONS:
            raise BillingError("unreadable_cdr", f"{len(cdr.periods)} periods by {most} tariff elements are too many.")
        self._named = {tariff.id: tariff for tariff in reversed(tariffs)}
        self._last_charging = max((i for i, p in enumerate(cdr.periods) if _charges(p)), default=-1)
        self._elements: dict[tuple[int, bool, bool, str], tuple[tuple[int, Element], ...]] = {}

    def tariff_of(self, index: int) -> Tariff:
        """Return the tariff of a period: the one it names, else the session's."""
        return self._named.get(self.cdr.periods[index].tariff_id or "", self.tariff)

    def candidates(self, index: int, type_: str) -> tuple[tuple[int, Element], ...]:
        """Return the elements that may price a type in a period, with their numbers, in the order they are asked.

        Reservations and charging never share elements. The price of an expired reservation, one that no charging
        follows, goes before that of a used one: for the time, and for the one FLAT that a reservation has.
        """
        reserving = self.cdr.periods[index].is_reservation
        expired = reserving and index > self._last_charging
        tariff = self.tariff_of(index)
        key = (id(tariff), reserving, expired, type_)
        if key not in self._elements:
            kinds = (*(("RESERVATION_EXPIRES",) if expired else ()), "RESERVATION") if reserving else (None,)
            self._elements[key] = tuple(
                (i, element)
                for kind in kinds
                for i, element in enumerate(tariff.elements)
                if element.reservation == kind and element.component(type_)
            )
        return self._elements[key]

    def active(self, index: int, type_: str, at: Moment) -> Active | None:
        """Return the active price of a type: of the first element that applies and has one."""
        for number, element in self.candidates(index, type_):
            if element.applies(at):
                component = element.component(type_)
                assert component is not None  # candidates have one
                return Active(component, number)
        return None

    def at_start(self, index: int) -> Moment:
        """Return what a period is judged by: the state at its start."""
        return self.at(index, self.cdr.periods[index].start, self.kwh[index])

    def at(self, index: int, instant: datetime, kwh: Decimal) -> Moment:
        """Return the state at an instant of a period."""
        measured = self.cdr.periods[index].volumes
        return Moment(instant.astimezone(self.zone), kwh, seconds(instant - self.cdr.start), measured)


def choose_tariff(tariffs: Sequence[Tariff], cdr: Cdr) -> Tariff:
    """Return the first tariff that is valid at the session's start; raise ``BillingError`` ``no_valid_tariff``."""
    for tariff in tariffs:
        if tariff.valid_at(cdr.start):
            return tariff
    raise BillingError(
        "no_valid_tariff",
        f"None of {len(tariffs)} tariffs is valid at {cdr.start:%Y-%m-%d %H:%M} UTC."
        if tariffs
        else "There is no tariff: none was given and the record holds none.",
        "Give the tariff of that day with --tariff FILE.",
    )


def component_type(dimension: str, period: Period) -> str:
    """Return the type of component that prices a dimension; in a reservation TIME prices the reservation alone."""
    if dimension == "RESERVATION_TIME":
        return "TIME"
    return "" if dimension == "TIME" and period.is_reservation else dimension


def seconds(span: timedelta) -> Decimal:
    """Return a span of time in seconds, exact."""
    return Decimal(span.days * 86_400 + span.seconds) + Decimal(span.microseconds).scaleb(-6)


def _running_energy(cdr: Cdr) -> list[Decimal]:
    """Return the energy since the session's start at the start of each period, and at the end, in kWh."""
    sums = [Decimal(0)]
    for period in cdr.periods:
        sums.append(EXACT.add(sums[-1], period.volumes.get("ENERGY", Decimal(0))))
    return sums


def _charges(period: Period) -> bool:
    used = (period.volumes.get(name) for name in ("ENERGY", "TIME", "PARKING_TIME"))
    return not period.is_reservation and any(used)
