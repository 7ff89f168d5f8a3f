"""The columns say what a slow count of each session says, for whatever records there are."""

from collections.abc import Iterable
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.insights import anomalies as rules
from evtech.insights import intervals
from evtech.insights.anomalies import Anomaly, session_anomalies
from evtech.insights.attempts import Attempts
from evtech.insights.intervals import Interval
from evtech.insights.overview import Overview, overview
from evtech.insights.picture import (
    behind_cause,
    behind_downtime,
    behind_hour,
    behind_span,
    behind_stretch,
    picture,
)
from evtech.insights.rates import rate
from evtech.insights.records import Attempt, Port, Records
from evtech.insights.ribbon import DOWN, EXCUSED, FREE, IN_USE, UNKNOWN
from evtech.insights.states import States
from evtech.insights.statistics import modified_z, trailing_z
from evtech.insights.success import chained
from tests.evtech.insights import made_up, plain

Made = tuple[Records, Interval, float]
made = made_up.records()
often, seldom = settings(max_examples=60, deadline=None), settings(max_examples=20, deadline=None)
some_spans = st.lists(made_up.spans(0.0), max_size=12)


def near(value: object) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9) if value is not None else None


def bare(attempts: Iterable[Attempt]) -> list[tuple[object, ...]]:
    """Return attempts to compare: an empty text is none."""
    return [tuple(value or None for value in astuple(each)) for each in attempts]


def of_port(records: Records, name: str, period: Interval) -> list[Attempt]:
    return [a for a in records.attempts if a.port == name and a.first < period[1] and a.end >= period[0]]


@often
@given(some_spans, some_spans, made_up.spans(0.0))
def test_the_algebra_of_time(first: list[Interval], second: list[Interval], period: Interval) -> None:
    a, b = plain.union(first), plain.union(second)

    assert intervals.union(first) == a
    assert intervals.clip(first, period) == plain.clip(first, period)
    assert intervals.intersect(a, b) == plain.intersect(a, b)
    assert intervals.subtract(a, b) == plain.subtract(a, b)
    assert intervals.measure(a) == near(plain.minutes(a))


@often
@given(some_spans, some_spans)
def test_each_piece_knows_whose_it_is(first: list[Interval], second: list[Interval]) -> None:
    taken = plain.union(second)
    inside, of = intervals.pieces(first, taken)
    outside, of_outside = intervals.rest(first, taken)

    for i, span in enumerate(first):
        own = [span] if span[1] > span[0] else []
        assert inside.take(of == i) == plain.intersect(own, taken)
        assert outside.take(of_outside == i) == plain.subtract(own, taken)


@often
@given(made)
def test_columns_give_back_what_they_were_made_from(records: Made) -> None:
    found = records[0]

    assert list(Attempts.of(found.attempts)) == list(found.attempts)
    assert Attempts.of(found.attempts)[:3].ids() == {a.session_id for a in found.attempts[:3]}
    assert list(States.of(found.states or ())) == list(found.states or ())
    for attempt, start, end, span in zip(
        found.attempts, Attempts.of(found.attempts).start, Attempts.of(found.attempts).end,
        Attempts.of(found.attempts).energy_span, strict=True,
    ):  # fmt: skip
        assert (attempt.start, attempt.end) == (start, end)
        assert attempt.energy_span == (None if np.isnan(span[0]) else span)


@often
@given(made)
def test_success_of_all_and_of_each_port(records: Made) -> None:
    found, period, now = records
    counted = overview(found, period, now)
    began = [a for a in found.attempts if period[0] <= a.start < period[1]]
    tries = {name: plain.chained(a for a in began if a.port == name) for name in found.ports}
    everything = sorted((a for own in tries.values() for a in own), key=lambda a: a.start)

    for said, own in ((counted.success, everything), *((counted.success_by_port[n], t) for n, t in tries.items())):
        assert said.attempts == len(own)
        for name, (k, n) in plain.counts(own, found.ports).items():
            assert getattr(said, name) == rate(k, n), name
        waited, wrong = plain.waits(own)
        assert (said.start_time_median_s, said.data_errors) == (near(plain.middle(waited)), wrong)
    assert [bare(own) for own in counted.tries.values()] == [bare(own) for own in tries.values()]
    failed = [plain.failure_cause(a) for a in began if a.is_judged and not plain.is_success(a)]
    assert counted.failures == {cause: failed.count(cause) for cause in failed}


