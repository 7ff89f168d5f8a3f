"""What insights say where a row is wrong, or where the definitions leave a choice: each choice is pinned here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.evtech.insights.figures import OUTAGES, PORTS, SESSIONS, STATES, figures

Say = Callable[..., dict[str, Any]]
MONTH = ("2025-01-01", "2025-01-31")  # 30 days


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Return a function from texts of files, without their heads, to figures."""

    def call(period: tuple[str, str] = MONTH, now: str = "2026-01-01", **rows: str) -> dict[str, Any]:
        heads = {"sessions": SESSIONS, "outages": OUTAGES, "states": STATES, "ports": PORTS}
        return figures(
            tmp_path, period, now, {name: heads[name] + text for name, text in {"sessions": "", **rows}.items()}
        )

    return call


def tried(start: str, end: str, kwh: float | str = "", reason: str = "", port: str = "A", token: str = "x") -> str:
    """Return a row between two times of 2025-01-02; energy flows all the time if it is given."""
    start, end = f"2025-01-02T{start}", f"2025-01-02T{end}"
    flow = f"{start},{end}" if kwh != "" else ","
    return f"{port},{start},,,{flow},{end},{kwh},,{reason},,{token}\n"


def rules(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["rule"], each["from"][11:16]) for each in data["anomalies"]]


def test_an_outage_announced_for_after_now_takes_no_more_than_there_is(say: Say) -> None:
    data = say(now="2025-01-06", outages="A,2025-01-11,2025-01-26,works,0\n")
    found = data["availability"]["ports"]["A"]

    assert found["outage_min"] == 15 * 1440
    assert found["nevi_actual_pct"] == 25  # of 5 days that passed and 15 that are announced
    assert (found["mtbf_h"], found["coverage_pct"]) == (120, pytest.approx(100 * 20 / 30))


def test_states_announced_for_after_now_are_known(say: Say) -> None:
    rows = "A,2025-01-01,2025-01-06,AVAILABLE\nA,2025-01-21,2025-01-26,OUTOFORDER\n"
    data = say(now="2025-01-06", states=rows, ports="A,,,50,,\n")

    assert data["availability"]["ports"]["A"]["nevi_actual_pct"] == 50
    assert data["availability"]["uk_reliability_pct"] == 50


def test_an_outage_that_begins_after_the_period_does_not_keep_it_open(say: Say) -> None:
    data = say(outages="A,2025-02-10,,fault,0\n")

    assert data["availability"]["ports"]["A"]["open_since"] is None


def test_a_success_stays_one_when_the_driver_tries_again_at_once(say: Say) -> None:
    found = say(sessions=tried("10:00", "11:00", 10, "driver") + tried("11:00:20", "11:00:40"))["success"]

    assert (found["attempts"], found["session_pct"]["k"]) == (1, 1)


def test_two_sessions_that_failed_do_not_add_up_to_a_success(say: Say) -> None:
    rows = tried("10:00", "10:20", 5, "fault") + tried("10:20:30", "10:22", 0.05, "driver")
    found = say(sessions=rows)["success"]

    assert (found["session_pct"]["k"], found["session_pct"]["n"]) == (0, 1)


def test_a_retry_counts_from_the_last_instant_of_all_before(say: Say) -> None:
    plugged_only = "A,2025-01-02T10:01:25,,,,,,,,,,x\n"
    rows = tried("10:00", "10:00:30") + plugged_only + tried("10:02:25", "10:02:30") + tried("10:03:31", "10:03:40")

    assert say(sessions=rows)["success"]["attempts"] == 2  # the last one comes 61 s after


def test_a_driver_who_changes_to_the_neighbour_makes_one_visit_without_a_file_of_ports(say: Say) -> None:
    found = say(sessions=tried("10:00", "10:01") + tried("10:06", "11:00", 12, "driver", port="B"))["success"]

    assert (found["visit_pct"]["k"], found["visit_pct"]["n"], found["first_time_pct"]["k"]) == (1, 1, 0)


