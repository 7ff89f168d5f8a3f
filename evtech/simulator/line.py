"""A bad line between tool and charger: silence, noise, lost answers, refusals, another master, a doubled address."""

import random
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of one exchange."""

    FINE = "fine"
    LOST = "lost"  # no answer arrives
    DAMAGED = "damaged"  # bytes arrive, the checksum is wrong
    REFUSED = "refused"  # an exception: busy


@dataclass(slots=True)
class Line:
    """Habits of a line; shares are 0 to 1 of the exchanges.

    ``damaged_per_a`` is the share of damaged answers for each ampere that flows (a filter or shield that fails under
    load). ``doubled`` (1): a second device answers too. ``other_master_every_s``: somebody else talks on the bus for a
    second in each such period and writes ``other_limit_a``.
    """

    silent: float = 0.0
    refuses: float = 0.0  # no connection is accepted
    damaged: float = 0.0
    damaged_per_a: float = 0.0
    lost: float = 0.0
    busy: float = 0.0
    doubled: float = 0.0
    other_master_every_s: float = 0.0
    other_limit_a: float = 0.0
    _random: random.Random = field(default_factory=lambda: random.Random(7))

    def writes_now(self, now: float, seconds: float) -> bool:
        """Tell whether the other master wrote its limit within the last ``seconds``."""
        every = self.other_master_every_s
        return bool(every and self.other_limit_a) and now % every < seconds

    def fate(self, now: float, amps: float) -> Fate:
        """Return what becomes of an exchange at a moment (s) while a current flows (A)."""
        if self.other_master_every_s and now % self.other_master_every_s < 1.0:
            return Fate.LOST if self._random.random() < 0.5 else Fate.DAMAGED
        drawn = self._random.random()
        damaged = min(1.0, self.damaged + self.damaged_per_a * amps + 0.6 * self.doubled)
        for share, fate in ((damaged, Fate.DAMAGED), (self.lost, Fate.LOST), (self.busy, Fate.REFUSED)):
            if drawn < share:
                return fate
            drawn -= share
        return Fate.FINE
