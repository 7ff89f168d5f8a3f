"""A register is followed through overflow, restart and glitches; what is counted is never wrong without a word."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtech.devices.profile import DataType, Point
from evtech.links.link import Table
from evtech.monitor.energy import EnergyRegister

POINT = Point("energy_total", Table.HOLDING, 0, 2, DataType.UINT32, scale=0.1, unit="Wh", resolution=0.1)


def follow(values: Iterable[float | None], point: Point = POINT) -> EnergyRegister:
    register = EnergyRegister(point)
    for second, value in enumerate(values):
        register.take(value, float(second))
    return register


def test_the_difference_is_counted() -> None:
    register = follow([1000.0, 1003.0, None, 1009.0])

    assert (register.first, register.last, register.counted) == (1000.0, 1009.0, 9.0)
    assert register.notes == []


def test_an_overflow_is_carried_on() -> None:
    top = 2**32 * 0.1

    register = follow([top - 6, top - 3, 0.0, 3.0])

    assert register.counted == pytest.approx(9.0)
    assert "ran over" in register.notes[0]


def test_a_restart_is_summed_over_its_rising_parts() -> None:
    register = follow([1000.0, 1100.0, 0.0, 50.0, 60.0])

    assert register.counted == 160.0
    assert "fell back" in register.notes[0]


def test_a_restart_of_a_young_register_that_climbs_past_its_old_value_stays_a_restart() -> None:
    register = follow([0.0, 50.0, 0.0, 10.0, 20.0, 30.0, 40.0, 49.0, 58.0])

    assert register.counted == 108.0


@pytest.mark.parametrize("glitch", [0.0, 17.0, 999_999_999.0])
def test_one_wrong_value_counts_nothing(glitch: float) -> None:
    register = follow([1_284_500.0, 1_284_503.0, glitch, 1_284_509.0, 1_284_512.0])

    assert register.counted == pytest.approx(12.0)


def test_a_register_that_was_set_anew_is_said_so_and_not_counted() -> None:
    register = follow([1000.0, 1003.0, 900_000.0, 900_003.0, 900_006.0])

    assert register.counted == pytest.approx(6.0)
    assert "jumped" in register.notes[0]


def test_a_session_counter_that_starts_anew_is_no_restart() -> None:
    counter = replace(POINT, name="session_energy")

    register = follow([8000.0, 0.0, 5.0, 12.0], counter)

    assert (register.first, register.counted, register.notes) == (0.0, 12.0, [])


def test_jitter_of_the_last_digit_adds_nothing_up() -> None:
    assert follow([1000.0, 1000.1, 1000.0, 1000.1, 1000.0, 1000.1]).counted == pytest.approx(0.1)


def test_a_register_brought_up_to_date_late_counts_at_once() -> None:
    register = EnergyRegister(POINT)
    register.take(1000.0, 0.0)
    register.take(3750.0, 1.0)  # a quarter of an hour at 11 kW

    assert register.counted == 2750.0


@given(st.lists(st.floats(0, 4e8, allow_nan=False), max_size=60))
def test_what_is_counted_never_falls_below_zero(values: list[float]) -> None:
    assert follow(values).counted >= 0.0
