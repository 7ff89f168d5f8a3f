"""What a signed record says, and what is thought of it: the words all formats share.

A format reads bytes into ``Record`` values, ``signatures`` turns those into ``SignedValue`` verdicts, ``plausibility``
looks at the transaction they make. Energy is exact (``Decimal``), moments are UTC, unknown is ``None``.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

Verdict = Literal["valid", "invalid", "no_key", "unsupported", "malformed"]

WORST_FIRST: tuple[Verdict, ...] = ("malformed", "unsupported", "invalid", "no_key", "valid")
"""The verdict of a file is the first of these that one of its values has."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of one register.

    ``local_time`` is what a signed clock showed whose zone was not signed with it; ``time`` is then as the file says.
    """

    value: Decimal | None
    unit: str | None = None
    register: str | None = None
    reason: str | None = None
    """B begin, C charging, X exception, S suspended, T tariff change; ends: E, L, R, A, P."""
    time: datetime | None = None
    time_status: str | None = None
    """U unsynchronised, I informative, S synchronised, R relative."""
    local_time: str | None = None
    status: str | None = None
    """G good; N, T, D, R, M, X, I, O, S, E, F are not."""
    error_flags: str = ""
    """E energy not usable, t time not usable."""
    current_type: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record has no verdict of the mathematics: malformed, unsupported or invalid, and the reason's word."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Signed:
    """The exact bytes that were signed and the signature's two numbers."""

    data: bytes
    r: int
    s: int
    others: tuple[bytes, ...] = ()
    """Further ways to write the same fields, where products differ; one of them must be what was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One signed record as a format understood it, before any key is tried.

    ``signed`` holds all signatures that must hold together (Mennekes: begin and end). With a ``failure`` the rest is
    what could still be read.
    """

    format: str
    signed: tuple[Signed, ...] = ()
    algorithm: str | None = None
    failure: Failure | None = None
    forged: bool = False
    context: str | None = None
    transaction_id: str | None = None
    record_key: str | None = None
    mentioned_key: str | None = None
    """A key beside the record that must not be trusted; it is compared, never used."""
    container_key: str | None = None
    readings: tuple[Reading, ...] = ()
    meter_serial: str | None = None
    gateway_serial: str | None = None
    user_id: str | None = None
    user_level: str | None = None
    page: str | None = None
    last_page: str | None = None
    """Where one record spans two pages (Mennekes: begin and end)."""
    energy_kwh: Decimal | None = None
    """Only where the record itself states the energy of the transaction (PCDF, ISA)."""
    duration_s: Decimal | None = None
    complete: bool | None = None
    """Only where the record itself says whether it closes the transaction (PCDF)."""
    problems: tuple["Notice", ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A problem or a warning: its code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SignedValue:
    """The verdict on one record."""

    index: int
    record: Record
    signature: Verdict
    reason: str | None = None
    key_source: str | None = None
    """option, container, record, registry; where the key came from that was tried."""
    key_fingerprint: str | None = None
    """SHA-256 of the key's point, hex; the same whichever form the key was given in."""
    key_hex: str | None = None
    """The key as uncompressed point, hex."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the readings of a file make together; ``energy_kwh`` and ``duration_s`` stand even if a signature is bad."""

    complete: bool = False
    begin: datetime | None = None
    end: datetime | None = None
    energy_kwh: Decimal | None = None
    duration_s: Decimal | None = None
    billable: bool = False
    problems: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    register: str | None = None
    compensated: bool = False
    """The energy is that of a register with the cable's loss taken off."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The answer about one file: ``result`` is about signatures only, ``transaction.billable`` about the rest."""

    result: Verdict
    reason: str | None
    format: str
    values: tuple[SignedValue, ...] = ()
    transaction: Transaction = field(default_factory=Transaction)

    @property
    def meter_serial(self) -> str | None:
        """Return the first meter serial that a record states."""
        return next((value.record.meter_serial for value in self.values if value.record.meter_serial), None)

    @property
    def user_id(self) -> str | None:
        """Return the first user id that a record states."""
        return next((value.record.user_id for value in self.values if value.record.user_id), None)

    @property
    def key_source(self) -> str | None:
        """Return where the key came from that was tried first."""
        return next((value.key_source for value in self.values if value.key_source), None)

    def to_json(self) -> dict[str, Any]:  # the shape of a JSON object
        """Return the answer as ``evtech.billing.verify/1``."""
        return {
            "schema": "evtech.billing.verify/1",
            "result": self.result,
            "reason": self.reason,
            "format": self.format,
            "values": [_value_json(value) for value in self.values],
            "transaction": _transaction_json(self.transaction),
        }


def _value_json(value: SignedValue) -> dict[str, Any]:
    record = value.record
    return {
        "index": value.index,
        "context": record.context,
        "transaction_id": record.transaction_id,
        "format": record.format,
        "signature": value.signature,
        "reason": value.reason,
        "algorithm": record.algorithm,
        "key_source": value.key_source,
        "key_fingerprint": value.key_fingerprint,
        "meter_serial": record.meter_serial,
        "gateway_serial": record.gateway_serial,
        "user_id": record.user_id,
        "page": record.page,
        "readings": [_reading_json(reading) for reading in record.readings],
        "notes": list(record.notes),
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "time": utc_text(reading.time),
        "local_time": reading.local_time,
        "time_status": reading.time_status,
        "reason": reading.reason,
        "value": plain(reading.value),
        "unit": reading.unit,
        "register": reading.register,
        "status": reading.status,
        "error_flags": reading.error_flags,
    }


def _transaction_json(transaction: Transaction) -> dict[str, Any]:
    return {
        "complete": transaction.complete,
        "begin": utc_text(transaction.begin),
        "end": utc_text(transaction.end),
        "energy_kwh": plain(transaction.energy_kwh),
        "duration_s": plain(transaction.duration_s),
        "billable": transaction.billable,
        "problems": [{"code": notice.code, "message": notice.message} for notice in transaction.problems],
        "warnings": [{"code": notice.code, "message": notice.message} for notice in transaction.warnings],
        "register": transaction.register,
        "compensated": transaction.compensated,
        "notes": list(transaction.notes),
    }


def utc_text(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC with milliseconds and ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(number: Decimal | None) -> int | float | None:
    """Return an exact number as JSON carries it."""
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)
