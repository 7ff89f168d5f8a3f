"""Do the values make sense at all? Every kind of value against what is possible; writing needs this to hold."""

from collections.abc import Sequence

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import PHASES, UNPLUGGED, in_states, most_current, rated_current
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.routine import Verdict
from evtech.diagnostics.trace import Floats

SEEN_SHARE = 0.2  # of the samples that may be odd: a change between two registers of one poll is innocent
STATE_SHARE = 0.5
VOLTS, HERTZ, DEGREES = (90.0, 300.0), (45.0, 65.0), (-40.0, 110.0)
MOST_WH = 1e10
OVER_RATED = 1.2
POWER_SHARE, POWER_W = 0.10, 50.0


def judge_plausible(bench: Bench, evidence: Evidence) -> None:
    """Check every kind of value against what is possible; records one step a kind."""
    _voltage(bench, evidence)
    _range(bench, evidence, "frequency", ("frequency",), *HERTZ, "Hz")
    rated, _ = rated_current(evidence)
    _range(
        bench, evidence, "current", ("current_l1", "current_l2", "current_l3"), -0.5, OVER_RATED * max(rated, 32.0), "A"
    )
    _power(bench, evidence)
    _range(bench, evidence, "energy", ("energy_total", "energy_import_total", "session_energy"), 0.0, MOST_WH, "Wh")
    _range(bench, evidence, "temperature", ("temperature", "temperature_connector"), *DEGREES, "degC")
    _limit(bench, evidence, max(rated, 32.0))
    _state(bench, evidence)


def _verdict(bench: Bench, name: str, odd: Bools, known: Bools, good: str, bad: str, share: float = SEEN_SHARE) -> None:
    """Record a check: FAIL where more than a share of the known samples are odd."""
    if not known.any():
        return
    part = float(odd[known].mean())
    bench.measured[f"{name}_odd_share"] = part
    if part > share or (part > 0 and known.sum() < 3):
        bench.step(name, Verdict.FAIL, bad)
        bench.faults["COM-MAP-MISMATCH"] = None
    else:
        bench.step(name, Verdict.PASS, good)


def _range(
    bench: Bench, evidence: Evidence, name: str, points: Sequence[str], low: float, high: float, unit: str
) -> None:
    columns = [c for point in points if (c := evidence.numbers(point)) is not None]
    if not columns:
        return
    stacked = np.vstack(columns)
    known = np.asarray(~np.isnan(stacked).all(axis=0))
    odd = np.asarray(((stacked < low) | (stacked > high)).any(axis=0))
    outside = stacked[(stacked < low) | (stacked > high)]
    seen = f"{np.nanmin(stacked):g} to {np.nanmax(stacked):g} {unit}"
    limits = f"{low:g} to {high:g} {unit}"
    worst = f"{outside[0]:g} {unit}" if len(outside) else ""
    _verdict(
        bench, name, odd, known, f"The {name} lies in {seen} (possible: {limits}).",
        f"The {name} reads {worst}; possible are {limits}.",
    )  # fmt: skip


def _voltage(bench: Bench, evidence: Evidence) -> None:
    """One phase must lie in 90 to 300 V, or all at 0 where the meter is off while nothing is plugged in."""
    if not evidence.voltages:
        return
    stacked = np.vstack(list(evidence.voltages.values()))
    known = np.asarray(~np.isnan(stacked).all(axis=0))
    fits = ((stacked >= VOLTS[0]) & (stacked <= VOLTS[1])).any(axis=0)
    is_off = (np.nan_to_num(stacked) < 1).all(axis=0) & in_states(evidence, UNPLUGGED)
    high = (stacked > VOLTS[1]).any(axis=0)
    # all at zero is a meter that gives nothing, or no supply: other faults than a wrong map
    is_zero = (np.nan_to_num(stacked) < 1).all(axis=0)
    odd = np.asarray((~fits & ~is_zero) | high)
    seen = ", ".join(f"{p} {np.nanmedian(evidence.voltages[p]):.1f} V" for p in PHASES if p in evidence.voltages)
    limits = f"{VOLTS[0]:g} to {VOLTS[1]:g} V"
    if known.any() and (np.nan_to_num(stacked) < VOLTS[0])[:, known].all() and not high.any():
        # all phases low may be the supply itself; the map is not accused of it
        if not is_off[known].all():
            bench.step("voltage", Verdict.INCONCLUSIVE, f"Every phase is low ({seen}): no supply, or a wrong map.")
        return
    _verdict(
        bench,
        "voltage",
        odd,
        known,
        f"The voltages make sense: {seen}.",
        f"The voltages read {seen}; one must lie in {limits}.",
    )


