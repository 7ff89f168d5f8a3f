"""mbpoll reads our simulator and sees what evtech means."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def simulator(request: pytest.FixtureRequest) -> Iterator[str]:
    words = ["--json", "simulate", *request.param]
    process = subprocess.Popen([sys.executable, "-m", "evtech", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["link"]
    process.terminate()
    process.communicate()


def mbpoll(*words: str) -> list[int]:
    if shutil.which("mbpoll") is None:
        pytest.skip("mbpoll is missing")
    done = subprocess.run(["mbpoll", "-0", "-1", *words], capture_output=True, text=True)
    return [int(word) for word in re.findall(r"^\[\d+\]:\s+(\d+)", done.stdout, re.M)]


@pytest.mark.parametrize("simulator", [["keba-kecontact-p30", "--tcp", "0"]], indirect=True)
def test_mbpoll_sees_the_serial_number_over_tcp(simulator: str) -> None:
    port = re.search(r":(\d+)\?", simulator)
    assert port is not None

    words = mbpoll("-m", "tcp", "-p", port[1], "-a", "255", "-t", "4", "-r", "1014", "-c", "2", "127.0.0.1")

    assert words[0] << 16 | words[1] == 20260001


def test_mbpoll_sees_the_voltage_over_a_serial_line(pty_pair: tuple[str, str]) -> None:
    words = [sys.executable, "-m", "evtech", "--json", "simulate", "heidelberg-energy-control", "--serial", pty_pair[0]]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        line = ["-m", "rtu", "-b", "19200", "-P", "none", "-a", "1", "-t", "3", "-r", "10", "-c", "3", pty_pair[1]]

        voltages = mbpoll(*line)
        process.terminate()

    assert len(voltages) == 3
    assert all(225 <= volts <= 236 for volts in voltages)
