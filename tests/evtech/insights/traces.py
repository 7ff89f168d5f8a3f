"""A sound charge as columns, and what changes one of them: the ground of the tests of single rules."""

from dataclasses import replace
from typing import Any

import numpy as np

from evtech.insights.anomalies import Anomaly
from evtech.insights.columns import Samples
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.sample_rules import sample_anomalies

RATED = SampleLimits(rated_w=11_000.0, step_wh=1.0)
COUNT = 1200
START = 1.7e9
PHASES = ("l1", "l2", "l3")


def sound(every: float = 1.0) -> Samples:
    """Twelve hundred samples at 10.9 kW on three phases, with all that a good charger tells."""
    source = np.random.default_rng(7)
    times = START + every * np.arange(COUNT, dtype=float)
    columns = {f"voltage_{p}": 230.0 + source.normal(0, 0.5, COUNT) for p in PHASES}
    columns |= {f"current_{p}": 15.8 + source.normal(0, 0.03, COUNT) for p in PHASES}
    apparent = sum(columns[f"voltage_{p}"] * columns[f"current_{p}"] for p in PHASES)
    power = 0.99 * apparent
    counted = np.concatenate(([0.0], np.cumsum((power[1:] + power[:-1]) / 2 * every))) / 3600
    columns |= {
        "power_total": power, "energy_import_total": np.round(5e6 + counted),
        "power_factor_total": np.full(COUNT, 0.99), "frequency": 50 + source.normal(0, 0.01, COUNT),
        "current_neutral": np.full(COUNT, 0.6), "current_limit_actual": np.full(COUNT, 16.0),
        "hw_max_current": np.full(COUNT, 16.0), "current_limit": np.full(COUNT, 16.0),
        "temperature": np.full(COUNT, 35.0), "temperature_connector": np.full(COUNT, 45.0),
    }  # fmt: skip
    for one, other in (("l1", "l2"), ("l2", "l3"), ("l3", "l1")):
        columns[f"voltage_{one}_{other}"] = np.full(COUNT, 398.4) + source.normal(0, 0.3, COUNT)
    energy = columns["energy_import_total"]
    return Samples("P", times, columns, float(energy[-1] - energy[0]), "s", np.zeros(COUNT, bool))


def direct() -> Samples:
    """A DC charge of 45 kW out of 48 kW, with the vehicle's wish."""
    s = sound()
    volts, amps = np.full(COUNT, 400.0), np.full(COUNT, 112.5)
    columns = {
        "power_total": np.full(COUNT, 48_000.0), "dc_voltage": volts, "dc_current": amps, "dc_power": volts * amps,
        "soc": np.linspace(20, 40, COUNT),
    }  # fmt: skip
    return replace(s, columns=columns, session_wh=None, requested_w=np.full(COUNT, 46_000.0))


def changed(s: Samples, part: slice, how: str = "set", **values: Any) -> Samples:
    """Return samples with parts of columns set, added to or multiplied (``how``: set, plus, times)."""
    columns: dict[str, np.ndarray] = dict(s.columns)
    for name, value in values.items():
        column = columns.get(name, np.full(COUNT, np.nan)).copy()
        column[part] = column[part] + value if how == "plus" else column[part] * value if how == "times" else value
        columns[name] = column
    return replace(s, columns=columns)


def without(s: Samples, *names: str) -> Samples:
    return replace(s, columns={name: column for name, column in s.columns.items() if name not in names})


def found(s: Samples, limits: SampleLimits = RATED) -> list[Anomaly]:
    return sample_anomalies(s, limits)


def rules(s: Samples, limits: SampleLimits = RATED) -> list[str]:
    return [a.rule for a in found(s, limits)]


def one(s: Samples, rule: str, limits: SampleLimits = RATED) -> Anomaly:
    """Return the only finding, which must be of this rule, and say all that a finding must say."""
    (anomaly,) = found(s, limits)
    assert anomaly.rule == rule
    assert anomaly.text
    assert anomaly.suggestion
    assert anomaly.value is not None
    assert anomaly.limit is not None
    assert anomaly.start <= anomaly.end
    assert "{" not in anomaly.text
    return anomaly
