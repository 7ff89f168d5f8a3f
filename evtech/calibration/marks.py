"""Start and stop of a dose: both registers read back to back, A-B-A, on a register's step where it is coarse.

The leading register (A) is read before and after the other one (B). Where the leading register is fine, both readings
of A must be the same, so that it stands for the moment of B. Where it is coarse, the triple is taken at its step: the
step then happened between the two readings of A, and the resolution no longer counts (the time between them does).
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from evtech.calibration.register_track import RegisterFacts, RegisterReading, Role

MOST_TRIES = 10  # triples until a register that never stands still for three requests is taken as it is
COARSE = 3.0  # times the period of renewal that a step must last to be worth waiting for
COARSE_KWH = 0.01


@dataclass(frozen=True, slots=True)
class Mark:
    """One end of a dose: the readings of both registers, when (s), and how far their moments may be apart.

    ``span_s`` is the length of the whole triple, ``gap_s`` the time between the two readings of the leading register,
    ``moved`` tells that it was renewed in between. ``reference`` is ``None`` where a person reads the reference.
    """

    at: float
    device: RegisterReading
    reference: RegisterReading | None
    span_s: float = 0.0
    gap_s: float = 0.0
    moved: bool = False


def leading_register(
    device: RegisterFacts, reference: RegisterFacts | None, power_kw: float | None, poll_s: float
) -> Role | None:
    """Return the register whose steps are worth waiting for, ``None`` where both are fine.

    A step is worth waiting for when it is 0.01 kWh or more, or lasts far longer than the register takes to be renewed.
    """
    if not power_kw or power_kw <= 0:
        return None
    lasting: list[tuple[float, Role]] = []
    roles: tuple[tuple[Role, RegisterFacts | None], ...] = (("device", device), ("reference", reference))
    for role, facts in roles:
        if facts is None:
            continue
        step_s = facts.step_kwh / power_kw * 3600
        renewed = (facts.update_s or 1.0) + poll_s
        if step_s > renewed and (facts.step_kwh >= COARSE_KWH or step_s > COARSE * renewed):
            lasting.append((step_s, role))
    return max(lasting)[1] if lasting else None


class MarkSeeker:
    """Waits for a triple of readings that may begin or end a dose."""

    def __init__(self, edge: Role | None, has_reference: bool = True) -> None:
        self._edge = edge
        self._leader: Literal["device", "reference"] = edge or "device"
        self._has_reference = has_reference
        self._newest: deque[tuple[Role, RegisterReading]] = deque(maxlen=3 if has_reference else 2)
        self._tries = 0

    def take(self, role: Role, reading: RegisterReading) -> Mark | None:
        """Take the next reading; return the mark when there is one."""
        if reading.kwh is None:
            self._newest.clear()
            return None
        self._newest.append((role, reading))
        if len(self._newest) < (self._newest.maxlen or 0):
            return None
        readings = [reading for _, reading in self._newest]
        roles = [role for role, _ in self._newest]
        if roles[0] != self._leader or roles[-1] != self._leader or (self._has_reference and roles[1] == self._leader):
            return None
        first, last, other = readings[0], readings[-1], readings[1] if self._has_reference else None
        moved = first.kwh != last.kwh
        self._tries += 1
        if self._edge is not None:
            return self._mark(first, last, other) if moved else None
        if moved and self._tries < MOST_TRIES:
            return None
        return self._mark(first, last, other)

    def _mark(self, first: RegisterReading, last: RegisterReading, other: RegisterReading | None) -> Mark:
        at = other.at if other is not None else (first.at + last.at) / 2
        moved = first.kwh != last.kwh
        # at a step the new value is the one whose beginning was seen
        chosen = last if self._edge is not None else first
        device, reference = (chosen, other) if self._leader == "device" else (other, chosen)
        assert device is not None
        return Mark(at, device, reference, last.answered - first.asked, last.at - first.at, moved)


def synchronisation_s(
    start: Mark, end: Mark, edge: Role | None, device: RegisterFacts, reference: RegisterFacts | None
) -> float:
    """Return tau: the half-width (s) within which each end of a running dose is known.

    Each register's delay of renewal is uniform over its period, its mean cancels between the ends; what differs between
    both triples adds. At a register's step the time between the two readings around it adds as well.
    """
    periods = (device.update_s or 0.0) + ((reference.update_s or 0.0) if reference is not None else 0.0)
    tau = periods / 2 + abs(end.span_s - start.span_s) / 2
    if edge is not None:
        tau += max(start.gap_s, end.gap_s) / 2
    elif start.moved or end.moved:
        tau += max(mark.gap_s for mark in (start, end) if mark.moved) / 2
    return tau
