"""A battery on wheels: how much current it takes from an offer."""

from dataclasses import dataclass

RAMP_A_PER_S = 4.0  # a vehicle follows a new offer within 5 s (IEC 61851-1, annex A)


@dataclass(slots=True)
class Vehicle:
    """State of one vehicle. ``soc`` is 0 to 1; above ``taper_from`` it asks for less and less current."""

    capacity_wh: float = 58_000.0
    soc: float = 0.40
    max_current_a: float = 16.0
    phases: int = 3
    taper_from: float = 0.85
    connected: bool = False
    paused: bool = False
    current_a: float = 0.0

    @property
    def wants(self) -> bool:
        """Tell whether the vehicle asks for energy (closes S2)."""
        return self.connected and not self.paused and self.soc < 1.0

    def follow(self, offer_a: float, seconds: float) -> float:
        """Return the current per phase (A) after following an offer for some seconds."""
        taper = 1.0 if self.soc <= self.taper_from else max(0.1, (1.0 - self.soc) / (1.0 - self.taper_from))
        wanted = min(offer_a, self.max_current_a * taper) if self.wants and offer_a >= 6.0 else 0.0
        step = RAMP_A_PER_S * seconds
        # letting go is fast, taking more is a ramp; never above the offer
        self.current_a = min(wanted, self.current_a + step)
        return self.current_a

    def charge(self, energy_wh: float) -> None:
        """Put energy into the battery; 8 % is lost on the way."""
        self.soc = min(1.0, self.soc + 0.92 * energy_wh / self.capacity_wh)
