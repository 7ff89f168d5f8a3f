"""A plot reads few values of a long history and loses no spike and no gap."""

from datetime import UTC, datetime

import numpy as np

from evtech.measure.history import History
from evtech.measure.sample import Reading, Sample


def reading(at: float, volts: float | None) -> Reading:
    sample = Sample("voltage_l1", volts, "V")
    return Reading(datetime.fromtimestamp(at, UTC), at, {"voltage_l1": sample})


def test_a_short_history_is_read_as_it_is() -> None:
    history = History(["voltage_l1"])
    for second in range(10):
        history.append(reading(1000.0 + second, 230 + second))

    times, values = history.window("voltage_l1", 1002, 1005, 500)

    assert list(times) == [1001, 1002, 1003, 1004, 1005, 1006]
    assert values[1] == 232


def test_a_spike_in_a_million_samples_is_seen() -> None:
    history = History(["voltage_l1"])
    values = np.full((1_000_000, 1), 230, np.float32)
    values[654_321] = 260
    history.extend(np.arange(600_000, dtype=float), values[:600_000])
    history.extend(np.arange(600_000, 1_000_000, dtype=float), values[600_000:])

    times, seen = history.window("voltage_l1", 0, 1_000_000, 800)

    assert len(times) < 10_000
    assert seen.max() == 260
    assert abs(times[int(seen.argmax())] - 654_321) < 5000


def test_the_pyramid_equals_the_plain_extremes_however_rows_come() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(5000, 1)).astype(np.float32)
    history = History(["p"])
    start = 0
    while start < len(values):
        size = int(random.integers(1, 400))
        part = values[start : start + size]
        history.extend(np.arange(start, start + len(part), dtype=float), part)
        start += size

    _, seen = history.window("p", 0, 5000, 20)

    assert seen.min() == values.min()
    assert seen.max() == values.max()


def test_a_gap_breaks_the_curve() -> None:
    history = History(["voltage_l1"])
    history.append(reading(1000, 230))
    history.gap(datetime.fromtimestamp(1000, UTC), datetime.fromtimestamp(1010, UTC))
    history.append(reading(1010, 231))

    _, values = history.window("voltage_l1", 1000, 1010, 100)

    assert np.isnan(values[1])
    assert history.latest("voltage_l1") == 231
