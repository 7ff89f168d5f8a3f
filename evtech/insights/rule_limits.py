"""Limits of the rules over samples: one typed table, its defaults from the fact sheet of key figures, and a file.

A technician changes a limit in ``findings.toml`` of the user's data folder (the window writes the same file); a file
that names an unknown limit or an impossible value is refused whole, so that nobody believes in a limit that is not in
force. Every check keeps a stamp of the limits it used.
"""

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from evtech import paths
from evtech.errors import InputError

FILE_NAME = "findings.toml"
RULES_VERSION = 2  # of the rules themselves; a check by older rules is run again


def _limit(default: float, low: float, high: float, unit: str = "") -> Any:
    """Return a field with its default, what is allowed, and its unit; ``Any`` as ``dataclasses.field`` has it."""
    return field(default=default, metadata={"low": low, "high": high, "unit": unit})


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """Thresholds. ``rated_w`` is the port's rating (``None``: the greatest power seen counts), no setting.

    ``poll_s`` is known from a test only, else the median distance of the samples; ``step_wh`` is the step of a register
    whose profile and values do not tell it.
    """

    rated_w: float | None = None
    poll_s: float | None = None
    step_wh: float = _limit(10.0, 0.001, 10_000, "Wh")
    plausible: float = _limit(1.2, 1.0, 5.0)
    flowing_pct: float = _limit(5.0, 0.5, 50.0, "%")
    gap_polls: float = _limit(3.0, 1.5, 1000.0)
    gap_share_pct: float = _limit(5.0, 0.1, 100.0, "%")
    clock_s: float = _limit(5.0, 1.0, 86_400.0, "s")
    clock_ppm: float = _limit(20.0, 1.0, 10_000.0, "ppm")
    frozen_steps: float = _limit(3.0, 1.0, 1000.0)
    frozen_samples: float = _limit(60.0, 5.0, 100_000.0)
    frozen_s: float = _limit(60.0, 1.0, 86_400.0, "s")
    mismatch_pct: float = _limit(2.0, 0.05, 100.0, "%")
    coverage_pct: float = _limit(98.0, 50.0, 100.0, "%")
    session_steps: float = _limit(2.0, 1.0, 1000.0)
    creep_wh: float = _limit(1.0, 0.001, 1000.0, "Wh")
    voltage_v: float = _limit(230.0, 50.0, 1000.0, "V")
    voltage_pct: float = _limit(10.0, 1.0, 50.0, "%")
    voltage_low_pct: float = _limit(15.0, 1.0, 50.0, "%")
    week_share_pct: float = _limit(5.0, 0.1, 100.0, "%")
    frequency_pct: float = _limit(1.0, 0.05, 10.0, "%")
    frequency_high_pct: float = _limit(4.0, 0.1, 20.0, "%")
    frequency_low_pct: float = _limit(6.0, 0.1, 20.0, "%")
    unbalance_pct: float = _limit(2.0, 0.1, 50.0, "%")
    imbalance_pct: float = _limit(10.0, 0.5, 200.0, "%")
    imbalance_s: float = _limit(60.0, 1.0, 86_400.0, "s")
    phase_missing_pct: float = _limit(5.0, 0.1, 50.0, "%")
    phase_missing_s: float = _limit(60.0, 1.0, 86_400.0, "s")
    neutral_pct: float = _limit(20.0, 1.0, 300.0, "%")
    neutral_s: float = _limit(60.0, 1.0, 86_400.0, "s")
    balance_pct: float = _limit(2.0, 0.1, 50.0, "%")
    dc_balance_pct: float = _limit(1.0, 0.1, 50.0, "%")
    balance_s: float = _limit(60.0, 1.0, 86_400.0, "s")
    power_factor: float = _limit(0.95, 0.1, 1.0)
    power_factor_load_pct: float = _limit(20.0, 1.0, 100.0, "%")
    power_factor_s: float = _limit(300.0, 1.0, 86_400.0, "s")
    over_limit_pct: float = _limit(10.0, 0.5, 100.0, "%")
    over_limit_s: float = _limit(5.0, 1.0, 3600.0, "s")
    derating_pct: float = _limit(80.0, 10.0, 100.0, "%")
    derating_s: float = _limit(300.0, 10.0, 86_400.0, "s")
    efficiency_pct: float = _limit(90.0, 10.0, 100.0, "%")
    efficiency_load_pct: float = _limit(50.0, 1.0, 100.0, "%")
    efficiency_drop: float = _limit(1.0, 0.1, 50.0, "%")
    temperature_contact_c: float = _limit(90.0, 30.0, 200.0, "degC")
    temperature_body_c: float = _limit(85.0, 30.0, 200.0, "degC")
    temperature_slope: float = _limit(10.0, 0.5, 200.0, "K/min")
    standby_mads: float = _limit(3.0, 1.0, 100.0)
    standby_w: float = _limit(2.0, 0.1, 1000.0, "W")
    baseline_most: float = _limit(20.0, 8.0, 1000.0)
    baseline_least: float = _limit(8.0, 8.0, 1000.0)
    ewma_lambda: float = _limit(0.2, 0.01, 1.0)
    ewma_l: float = _limit(3.0, 1.0, 10.0)
    cusum_k: float = _limit(0.5, 0.05, 5.0)
    cusum_h: float = _limit(5.0, 1.0, 50.0)
    drift_least_pct: float = _limit(0.3, 0.001, 10.0, "%")
    wear_least_ohm: float = _limit(0.03, 0.0001, 1.0, "ohm")
    seasonal_z: float = _limit(4.0, 1.0, 100.0)
    seasonal_weeks: float = _limit(8.0, 4.0, 52.0)
    seasonal_least_pct: float = _limit(25.0, 0.0, 1000.0, "%")

    @property
    def stamp(self) -> str:
        """Return what tells these rules and limits from others: the rules' version, and a hash of changed limits."""
        changed = changes(self)
        if not changed:
            return str(RULES_VERSION)
        return f"{RULES_VERSION}:{hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:8]}"


