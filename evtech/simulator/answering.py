"""From a request's bytes to an answer's bytes, as the simulated device would give it."""

import struct

from evtech.errors import RefusedError
from evtech.links.link import Table
from evtech.simulator.simulation import Simulation

_TABLES = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}


def read_words(simulation: Simulation, unit_id: int, table: Table, address: int, count: int) -> tuple[int, ...]:
    """Return present words; raise ``RefusedError`` (code 11 for a unit that is not there)."""
    simulation.advance()
    return simulation.image.read(_unit(simulation, unit_id), table, address, count)


def write_words(simulation: Simulation, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
    """Write words to a writable point; raise ``RefusedError``."""
    simulation.advance()
    point = simulation.image.find_writable(_unit(simulation, unit_id), table, address, len(words))
    value = simulation.image.write(point, words)
    if value is not None:
        simulation.apply_write(point.name, value)


def answer_pdu(simulation: Simulation, unit_id: int, pdu: bytes) -> bytes:
    """Return the answer to a request PDU; a refusal is an exception PDU (application protocol 1.1b3, section 7)."""
    function = pdu[0]
    try:
        return bytes([function]) + _answer(simulation, unit_id, function, pdu)
    except RefusedError as error:
        return bytes([function | 0x80, error.code])
    except (struct.error, IndexError):
        return bytes([function | 0x80, 3])


def _answer(simulation: Simulation, unit_id: int, function: int, pdu: bytes) -> bytes:
    if function in _TABLES:
        address, count = struct.unpack(">HH", pdu[1:5])
        if not 1 <= count <= 125:
            raise RefusedError("count not allowed", 3)
        words = read_words(simulation, unit_id, _TABLES[function], address, count)
        return struct.pack(f">B{count}H", 2 * count, *words)
    if function == 6:
        address, word = struct.unpack(">HH", pdu[1:5])
        write_words(simulation, unit_id, Table.HOLDING, address, (word,))
        return pdu[1:5]
    if function == 16:
        address, count, size = struct.unpack(">HHB", pdu[1:6])
        if size != 2 * count or len(pdu) != 6 + size:
            raise RefusedError("lengths do not agree", 3)
        write_words(simulation, unit_id, Table.HOLDING, address, struct.unpack(f">{count}H", pdu[6:]))
        return pdu[1:5]
    raise RefusedError("function not offered", 1)


def _unit(simulation: Simulation, unit_id: int) -> int | None:
    """Return the image's unit: ``None`` for the unit of the link; raise ``RefusedError`` for one that is not there."""
    if unit_id in simulation.image.fixed_units:
        return unit_id
    if unit_id == simulation.profile.unit_id:
        return None
    raise RefusedError("no such unit", 11)
