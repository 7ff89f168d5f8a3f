"""The record of a calibration (RUN.json, schema ``evtech.calibration-run/1``): what was measured, nothing computed.

The record can come from `evtech calibrate run`, from the window, from another tool or from a text editor. Energies are
in kWh, power in kW, errors and half-widths in percent, times in seconds. ``None`` is unknown. What only the report
needs (names, environment, raw words) is optional.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from evtech.calibration.strict import ranged, read, read_json, written
from evtech.errors import InputError

SCHEMA: Final = "evtech.calibration-run/1"
Method = Literal["energy_dose", "power_compare"]
Rule = Literal["simple", "guard_band", "ilac_g8"]
ResolutionMode = Literal["full", "per_run", "larger"]
Stage = Literal["acceptance", "maintenance"]
_REGISTER = (-1e9, 1e9)
_POWER = (-1e6, 1e6)


@dataclass(frozen=True, slots=True)
class CertificatePoint:
    """The reference's error at one current: ``(indicated - true) / true``, with its own U and k where stated."""

    current_a: float = ranged(0, 1e5)
    error_pct: float = ranged(-50, 50)
    u_pct: float | None = ranged(0, 100, default=None, key="U_pct")
    k: float | None = ranged(0.1, 100, default=None)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the reference's calibration certificate states; an unknown part is ``None``.

    ``serial_number`` is that of the instrument it was made for, where it is not the reference's own.
    """

    u_pct: float | None = ranged(0, 100, default=None, key="U_pct")
    k: float | None = ranged(0.1, 100, default=None)
    error_pct: float | tuple[CertificatePoint, ...] | None = ranged(-50, 50, default=None)
    number: str | None = None
    serial_number: str | None = None
    laboratory: str | None = None
    calibrated: date | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """Where a reading comes from; ``type`` float32 coarsens with the reading and enters the uncertainty."""

    point: str | None = None
    table: str | None = None
    address: int | None = ranged(0, 65535, default=None)
    type: str | None = None
    unit: Literal["Wh", "kWh", "MWh", "W", "kW"] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference instrument; ``drift_pct`` and ``influence_pct`` are rectangular half-widths in percent.

    ``manual`` is a portable standard that a person reads: its registers before and after, or the energy of each run.
    ``max_current_a`` is what it carries (A).
    """

    certificate: Certificate | None = None
    drift_pct: float | None = ranged(0, 100, default=None)
    influence_pct: float | None = ranged(0, 100, default=None)
    resolution_kwh: float | None = ranged(0, 1e3, default=None)
    resolution_kw: float | None = ranged(0, 1e3, default=None)
    manual: bool = False
    manual_entry: Literal["readings", "energy"] = "readings"
    max_current_a: float | None = ranged(0, 1e5, default=None)
    update_period_s: float | None = ranged(0, 3600, default=None)
    vendor: str | None = None
    model: str | None = None
    serial_number: str | None = None
    accuracy_class: str | None = None
    connection: str | None = None
    profile: str | None = None
    link: str | None = None
    register: Register | None = None


@dataclass(frozen=True, slots=True)
class RatedCurrents:
    """The rated currents of the charger's meter (A), from its type plate; ``None`` where unknown."""

    i_min_a: float | None = ranged(1e-6, 1e5, default=None)
    i_tr_a: float | None = ranged(1e-6, 1e5, default=None)
    i_b_a: float | None = ranged(1e-6, 1e5, default=None)
    i_n_a: float | None = ranged(1e-6, 1e5, default=None)
    i_max_a: float | None = ranged(1e-6, 1e5, default=None)


