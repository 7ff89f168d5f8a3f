"""Faults beyond the first list, for maps where reads cannot vary in length: the worst case of a line without ids."""

import random
import struct
from collections.abc import AsyncIterator

import pytest

from evtech.errors import DeviceError, RefusedError
from evtech.links.framing import AsciiFraming
from evtech.links.link import Table
from evtech.links.pdu import rtu_frame
from evtech.links.rtu import RtuLink
from tests.evtech.links.faulty_line import TIMEOUT, FaultyLine, Script, once, read_many, true_answer

REFUSAL = rtu_frame(1, b"\x83\x02")
ALIKE = [(10, 2), (20, 2), (30, 2), (40, 2), (50, 2), (60, 2)]


@pytest.fixture
def line() -> FaultyLine:
    return FaultyLine()


@pytest.fixture
async def link(line: FaultyLine) -> AsyncIterator[RtuLink]:
    made = RtuLink(line, "test 115200 8N1", baud=115200, timeout=TIMEOUT)
    await made.open()
    yield made
    await made.close()


def flipped(frame: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if bit // 8 == i else 0) for i, byte in enumerate(frame))


WORSE: dict[str, Script] = {
    "doubled 15 ms later": lambda r: [(0.0, true_answer(r)), (0.015, true_answer(r))],
    "doubled 40 ms later": lambda r: [(0.0, true_answer(r)), (0.040, true_answer(r))],
    "tripled": lambda r: [(0.01 * n, true_answer(r)) for n in range(3)],
    "late 1.4": lambda r: [(1.4 * TIMEOUT, true_answer(r))],
    "late 2.2": lambda r: [(2.2 * TIMEOUT, true_answer(r))],
    "late and doubled": lambda r: [(1.2 * TIMEOUT, true_answer(r)), (1.9 * TIMEOUT, true_answer(r))],
    "refusal doubled": lambda r: [(0.0, REFUSAL), (0.02, REFUSAL)],
    "refusal after the answer": lambda r: [(0.0, true_answer(r)), (0.02, REFUSAL)],
    "answer after the refusal": lambda r: [(0.0, REFUSAL), (0.02, true_answer(r))],
    "answer split over the timeout": lambda r: [(0.0, true_answer(r)[:5]), (1.1 * TIMEOUT, true_answer(r)[5:])],
    "own answer glued to another unit's": lambda r: [(0.0, true_answer(b"\x02" + r[1:]) + true_answer(r))],
    "another unit's alone": lambda r: [(0.0, true_answer(b"\x02" + r[1:]))],
    "another function glued in front": lambda r: [(0.0, rtu_frame(1, b"\x04\x04\xde\xad\xbe\xef") + true_answer(r))],
    "cut copy in front": lambda r: [(0.0, true_answer(r)[:6] + true_answer(r))],
    "byte count lies": lambda r: [(0.0, rtu_frame(1, b"\x03\x04" + b"\x12\x34" * 3))],
    "a second master's question": lambda r: [(0.0, rtu_frame(1, b"\x03\x00\x01\x00\x02") + true_answer(r))],
    **{f"bit {bit} flipped": lambda r, bit=bit: [(0.0, flipped(true_answer(r), bit))] for bit in range(0, 72, 5)},
}


@pytest.mark.parametrize("fault", WORSE)
async def test_reads_that_look_alike_get_no_wrong_value(line: FaultyLine, link: RtuLink, fault: str) -> None:
    line.script = once(WORSE[fault], delay=0.025)  # slow enough that a double comes while the next one is awaited

    right, failed = await read_many(link, ALIKE, spare=0)

    assert failed <= 2
    assert right >= 4


@pytest.mark.parametrize("seed", range(6))
async def test_answers_out_of_order_give_no_wrong_value(line: FaultyLine, link: RtuLink, seed: int) -> None:
    chance = random.Random(seed)

    def script(request: bytes) -> list[tuple[float, bytes]]:
        if chance.random() < 0.7:
            return [(0.004, true_answer(request))]
        delay = chance.uniform(0.5, 2.9) * TIMEOUT  # a gateway that does not keep the order
        return [(delay, true_answer(request))] if chance.random() < 0.7 else [(delay, REFUSAL)]

    line.script = script
    right, _ = await read_many(link, [(chance.randrange(1000), 2) for _ in range(18)], spare=0)

    assert right > 0


async def test_a_late_refusal_refuses_nobody_else(line: FaultyLine, link: RtuLink) -> None:
    line.script = once(lambda request: [(1.3 * TIMEOUT, REFUSAL)])
    with pytest.raises(DeviceError):
        await link.read(1, Table.HOLDING, 10, 2)

    assert (await link.read(1, Table.HOLDING, 20, 4)).words == (140, 147, 154, 161)


async def test_a_refusal_long_after_a_silence_is_believed_again(line: FaultyLine, link: RtuLink) -> None:
    line.script = once(lambda request: [])
    with pytest.raises(DeviceError):
        await link.read(1, Table.HOLDING, 10, 2)
    for address in range(20, 26):
        await link.read(1, Table.HOLDING, address, 2)  # look-alikes: they wait until the silence is too old

    line.script = lambda request: [(0.0, REFUSAL)]
    with pytest.raises(RefusedError):
        await link.read(1, Table.HOLDING, 30, 2)


async def test_the_same_registers_are_read_without_a_pause(line: FaultyLine, link: RtuLink) -> None:
    answers = [await link.read(1, Table.HOLDING, 10, 2) for _ in range(10)]

    assert link._silence_until < answers[0].asked  # no answer asked for a silence before the next request


async def test_ascii_frames_carry_the_same_values(line: FaultyLine) -> None:
    framing = AsciiFraming()

    def script(request: bytes) -> list[tuple[float, bytes]]:
        assert (request[:1], request[-2:]) == (b":", b"\r\n")
        body = bytes.fromhex(request[1:-4].decode())
        assert framing.frame(body[0], body[1:]) == request
        good = framing.frame(1, true_answer(rtu_frame(body[0], body[1:]))[1:-2])
        return [(0.0, b":0103zz\r\n:" + good[:6] + good[:-4] + b"00\r\n" + good)]

    line.script = script
    link = RtuLink(line, "test 9600 7E1 ASCII", baud=9600, timeout=0.3, framing=framing)
    await link.open()
    try:
        assert (await link.read(1, Table.HOLDING, 10, 3)).words == (70, 77, 84)
    finally:
        await link.close()


def test_an_ascii_frame_is_the_one_of_the_standard() -> None:
    # Modbus over serial line 1.02, appendix: LRC is the two's complement of the sum of the bytes
    assert AsciiFraming().frame(0x11, struct.pack(">BHH", 3, 0x6B, 3)) == b":1103006B00037E\r\n"
