"""A simulated device without a socket, for tests and the demo: meets ``ModbusLink``."""

import time

from evtech.devices.profile import Profile
from evtech.errors import BadAnswerError, CannotConnectError, LinkLostError, NoAnswerError, RefusedError
from evtech.links.link import Answer, LinkStatistics, Table, refuse_unarmed
from evtech.links.traffic import Traffic
from evtech.simulator.answering import read_words, write_words
from evtech.simulator.line import Fate
from evtech.simulator.simulation import Simulation


class InProcessLink:
    """A link into a simulation; it can be cut, silenced, and made to refuse."""

    byte_time = 0.0
    request_overhead = 0.001

    def __init__(self, simulation: Simulation, name: str = "demo") -> None:
        self.name = name
        self.statistics = LinkStatistics()
        self.traffic = Traffic()
        self.writes_allowed = False
        self.simulation = simulation
        self.is_cut = False
        self.is_silent = False
        self.refused: set[tuple[Table, int]] = set()
        self._open = False

    def beside(self, profile: Profile) -> "InProcessLink":
        """Return a link to a meter of a profile that watches the same charger."""
        return InProcessLink(self.simulation.reference(profile), f"demo {profile.id}")

    @property
    def is_open(self) -> bool:
        """Tell whether the link is usable."""
        return self._open and not self._now_cut()

    async def open(self) -> None:
        """Open; a cut link cannot be."""
        self.simulation.behaviour.advance()
        if self._now_cut():
            raise CannotConnectError(f"{self.name} does not answer.", "The simulated link is cut.")
        self._open = True

    async def close(self) -> None:
        """Close."""
        self._open = False

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        """Read words of the simulation's present."""
        asked = time.monotonic()
        self._check(unit_id)
        self.statistics.requests += 1
        behaviour = self.simulation.behaviour
        fate = behaviour.line.fate(behaviour.now, max(behaviour.meter.currents))
        if fate is Fate.LOST:
            self.statistics.timeouts += 1
            raise NoAnswerError(f"Unit {unit_id} at {self.name} did not answer.", "The simulated line loses answers.")
        if fate is Fate.DAMAGED:
            self.statistics.bad_answers += 1
            raise BadAnswerError(f"The answer of {self.name} is damaged.", "The simulated line is noisy.")
        if fate is Fate.REFUSED:
            self.statistics.refused += 1
            raise RefusedError(f"{self.name} is busy (exception 6).", 6)
        if (table, address) in self.refused:
            self.statistics.refused += 1
            raise RefusedError(f"{self.name} refused {table} 0x{address:04X} (exception 2).", 2)
        words = read_words(self.simulation, unit_id, table, address, count)
        self.statistics.answers += 1
        answered = time.monotonic()
        self.statistics.note_answer_time(answered - asked)
        return Answer(words, asked, answered)

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        """Write words; refused unless armed."""
        refuse_unarmed(self.writes_allowed, self.name)
        self._check(unit_id)
        write_words(self.simulation, unit_id, table, address, words)

    def _now_cut(self) -> bool:
        return self.is_cut or self.simulation.behaviour.is_cut

    def _check(self, unit_id: int) -> None:
        self.simulation.behaviour.advance()
        if not self._open or self._now_cut():
            self._open = False
            raise LinkLostError(f"The link to {self.name} was lost.", "The simulated link is cut.")
        if self.is_silent or self.simulation.behaviour.is_silent:
            self.statistics.timeouts += 1
            raise NoAnswerError(f"Unit {unit_id} at {self.name} did not answer.", "The simulated device is silent.")


def demo_link(profile: Profile, scenario: str = "default", speed: float = 1.0) -> InProcessLink:
    """Return a link to a simulated device of a profile."""
    return InProcessLink(Simulation(profile, scenario=scenario, speed=speed), f"demo {profile.id}")
