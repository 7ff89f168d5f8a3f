"""What insights are computed from: ports, sessions, outages and states, from files or from the archive.

Instants are seconds since 1970 in UTC (a year of sessions is counted in numpy); ``None`` is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evtech.insights.intervals import Interval, Spans, clip, intersect
from evtech.insights.rule_limits import DEFAULTS, SampleLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evtech.insights.anomalies import Anomaly
    from evtech.insights.kept_findings import FindingStatus

NORMAL_ENDS = frozenset({"driver", "remote", "full", "limit", "vehicle"})
FAILED_ENDS = frozenset({"fault", "comm_loss", "power_loss", "emergency_stop", "deauthorised", "unknown"})


@dataclass(frozen=True, slots=True)
class Port:
    """One port (NEVI) or EVSE (OCPI): serves one vehicle at a time. ``rated_kw`` is its rated power.

    ``watched`` is the time in which sessions were seen if there were any; ``None`` where that is all the time.
    """

    name: str
    site: str = ""
    timezone: str = "UTC"
    rated_kw: float | None = None
    in_service_from: float | None = None
    in_service_to: float | None = None
    watched: Sequence[Interval] | None = None

    def in_service(self, period: Interval) -> Spans:
        """Return what of the period the port was in service."""
        low = self.in_service_from if self.in_service_from is not None else period[0]
        high = self.in_service_to if self.in_service_to is not None else period[1]
        return clip([(low, high)], period)

    def exposed(self, period: Interval) -> Spans:
        """Return what of its service in the period was watched: the time that use is measured against."""
        service = self.in_service(period)
        return service if self.watched is None else intersect(service, self.watched)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of sessions: plug-in or authorisation to unplugging, whether energy flowed or not.

    ``auth_ok`` is ``None`` where no authorisation was required; ``token`` is ``None`` where it is unknown.
    """

    port: str
    plugged_at: float | None = None
    authorised_at: float | None = None
    auth_ok: bool | None = None
    energy_started_at: float | None = None
    energy_ended_at: float | None = None
    unplugged_at: float | None = None
    energy_kwh: float | None = None
    peak_kw: float | None = None
    end_reason: str = "unknown"
    error_code: str | None = None
    token: str | None = None
    session_id: str | None = None  # of the archive
    is_judged: bool = True  # whether its source says how it ended; else it is left out of success rates

    start: float = field(init=False)  # the first of plug-in and authorisation, else the start of energy
    end: float = field(init=False)  # the last instant known of it

    def __post_init__(self) -> None:
        """Settle start and end once: they are asked for a hundred times a session."""
        begun = [t for t in (self.plugged_at, self.authorised_at) if t is not None]
        times = [t for t in (*begun, self.energy_started_at, self.energy_ended_at, self.unplugged_at) if t is not None]
        assert times  # a row without any time is refused by the reader
        object.__setattr__(self, "start", min(begun) if begun else times[0])
        object.__setattr__(self, "end", max(times))

    @property
    def has_started(self) -> bool:
        """Return whether energy flowed at all."""
        return self.energy_started_at is not None

    @property
    def first(self) -> float:
        """Return the first instant known of it: a wrong clock puts energy before the plug."""
        return self.start if self.energy_started_at is None else min(self.start, self.energy_started_at)

    @property
    def energy_span(self) -> Interval | None:
        """Return the time in which energy flowed; an unknown end is the unplugging, else unknown."""
        end = self.energy_ended_at if self.energy_ended_at is not None else self.unplugged_at
        if self.energy_started_at is None or end is None or end < self.energy_started_at:
            return None
        return self.energy_started_at, end


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which a port was down; ``end`` is ``None`` while it lasts.

    ``excluded``: its cause lies outside the operator's control. An exclusion proper (``is_exclusion``) is no outage:
    it only takes away from outages that it meets.
    """

    port: str
    start: float
    end: float | None
    cause: str = ""
    excluded: bool = False
    is_exclusion: bool = False


@dataclass(frozen=True, slots=True)
class StateSpan:
    """A stretch of one OCPI EVSE state; ``end`` is ``None`` while it lasts."""

    port: str
    start: float
    end: float | None
    state: str


@dataclass(frozen=True, slots=True)
class Records:
    """Everything insights look at. ``outages`` and ``states`` are ``None`` where nobody recorded availability.

    Attempts and states are columns where they come from an archive (``attempts.py``, ``states.py``).
    """

    ports: dict[str, Port]
    attempts: Sequence[Attempt]
    outages: list[Outage] | None = None
    states: Sequence[StateSpan] | None = None
    warnings: list[str] = field(default_factory=list)
    findings: "list[Anomaly]" = field(default_factory=list)  # of rules over samples, kept with the sessions
    limits: SampleLimits = DEFAULTS  # of rules over what was recorded
    judged: "Mapping[str, FindingStatus]" = field(default_factory=dict)  # what people said of findings, by their id
