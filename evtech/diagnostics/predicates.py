"""Evaluates predicate trees over signals, at every sample at once, with three values: true, false, unknown.

A missing signal makes its leaf unknown, never false. ``for_s`` asks that a leaf has held without a gap for so long;
``window_s`` is given to the signal, which counts or aggregates over that window.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evtech.diagnostics.trace import Floats

Bools = npt.NDArray[np.bool_]
EQUAL_WITHIN = 0.25  # currents and limits are compared as numbers that were measured or rounded


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal at every sample: numbers (NaN = unknown), or words ("" = unknown).

    ``point`` is where it comes from; a ``steady`` one was told once and holds for as long as anybody asks.
    """

    numbers: Floats | None = None
    words: npt.NDArray[np.str_] | None = None
    point: str = ""
    steady: bool = False


Lookup = Callable[[str, float | None], Signal | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A tree's value at every sample, and the leaves it came from."""

    true: Bools
    unknown: Bools
    leaves: tuple[tuple[Mapping[str, Any], Bools], ...] = ()


def evaluate(node: Mapping[str, Any], lookup: Lookup, times: Floats, *, holding: bool = True) -> Outcome:
    """Return the value of a predicate tree at every time; without ``holding`` as if no leaf had to last."""
    if "all" in node:
        parts = [evaluate(child, lookup, times, holding=holding) for child in node["all"]]
        true = np.logical_and.reduce([p.true for p in parts])
        false = np.logical_or.reduce([~p.true & ~p.unknown for p in parts])
        return Outcome(true, ~true & ~false, tuple(leaf for p in parts for leaf in p.leaves))
    if "any" in node:
        parts = [evaluate(child, lookup, times, holding=holding) for child in node["any"]]
        true = np.logical_or.reduce([p.true for p in parts])
        unknown = np.logical_or.reduce([p.unknown for p in parts])
        # a leaf proves something only where its own branch holds
        leaves = tuple((leaf, held & p.true) for p in parts for leaf, held in p.leaves)
        return Outcome(true, ~true & unknown, leaves)
    if "not" in node:
        inner = evaluate(node["not"], lookup, times, holding=holding)
        return Outcome(~inner.true & ~inner.unknown, inner.unknown)
    return _leaf(node, lookup, times, node.get("for_s", 0) if holding else 0)


def _leaf(node: Mapping[str, Any], lookup: Lookup, times: Floats, seconds: float) -> Outcome:
    count = len(times)
    signal = lookup(node["signal"], node.get("window_s"))
    if node["op"] == "missing":
        return _missing(node, signal, times, seconds)
    if signal is None:
        return Outcome(np.zeros(count, bool), np.ones(count, bool))
    compare = _words if signal.words is not None else _numbers
    true, unknown = compare(signal, node, lookup, times)
    held = true if signal.steady else _held(true, times, seconds)
    # what is true but not yet for long enough is false; an unknown sample breaks the run
    return Outcome(held, unknown, ((node, held),))


def _missing(node: Mapping[str, Any], signal: Signal | None, times: Floats, seconds: float) -> Outcome:
    """Judge an absence. One that must last is a loss: what was never there has not been lost, which is unknown."""
    true = np.ones(len(times), bool) if signal is None else _absent(signal)
    unknown = np.zeros(len(times), bool)
    if "for_s" in node:
        unknown = np.asarray(np.logical_and.accumulate(true))
        true = true & ~unknown
    held = _held(true, times, seconds)
    return Outcome(held, unknown, ((node, held),))


def _absent(signal: Signal) -> Bools:
    if signal.words is not None:
        return np.asarray(signal.words == "")
    assert signal.numbers is not None
    return np.isnan(signal.numbers)


def _words(signal: Signal, node: Mapping[str, Any], lookup: Lookup, times: Floats) -> tuple[Bools, Bools]:
    """Compare words; a pilot letter without its digit is unknown where the digit decides."""
    assert signal.words is not None
    op, value = node["op"], node["value"]
    if isinstance(value, Mapping):
        other = lookup(value["ref"], None)
        if other is None or other.words is None:
            return np.zeros(len(times), bool), np.ones(len(times), bool)
        untold = np.asarray((signal.words == "") | (other.words == ""))
        same = np.asarray(signal.words == other.words)
        return (~same if op == "!=" else same) & ~untold, untold
    allowed = [str(v) for v in value] if op == "in" else [str(value)]
    words = signal.words
    unknown = np.asarray(words == "")
    hit = np.isin(words, allowed)
    for letter in "ABCD":
        bare = np.asarray(words == letter)
        if bare.any():
            has = [f"{letter}{digit}" in allowed for digit in "12"]
            hit |= bare & all(has)
            unknown |= bare & (any(has) and not all(has))
    if op == "!=":
        return ~hit & ~unknown, unknown
    return hit & ~unknown, unknown


def _numbers(signal: Signal, node: Mapping[str, Any], lookup: Lookup, times: Floats) -> tuple[Bools, Bools]:
    assert signal.numbers is not None
    x = signal.numbers
    op, value = node["op"], node["value"]
    unknown = np.isnan(x)
    limit: Any = float(value) if isinstance(value, bool | int | float) else value
    if isinstance(value, Mapping):
        other = lookup(value["ref"], None)
        if other is None or other.numbers is None:
            return np.zeros(len(x), bool), np.ones(len(x), bool)
        limit = other.numbers * value.get("k", 1.0) + value.get("plus", 0.0)
        unknown = unknown | np.isnan(limit)
    with np.errstate(invalid="ignore"):
        true = _compare(x, op, limit, times)
    return true & ~unknown, unknown


def _compare(x: Floats, op: str, limit: Any, times: Floats) -> Bools:
    """Return a comparison at every sample; ``limit`` is a number, an array, a pair or a list of pairs."""
    simple: dict[str, Callable[[], Any]] = {
        "==": lambda: np.abs(x - limit) <= EQUAL_WITHIN,
        "!=": lambda: np.abs(x - limit) > EQUAL_WITHIN,
        "<": lambda: x < limit,
        "<=": lambda: x <= limit,
        ">": lambda: x > limit,
        ">=": lambda: x >= limit,
        "in": lambda: np.isin(x, np.array(limit, np.float64)),
        "between": lambda: (x >= limit[0]) & (x <= limit[1]),
        "outside": lambda: (x < limit[0]) | (x > limit[1]),
        "in_bands": lambda: np.logical_or.reduce([(x >= low) & (x <= high) for low, high in limit]),
        "abs_gt": lambda: np.abs(x) > limit,
        "rate_gt": lambda: (
            np.abs(np.diff(x, prepend=x[:1])) / np.maximum(np.diff(times, prepend=times[0] - 1), 1e-3) > limit
        ),
    }
    return np.asarray(simple[op](), bool)


def _held(true: Bools, times: Floats, seconds: float) -> Bools:
    """Return where a condition has been true without a gap for so long."""
    if seconds <= 0 or not true.any():
        return true
    starts = run_starts(true, times)
    return true & (times - np.where(true, times[starts], times) >= seconds - 1e-9)


def run_starts(true: Bools, times: Floats) -> npt.NDArray[np.int64]:
    """Return for each sample where its run of the same value began; a gap in the samples begins a new run."""
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 1.0
    fresh = np.ones(len(true), bool)
    fresh[1:] = (true[1:] != true[:-1]) | (steps > max(5 * usual, 10.0))
    return np.asarray(np.maximum.accumulate(np.where(fresh, np.arange(len(true)), 0)), np.int64)
