"""Start-up: ``--version`` beside ``python -c pass``, and our window beside a bare QtWidgets window; medians of 9."""

import os
import statistics
import subprocess
import sys
import tempfile
import time

BARE = "from PySide6.QtWidgets import *; a = QApplication([]); w = QMainWindow(); w.show(); a.processEvents()"
SHELL = "from ui.app import make_application, open_shell; a = make_application(); w = open_shell(a)"
USABLE = (
    "from ui.app import make_application, open_shell; a = make_application(); s = open_shell(a);"
    "from evtech.workbench import Workbench; from ui.main_window import MainWindow; from ui.theme import load_fonts;"
    "import sys, os; w = MainWindow(Workbench(sys.argv[1]), load_fonts()); w.show(); a.processEvents(); os._exit(0)"
)


def run(words: list[str]) -> float:
    """Return how long a whole process takes (s)."""
    started = time.perf_counter()
    subprocess.run(words, check=True, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, capture_output=True)
    return time.perf_counter() - started


def paired(one: list[str], other: list[str]) -> tuple[float, float]:
    """Return the medians of two commands run in turn (ms)."""
    rounds = [(run(one), run(other)) for _ in range(9)]
    return statistics.median(a for a, _ in rounds) * 1000, statistics.median(b for _, b in rounds) * 1000


def main() -> None:
    """Print medians and goals."""
    version, nothing = paired([sys.executable, "-m", "evtech", "--version"], [sys.executable, "-c", "pass"])
    print(f"--version {version:.0f} ms, python -c pass {nothing:.0f} ms (goal at most {1.5 * nothing + 50:.0f} ms)")
    shell, bare = paired([sys.executable, "-c", SHELL], [sys.executable, "-c", BARE])
    print(f"window visible {shell:.0f} ms, bare window {bare:.0f} ms: ratio {shell / bare:.2f} (goal at most 1.5)")
    with tempfile.TemporaryDirectory() as folder:
        usable, bare = paired([sys.executable, "-c", USABLE, f"{folder}/a.evtech"], [sys.executable, "-c", BARE])
    print(f"window usable {usable:.0f} ms, bare window {bare:.0f} ms: ratio {usable / bare:.2f}")


if __name__ == "__main__":
    main()
