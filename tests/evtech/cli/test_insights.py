"""``evtech insights`` over files: the worked examples to the last digit, and answers to files that cannot be used."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evtech.cli.app import run

SESSIONS = (
    "port,plugged_at,authorised_at,auth_ok,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,peak_kw,"
    "end_reason,error_code,token\n"
)
OUTAGES = "port,from,to,cause,excluded\n"
STATES = "port,from,to,state\n"
PORTS = "port,site,timezone,rated_kw,in_service_from,in_service_to\n"
YEAR = ("2025-01-01T00:00Z", "2026-01-01T00:00Z")
Insights = Callable[..., dict[str, Any]]


@pytest.fixture
def insights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Insights:
    """Return a function that runs the command over texts of files and returns its JSON, or what it complains of."""

    def call(*options: str, sessions: str | bytes = SESSIONS, code: int = 0, **files: str) -> dict[str, Any]:
        words = ["--json", "insights"]
        for name, text in {"sessions": sessions, **files}.items():
            (tmp_path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
            words += [f"--{name}", str(tmp_path / f"{name}.csv")]
        for option, value in zip(("--from", "--to", "--now"), options, strict=False):
            words += [option, value]
        assert run(words) == code
        said = capsys.readouterr()
        assert code == 0 or said.out == ""
        return dict(json.loads(said.out)) if code == 0 else {"error": said.err}

    return call


def session(start: str, end: str, kwh: float | str, port: str = "P1", reason: str = "driver", token: str = "") -> str:
    return f"{port},{start},,,{start},{end},{end},{kwh},,{reason},,{token}\n"


def port_of(data: dict[str, Any], name: str = "P1") -> dict[str, Any]:
    return dict(data["availability"]["ports"][name])


def digits(value: float) -> Any:
    """Return what a figure with six decimals in the sheet stands for."""
    return pytest.approx(value, abs=5.1e-7)


def test_nevi_counts_overlaps_once_and_no_maintenance_while_the_port_was_up(insights: Insights) -> None:
    found = port_of(insights(*YEAR, outages=OUTAGES + (
        "P1,2025-02-10T08:00Z,2025-02-12T08:00Z,fault,0\n"
        "P1,2025-02-11T20:00Z,2025-02-13T02:00Z,fault,0\n"
        "P1,2025-06-01T00:00Z,2025-06-04T12:00Z,fault,0\n"
        "P1,2025-12-28T12:00Z,2026-01-03T09:00Z,fault,0\n"
        "P1,2025-06-01T00:00Z,2025-06-03T00:00Z,exclusion:utility,1\n"
        "P1,2025-09-05T06:00Z,2025-09-05T10:00Z,exclusion:maintenance,1\n"
    )))  # fmt: skip

    assert (found["outage_min"], found["excluded_min"], found["coverage_pct"]) == (14_040, 2_880, 100)
    assert found["nevi_uptime_pct"] == digits(97.876712)  # not 97.739726 (overlaps added), not 97.922374
    assert (found["failures"], found["meets_nevi"]) == (3, True)
    assert found["mttr_h"] == pytest.approx((66 + 36 + 84) / 3)


def test_nevi_needs_more_than_97_pct(insights: Insights) -> None:
    data = insights(*YEAR, outages=OUTAGES + (
        "P1,2025-01-01T00:00Z,2025-01-11T22:48Z,fault,0\nP2,2025-01-01T00:00Z,2025-01-11T22:47Z,fault,0\n"
    ))  # fmt: skip

    assert port_of(data)["nevi_uptime_pct"] == 97
    assert [port_of(data, name)["meets_nevi"] for name in ("P1", "P2")] == [False, True]


def test_a_leap_year_down_all_year_is_below_zero(insights: Insights) -> None:
    outages = OUTAGES + "P1,2023-12-01T00:00Z,2025-02-01T00:00Z,fault,0\n"
    found = port_of(insights("2024-01-01", "2025-01-01", outages=outages))

    assert found["nevi_uptime_pct"] == pytest.approx(-100 * 1440 / 525_600)
    assert (found["nevi_actual_pct"], found["outage_min"]) == (0, 527_040)


def test_a_new_port_has_both_forms(insights: Insights) -> None:
    outages = OUTAGES + "P1,2025-12-22T00:00Z,2025-12-22T05:00Z,fault,0\nP1,2025-12-01,2025-12-20,fault,0\n"
    found = port_of(insights(*YEAR, outages=outages, ports=PORTS + "P1,S,UTC,50,2025-12-22T00:00Z,\n"))

    assert (found["nevi_uptime_pct"], found["nevi_actual_pct"]) == (digits(99.942922), digits(97.916667))


def test_california_caps_vandalism(insights: Insights) -> None:
    found = port_of(insights(*YEAR, outages=OUTAGES + "P1,2025-03-01,2025-03-16,vandalism,1\n"))

    assert 525_600 * (1 - found["cec_uptime_pct"] / 100) == pytest.approx(7_200)
    assert found["nevi_uptime_pct"] == 100


def test_two_ports_are_judged_one_by_one(insights: Insights) -> None:
    outages = OUTAGES + "P1,2025-01-01T00:00Z,2025-01-03T00:00Z,fault,0\nP2,2025-01-01T00:00Z,2025-01-06,fault,0\n"
    data = insights("2025-01-01", "2025-04-11", outages=outages)

    assert [port_of(data, name)["nevi_actual_pct"] for name in ("P1", "P2")] == [98, 95]


def test_an_open_outage_ends_now(insights: Insights) -> None:
    outages = OUTAGES + "P1,2025-05-01,,fault,0\nP1,2025-03-01T00:00Z,2025-03-01T10:00Z,fault,0\n"
    found = port_of(insights(*YEAR, "2025-05-02", outages=outages))

    assert (found["outage_min"], found["mttr_h"], found["failures"]) == (2_040, 10, 2)


def test_without_failures_there_is_a_bound_instead_of_infinity(insights: Insights) -> None:
    none = port_of(insights("2021-01-01", "2024-01-01", outages=OUTAGES, ports=PORTS + "P1,,,,,\n"))
    outages = OUTAGES + "P1,2021-02-01T00:00,2021-02-01T06:00,fault,0\nP1,2021-03-01T00:00,2021-03-01T06:00,fault,0\n"
    two = port_of(insights("2021-01-01", "2024-01-01T12:00", outages=outages))

    assert (none["mtbf_h"], none["mtbf_low_h"], none["mtbf_high_h"]) == (None, digits(8772.479514), None)
    assert (two["mtbf_low_h"], two["mtbf_high_h"]) == (digits(4174.215608), digits(73952.859859))
    assert two["mtbf_h"] == 13_140


def test_five_minutes_are_no_failure(insights: Insights) -> None:
    outages = OUTAGES + "P1,2025-02-01T00:00,2025-02-01T00:05,fault,0\nP1,2025-03-01T00:00,2025-03-01T00:06,fault,0\n"
    found = port_of(insights(*YEAR, outages=outages))

    assert (found["failures"], found["outage_min"], found["mttr_h"]) == (1, 11, pytest.approx(0.1))


def test_british_variants_pool_rapid_points(insights: Insights) -> None:
    states = STATES + (
        "P1,2025-01-01,2025-01-07,AVAILABLE\nP1,2025-01-07,2025-01-08,OUTOFORDER\nP1,2025-01-08,2025-01-09,BLOCKED\n"
        "P1,2025-01-09,2025-01-10,UNKNOWN\nP1,2025-01-10,2025-01-11,PLANNED\n"
        "P2,2025-01-01,2025-01-11,CHARGING\nP3,2025-01-01,2025-01-11,OUTOFORDER\n"
    )
    data = insights("2025-01-01", "2025-01-11", states=states, ports=PORTS + "P1,,,50,,\nP2,,,150,,\nP3,,,49.9,,\n")

    assert data["availability"]["uk_reliability_pct"] == pytest.approx(100 * (19 - 1) / 19)
    assert data["availability"]["uk_exempt_variant_pct"] == pytest.approx(100 * (19 - 2 - 1) / (19 - 2))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(5, 8, 30.574239, 86.315571), (0, 5, 0, 43.448246), (5, 5, 56.551754, 100)]
)
def test_a_rate_has_wilsons_interval(insights: Insights, k: int, n: int, low: float, high: float) -> None:
    rows = "".join(
        f"P1,2025-01-01T{i:02}:00,,,{f'2025-01-01T{i:02}:01' if i < k else ''},,2025-01-01T{i:02}:30,1,,driver,,\n"
        for i in range(n)
    )
    found = insights(*YEAR, sessions=SESSIONS + rows)["success"]["charge_start_pct"]

    assert found["value"] == 100 * k / n
    assert (found["low"], found["high"]) == (digits(low), digits(high))


def test_nothing_tried_is_no_data(insights: Insights) -> None:
    data = insights(*YEAR)

    assert data["success"]["attempts"] == 0
    assert [data["success"]["visit_pct"][key] for key in ("value", "low", "high")] == [None] * 3
    assert (data["demand"]["peak_kw"], data["demand"]["at"]) == (None, None)
    assert {each["kwh_per_exposed_hour"] for each in data["hour_of_week"]} == {None}


def test_a_day_of_one_site(insights: Insights) -> None:
    day = (
        ("08:00", "A", 0, "", "0"), ("08:03", "A", 1, "driver", "23.4"), ("09:10", "B", 1, "fault", "3.1"),
        ("09:16", "B", 1, "driver", "18.0"), ("11:00", "C", 0, "", "0"), ("11:05", "C", 0, "", "0"),
        ("13:30", "", 1, "driver", "0.05"), ("15:00", "D", 1, "full", "40.2"), ("16:40", "F", 1, "limit", "7.7"),
        ("18:00", "E", 1, "vehicle", "12.3"), ("19:00", "G", 0, "", "0"),
    )  # fmt: skip
    rows = "".join(
        f"P1,{at}Z,,,{f'{at}:20Z' if started else ''},,{at}:50Z,{kwh},,{reason},,{token}\n"
        for at, token, started, reason, kwh in ((f"2025-03-01T{at}", *rest) for at, *rest in day)
    )
    data = insights("2025-03-01", "2025-03-02", sessions=SESSIONS + rows, ports=PORTS + "P1,S,UTC,50,,\n")["success"]

    def figures(name: str) -> list[float]:
        return [data[name][key] for key in ("value", "low", "high")]

    assert data["attempts"] == 11
    assert figures("charge_start_pct") == [digits(63.636364), digits(35.380117), digits(84.833529)]
    assert figures("session_pct") == [digits(71.428571), digits(35.893445), digits(91.778108)]
    assert figures("attempt_pct") == [digits(45.454545), digits(21.271272), digits(71.990846)]
    assert figures("visit_pct") == [62.5, digits(30.574239), digits(86.315571)]
    assert figures("first_time_pct") == [37.5, digits(13.684429), digits(69.425761)]


@pytest.mark.parametrize(
    ("start", "end", "bins", "hours"),
    [
        ("2025-03-30T01:30+01:00", "2025-03-30T03:30+02:00", {145: 15, 146: None, 147: 15}, {145: 1, 146: 0, 147: 1}),
        ("2025-10-26T01:30+02:00", "2025-10-26T03:30+01:00", {145: 5, 146: 10, 147: 5}, {145: 1, 146: 2, 147: 1}),
    ],
)
def test_a_change_of_the_clock_keeps_energy_in_its_hour(
    insights: Insights, start: str, end: str, bins: dict[int, float | None], hours: dict[int, float]
) -> None:
    sunday = (f"{start[:10]}T00:00{start[16:]}", f"{end[:10]}T23:59:59{end[16:]}")
    data = insights(*sunday, sessions=SESSIONS + session(start, end, 30), ports=PORTS + "P1,S,Europe/Berlin,50,,\n")

    assert {at: data["hour_of_week"][at]["kwh_per_exposed_hour"] for at in bins} == pytest.approx(bins)
    assert {at: data["hour_of_week"][at]["exposure_h"] for at in hours} == pytest.approx(hours)
    assert sum(each["kwh"] for each in data["hour_of_week"]) == pytest.approx(30)


def test_an_outlier_among_eight_sessions_is_found_wherever_it_stands(insights: Insights) -> None:
    powers = (0.21, 0.25, 0.19, 0.23, 0.22, 0.95, 0.20, 0.24)
    rows = "".join(session(f"2025-01-0{i}T10:00", f"2025-01-0{i}T11:00", kw) for i, kw in enumerate(powers, 1))
    found = [a for a in insights(*YEAR, sessions=SESSIONS + rows)["anomalies"] if a["rule"] == "outlier"]

    assert [(a["from"], a["value"]) for a in found] == [("2025-01-06T10:00:00.000Z", digits(24.450625))]
    assert found[0]["limit"] == 3.5


GOOD = SESSIONS + session("2025-01-01T10:00Z", "2025-01-01T11:00Z", "11.5")


@pytest.mark.parametrize(
    "text",
    [
        ("\ufeff" + GOOD), GOOD.replace(",", ";"), GOOD.replace("\n", "\r\n"), GOOD + "\n,,,,,,,,,,,\n",
        GOOD.replace("port,", "port ,"), GOOD.replace(",", ";").replace("11.5", "11,5"),
    ],
)  # fmt: skip
def test_common_kinds_of_csv_are_read(insights: Insights, text: str) -> None:
    assert insights(*YEAR, sessions=text)["utilisation"]["P1"]["kwh"] == 11.5


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no column port"), ("a,b\n1,2\n", "no column port"), (bytes(range(256)), "no CSV in UTF-8"),
        (SESSIONS + "P1,,,,,,,,,,,\n", "line 2, plugged_at"), (SESSIONS + "P1\n", "line 2, plugged_at"),
        ("port,energy_kwh\nP1,3\n", "line 2, plugged_at"),
        (GOOD.replace("11.5", "many"), "line 2, energy_kwh: 'many'"), (GOOD.replace("11.5", "nan"), "'nan'"),
        (GOOD.replace("11.5", "1_1"), "'1_1'"), (GOOD.replace("11.5", "1e300"), "'1e300'"),
        (GOOD.replace("11.5", '"11,5"'), "'11,5'"), (GOOD.replace("11.5", "11,5"), "line 2 has more fields"),
        (GOOD.replace("P1", ""), "line 2, port"),
        (GOOD.replace("2025-01-01T10:00Z", "noon"), "'noon'"), (GOOD.replace("driver", "bored"), "'bored'"),
        (GOOD.replace("2025-01-01T11:00Z", "9999-12-31T23:00-05:00"), "'9999-12-31T23:00-05:00'"),
        (GOOD.replace("2025-01-01T10:00Z", "0001-01-01T00:00+05:00"), "'0001-01-01T00:00+05:00'"),
        ("port,plugged_at,plugged_at\nP1,2025-01-01,2025-01-02\n", "column plugged_at twice"),
    ],
)  # fmt: skip
def test_sessions_that_cannot_be_read_are_named(insights: Insights, text: str | bytes, named: str) -> None:
    assert named in insights(*YEAR, sessions=text, code=2)["error"]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"outages": "port,from,cause\nP1,2025-01-01,fault\n"}, "no column to"),
        ({"outages": OUTAGES + "P1,2025-01-02,2025-01-01,fault,0\n"}, "line 2, to: '2025-01-01'"),
        ({"outages": OUTAGES + "P1,,2025-01-01,fault,0\n"}, "line 2, from"),
        ({"outages": OUTAGES + "P1,2025-01-01,,fault,maybe\n"}, "line 2, excluded: 'maybe'"),
        ({"states": STATES + "P1,2025-01-02,2025-01-01,AVAILABLE\n"}, "line 2, to"),
        ({"states": STATES + "P1,2025-01-01,,SLEEPING\n"}, "line 2, state: 'SLEEPING'"),
        ({"states": "port,from,state\nP1,2025-01-01,AVAILABLE\n"}, "no column to"),
        ({"states": STATES, "outages": OUTAGES}, "twice"),
        ({"ports": PORTS + "P1,S,Mars/Olympus,50,,\n"}, "line 2, timezone: 'Mars/Olympus'"),
        ({"ports": PORTS + "P1,S,../../etc/passwd,50,,\n"}, "line 2, timezone"),
        ({"ports": PORTS + "P1,S,UTC,0,,\n"}, "line 2, rated_kw"),
        ({"ports": PORTS + "P1,S,UTC,50,2025-02-01,2025-01-01\n"}, "line 2, in_service_to"),
    ],
)
def test_other_files_that_cannot_be_read_are_named(insights: Insights, files: dict[str, str], named: str) -> None:
    assert named in insights(*YEAR, code=2, **files)["error"]


@pytest.mark.parametrize(
    "options",
    [
        ("2025-02-01", "2025-01-01"), ("2025-02-01", "2025-02-01"), ("soon", "2025-01-01"),
        ("0001-01-01", "2025-01-01"), ("2025-01-01", "2025-02-01", "later"),
        ("2025-01-01", "2025-02-01", "0001-01-01T00:00+05:00"),
    ],
)  # fmt: skip
def test_a_period_that_is_none_is_refused(insights: Insights, options: tuple[str, ...]) -> None:
    assert "evtech: " in insights(*options, code=2)["error"]


def test_columns_without_which_sessions_say_little_are_named(insights: Insights) -> None:
    data = insights(*YEAR, sessions="port,plugged_at,energy\nP1,2025-01-01,3\n")

    assert "sessions.csv: unknown columns are left out: energy" in data["warnings"]
    lacking = "sessions.csv: no column energy_started_at, energy_kwh, end_reason: success and energy are not known"
    assert lacking in data["warnings"]
