"""A tariff as OCPI describes it, and when a part of it applies (OCPI 2.2.1, tariffs module).

Prices are without VAT, per kWh, per hour or per piece. Restrictions are all to be met and are judged at the start of a
charging period, in the local time of the charger.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction

MIDNIGHT = time(0)
COMPONENT_TYPES = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
RESERVATIONS = ("RESERVATION", "RESERVATION_EXPIRES")
MEASURED = ("min_current", "max_current", "min_power", "max_power")  # each is compared with the dimension of its name


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """A price: ``type`` is one of ``COMPONENT_TYPES``; ``vat`` in %, ``None`` without VAT; ``step_size`` 0 = none.

    ``includes_vat``: the price is stated with VAT (OCPI 2.3.0 only).
    """

    type: str
    price: Decimal
    vat: Decimal | None
    step_size: int
    includes_vat: bool = False

    @property
    def net_price(self) -> Fraction:
        """Return the exact price without VAT."""
        return Fraction(self.price) / self.vat_factor if self.includes_vat else Fraction(self.price)

    @property
    def vat_factor(self) -> Fraction:
        """Return what an amount without VAT is multiplied with to include it."""
        return 1 + Fraction(self.vat or 0) / 100


@dataclass(frozen=True, slots=True)
class Moment:
    """What restrictions are judged by: the local time, what the session has so far, and the period's measurements.

    ``kwh`` and ``seconds`` count from the session's start. ``measured`` maps MIN_CURRENT (A), MAX_POWER (kW) and so on
    to the period's values.
    """

    local: datetime
    kwh: Decimal
    seconds: Decimal
    measured: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies; ``None`` and an empty ``day_of_week`` restrict nothing.

    Kilowatt-hours, seconds, ampere (sum of the phases) and kilowatt; lower bounds are inclusive, upper ones exclusive.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_duration: Decimal | None = None
    max_duration: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    day_of_week: tuple[str, ...] = ()
    reservation: str | None = None

    def met_at(self, at: Moment) -> bool:
        """Tell whether all restrictions but ``reservation`` hold; a value the period lacks counts as met."""
        return (
            self._time_of_day(at.local.time())
            and _within(at.local.date(), self.start_date, self.end_date)
            and (not self.day_of_week or WEEKDAYS[at.local.weekday()] in self.day_of_week)
            and _within(at.kwh, self.min_kwh, self.max_kwh)
            and _within(at.seconds, self.min_duration, self.max_duration)
            and all(self._measured(name, at.measured) for name in MEASURED)
        )

    def unknown_at(self, measured: dict[str, Decimal]) -> list[str]:
        """Return the restrictions that cannot be checked because the period lacks the value."""
        return [name for name in MEASURED if getattr(self, name) is not None and name.upper() not in measured]

    def _time_of_day(self, now: time) -> bool:
        start, end = self.start_time, self.end_time
        if end == MIDNIGHT:  # the end of the day
            end = None
        if start is not None and end is not None and end < start:
            return now >= start or now < end
        return (start is None or now >= start) and (end is None or now < end)

    def _measured(self, name: str, measured: dict[str, Decimal]) -> bool:
        bound, value = getattr(self, name), measured.get(name.upper())
        if bound is None or value is None:
            return True
        return bool(value >= bound if name.startswith("min") else value < bound)


@dataclass(frozen=True, slots=True)
class Element:
    """Prices that share their restrictions."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions | None = None

    @property
    def reservation(self) -> str | None:
        """Return the kind of reservation the element prices, ``None`` for charging."""
        return self.restrictions.reservation if self.restrictions else None

    def component(self, type_: str) -> PriceComponent | None:
        """Return the price of a type; of two the first counts."""
        return next((component for component in self.components if component.type == type_), None)

    def applies(self, at: Moment) -> bool:
        """Tell whether the element applies, apart from reservations."""
        return self.restrictions is None or self.restrictions.met_at(at)


@dataclass(frozen=True, slots=True)
class Limit:
    """A lowest or highest price of a session; each side stands for itself, ``None`` does not limit."""

    excl_vat: Decimal | None
    incl_vat: Decimal | None


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff; ``starts`` and ``ends`` say for which session starts it is valid."""

    id: str
    currency: str
    elements: tuple[Element, ...]
    min_price: Limit | None = None
    max_price: Limit | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    type: str | None = None

    def valid_at(self, session_start: datetime) -> bool:
        """Tell whether a session that starts then is charged by this tariff."""
        return (self.starts is None or self.starts <= session_start) and (
            self.ends is None or session_start < self.ends
        )


def _within(value: date | Decimal, low: date | Decimal | None, high: date | Decimal | None) -> bool:
    # both bounds are of the value's kind: dates with dates, numbers with numbers
    return (low is None or value >= low) and (high is None or value < high)  # type: ignore[operator]
