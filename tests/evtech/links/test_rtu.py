"""The RTU master against a line with faults: a wrong value is never accepted.

The line is a fake port whose device answers by a script of delays and bytes; the master's own thread and clock are
real, with a timeout of 60 ms.
"""

import random
import struct
from collections.abc import AsyncIterator

import pytest

from evtech.errors import BadAnswerError, NoAnswerError, RefusedError
from evtech.links.link import Table
from evtech.links.pdu import rtu_frame
from evtech.links.rtu import RtuLink
from tests.evtech.links.faulty_line import TIMEOUT, FaultyLine, Script, once, read_many, true_answer


@pytest.fixture
def line() -> FaultyLine:
    return FaultyLine()


@pytest.fixture
async def link(line: FaultyLine) -> AsyncIterator[RtuLink]:
    made = RtuLink(line, "test 115200 8N1", baud=115200, timeout=TIMEOUT)
    await made.open()
    yield made
    await made.close()


NOISE = b"\x00\xff\x41"
FAULTS: dict[str, Script] = {
    "stray byte before": lambda r: [(0.0, NOISE[:1] + true_answer(r))],
    "three stray bytes before": lambda r: [(0.0, NOISE + true_answer(r))],
    "stray byte after": lambda r: [(0.0, true_answer(r)), (0.02, b"\x55")],
    "crc": lambda r: [(0.0, true_answer(r)[:-1] + b"\x00")],
    "truncated": lambda r: [(0.0, true_answer(r)[:-3])],
    "silence": lambda r: [],
    "split": lambda r: [(0.0, true_answer(r)[:4]), (0.02, true_answer(r)[4:])],
    "other unit in front": lambda r: [(0.0, rtu_frame(2, b"\x03\x02\x12\x34") + true_answer(r))],
    "echo in front": lambda r: [(0.0, r + true_answer(r))],
    "only echo": lambda r: [(0.0, r)],
    "late 1.05": lambda r: [(1.05 * TIMEOUT, true_answer(r))],
    "late 1.4": lambda r: [(1.4 * TIMEOUT, true_answer(r))],
    "late 2.2": lambda r: [(2.2 * TIMEOUT, true_answer(r))],
    "doubled at once": lambda r: [(0.0, true_answer(r) * 2)],
    "doubled 15 ms later": lambda r: [(0.0, true_answer(r)), (0.015, true_answer(r))],
    "doubled 40 ms later": lambda r: [(0.0, true_answer(r)), (0.040, true_answer(r))],
    "function 4": lambda r: [(0.0, true_answer(r[:1] + b"\x04" + r[2:]))],
    "one register fewer": lambda r: [(0.0, rtu_frame(1, b"\x03\x02\x12\x34"))],
    "one register more": lambda r: [(0.0, true_answer(r[:4] + struct.pack(">H", r[5] + 1)))],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_never_gives_a_wrong_value(line: FaultyLine, link: RtuLink, fault: str) -> None:
    line.script = once(FAULTS[fault])

    right, failed = await read_many(link, [(10, 2), (20, 2), (30, 2), (40, 2), (50, 2)])

    # one fault costs at most the request it hit and one more exchange
    assert failed <= 2
    assert right >= 3


@pytest.mark.parametrize("fault", ["stray byte before", "three stray bytes before", "other unit in front"])
async def test_noise_before_an_answer_costs_no_request(line: FaultyLine, link: RtuLink, fault: str) -> None:
    line.script = once(FAULTS[fault])

    assert await read_many(link, [(10, 2), (20, 2)]) == (2, 0)
    assert link.statistics.dropped_bytes > 0


@pytest.mark.parametrize("seed", range(8))
async def test_random_faults_never_give_a_wrong_value(line: FaultyLine, link: RtuLink, seed: int) -> None:
    chance = random.Random(seed)

    def script(request: bytes) -> list[tuple[float, bytes]]:
        wire = 0.010  # 20 bytes at 19200 baud: a double is seen as long as it comes within the next four reads
        if chance.random() < 0.6:
            return [(wire, true_answer(request))]
        kind = chance.choice(["late", "double", "noise", "cut", "silence"])
        if kind == "late":
            return [(chance.uniform(0.8, 2.5) * TIMEOUT, true_answer(request))]
        if kind == "double":
            return [(wire, true_answer(request)), (wire + chance.uniform(0, 0.04), true_answer(request))]
        if kind == "noise":
            return [(wire, chance.randbytes(chance.randint(1, 9)) + true_answer(request))]
        return [(wire, true_answer(request)[: chance.randint(1, 6)])] if kind == "cut" else []

    line.script = script
    right, _ = await read_many(link, [(chance.randrange(1000), chance.choice([1, 2, 2, 2, 4])) for _ in range(25)])

    assert right > 0


async def test_a_refusal_is_told_from_silence(line: FaultyLine, link: RtuLink) -> None:
    line.script = lambda request: [(0.0, rtu_frame(1, b"\x83\x02"))]
    with pytest.raises(RefusedError, match="no such register"):
        await link.read(1, Table.HOLDING, 5, 1)

    line.script = lambda request: []
    with pytest.raises(NoAnswerError, match=r"Unit 9 on test 115200 8N1 did not answer within 0\.06 s"):
        await link.read(9, Table.HOLDING, 5, 1)


async def test_garbage_is_called_what_it_likely_is(line: FaultyLine, link: RtuLink) -> None:
    line.script = lambda request: [(0.0, b"\xfe\x80\x00\x78\xf8")]

    with pytest.raises(BadAnswerError) as caught:
        await link.read(1, Table.HOLDING, 5, 1)
    assert "baud rate" in caught.value.hint


async def test_a_write_is_never_sent_twice(line: FaultyLine, link: RtuLink) -> None:
    line.script = lambda request: []
    link.writes_allowed = True
    with pytest.raises(NoAnswerError):
        await link.write(1, Table.HOLDING, 5, (6000,))

    assert len(line.requests) == 1


async def test_no_request_leaves_before_the_silence(line: FaultyLine, link: RtuLink) -> None:
    await read_many(link, [(n, 2) for n in range(20)])

    assert link.statistics.early_requests == 0
