"""The window of the newest readings is the same trace as one made of the readings at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evtech.diagnostics.live import trace_of
from evtech.diagnostics.window import Window
from evtech.measure.sample import ActiveError, ChargerState, Reading, Sample, SessionPhase

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def reading(second: int) -> Reading:
    samples = {"current_l1": Sample("current_l1", float(second), "A")}
    if second % 3:
        samples["relay_state"] = Sample("relay_state", 1, "", text="closed")
    state = ChargerState("C2" if second % 2 else "B2", SessionPhase.CHARGING, "3", "charging")
    errors = (ActiveError("17", "0x11", None, "fault"),) if second % 50 == 7 else ()
    return Reading(START + timedelta(seconds=second), float(second), samples, state, errors)


@pytest.mark.parametrize("count", [1, 99, 100, 199, 200, 201, 755])
def test_it_holds_the_newest_readings_as_columns(count: int) -> None:
    window = Window(span_s=1e9, most=100)
    readings = [reading(second) for second in range(count)]
    for one in readings:
        window.add(one)

    got, wanted = window.trace(), trace_of(readings[-100:])

    np.testing.assert_array_equal(got.times, wanted.times)
    np.testing.assert_array_equal(got.numbers["current_l1"], wanted.numbers["current_l1"])
    for name in wanted.texts:
        assert got.texts[name].tolist() == wanted.texts[name].tolist()


def test_it_holds_no_more_than_its_span_and_can_begin_later() -> None:
    window = Window(span_s=10, most=100)
    for second in range(60):
        window.add(reading(second))

    assert len(window.trace()) == 11
    assert len(window.trace(START + timedelta(seconds=57))) == 3


def test_it_is_empty_before_the_first_reading() -> None:
    assert len(Window().trace()) == 0
