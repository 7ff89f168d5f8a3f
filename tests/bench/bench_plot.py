"""A frame of the live plots with 6 curves over a short and over a very long history."""

import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from evtech.measure.history import History
from ui.app import make_application
from ui.widgets.plots import Plots

NAMES = ["voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "power_total"]


def history(count: int) -> History:
    """Return a history of six noisy curves."""
    source = np.random.default_rng(1)
    made = History(NAMES)
    for first in range(0, count, 200_000):
        size = min(200_000, count - first)
        made.extend(np.arange(first, first + size) * 0.1, source.normal(230, 1, (size, len(NAMES))).astype(np.float32))
    return made


def frame(plots: Plots, source: History, count: int) -> float:
    """Return the time of one frame: pull, set, paint (s)."""
    started = time.perf_counter()
    plots.redraw(source.window, 0.0, count * 0.1)
    plots.grab()
    return time.perf_counter() - started


def main() -> None:
    """Print medians and their ratio."""
    make_application()
    plots = Plots(set(NAMES))
    plots.resize(1200, 600)
    plots.show()
    counts = (1_000, 100_000, 10_000_000)
    sources = {count: history(count) for count in counts}
    times: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(25):
        for count, source in sources.items():
            times[count].append(frame(plots, source, count))
    for count, found in times.items():
        print(f"{count:>10} points a curve: {statistics.median(found) * 1000:.1f} ms a frame")
    ratios = [b / a for a, b in zip(times[counts[0]], times[counts[-1]], strict=True)]
    print(f"10^7 / 10^3: {statistics.median(ratios):.2f} (goal at most 1.6)")


if __name__ == "__main__":
    main()