@often
@given(st.lists(made_up.attempts(1.7e9), max_size=12))
def test_quick_retries_are_joined_however_long_the_chain(rows: list[Attempt]) -> None:
    retries = [replace(a, port="A", token="t", is_judged=True) for a in rows]

    assert bare(chained(Attempts.of(retries))[0]) == bare(plain.chained(retries))


@seldom
@given(made)
def test_time_and_energy_of_each_port(records: Made) -> None:
    found, period, now = records
    counted = overview(found, period, now)

    for name, port in found.ports.items():
        own, down = of_port(found, name, period), plain.downtime(found, port, period, now)
        said = counted.uses[name].down
        assert (said is None) == (down is None)
        for kind, spans in (down or {}).items():
            assert getattr(said, kind) == spans, kind
        seen, use = plain.exposed(port, period), counted.utilisation[name]
        whole = plain.minutes(seen)
        occupied = plain.minutes(plain.intersect(plain.union(map(plain.plugged, own)), seen))
        flowed = [a.energy_span for a in own if a.energy_span is not None]
        charging = plain.minutes(plain.intersect(plain.union(flowed), seen))
        assert use.kwh == near(sum(plain.kwh_inside(a, period) for a in own))
        assert use.time_plugged_pct == near(100 * occupied / whole if whole > 0 else None)
        assert use.time_charging_pct == near(100 * charging / whole if whole > 0 else None)
        began = [a for a in own if period[0] <= a.start < period[1]]
        assert use.sessions == sum(a.has_started for a in began)
        peak = max((a.peak_kw for a in began if a.peak_kw is not None), default=None)
        assert use.peak_to_rated_pct == near(100 * peak / port.rated_kw if peak is not None and port.rated_kw else None)
        _compare_week(counted, name, own, down, period)


def _compare_week(counted: Overview, name: str, own: list[Attempt], down: object, period: Interval) -> None:
    port, week = counted.records.ports[name], counted.week_by_port[name]
    up = plain.opened(port, period, down)  # type: ignore[arg-type]
    used = plain.intersect(plain.union((a.start, a.end) for a in own), up)
    close = {"rel": 1e-9, "abs": 1e-7}  # the running sum of energy that was stated a thousandfold rounds
    assert week.kwh.tolist() == pytest.approx(plain.week_sums(plain.energy_spans(own), period, port.timezone), **close)
    assert week.occupied_h.tolist() == near(plain.week_sums(plain.hours(used), period, port.timezone))
    assert week.exposure_h.tolist() == near(plain.week_sums(plain.hours(up), period, port.timezone))