DEFAULTS = SampleLimits()


@dataclass(frozen=True, slots=True)
class Setting:
    """One limit that can be changed: its name, default, what is allowed, and its unit."""

    name: str
    default: float
    low: float
    high: float
    unit: str


def settings() -> list[Setting]:
    """Return every limit that can be changed, in the order of the table."""
    return [
        Setting(f.name, float(getattr(DEFAULTS, f.name)), f.metadata["low"], f.metadata["high"], f.metadata["unit"])
        for f in fields(SampleLimits)
        if f.metadata
    ]


def changes(limits: SampleLimits) -> dict[str, float]:
    """Return the limits that differ from their defaults."""
    return {s.name: value for s in settings() if (value := float(getattr(limits, s.name))) != s.default}


def limits_file() -> Path:
    """Return the file of changed limits: ``EVTECH_FINDINGS``, else one in the user's data folder."""
    chosen = os.environ.get("EVTECH_FINDINGS")
    return Path(chosen) if chosen else paths.user_data() / FILE_NAME


def load_limits(path: Path | None = None) -> SampleLimits:
    """Return the limits in force; raise ``InputError`` naming what is wrong with the file."""
    path = path or limits_file()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return DEFAULTS
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}.", "Correct it, or remove it for the usual limits."
        ) from error
    return replace(DEFAULTS, **checked(table, str(path)))


def checked(values: dict[str, Any], where: str) -> dict[str, float]:
    """Return values as limits; raise ``InputError`` for an unknown name or what is out of range."""
    known = {s.name: s for s in settings()}
    found = {}
    for name, value in values.items():
        if name not in known:
            raise InputError(f"{where}: there is no limit {name!r}.", "`evtech findings limits` lists them.")
        s = known[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not s.low <= value <= s.high:
            raise InputError(
                f"{where}: {name} is {value!r}.", f"Allowed: {s.low:g} to {s.high:g} {s.unit}".strip() + "."
            )
        found[name] = float(value)
    return found


def save_limits(limits: SampleLimits, path: Path | None = None) -> None:
    """Write the changed limits whole or not at all; without any the file goes. Raises ``OSError``."""
    path = path or limits_file()
    changed = changes(limits)
    if not changed:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "# Limits of findings that differ from evtech's own; `evtech findings limits` explains each.\n"
    aside = path.with_name(path.name + ".part")
    aside.write_text(head + "".join(f"{name} = {value!r}\n" for name, value in changed.items()), "utf-8")
    aside.replace(path)
