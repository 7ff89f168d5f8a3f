"""Recorded frames become a file that tshark dissects as Modbus."""

import asyncio
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.devices.library import Library
from evtech.errors import InputError
from evtech.links.pcapng import framing_of, pcapng
from evtech.links.pdu import rtu_frame
from evtech.links.traffic import Frame, Traffic
from evtech.simulator.server import TcpServer
from evtech.simulator.simulation import Simulation

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASK, ANSWER = bytes.fromhex("04 0012 0002"), bytes.fromhex("04 04 0001 e240")
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is missing")


def frames(*parts: tuple[bool, bytes]) -> list[Frame]:
    return [Frame(START + timedelta(milliseconds=i), sent, data) for i, (sent, data) in enumerate(parts)]


def mbap(number: int, pdu: bytes) -> bytes:
    return number.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + b"\x07" + pdu


def ascii_frame(body: bytes) -> bytes:
    return b":" + (body + bytes([-sum(body) & 0xFF])).hex().upper().encode() + b"\r\n"


PAIRS = {
    "tcp": [(True, mbap(9, ASK)), (False, mbap(9, ANSWER))],
    "rtu": [(True, rtu_frame(7, ASK)), (False, rtu_frame(7, ANSWER))],
    "ascii": [(True, ascii_frame(b"\x07" + ASK)), (False, ascii_frame(b"\x07" + ANSWER))],
}


def dissected(path: Path, *fields: str) -> list[list[str]]:
    words = ["tshark", "-r", str(path), "-T", "fields", *(word for name in fields for word in ("-e", name))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@needs_tshark
@pytest.mark.parametrize("framing", PAIRS)
def test_tshark_sees_question_and_answer(framing: str, tmp_path: Path) -> None:
    (tmp_path / "t.pcapng").write_bytes(pcapng(frames(*PAIRS[framing]), framing, "COM4"))

    ask, answer = dissected(
        tmp_path / "t.pcapng", "frame.time_epoch", "_ws.col.Protocol", "mbtcp.unit_id", "modbus.func_code",
        "modbus.reference_num", "modbus.regval_uint16", "_ws.expert.severity",
    )  # fmt: skip

    assert ask[0].startswith(f"{START.timestamp():.0f}.000")
    assert ask[1:5] == ["Modbus/TCP", "7", "4", "18"]
    assert answer[1:4] == ["Modbus/TCP", "7", "4"]
    assert answer[5] == "1,57920"
    assert {ask[6], answer[6]} <= {"", "1048576"}  # nothing worse than the packet's comment


@needs_tshark
def test_what_is_no_frame_stays_as_it_was_and_disturbs_nothing(tmp_path: Path) -> None:
    noise = rtu_frame(7, ANSWER)[:-1] + b"\0"
    (tmp_path / "t.pcapng").write_bytes(pcapng(frames((True, rtu_frame(7, ASK)), (False, noise), *PAIRS["rtu"]), "rtu"))

    rows = dissected(tmp_path / "t.pcapng", "_ws.col.Protocol", "tcp.payload", "frame.comment")

    assert [row[0] for row in rows] == ["Modbus/TCP", "TCP", "Modbus/TCP", "Modbus/TCP"]
    assert rows[1][1:] == [noise.hex(), "no whole RTU frame"]


@needs_tshark
def test_the_checksums_of_ip_and_tcp_hold(tmp_path: Path) -> None:
    (tmp_path / "t.pcapng").write_bytes(pcapng(frames(*PAIRS["tcp"]), "tcp"))
    words = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]

    said = subprocess.run(
        ["tshark", *words, "-r", str(tmp_path / "t.pcapng"), "-V"], capture_output=True, text=True, check=True
    ).stdout

    assert said.count("[correct]") >= 2
    assert "incorrect" not in said


def test_a_link_without_modbus_is_refused() -> None:
    with pytest.raises(InputError, match="rapi"):
        framing_of("rapi")


def test_a_tap_hears_what_comes_after_it() -> None:
    heard: list[Frame] = []
    traffic = Traffic()
    traffic.add(True, b"1")
    traffic.tap = heard.append
    traffic.add(False, b"2")

    assert [frame.data for frame in heard] == [b"2"]


@needs_tshark
async def test_a_watch_writes_its_frames(tmp_path: Path) -> None:
    server = TcpServer(Simulation(Library().find("keba-kecontact-p30")))
    await server.start("127.0.0.1", 0)
    words = ["monitor", f"tcp://127.0.0.1:{server.port}?unit=255", "--profile", "keba-kecontact-p30"]
    words += ["--duration", "1.5", "--pcapng", str(tmp_path / "t.pcapng")]
    watch = await asyncio.create_subprocess_exec(sys.executable, "-m", "evtech", *words, stdout=subprocess.DEVNULL)

    assert await watch.wait() == 0
    await server.close()
    rows = dissected(tmp_path / "t.pcapng", "_ws.col.Protocol", "modbus.response_time")
    assert len(rows) > 10
    assert {row[0] for row in rows} == {"Modbus/TCP"}
    assert sum(bool(row[1]) for row in rows) >= len(rows) // 2 - 1  # each answer is matched with its question