def _steady(current: Floats) -> Bools:
    """Return where a current changed by less than 0.7 A since the sample before and until the one after.

    One poll reads power and currents at slightly different moments: a ramp is no contradiction. What follows on the
    last sample is not known, so it counts only where it is the only one.
    """
    calm = np.abs(np.diff(current)) < 0.7
    return np.asarray(np.concatenate([[True], calm]) & np.concatenate([calm, [not len(calm)]]))


def _power(bench: Bench, evidence: Evidence) -> None:
    power, factor = evidence.numbers("power_total"), evidence.numbers("power_factor_total")
    pairs = [(v, evidence.currents[p]) for p, v in evidence.voltages.items() if p in evidence.currents]
    if power is None or not pairs or len(pairs) < len(evidence.currents):
        return
    apparent = np.sum([np.nan_to_num(v) * np.nan_to_num(i) for v, i in pairs], axis=0)
    expected = apparent if factor is None else apparent * np.where((factor > 0.3) & (factor <= 1), factor, 1.0)
    steady = _steady(most_current(evidence))
    known = ~np.isnan(power) & (apparent > 0) & steady
    if not known.any():
        return
    odd = np.abs(power - expected) > POWER_SHARE * apparent + POWER_W
    at = int(np.flatnonzero(odd & known)[0]) if (odd & known).any() else int(np.flatnonzero(known)[0])
    said = f"power {power[at]:.0f} W, volts times amps {expected[at]:.0f} (within 10 % + 50 W)"
    _verdict(bench, "power", odd, known, f"Power and currents agree: {said}.", f"Power and currents disagree: {said}.")


def _limit(bench: Bench, evidence: Evidence, rated: float) -> None:
    for point in ("current_limit_actual", "current_limit"):
        column = evidence.numbers(point)
        if column is None:
            continue
        known = ~np.isnan(column)
        odd = (column < 0) | ((column > 0.5) & (column < 5.5)) | (column > 1.05 * max(rated, 80.0))
        seen = f"{np.nanmin(column):g} to {np.nanmax(column):g} A"
        _verdict(
            bench, point, odd, known, f"{point} lies in {seen} (0, or 6 A and more).",
            f"{point} reads {seen}; possible are 0 and 6 A to the rating.",
        )  # fmt: skip


def _state(bench: Bench, evidence: Evidence) -> None:
    """Check the state map: current flows only in C2 and D2, and an unknown state is a hole in the map."""
    if evidence.state is None:
        bench.step("state", Verdict.INCONCLUSIVE, "The pilot state is not told.")
        return
    words, amps = evidence.state_words, most_current(evidence)
    known = words != ""
    flowing = (amps > 1.0) & known
    wrong = flowing & ~np.isin(words, ["C", "C1", "C2", "D", "D1", "D2"])
    if flowing.any() and float(wrong[flowing].mean()) > STATE_SHARE:
        state = str(words[np.flatnonzero(wrong)[0]])
        said = (
            f"Current flows ({amps[wrong].max():.1f} A) while the state reads {state}: the "
            "state map is wrong, or a pole is welded."
        )
        if any(column is not None for column in evidence.outputs.values()):
            bench.step("state", Verdict.WARN, said)
            return
        bench.step("state", Verdict.FAIL, said, expected="C2 or D2", measured=state)
        return
    share = float(known.mean())
    bench.measured["state_known_share"] = share
    if share < 0.8:
        bench.step("state", Verdict.WARN, f"The state is known in {100 * share:.0f} % of the samples only.")
    else:
        seen = ", ".join(dict.fromkeys(words[known].tolist()))
        bench.step("state", Verdict.PASS, f"The state map fits: {seen}.")
