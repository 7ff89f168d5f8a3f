"""The procedure of a calibration: load point by load point, run by run, until every point has its valid runs.

A pure state machine. Readings and loads go in with their times; out come the present step, what a person has to do, and
every finished run. Nothing here sleeps, reads or writes, so a whole calibration is tested in milliseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from evtech.calibration.dose import Dose
from evtech.calibration.loads import Load, Steadiness
from evtech.calibration.marks import leading_register
from evtech.calibration.one_run import Aim, OneRun, Stage
from evtech.calibration.plan import Plan, PlannedPoint, plan_doses, power_kw
from evtech.calibration.register_track import LONGEST_GAP_S, RegisterFacts, RegisterReading, Role, UpdateMeter
from evtech.calibration.run_record import CalibrationRun, LoadPoint, OtherCheck, Run
from evtech.calibration.side_tests import NoLoadTest, StartingTest
from evtech.errors import InputError

STEADY_S = 10.0
MEASURE_S = 60.0  # of fast polling at most, to see how often the registers are renewed
LEAST_MEASURE_S = 3.0
MOST_REJECTED = 3  # in a row at one load point


class Step(StrEnum):
    """What the procedure is at."""

    NO_LOAD = "no_load"
    STARTING = "starting"
    LOAD = "load"  # waits for the load of the point to be set and steady
    MEASURE = "measure"  # sees how often the registers are renewed
    RUN = "run"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a procedure must know beside its plan: registers, bounds of the reference, how patient it is.

    ``entry`` is set for a portable reference that a person reads (``readings`` or ``energy``). ``unattended_s`` is the
    time after which a steady load that is not the wanted one is measured as it is; ``None`` waits for a person.
    """

    device: RegisterFacts
    reference: RegisterFacts | None
    certified_a: tuple[float, float] | None = None
    most_a: float | None = None
    entry: str | None = None
    poll_s: float = 0.1
    unattended_s: float | None = None
    gap_s: float = LONGEST_GAP_S


