"""A charging station after IEC 61851-1: pilot, offer, contactor, residual current, temperature; and its defects."""

from dataclasses import dataclass, field

from evtech.simulator.vehicle import Vehicle

AUTHORISE_S = 1.5  # between plug-in and the offer
CLOSE_S = 1.0  # between state C and a closed contactor; at most 3 s (IEC 61851-1, table A.6)
OPEN_C1_S = 4.0  # a vehicle that keeps asking without an offer is opened under load; some wait 3 s, others 6 s
WARMING_K_PER_A2 = 0.11  # steady temperature rise over ambient for each A2 of phase current
WARMING_TIME_S = 900.0
TRIP_DC_MA, TRIP_S = 6.0, 0.3  # IEC 62955: 6 mA within 10 s; this one is quick
DC_TRIP_CODE = 2  # of the trainer's own table
PHASES = ("l1", "l2", "l3")


@dataclass(slots=True)
class Charger:
    """State of one station; currents in A, temperatures in degC, residual current in mA.

    Defects: ``welded_lN`` and ``dead_lN`` (1 = that pole never opens, never closes), ``earth_lost``, ``pilot_word``
    (what the charger makes of a disturbed pilot), ``residual_*`` (offset of the sensor, its drift), ``ignores_limit``,
    ``clock_offset_s`` and ``clock_drift_ppm`` (its clock against the computer's).
    """

    rated_current_a: float = 16.0
    limit_a: float = 16.0
    ambient_c: float = 21.0
    enabled: bool = True
    authorised: bool = False
    fault_code: int = 0
    phases: int = 3
    temperature_c: float = 24.0
    contactor_closed: bool = False
    session_energy_wh: float = 0.0
    plugged_s: float = 0.0
    ready_s: float = 0.0
    auto_authorise: bool = True
    rejected: float = 0.0
    welded_l1: float = 0.0
    welded_l2: float = 0.0
    welded_l3: float = 0.0
    dead_l1: float = 0.0
    dead_l2: float = 0.0
    dead_l3: float = 0.0
    earth_lost: float = 0.0
    pilot_word: str = ""
    diode_missing: float = 0.0
    ignores_limit: float = 0.0
    locked_a: float = 0.0  # an own limit that ignores what is written; 0 = none
    derate_from_c: float = 70.0
    stop_from_c: float = 85.0
    warming_k_per_a2: float = WARMING_K_PER_A2
    residual_ma: float = 0.3
    residual_ma_per_k: float = 0.0
    trips_at_ma: float = TRIP_DC_MA
    trips: int = 0
    selftest_failed: float = 0.0
    cable_a: float = 32.0
    lock_fails: float = 0.0
    watchdog_s: float = 0.0
    failsafe_a: float = 6.0
    written_s: float = 0.0  # since the last write
    refresh_s: float = 0.0  # a controller writes so often; 0 = never
    uptime_s: float = 86_400.0
    emergency_stop: float = 0.0
    door_open: float = 0.0
    water: float = 0.0
    tilted: float = 0.0
    online: float = 1.0
    clock_offset_s: float = 0.0
    clock_drift_ppm: float = 0.0
    time_zone_min: float = 60.0  # what its clock shows beside UTC, and tells
    relay_cycles: float = 4200.0
    since_stop_s: float = field(default=1e9)
    tripping_s: float = 0.0

    def offer(self) -> float:
        """Return the current offered to the vehicle (A); 0 where nothing is offered."""
        blocked = self.fault_code or self.emergency_stop or not self.enabled or not self.authorised
        if blocked or self.effective_limit() < 6.0 or self.temperature_c > self.stop_from_c:
            return 0.0
        limit = min(self.effective_limit(), self.rated_current_a, self.cable_a)
        over = self.temperature_c - self.derate_from_c
        return limit if over <= 0 else max(6.0, limit - over)

    def effective_limit(self) -> float:
        """Return the limit in force before rating and heat: what was written, or the failsafe current (A)."""
        wanted = self.locked_a or self.limit_a
        fell_back = self.watchdog_s > 0 and self.written_s >= self.watchdog_s
        return min(wanted, self.failsafe_a) if fell_back else wanted

    def pilot(self, vehicle: Vehicle) -> str:
        """Return the pilot state A1 to F."""
        if self.pilot_word:
            return self.pilot_word
        if self.fault_code or self.emergency_stop:
            return "F"
        if not vehicle.connected or self.earth_lost:
            return "A1"
        digit = "2" if self.offer() else "1"
        asks = vehicle.wants and self.authorised
        return (("D" if vehicle.ventilation else "C") if asks else "B") + digit

    def pilot_volts(self, vehicle: Vehicle) -> tuple[float, float]:
        """Return the positive and the negative level of the pilot (V); the negative one is there with PWM only."""
        state = self.pilot(vehicle)
        high = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0, "F": -12.0}[state[0]]
        low = -12.0 if state.endswith("2") or state == "F" else high
        return high, (-high if self.diode_missing and state.endswith("2") else low)

    def poles(self) -> tuple[bool, bool, bool]:
        """Return which poles are closed."""
        closed, phases = self.contactor_closed, self.phases
        return (
            bool(self.welded_l1) or (closed and phases > 0 and not self.dead_l1),
            bool(self.welded_l2) or (closed and phases > 1 and not self.dead_l2),
            bool(self.welded_l3) or (closed and phases > 2 and not self.dead_l3),
        )

    def residual_dc(self, vehicle: Vehicle) -> float:
        """Return what the residual-current sensor shows (mA, smooth DC)."""
        drift = self.residual_ma_per_k * (self.temperature_c - 25.0)
        return self.residual_ma + drift + (vehicle.leak_ma if any(self.poles()) else 0.0)

    def step(self, vehicle: Vehicle, seconds: float) -> None:
        """Let time pass: authorise, close or open the contactor, watch residual current and heat."""
        self.uptime_s += seconds
        self.written_s += seconds
        if self.refresh_s and self.written_s >= self.refresh_s:
            self.written_s = 0.0
        if not vehicle.connected:
            self.plugged_s = self.ready_s = 0.0
            self.authorised = False
        else:
            if self.plugged_s == 0.0:
                self.session_energy_wh = 0.0
            self.plugged_s += seconds
            ready = self.auto_authorise and not self.rejected and self.plugged_s >= AUTHORISE_S
            self.authorised = self.authorised or ready
        self._switch(vehicle, seconds)
        self._watch(vehicle, seconds)
        current = max(vehicle.current_a if any(self.poles()) else 0.0, 0.0)
        target = self.ambient_c + 3.0 + self.warming_k_per_a2 * current * current
        self.temperature_c += (target - self.temperature_c) * min(1.0, seconds / WARMING_TIME_S)

    def _switch(self, vehicle: Vehicle, seconds: float) -> None:
        state = self.pilot(vehicle)
        asks = state in ("C2", "D2")
        self.ready_s = self.ready_s + seconds if asks else 0.0
        self.since_stop_s = 0.0 if asks else self.since_stop_s + seconds
        late = state in ("C1", "D1") and self.since_stop_s < OPEN_C1_S
        closed = self.ready_s >= CLOSE_S or (self.contactor_closed and late)
        self.relay_cycles += float(closed and not self.contactor_closed)
        self.contactor_closed = closed

    def _watch(self, vehicle: Vehicle, seconds: float) -> None:
        over = self.residual_dc(vehicle) >= self.trips_at_ma and not self.fault_code
        self.tripping_s = self.tripping_s + seconds if over else 0.0
        if self.tripping_s >= TRIP_S:
            self.fault_code = DC_TRIP_CODE
            self.trips += 1
