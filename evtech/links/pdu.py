"""One checked exchange: what is asked, and whether an answer belongs to it.

pymodbus encodes the request and computes the checksum. Whether an answer is ours is decided here, because pymodbus
takes any function code and any number of registers for an answer (Modbus application protocol 1.1b3, section 6).
"""

import struct
from dataclasses import dataclass

from pymodbus.framer import FramerRTU
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from evtech.errors import BadAnswerError, RefusedError
from evtech.links.link import Table

MAX_READ_WORDS = 125
_READS: dict[Table, type[ModbusPDU]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
_EXCEPTIONS = {
    1: ("the function is not offered", "The device does not know this kind of request: choose another profile."),
    2: ("no such register", "The profile does not fit this device or its firmware: choose another profile."),
    3: ("the value or count is not allowed", "The device wants smaller or single reads: choose another profile."),
    4: ("the device failed while answering", "Look at the device itself; read again."),
    5: ("accepted, but it takes long", "Read again in a while."),
    6: ("the device is busy", "Read again; poll slower."),
    8: ("memory parity error", "The device has a defect in its memory."),
    10: ("the gateway has no path", "Check the gateway's configuration and the unit id."),
    11: (
        "the gateway got no answer from the device",
        "Check the unit id, the wiring behind the gateway and its baud rate.",
    ),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as bytes, with what its answer must look like. ``data_length``: expected PDU length in bytes."""

    table: Table
    address: int
    count: int
    function: int
    pdu: bytes
    data_length: int
    is_write: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Return what an RTU answer can be told apart by: function and length."""
        return self.function, self.data_length

    def describe(self) -> str:
        """Return the request in words, for messages."""
        what = "register" if self.table in (Table.HOLDING, Table.INPUT) else "bit"
        last = f" to 0x{self.address + self.count - 1:04X}" if self.count > 1 else ""
        return f"{self.table} {what} 0x{self.address:04X}{last}"


def read_request(table: Table, address: int, count: int) -> Request:
    """Return the request that reads ``count`` words (at most 125) or bits (at most 2000)."""
    limit = MAX_READ_WORDS if table in (Table.HOLDING, Table.INPUT) else 2000
    if not 1 <= count <= limit or not 0 <= address <= 65536 - count:
        raise ValueError(f"cannot read {count} from {table} {address}")
    message = _READS[table](address=address, count=count)
    payload = 2 * count if table in (Table.HOLDING, Table.INPUT) else (count + 7) // 8
    return Request(table, address, count, message.function_code, _bytes(message), 2 + payload)


def write_request(table: Table, address: int, words: tuple[int, ...], *, multiple: bool = False) -> Request:
    """Return the request that writes words or bits; one word goes by function 6 unless ``multiple`` is asked."""
    message: ModbusPDU
    if table is Table.HOLDING:
        message = (
            WriteSingleRegisterRequest(address=address, registers=list(words))
            if len(words) == 1 and not multiple
            else WriteMultipleRegistersRequest(address=address, registers=list(words))
        )
    elif table is Table.COIL:
        bits = [bool(word) for word in words]
        message = (
            WriteSingleCoilRequest(address=address, bits=bits)
            if len(words) == 1
            else WriteMultipleCoilsRequest(address=address, bits=bits)
        )
    else:
        raise ValueError(f"{table} cannot be written")
    return Request(table, address, len(words), message.function_code, _bytes(message), 5, is_write=True)


def answer_words(request: Request, pdu: bytes, who: str) -> tuple[int, ...]:
    """Return the words of a matching answer; writes give an empty tuple.

    Raises ``RefusedError`` for a Modbus exception and ``BadAnswerError`` for anything that is not this request's
    answer: wrong function, wrong length, a byte count that lies, another address echoed.
    """
    if len(pdu) == 2 and pdu[0] == request.function | 0x80:
        raise refusal(request, pdu[1], who)
    if not pdu or pdu[0] != request.function:
        got = f"function {pdu[0]}" if pdu else "nothing"
        raise BadAnswerError(f"{who} answered {got} when function {request.function} was asked.")
    if len(pdu) != request.data_length:
        raise BadAnswerError(f"{who} answered {len(pdu)} bytes when {request.data_length} were due.")
    if request.is_write:
        if pdu[1:5] != request.pdu[1:5]:
            raise BadAnswerError(f"{who} confirmed another write than the one sent.")
        return ()
    if pdu[1] != len(pdu) - 2:
        raise BadAnswerError(f"{who} announced {pdu[1]} bytes and sent {len(pdu) - 2}.")
    if request.table in (Table.HOLDING, Table.INPUT):
        return struct.unpack(f">{request.count}H", pdu[2:])
    return tuple(pdu[2 + i // 8] >> (i % 8) & 1 for i in range(request.count))


def refusal(request: Request, code: int, who: str) -> RefusedError:
    """Return the error for a Modbus exception code (application protocol 1.1b3, section 7)."""
    meaning, hint = _EXCEPTIONS.get(code, ("a code that the standard does not know", "Look at the device's manual."))
    return RefusedError(f"{who} refused {request.describe()}: {meaning} (exception {code}).", code, hint)


def rtu_frame(unit_id: int, pdu: bytes) -> bytes:
    """Return unit, PDU and checksum as they go over a serial line (Modbus over serial line 1.02, 2.5.1)."""
    body = bytes([unit_id]) + pdu
    return body + checksum(body)


def checksum(body: bytes) -> bytes:
    """Return the CRC-16 of a frame in wire order."""
    return FramerRTU.compute_CRC(body).to_bytes(2, "big")


def _bytes(message: ModbusPDU) -> bytes:
    return bytes([message.function_code]) + message.encode()
