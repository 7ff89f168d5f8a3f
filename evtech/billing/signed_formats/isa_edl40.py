"""ISA-EDL-40-P: SML whose list is named 81 80 81 62 nn FF (00 begin, 01 update, 02 end).

One record holds the start and the actual reading; signed is a 320-byte block of its own.
"""

from decimal import Decimal

from evtech.billing.signed_formats.edl_block import (
    UNITS,
    clock_text,
    little,
    moment,
    obis_text,
    printable,
    read_edl_signature,
    reading_value,
)
from evtech.billing.signed_formats.format import broken
from evtech.billing.signed_formats.sml import Entry, SmlList, last_number
from evtech.billing.signed_values import Failure, Reading, Record, Signed

_LIST_NAME = bytes.fromhex("81808162")
_ACTUAL, _START = "0100010800ff", "010001080080"
_CONTRACT, _PAGE, _ESTH = "8182815401ff", "8180c7f040ff", "8180816101ff"
_REASONS = {0: None, 1: "C", 2: "E"}
_SIZE = 320


def is_isa(sml: SmlList) -> bool:
    """Return whether the list is one of this format."""
    return sml.name[:4] == _LIST_NAME and len(sml.name) == 6


def isa_record(sml: SmlList) -> Record:
    """Return the record of a list; raise ``ValueError`` where a field does not fit."""
    actual, start = sml.entry(_ACTUAL), sml.entry(_START)
    if actual is None or start is None:
        return broken("isa_edl40")
    signature = read_edl_signature(sml.signature)
    contract, page = sml.entry(_CONTRACT), sml.entry(_PAGE)
    readings = _readings(sml, start, actual)
    if isinstance(signature, Failure):
        signed: tuple[Signed, ...] = ()
    else:
        signed = (signature.over(_block(sml, start, actual, signature.log or b"\0\0")),)
    return Record(
        format="isa_edl40",
        signed=signed,
        failure=signature if isinstance(signature, Failure) else None,
        algorithm=None if isinstance(signature, Failure) else signature.algorithm,
        readings=readings,
        meter_serial=sml.server_id.hex().upper(),
        user_id=printable(contract.value) if contract and isinstance(contract.value, bytes) else None,
        page=str(last_number(page.value)) if page else None,
        energy_kwh=_energy_kwh(start, actual),
    )


def _block(sml: SmlList, start: Entry, actual: Entry, log: bytes) -> bytes:
    contract, page, esth = sml.entry(_CONTRACT), sml.entry(_PAGE), sml.entry(_ESTH)
    parts = (
        (sml.server_id, 10),
        (little(actual.time.local if actual.time else 0, 4), 4),
        (little(actual.status & 0xFF, 1), 1),
        (_register(actual), 16),
        (log, 2),
        (actual.signature, 66),
        (_raw(contract), 128),
        (little(start.time.local if start.time else 0, 4), 4),
        (_raw(esth), 20),
        (little(start.status & 0xFF, 1), 1),
        (_register(start), 16),
        (sml.name, 6),
        (little(last_number(page.value) if page else 0, 4), 4),
    )
    if any(len(raw) > size for raw, size in parts):
        raise ValueError("a field does not fit")
    return b"".join(raw.ljust(size, b"\0") for raw, size in parts).ljust(_SIZE, b"\0")


def _register(entry: Entry) -> bytes:
    head = entry.name.ljust(6, b"\0") + little(entry.unit, 1) + little(entry.scaler, 1)
    return head + little(last_number(entry.value), 8)


def _readings(sml: SmlList, start: Entry, actual: Entry) -> tuple[Reading, ...]:
    """Return begin and actual reading; the record that begins a transaction only has its begin."""
    offset = sml.time.offset_minutes if sml.time else None
    begin = _reading(start, "B", offset)
    reason = _REASONS.get(sml.name[4])
    return (begin, _reading(actual, reason, offset)) if reason else (begin,)


def _reading(entry: Entry, reason: str, offset_minutes: int | None) -> Reading:
    """Return a reading; its clock is local; the list's time tells the zone, unsigned."""
    seconds = entry.time.seconds if entry.time else 0
    known = entry.time is not None and offset_minutes is not None
    return Reading(
        value=reading_value(last_number(entry.value), entry.scaler),
        unit=UNITS.get(entry.unit),
        register=obis_text(entry.name[:5] + b"\xff"),  # the start is F=80 of the same register
        reason=reason,
        time=moment(seconds - 60 * (offset_minutes or 0)) if known else None,
        local_time=clock_text(seconds) if entry.time else None,
    )


def _energy_kwh(start: Entry, actual: Entry) -> Decimal | None:
    if UNITS.get(actual.unit) != "Wh" or UNITS.get(start.unit) != "Wh":
        return None
    first = reading_value(last_number(start.value), start.scaler)
    return (reading_value(last_number(actual.value), actual.scaler) - first) / 1000


def _raw(entry: Entry | None) -> bytes:
    return entry.value if entry and isinstance(entry.value, bytes) else b""
