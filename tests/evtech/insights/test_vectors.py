"""Figures computed by hand, against which every formula is held."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtech.insights.availability import NEVI_MINUTES, downtime, port_availability, uk_reliability
from evtech.insights.files import read_records
from evtech.insights.overview import overview, overview_json
from evtech.insights.rates import mtbf_bounds, rate
from evtech.insights.records import Attempt, Outage, Port, Records, StateSpan
from evtech.insights.statistics import cusum_alarm, ewma_alarm, modified_z, trailing_z, weighted
from evtech.insights.success import success

FAR = 4e9


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


YEAR = (at("2025-01-01"), at("2026-01-01"))


def outage(start: str, end: str | None, cause: str = "fault", excluded: bool = False) -> Outage:
    is_exclusion = cause.startswith("exclusion:")
    return Outage("P1", at(start), at(end) if end else None, cause, excluded or is_exclusion, is_exclusion)


def figures(outages: list[Outage], port: Port | None = None, period: tuple[float, float] = YEAR, now: float = FAR):
    port = port or Port("P1")
    down = downtime(outages, None, port, period, now)
    assert down is not None
    return port_availability("P1", down, outages)


def test_overlapping_outages_count_once_and_only_exclusions_that_meet_them() -> None:
    found = figures([
        outage("2025-02-10T08:00", "2025-02-12T08:00"), outage("2025-02-11T20:00", "2025-02-13T02:00"),
        outage("2025-06-01T00:00", "2025-06-04T12:00"), outage("2025-12-28T12:00", "2026-01-03T09:00"),
        outage("2025-06-01T00:00", "2025-06-03T00:00", "exclusion:utility"),
        outage("2025-09-05T06:00", "2025-09-05T10:00", "exclusion:maintenance"),
    ])  # fmt: skip

    assert (found.outage_min, found.excluded_min, found.failures) == (14_040, 2_880, 3)
    assert found.nevi_uptime_pct == pytest.approx(97.876712, abs=5e-7)


def test_a_new_port_has_its_own_denominator_beside_the_fixed_one() -> None:
    port = Port("P1", in_service_from=at("2025-12-22"))
    found = figures([outage("2025-12-24T00:00", "2025-12-24T05:00")], port)

    assert found.nevi_uptime_pct == pytest.approx(99.942922, abs=5e-7)
    assert found.nevi_actual_pct == pytest.approx(97.916667, abs=5e-7)


def test_vandalism_is_excused_for_ten_days_an_incident() -> None:
    found = figures([outage("2025-03-01", "2025-03-16", "vandalism", excluded=True)])

    assert 100 - found.cec_uptime_pct == pytest.approx(100 * 7200 / NEVI_MINUTES)
    assert found.nevi_uptime_pct == 100


def test_an_open_outage_ends_now_and_is_no_repair() -> None:
    found = figures([outage("2025-05-01", None), outage("2025-03-01", "2025-03-01T10:00")], now=at("2025-05-02"))

    assert found.outage_min == 1440 + 600
    assert (found.mttr_h, found.failures, found.open_since) == (10, 2, at("2025-05-01"))
    assert found.coverage_pct == pytest.approx(100 * 121 / 365)


def test_states_tell_the_british_variants_apart() -> None:
    port = Port("P1", rated_kw=50)
    spans = [
        StateSpan("P1", at("2025-01-01"), at("2025-01-08"), "AVAILABLE"),
        StateSpan("P1", at("2025-01-08"), at("2025-01-09"), "OUTOFORDER"),
        StateSpan("P1", at("2025-01-09"), at("2025-01-10"), "UNKNOWN"),
        StateSpan("P1", at("2025-01-10"), at("2025-01-11"), "PLANNED"),
    ]
    down = downtime(None, spans, port, (at("2025-01-01"), at("2025-01-11")), FAR)
    assert down is not None

    text, exempt = uk_reliability([(port, down)])

    assert text == pytest.approx(100 * 8 / 9)
    assert exempt == pytest.approx(100 * 7 / 8)
    assert port_availability("P1", down).nevi_actual_pct == pytest.approx(100 * 7 / 8)
    assert uk_reliability([(Port("P1", rated_kw=22), down)]) == (None, None)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(5, 8, 30.574239, 86.315571), (0, 5, 0, 43.448246), (5, 5, 56.551754, 100), (7, 11, 35.380117, 84.833529)],
)
def test_a_rate_has_wilsons_interval(k: int, n: int, low: float, high: float) -> None:
    found = rate(k, n)

    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-7), pytest.approx(high, abs=5e-7))


def test_nothing_tried_is_no_data() -> None:
    assert rate(0, 0) is None


def test_no_failure_gives_a_lower_bound_not_infinity() -> None:
    assert mtbf_bounds(26_280, 0) == (pytest.approx(8772.479514, abs=5e-6), None)
    assert mtbf_bounds(26_280, 2) == (pytest.approx(4174.215608, abs=5e-6), pytest.approx(73952.859859, abs=5e-5))


def test_a_day_of_one_site() -> None:
    day = [
        ("08:00", "A", False, "", 0), ("08:03", "A", True, "driver", 23.4), ("09:10", "B", True, "fault", 3.1),
        ("09:16", "B", True, "driver", 18), ("11:00", "C", False, "", 0), ("11:05", "C", False, "", 0),
        ("13:30", None, True, "driver", 0.05), ("15:00", "D", True, "driver", 40.2), ("16:40", "F", True, "full", 7.7),
        ("18:00", "E", True, "limit", 12.3), ("19:00", "G", False, "", 0),
    ]  # fmt: skip
    rows = [
        Attempt("P1", at(f"2025-03-01T{t}"), energy_started_at=at(f"2025-03-01T{t}") + 20 if started else None,
                end_reason=reason or "unknown", energy_kwh=kwh, token=token)
        for t, token, started, reason, kwh in day
    ]  # fmt: skip
    found = success(rows, {"P1": Port("P1", site="S")})

    assert found.attempts == 11
    assert found.charge_start is not None and found.session is not None and found.attempt is not None
    assert found.charge_start.value == pytest.approx(63.636364, abs=5e-7)
    assert (found.session.k, found.session.n) == (5, 7)
    assert found.session.low == pytest.approx(35.893445, abs=5e-7)
    assert found.attempt.high == pytest.approx(71.990846, abs=5e-7)
    assert found.visit is not None and found.first_time is not None
    assert (found.visit.k, found.visit.n, found.first_time.k) == (5, 8, 3)
    assert found.first_time.high == pytest.approx(69.425761, abs=5e-7)


def test_energy_weights_a_mean() -> None:
    found = weighted([1.2, 0.6, 0.4, 0.3], [2, 8, 20, 30])

    assert found is not None
    assert (round(found.mean, 6), round(found.std, 6), round(found.n_eff, 6)) == (0.403333, 0.177920, 2.631579)


def test_robust_scores_and_charts() -> None:
    chart = [0.05, -0.02, 0.08, 0.12, 0.15, 0.11, 0.18, 0.14, 0.20, 0.16]

    assert modified_z([0.21, 0.25, 0.19, 0.23, 0.22, 0.95, 0.20, 0.24])[5] == pytest.approx(24.450625)
    assert modified_z([5, 5, 5, 5, 5, 5, 9])[6] == pytest.approx(5.585193, abs=5e-7)
    windows = [0.21, 0.25, 0.19, 0.23, 0.22, 0.95, 0.20, 0.24]
    assert trailing_z(windows, 30)[0][-1] == pytest.approx(modified_z(windows)[-1])
    assert trailing_z([1.0, 9.0, 5, 5, 5, 5, 5, 5, 9], 7)[0][-1] == pytest.approx(5.585193, abs=5e-7)
    assert trailing_z([5.0, 5.0], 30) == ([0.0, 0.0], [2, 2])
    assert trailing_z(windows, 30)[0] == pytest.approx(modified_z(windows))
    assert ewma_alarm(chart, 0, 0.1) == 8
    assert cusum_alarm(chart, 0, 0.1) == 9


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-03-30T01:30+01:00", "2025-03-30T03:30+02:00", {145: 15, 147: 15}),
        ("2025-10-26T01:30+02:00", "2025-10-26T03:30+01:00", {145: 5, 146: 20, 147: 5}),
    ],
)
def test_a_change_of_the_clock_keeps_energy_in_its_local_hour(start: str, end: str, expected: dict[int, float]) -> None:
    low, high = datetime.fromisoformat(start).timestamp(), datetime.fromisoformat(end).timestamp()
    port = Port("P1", timezone="Europe/Berlin", rated_kw=50)
    row = Attempt("P1", low, energy_started_at=low, energy_ended_at=high, unplugged_at=high, energy_kwh=30)
    day = datetime.fromisoformat(start).replace(hour=0, minute=0)
    week = overview(Records({"P1": port}, [row]), (day.timestamp(), high + 7200), FAR).week

    assert {i: round(float(k), 9) for i, k in enumerate(week.kwh) if k > 0} == expected
    assert week.exposure_h[146] == pytest.approx(0 if "03-30" in start else 2)


def test_files_become_the_contract(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "port,plugged_at,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,end_reason,token\n"
        "A,2025-01-01T10:00Z,2025-01-01T10:01Z,2025-01-01T11:01Z,2025-01-01T12:00Z,11,driver,x\n"
    )
    (tmp_path / "o.csv").write_text("port,from,to,cause,excluded\nA,2025-01-01T00:00Z,2025-01-01T01:00Z,fault,0\n")
    (tmp_path / "p.csv").write_text("port,site,timezone,rated_kw\nA,S,UTC,22\n")
    records = read_records(tmp_path / "s.csv", tmp_path / "o.csv", None, tmp_path / "p.csv")
    data = overview_json(overview(records, (at("2025-01-01"), at("2025-01-02")), FAR))

    assert data["availability"]["ports"]["A"]["nevi_actual_pct"] == pytest.approx(100 * 23 / 24)
    assert data["demand"]["peak_kw"] == pytest.approx(11)
    assert data["utilisation"]["A"]["time_plugged_pct"] == pytest.approx(100 * 2 / 24)
    assert data["utilisation"]["A"]["energy_pct"] == pytest.approx(100 * 11 / (22 * 24))
    assert data["hour_of_week"][58]["kwh_per_exposed_hour"] == pytest.approx(11 * 59 / 60)
    assert data["hour_of_week"][48]["exposure_h"] == 0
    assert data["hour_of_week"][48]["kwh_per_exposed_hour"] is None
