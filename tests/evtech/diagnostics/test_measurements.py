"""Guided measurements are data: bands without holes, causes that exist, names that the manual lists."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtech.diagnostics.guided import check_answers
from evtech.diagnostics.knowledge import faults
from evtech.diagnostics.measurements import measurements
from evtech.diagnostics.routine import Verdict
from evtech.diagnostics.routines import ROUTINES
from evtech.errors import InputError

MANUAL = (Path(__file__).parents[3] / "docs" / "manual.md").read_text("utf-8")


@pytest.mark.parametrize("name", list(measurements()))
def test_bands_rise_end_open_and_name_what_exists(name: str) -> None:
    measurement = measurements()[name]
    limits = [band.upto for band in measurement.bands if band.choice is None]

    assert limits == sorted(limits, key=lambda limit: math.inf if limit is None else limit)
    assert not limits or limits[-1] is None
    for band in measurement.bands:
        assert band.fault is None or band.fault in faults()
        if band.favours:
            fault, cause = band.favours
            assert cause in {c.cause for c in faults()[fault].causes}
    assert {band.choice for band in measurement.bands} - {None} <= set(measurement.question.choices)


def test_every_question_of_every_routine_is_in_the_manual() -> None:
    asked = {question.name for routine in ROUTINES for question in routine.questions}

    assert asked >= set(measurements())
    assert [name for name in asked if f"`{name}`" not in MANUAL] == []


@given(st.floats(0, 1e7))
def test_every_resistance_of_a_bus_is_judged(ohm: float) -> None:
    band = measurements()["ab_resistance_ohm"].band(ohm)

    assert band is not None
    assert (band.verdict is Verdict.PASS) == (54.9 < ohm <= 65)


def test_the_table_of_a_facts_file_is_checked() -> None:
    assert check_answers({"ab_resistance_ohm": "open", "vehicle": "blue", "breaker_curve": "c"}) == ["vehicle"]
    for wrong in ({"pe_continuity_ohm": -1}, {"breaker_curve": "Z"}, {"standby_w": "much"}, {"ambient_c": [1]}):
        with pytest.raises(InputError):
            check_answers(wrong)
