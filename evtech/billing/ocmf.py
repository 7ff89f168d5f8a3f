"""Open Charge Metering Format 0.1 to 1.4: ``OCMF|payload|signature``.

Signed are the payload's bytes exactly as they stand between the first and the second bar; they are parsed for their
values and never written anew for the hash.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from evtech.billing.ecdsa import DEFAULT_ALGORITHM, curve_of_algorithm, read_signature
from evtech.billing.public_keys import read_key
from evtech.billing.signed_values import Failure, Reading, Record, Signed
from evtech.billing.strict_json import exact, load_object

START = b"OCMF|"
"""The bar ends every section, so this cannot occur inside a record."""
_WHITE = b" \t\r\n\x00"
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?\s*(?:(Z)|([+-])(\d\d):?(\d\d))?\s*([A-Za-z])?", re.ASCII
)
_INHERITED = ("TM", "TX", "RV", "RI", "RU", "RT", "CL", "EF", "ST")


def read_record(text: bytes) -> Record:
    """Return what one record says; a broken one says what can still be read, and why it is broken."""
    sections = text.strip(_WHITE).split(b"|")
    payload_bytes = sections[1] if len(sections) > 1 else b""
    own_key = _own_key(sections)
    failure = None if len(sections) == 3 or own_key else Failure("malformed", "sections")
    try:
        payload = load_object(payload_bytes.decode())
        readings = _readings(payload.get("RD"))
    except ValueError:
        return Record(format="ocmf", failure=failure or Failure("malformed", "payload_json"))
    signature = _signature(payload_bytes, sections[2]) if failure is None else failure
    return Record(
        format="ocmf",
        signed=(signature[1],) if isinstance(signature, tuple) else (),
        failure=signature if isinstance(signature, Failure) else None,
        algorithm=signature[0] if isinstance(signature, tuple) else _algorithm(sections),
        mentioned_key=own_key,
        readings=readings,
        meter_serial=_text(payload.get("MS")),
        gateway_serial=_text(payload.get("GS")),
        user_id=_text(payload.get("ID")),
        user_level=_text(payload.get("IL")),
        page=_text(payload.get("PG")),
        notes=_notes(payload, own_key),
    )


def parse_time(text: str) -> tuple[datetime | None, str | None, str | None]:
    """Return moment in UTC, text of a clock without zone, and status letter of a time such as ``… +0200 S``."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None, None, None
    clock, fraction, zulu, sign, hours, minutes, status = found.groups()
    status = status.upper() if status else None
    try:
        naive = datetime.fromisoformat(clock).replace(microsecond=int((fraction or "0").ljust(6, "0")))
        if not zulu and not sign:
            return None, clock, status
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        return naive.replace(tzinfo=timezone(offset)).astimezone(UTC), None, status
    except (ValueError, OverflowError):
        return None, None, status


def _own_key(sections: list[bytes]) -> str | None:
    """Return the key that some old writers append as a fourth section."""
    if len(sections) != 4:
        return None
    text = sections[3].decode("ascii", "replace").strip()
    return text if read_key(text) else None


def _signature(payload: bytes, section: bytes) -> tuple[str, Signed] | Failure:
    try:
        fields = load_object(section.decode())
    except ValueError:
        return Failure("malformed", "signature_encoding")
    raw = _signature_bytes(fields)
    algorithm = _text(fields.get("SA")) or DEFAULT_ALGORITHM
    curve = curve_of_algorithm(algorithm)
    numbers = read_signature(raw, curve) if raw else None
    if numbers is None:
        return Failure("malformed", "signature_encoding")
    if curve is None:
        return Failure("unsupported", "algorithm")
    return algorithm, Signed(payload, *numbers)


def _algorithm(sections: list[bytes]) -> str | None:
    try:
        fields = load_object(sections[2].decode()) if len(sections) > 2 else {}
    except ValueError:
        return None
    return _text(fields.get("SA")) or (DEFAULT_ALGORITHM if fields else None)


def _signature_bytes(fields: dict[str, object]) -> bytes | None:
    data, encoding = fields.get("SD"), fields.get("SE") or "hex"
    if not isinstance(data, str) or not isinstance(encoding, str):
        return None
    try:
        if encoding.lower() == "hex":
            return bytes.fromhex(data)
        if encoding.lower() == "base64":
            return base64.b64decode("".join(data.split()), validate=True)
    except (ValueError, binascii.Error):
        return None
    return None


def _readings(listed: object) -> tuple[Reading, ...]:
    """Return the readings; a field left out repeats the one before. Raise ``ValueError`` for no list of objects."""
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise ValueError("RD is not a list")
    readings: list[Reading] = []
    known: dict[str, object] = {}
    for entry in listed:
        if not isinstance(entry, dict):
            raise ValueError("a reading is not an object")
        known |= {name: entry[name] for name in _INHERITED if entry.get(name) is not None}
        readings.append(_reading(known))
    return tuple(readings)


def _reading(fields: dict[str, object]) -> Reading:
    time, local, status = parse_time(_text(fields.get("TM")) or "")
    return Reading(
        value=_number(fields.get("RV")),
        unit=_text(fields.get("RU")),
        register=_text(fields.get("RI")),
        reason=_text(fields.get("TX")),
        time=time,
        time_status=status,
        local_time=local,
        status=_text(fields.get("ST")),
        error_flags=_text(fields.get("EF")) or "",
        current_type=_text(fields.get("RT")),
    )


def _number(value: object) -> Decimal | None:
    """Return a register's value; writers also send it as a padded string."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        return exact(str(value).strip())
    except ValueError:
        return None


def _text(value: object) -> str | None:
    """Return a field as text; some writers send numbers."""
    if value is None or isinstance(value, bool | dict | list):
        return None
    return str(value).strip() or None


def _notes(payload: dict[str, object], own_key: str | None) -> tuple[str, ...]:
    notes = []
    if own_key:
        notes.append("The record carries its own key in a fourth section. It proves nothing and was not used.")
    if tariff := _text(payload.get("TT")):
        notes.append(f"Tariff text: {tariff}")
    return tuple(notes)
