"""A station simulated from physics for recordings: supply, contactor, pilot, vehicle, meter, heat, and a logger.

Nothing here knows the engine's predicates: faults are defects of parts, and what they lead to follows from circuits.
"""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]
Script = list[tuple[float, Callable[["Station"], None]]]


@dataclass
class Station:
    """State of all parts; currents in A, volts, ohm, degC. A script changes parts at its times."""

    step: float = 0.25
    rated: float = 16.0
    wanted: float = 16.0  # what a controller asks for
    seed: int = 1
    # supply
    idle_v: list[float] = field(default_factory=lambda: [231.2, 230.4, 232.0])
    loop_ohm: list[float] = field(default_factory=lambda: [0.18, 0.18, 0.18])
    joint_ohm: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    joint_growth: float = 0.0  # ohm of a joint per kelvin of its own rise
    fed: list[bool] = field(default_factory=lambda: [True, True, True])
    floating_neutral: bool = False
    house: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])  # other loads of the house (A)
    hz: float = 50.0
    # charger
    authorised: bool = True
    auth: str = "ok"
    enabled: bool = True
    failed: str = ""
    latched_f: bool = False
    poles_stuck_closed: list[bool] = field(default_factory=lambda: [False, False, False])
    poles_dead: list[bool] = field(default_factory=lambda: [False, False, False])
    single_phase_mode: bool = False
    offset_ma: float = 0.2
    offset_per_k: float = 0.0
    derates: bool = True
    ambient: float = 20.0
    inside: float = 26.0
    heat_per_a2: float = 0.02
    watchdog_s: float = 0.0
    failsafe: float = 6.0
    last_write: float = 0.0
    refresh_s: float = 0.0  # a controller writes so often; 0 = never
    cable_a: float = 32.0
    up_since: float = -90_000.0
    # vehicle
    plugged: bool = False
    wants: bool = True
    on_board_phases: int = 3
    on_board_a: float = 16.0
    follows: bool = True
    ramp: float = 3.0
    capacity_wh: float = 60_000.0
    soc: float = 0.4
    leak_ma: float = 0.0
    draws_anyway: float = 0.0  # a load behind the contactor that asks nobody (A)
    # meter
    register_gain: float = 1.0
    register_stuck: bool = False
    register_shift: float = 0.0
    meter_dead: bool = False
    meter_hangs: bool = False
    # what moves
    now: float = 0.0
    closed: bool = False
    amps: float = 0.0
    ready_for: float = 0.0
    idle_for: float = 0.0
    energy: float = 1_234_567.0
    shown: float = 1_234_567.0
    joint_k: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    pilot_lost: bool = False
    code: str = "0"

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.last: Row = {}

    # ---- physics ----

    def offer(self) -> float:
        if self.code != "0" or self.latched_f or not self.enabled or not self.authorised:
            return 0.0
        limit = min(self.wanted, self.rated, self.cable_a)
        if self.watchdog_s and self.now - self.last_write > self.watchdog_s:
            limit = min(limit, self.failsafe)
        if self.derates and self.inside > 60:
            limit = max(6.0, limit * (1 - (self.inside - 60) / 16))
        return limit if limit >= 6 else 0.0

    def pilot(self) -> str:
        if self.code != "0" or self.latched_f:
            return "F"
        if not self.plugged or self.pilot_lost:
            return "A1"
        return ("C" if self.wants and self.soc < 1 and self.authorised else "B") + ("2" if self.offer() else "1")

    def advance(self) -> None:
        dt = self.step
        self.now += dt
        if self.refresh_s and self.now - self.last_write >= self.refresh_s:
            self.last_write = self.now
        state, offer = self.pilot(), self.offer()
        self.ready_for = self.ready_for + dt if state == "C2" else 0.0
        self.closed = self.ready_for >= 0.9
        self._drive(offer, dt)
        self._heat(dt)
        self._measure(dt)

    def _live_poles(self) -> list[bool]:
        poles = []
        for n in range(3):
            driven = self.closed and not (self.single_phase_mode and n > 0) and not self.poles_dead[n]
            poles.append(self.poles_stuck_closed[n] or driven)
        return poles

    def _drive(self, offer: float, dt: float) -> None:
        taper = 1.0 if self.soc < 0.85 else max(0.08, (1 - self.soc) / 0.15)
        goal = min(offer if self.follows else 99.0, self.on_board_a * taper) if self.closed else 0.0
        self.amps = min(goal, self.amps + self.ramp * dt) if goal > self.amps else max(goal, self.amps - 8 * dt)
        self.amps = max(self.amps, self.draws_anyway)
        if not any(self._live_poles()):
            self.amps = 0.0

    def currents(self) -> list[float]:
        live = self._live_poles()
        return [
            self.amps * (1 - 0.006 * n) if n < self.on_board_phases and live[n] and self.fed[n] else 0.0
            for n in range(3)
        ]

    def volts(self) -> list[float]:
        return self._volts(self.currents())

    def _volts(self, i: list[float]) -> list[float]:
        found = []
        for n in range(3):
            ohm = self.loop_ohm[n] + self.joint_ohm[n] * (1 + self.joint_growth * self.joint_k[n])
            wander = 0.9 * math.sin(self.now / 700 + 1.1 * n)
            volt = self.idle_v[n] + wander - ohm * i[n] - 0.12 * self.house[n]
            found.append(volt if self.fed[n] else 3.0)
        if self.floating_neutral:
            shift = [-44.0, 30.0, 28.0]
            found = [v + s for v, s in zip(found, shift, strict=True)]
        return found

    def outputs(self) -> list[float]:
        live, supply = self._live_poles(), self.volts()
        back_feed = self.on_board_phases < 3 and any(live)
        return [supply[n] if live[n] else (62.0 if back_feed and self.plugged else 2.5) for n in range(3)]

    def _heat(self, dt: float) -> None:
        currents = self.currents()
        square = max(currents) ** 2
        self.inside += (self.ambient + 7 + self.heat_per_a2 * square - self.inside) * dt / 1500
        for n, amps in enumerate(currents):
            watts = amps**2 * self.joint_ohm[n] * (1 + self.joint_growth * self.joint_k[n])
            self.joint_k[n] += (1.1 * watts - self.joint_k[n]) * dt / 420

    def power(self) -> float:
        currents = self.currents()
        return sum(v * a for v, a in zip(self._volts(currents), currents, strict=True)) * 0.994

    def _measure(self, dt: float) -> None:
        power = self.power()
        self.energy += power * dt / 3600
        self.soc = min(1.0, self.soc + 0.9 * power * dt / 3600 / self.capacity_wh)
        if not self.register_stuck:
            self.shown += power * dt / 3600 * self.register_gain

    def leak(self) -> float:
        drift = self.offset_per_k * (self.inside - 25)
        return self.offset_ma + drift + (self.leak_ma if self.closed else 0.0)

    # ---- what a logger reads ----

    def row(self) -> Row:
        if self.meter_hangs and self.last:
            held = {k: self.last[k] for k in ("v1", "v2", "v3", "i1", "i2", "i3", "p", "e", "f")}
            return self._control() | held
        noise = self.random.normal
        v = [round(x + noise(0, 0.12), 1) for x in self.volts()]
        i = [round(x + noise(0, 0.02), 2) if x > 0 else 0.0 for x in self.currents()]
        p = round(self.power() * (1 + noise(0, 0.001)))
        if self.meter_dead:
            v, i, p = [0.0] * 3, [0.0] * 3, 0
        self.last = self._control() | {
            "v1": v[0], "v2": v[1], "v3": v[2], "i1": i[0], "i2": i[1], "i3": i[2], "p": p,
            "e": round(self.shown + self.register_shift, 1), "f": round(self.hz + noise(0, 0.008), 2),
        }  # fmt: skip
        return self.last

    def _control(self) -> Row:
        out = self.outputs()
        state = self.pilot()
        level = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0, "F": -12.0}[state[0]]
        offer = self.offer()
        return {
            "state": state, "lim_eff": round(offer, 1), "lim_set": self.wanted, "lim_hw": self.rated,
            "sw_cmd": "closed" if self.closed else "open", "fault": self.code, "t_int": round(self.inside, 1),
            "ambient": self.ambient, "auth_state": self.auth, "duty": round(offer / 0.6, 1) if offer else 100.0,
            "cp_v": round(level + float(self.random.normal(0, 0.05)), 2), "pp_amp": self.cable_a if self.plugged else 0,
            "rcm_dc": round(self.leak() + float(self.random.normal(0, 0.05)), 2),
            "uptime": round(self.now - self.up_since),
            "vout1": round(out[0], 1), "vout2": round(out[1], 1), "vout3": round(out[2], 1),
            **{f"t_term{n + 1}": round(self.inside + 4 + self.joint_k[n], 1) for n in range(3)},
        }  # fmt: skip


