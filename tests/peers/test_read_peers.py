"""evtech reads a server that is built on libmodbus: every value of four products, over TCP and over a serial line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evtech.devices.encoding import encode
from evtech.devices.library import Library
from evtech.devices.profile import DataType, Point, Profile

Start = Callable[[Profile, list[str]], int]


def value_for(point: Point, index: int) -> float | str:
    if point.type is DataType.TEXT:
        return f"T{index}"[: point.count * 2]
    if point.values:
        return next(number for number in point.values if number >= 0)
    raw = {"V": 230.0, "A": 12.0, "Wh": 123_456.0, "W": 2_750.0}.get(point.unit, 3.0 + index % 5)
    steps = round(raw / point.scale)
    return float(f"{steps * point.scale:.12g}")


def hides_another(profile: Profile, point: Point) -> bool:
    """Tell whether a code lies on another value's word: a plain register image cannot hold both."""
    others = (p for p in profile.points.values() if p is not point and p.table is point.table)
    return point.alone and any(p.address <= point.address < p.address + p.count for p in others)


@pytest.fixture
def start(libmodbus_server: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(profile: Profile, words: list[str]) -> int:
        server = subprocess.Popen([libmodbus_server, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(server)
        assert server.stdin is not None
        assert server.stdout is not None
        for index, point in enumerate(p for p in profile.points.values() if p.readable):
            if hides_another(profile, point):
                continue
            unit = profile.unit_id if point.unit_id is None else point.unit_id
            for i, word in enumerate(encode(point, value_for(point, index))):
                server.stdin.write(f"{unit} {point.table} {point.address + i} {word}\n")
        server.stdin.write("end\n")
        server.stdin.flush()
        return int(server.stdout.readline().split()[1])

    yield begin
    for server in running:
        server.kill()
        server.communicate()


def read_json(link: str, profile: str) -> dict[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "evtech", "read", link, "--profile", profile, "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    points: dict[str, dict[str, object]] = json.loads(done.stdout)["points"]
    return points


def check(profile: Profile, points: dict[str, dict[str, object]]) -> None:
    readable = [p for p in profile.points.values() if p.readable]
    assert set(points) == {p.name for p in readable}
    for index, point in enumerate(readable):
        if hides_another(profile, point):
            continue
        wanted = value_for(point, index)
        got = points[point.name]["value"]
        assert got == (wanted if isinstance(wanted, str) else pytest.approx(wanted, rel=1e-6)), point.name


@pytest.mark.parametrize(
    "profile_id",
    ["keba-kecontact-p30", "alfen-ng9xx", "eastron-sdm630", "carlo-gavazzi-em340", "heidelberg-energy-control"],
)
def test_every_value_is_right_over_tcp(start: Start, profile_id: str) -> None:
    profile = Library().find(profile_id)
    port = start(profile, ["tcp"])

    check(profile, read_json(f"tcp://127.0.0.1:{port}?unit={profile.unit_id}", profile_id))


@pytest.mark.parametrize("profile_id", ["eastron-sdm630", "carlo-gavazzi-em340"])
def test_every_value_is_right_over_a_serial_line(start: Start, pty_pair: tuple[str, str], profile_id: str) -> None:
    profile = Library().find(profile_id)
    start(profile, ["rtu", pty_pair[0], "9600", str(profile.unit_id)])

    check(profile, read_json(f"rtu://{pty_pair[1]}?baud=9600&parity=N&unit={profile.unit_id}", profile_id))
