"""A battery on wheels: how much current it takes from an offer."""

from dataclasses import dataclass

RAMP_A_PER_S = 4.0  # a vehicle follows a new offer within 5 s (IEC 61851-1, annex A)


@dataclass(slots=True)
class Vehicle:
    """State of one vehicle. ``soc`` is 0 to 1; above ``taper_from`` it asks for less and less current.

    ``ignores_offer`` (1) takes ``max_current_a`` whatever is offered; ``retry_every_s`` and ``retry_for_s`` make it ask
    in a rhythm; ``draws_a`` is a load behind the contactor that asks nobody; ``leak_ma`` a smooth direct residual
    current of its charger.
    """

    capacity_wh: float = 58_000.0
    soc: float = 0.40
    max_current_a: float = 16.0
    phases: int = 3
    taper_from: float = 0.85
    connected: bool = False
    paused: bool = False
    current_a: float = 0.0
    ignores_offer: float = 0.0
    retry_every_s: float = 0.0
    retry_for_s: float = 12.0
    ventilation: float = 0.0
    draws_a: float = 0.0
    leak_ma: float = 0.0
    connected_s: float = 0.0

    @property
    def wants(self) -> bool:
        """Tell whether the vehicle asks for energy (closes S2)."""
        if not self.connected or self.paused or self.soc >= 1.0:
            return False
        return not self.retry_every_s or self.connected_s % self.retry_every_s < self.retry_for_s

    def follow(self, offer_a: float, seconds: float) -> float:
        """Return the current per phase (A) after following an offer for some seconds."""
        self.connected_s = self.connected_s + seconds if self.connected else 0.0
        taper = 1.0 if self.soc <= self.taper_from else max(0.1, (1.0 - self.soc) / (1.0 - self.taper_from))
        allowed = self.max_current_a if self.ignores_offer and offer_a >= 6.0 else offer_a
        wanted = min(allowed, self.max_current_a * taper) if self.wants and offer_a >= 6.0 else 0.0
        step = RAMP_A_PER_S * seconds
        # letting go is fast, taking more is a ramp; never above the offer
        self.current_a = min(wanted, self.current_a + step)
        return self.current_a

    def charge(self, energy_wh: float) -> None:
        """Put energy into the battery; 8 % is lost on the way."""
        self.soc = min(1.0, self.soc + 0.92 * energy_wh / self.capacity_wh)