def record(station: Station, script: Script, seconds: float, every: float = 1.0, jitter: float = 0.0) -> list[Row]:
    """Let a station run a script and read it about every so many seconds."""
    pending = sorted(script, key=lambda event: event[0])
    rows, due = [], 0.0
    random = np.random.default_rng(99)
    while station.now < seconds:
        while pending and pending[0][0] <= station.now:
            pending.pop(0)[1](station)
        station.advance()
        if station.now >= due:
            rows.append({"time": round(station.now, 3), **station.row()})
            due = station.now + every * (1 + jitter * float(random.uniform(-1, 1)))
    return rows


def write_csv(
    path: Path, rows: list[Row], *, drop: tuple[str, ...] = (), names: dict[str, str] | None = None, iso: bool = False
) -> Path:
    """Write rows as a logger would; with other column names, without some, with ISO times."""
    titles = [title for title in rows[0] if title not in drop]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([(names or {}).get(title, title) for title in titles])
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for row in rows:
        cells = [row.get(title, "") for title in titles]
        if iso:
            cells[0] = (start + timedelta(seconds=row["time"])).isoformat()
        writer.writerow(cells)
    path.write_text(text.getvalue())
    return path


def change(**parts: Any) -> Callable[[Station], None]:
    """Return a change of parts for a script."""

    def act(station: Station) -> None:
        for name, value in parts.items():
            setattr(station, name, value)

    return act


def set_item(name: str, index: int, value: Any) -> Callable[[Station], None]:
    """Return a change of one phase of a part."""

    def act(station: Station) -> None:
        getattr(station, name)[index] = value

    return act


plug, unplug = change(plugged=True), change(plugged=False, amps=0.0)
LONG_NAMES = {
    "state": "cp_state", "i1": "current_l1", "i2": "current_l2", "i3": "current_l3", "v1": "voltage_l1",
    "v2": "voltage_l2", "v3": "voltage_l3", "p": "power_total", "e": "energy_total", "lim_eff": "current_limit_actual",
    "lim_set": "current_limit", "vout1": "output_voltage_l1", "vout2": "output_voltage_l2",
    "vout3": "output_voltage_l3", "sw_cmd": "relay_command", "t_int": "temperature", "fault": "error_code",
    "rcm_dc": "residual_current_dc", "f": "frequency", "uptime": "uptime",
}  # fmt: skip
