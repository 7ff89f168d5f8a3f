"""Communication without a profile, on real sockets and pseudo terminals: each bad habit is told by its name."""

import asyncio
import struct
from pathlib import Path

import pytest

from evtech.diagnostics.bench import Bench, RealClock
from evtech.diagnostics.engine import diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.link_facts import only_link
from evtech.diagnostics.named import with_routines
from evtech.diagnostics.routine import RoutineResult, Verdict
from evtech.diagnostics.routines import find_routines
from evtech.diagnostics.runner import run_routines
from evtech.links.address import parse_address
from evtech.links.opening import make_link
from tests.evtech.diagnostics.bad_servers import ALWAYS, BadBus, BadTcp, frame, words_pdu

READS = {1, 2, 3, 4}


class QuickClock(RealClock):
    """Real time with pauses cut short: a rhythm of seconds is not what these tests are about."""

    def __init__(self, most: float = 0.002) -> None:
        self._most = most

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, self._most))


class SkippingClock(QuickClock):
    """A clock that runs ahead by what was not slept."""

    def __init__(self, most: float = 0.002) -> None:
        super().__init__(most)
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    async def sleep(self, seconds: float) -> None:
        self._ahead += max(0.0, seconds - self._most)
        await super().sleep(seconds)


async def probe(name: str, address: str, most: float = 0.002) -> RoutineResult:
    parsed = parse_address(address)
    link = make_link(parsed)
    bench = Bench(link=link, address=parsed, clock=SkippingClock(most), quick_s=10)
    try:
        return (await run_routines(find_routines([name]), bench))[0]
    finally:
        await link.close()


async def test_a_closed_port_is_refused_and_says_that_the_host_is_there() -> None:
    async with BadTcp(lambda *_: None) as server:
        port = server.port
    result = await probe("R02", f"tcp://127.0.0.1:{port}?unit=1")

    assert result.verdict is Verdict.FAIL
    assert result.measured["connection"] == "refused"
    assert "COM-TCP-UNREACHABLE" in result.faults


async def test_a_connection_closed_at_once_is_taken_by_another_client() -> None:
    async with BadTcp(lambda *_: b"", hang_up_at_once=True, timeout=ALWAYS) as server:
        result = await probe("R02", server.address)

    assert result.measured["connection"] == "taken"
    assert ("COM-TCP-UNREACHABLE", "Another client holds the only connection") in result.favours


async def test_a_server_that_never_answers_is_no_reply() -> None:
    async with BadTcp(lambda *_: None) as server:
        result = await probe("R02", server.address)
        seen = len(server.requests)

    assert list(result.faults) == ["COM-TCP-NO-REPLY"]
    assert seen < 60
    assert {pdu[0] for _, pdu in server.requests} <= READS


async def test_a_wrong_unit_is_told_with_the_right_one() -> None:
    async with BadTcp(lambda unit, pdu, _: words_pdu(pdu) if unit == 5 else None) as server:
        result = await probe("R02", server.address)

    assert "Unit 1 does not answer; these do: 5" in result.reason
    assert ("COM-TCP-NO-REPLY", "The unit id is another one") in result.favours


async def test_a_server_that_hangs_up_now_and_then_is_dropped() -> None:
    async with BadTcp(lambda _, pdu, n: b"" if n % 9 == 0 else words_pdu(pdu), timeout=ALWAYS) as server:
        result = await probe("R02", server.address)

    assert "dropped" in result.reason
    assert "COM-INTERMITTENT" in result.faults


@pytest.mark.parametrize("name", ["R01", "R02"])
async def test_a_storm_of_exceptions_is_told_with_its_code(name: str) -> None:
    async with BadTcp(lambda _, pdu, n: bytes([pdu[0] | 0x80, 6]), timeout=ALWAYS) as server:
        result = await probe(name, server.address)

    assert result.verdict is Verdict.FAIL
    assert "COM-EXCEPTION" in result.faults


async def test_a_sound_server_passes_and_says_what_that_proves() -> None:
    async with BadTcp(lambda _, pdu, n: words_pdu(pdu), timeout=ALWAYS) as server:
        result = await probe("R01", server.address)

    assert result.verdict is Verdict.PASS
    assert "proves only under" in result.reason
    assert len(server.requests) <= 300
    assert {pdu[0] for _, pdu in server.requests} <= READS


async def test_lost_answers_are_counted() -> None:
    async with BadTcp(lambda _, pdu, n: None if n % 8 == 0 else words_pdu(pdu)) as server:
        result = await probe("R01", server.address)

    assert result.verdict is Verdict.FAIL
    assert "COM-INTERMITTENT" in result.faults


async def test_the_former_link_is_open_again_after_a_sweep() -> None:
    async with BadTcp(lambda _, pdu, n: words_pdu(pdu), timeout=ALWAYS) as server:
        parsed = parse_address(server.address)
        link = make_link(parsed)
        await link.open()
        bench = Bench(link=link, address=parsed, clock=SkippingClock())
        await run_routines(find_routines(["R02"]), bench)

        assert link.is_open
        await link.close()


