"""A recording of what was just watched: readings become a trace, so that live and recorded give the same answer."""

from collections.abc import Sequence

import numpy as np

from evtech.diagnostics.columns import TEXT_POINTS
from evtech.diagnostics.trace import Trace
from evtech.measure.sample import ActiveError, Reading


def trace_of(readings: Sequence[Reading]) -> Trace:
    """Return readings as columns; the pilot state comes from the profile's rules, faults as their codes."""
    names = {name for reading in readings for name in reading.samples}
    numbers = {}
    for name in names - TEXT_POINTS:
        column = [reading.number(name) for reading in readings]
        numbers[name] = np.array([np.nan if value is None else value for value in column])
    states = [reading.state.pilot or "" if reading.state else "" for reading in readings]
    codes = [code_of(reading.errors[0]) if reading.errors else "0" for reading in readings]
    texts = {"cp_state": np.array(states), "error_code": np.array(codes)}
    for name in names & (TEXT_POINTS - {"cp_state", "error_code"}):
        words = [word_of(reading, name) for reading in readings]
        texts[name] = np.array(words)
    times = np.array([reading.time.timestamp() for reading in readings])
    return Trace(times, {n: c for n, c in numbers.items() if not np.isnan(c).all()}, texts)


def code_of(error: ActiveError) -> str:
    """Return a code as the register holds it: a bit's number is not the value of its word."""
    return error.raw if error.code.isdigit() and int(error.code) != int(error.raw, 16) else error.code


def word_of(reading: Reading, name: str) -> str:
    """Return a point's word, empty where it has none."""
    sample = reading.samples.get(name)
    if sample is None or sample.value is None:
        return ""
    return sample.text or str(sample.value)
