"""The two tests beside the accuracy: no-load (the register must not creep) and starting (it must begin to count).

No-load: voltage on, no current, usually at least 15 minutes; one step is allowed, as a register may stand just before
it. Starting: a small current must move the register within the time that a few of its steps take.
"""

from evtech.calibration.loads import Load
from evtech.calibration.register_track import RegisterFacts, RegisterReading
from evtech.calibration.run_record import OtherCheck

NO_LOAD_S = 900.0
STARTING_STEPS = 3  # steps that the current would make within the time allowed
LEAST_STARTING_S = 60.0


class NoLoadTest:
    """Counts what the charger's register gains while nothing flows; ``result`` is there at the end."""

    name = "no_load"

    def __init__(self, facts: RegisterFacts, seconds: float = NO_LOAD_S) -> None:
        self.facts, self.seconds = facts, seconds
        self.result: OtherCheck | None = None
        self._first: RegisterReading | None = None
        self._last: RegisterReading | None = None
        self._is_empty = False

    @property
    def elapsed_s(self) -> float:
        """Return how long nothing has flowed under observation (s)."""
        return self._last.at - self._first.at if self._first and self._last else 0.0

    @property
    def is_waiting(self) -> bool:
        """Tell whether the load must first be taken away."""
        return not self._is_empty

    def take_load(self, load: Load) -> None:
        """Take the load: any current begins the test anew."""
        self._is_empty = load.flows is False
        if not self._is_empty:
            self._first = self._last = None

    def take(self, reading: RegisterReading) -> None:
        """Take a reading of the charger's register."""
        if not self._is_empty or reading.kwh is None or self.result is not None:
            return
        self._first = self._first or reading
        self._last = reading
        assert self._first.kwh is not None
        gained = reading.kwh - self._first.kwh
        if gained > self.facts.step_kwh * (1 + 1e-6) or gained < 0:
            self._end(False, gained)
        elif self.elapsed_s >= self.seconds:
            self._end(True, gained)

    def _end(self, passed: bool, gained: float) -> None:
        minutes = self.elapsed_s / 60
        self.result = OtherCheck(self.name, passed, f"{1000 * gained:.4g} Wh in {minutes:.1f} min without current")


class StartingTest:
    """Waits for the charger's register to count a small current; ``result`` is there at the end."""

    name = "starting"

    def __init__(self, facts: RegisterFacts, current_a: float) -> None:
        self.facts, self.current_a = facts, current_a
        self.result: OtherCheck | None = None
        self._since: float | None = None
        self._first: float | None = None
        self._power_kw: float | None = None
        self.elapsed_s = 0.0

    @property
    def is_waiting(self) -> bool:
        """Tell whether the small current does not flow yet."""
        return self._since is None

    @property
    def seconds(self) -> float:
        """Return the time allowed at the present power (s)."""
        power = self._power_kw or 0.05
        return max(LEAST_STARTING_S, STARTING_STEPS * self.facts.step_kwh / power * 3600)

    def take_load(self, load: Load) -> None:
        """Take the load: the test runs while about the wanted current flows."""
        amperes = load.current_a
        right = amperes is not None and 0.5 * self.current_a <= amperes <= 2.0 * self.current_a
        if not right:
            self._since = self._first = None
            return
        self._since = load.at if self._since is None else self._since
        self._power_kw = load.power_kw or (amperes or 0.0) * (load.voltage_v or 230.0) * max(load.phases, 1) / 1000

    def take(self, reading: RegisterReading) -> None:
        """Take a reading of the charger's register."""
        if self._since is None or reading.kwh is None or self.result is not None:
            return
        self._first = reading.kwh if self._first is None else self._first
        self.elapsed_s = reading.at - self._since
        if reading.kwh > self._first:
            self._end(True, "the register counts")
        elif self.elapsed_s > self.seconds:
            self._end(False, "the register stood still")

    def _end(self, passed: bool, what: str) -> None:
        words = f"{what} at {self.current_a:g} A, seen after {self.elapsed_s:.0f} s of {self.seconds:.0f} s"
        self.result = OtherCheck(self.name, passed, words)
