"""From the runs of a load point to pairs of what charger and reference counted, and the runs that cannot be used.

A run that calls itself valid but cannot be (registers went backwards, nothing was counted, less than one step) is left
out, counted as rejected, and named: the result is then at best indicative. Nothing is left out by statistics.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from evtech.calibration.run_record import CalibrationRun, LoadPoint, Register, Run

_UNIT_KWH = {"Wh": 1e-3, "kWh": 1.0, "MWh": 1e3}
_FLOAT32_DIGITS = 24
_WRONG_REGISTER = 10.0  # a meter may be off by percents; ten times is another quantity or another unit


@dataclass(frozen=True, slots=True)
class Rejected:
    """A run that does not count: its number from 0, the code of the reason, or its own words."""

    index: int
    code: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Observations:
    """What counts at a load point, in kWh (energy) or kW (power); all tuples have one entry an observation.

    ``reference`` is as read, ``transferred`` with the cable's loss added where the record asks for it. ``steps`` are
    the effective resolutions of charger and reference. ``contradicted`` names the runs that called themselves valid.
    """

    device: tuple[float, ...]
    reference: tuple[float, ...]
    transferred: tuple[float, ...]
    durations: tuple[float, ...]
    runs: tuple[int, ...]
    rejected: tuple[Rejected, ...]
    contradicted: tuple[Rejected, ...]
    steps: tuple[float, float]
    current_a: float | None

    @property
    def duration_s(self) -> float | None:
        """Return the mean length of the runs, ``None`` where one is not known."""
        return math.fsum(self.durations) / len(self.durations) if self.durations else None


def observe(run: CalibrationRun, point: LoadPoint) -> Observations:
    """Return what counts at a load point."""
    energy = run.method == "energy_dose"
    rejected: list[Rejected] = []
    contradicted: list[Rejected] = []
    used: list[tuple[int, Run]] = []
    steps = _steps(run, point)
    for index, each in enumerate(point.runs):
        if not each.valid:
            rejected.append(Rejected(index, "run_rejected", each.reason))
        elif code := _unusable(each, steps, energy):
            contradicted.append(Rejected(index, code))
        else:
            used.append((index, each))
    current = _mean_current(point, [each for _, each in used])
    values = [(i, *pair, each) for i, each in used for pair in (_doses(each) if energy else _powers(each))]
    lost = [_loss(point, each, current, energy) for _, _, _, each in values]
    durations = [each.duration_s for _, each in used if each.duration_s is not None]
    return Observations(
        device=tuple(x for _, x, _, _ in values),
        reference=tuple(s for _, _, s, _ in values),
        transferred=tuple(s + loss for (_, _, s, _), loss in zip(values, lost, strict=True)),
        durations=tuple(durations) if len(durations) == len(used) else (),
        runs=tuple(i for i, _, _, _ in values),
        rejected=tuple(sorted((*rejected, *contradicted), key=lambda r: r.index)),
        contradicted=tuple(contradicted),
        steps=steps,
        current_a=current,
    )


def _doses(each: Run) -> list[tuple[float, float]]:
    return [(_dose(each, "device"), _dose(each, "reference"))]


def _dose(each: Run, owner: str) -> float:
    """Return the energy of a run in kWh: the registers' difference where both ends are known, else as stated.

    The difference is taken in decimals, as the registers show it: 1234.6 - 1229.1 is 5.5, not 5.500000000000114.
    """
    start, end = getattr(each, f"{owner}_start_kwh"), getattr(each, f"{owner}_end_kwh")
    if start is None or end is None:
        return float(getattr(each, f"{owner}_kwh"))
    return float(Decimal(repr(end)) - Decimal(repr(start)))


def _powers(each: Run) -> list[tuple[float, float]]:
    return [(pair.device_kw, pair.reference_kw) for pair in sorted(each.pairs, key=lambda pair: pair.t_s)]


def _unusable(each: Run, steps: tuple[float, float], energy: bool) -> str | None:
    """Return the code of why a run cannot be used, ``None`` where it can."""
    if each.duration_s is not None and each.duration_s <= 0.0:
        return "no_duration"
    for device, reference in _doses(each) if energy else _powers(each):
        if device < 0.0 or reference < 0.0:
            return "rollback" if energy else "negative_power"
        if device == 0.0 or reference == 0.0:
            return "zero_dose" if energy else "zero_power"
        if device < steps[0] * (1 - 1e-9) or reference < steps[1] * (1 - 1e-9):
            return "below_resolution"
        if not 1 / _WRONG_REGISTER < device / reference < _WRONG_REGISTER:
            return "wrong_register"
    return None


def _loss(point: LoadPoint, each: Run, current_a: float | None, energy: bool) -> float:
    """Return the cable's loss between meter and reference: kWh of a run, or kW."""
    if point.cable is None or (current := each.current_a or current_a) is None:
        return 0.0
    watts = current**2 * point.cable.loop_ohm
    return watts * (each.duration_s or 0.0) / 3.6e6 if energy else watts / 1e3


