"""Each rule over samples finds what it is for, with value and limit, and nothing in a sound session."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.sample_rules import SampleLimits, Samples, energy_check, register_step, sample_anomalies

RATED = SampleLimits(rated_w=11_000.0, step_wh=1.0)
COUNT = 600


def sound() -> Samples:
    """Ten minutes at 11 kW, a sample a second."""
    source = np.random.default_rng(7)
    times = 1.7e9 + np.arange(COUNT, dtype=float)
    power = 10_900.0 + source.normal(0, 20, COUNT)
    energy = np.round(5e6 + np.concatenate(([0.0], np.cumsum((power[1:] + power[:-1]) / 2))) / 3600)
    columns = {"power_total": power, "energy_import_total": energy}
    columns |= {f"voltage_l{i}": 230.0 + source.normal(0, 0.5, COUNT) for i in (1, 2, 3)}
    columns |= {f"current_l{i}": 15.8 + source.normal(0, 0.05, COUNT) for i in (1, 2, 3)}
    return Samples("P", times, columns, float(energy[-1] - energy[0]), "s", np.zeros(COUNT, bool))


def rules(samples: Samples, limits: SampleLimits = RATED) -> list[str]:
    return [a.rule for a in sample_anomalies(samples, limits)]


def changed(name: str, part: slice, value: object, by: str = "set") -> Samples:
    samples = sound()
    column = samples.columns[name].copy()
    column[part] = column[part] * value if by == "times" else column[part] + value if by == "plus" else value
    return replace(samples, columns={**samples.columns, name: column})


def test_a_sound_session_gives_nothing() -> None:
    assert rules(sound()) == []


@pytest.mark.parametrize(
    ("samples", "rule"),
    [
        (changed("energy_import_total", slice(300, None), -500.0, "plus"), "rollback"),
        (changed("energy_import_total", slice(300, None), 900.0, "plus"), "jump"),
        (changed("energy_import_total", slice(300, None), 5_000_900.0), "frozen"),
        (changed("power_total", slice(None), 0.9, "times"), "energy_mismatch"),
        (changed("power_total", slice(None), 0.001, "times"), "scale_slip"),
        (changed("current_l3", slice(100, 200), 10.0), "imbalance"),
        (changed("voltage_l2", slice(100, 130), 190.0), "voltage"),
        (replace(sound(), session_wh=2500.0), "session_mismatch"),
        (replace(sound(), away=np.arange(COUNT) < 100), "standby"),
        (replace(sound(), device_times=sound().times + 9), "clock"),
        (replace(sound(), requested_w=np.full(COUNT, 20_000.0)), ""),
        (replace(changed("power_total", slice(100, 500), 5000.0), requested_w=np.full(COUNT, 20_000.0)), "derating"),
        (replace(sound(), times=np.where(np.arange(COUNT) == 300, 1.7e9 + 299, sound().times)), "duplicate_time"),
        (replace(sound(), times=sound().times + np.where(np.arange(COUNT) > 300, 60, 0)), "gap"),
    ],
)
def test_a_rule_finds_what_it_is_for(samples: Samples, rule: str) -> None:
    assert rule in rules(samples) if rule else rules(samples) == []


def test_a_register_that_runs_over_is_carried_on() -> None:
    samples = sound()
    energy = samples.columns["energy_import_total"] - 5e6 + 4_294_967_200
    energy = np.where(energy >= 2**32, energy - 2**32, energy)
    found = sample_anomalies(replace(samples, columns={**samples.columns, "energy_import_total": energy}), RATED)

    assert register_step(4_294_967_200, 150, 120, 22_000, 2**32) == 246
    assert register_step(4_294_967_200, 150, 1, 22_000, 2**32) is None
    assert [a.rule for a in found if a.severity == "critical"] == []
    assert "rollover" in [a.rule for a in found]


def test_energy_is_compared_with_the_trapezoid_of_power() -> None:
    times = np.array([0, 10, 20, 35, 60, 90, 120, 150, 180, 240, 300], float)
    power = 1000 * np.array([0, 20.5, 21.8, 22.0, 22.1, 22.0, 21.9, 22.0, 22.1, 22.0, 21.9])
    register = np.full(len(times), np.nan)
    register[[0, -1]] = 0.0, 1820.0
    check = energy_check(times, power, np.interp(times, [0, 300], [0, 1820.0]), SampleLimits())

    assert check is not None
    assert check.integral_wh == pytest.approx(1798.264, abs=5e-4)
    assert check.mismatch_pct == pytest.approx(1.208728, abs=5e-6)


def test_imbalance_is_the_greatest_distance_from_the_mean() -> None:
    samples = sound()
    amps = {"current_l1": 31.8, "current_l2": 30.9, "current_l3": 28.4}
    columns = {**samples.columns, **{name: np.full(COUNT, value) for name, value in amps.items()}}
    found = sample_anomalies(replace(samples, columns=columns), replace(RATED, imbalance_pct=5.0))

    assert next(a.value for a in found if a.rule == "imbalance") == pytest.approx(6.476400, abs=5e-6)
