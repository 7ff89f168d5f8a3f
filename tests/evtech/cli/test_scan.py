"""``evtech scan`` writes JSON lines, refuses what is not the user's to scan, and ends with a summary."""

import json
import subprocess
import sys


def scan(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evtech", "--json", "scan", *words], capture_output=True, text=True, check=False
    )


def test_nothing_found_is_a_negative_result_with_a_summary() -> None:
    done = scan("network", "127.0.0.1:1")

    line = json.loads(done.stdout)
    assert (line["type"], line["probed"], line["found"]) == ("summary", 1, 0)
    assert line["seconds"] >= 0
    assert done.returncode == 1


def test_wrong_words_and_public_addresses_are_refused() -> None:
    for words in (["8.8.8.8"], ["127.0.0.1", "--units", "1,900"], ["127.0.0.1", "--timeout", "0"], ["127.0.0.1:x"]):
        done = scan("network", *words)

        assert (done.returncode, done.stdout) == (2, ""), words
        assert "Traceback" not in done.stderr


def test_a_missing_port_is_no_connection() -> None:
    done = scan("serial", "/dev/no-such-port")

    assert done.returncode == 3
    assert "There is no port" in done.stderr
