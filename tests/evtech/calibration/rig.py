"""A charger and a reference in virtual time: registers that are renewed late and in steps, read in turn."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evtech.calibration.loads import Load
from evtech.calibration.plan import Plan, PlannedPoint, start_run
from evtech.calibration.procedure import Procedure, Setup, Step
from evtech.calibration.register_track import RegisterFacts, RegisterReading, Role
from evtech.calibration.run_record import Certificate, Device, OwnLimit, Reference, Run

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANSWER_S = 0.01
READ_S = 0.02


class Rig:
    """Feeds a procedure. Attributes may be set in the middle: ``broken`` maps a role to what its register does."""

    def __init__(
        self,
        points: tuple[PlannedPoint, ...] = (PlannedPoint(16.0, runs=2),),
        *,
        step_kwh: float = 0.001,
        error_pct: float = 0.5,
        renew_s: float = 0.5,
        range_kwh: float | None = None,
        begins_kwh: float = 100.0,
        **plan: object,
    ) -> None:
        self.now, self.energy = 0.0, 0.0
        self.current_a, self.volts = 0.0, 230.0
        self.steps: dict[Role, float] = {"device": step_kwh, "reference": 0.0001}
        self.error: dict[Role, float] = {"device": error_pct, "reference": 0.0}
        self.renew: dict[Role, float] = {"device": renew_s, "reference": 0.2}
        self.begins: dict[Role, float] = {"device": begins_kwh, "reference": 50.0}
        self.range_kwh = range_kwh
        self.renewed: dict[Role, float] = {"device": 0.0, "reference": 0.0}
        self.shift: dict[Role, float] = {"device": 0.0, "reference": 0.0}
        self.broken: dict[Role, Callable[[float], float | None]] = {}
        self.silent: set[Role] = set()
        self.charging: bool | None = True
        self.runs: list[Run] = []
        words = {
            "limit_profile": OwnLimit(1.0),
            "decision_rule": "ilac_g8",
            "reference": Reference(Certificate(0.05, 2.0, 0.0), drift_pct=0.03, influence_pct=0.02),
            "device": Device(resolution_kwh=step_kwh),
            "settling_s": 20.0,
            "voltage_v": 230.0,
            "phases": 3,
            "target_u_pct": 0.3,
        } | plan
        self.plan = Plan(points=points, **words)  # type: ignore[arg-type]  # words of a plan
        record = start_run(self.plan, START)
        record = replace(record, reference=replace(record.reference, resolution_kwh=0.0001))
        manual = self.plan.reference.manual
        setup = Setup(
            RegisterFacts("charger", step_kwh, range_kwh),
            None if manual else RegisterFacts("reference", 0.0001),
            entry=self.plan.reference.manual_entry if manual else None,
        )
        self.setup = setup
        self.procedure = Procedure(self.plan, setup, record, lambda index, run: self.runs.append(run))

    @property
    def power_kw(self) -> float:
        return 3 * self.volts * self.current_a / 1000

    def shown(self, role: Role) -> float:
        """What the register shows: renewed every so often, in whole steps."""
        value = self.begins[role] + self.renewed[role] * (1 + self.error[role] / 100) + self.shift[role]
        value = math.floor(value / self.steps[role] + 1e-9) * self.steps[role]
        return round(value % self.range_kwh if self.range_kwh and role == "device" else value, 9)

    def read(self, role: Role) -> None:
        self.advance(READ_S)
        if role in self.silent:
            return
        value: float | None = self.shown(role)
        if role in self.broken:
            value = self.broken[role](value or 0.0)
        moment = START + timedelta(seconds=self.now)
        reading = RegisterReading(self.now - ANSWER_S, self.now + ANSWER_S, value, moment, reason="not a number")
        self.procedure.take(role, reading)

    def advance(self, seconds: float) -> None:
        former, self.now = self.now, self.now + seconds
        self.energy += self.power_kw * seconds / 3600
        for role, period in self.renew.items():
            if (tick := math.floor(self.now / period)) != math.floor(former / period):
                self.renewed[role] = self.energy - self.power_kw * (self.now - tick * period) / 3600

    def turn(self) -> None:
        """One turn of the driver."""
        procedure = self.procedure
        if int(self.now * 2) != int((self.now - 0.2) * 2):
            kw = self.power_kw
            device_kw = None if self.charging is None else kw * (1 + self.error["device"] / 100)
            load = Load(self.now, device_kw, kw, self.current_a, self.volts, 1.0, 3, self.charging)
            procedure.take_load(load)
        self.read("device")
        if procedure.setup.reference is not None:
            self.read("reference")
        procedure.tick(self.now)
        self.advance(0.05 if procedure.wants_fast else 0.4)

    def go(self, until: Callable[[], bool] | None = None, *, longest_s: float = 20_000.0, obeys: bool = True) -> None:
        """Turn until something holds (the end, if nothing is named); a person who obeys sets the wanted load."""
        end = self.now + longest_s
        done = until or (lambda: self.procedure.step is Step.DONE)
        while not done():
            assert self.now < end, f"still at {self.procedure.step}"
            wanted = self.procedure.wanted_a
            if obeys and wanted is not None and self.current_a != wanted:
                self.current_a = wanted
            self.turn()

    def in_dose(self, kwh: float = 0.02) -> None:
        """Turn until a dose has counted some energy."""
        self.go(lambda: self.procedure.run is not None and self.procedure.run.counted[0] > kwh)
