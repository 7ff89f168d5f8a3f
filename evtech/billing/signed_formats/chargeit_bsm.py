"""chargeIT with a BSM meter: JSON ``signedMeterValues`` whose ``additionalValues`` are what was signed.

Beside them stand unsigned copies for display; a copy that says something else is a forgery.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from evtech.billing.curves import find_curve
from evtech.billing.ecdsa import read_signature
from evtech.billing.signed_formats.chargeit_emh import signed_meter_values
from evtech.billing.signed_formats.content import Content, decode_binary, object_of, text_of
from evtech.billing.signed_formats.edl_block import UNITS, moment, reading_value
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, few
from evtech.billing.signed_values import Failure, Reading, Record, Signed

_ALGORITHM = "ECDSA-secp256r1-SHA256"
_NO_UNIT = 255
_WATT_HOUR = 30
_CONTRACT = "contract-id:"


@dataclass(frozen=True, slots=True)
class _Value:
    """One signed value: a number with scale and unit, or a text."""

    name: str
    register: str
    text: str | None
    number: int
    scale: int
    unit: int
    encoding: str

    def pack(self) -> bytes:
        if self.text is not None:
            raw = self.text.encode(self.encoding)
            return len(raw).to_bytes(4, "big") + raw
        number = (self.number & 0xFFFFFFFF).to_bytes(4, "big")
        return number + bytes((self.scale & 0xFF, self.unit & 0xFF))

    @property
    def amount(self) -> Decimal:
        return reading_value(self.number, self.scale)


def _read(content: Content, _: Inner) -> list[Record]:
    """Return the records; the values' names are not signed, so they must stand in the same order in all of them."""
    items = few(signed_meter_values(content))
    layouts = [_layout(item) for item in items]
    records = [_record(item) for item in items]
    return [
        record if layout == layouts[0] or record.failure else replace(record, forged=True)
        for record, layout in zip(records, layouts, strict=True)
    ]


def _layout(item: dict[str, object]) -> list[tuple[str | None, str | None]]:
    """Return name and register of each value in its place."""
    listed = item.get("additionalValues")
    measurands = [object_of(object_of(entry).get("measurand")) for entry in listed] if isinstance(listed, list) else []
    return [(text_of(measurand.get("name")), text_of(measurand.get("id"))) for measurand in measurands]


def _record(item: dict[str, object]) -> Record:
    try:
        listed = item.get("additionalValues")
        values = [_value(object_of(entry)) for entry in listed] if isinstance(listed, list) else []
        return _signed_record(item, values)
    except (ValueError, ArithmeticError, LookupError):
        return broken("chargeit_bsm")


def _signed_record(item: dict[str, object], values: list[_Value]) -> Record:
    meter = object_of(item.get("meterInfo"))
    named = {value.name: value for value in values}
    signature = text_of(item.get("signature")) or text_of(object_of(item.get("value")).get("signature")) or ""
    raw = decode_binary(signature)
    numbers = read_signature(raw, find_curve("secp256r1")) if raw else None
    serial = named["MA1"].text if "MA1" in named else None
    return Record(
        format="chargeit_bsm",
        signed=(Signed(b"".join(value.pack() for value in values), *numbers),) if numbers else (),
        failure=None if numbers else Failure("malformed", "signature_encoding"),
        forged=_forged(item, values, serial) or _other_user(item, _signed_user(values)),
        algorithm=_ALGORITHM,
        record_key=text_of(meter.get("publicKey")),
        transaction_id=text_of(item.get("transactionId")),
        readings=(_reading(values, named),),
        meter_serial=serial or text_of(meter.get("meterId")),
        user_id=_signed_user(values) or text_of(object_of(item.get("contract")).get("id")),
        page=str(named["RCnt"].number) if "RCnt" in named else None,
    )


def _value(entry: dict[str, object]) -> _Value:
    measurand, measured = object_of(entry.get("measurand")), object_of(entry.get("measuredValue"))
    value = measured.get("value")
    is_text = isinstance(value, str) and "integer" not in str(measured.get("valueType")).lower()
    number = 0 if is_text else int(text_of(value) or "")
    unsigned = "unsigned" in str(measured.get("valueType")).lower()
    if not (0 if unsigned else -(1 << 31)) <= number < 1 << 32:  # two numbers must not sign as the same bytes
        raise ValueError(number)
    return _Value(
        name=text_of(measurand.get("name")) or "",
        register=text_of(measurand.get("id")) or "",
        text=value if isinstance(value, str) and is_text else None,
        number=number,
        scale=int(text_of(measured.get("scale")) or 0),
        unit=int(text_of(measured.get("unitEncoded")) or _NO_UNIT),
        encoding=text_of(measured.get("valueEncoding")) or "utf-8",
    )


def _reading(values: list[_Value], named: dict[str, _Value]) -> Reading:
    """Return the energy of the session (RCR), else the first energy register, at the signed time."""
    energy = named.get("RCR") or next((value for value in values if value.unit == _WATT_HOUR), None)
    epoch = named.get("Epoch")
    if energy is None:
        raise ValueError("no energy among the signed values")
    return Reading(
        value=energy.amount,
        unit=UNITS.get(energy.unit),
        register=energy.register or None,
        time=moment(epoch.number) if epoch else None,
    )


def _forged(item: dict[str, object], values: list[_Value], serial: str | None) -> bool:
    """Return whether an unsigned copy contradicts the signed values."""
    stated = text_of(object_of(item.get("meterInfo")).get("meterId"))
    if serial is not None and stated is not None and stated != serial.strip():
        return True
    shown = object_of(item.get("value")) or item
    return _contradicts(shown, values) or _other_time(shown, values)


def _contradicts(shown: dict[str, object], values: list[_Value]) -> bool:
    measurand, measured = object_of(shown.get("measurand")), object_of(shown.get("measuredValue"))
    register, name = text_of(measurand.get("id")), text_of(measurand.get("name"))
    number = text_of(measured.get("value"))
    if number is None:
        return False
    same = [value for value in values if value.text is None and (value.register == register if register else False)]
    same = same or [value for value in values if value.text is None and name and value.name == name]
    if not same:
        return register is not None or name is not None
    copy = reading_value(int(number), int(text_of(measured.get("scale")) or 0))
    return all(value.amount != copy for value in same)


def _other_time(shown: dict[str, object], values: list[_Value]) -> bool:
    time = object_of(object_of(shown.get("measuredValue")).get("timestampLocal"))
    stated = text_of(time.get("timestamp"))
    epoch = next((value for value in values if value.name == "Epoch"), None)
    return stated is not None and epoch is not None and int(stated) != epoch.number


def _signed_user(values: list[_Value]) -> str | None:
    """Return the contract id that the meter signed as one of its free texts."""
    texts = (value.text.strip() for value in values if value.text)
    return next((text[len(_CONTRACT) :].strip() or None for text in texts if text.startswith(_CONTRACT)), None)


def _other_user(item: dict[str, object], signed: str | None) -> bool:
    """Return whether the contract shown is not the signed one; either may leave out the kind of its id."""
    shown = text_of(object_of(item.get("contract")).get("id"))
    return signed is not None and shown is not None and shown not in signed and signed not in shown


def _recognises(content: Content) -> bool:
    return any("additionalValues" in item for item in signed_meter_values(content))


CHARGEIT_BSM = SignedFormat("chargeit_bsm", _recognises, _read)
