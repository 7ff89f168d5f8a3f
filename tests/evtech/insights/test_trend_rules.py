"""Rules over a port's history: each alarm once, at the same session whatever is recorded later, anew after a repair."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.figures import Figures
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.trend_rules import Dated, PortHistory, Seen, trend_anomalies

LIMITS = SampleLimits()
DAY = 86_400.0
MONDAY = 1_741_564_800.0  # 2025-03-10


def history(count: int, **columns: object) -> PortHistory:
    """Return a port with a session a day; a column is a value, or one a session."""
    rows = [{n: (v[i] if isinstance(v, list | np.ndarray) else v) for n, v in columns.items()} for i in range(count)]
    sessions = [
        Seen(f"s{i:03d}", MONDAY + i * DAY, MONDAY + i * DAY + 7200, Figures(**row))  # type: ignore[arg-type]
        for i, row in enumerate(rows)
    ]
    return PortHistory("P", sessions)


def told(port: PortHistory) -> list[tuple[str, str, str | None]]:
    return [(a.rule, a.about, a.session_id) for a in trend_anomalies(port, LIMITS)]


def noisy(count: int, mean: float, sigma: float, seed: int = 1) -> np.ndarray:
    return mean + np.random.default_rng(seed).normal(0, sigma, count)


def shifted(count: int, at: int, by: float, mean: float = 0.1, sigma: float = 0.12) -> np.ndarray:
    return noisy(count, mean, sigma) + np.where(np.arange(count) >= at, by, 0.0)


def test_a_quiet_port_says_nothing_in_a_year() -> None:
    quiet = history(
        365, mismatch_pct=noisy(365, 0.1, 0.12), loop_l1=noisy(365, 0.25, 0.02), idle_w=noisy(365, 5.0, 0.5),
        clock_s=noisy(365, 0.5, 0.4), efficiency_pct=noisy(365, 94.0, 0.2), volts=6, unbalances=6,
    )  # fmt: skip
    assert told(quiet) == []


def test_a_register_that_drifts_from_its_power_is_found_at_one_session_for_ever() -> None:
    port = history(100, mismatch_pct=shifted(100, 50, 0.5))
    (anomaly,) = trend_anomalies(port, LIMITS)

    assert (anomaly.rule, anomaly.about) == ("drift", "energy")
    assert 50 <= int((anomaly.session_id or "s0")[1:]) < 56
    assert "first 20 sessions" in anomaly.text
    assert len(anomaly.evidence) == 5
    ids = {trend_anomalies(replace(port, sessions=port.sessions[:n]), LIMITS)[0].id for n in range(60, 101)}
    assert ids == {anomaly.id}


def test_after_an_adjustment_the_chart_begins_anew() -> None:
    values = np.concatenate([shifted(50, 30, 0.6), shifted(50, 30, 0.6)])
    port = history(100, mismatch_pct=values)
    assert len(told(port)) == 1
    assert len(told(replace(port, adjusted=[MONDAY + 50 * DAY - 1]))) == 2


def test_a_register_that_begins_again_is_another_meter() -> None:
    values = np.concatenate([shifted(50, 30, 0.6), shifted(50, 30, 0.6)])
    first = np.concatenate([1e6 + 1e4 * np.arange(50), 1e4 * np.arange(50)])
    port = history(100, mismatch_pct=values, first_wh=first, last_wh=first + 9000.0)
    assert len(told(port)) == 2


def test_errors_of_calibrations_drift_by_load_point() -> None:
    rising = np.concatenate([noisy(10, 0.2, 0.05), noisy(10, 0.8, 0.05)])
    series = {
        "16 A": [Dated(MONDAY + i * 30 * DAY, MONDAY + i * 30 * DAY, float(v)) for i, v in enumerate(rising)],
        "6 A": [
            Dated(MONDAY + i * 30 * DAY, MONDAY + i * 30 * DAY, float(v)) for i, v in enumerate(noisy(20, 0, 0.05))
        ],
    }
    (anomaly,) = trend_anomalies(PortHistory("P", errors=series), LIMITS)

    assert (anomaly.rule, anomaly.about, anomaly.session_id) == ("drift", "calibration 16 A", None)
    assert "error at 16 A drifts" in anomaly.text
    repaired = PortHistory("P", errors=series, adjusted=[MONDAY + 10 * 30 * DAY])
    assert trend_anomalies(repaired, LIMITS) == []


def test_a_terminal_that_comes_loose_shows_in_the_loop_resistance() -> None:
    worn = history(60, loop_l2=noisy(60, 0.25, 0.02) + np.where(np.arange(60) > 40, 0.08, 0.0), loop_l1=0.25)
    assert [(rule, about) for rule, about, _ in told(worn)] == [("contact_wear", "L2")]
    better = history(60, loop_l2=noisy(60, 0.25, 0.02) - np.where(np.arange(60) > 40, 0.08, 0.0))
    assert told(better) == []


@pytest.mark.parametrize(
    ("after", "expected"), [([9.0, 9.0], []), ([9.0, 5.0, 9.0, 5.0], []), ([9.0] * 3, ["standby"])]
)
def test_a_charger_that_draws_more_at_rest(after: list[float], expected: list[str]) -> None:
    port = history(20 + len(after), idle_w=np.array([*noisy(20, 5.0, 0.5), *after]))
    assert [rule for rule, _, _ in told(port)] == expected


def test_an_efficiency_that_falls_by_more_than_a_point() -> None:
    falls = history(40, efficiency_pct=np.where(np.arange(40) < 28, 94.0, 92.8))
    assert [(rule, about) for rule, about, _ in told(falls)] == [("efficiency", "trend")]
    assert told(history(40, efficiency_pct=np.where(np.arange(40) < 28, 94.0, 93.1))) == []


@pytest.mark.parametrize(("ppm", "expected"), [(15.0, []), (30.0, ["clock"])])
def test_a_clock_that_moves_away_over_days(ppm: float, expected: list[str]) -> None:
    drift = np.arange(12) * DAY * ppm * 1e-6
    assert [rule for rule, _, _ in told(history(12, clock_s=drift + noisy(12, 0, 0.2)))] == expected


def test_a_clock_that_is_set_every_night_does_not_drift() -> None:
    assert told(history(30, clock_s=noisy(30, 3.0, 1.0))) == []


def test_a_week_of_bad_voltage_is_told_when_it_is_over() -> None:
    bad = history(8, volts=24, volts_out=2)
    (anomaly,) = trend_anomalies(bad, LIMITS)
    assert (anomaly.rule, anomaly.about, anomaly.session_id) == ("voltage", "week", None)
    assert anomaly.value == pytest.approx(100 * 14 / 168)
    assert anomaly.end - anomaly.start == 7 * DAY
    assert told(history(7, volts=24, volts_out=2)) == []  # it may still go on
    assert told(history(8, volts=24, volts_out=1)) == []
    assert told(history(8, volts=12, volts_out=2)) == []  # less than a day of it was watched
    assert [rule for rule, _, _ in told(history(8, unbalances=24, unbalances_out=2))] == ["unbalance"]