# ---- serial, 8N1: a pseudo terminal keeps no parity ----


async def test_a_silent_bus_is_swept_and_told(tmp_path: Path) -> None:
    async with BadBus(tmp_path / "bus", lambda *_: None) as bus:
        result = await probe("R02", bus.address)

    assert list(result.faults) == ["COM-RTU-SILENT"]
    assert "Not one byte" in result.reason
    assert len(bus.requests) < 60


async def test_a_wrong_speed_is_found(tmp_path: Path) -> None:
    async with BadBus(tmp_path / "bus", lambda u, pdu, _: frame(u, words_pdu(pdu)), baud=38400) as bus:
        result = await probe("R02", bus.address)

    assert result.measured["settings"].startswith("38400")
    assert "answers at 38400" in result.reason


async def test_swapped_wires_are_told_by_inverted_bytes(tmp_path: Path) -> None:
    def inverted(unit: int, pdu: bytes, _: int) -> bytes:
        return bytes(byte ^ 0xFF for byte in frame(unit, words_pdu(pdu)))

    async with BadBus(tmp_path / "bus", inverted) as bus:
        result = await probe("R02", bus.address)

    assert result.measured["guess"] == "inverted"
    assert "A and B are probably swapped" in result.reason


async def test_bytes_without_a_frame_speak_for_the_settings(tmp_path: Path) -> None:
    async with BadBus(tmp_path / "bus", lambda *_: bytes([0x31, 0x9C, 0x55, 0x7A, 0x42, 0x18])) as bus:
        result = await probe("R02", bus.address)

    assert result.measured["guess"] == "settings"


async def test_ascii_framing_is_told(tmp_path: Path) -> None:
    async with BadBus(tmp_path / "bus", lambda *_: b":010302E61400\r\n") as bus:
        result = await probe("R02", bus.address)

    assert result.measured["guess"] == "ascii"


async def test_two_devices_with_one_id_are_told(tmp_path: Path) -> None:
    def two(unit: int, pdu: bytes, _: int) -> bytes | None:
        both = frame(unit, words_pdu(pdu, 230)) + frame(unit, words_pdu(pdu, 231))
        return both if unit == 1 else None

    async with BadBus(tmp_path / "bus", two) as bus:
        result = await probe("R02", bus.address)

    assert "Two devices share this id" in result.reason
    assert "COM-DUP-ID" in result.faults


async def test_a_collision_on_one_id_is_told(tmp_path: Path) -> None:
    def garbled(unit: int, pdu: bytes, number: int) -> bytes | None:
        good = frame(unit, words_pdu(pdu))
        both = bytes(a & b for a, b in zip(good, b"\x01\x03\x00\xaa\x0f\x55\x33", strict=False))
        return None if unit != 1 else both if number % 5 in (0, 2) else good

    async with BadBus(tmp_path / "bus", garbled) as bus:
        result = await probe("R02", bus.address)

    assert "COM-DUP-ID" in result.faults


async def test_a_second_master_is_heard_before_anything_is_asked(tmp_path: Path) -> None:
    async with BadBus(tmp_path / "bus", lambda u, pdu, _: frame(u, words_pdu(pdu)) if u == 1 else None) as bus:

        async def master() -> None:
            while True:
                bus.say(frame(7, struct.pack(">BHH", 3, 100, 2)) + frame(7, bytes([3, 4, 0, 1, 0, 2])))
                await asyncio.sleep(0.05)

        other = asyncio.ensure_future(master())
        result = await probe("R02", bus.address, most=0.1)
        other.cancel()

    assert "a second master is on the bus" in result.reason
    assert "COM-SECOND-MASTER" in result.faults


async def test_noise_on_the_bus_is_counted(tmp_path: Path) -> None:
    def noisy(unit: int, pdu: bytes, number: int) -> bytes | None:
        good = bytearray(frame(unit, words_pdu(pdu)))
        if number % 10 == 0:
            good[3] ^= 0x10
        return bytes(good) if unit == 1 else None

    async with BadBus(tmp_path / "bus", noisy) as bus:
        result = await probe("R01", bus.address)

    assert result.verdict is Verdict.FAIL
    assert "COM-CRC-NOISE" in result.faults


async def test_what_probing_names_becomes_a_finding_with_its_cause_first() -> None:
    async with BadTcp(lambda *_: b"", hang_up_at_once=True, timeout=ALWAYS) as server:
        result = await probe("R02", server.address)
    evidence = Evidence(only_link(), Facts())

    found = diagnose(evidence, None, lambda f: with_routines(f, evidence, [result], asked=True))

    assert found.findings[0].fault.id == "COM-TCP-UNREACHABLE"
    assert found.findings[0].causes[0].cause == "Another client holds the only connection"
