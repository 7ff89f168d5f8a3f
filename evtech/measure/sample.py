"""The value of one point at one moment, with its quality; and all points of one poll."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Value = int | float | str


class Quality(StrEnum):
    """How far a value can be trusted; exports and reports keep it beside the number."""

    GOOD = "good"
    DERIVED = "derived"
    STALE = "stale"
    CLIPPED = "clipped"
    MISSING = "missing"


class SessionPhase(StrEnum):
    """What a charging session is doing (evtech's own list, derived from state, offer and current)."""

    UNKNOWN = "UNKNOWN"
    FAULTED = "FAULTED"
    UNAVAILABLE = "UNAVAILABLE"
    CHARGING = "CHARGING"
    PREPARING = "PREPARING"
    PAUSED_BY_EVSE = "PAUSED_BY_EVSE"
    PAUSED_BY_EV = "PAUSED_BY_EV"
    FINISHING = "FINISHING"
    AUTHORISING = "AUTHORISING"
    PLUGGED = "PLUGGED"
    RESERVED = "RESERVED"
    IDLE = "IDLE"


@dataclass(frozen=True, slots=True)
class Sample:
    """One point at one moment, in the vocabulary's base unit.

    ``value`` is ``None`` exactly when ``quality`` is ``missing``, and ``reason`` then says why. ``raw`` holds the
    register words as they came; ``text`` the word for an enumeration. Text points carry their text in ``value``.
    """

    point: str
    value: Value | None
    unit: str
    quality: Quality = Quality.GOOD
    raw: tuple[int, ...] = ()
    text: str | None = None
    reason: str | None = None

    @property
    def number(self) -> float | None:
        """Return the value as a float, or ``None`` for text and for missing values."""
        return float(self.value) if isinstance(self.value, int | float) else None


@dataclass(frozen=True, slots=True)
class ChargerState:
    """What the charger says it is doing: pilot state (IEC 61851-1, A1 to F), phase, the maker's number and word."""

    pilot: str | None
    phase: SessionPhase
    raw: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ActiveError:
    """A fault code that stands in the charger now; ``meaning`` is ``None`` where the maker publishes none."""

    code: str
    raw: str
    meaning: str | None
    severity: str  # critical | fault | warning | info


@dataclass(frozen=True, slots=True)
class ChargerIdentity:
    """Which device it was; ``None`` where the device does not tell."""

    profile: str
    vendor: str
    model: str
    serial_number: str | None = None
    firmware_version: str | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """All points of one device from one poll.

    ``time`` is UTC, ``monotonic`` seconds on the monotonic clock; both are the middle between the first request and
    the last answer of the poll.
    """

    time: datetime
    monotonic: float
    samples: Mapping[str, Sample]
    state: ChargerState | None = None
    errors: tuple[ActiveError, ...] = field(default=())

    def number(self, point: str) -> float | None:
        """Return a point's value as a float, ``None`` where it is unknown, text or missing."""
        sample = self.samples.get(point)
        return sample.number if sample else None
