"""A charge detail record as it is checked: the session, its periods, and what it states.

Energies in kWh, times in hours as OCPI counts them, moments in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

COSTS = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
QUANTITIES = ("total_energy", "total_time", "total_parking_time")


@dataclass(frozen=True, slots=True)
class StatedCost:
    """An amount as the record states it."""

    excl_vat: Decimal
    incl_vat: Decimal | None


@dataclass(frozen=True, slots=True)
class Period:
    """A charging period; ``volumes`` by dimension: kWh, hours, and MIN_CURRENT and the like in A and kW."""

    start: datetime
    volumes: dict[str, Decimal]
    tariff_id: str | None = None

    @property
    def is_reservation(self) -> bool:
        """Tell whether the period reserves the connector."""
        return "RESERVATION_TIME" in self.volumes


@dataclass(frozen=True, slots=True)
class Cdr:
    """A charge record; ``costs`` and ``quantities`` hold only the fields that it states.

    ``version`` is 2.1.1, 2.2.1 or 2.3.0; ``notes`` are remarks about how it was read.
    """

    version: str
    start: datetime
    end: datetime
    currency: str
    periods: tuple[Period, ...]
    costs: dict[str, StatedCost]
    quantities: dict[str, Decimal]
    time_zone: str | None = None
    country: str | None = None
    id: str | None = None
    credit: bool = False
    meter_id: str | None = None
    token_uid: str | None = None
    contract_id: str | None = None
    signed_data: dict[str, Any] | None = None  # as it stands in the file
    tariffs: Any = None  # the unread JSON of the tariffs inside
    notes: tuple[str, ...] = ()

    def end_of(self, index: int) -> datetime:
        """Return when a period ends: where the next begins, the last one with the session."""
        return self.periods[index + 1].start if index + 1 < len(self.periods) else self.end

    @property
    def has_vat(self) -> bool:
        """Tell whether this version of OCPI knows VAT."""
        return self.version != "2.1.1"
