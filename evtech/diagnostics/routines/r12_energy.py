"""R12: does the energy register agree with the power over time?

Power is integrated by trapezoids on the times of arrival; steps over a gap count on neither side. A meter that is
wrong in both shows nothing here: only a reference meter finds that.
"""

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import absent, concluded, usual_step
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

REGISTERS = ("energy_import_total", "energy_total", "session_energy")
LEAST_WH, LEAST_STEPS = 1000.0, 100.0
GOOD, FAIR = 0.01, 0.02  # of the ratio beyond its uncertainty
APPARENT_WITHIN = 0.005
LEVELS_DIFFER, CALM = 0.01, 0.05
SAMPLING_U = 0.002
JUMP, SLOW_S = 0.2, 10.0
# factors that a wrong constant leaves behind (transformer ratios, a phase not counted, line against phase voltage)
NAMED = {
    0.5: "1/2",
    1 / 3: "1/3",
    2 / 3: "2/3",
    2.0: "2",
    3.0: "3",
    1.732: "√3",
    0.577: "1/√3",
    10.0: "10",
    0.1: "1/10",
}


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(3600, lambda reading: _enough(bench), "Comparing the register with the power")
    gone = absent(bench, "power_total", "|".join(REGISTERS))
    if gone is not None:
        return gone
    evidence = bench.evidence()
    assert evidence is not None
    register = next(name for name in REGISTERS if evidence.numbers(name) is not None)
    return _judge(bench, evidence, register)


def _enough(bench: Bench) -> bool:
    """Tell whether the register has risen enough; looked at once a minute, for the evidence is made anew."""
    assert bench.live is not None
    if len(bench.live.readings) % 60:
        return False
    evidence = bench.evidence()
    register = next((n for n in REGISTERS if evidence and evidence.numbers(n) is not None), None)
    if evidence is None or register is None or evidence.numbers("power_total") is None:
        return True  # waiting brings nothing
    balance = Balance(evidence, register)
    return balance.integral >= balance.needed


class Balance:
    """Register rise and integrated power over the same steps (Wh)."""

    def __init__(self, evidence: Evidence, register: str) -> None:
        times, power = evidence.trace.times, evidence.trace.numbers["power_total"]
        energy = evidence.trace.numbers[register]
        steps, rise = np.diff(times), np.diff(energy)
        pieces = (power[1:] + power[:-1]) / 2 * steps / 3600
        # a jump of the power between two slow polls: when it happened is not known
        jumps = np.abs(np.diff(power)) > np.maximum(JUMP * (power[1:] + power[:-1]) / 2, 100.0)
        near = (steps <= max(3 * usual_step(times), 3.0)) & ~(jumps & (steps > SLOW_S))
        self.usable = near & ~np.isnan(pieces) & ~np.isnan(rise) & (rise >= 0)
        self.pieces, self.rise, self.steps = pieces, rise, steps
        rising = rise[rise > 0]
        self.resolution = float(np.min(rising)) if len(rising) else 0.0
        self.integral = float(pieces[self.usable].sum())
        self.risen = float(rise[self.usable].sum())
        span = float(steps.sum())
        self.gap_share = 1 - float(steps[self.usable].sum()) / span if span else 1.0
        self.power, self.jump = (power[1:] + power[:-1]) / 2, np.diff(power)

    @property
    def needed(self) -> float:
        """Return the energy from which a ratio means something (Wh)."""
        return max(LEAST_WH, LEAST_STEPS * self.resolution)

    def uncertainty(self, integral: float) -> float:
        """Return the standard uncertainty of the ratio: resolution, gaps, sampling."""
        parts = (self.resolution / max(integral, 1e-9)) ** 2 + (self.gap_share * 0.5) ** 2 + SAMPLING_U**2
        return float(np.sqrt(parts))

    def at_levels(self) -> tuple[float, float] | None:
        """Return the ratio at low and at high power, where both levels carry enough energy."""
        # where the power changes between two samples, register and integral do not meet
        calm = np.abs(self.jump) <= CALM * np.maximum(self.power, 1.0)
        used = self.usable & (self.power > 100) & calm
        if not used.any():
            return None
        low_w, high_w = np.percentile(self.power[used], [10, 90])
        if high_w < 1.4 * low_w:
            return None
        middle = (low_w + high_w) / 2
        ratios = []
        for chosen in (used & (self.power < middle), used & (self.power >= middle)):
            base = float(self.pieces[chosen].sum())
            if base < max(LEAST_WH / 2, 50 * self.resolution):
                return None
            ratios.append(float(self.rise[chosen].sum()) / base)
        return ratios[0], ratios[1]


