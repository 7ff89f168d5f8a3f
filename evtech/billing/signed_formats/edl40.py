"""EDL40: an SML file of the meter; its list carries the fields of the 320-byte block and the signature."""

from datetime import datetime

from evtech.billing.signed_formats.content import SML_START, Content
from evtech.billing.signed_formats.edl_block import (
    EdlBlock,
    block_reading,
    moment,
    printable,
    read_edl_signature,
    status_bytes,
)
from evtech.billing.signed_formats.format import Inner, SignedFormat, broken, pieces
from evtech.billing.signed_formats.isa_edl40 import is_isa, isa_record
from evtech.billing.signed_formats.sml import Entry, Moment, SmlList, last_number, read_list
from evtech.billing.signed_values import Failure, Record

_VALUE = ("0100011100ff", "0100010800ff")
_CONTRACT = "8182815401ff"
_PAGE = "8180817101ff"
_SECONDS = "810060080001"
_HISTORIC, _HISTORIC_COMPENSATED = "010001110064", "0100011100c8"


def _read(content: Content, _: Inner) -> list[Record]:
    return [_record(data) for data in pieces(content.data, SML_START)]


def _record(data: bytes) -> Record:
    try:
        sml = read_list(data)
        return isa_record(sml) if is_isa(sml) else _edl_record(sml)
    except (ValueError, ArithmeticError):
        return broken("edl40")


def _edl_record(sml: SmlList) -> Record:
    value, contract = sml.entry(*_VALUE), sml.entry(_CONTRACT)
    if value is None or not isinstance(value.value, int):
        return broken("edl40")
    signature = read_edl_signature(sml.signature)
    log = None if isinstance(signature, Failure) else signature.log
    page = _number(sml.entry(_PAGE))
    blocks = [_block(sml, value, contract, status, log or b"\0\0", page) for status in status_bytes(value.status)]
    return Record(
        format="edl40",
        signed=() if isinstance(signature, Failure) else (signature.over(*(block.pack() for block in blocks)),),
        failure=signature if isinstance(signature, Failure) else None,
        algorithm=None if isinstance(signature, Failure) else signature.algorithm,
        readings=(block_reading(blocks[0], None, _utc(value.time or sml.time)),),
        meter_serial=sml.server_id.hex().upper(),
        user_id=printable(blocks[0].contract_id),
        page=str(page),
    )


def _block(sml: SmlList, value: Entry, contract: Entry | None, status: int, log: bytes, page: int) -> EdlBlock:
    contract_id = contract.value if contract else None
    time = value.time or sml.time
    return EdlBlock(
        server_id=sml.server_id,
        time=time.local if time else 0,
        status=status,
        seconds_index=_number(sml.entry(_SECONDS)),
        page=page,
        obis=value.name,
        unit=value.unit,
        scale=value.scaler,
        value=last_number(value.value),
        log=log,
        contract_id=contract_id if isinstance(contract_id, bytes) else b"",
        contract_time=contract.time.local if contract and contract.time else 0,
        historic=_number(sml.entry(_HISTORIC)),
        historic_compensated=_number(sml.entry(_HISTORIC_COMPENSATED)),
    )


def _number(entry: Entry | None) -> int:
    return last_number(entry.value) if entry else 0


def _utc(time: Moment | None) -> datetime | None:
    """Return the moment where the file tells the zone."""
    return moment(time.seconds) if time and time.offset_minutes is not None else None


EDL40 = SignedFormat(None, lambda content: content.data.startswith(SML_START), _read)
