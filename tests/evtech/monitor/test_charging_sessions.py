"""Sessions are made of readings: energy from the register, gaps inside, honest about what is not known."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evtech.devices.library import Library
from evtech.measure.sample import ActiveError, ChargerIdentity, ChargerState, Reading, Sample, SessionPhase
from evtech.monitor.charging_sessions import ChargingSessions
from evtech.store.records import ChargingSession, Gap

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHASES = {
    "A1": SessionPhase.IDLE,
    "B1": SessionPhase.AUTHORISING,
    "B2": SessionPhase.PLUGGED,
    "C2": SessionPhase.CHARGING,
}


def reading(second: float, pilot: str | None, **values: float) -> Reading:
    samples = {name: Sample(name, value, "") for name, value in values.items()}
    state = ChargerState(pilot, PHASES[pilot], "", "") if pilot else None
    return Reading(START + timedelta(seconds=second), second, samples, state)


def watch(
    profile_id: str, readings: Iterable[Reading | Gap], continued: ChargingSession | None = None
) -> ChargingSession:
    profile = Library().find(profile_id)
    identity = ChargerIdentity(profile_id, profile.vendor, profile.model, "4711")
    ended: list[ChargingSession] = []
    sessions = ChargingSessions(profile, identity, "v", "r", on_end=ended.append, continued=continued)
    for item in readings:
        sessions.take_gap(item) if isinstance(item, Gap) else sessions.take(item)
    assert len(ended) <= 1
    running = sessions.current
    return ended[0] if ended else running  # type: ignore[return-value]  # the caller expects one


def charge(first: int, last: int, start_wh: float, wh_per_s: float = 3.0, pilot: str = "C2") -> list[Reading]:
    return [
        reading(s, pilot, energy_total=start_wh + (s - first) * wh_per_s, power_total=wh_per_s * 3600, current_l1=16)
        for s in range(first, last)
    ]


def idle(*seconds: int, wh: float) -> list[Reading]:
    return [reading(s, "A1", energy_total=wh, power_total=0.0) for s in seconds]


def test_energy_is_the_register_difference() -> None:
    session = watch("keba-kecontact-p30", [*idle(0, wh=1000), *charge(1, 101, 1000), *idle(101, 102, wh=1300)])

    assert (session.register_start_wh, session.register_end_wh) == (1000, 1300)
    assert session.energy_wh == 300
    assert session.energy_source == "register_difference"
    assert session.ended == START + timedelta(seconds=101)
    assert session.charging_s == pytest.approx(99)
    assert session.peak_power_w == 10800
    assert [span.phase for span in session.phases] == ["CHARGING"]


def test_a_gap_stays_inside_one_session_and_loses_no_energy() -> None:
    gap = Gap(START + timedelta(seconds=50), START + timedelta(seconds=70), "link lost")
    before, after = charge(1, 51, 1000), charge(70, 101, 1207)

    session = watch("keba-kecontact-p30", [*idle(0, wh=1000), *before, gap, *after, *idle(101, 102, wh=1300)])

    assert session.gaps == (gap,)
    assert session.energy_wh == 300
    # 20 s of the energy flowed unwatched: the mean power is that of the watched seconds
    assert session.mean_power_w == pytest.approx(10800, rel=0.03)


def test_a_register_that_runs_over_is_carried_on() -> None:
    top = 2**32 * 0.1
    readings = [
        *idle(0, wh=top - 90),
        *charge(1, 31, top - 90),
        *charge(31, 61, 0.0),
        *idle(61, 62, wh=90),
    ]
    session = watch("keba-kecontact-p30", readings)

    assert session.energy_wh == pytest.approx(180, abs=3.2)
    assert "ran over" in session.notes[0]


def test_a_meter_that_restarts_is_said_so_and_never_negative() -> None:
    readings = [*idle(0, wh=1000), *charge(1, 51, 1000), *charge(51, 101, 0.0), *idle(101, 102, wh=150)]

    session = watch("keba-kecontact-p30", readings)

    assert session.energy_wh == pytest.approx(147 + 150)
    assert any("fell back" in note for note in session.notes)


def test_apparent_energy_never_becomes_energy() -> None:
    readings = [
        reading(s, "C2" if 0 < s < 61 else "A1", apparent_energy_total=5000 + 2 * min(s, 60), apparent_power_total=7200)
        for s in range(63)
    ]
    session = watch("heidelberg-energy-control", readings)

    assert session.energy_wh is None
    assert session.energy_source is None
    assert session.apparent_energy_vah == 120
    assert "VAh" in session.notes[0]


def test_a_vehicle_that_was_there_already_makes_a_partial_session() -> None:
    session = watch("keba-kecontact-p30", charge(0, 10, 1000))

    assert session.partial_start
    assert session.ended is None


def test_one_glitch_of_the_pilot_does_not_end_a_session() -> None:
    readings = [
        *idle(0, wh=1000),
        *charge(1, 51, 1000),
        *idle(51, wh=1150),
        *charge(52, 101, 1153),
        *idle(101, 102, wh=1300),
    ]

    assert watch("keba-kecontact-p30", readings).energy_wh == 300


def test_a_session_goes_on_after_evtech_was_killed() -> None:
    first = watch("keba-kecontact-p30", [*idle(0, wh=1000), *charge(1, 51, 1000)])

    session = watch("keba-kecontact-p30", [*charge(80, 101, 1240), *idle(101, 102, wh=1303)], continued=first)

    assert session.id == first.id
    assert session.energy_wh == 303
    assert session.gaps[0].reason == "evtech was not running"
    assert (session.gaps[0].end - session.gaps[0].start).total_seconds() == 30


def test_another_vehicle_does_not_inherit_an_interrupted_session() -> None:
    first = watch("keba-kecontact-p30", [*idle(0, wh=1000), *charge(1, 51, 1000)])

    session = watch("keba-kecontact-p30", charge(80, 90, 500), continued=first)

    assert session.id != first.id


def test_an_interrupted_session_whose_vehicle_left_is_closed_and_not_inherited() -> None:
    first = watch("keba-kecontact-p30", [*idle(0, wh=1000), *charge(1, 51, 1000)])
    profile = Library().find("keba-kecontact-p30")
    identity = ChargerIdentity(profile.id, profile.vendor, profile.model, "4711")
    ended: list[ChargingSession] = []
    sessions = ChargingSessions(profile, identity, "v", "r2", on_end=ended.append, continued=first)

    for item in [*idle(80, 81, wh=1200), *charge(90, 95, 1200)]:
        sessions.take(item)

    assert [(s.id, s.energy_wh, s.ended) for s in ended] == [(first.id, 147, first.last_seen)]
    assert sessions.current is not None
    assert sessions.current.id != first.id
    assert sessions.current.energy_wh == 12


def test_the_mean_power_leaves_out_what_flowed_while_evtech_was_not_running() -> None:
    first = watch("keba-kecontact-p30", [*idle(0, wh=1000), *charge(1, 51, 1000)])

    session = watch("keba-kecontact-p30", charge(80, 101, 1240), continued=first)

    assert session.mean_power_w == pytest.approx(10800, rel=0.03)


@pytest.mark.parametrize("glitch", [0.0, 17.0, 429_000_000.0])
def test_one_wrong_register_value_counts_nothing(glitch: float) -> None:
    readings = charge(1, 101, 1_000_000)
    readings[50] = reading(51, "C2", energy_total=glitch, power_total=10800, current_l1=16)

    session = watch("keba-kecontact-p30", [*idle(0, wh=1_000_000), *readings, *idle(101, 102, wh=1_000_300)])

    assert session.energy_wh == pytest.approx(300)


def test_a_meter_without_pilot_makes_sessions_of_current() -> None:
    readings = [
        reading(s, None, energy_import_total=1000 + 3 * min(max(s - 10, 0), 50),
                power_total=10800 if 10 <= s < 60 else 0,
                current_l1=16 if 10 <= s < 60 else 0)
        for s in range(200)
    ]  # fmt: skip
    session = watch("eastron-sdm630", readings)

    assert session.energy_wh == 150
    assert session.ended == START + timedelta(seconds=60)


def test_a_fault_is_kept_and_is_the_stop_reason() -> None:
    fault = ActiveError("0x40000", "0x40000", None, "fault")
    readings = [*idle(0, wh=1000), *charge(1, 10, 1000), replace(charge(10, 11, 1027)[0], errors=(fault,))]

    session = watch("keba-kecontact-p30", [*readings, *idle(11, 12, wh=1030)])

    assert session.stop_reason == "fault"
    assert [error["code"] for error in session.errors] == ["0x40000"]
