"""From the wire to the finding: what a real archive shows, once, again after a change of limits, and after a stop."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from evtech.exchange.incoming import keep
from evtech.exchange.reading import read_file
from evtech.insights.kept_findings import all_kept, in_force
from evtech.insights.rule_limits import DEFAULTS
from evtech.insights.session_check import check_archive, check_session, check_sessions
from evtech.insights.session_samples import read_samples, seen_step
from evtech.simulator.scenario import Scenario, find_scenario
from evtech.store import fleet as said
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.session_list import line_of
from tests.evtech.diagnostics.station import write_csv
from tests.evtech.diagnostics.test_healthy_recordings import SESSIONS
from tests.evtech.diagnostics.test_healthy_recordings import session as healthy
from tests.evtech.insights.recorded import START, Happen, plug, put, record, unplug

FOREVER = (0.0, 1e12)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive.open(tmp_path / "a.evtech")
    yield made
    made.close()


def watched(archive: Archive, profile: str, seconds: float, happen: Happen, **more: object) -> ChargingSession:
    (session,) = asyncio.run(record(archive, profile, seconds, happen, **more))  # type: ignore[arg-type]
    return session


def told(archive: Archive, session: ChargingSession) -> list[tuple[str, str]]:
    return [(a.rule, a.severity) for a in check_session(archive, session)]


@pytest.mark.parametrize("profile", ["keba-kecontact-p30", "alfen-ng9xx", "carlo-gavazzi-em340"])
def test_a_sound_charge_of_every_kind_of_product_is_clean(archive: Archive, profile: str) -> None:
    session = watched(archive, profile, 1500, [(500, plug), (1300, unplug)], scenario=Scenario(vehicle={"soc": 0.2}))

    assert told(archive, session) == []
    (check,) = archive.results("check")
    # a register in steps of 100 Wh cannot vouch for 2 kWh
    assert check.body.get("mismatch_pct", 0.0) == pytest.approx(0, abs=1.0)
    assert ("mismatch_pct" in check.body) == (profile != "carlo-gavazzi-em340")
    assert check.body["idle_w"] == 0.0


@pytest.mark.parametrize("name", SESSIONS)
def test_four_hours_of_a_healthy_vehicle_fire_nothing(archive: Archive, tmp_path: Path, name: str) -> None:
    keep(archive, read_file(write_csv(tmp_path / "t.csv", healthy(name, 3.0))))

    assert archive.results("anomaly") == []
    assert len(archive.results("check")) == 1


@pytest.mark.parametrize(("offset", "expected"), [(3.0, []), (-42.0, [("clock", "warning")])])
def test_a_charger_with_its_clock_off(archive: Archive, offset: float, expected: list[tuple[str, str]]) -> None:
    session = watched(
        archive, "alfen-ng9xx", 120, [(0, put("charger", "clock_offset_s", offset)), (10, plug), (90, unplug)]
    )
    assert told(archive, session) == expected


def test_a_charger_that_gets_hot(archive: Archive) -> None:
    scenario = replace(find_scenario("derating"), events=())
    session = watched(archive, "evtech-trainer", 1300, [(5, plug), (1200, unplug)], scenario=scenario)
    assert told(archive, session) == [("derating", "warning")]


def test_a_contactor_s_pole_that_opens_under_load(archive: Archive) -> None:
    happen = [(5, plug), (60, put("charger", "dead_l3", 1.0)), (240, unplug)]
    (anomaly,) = check_session(archive, watched(archive, "keba-kecontact-p30", 300, happen, every=2.0))

    assert (anomaly.rule, anomaly.about, anomaly.said) == ("phase_missing", "L3", "phase_missing")
    assert anomaly.session_id == archive.results("anomaly")[0].session_id


def test_a_meter_that_counts_before_the_vehicle_comes(archive: Archive) -> None:
    happen = [(0, put("meter", "creep_w", 12.0)), (1500, plug), (1580, unplug)]
    (anomaly,) = check_session(archive, watched(archive, "keba-kecontact-p30", 1600, happen, every=10.0))

    assert (anomaly.rule, anomaly.severity, anomaly.about) == ("standby", "critical", "idle")
    assert anomaly.value == pytest.approx(12 * (1500 - 130) / 3600, abs=0.2)
    assert anomaly.figures["watts"] == pytest.approx(12.0, abs=0.3)


def test_a_port_s_rating_is_what_a_leap_is_judged_by(archive: Archive) -> None:
    happen = [(5, plug), (60, lambda b: b._do_shift_register(600.0)), (240, unplug)]
    session = watched(archive, "keba-kecontact-p30", 300, happen)
    assert ("jump", "critical") in told(archive, session)
    found = check_session(archive, session, rated_w=lambda port: 400_000.0)
    assert "jump" not in [a.rule for a in found]


def test_a_rating_that_somebody_entered_counts_without_being_asked_for(archive: Archive) -> None:
    happen = [(5, plug), (60, lambda b: b._do_shift_register(600.0)), (240, unplug)]
    session = watched(archive, "keba-kecontact-p30", 300, happen)
    port = line_of(session).port
    entered = said.say(said.read(archive).facts(port), {"rated_kw": 400.0}, "Ada")
    assert entered is not None
    archive.add_result(entered)

    assert "jump" not in [a.rule for a in check_session(archive, session)]


def test_a_session_over_two_recordings_is_read_as_one(archive: Archive) -> None:
    first = watched(archive, "keba-kecontact-p30", 120, [(5, plug), (100, unplug)])
    second = watched(archive, "keba-kecontact-p30", 120, [(5, plug), (100, unplug)], start=START + timedelta(hours=1))
    both = replace(
        second, id="both", started=first.started, ended=second.ended, phases=(*first.phases, *second.phases),
        earlier_recordings=(first.recording_id,),
    )  # fmt: skip
    samples = read_samples(archive, both)

    assert samples is not None
    assert samples.times[-1] - samples.times[0] > 3600
    assert samples.register == "energy_total"


def long_ago(archive: Archive) -> ChargingSession:
    """Return a session with a clock that is off, recorded before anybody checked it."""
    happen = [(0, put("charger", "clock_offset_s", 30.0)), (5, plug), (90, unplug)]
    return watched(archive, "alfen-ng9xx", 120, happen)


def test_an_old_archive_is_checked_again_and_a_second_time_changes_nothing(archive: Archive) -> None:
    session = long_ago(archive)
    assert check_archive(archive, *FOREVER).sessions == 1
    rows = archive.results()
    assert [a.rule for a in all_kept(archive, *FOREVER)] == ["clock"]

    assert check_archive(archive, *FOREVER).sessions == 0
    assert check_archive(archive, *FOREVER, again=True).sessions == 1
    assert [r.id for r in archive.results("anomaly")] == [r.id for r in rows if r.kind == "anomaly"]
    assert all_kept(archive, *FOREVER)[0].session_id == session.id


def test_other_limits_replace_what_was_found_and_can_be_taken_back(archive: Archive) -> None:
    long_ago(archive)
    first = partial(check_archive, archive, *FOREVER)
    first()
    (before,) = all_kept(archive, *FOREVER)
    first(replace(DEFAULTS, clock_s=60.0))
    assert all_kept(archive, *FOREVER) == []
    first()

    assert all_kept(archive, *FOREVER) == [before]
    assert len(archive.results("anomaly")) == 3
    assert len(in_force(archive.results("anomaly"))) == 1


def test_a_check_that_is_stopped_goes_on_where_it_was(archive: Archive) -> None:
    for hour in range(3):
        watched(archive, "keba-kecontact-p30", 60, [(5, plug), (40, unplug)], start=START + timedelta(hours=hour))
    seen: list[tuple[int, int]] = []
    done = check_archive(archive, *FOREVER, progress=lambda n, of: seen.append((n, of)), stop=lambda: len(seen) >= 2)

    assert (done.stopped, done.sessions, seen) == (True, 2, [(1, 3), (2, 3)])
    assert check_archive(archive, *FOREVER).sessions == 1


def test_only_a_part_can_be_checked(archive: Archive) -> None:
    for hour, serial in enumerate("AB"):
        watched(archive, "keba-kecontact-p30", 60, [(5, plug), (40, unplug)], start=START + timedelta(hours=hour),
                serial=serial)  # fmt: skip
    later = (START + timedelta(minutes=30)).timestamp()
    assert check_archive(archive, later, 1e12).sessions == 1
    assert check_archive(archive, *FOREVER, port="p30 a").sessions == 1
    assert check_archive(archive, *FOREVER).sessions == 0


def test_a_session_without_samples_is_checked_once(archive: Archive) -> None:
    session = watched(archive, "keba-kecontact-p30", 60, [(5, plug), (40, unplug)])
    bare = replace(session, id="bare", recording_id=session.recording_id, started=datetime(2020, 1, 1, tzinfo=UTC),
                   ended=datetime(2020, 1, 1, 1, tzinfo=UTC))  # fmt: skip
    assert check_sessions(archive, [bare]).by_session == {}
    assert archive.results("check")[0].body == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1 * n for n in range(10)], 0.1), ([100.0 * n for n in range(10)], 100.0), ([5.0, 5.0, 6.0], None),
        ([0.015625 * n for n in range(10)], 0.015625), ([0.001 * n for n in range(10)], 0.01),
    ],
)  # fmt: skip
def test_the_step_of_a_register_shows_in_its_values(values: list[float], expected: float | None) -> None:
    import numpy as np

    assert seen_step(np.array(values)) == expected
