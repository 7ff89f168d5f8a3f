"""The plan of a calibration (PLAN.toml): reference, limit, decision rule, load points, chosen before measuring."""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from evtech.calibration.dose import Dose, plan_dose, sync_tau
from evtech.calibration.evaluate import minimum_quantity
from evtech.calibration.limits import limit_for, profile_of
from evtech.calibration.run_record import (
    SCHEMA,
    CalibrationRun,
    Device,
    Environment,
    LoadPoint,
    Method,
    OwnLimit,
    Pooled,
    Reference,
    ResolutionMode,
    Rule,
    Stage,
)
from evtech.calibration.strict import ranged, read
from evtech.errors import InputError

_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class PlannedPoint:
    """One load point: the current to set (A), the number of runs, and where known its power (kW) and own dose (kWh)."""

    current_a: float = ranged(0, 1e5)
    name: str | None = None
    runs: int = ranged(1, 1000, default=5)
    dose_kwh: float | None = ranged(1e-6, 1e6, default=None)
    power_kw: float | None = ranged(1e-6, 1e6, default=None)
    power_factor: float | None = ranged(-1, 1, default=None)
    load: Literal["balanced", "single_phase"] = "balanced"
    limit_pct: float | None = ranged(1e-9, 100, default=None)

    @property
    def label(self) -> str:
        """Return the name, or the current where there is none."""
        return self.name or f"{self.current_a:g} A"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, with what, and how it will be judged.

    ``voltage_v`` (phase to neutral, or DC) and ``phases`` give the power of a point that states none. ``start_stop``
    running reads while current flows, static before and after. ``current_tolerance`` is the part by which the load may
    differ; ``no_load_s`` and ``starting_a`` ask for the no-load and the starting test; ``instrument`` names a kept
    reference instrument in place of ``reference``; an expired certificate blocks, or makes it indicative.
    """

    limit_profile: str | OwnLimit
    decision_rule: Rule
    reference: Reference
    points: tuple[PlannedPoint, ...] = field(metadata={"key": "point"})
    method: Method = "energy_dose"
    guard_factor: float = ranged(0, 10, default=1.0)
    resolution_mode: ResolutionMode = "full"
    stage: Stage | None = None
    start_stop: Literal["running", "static"] = "running"
    target_u_pct: float | None = ranged(1e-6, 100, default=None)
    settling_s: float = ranged(0, 86400, default=60.0)
    current_tolerance: float = ranged(0.001, 1, default=0.1)
    no_load_s: float | None = ranged(0, 86400, default=None)
    starting_a: float | None = ranged(1e-3, 1e3, default=None)
    expired_certificate: Literal["block", "indicative"] = "indicative"
    instrument: str | None = None
    voltage_v: float | None = ranged(1, 2000, default=None)
    phases: int = ranged(1, 3, default=1)
    device: Device = field(default_factory=Device)
    environment: Environment = field(default_factory=Environment)
    repeatability: Pooled | None = None
    technician: str | None = None
    reviewer: str | None = None
    organisation: str | None = None
    customer: str | None = None
    site: str | None = None


def load_plan(path: Path) -> Plan:
    """Return the plan in a file; raise ``InputError`` naming file, field and allowed values, unknown keys too."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than 1 MB.", "This is not a plan.")
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}.") from error
    if isinstance(name := data.get("instrument"), str):
        from evtech.calibration.reference_instruments import find_instrument

        if "reference" in data:
            raise InputError(f"{path}: instrument and [reference] are both given.", "Leave one of them out.")
        plan = read(Plan, data | {"reference": {}}, str(path), closed=True)
        plan = replace(plan, reference=find_instrument(name).reference)
    else:
        plan = read(Plan, data, str(path), closed=True)
    if not plan.points:
        raise InputError(f"{path}: point is empty.", "At least one [[point]] is needed.")
    names = [point.label for point in plan.points]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: two load points have the same name.", "Give each [[point]] its own name.")
    profile_of(start_run(plan))  # an unknown limit profile is refused now, not after the measurement
    return plan


def start_run(plan: Plan, started: datetime | None = None) -> CalibrationRun:
    """Return the record of a plan before its first run: every load point is there, without runs."""
    return CalibrationRun(
        schema=SCHEMA,
        method=plan.method,
        limit_profile=plan.limit_profile,
        decision_rule=plan.decision_rule,
        guard_factor=plan.guard_factor,
        resolution_mode=plan.resolution_mode,
        stage=plan.stage,
        reference=plan.reference,
        device=plan.device,
        points=tuple(
            LoadPoint(p.label, (), p.current_a, p.power_factor, p.load, limit_pct=p.limit_pct) for p in plan.points
        ),
        repeatability=plan.repeatability,
        started=started,
        technician=plan.technician,
        reviewer=plan.reviewer,
        organisation=plan.organisation,
        customer=plan.customer,
        site=plan.site,
        environment=plan.environment,
    )


def plan_doses(plan: Plan, run: CalibrationRun | None = None) -> tuple[Dose, ...]:
    """Return the dose of every load point, in the plan's order.

    ``run`` is a record whose device and reference carry what was measured since (steps, update periods); without it
    the plan's own. Raises ``InputError`` where the charger's step or a limit is not known.
    """
    record = run or start_run(plan)
    device, reference = record.device, record.reference
    if device.resolution_kwh is None or device.resolution_kwh <= 0.0:
        raise InputError(
            "The step of the charger's register is not known.", "State device.resolution_kwh, the smallest step in kWh."
        )
    tau = None
    if plan.start_stop == "running" and device.update_period_s is not None and reference.update_period_s is not None:
        tau = sync_tau(device.update_period_s, reference.update_period_s)
    profile = profile_of(record)
    doses = []
    for planned, point in zip(plan.points, record.points, strict=True):
        limit = limit_for(record, point)
        if limit is None:
            raise InputError(
                f"There is no limit for {point.name}.", "The limit profile does not cover it; state limit_pct there."
            )
        dose = plan_dose(
            step_kwh=device.resolution_kwh,
            limit_pct=limit.limit_pct,
            reference_step_kwh=reference.resolution_kwh,
            power_kw=power_kw(plan, planned),
            target_pct=plan.target_u_pct,
            minimum_kwh=minimum_quantity(profile, device.mda_a, planned.current_a),
            tau_s=tau,
            settling_s=plan.settling_s,
            wanted_kwh=planned.dose_kwh,
        )
        doses.append(dose)
    return tuple(doses)


def power_kw(plan: Plan, point: PlannedPoint) -> float | None:
    """Return a point's power in kW: its own, else current times voltage and phases, else ``None``."""
    if point.power_kw is not None:
        return point.power_kw
    if plan.voltage_v is None or point.current_a == 0.0:
        return None
    phases = 1 if point.load == "single_phase" else plan.phases
    return point.current_a * plan.voltage_v * phases * abs(point.power_factor or 1.0) / 1e3
