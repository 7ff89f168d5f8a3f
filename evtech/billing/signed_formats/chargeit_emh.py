"""chargeIT with an EMH meter: JSON ``signedMeterValues``; each value signs the 320-byte block of EDL40."""

from evtech.billing.signed_formats.content import Content, decode_binary, object_of, text_of
from evtech.billing.signed_formats.edl_block import EdlBlock, block_reading, moment, read_edl_signature
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, few
from evtech.billing.signed_values import Failure, Record


def signed_meter_values(content: Content) -> list[dict[str, object]]:
    """Return the objects of ``signedMeterValues``."""
    listed = object_of(content.json).get("signedMeterValues")
    return [object_of(item) for item in listed] if isinstance(listed, list) else []


def _read(content: Content, _: Inner) -> list[Record]:
    return [_record(item) for item in few(signed_meter_values(content))]


def _record(item: dict[str, object]) -> Record:
    try:
        return _signed_record(item)
    except (ValueError, ArithmeticError):
        return broken("chargeit_emh")


def _signed_record(item: dict[str, object]) -> Record:
    meter, contract = object_of(item.get("meterInfo")), object_of(item.get("contract"))
    measured, info = object_of(item.get("measuredValue")), object_of(item.get("additionalInfo"))
    indexes = object_of(info.get("indexes"))
    signature = read_edl_signature(decode_binary(text_of(item.get("signature")) or ""))
    seconds, local = _times(measured)
    identity = text_of(contract.get("id")) or ""
    block = EdlBlock(
        server_id=bytes.fromhex(_need(meter, "meterId")),
        time=local,
        status=int(_need(info, "status"), 16),
        seconds_index=int(_need(indexes, "timer")),
        page=int(_need(item, "measurementId"), 16),
        obis=bytes.fromhex(_need(object_of(item.get("measurand")), "id")),
        unit=int(_need(measured, "unitEncoded")),
        scale=int(_need(measured, "scale")),
        value=int(_need(measured, "value")),
        log=bytes.fromhex(_need(indexes, "logBook")),
        contract_id=identity.encode("utf-8", "replace"),
        contract_time=_times(contract)[1],
    )
    return Record(
        format="chargeit_emh",
        signed=() if isinstance(signature, Failure) else (signature.over(block.pack()),),
        failure=signature if isinstance(signature, Failure) else None,
        algorithm=None if isinstance(signature, Failure) else signature.algorithm,
        record_key=text_of(meter.get("publicKey")),
        transaction_id=text_of(item.get("transactionId")),
        readings=(block_reading(block, None, moment(seconds)),),
        meter_serial=block.server_id.hex().upper(),
        user_id=identity or None,
        page=str(block.page),
    )


def _times(fields: dict[str, object]) -> tuple[int, int]:
    """Return Unix seconds and the seconds of the local clock."""
    time = object_of(fields.get("timestampLocal")) or fields
    seconds = int(_need(time, "timestamp"))
    minutes = int(text_of(time.get("localOffset")) or 0) + int(text_of(time.get("seasonOffset")) or 0)
    return seconds, seconds + 60 * minutes


def _need(fields: dict[str, object], name: str) -> str:
    text = text_of(fields.get(name))
    if text is None:
        raise ValueError(name)
    return text


def _recognises(content: Content) -> bool:
    return isinstance(object_of(content.json).get("signedMeterValues"), list)


CHARGEIT_EMH = SignedFormat("chargeit_emh", _recognises, _read)
