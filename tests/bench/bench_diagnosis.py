"""One live pass of the diagnosis over the newest ten minutes, against the period at which it runs.

Run with ``python -m tests.bench.bench_diagnosis``. The target is 20 ms a pass for one device at 1 Hz: 2 % of the time.
"""

import time

import numpy as np

from evtech.diagnostics.engine import diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.trace import Trace
from tests.evtech.diagnostics.station import Station, plug, record

TEXTS = {"state": "cp_state", "sw_cmd": "relay_command", "fault": "error_code", "auth_state": "auth_state"}


def window(seconds: int) -> Trace:
    """Return a window with 30 points, as the monitor hands it over."""
    from evtech.diagnostics.columns import column_name

    rows = record(Station(step=0.5), [(60, plug)], seconds)
    names = {title: column_name(title) or title for title in rows[0] if title != "time"}
    numbers = {names[t]: np.array([float(r[t]) for r in rows]) for t in names if t not in TEXTS}
    texts = {TEXTS[t]: np.array([str(r[t]) for r in rows]) for t in TEXTS}
    return Trace(np.array([r["time"] for r in rows]) + 1.77e9, numbers, texts)


def median_pass(trace: Trace, passes: int = 21) -> float:
    """Return the median time of one pass (s)."""
    found = []
    for _ in range(passes):
        begin = time.perf_counter()
        diagnose(Evidence(trace))
        found.append(time.perf_counter() - begin)
    return float(np.median(found))


if __name__ == "__main__":
    small, large = window(600), window(3600)
    one, six = median_pass(small), median_pass(large, 9)
    print(f"{len(small)} samples x {len(small.numbers) + len(small.texts)} points: {one * 1000:.1f} ms a pass")
    print(f"  share of the period of 1 s: {one:.1%} (target 2 %); an hour's window costs {six / one:.1f} times that")
