"""Rules over the register: each finds its own trace and no near miss; the vectors of the fact sheet."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.anomalies import Evidence
from evtech.insights.columns import Idle, Samples
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.sample_rules import energy_check, register_step
from tests.evtech.insights.traces import COUNT, PHASES, RATED, changed, found, one, rules, sound

REGISTER = "energy_import_total"
HALF = slice(600, None)


def registered(values: np.ndarray) -> Samples:
    return replace(sound(), columns={**sound().columns, REGISTER: values}, session_wh=None)


def test_a_sound_session_gives_nothing() -> None:
    assert rules(sound()) == []
    assert rules(sound(10.0)) == []


def test_a_register_that_falls_is_told_with_both_values() -> None:
    s = changed(sound(), HALF, "plus", energy_import_total=-500.0)
    anomaly = one(s, "rollback")

    assert anomaly.severity == "critical"
    assert anomaly.value == pytest.approx(-497.0, abs=1)
    assert [e.point for e in anomaly.evidence] == [REGISTER, "power_total"] * 2
    assert anomaly.evidence[0] == Evidence(s.times[599], REGISTER, s.columns[REGISTER][599])
    assert rules(changed(sound(), slice(600, 601), "plus", energy_import_total=-1.0)) == []  # one step is its noise


def test_a_leap_is_more_than_power_and_time_allow() -> None:
    found_ = found(changed(sound(), HALF, "plus", energy_import_total=900.0))

    assert [a.rule for a in found_ if a.severity == "critical"] == ["jump"]
    assert found_[-1].limit == pytest.approx(1.2 * 11_000 / 3600 + 2, abs=0.1)
    assert rules(changed(sound(), HALF, "plus", energy_import_total=2.0)) == []


def test_a_poll_that_was_read_late_is_no_leap() -> None:
    """A busy laptop: the register is read up to a second after the moment that its poll is stamped with."""
    energy = sound().columns[REGISTER].copy()
    energy[500:510:3] = energy[501:511:3]  # these polls show what the next one does

    assert rules(registered(energy)) == []
    assert [a.rule for a in found(registered(energy + np.where(np.arange(COUNT) >= 500, 12.0, 0.0)))] == ["jump"]


def test_a_register_that_is_updated_once_a_minute_neither_leaps_nor_stands_still() -> None:
    slow = sound().columns[REGISTER][np.arange(COUNT) // 60 * 60]
    assert rules(registered(slow)) == []


def test_a_register_that_runs_over_is_carried_on() -> None:
    energy = sound().columns[REGISTER] - 5e6 + 4_294_967_200
    s = registered(np.where(energy >= 2**32, energy - 2**32, energy))

    assert register_step(4_294_967_200, 150, 120, 22_000, 2**32) == 246
    assert register_step(4_294_967_200, 150, 1, 22_000, 2**32) is None
    assert [(a.rule, a.severity) for a in found(s) if a.rule not in ("energy_mismatch", "session_mismatch")] == [
        ("rollover", "info")
    ]


def test_exchanged_words_are_named_as_such() -> None:
    energy = sound().columns[REGISTER].copy()
    raw = energy[HALF].astype(np.int64)
    energy[HALF] = (raw & 0xFFFF) << 16 | raw >> 16
    anomaly = next(a for a in found(registered(energy)) if a.said == "swapped")

    assert (anomaly.rule, anomaly.severity) == ("scale_slip", "critical")
    assert anomaly.limit == pytest.approx(energy[599])


@pytest.mark.parametrize(("until", "expected"), [(661, []), (662, ["frozen"]), (COUNT, ["energy_mismatch", "frozen"])])
def test_a_register_may_stand_still_for_a_minute_under_load(until: int, expected: list[str]) -> None:
    energy = sound().columns[REGISTER].copy()
    energy[600:until] = energy[600]
    found_ = [a.rule for a in found(registered(energy)) if a.rule != "jump"]

    assert found_ == expected


@pytest.mark.parametrize(("repeats", "expected"), [(61, []), (63, ["frozen"])])
def test_values_that_repeat_to_the_last_digit(repeats: int, expected: list[str]) -> None:
    s = sound()
    part = slice(600, 600 + repeats)
    same = {name: float(s.columns[name][600]) for name in s.columns if name[:7] in ("voltage", "current", "power_t")}
    assert rules(changed(s, part, **same)) == expected


def test_a_coarse_meter_may_repeat_itself() -> None:
    s = sound()
    volts = 230.0 + np.cumsum(np.random.default_rng(1).random(COUNT) < 0.05) % 2  # whole volts, a step now and then
    volts[100:200] = 230.0
    steps = {f"voltage_{p}": volts for p in PHASES} | {f"current_{p}": np.full(COUNT, 16.0) for p in PHASES}
    coarse = replace(s, columns={**s.columns, **steps, "power_total": 48 * volts * 0.99}, session_wh=None)
    assert "frozen" not in rules(coarse)


def test_energy_is_compared_with_the_trapezoid_of_power() -> None:
    times = np.array([0, 10, 20, 35, 60, 90, 120, 150, 180, 240, 300], float)
    power = 1000 * np.array([0, 20.5, 21.8, 22.0, 22.1, 22.0, 21.9, 22.0, 22.1, 22.0, 21.9])
    check = energy_check(times, power, np.interp(times, [0, 300], [0, 1820.0]), SampleLimits())

    assert check is not None
    assert check.integral_wh == pytest.approx(1798.264, abs=5e-4)
    assert check.mismatch_pct == pytest.approx(1.208728, abs=5e-6)


@pytest.mark.parametrize(
    ("factor", "expected"), [(0.985, []), (0.975, ["energy_mismatch"]), (1.03, ["energy_mismatch"])]
)
def test_the_register_may_differ_by_two_percent(factor: float, expected: list[str]) -> None:
    s = sound()
    energy = 5e6 + (s.columns[REGISTER] - 5e6) * factor
    assert rules(registered(energy)) == expected


def test_a_poll_a_minute_blurs_the_edges_of_a_charge_and_that_is_allowed_for() -> None:
    times = 60.0 * np.arange(40)
    power = np.where((times > 300) & (times < 1500), 11_000.0, 0.0)
    register = np.interp(times, [330, 1530], [0.0, 11_000.0 * 1200 / 3600])
    check = energy_check(times, power, register, RATED)

    assert check is not None
    assert check.limit_pct > abs(check.mismatch_pct)
    assert check.limit_pct < 12


@pytest.mark.parametrize("slip", [1000.0, 0.1, 65536.0])
def test_a_known_factor_is_a_slip_of_scale(slip: float) -> None:
    s = sound()
    energy = (s.columns[REGISTER] - 5e6) * slip
    slipped = next(a for a in found(registered(energy)) if a.said == "scale_slip")

    assert (slipped.rule, slipped.severity, slipped.limit) == ("scale_slip", "critical", slip)


def test_a_session_is_compared_with_its_register() -> None:
    s = sound()
    assert rules(replace(s, session_wh=(s.session_wh or 0) + 2.0)) == []
    assert one(replace(s, session_wh=(s.session_wh or 0) + 3.0), "session_mismatch").limit == 2.0


def test_a_counter_of_its_own_is_compared_since_it_began_anew() -> None:
    s = sound()
    counted = s.columns[REGISTER] - 5e6
    counter = np.where(np.arange(COUNT) < 100, 8000.0 + counted, counted - counted[100])
    assert rules(replace(s, columns={**s.columns, "session_energy": counter})) == []
    wrong = one(replace(s, columns={**s.columns, "session_energy": counter * 1.02}), "session_mismatch")
    assert wrong.about == "counter"


def test_a_meter_that_counts_with_the_contactor_open_is_critical() -> None:
    s = sound()
    off = {name: np.zeros(COUNT) for name in s.columns if name[:7] in ("current", "power_t")}
    still = replace(s, columns={**s.columns, **off}, away=np.ones(COUNT, bool), session_wh=None)
    creeping = one(replace(still, columns={**still.columns, REGISTER: 5e6 + np.arange(COUNT) // 400}), "standby")

    assert (creeping.severity, creeping.value) == ("critical", 2.0)
    at_rest = {**still.columns, REGISTER: 5e6 + np.arange(COUNT) // 700}
    assert rules(replace(still, columns=at_rest)) == []  # one step


@pytest.mark.parametrize(("seconds", "wh", "expected"), [(600, 3.0, ["standby"]), (600, 1.0, []), (200, 3.0, [])])
def test_a_meter_that_counts_before_the_vehicle_comes(seconds: int, wh: float, expected: list[str]) -> None:
    times = 1.7e9 - seconds + np.arange(seconds, dtype=float)
    idle = Idle(times, np.zeros(seconds), np.linspace(4e6, 4e6 + wh, seconds))
    assert rules(replace(sound(), idle=idle)) == expected