def _judge(bench: Bench, evidence: Evidence, register: str) -> RoutineResult:
    balance = Balance(evidence, register)
    bench.measured |= {
        "register": register, "register_wh": balance.risen, "integral_wh": balance.integral,
        "resolution_wh": balance.resolution, "gap_share": balance.gap_share,
    }  # fmt: skip
    if balance.integral < balance.needed:
        reason = f"Too little energy: {balance.integral:.0f} Wh by power; at least {balance.needed:.0f} Wh are needed."
        bench.step("energy", Verdict.INCONCLUSIVE, reason)
        return concluded(bench)
    ratio, u = balance.risen / balance.integral, balance.uncertainty(balance.integral)
    beyond = abs(ratio - 1) - 2 * u
    bench.measured |= {"ratio": ratio, "u": u, "deviation_pct": 100 * (ratio - 1)}
    if beyond <= GOOD and 2 * u > FAIR:
        said = (
            f"The ratio is {ratio:.4f} ± {2 * u:.4f}: gaps, jumps and resolution leave too "
            f"much open (±{100 * FAIR:g} % at most)."
        )
        bench.step("ratio", Verdict.INCONCLUSIVE, said)
        return concluded(bench)
    verdict = Verdict.PASS if beyond <= GOOD else Verdict.WARN if beyond <= FAIR else Verdict.FAIL
    said = (
        f"The register rose by {balance.risen:.0f} Wh, power over time gives {balance.integral:.0f} Wh: ratio "
        f"{ratio:.4f} ± {2 * u:.4f}; beyond that ±{100 * GOOD:g} % passes, ±{100 * FAIR:g} % warns."
    )
    if verdict is Verdict.FAIL:
        said += _apparent(bench, evidence, balance, ratio)
        bench.faults["MTR-FREEZE" if ratio < 0.05 else "MTR-MISMATCH"] = None
    bench.step("ratio", verdict, said, expected=f"within {100 * GOOD:g} %", measured=f"{100 * (ratio - 1):+.2f} %")
    _levels(bench, balance)
    return concluded(bench)


def _apparent(bench: Bench, evidence: Evidence, balance: Balance, ratio: float) -> str:
    """Say which constant the ratio looks like."""
    apparent = _volt_amperes(evidence)
    if apparent is not None:
        pieces = (apparent[1:] + apparent[:-1]) / 2 * balance.steps / 3600
        base = float(np.nansum(pieces[balance.usable]))
        if base > 0:
            ratio2 = balance.risen / base
            bench.measured["ratio_apparent"] = ratio2
            if abs(ratio2 - 1) <= APPARENT_WITHIN:
                return f" Against volts times amps it is {ratio2:.4f}: the register counts VAh, not Wh."
    for value, name in NAMED.items():
        if abs(ratio / value - 1) <= 0.02:
            return f" That is close to {name}: a constant of the meter is set wrong, or a phase is not counted."
    return " A deviation this small looks like a transformer constant." if 0.97 <= ratio <= 1.03 else ""


def _volt_amperes(evidence: Evidence) -> Floats | None:
    pairs = [(v, evidence.currents[p]) for p, v in evidence.voltages.items() if p in evidence.currents]
    return np.sum([v * i for v, i in pairs], axis=0) if pairs else None


def _levels(bench: Bench, balance: Balance) -> None:
    levels = balance.at_levels()
    if levels is None:
        return
    low, high = levels
    bench.measured |= {"ratio_low_power": low, "ratio_high_power": high}
    if abs(high - low) > LEVELS_DIFFER:
        said = (
            f"The ratio is {low:.4f} at low and {high:.4f} at high power (1 % apart at most): "
            "an offset or a standby load."
        )
        bench.step("two power levels", Verdict.WARN, said)


ROUTINE = Routine(
    id="R12",
    title="Energy register against power",
    purpose="Shows whether the register that is billed counts what the power says.",
    run=_run,
    needs=("power_total", "|".join(REGISTERS)),
    watch_s=3600,
    seconds=1800,
)
