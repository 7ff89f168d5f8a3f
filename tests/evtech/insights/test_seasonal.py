"""Unusual hours: what a plan leaves out or adds is found; random use, missing watch, a change of clock are not."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from evtech.insights.records import Attempt, Port, Records
from evtech.insights.rule_limits import DEFAULTS
from evtech.insights.seasonal import seasonal_anomalies

MONDAY = datetime(2025, 3, 3, tzinfo=UTC).timestamp()
HOUR, DAY, WEEK = 3600.0, 86_400.0, 7 * 86_400.0
PERIOD = (MONDAY + 10 * WEEK, MONDAY + 12 * WEEK)


def charge(port: str, start: float, hours: float, kwh: float) -> Attempt:
    return Attempt(port, start, None, None, start, start + hours * HOUR, start + hours * HOUR, kwh)


def depot(seed: int = 1, skip: float = -1.0) -> list[Attempt]:
    """Four ports that charge every working night from 22 h on, nearly alike; ``skip`` is a night left out."""
    source = np.random.default_rng(seed)
    return [
        charge(port, start + 22 * HOUR + source.uniform(0, 300), 6, 60 + source.normal(0, 2))
        for day in range(12 * 7)
        if (start := MONDAY + day * DAY) != skip and day % 7 < 5
        for port in "ABCD"
    ]


def public(seed: int = 1, weeks: int = 12) -> list[Attempt]:
    """Four ports that strangers come to when they like."""
    source = np.random.default_rng(seed)
    found = []
    for port in "ABCD":
        at = MONDAY
        while (at := at + source.exponential(6 * HOUR)) < MONDAY + weeks * WEEK:
            hours = source.uniform(0.5, 2)
            found.append(charge(port, at, hours, 11 * hours))
            at += hours * HOUR
    return found


def records(attempts: list[Attempt], site: str = "Yard", zone: str = "UTC", **more: object) -> Records:
    ports = {name: Port(name, site, zone, **more) for name in "ABCD"}  # type: ignore[arg-type]
    return Records(ports, sorted(attempts, key=lambda a: a.start))


def told(r: Records, period: tuple[float, float] = PERIOD) -> list[tuple[str, str, float]]:
    return [(a.port, a.said, (a.start - MONDAY) / HOUR) for a in seasonal_anomalies(r, period, DEFAULTS)]


def test_a_depot_that_keeps_to_its_plan_is_usual() -> None:
    assert told(records(depot())) == []


def test_a_night_without_charging_is_one_finding() -> None:
    skipped = MONDAY + (10 * 7 + 2) * DAY
    ((place, said, at),) = told(records(depot(skip=skipped)))

    assert (place, said) == ("Yard", "seasonal_low")
    assert at == (skipped - MONDAY) / HOUR + 22


def test_charging_at_a_time_when_nobody_ever_does() -> None:
    noon = MONDAY + (10 * 7 + 1) * DAY + 11 * HOUR
    more = [charge(port, noon, 2, 40) for port in "ABC"]
    (anomaly,) = seasonal_anomalies(records(depot() + more), PERIOD, DEFAULTS)

    assert (anomaly.said, anomaly.start, anomaly.end) == ("seasonal_high", noon, noon + 2 * HOUR)
    assert anomaly.value == pytest.approx(60.0)
    assert (anomaly.rule, anomaly.severity, anomaly.limit) == ("seasonal", "info", 4.0)


def test_strangers_who_come_when_they_like_are_nothing_unusual() -> None:
    hours = 0
    for seed in range(5):
        hours += len(told(records(public(seed))))
    assert hours <= 2  # of 1,680


def test_what_nobody_watched_is_not_a_quiet_night() -> None:
    skipped = MONDAY + (10 * 7 + 2) * DAY
    watched = ((MONDAY, skipped), (skipped + DAY + 12 * HOUR, MONDAY + 12 * WEEK))
    assert told(records(depot(skip=skipped), watched=watched)) == []


def test_a_lone_port_is_judged_by_itself() -> None:
    skipped = MONDAY + (10 * 7 + 2) * DAY
    lone = [a for a in depot(skip=skipped) if a.port == "A"]
    assert [place for place, _, _ in told(Records({"A": Port("A", "Yard")}, lone))] == ["A"]


def test_a_change_of_the_clock_moves_the_night_and_nothing_else() -> None:
    source = np.random.default_rng(2)
    nights = [
        datetime(2025, 2, 3, 22, tzinfo=UTC).timestamp() + day * DAY - (HOUR if day >= 55 else 0)
        for day in range(80)
        if day % 7 < 5
    ]  # summer time began on 30 March: the same local hour is an hour earlier
    attempts = [
        charge(p, at - HOUR + source.uniform(0, 300), 6, 60 + source.normal(0, 2)) for at in nights for p in "ABCD"
    ]
    period = (datetime(2025, 3, 24, tzinfo=UTC).timestamp(), datetime(2025, 4, 14, tzinfo=UTC).timestamp())
    assert told(records(attempts, zone="Europe/Berlin"), period) == []


def test_less_than_four_weeks_are_no_profile() -> None:
    early = [a for a in depot() if a.start < MONDAY + 3 * WEEK]
    assert told(records([*early, charge("A", MONDAY + 3 * WEEK, 2, 200)]), (MONDAY, MONDAY + 4 * WEEK)) == []


def test_the_limit_is_a_setting() -> None:
    r = records(depot(skip=MONDAY + (10 * 7 + 2) * DAY))
    assert seasonal_anomalies(r, PERIOD, replace(DEFAULTS, seasonal_z=100.0)) == []