@dataclass(frozen=True, slots=True)
class Device:
    """The charger under test and the step of its energy or power register."""

    resolution_kwh: float | None = ranged(0, 1e3, default=None)
    resolution_kw: float | None = ranged(0, 1e3, default=None)
    update_period_s: float | None = ranged(0, 3600, default=None)
    current_type: Literal["AC", "DC"] | None = None
    rated_currents: RatedCurrents | None = None
    mda_a: float | None = ranged(0, 1e5, default=None)
    vendor: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None
    evse_id: str | None = None
    connector_id: str | None = None
    meter_serial_number: str | None = None
    accuracy_class: str | None = None
    type_certificate: str | None = None
    profile: str | None = None
    link: str | None = None
    register: Register | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two powers at one moment (``t_s`` from the run's start)."""

    t_s: float = ranged(0, 1e8)
    device_kw: float = ranged(*_POWER)
    reference_kw: float = ranged(*_POWER)


@dataclass(frozen=True, slots=True)
class RawReading:
    """One reading as it came: whose, when (``start`` or ``end``), register, words, and the value in kWh."""

    instrument: Literal["device", "reference"]
    when: str
    kwh: float | None = ranged(*_REGISTER, default=None)
    at: datetime | None = None
    register: str | None = None
    words: tuple[int, ...] = ranged(0, 65535, default=())


@dataclass(frozen=True, slots=True)
class Run:
    """One run at a load point: registers at both ends or their differences, or pairs of powers.

    A run with ``valid`` false stays in the record with its ``reason`` and is left out of every number.
    """

    valid: bool = True
    reason: str | None = None
    device_start_kwh: float | None = ranged(*_REGISTER, default=None)
    device_end_kwh: float | None = ranged(*_REGISTER, default=None)
    reference_start_kwh: float | None = ranged(*_REGISTER, default=None)
    reference_end_kwh: float | None = ranged(*_REGISTER, default=None)
    device_kwh: float | None = ranged(*_REGISTER, default=None)
    reference_kwh: float | None = ranged(*_REGISTER, default=None)
    duration_s: float | None = ranged(0, 1e7, default=None)
    pairs: tuple[Pair, ...] = ()
    ramp_kw_per_s: float | None = ranged(-1e6, 1e6, default=None)
    sync_tau_s: float | None = ranged(0, 1e4, default=None)
    started: datetime | None = None
    ended: datetime | None = None
    current_a: float | None = ranged(0, 1e5, default=None)
    voltage_v: float | None = ranged(0, 1e5, default=None)
    power_kw: float | None = ranged(*_POWER, default=None)
    readings: tuple[RawReading, ...] = ()


@dataclass(frozen=True, slots=True)
class Cable:
    """The cable between the charger's meter and the reference, only where the meter alone is checked."""

    loop_ohm: float = ranged(0, 1e3)
    u_rel: float = ranged(0, 10)


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """One load point with its runs; ``sync_tau_s`` is ``None`` for a start and stop without current.

    ``edge`` names the register on whose steps the runs began and ended: its resolution then does not count, the time
    between the two readings around a step is in ``sync_tau_s`` instead.
    """

    name: str
    runs: tuple[Run, ...]
    current_a: float | None = ranged(0, 1e5, default=None)
    power_factor: float | None = ranged(-1, 1, default=None)
    load: Literal["balanced", "single_phase"] = "balanced"
    sync_tau_s: float | None = ranged(0, 1e4, default=None)
    edge: Literal["device", "reference"] | None = None
    cable: Cable | None = None
    limit_pct: float | None = ranged(1e-9, 100, default=None)


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """A symmetric limit in percent that comes from no profile."""

    limit_pct: float = ranged(1e-9, 100)


@dataclass(frozen=True, slots=True)
class Pooled:
    """The standard deviation (percent) of one run from earlier work, with its degrees of freedom."""

    s_pct: float = ranged(0, 100)
    nu: float = ranged(1, 1e9)


@dataclass(frozen=True, slots=True)
class Environment:
    """The conditions of the measurement, at its start and end; ``None`` is not recorded."""

    temperature_c: float | None = ranged(-80, 100, default=None)
    temperature_end_c: float | None = ranged(-80, 100, default=None)
    humidity_pct: float | None = ranged(0, 100, default=None)
    humidity_end_pct: float | None = ranged(0, 100, default=None)
    voltage_v: float | None = ranged(0, 2000, default=None)
    frequency_hz: float | None = ranged(0, 1000, default=None)
    thd_pct: float | None = ranged(0, 1000, default=None)
    warm_up_min: float | None = ranged(0, 1e5, default=None)


@dataclass(frozen=True, slots=True)
class OtherCheck:
    """A check beside the accuracy, such as no-load or starting test; ``passed`` ``None`` is not done."""

    name: str
    passed: bool | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """What the charger showed for a sale; amounts and quantity as shown, exact decimals."""

    currency: str
    unit_price: Decimal = ranged(0, 1e6)
    quantity_kwh: Decimal = ranged(0, 1e6)
    displayed: Decimal = ranged(-1e9, 1e9)
    receipt: Decimal | None = ranged(-1e9, 1e9, default=None)
    reference_kwh: Decimal | None = ranged(0, 1e6, default=None)
    reference_error_pct: Decimal | None = ranged(-50, 50, default=None)
    rounding: Literal["half_up", "half_even", "down", "up"] = "half_up"
    cash_step: Decimal | None = ranged(1e-6, 1e6, default=None)


@dataclass(frozen=True, slots=True)
class TimeRecord:
    """A duration the charger showed for a sale priced by time, beside the reference clock's.

    The tolerances are those quoted for timing devices (Handbook 44, 5.55), unconfirmed: 5 s too long, 6 s a minute too
    short.
    """

    displayed_s: float = ranged(0, 1e7)
    reference_s: float = ranged(0, 1e7)
    over_s: float = ranged(0, 3600, default=5.0)
    under_s_per_min: float = ranged(0, 60, default=6.0)


@dataclass(frozen=True, slots=True)
class CalibrationRun:
    """A whole calibration: what was tested, with what, under which rule, and every run that was made."""

    schema: Literal["evtech.calibration-run/1"]
    method: Method
    limit_profile: str | OwnLimit
    decision_rule: Rule
    reference: Reference
    device: Device
    points: tuple[LoadPoint, ...]
    guard_factor: float = ranged(0, 10, default=1.0)
    resolution_mode: ResolutionMode = "full"
    stage: Stage | None = None
    repeatability: Pooled | None = None
    id: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    technician: str | None = None
    reviewer: str | None = None
    organisation: str | None = None
    customer: str | None = None
    site: str | None = None
    environment: Environment = field(default_factory=Environment)
    checks: tuple[OtherCheck, ...] = ()
    adjustment: Literal["none", "as_found", "as_left"] = "none"
    adjustment_note: str | None = None
    conditions_not_met: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    price: PriceRecord | None = None
    time: TimeRecord | None = None
    simulated: bool = False


def load_run(path: Path) -> CalibrationRun:
    """Return the record in a file; raise ``InputError`` naming file, field and allowed values."""
    return run_from_json(read_json(path), str(path))


def run_from_json(data: object, file: str = "RUN.json") -> CalibrationRun:
    """Return a record from JSON values; raise ``InputError`` naming ``file``, field and allowed values."""
    if isinstance(data, dict) and data.get("schema") != SCHEMA:
        raise InputError(f"{file}: schema is {str(data.get('schema'))[:60]!r}.", f"It must be {SCHEMA!r}.")
    run = read(CalibrationRun, data, file)
    if not run.points:
        raise InputError(f"{file}: points is empty.", "At least one load point is needed.")
    names = [point.name for point in run.points]
    if len(set(names)) < len(names):
        raise InputError(f"{file}: two load points have the same name.", "Give each load point its own name.")
    unit = "kwh" if run.method == "energy_dose" else "kw"
    for owner in ("device", "reference"):
        if getattr(getattr(run, owner), f"resolution_{unit}") is None:
            raise InputError(
                f"{file}: {owner}.resolution_{unit} is missing.", f"The method {run.method} needs a step in {unit}."
            )
    for row, point in enumerate(run.points):
        for number, each in enumerate(point.runs):
            if each.valid:
                _check_run(run, point, each, f"{file}: points[{row}].runs[{number}]")
    return run


def _check_run(run: CalibrationRun, point: LoadPoint, each: Run, where: str) -> None:
    """Refuse a valid run that does not say what its method needs."""
    if run.method == "power_compare":
        if not each.pairs:
            raise InputError(f"{where}.pairs is missing.", "The method power_compare needs pairs of powers.")
        if each.sync_tau_s is not None and each.ramp_kw_per_s is None:
            raise InputError(f"{where}.ramp_kw_per_s is missing.", "sync_tau_s needs the ramp beside it; 0 if steady.")
    else:
        for owner in ("device", "reference"):
            _check_energy(each, owner, where)
    if each.duration_s is None and run.method == "energy_dose" and (point.sync_tau_s is not None or point.cable):
        raise InputError(f"{where}.duration_s is missing.", "sync_tau_s and cable need the run's length in seconds.")


def _check_energy(each: Run, owner: str, where: str) -> None:
    start, end = getattr(each, f"{owner}_start_kwh"), getattr(each, f"{owner}_end_kwh")
    stated = getattr(each, f"{owner}_kwh")
    if (start is None) != (end is None) or (start is None and stated is None):
        missing = f"{owner}_end_kwh" if start is not None else f"{owner}_start_kwh"
        raise InputError(
            f"{where}.{missing} is missing.", f"Give {owner}_start_kwh and {owner}_end_kwh, or {owner}_kwh."
        )
    if start is not None and stated is not None and abs((end - start) - stated) > 1e-6 * max(1.0, abs(stated)):
        raise InputError(f"{where}.{owner}_kwh is {stated:g}.", f"The registers differ by {end - start:g} kWh.")


def save_run(run: CalibrationRun, path: Path) -> None:
    """Write a record beside its place and rename it; raise ``InputError`` where it cannot be written."""
    aside = path.with_name(path.name + ".part")
    try:
        aside.write_text(json.dumps(run_to_json(run), indent=1, ensure_ascii=False), "utf-8")
        aside.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", "Choose another folder.") from error


def run_to_json(run: CalibrationRun) -> dict[str, Any]:
    """Return a record as JSON values; reading them back gives an equal record."""
    data: dict[str, Any] = written(run)
    return data