@seldom
@given(made)
def test_the_peak_is_the_highest_quarter_of_all_ports_together(records: Made) -> None:
    found, period, now = records
    said = overview(found, period, now).demand
    grid = plain.quarters(period)
    loads = {n: plain.spread(plain.energy_spans(of_port(found, n, period)), grid) for n in found.ports}
    kw = [4 * sum(load[i] for load in loads.values()) for i in range(len(grid) - 1)]

    if said.peak_kw is None:
        assert max(kw) == pytest.approx(0, abs=1e-6)
    else:
        at = next(i for i, start in enumerate(grid) if start // 900 * 900 == said.at)
        assert kw[at] == pytest.approx(max(kw), rel=1e-9, abs=1e-6)
        assert said.peak_kw == pytest.approx(max(kw), rel=1e-9, abs=1e-6)
        assert {n for n, load in loads.items() if load[at] > 1e-6} <= set(said.ports_active)


@seldom
@given(made)
def test_ribbons_and_trends(records: Made) -> None:
    found, period, now = records
    shown = picture(found, period, now, "Europe/Berlin")
    inside = shown.overview.period

    for name, port in found.ports.items():
        own, down = of_port(found, name, inside), plain.downtime(found, port, inside, now)
        kinds = plain.ribbon(port, own, down, inside, now)
        assert [shown.ribbons[name][k] for k in (IN_USE, FREE, DOWN, EXCUSED, UNKNOWN)] == kinds
    limits = [s.start for s in shown.days] + [inside[1]]
    everything = [of_port(found, name, inside) for name in found.ports]
    kwh = [plain.spread(plain.energy_spans(own), limits) for own in everything]
    together = [sum(day) for day in zip(*kwh, strict=True)]
    assert [s.kwh for s in shown.days] == pytest.approx(together, rel=1e-9, abs=1e-6)
    for day in shown.days:
        tries = plain.chained(a for a in found.attempts if day.start <= a.start < day.end)
        counts = plain.counts(tries, found.ports)
        assert day.attempts == len(tries)
        assert (day.success, day.first_time) == (rate(*counts["attempt"]), rate(*counts["first_time"]))


@seldom
@given(made, st.integers(0, 167))
def test_the_sessions_behind_a_mark(records: Made, hour: int) -> None:
    found, period, now = records
    shown = picture(found, period, now, "UTC")
    counted, inside = shown.overview, shown.overview.period
    own = {name: of_port(found, name, inside) for name in found.ports}

    hit = {a.session_id for n, port in found.ports.items() for a in own[n] if plain.in_hour(a, port.timezone, hour)}
    assert behind_hour(shown, hour) == hit
    for name in found.ports:
        for span in ((inside[0] + 600, inside[0] + 9000), inside):
            assert behind_span(shown, name, span) == plain.behind_spans(own[name], [span])
    began = [a for a in found.attempts if inside[0] <= a.start < inside[1]]
    failed = [a for a in began if a.is_judged and not plain.is_success(a)]
    for cause in counted.failures:
        assert behind_cause(shown, cause) == {a.session_id for a in failed if plain.failure_cause(a) == cause}
    for day in shown.days:
        assert behind_stretch(shown, day, failed=False) == _ids_in(began, day.start, day.end)
        assert behind_stretch(shown, day, failed=True) == _ids_in(failed, day.start, day.end)
    for cause in counted.causes:
        assert behind_downtime(shown, cause) == _behind_outages(found, own, cause, inside, now)


def _ids_in(attempts: list[Attempt], start: float, end: float) -> set[str | None]:
    return {a.session_id for a in attempts if start <= a.start < end}


def _behind_outages(
    found: Records, own: dict[str, list[Attempt]], cause: str, period: Interval, now: float
) -> set[str | None]:
    told = [(o.port, o.start, o.end, o.cause or "unknown") for o in found.outages or () if not o.is_exclusion]
    if found.states is not None:
        down = [s for s in found.states if s.state in ("OUTOFORDER", "INOPERATIVE")]
        told = [(s.port, s.start, s.end, s.state.lower()) for s in down]
    ids: set[str | None] = set()
    for port, start, end, why in told:
        last = now if end is None else end
        if why == cause and start < period[1] and last > period[0]:
            ids |= plain.behind_spans(own[port], [(start, last)])
    return ids


@often
@given(made)
def test_a_screen_loses_nothing_that_a_rule_finds(records: Made) -> None:
    found = records[0]
    by_port = {name: [a for a in found.attempts if a.port == name] for name in found.ports}
    said = session_anomalies(by_port, found.ports)
    expected: list[Anomaly] = []
    for name, own in by_port.items():
        port = found.ports[name]
        for a in own:
            each = (
                rules._clock(a),
                rules._negative(a),
                rules._too_much(a, port),
                rules._peak(a, port),
                rules._mismatch(a),
            )
            expected += [finding for finding in each if finding is not None]

    single = [a for a in said if a.rule not in ("duplicate_time", "outlier")]
    assert sorted(map(repr, single)) == sorted(map(repr, expected))
    assert sum(a.rule == "duplicate_time" for a in said) == sum(_overlaps(own) for own in by_port.values())


def _overlaps(own: list[Attempt]) -> int:
    plugged = sorted((a for a in own if a.plugged_at is not None), key=lambda a: a.plugged_at or 0.0)
    ends = [a.unplugged_at or 0.0 for a in plugged]
    return sum((a.plugged_at or 0.0) < max(ends[:i], default=0.0) for i, a in enumerate(plugged))


@often
@given(st.lists(st.sampled_from((1.0, 2.0, 5.0)) | st.floats(0.01, 50), max_size=60), st.integers(2, 12))
def test_scores_of_trailing_windows(values: list[float], window: int) -> None:
    scores, counts = trailing_z(values, window)

    for i, (score, count) in enumerate(zip(scores, counts, strict=True)):
        first = max(0, i + 1 - window)
        judged = modified_z(values[first : first + window])
        assert count == len(judged)
        assert score == near(judged[i - first] or 0.0)


def test_a_peak_of_nearly_nothing_is_no_scale_slip() -> None:
    odd = Attempt("A", 0.0, energy_started_at=0.0, energy_ended_at=3600.0, energy_kwh=65536.0, peak_kw=1e-309)

    assert "jump" in [a.rule for a in session_anomalies({"A": [odd]}, {"A": Port("A", rated_kw=11.0)})]