class Procedure:
    """One calibration while it goes on. ``record`` grows by every finished run."""

    def __init__(
        self, plan: Plan, setup: Setup, record: CalibrationRun, on_run: Callable[[int, Run], None] = lambda i, r: None
    ) -> None:
        self.plan, self.setup, self.record = plan, setup, record
        self.run: OneRun | None = None
        self.paused = False
        self.problem: str | None = None  # what keeps a device from being read now
        self.load: Load | None = None
        self.given_up: dict[int, str] = {}
        self.checks: list[NoLoadTest | StartingTest] = self._planned_checks()
        self._on_run = on_run
        self._meters: dict[Role, UpdateMeter] = {"device": UpdateMeter(), "reference": UpdateMeter()}
        self._power_meters: dict[Role, UpdateMeter] = {"device": UpdateMeter(), "reference": UpdateMeter()}
        self._steady = Steadiness(min(STEADY_S, plan.settling_s))
        self._off_target_since: float | None = None
        self._accepted_a: float | None = None
        self._measuring_since: float | None = None
        self._doses: tuple[Dose, ...] | None = None
        self._powers: dict[int, float] = {}
        self.index = self._next_index()
        self.step = self._first_step()

    # ---- what a view and the driver ask ----

    @property
    def point(self) -> PlannedPoint:
        """Return the load point that is measured now; the last one at the end."""
        return self.plan.points[min(self.index, len(self.plan.points) - 1)]

    @property
    def wanted_a(self) -> float | None:
        """Return the current to set now (A): 0 where none may flow, ``None`` where it does not matter."""
        if self.paused or self.step is Step.DONE:
            return None
        if self.step is Step.NO_LOAD or self.is_load_unwanted:
            return 0.0
        return self.checks[0].current_a if isinstance(self._check, StartingTest) else self.point.current_a  # type: ignore[union-attr]

    @property
    def is_load_unwanted(self) -> bool:
        """Tell whether a static run waits for the load to end."""
        return self.run is not None and self.run.stage in (Stage.EMPTY, Stage.LOAD_OFF)

    @property
    def question(self) -> str | None:
        """Return what a person must type: ``reference_start``, ``reference_end``, ``reference_kwh``, else ``None``."""
        if self.run is None:
            return None
        if self.run.stage is Stage.ENTER_START:
            return "reference_start"
        if self.run.stage is Stage.ENTER_END:
            return "reference_kwh" if self.setup.entry == "energy" else "reference_end"
        return None

    @property
    def wants_fast(self) -> bool:
        """Tell whether the registers are to be read as fast as allowed."""
        if self.step is Step.MEASURE:
            return True
        return self.step is Step.RUN and self.run is not None and self.run.stage in (Stage.START, Stage.END)

    @property
    def dose(self) -> Dose | None:
        """Return the dose of the present point, once it can be told."""
        doses = self.doses()
        return doses[self.index] if doses and self.index < len(doses) else None

    def doses(self) -> tuple[Dose, ...] | None:
        """Return the doses of all points: from what was measured, as far as it was; ``None`` where none can be told."""
        if self._doses is None:
            try:
                self._doses = plan_doses(self._measured_plan(), self.record)
            except InputError:
                return None
        return self._doses

    def _measured_plan(self) -> Plan:
        """Return the plan with the powers that were measured at its points."""
        points = tuple(
            replace(point, power_kw=self._powers.get(index, point.power_kw))
            for index, point in enumerate(self.plan.points)
        )
        return replace(self.plan, points=points)

    @property
    def remaining_s(self) -> float | None:
        """Return how long the dose of this run still takes (s)."""
        run, power = self.run, self.load.power_kw if self.load else None
        if run is None or not power or power <= 0:
            return None
        device, reference = run.counted
        done = device if reference is None else min(device, reference)
        return max(0.0, run.aim.dose_kwh - done) / power * 3600

    def valid_runs(self, index: int) -> int:
        """Return how many runs of a point count."""
        return sum(run.valid for run in self.record.points[index].runs)

    def provisional(self) -> CalibrationRun:
        """Return the record with the running dose as if it ended now: what its error and uncertainty would be."""
        run = self.run
        if self.step is not Step.RUN or run is None or run.start is None:
            return self.record
        device, reference = run.counted
        if device <= 0 or not reference:
            return self.record
        present = Run(device_kwh=device, reference_kwh=reference, duration_s=max(run.elapsed_s, 1e-3))
        point = self.record.points[self.index]
        tau = point.sync_tau_s if point.sync_tau_s is not None or run.aim.is_static else self._expected_tau()
        return self._with_point(self.index, replace(point, runs=(*point.runs, present), sync_tau_s=tau))

    # ---- what comes in ----

    def take(self, role: Role, reading: RegisterReading) -> None:
        """Take a register's reading."""
        self._meters[role].take(reading.kwh, reading.at)
        if self.paused:
            return
        check = self._check
        if check is not None:
            if role == "device":
                check.take(reading)
                self._look_at_check(check)
            return
        if self.run is not None:
            self.run.take(role, reading)
            self._look_at_run()

    def take_load(self, load: Load) -> None:
        """Take the load of a moment."""
        self.load = load
        self._power_meters["device"].take(load.device_kw, load.at)
        self._power_meters["reference"].take(load.reference_kw, load.at)
        self._steady.take(load)
        if self.paused:
            return
        check = self._check
        if check is not None:
            check.take_load(load)
        elif self.step is Step.LOAD:
            self._look_at_load(load)
        elif self.step is Step.MEASURE:
            self._look_at_meters(load.at)
        elif self.run is not None:
            self.run.take_load(load)
            self._look_at_run()

    def tick(self, now: float) -> None:
        """Let time pass where no reading comes."""
        if self.run is not None and not self.paused:
            self.run.tick(now)
            self._look_at_run()

    # ---- what a person does ----

    def accept_load(self) -> None:
        """Measure at the present load, whatever the plan wants."""
        if self.step is Step.LOAD and self.load is not None and self.load.flows:
            self._accept(self.load)

    def enter(self, value: float) -> None:
        """Take a typed reading of the reference (kWh)."""
        if self.run is not None:
            self.run.enter(value)
            self._look_at_run()

    def stop_run(self, reason: str = "stopped: by the technician") -> None:
        """Reject the run that goes on."""
        if self.run is not None:
            self.run.reject(reason)
            self._look_at_run()

    def pause(self) -> None:
        """Stop measuring for a while; a running dose is lost and kept as rejected, finished runs stay."""
        self.stop_run("paused: by the technician")
        self.paused = True

    def go_on(self) -> None:
        """Go on after a pause; the load must be steady again."""
        self.paused = False
        if self.step is not Step.DONE and self._check is None:
            self._seek_load()

    def skip_point(self, reason: str = "skipped by the technician") -> None:
        """Leave the present point, or the present test, as it is."""
        if self._check is not None:
            check = self.checks.pop(0)
            self._keep_check(OtherCheck(check.name, None, reason))
        elif self.step is not Step.DONE:
            self.stop_run("stopped: the load point was left")
            self.given_up[self.index] = reason
        self._go_further()

    # ---- tests beside the accuracy ----

    @property
    def _check(self) -> NoLoadTest | StartingTest | None:
        return self.checks[0] if self.checks and self.step in (Step.NO_LOAD, Step.STARTING) else None

    def _planned_checks(self) -> list[NoLoadTest | StartingTest]:
        done = {check.name for check in self.record.checks}
        tests: list[NoLoadTest | StartingTest] = []
        if self.plan.no_load_s and NoLoadTest.name not in done:
            tests.append(NoLoadTest(self.setup.device, self.plan.no_load_s))
        if self.plan.starting_a and StartingTest.name not in done:
            tests.append(StartingTest(self.setup.device, self.plan.starting_a))
        return tests

    def _look_at_check(self, check: NoLoadTest | StartingTest) -> None:
        if check.result is not None:
            self.checks.pop(0)
            self._keep_check(check.result)
            self._go_further()

    def _keep_check(self, check: OtherCheck) -> None:
        self.record = replace(self.record, checks=(*self.record.checks, check))

    # ---- from point to point ----

    def _first_step(self) -> Step:
        if self.checks:
            return Step(self.checks[0].name)
        if self.index >= len(self.plan.points):
            return Step.DONE
        return self._step_of_point()

    def _step_of_point(self) -> Step:
        if self.plan.start_stop == "static":
            self._begin_run(None)
            return Step.RUN
        return Step.LOAD

    def _next_index(self) -> int:
        for index, planned in enumerate(self.plan.points):
            if index not in self.given_up and self.valid_runs(index) < planned.runs:
                return index
        return len(self.plan.points)

    def _go_further(self) -> None:
        """Go to the next test, point or run; a new point begins with its load."""
        former, self.index = self.index, self._next_index()
        if self.checks or self.index >= len(self.plan.points):
            self.run = None
            self.step = self._first_step()
            if self.step is Step.DONE:
                self.record = replace(self.record, ended=datetime.now(UTC))
        elif self.index != former or self.step in (Step.NO_LOAD, Step.STARTING):
            self._accepted_a = None
            self._seek_load()
        elif self.plan.start_stop == "static" or self._flows_on():
            self._begin_run(self.load)
        else:
            self._seek_load()

    def _flows_on(self) -> bool:
        return self.load is not None and self.load.flows is not False and self.load.charging is not False

    def _seek_load(self) -> None:
        self.run = None
        self._off_target_since = None
        self._steady.forget()
        self.step = self._step_of_point()

    def _look_at_load(self, load: Load) -> None:
        if not self._steady.is_steady or load.charging is False:
            self._off_target_since = None
            return
        if load.current_a is None or self._is_on_target(load.current_a):
            self._measure_or_run(load)
            return
        self._off_target_since = load.at if self._off_target_since is None else self._off_target_since
        patience = self.setup.unattended_s
        if patience is not None and load.at - self._off_target_since >= patience:
            self._accept(load)

    def _is_on_target(self, amperes: float) -> bool:
        wanted = self._accepted_a or self.point.current_a
        return wanted == 0 or abs(amperes / wanted - 1) <= self.plan.current_tolerance

    def _accept(self, load: Load) -> None:
        self._accepted_a = load.current_a
        if load.current_a is not None and not abs(load.current_a / self.point.current_a - 1) <= 0.02:
            words = f"{self.point.label}: measured at {load.current_a:.1f} A instead of {self.point.current_a:g} A"
            if words not in self.record.deviations:
                self.record = replace(self.record, deviations=(*self.record.deviations, words))
        self._measure_or_run(load)

    def _measure_or_run(self, load: Load) -> None:
        if self.record.device.update_period_s is not None and self._measuring_since is not None:
            self._begin_run(load)
        else:
            self._measuring_since, self.step = load.at, Step.MEASURE
            self._meters = {"device": UpdateMeter(), "reference": UpdateMeter()}  # slow polling before saw less

    def _look_at_meters(self, now: float) -> None:
        assert self._measuring_since is not None
        roles: list[Role] = ["device"] if self.setup.reference is None else ["device", "reference"]
        sure = all(self._meters[role].is_sure for role in roles)
        if not sure and now - self._measuring_since < min(MEASURE_S, max(self.plan.settling_s, LEAST_MEASURE_S)):
            return
        self._keep_periods(roles)
        self._begin_run(self.load)

    def _keep_periods(self, roles: list[Role]) -> None:
        """Keep what was measured: the register's period, or the power's where a step of the register lasts longer."""
        found: dict[Role, float | None] = {}
        for role in roles:
            seen = [meter.seconds for meter in (self._meters[role], self._power_meters[role])]
            found[role] = min((s for s in seen if s is not None), default=None)
        conditions = self.record.conditions_not_met
        for role in roles:
            stated = getattr(self.record, role).update_period_s
            if found[role] is None and stated is None:
                words = f"How often the register of the {_who(role)} is renewed could not be measured; 1 s is assumed"
                conditions = (*conditions, words)
            found[role] = found[role] or stated or 1.0
        self._doses = None
        self.record = replace(
            self.record,
            conditions_not_met=conditions,
            device=replace(self.record.device, update_period_s=found["device"]),
            reference=replace(self.record.reference, update_period_s=found.get("reference")),
        )

    # ---- a run ----

    def _begin_run(self, load: Load | None) -> None:
        self.run = OneRun(self._aim(load))
        self.step = Step.RUN

    def _aim(self, load: Load | None) -> Aim:
        if load is not None and load.power_kw:
            self._powers.setdefault(self.index, load.power_kw)
            self._doses = None
        power = self._powers.get(self.index) or power_kw(self.plan, self.point)
        device, reference = self._facts("device"), self._facts("reference")
        assert device is not None
        is_static = self.plan.start_stop == "static"
        doses = plan_doses(self._measured_plan(), self.record)
        return Aim(
            dose_kwh=doses[self.index].kwh,
            device=device,
            reference=reference,
            edge=None if is_static else leading_register(device, reference, power, self.setup.poll_s),
            power_kw=power,
            current_a=self._accepted_a or self.point.current_a,
            tolerance=self.plan.current_tolerance,
            certified_a=self.setup.certified_a,
            most_a=self.setup.most_a,
            is_static=is_static,
            entry=self.setup.entry,
            gap_s=self.setup.gap_s,
        )

    def _facts(self, role: Role) -> RegisterFacts | None:
        facts = self.setup.device if role == "device" else self.setup.reference
        period = getattr(self.record, role).update_period_s
        return replace(facts, update_s=period) if facts is not None else None

    def _look_at_run(self) -> None:
        run = self.run
        if run is None or run.result is None:
            return
        if run.start is None:  # nothing was measured yet: there is no run to keep
            self.run = None
            self._go_further()
            return
        point = self.record.points[self.index]
        taus = [tau for tau in (point.sync_tau_s, run.tau_s if run.result.valid else None) if tau is not None]
        point = replace(point, runs=(*point.runs, run.result), sync_tau_s=max(taus, default=None))
        if run.result.valid:
            # the resolution leaves the budget only where every run was read on the same register's steps
            first = sum(one.valid for one in point.runs) == 1
            point = replace(point, edge=run.aim.edge if first or run.aim.edge == point.edge else None)
        self.record = self._with_point(self.index, point)
        self.run = None
        self._on_run(self.index, run.result)
        if self._rejected_in_a_row(point) >= MOST_REJECTED and not self.paused:
            self.given_up[self.index] = f"{point.name}: left after {MOST_REJECTED} rejected runs ({run.result.reason})"
        self._go_further()

    def _rejected_in_a_row(self, point: LoadPoint) -> int:
        count = 0
        for run in reversed(point.runs):
            if run.valid:
                break
            count += not (run.reason or "").startswith(("paused", "stopped", "interrupted"))
        return count

    def _with_point(self, index: int, point: LoadPoint) -> CalibrationRun:
        points = list(self.record.points)
        points[index] = point
        return replace(self.record, points=tuple(points))

    def _expected_tau(self) -> float:
        periods = (self.record.device.update_period_s or 0.0) + (self.record.reference.update_period_s or 0.0)
        return periods / 2


def _who(role: Role) -> str:
    return "charger" if role == "device" else "reference"
