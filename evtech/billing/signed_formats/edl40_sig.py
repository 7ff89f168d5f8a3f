"""EDL_40_SIG: XML ``signedMeterValue`` that carries key, signature and the signed 320 bytes, each encoded."""

from xml.etree.ElementTree import Element

from evtech.billing.signed_formats.content import (
    Content,
    child_text,
    decode_binary,
    local_name,
    looks_known,
    open_content,
)
from evtech.billing.signed_formats.edl_block import SIZE, block_reading, printable, read_edl_signature, unpack
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, few
from evtech.billing.signed_values import Failure, Record


def _values(root: Element) -> list[Element]:
    return [found for found in root.iter() if local_name(found) == "signedMeterValue"]


def _read(content: Content, inner: Inner) -> list[Record]:
    if content.xml is None:
        return []
    return [record for value in few(_values(content.xml)) for record in _records(value, inner)]


def _records(value: Element, inner: Inner) -> list[Record]:
    encoded = child_text(value, "encodedMeterValue")
    if encoded is None:
        return [broken("edl40_sig", "no_signed_data")]
    data = decode_binary(encoded)
    if data and looks_known(data):
        return inner(open_content(data))
    if data is None or len(data) != SIZE:
        return [broken("edl40_sig")]
    try:
        return [_record(value, data)]
    except ValueError:
        return [broken("edl40_sig")]


def _record(value: Element, data: bytes) -> Record:
    signature = read_edl_signature(decode_binary(child_text(value, "meterValueSignature") or ""))
    block = unpack(data)
    return Record(
        format="edl40_sig",
        signed=() if isinstance(signature, Failure) else (signature.over(data),),
        failure=signature if isinstance(signature, Failure) else None,
        algorithm=None if isinstance(signature, Failure) else signature.algorithm,
        record_key=child_text(value, "publicKey"),
        readings=(block_reading(block, None),),
        meter_serial=block.server_id.hex().upper(),
        user_id=printable(block.contract_id),
        page=str(block.page),
    )


EDL40_SIG = SignedFormat("edl40_sig", lambda content: content.xml is not None and bool(_values(content.xml)), _read)
