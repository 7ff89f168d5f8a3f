"""Register images worked out by hand, in a strict libmodbus server: evtech's own encoder has no part in them."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Image = list[str]
Begin = Callable[[Image, list[str]], int]


def u32(value: int) -> list[int]:
    return [value >> 16, value & 0xFFFF]


def low_first(value: int) -> list[int]:
    return [value & 0xFFFF, value >> 16 & 0xFFFF]


def f32(value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(">f", value)))


def f64(value: float) -> list[int]:
    return list(struct.unpack(">4H", struct.pack(">d", value)))


def text(value: str, count: int) -> list[int]:
    return list(struct.unpack(f">{count}H", value.encode().ljust(2 * count, b"\0")))


def image(unit: int, table: str, registers: dict[int, list[int]]) -> Image:
    return [f"{unit} {table} {start + i} {word}" for start, words in registers.items() for i, word in enumerate(words)]


KEBA = ["rule 2 0 2", *image(255, "holding", {
    1000: u32(3), 1004: u32(7), 1006: u32(0), 1008: u32(15987), 1010: u32(15901), 1012: u32(16010),
    1014: u32(17619300), 1016: u32(314211), 1018: [0x030A, 0x1C00], 1020: u32(11_031_500), 1036: u32(123_456_789),
    1040: u32(230), 1042: u32(231), 1044: u32(229), 1046: u32(998), 1100: u32(16000), 1110: u32(32000),
    1500: [0xDEAD, 0xBEEF], 1502: u32(41_173), 1550: u32(3), 1552: u32(1), 1600: u32(6000), 1602: u32(30),
})]  # fmt: skip
ALFEN = ["fill 65535", *image(200, "holding", {
    100: text("ALF_1000", 17), 117: text("Alfen NV", 5), 122: [1], 123: text("6.4.0-4210", 17), 140: text("NG910", 17),
    157: text("ACE0123456", 11), 168: [2026, 3, 1, 12, 30, 45], 174: [0, 0, 0x0001, 0xE240], 178: [0xFFC4],
    1100: f32(32.0), 1102: f32(31.5), 1104: [1], 1105: [2],
}), *image(2, "holding", {
    300: [2, 0, 0, 0, 250, 0], 306: f32(230.5), 308: f32(231.25), 310: f32(229.75), 320: f32(15.5), 326: f32(46.5),
    344: f32(10_718.25), 374: f64(1_234_567.25), 1200: [1], 1201: text("C2", 5), 1206: f32(16.0), 1208: u32(55),
    1210: f32(16.0), 1212: f32(6.0), 1214: [1], 1215: [3],
}), *image(1, "holding", {1200: [1], 1201: text("A", 5), 374: f64(5.0)})]  # fmt: skip
SDM630 = ["rule 60 1 0", *image(1, "input", {
    0: f32(230.25), 2: f32(231.5), 4: f32(229.125), 6: f32(16.0), 52: f32(-11_000.5), 70: f32(50.0),
    72: f32(1234.5), 74: f32(7.25), 342: f32(1241.75),
}), *image(1, "holding", {64512: u32(3_000_123_456), 64514: [0x0070]})]  # fmt: skip
EM340 = ["rule 50 0 0", *image(1, "input", {
    0: low_first(2305), 2: low_first(2310), 4: low_first(0x7FFFFFFF), 12: low_first(15987), 18: low_first(-36_000),
    40: low_first(-110_315), 46: [0xFC18, 999, 998], 49: [0xFC18], 50: [0xFFFF], 51: [500], 52: low_first(123_456),
    78: low_first(789), 770: [2], 771: [0], 20480: text("KZ1234567890AB", 7),
})]  # fmt: skip
HEIDELBERG = ["rule 17 0 0", *image(1, "input", {
    4: [0x0108, 7, 160, 159, 161, 0xFFCE, 230, 231, 229, 1, 11_000], 15: u32(70_000), 17: u32(1_234_567),
    100: [16, 6], 102: text("HEIDELBERG Energy Control 2019 0123456789", 32), 200: [1], 203: [300],
}), *image(1, "holding", {257: [15000], 258: [4], 259: [1], 261: [160], 262: [60]})]  # fmt: skip


@pytest.fixture
def begin(libmodbus_server: Path) -> Iterator[Begin]:
    running: list[subprocess.Popen[str]] = []

    def start(lines: Image, words: list[str]) -> int:
        server = subprocess.Popen([libmodbus_server, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(server)
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("\n".join([*lines, "end", ""]))
        server.stdin.flush()
        return int(server.stdout.readline().split()[1])

    yield start
    for server in running:
        server.kill()
        server.communicate()


def evtech(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "evtech", *words], capture_output=True, text=True, check=False)


def read(*words: str) -> dict[str, Any]:
    done = evtech("read", *words, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def expect(answer: dict[str, Any], values: dict[str, object]) -> None:
    for name, wanted in values.items():
        point = answer["points"][name]
        assert point["value"] == (pytest.approx(wanted, rel=1e-9) if isinstance(wanted, float) else wanted), name
        assert point["quality"] == ("missing" if wanted is None else "good"), name
        assert (wanted is None) == ("reason" in point), name


def test_a_keba_that_refuses_blocks(begin: Begin) -> None:
    answer = read(f"tcp://127.0.0.1:{begin(KEBA, ['tcp'])}")

    assert answer["device"] == {
        "profile": "keba-kecontact-p30", "vendor": "KEBA", "model": "KeContact P30", "serial_number": "17619300",
        "firmware_version": "3.10.28",
    }  # fmt: skip
    assert (answer["state"]["pilot"], answer["state"]["phase"], answer["state"]["raw"]) == ("C2", "CHARGING", "3")
    expect(answer, {
        "current_l1": 15.987, "power_total": 11031.5, "energy_total": 12_345_678.9, "power_factor_total": 0.998,
        "session_energy": 4117.3, "voltage_l2": 231, "failsafe_timeout": 30, "max_current": 32.0,
    })  # fmt: skip
    assert answer["points"]["rfid_tag"]["text"] == "DEADBEEF"
    assert answer["points"]["energy_total"]["raw"] == [1883, 52501]
    assert "current_limit" not in answer["points"]


def test_an_alfen_with_two_sockets_and_a_station(begin: Begin) -> None:
    port = begin(ALFEN, ["tcp"])

    right, left = read(f"tcp://127.0.0.1:{port}?unit=2"), read(f"tcp://127.0.0.1:{port}")

    assert (right["state"]["pilot"], left["state"]["pilot"]) == ("C2", "A1")
    assert right["device"]["serial_number"] == "ACE0123456"
    expect(right, {
        "energy_total": 1_234_567.25, "voltage_l3": 229.75, "current_l1": 15.5, "current_l2": None, "uptime": 123.456,
        "time_zone_offset": -3600, "manufacturer": "Alfen NV", "meter_age": 0.25, "setpoint_valid_time": 55,
        "temperature": 31.5, "connector_count": 2, "phase_switch": 3,
    })  # fmt: skip
    expect(left, {"energy_total": 5.0, "voltage_l1": None, "connector_count": 2})


def test_an_sdm630_that_takes_even_reads_only(begin: Begin) -> None:
    answer = read(f"tcp://127.0.0.1:{begin(SDM630, ['tcp'])}?unit=1")

    assert (answer["state"], answer["errors"]) == (None, [])
    assert answer["device"]["serial_number"] == "3000123456"
    expect(answer, {
        "voltage_l3": 229.125, "power_total": -11000.5, "energy_import_total": 1_234_500.0, "frequency": 50.0,
        "energy_export_total": 7250.0, "energy_total": 1_241_750.0, "product_code": 0x70,
    })  # fmt: skip


@pytest.mark.parametrize("way", ["tcp", "rtu"])
def test_an_em340_with_the_low_word_first(begin: Begin, pty_pair: tuple[str, str], way: str) -> None:
    port = begin(EM340, ["tcp"] if way == "tcp" else ["rtu", pty_pair[0], "9600", "1"])
    link = f"tcp://127.0.0.1:{port}?unit=1" if way == "tcp" else f"rtu://{pty_pair[1]}?baud=9600&parity=N"

    answer = read(link, "--profile", "carlo-gavazzi-em340")

    assert answer["device"]["serial_number"] == "KZ1234567890AB"
    expect(answer, {
        "voltage_l1": 230.5, "voltage_l3": None, "current_l1": 15.987, "power_l1": -3600.0, "power_total": -11031.5,
        "power_factor_l1": -1.0, "phase_sequence": -1, "frequency": 50.0, "energy_import_total": 12_345_600.0,
        "energy_export_total": 78_900.0,
    })  # fmt: skip
    assert answer["points"]["firmware_version"]["text"] == "C"
    assert answer["points"]["phase_sequence"]["text"] == "L1-L3-L2"


def test_a_heidelberg_that_gives_17_registers_at_once(begin: Begin) -> None:
    answer = read(f"tcp://127.0.0.1:{begin(HEIDELBERG, ['tcp'])}", "--profile", "heidelberg-energy-control")

    assert answer["state"] == {"pilot": "C2", "phase": "CHARGING", "raw": "7", "text": "charging released"}
    expect(answer, {
        "temperature": -5.0, "apparent_power_total": 11_000, "apparent_energy_since_power_on": 70_000,
        "apparent_energy_total": 1_234_567, "logistic_string": "HEIDELBERG Energy Control 2019 0123456789",
        "failsafe_timeout": 15.0, "current_limit": 16.0,
    })  # fmt: skip
    assert answer["points"]["modbus_table_version"]["text"] == "1.0.8"
    assert answer["points"]["state"]["text"] == "C2"
    assert answer["points"]["apparent_power_total"]["unit"] == "VA"


def test_monitor_over_a_serial_line_says_the_same(begin: Begin, pty_pair: tuple[str, str]) -> None:
    begin(SDM630, ["rtu", pty_pair[0], "9600", "1"])

    link = f"rtu://{pty_pair[1]}?baud=9600&parity=N&unit=1"
    done = evtech("--json", "monitor", link, "--profile", "eastron-sdm630", "--duration", "4", "--interval", "1")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    samples = [line for line in lines if line["type"] == "sample"]
    assert done.returncode == 0, done.stderr
    assert samples
    assert all(line["values"]["power_total"] == -11000.5 for line in samples)
    assert all(line["values"]["energy_import_total"] == 1_234_500.0 for line in samples)
    assert (lines[-1]["type"], lines[-1]["failed"]) == ("summary", 0)