def _mean_current(point: LoadPoint, used: list[Run]) -> float | None:
    """Return the mean measured current of the runs (A), else the one stated for the load point."""
    measured = [each.current_a for each in used if each.current_a is not None]
    return math.fsum(measured) / len(measured) if measured and len(measured) == len(used) else point.current_a


def _steps(run: CalibrationRun, point: LoadPoint) -> tuple[float, float]:
    """Return the effective resolution of charger and reference: as stated, or coarser where float32 makes it so."""
    if run.method == "power_compare":
        return run.device.resolution_kw or 0.0, run.reference.resolution_kw or 0.0
    return (
        _step(run.device.resolution_kwh or 0.0, run.device.register, _readings(point, "device")),
        _step(run.reference.resolution_kwh or 0.0, run.reference.register, _readings(point, "reference")),
    )


def _readings(point: LoadPoint, owner: str) -> list[float]:
    ends = (getattr(each, f"{owner}_{end}_kwh") for each in point.runs if each.valid for end in ("start", "end"))
    return [value for value in ends if value is not None]


def _step(stated: float, register: Register | None, readings: list[float]) -> float:
    """Return the step of a register in kWh.

    A float32 register in kWh steps by 0.98 Wh from 8192 kWh on, and coarser above. Where the record does not name the
    register's type, readings that are all float32 numbers but not multiples of the stated step give it away.
    """
    if not readings:
        return stated
    if register is not None and register.type is not None:
        unit = _UNIT_KWH.get(register.unit or "kWh", 1.0)
        return max(stated, float32_step(readings, unit)) if register.type == "float32" else stated
    for unit in (1.0, 1e-3):
        step = float32_step(readings, unit)
        if step > stated and _all_float32(readings, unit) and not _all_multiples(readings, stated):
            return step
    return stated


def float32_step(readings: Iterable[float], unit_kwh: float = 1.0) -> float:
    """Return the coarsest step (kWh) of float32 numbers as large as the readings (kWh), kept in ``unit_kwh``."""
    largest = max((abs(value) for value in readings), default=0.0) / unit_kwh
    return unit_kwh * 2.0 ** (math.frexp(largest)[1] - _FLOAT32_DIGITS) if largest else 0.0


def _all_float32(readings: list[float], unit_kwh: float) -> bool:
    scaled = [value / unit_kwh for value in readings]
    return all(math.isclose(math.ldexp(*_cut(value)), value, rel_tol=1e-15) for value in scaled)


def _cut(value: float) -> tuple[float, int]:
    """Return mantissa and exponent of the nearest number with 24 significant bits."""
    mantissa, exponent = math.frexp(value)
    return round(math.ldexp(mantissa, _FLOAT32_DIGITS)) / 2**_FLOAT32_DIGITS, exponent


def _all_multiples(readings: list[float], step: float) -> bool:
    return step > 0.0 and all(abs(value / step - round(value / step)) < 0.01 for value in readings)
