"""PCDF: ``128.8.0(ST:…)…(SG:…)``; signed is the text up to, not including, ``(SG:``.

One record is one session. It can be signed correctly and still say that it is not for billing.
"""

import re
from datetime import datetime
from decimal import Decimal

from evtech.billing.curves import find_curve
from evtech.billing.ecdsa import read_signature
from evtech.billing.signed_formats.content import Content
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, pieces
from evtech.billing.signed_values import Failure, Notice, Reading, Record, Signed
from evtech.billing.strict_json import exact

_START = b"128.8.0("
_SIGNATURE = b"(SG:"
_FIELD = re.compile(r"\((\w+):([^()]*)\)")
_LAST_RECORD = "1"
_ALGORITHM = "ECDSA-secp256r1-SHA256"


def _read(content: Content, _: Inner) -> list[Record]:
    return [_record(text) for text in pieces(content.data, _START)]


def _record(text: bytes) -> Record:
    signed, found, rest = text.partition(_SIGNATURE)
    pairs = _FIELD.findall(signed.decode("utf-8", "replace"))  # what stands behind the signature is not signed
    fields = dict(pairs)
    if not found or len(fields) != len(pairs):
        return broken("pcdf", "sections")
    numbers = _signature(rest.partition(b")")[0].decode("ascii", "replace"))
    value, unit = _value(fields.get("RV", ""))
    return Record(
        format="pcdf",
        signed=(Signed(signed, *numbers),) if numbers else (),
        failure=None if numbers else Failure("malformed", "signature_encoding"),
        algorithm=_ALGORITHM,
        record_key=fields.get("PK") or None,
        readings=(
            Reading(None, unit, reason="B", local_time=_clock(fields.get("ST", ""))),
            Reading(value, unit, reason="E", local_time=_clock(fields.get("CT", ""))),
        ),
        meter_serial=fields.get("HW") or None,
        user_id=fields.get("SI", "").partition("*")[0] or None,
        transaction_id=fields.get("SI", "").rpartition("*")[2] or None,
        page=None,
        energy_kwh=_kwh(value, unit),
        duration_s=_duration(fields.get("CD", "")),
        complete=fields.get("SP") == _LAST_RECORD,
        problems=_problems(fields),
    )


def _problems(fields: dict[str, str]) -> tuple[Notice, ...]:
    problems = []
    if fields.get("BV") == "0":
        problems.append(
            Notice("billing_not_allowed", "The charger marked this record as not valid for billing (BV 0).")
        )
    if fields.get("SP") != _LAST_RECORD:
        state = fields.get("SP", "missing")
        problems.append(
            Notice("session_state_invalid", f"Session state is {state}; only 1, the last record, is billed.")
        )
    return tuple(problems)


def _signature(text: str) -> tuple[int, int] | None:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None
    return read_signature(raw, find_curve("secp256r1")) if raw else None


def _value(text: str) -> tuple[Decimal | None, str | None]:
    number, _, unit = text.partition("*")
    try:
        return exact(number.strip()), unit.strip() or None
    except ValueError:
        return None, unit.strip() or None


def _kwh(value: Decimal | None, unit: str | None) -> Decimal | None:
    factor = {"kwh": Decimal(1), "wh": Decimal("0.001")}.get((unit or "").lower())
    return value * factor if value is not None and factor is not None else None


def _clock(text: str) -> str | None:
    """Return a time YYMMDDhhmmss as ISO text; its zone is not told."""
    try:
        return datetime.strptime(text, "%y%m%d%H%M%S").isoformat()  # noqa: DTZ007  # the record has no zone
    except ValueError:
        return None


def _duration(text: str) -> Decimal | None:
    if not re.fullmatch(r"\d{6}", text, re.ASCII):
        return None
    return Decimal(3600 * int(text[:2]) + 60 * int(text[2:4]) + int(text[4:]))


PCDF = SignedFormat("pcdf", lambda content: content.data.startswith(_START), _read)
