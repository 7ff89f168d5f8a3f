"""A charging station after IEC 61851-1: pilot states, offer, contactor, temperature."""

from dataclasses import dataclass

from evtech.simulator.vehicle import Vehicle

AUTHORISE_S = 1.5  # between plug-in and the offer
CLOSE_S = 1.0  # between state C and a closed contactor; at most 3 s (IEC 61851-1, table A.6)
DERATE_FROM_C = 70.0
WARMING_K_PER_A2 = 0.11  # steady temperature rise over ambient for each A2 of phase current
WARMING_TIME_S = 900.0


@dataclass(slots=True)
class Charger:
    """State of one station; currents in A, temperature in degC."""

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

    def offer(self) -> float:
        """Return the current offered to the vehicle (A); 0 where nothing is offered."""
        if self.fault_code or not self.enabled or not self.authorised or self.limit_a < 6.0:
            return 0.0
        limit = min(self.limit_a, self.rated_current_a)
        over = self.temperature_c - DERATE_FROM_C
        return limit if over <= 0 else max(6.0, limit - over)

    def pilot(self, vehicle: Vehicle) -> str:
        """Return the pilot state A1 to F."""
        if self.fault_code:
            return "F"
        if not vehicle.connected:
            return "A1"
        digit = "2" if self.offer() else "1"
        return ("C" if vehicle.wants and self.authorised else "B") + digit

    def step(self, vehicle: Vehicle, seconds: float) -> None:
        """Let time pass: authorise, close or open the contactor, warm up."""
        if not vehicle.connected:
            self.plugged_s = self.ready_s = 0.0
            self.authorised = False
            self.contactor_closed = False
        else:
            if self.plugged_s == 0.0:
                self.session_energy_wh = 0.0
            self.plugged_s += seconds
            self.authorised = self.authorised or (self.auto_authorise and self.plugged_s >= AUTHORISE_S)
        self.ready_s = self.ready_s + seconds if self.pilot(vehicle) == "C2" else 0.0
        self.contactor_closed = self.ready_s >= CLOSE_S
        current = vehicle.current_a if self.contactor_closed else 0.0
        target = self.ambient_c + 3.0 + WARMING_K_PER_A2 * current * current
        self.temperature_c += (target - self.temperature_c) * min(1.0, seconds / WARMING_TIME_S)
