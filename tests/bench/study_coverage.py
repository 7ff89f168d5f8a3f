"""How often the stated interval holds the truth: simulated calibrations with known errors.

Each calibration has its own true errors of charger and reference, drift and influence, drawn as the budget assumes
them. Both instruments count with noise into registers that are cut down to their step and refresh on their own clocks;
a poll sees what was refreshed last. What the record states goes through the same reading and computing as any file.

    python tests/bench/study_coverage.py [CALIBRATIONS]
"""

import random
import sys
from dataclasses import dataclass
from typing import Any

from evtech.calibration.evaluate import evaluate
from evtech.calibration.run_record import run_from_json

MODES = ("full", "per_run", "larger")
EXPANDED, DRIFT, INFLUENCE = 0.06, 0.03, 0.02


@dataclass(frozen=True)
class Load:
    """A load point of the study: power, dose, noise of one run (percent), and the registers' steps and periods."""

    name: str
    power_kw: float
    dose_kwh: float
    noise_pct: float
    steps: tuple[float, float] = (0.01, 0.0001)
    periods_s: tuple[float, float] = (1.0, 0.2)
    runs: int = 5
    static: bool = False


LOADS = (
    Load("AC 6 A, noisy", 4.1, 5.5, 0.30),
    Load("AC 16 A", 11.0, 5.5, 0.05),
    Load("AC 32 A, quiet", 22.0, 5.5, 0.005),
    Load("AC 32 A, 3 runs", 22.0, 8.0, 0.10, runs=3),
    Load("DC 50 kW, 0.1 kWh", 50.0, 11.0, 0.02, steps=(0.1, 0.001), static=True),
    Load("DC 50 kW, fine, noisy", 50.0, 11.0, 0.20, steps=(0.001, 0.0001), runs=10),
)


@dataclass(frozen=True)
class Covered:
    """What the study found at a load point in a mode: share of intervals with the truth, mean U, share of B4 and B5."""

    load: str
    mode: str
    share: float
    u_pct: float
    resolution_share: float


def study(calibrations: int, seed: int = 20260301) -> list[Covered]:
    """Return the coverage at every load point in every mode."""
    found = []
    for load in LOADS:
        source = random.Random(f"{seed} {load.name}")
        trials = [_calibration(source, load) for _ in range(calibrations)]
        found += [_covered(load, mode, trials) for mode in MODES]
    return found


def _covered(load: Load, mode: str, trials: list[tuple[float, dict[str, Any]]]) -> Covered:
    """Return how often the interval of a mode holds the truth; each trial is a true error and its record."""
    hits, u_sum, share_sum = 0, 0.0, 0.0
    for truth, record in trials:
        point = evaluate(run_from_json(record | {"resolution_mode": mode})).points[0]
        assert point.combined is not None and point.error_pct is not None
        hits += abs(point.error_pct - truth) <= point.combined.u_expanded_pct
        u_sum += point.combined.u_expanded_pct
        share_sum += sum(line.share for line in point.combined.budget if line.id in ("B4", "B5"))
    return Covered(load.name, mode, hits / len(trials), u_sum / len(trials), share_sum / len(trials))


def _calibration(source: random.Random, load: Load) -> tuple[float, dict[str, Any]]:
    """Return the true error (percent) of a charger at a load, and the record of measuring it; JSON values."""
    stated = source.uniform(-0.1, 0.1)
    drifted = source.uniform(-DRIFT, DRIFT) + source.uniform(-INFLUENCE, INFLUENCE)
    reference = stated + source.gauss(0, EXPANDED / 2) + drifted
    truth = source.uniform(-1.5, 1.5)
    point = {
        "name": load.name,
        "current_a": 32,
        "sync_tau_s": None if load.static else sum(load.periods_s) / 2,
        "runs": [_run(source, load, truth, reference) for _ in range(load.runs)],
    }
    return truth, {
        "schema": "evtech.calibration-run/1",
        "method": "energy_dose",
        "limit_profile": {"limit_pct": 5.0},
        "decision_rule": "ilac_g8",
        "reference": {
            "certificate": {"U_pct": EXPANDED, "k": 2, "error_pct": stated},
            "drift_pct": DRIFT,
            "influence_pct": INFLUENCE,
            "resolution_kwh": load.steps[1],
        },
        "device": {"resolution_kwh": load.steps[0]},
        "points": [point],
    }


def _run(source: random.Random, load: Load, truth: float, reference: float) -> dict[str, Any]:
    """Return one run as both instruments see it; JSON values."""
    seconds = 3600 * load.dose_kwh / load.power_kw * source.uniform(1.0, 1.05)
    true = load.power_kw * seconds / 3600
    errors = (truth + source.gauss(0, load.noise_pct), reference)
    ends = []
    for error, step, period in zip(errors, load.steps, load.periods_s, strict=True):
        begin = source.uniform(0, 1000)
        counted = true * (1 + error / 100)
        rate = 0.0 if load.static else counted / seconds
        for value in (begin, begin + counted):  # what a poll sees is as old as the last refresh
            ends.append(_cut(value - rate * source.uniform(0, period), step))
    names = ("device_start_kwh", "device_end_kwh", "reference_start_kwh", "reference_end_kwh")
    return dict(zip(names, ends, strict=True)) | {"duration_s": seconds}


def _cut(value: float, step: float) -> float:
    return round(value // step * step, 9)


def main() -> None:
    """Print the table."""
    calibrations = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"{calibrations} calibrations; wanted: at least 93 %, at most 99.9 % where B4 + B5 < 25 % of the variance")
    print(f"{'load point':24}{'mode':9}{'covered':>9}{'mean U / %':>12}{'B4 + B5':>9}")
    for row in study(calibrations):
        bad = row.share < 0.93 or (row.resolution_share < 0.25 and row.share > 0.999)
        mark = "  outside" if bad else ""
        print(f"{row.load:24}{row.mode:9}{row.share:>8.1%}{row.u_pct:>12.4f}{row.resolution_share:>9.1%}{mark}")


if __name__ == "__main__":
    main()