def test_a_quarter_that_the_period_cuts_is_still_a_quarter(say: Say) -> None:
    found = say(("2025-01-02T10:10", "2025-01-02T10:15"), sessions=tried("10:10", "10:15", 5))["demand"]

    assert (found["peak_kw"], found["at"], found["load_factor"]) == (20, "2025-01-02T10:00:00.000Z", 1)


@pytest.mark.parametrize("kwh", [0.7, 11, 23.4, 100.5])
def test_of_equal_quarters_the_first_is_the_peak(say: Say, kwh: float) -> None:
    assert say(sessions=tried("00:01", "14:53:20", kwh))["demand"]["at"] == "2025-01-02T00:15:00.000Z"


def test_energy_before_service_is_no_use_of_the_service(say: Say) -> None:
    hours = ("2025-01-02T10:00", "2025-01-02T12:00")
    data = say(hours, sessions=tried("10:00", "12:00", 10), ports="A,,,10,2025-01-02T11:00,\n")
    found = data["utilisation"]["A"]

    assert (found["kwh"], found["energy_pct"], found["mean_kw"]) == (10, pytest.approx(50), pytest.approx(5))


def test_a_register_that_ran_backwards_takes_no_energy_from_others(say: Say) -> None:
    data = say(sessions=tried("10:00", "11:00", 8) + tried("10:00", "11:00", -5, port="B"))

    assert [each["kwh"] for each in data["utilisation"].values()] == [8, 0]
    assert (sum(each["kwh"] for each in data["hour_of_week"]), data["demand"]["peak_kw"]) == (8, 8)
    assert rules(data) == [("rollback", "10:00")]


def test_energy_in_the_period_counts_though_a_wrong_clock_puts_the_plug_after_it(say: Say) -> None:
    row = "A,2025-01-02T12:00,,,2025-01-02T10:00,2025-01-02T11:00,,8,,,,\n"
    data = say(("2025-01-02T10:30", "2025-01-02T11:00"), sessions=row)

    assert (data["utilisation"]["A"]["kwh"], data["success"]["attempts"]) == (pytest.approx(4), 0)


def test_energy_before_the_plug_is_a_wrong_clock(say: Say) -> None:
    assert rules(say(sessions="A,2025-01-02T10:00,,,2025-01-02T09:59,,2025-01-02T11:00,,,,,\n")) == [("clock", "10:00")]


def test_a_long_session_is_remembered_behind_a_short_one_inside_it(say: Say) -> None:
    rows = tried("10:00", "11:00") + tried("10:10", "10:12") + tried("10:30", "10:40")

    assert rules(say(sessions=rows)) == [("duplicate_time", "10:10"), ("duplicate_time", "10:30")]


def test_an_authorisation_while_the_vehicle_before_unplugs_is_no_overlap(say: Say) -> None:
    card_first = "A,2025-01-02T10:11,2025-01-02T10:09,,,,2025-01-02T10:20,,,,,y\n"

    assert rules(say(sessions=tried("10:00", "10:10") + card_first)) == []


def test_energy_above_a_fifth_more_than_the_rating_is_a_jump(say: Say) -> None:
    rows = tried("10:00", "11:00", 60) + tried("12:00", "13:00", 60.5)

    assert rules(say(sessions=rows, ports="A,,,50,,\n")) == [("jump", "12:00")]


@pytest.mark.parametrize(("count", "found"), [(7, []), (8, [("outlier", "02:00")])])
def test_an_outlier_needs_eight_sessions_to_stand_out_from(say: Say, count: int, found: list[Any]) -> None:
    kwh = (5, 20, 5.2, 4.9, 5.1, 5, 4.8, 5.3)[:count]
    rows = "".join(tried(f"{hour:02}:00", f"{hour:02}:59", each) for hour, each in enumerate(kwh, 1))

    assert rules(say(sessions=rows)) == found


def test_a_port_that_stands_twice_is_named(say: Say) -> None:
    data = say(sessions=tried("10:00", "11:00", 25), ports="A,,,22,,\nB,,,11,,\nA,,,50,,\nB,,,11,,\n")

    assert data["warnings"] == ["port 'A' stands twice in ports.csv: the last row counts"]
    assert rules(data) == []
