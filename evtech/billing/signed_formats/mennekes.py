"""Mennekes: XML ``ChargingProcess``; begin and end each sign the 320-byte block built from the fields.

Both signatures belong to one value: it is valid only if both are.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from evtech.billing.signed_formats.content import Content, child, child_text, decode_binary, local_name
from evtech.billing.signed_formats.edl_block import EdlBlock, block_reading, read_edl_signature, status_bytes
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, few
from evtech.billing.signed_values import Failure, Reading, Record, Signed

_OBIS = bytes.fromhex("0100011100ff")
_WATT_HOUR = 30


@dataclass(frozen=True, slots=True)
class _Measurement:
    reading: Reading
    page: int
    signed: Signed | None
    algorithm: str | None


def _processes(root: Element) -> list[Element]:
    return [found for found in root.iter() if local_name(found) == "ChargingProcess"]


def _read(content: Content, _: Inner) -> list[Record]:
    return [_record(process) for process in few(_processes(content.xml))] if content.xml is not None else []


def _record(process: Element) -> Record:
    try:
        found = [
            _measurement(process, measurement, reason)
            for name, reason in (("MeasurementStart", "B"), ("MeasurementEnd", "E"))
            if (measurement := child(process, name)) is not None
        ]
    except (ValueError, ArithmeticError):
        return broken("mennekes")
    if not found:
        return broken("mennekes", "no_signed_data")
    signed = tuple(one.signed for one in found if one.signed is not None)
    algorithms = {one.algorithm for one in found}
    whole = len(signed) == len(found) and len(algorithms) == 1
    return Record(
        format="mennekes",
        signed=signed if whole else (),
        failure=None if whole else Failure("malformed", "signature_encoding"),
        algorithm=found[0].algorithm,
        record_key=child_text(process, "PublicKey"),
        readings=tuple(one.reading for one in found),
        meter_serial=bytes.fromhex(_need(process, "ServerId")).hex().upper(),
        user_id=child_text(process, "CustomerIdent"),
        page=str(found[0].page),
        last_page=str(found[-1].page),
    )


def _measurement(process: Element, measurement: Element, reason: str) -> _Measurement:
    time, local = _times(_need(measurement, "Timestamp"))
    signature = read_edl_signature(decode_binary(child_text(measurement, "Signature") or ""))
    counter = int(child_text(measurement, "EventCounter") or 0) & 0xFFFF
    log = None if isinstance(signature, Failure) else signature.log
    statuses = status_bytes(int(_need(measurement, "MeterStatus")))
    block = EdlBlock(
        server_id=bytes.fromhex(_need(process, "ServerId")),
        time=local,
        status=statuses[0],
        seconds_index=int(_need(measurement, "SecondIndex")),
        page=int(_need(measurement, "Pagination")),
        obis=_OBIS,
        unit=_WATT_HOUR,
        scale=int(_need(measurement, "Scaler")),
        value=int(_need(measurement, "Value")),
        log=log or counter.to_bytes(2, "big"),
        contract_id=_identity(child_text(process, "CustomerIdent") or ""),
        contract_time=_times(_need(process, "TimestampCustomerIdent"))[1],
    )
    reading = block_reading(block, reason, time)
    if isinstance(signature, Failure):
        return _Measurement(reading, block.page, None, None)
    return _Measurement(
        reading,
        block.page,
        signature.over(*(replace(block, status=status).pack() for status in statuses)),
        signature.algorithm,
    )


def _need(element: Element, name: str) -> str:
    text = child_text(element, name)
    if text is None or len(text) > 200:
        raise ValueError(name)
    return text


def _times(text: str) -> tuple[datetime | None, int]:
    """Return the moment, where a zone is given, and the seconds of the local clock."""
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset()
    local = int(moment.replace(tzinfo=UTC).timestamp())
    return (moment.astimezone(UTC) if offset is not None else None), local


def _identity(text: str) -> bytes:
    """Return the customer's id: the bytes of its hex, or its letters."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode("utf-8", "replace")


MENNEKES = SignedFormat("mennekes", lambda content: content.xml is not None and bool(_processes(content.xml)), _read)
