"""Rules over the samples of one session, all of them: deterministic, with limits that are settings.

Each finding says value, limit, when, and the samples that show it. What a recording does not hold is not judged: no
rule guesses a rating, a vehicle's wish or a poll interval that is not known.
"""

from dataclasses import replace

from evtech.insights import data_rules, power_rules, register_rules, supply_rules
from evtech.insights.anomalies import Anomaly
from evtech.insights.columns import Samples, poll
from evtech.insights.register_rules import EnergyCheck, energy_check, register_step
from evtech.insights.rule_limits import DEFAULTS, SampleLimits

__all__ = ["EnergyCheck", "SampleLimits", "Samples", "energy_check", "register_step", "sample_anomalies"]

RULES = (
    data_rules.stamps, data_rules.gaps, data_rules.missing_values, data_rules.clock,
    register_rules.movement, register_rules.frozen, register_rules.energy, register_rules.session,
    register_rules.creep,
    supply_rules.voltage, supply_rules.frequency, supply_rules.unbalance, supply_rules.imbalance,
    supply_rules.phase_missing, supply_rules.neutral,
    power_rules.balance, power_rules.power_factor, power_rules.over_limit, power_rules.derating,
    power_rules.efficiency, power_rules.temperature,
)  # fmt: skip


def sample_anomalies(samples: Samples, limits: SampleLimits = DEFAULTS) -> list[Anomaly]:
    """Return what the samples of one session show, by time."""
    if len(samples.times) < 2:
        return []
    limits = replace(limits, poll_s=poll(samples.times, limits))  # asked for by nearly every rule
    found = [anomaly for rule in RULES for anomaly in rule(samples, limits)]
    return sorted(found, key=lambda a: (a.start, a.rule, a.about))
