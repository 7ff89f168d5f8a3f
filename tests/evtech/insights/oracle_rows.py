"""The rows that the oracle looks at: the CSV files of ``evtech insights``, times and numbers as fractions.

What a row does not say and the sheet leaves open is decided here: when an attempt starts and ends, when its energy
flowed, what of an outage is an excuse only.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

NORMAL_ENDS = {"driver", "remote", "full", "limit", "vehicle"}
TIMES = ("plugged_at", "authorised_at", "energy_started_at", "energy_ended_at", "unplugged_at")
Span = tuple[Fraction, Fraction]


def moment(text: str) -> Fraction | None:
    """Return an ISO time as seconds since 1970; no zone means UTC."""
    if not text.strip():
        return None
    when = datetime.fromisoformat(text.strip())
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    passed = when - datetime(1970, 1, 1, tzinfo=UTC)
    return Fraction(passed.days * 86_400 + passed.seconds) + Fraction(passed.microseconds, 1_000_000)


def number(text: str) -> Fraction | None:
    return Fraction(text.strip()) if text.strip() else None


def rows(text: str | None) -> list[dict[str, str]]:
    return [] if text is None else list(csv.DictReader(io.StringIO(text)))


@dataclass
class Charge:
    """One row of the sessions file."""

    port: str
    token: str
    end_reason: str
    stated_kwh: Fraction | None
    times: dict[str, Fraction]

    @property
    def kwh(self) -> Fraction:
        """The energy that counts: none where it is unknown or the register ran backwards."""
        return max(Fraction(0), self.stated_kwh or Fraction(0))

    @property
    def start(self) -> Fraction:
        """The first of plug-in and authorisation, else of energy."""
        asked = [self.times[k] for k in ("plugged_at", "authorised_at") if k in self.times]
        return min(asked) if asked else self.times["energy_started_at"]

    @property
    def end(self) -> Fraction:
        return max(self.times.values())

    @property
    def started(self) -> bool:
        return "energy_started_at" in self.times

    @property
    def success(self) -> bool:
        return self.started and self.end_reason in NORMAL_ENDS and self.kwh >= Fraction(1, 10)

    @property
    def plugged(self) -> Span:
        """The time a vehicle stood there: an authorisation alone occupies nothing."""
        low = self.times.get("plugged_at", self.times.get("energy_started_at", self.end))
        return low, self.end

    @property
    def flow(self) -> Span | None:
        """When the energy flowed, evenly; until the unplugging where its end is missing."""
        low = self.times.get("energy_started_at")
        high = self.times.get("energy_ended_at", self.times.get("unplugged_at"))
        return None if low is None or high is None or high < low else (low, high)

    def inside(self, low: Fraction, high: Fraction) -> Fraction:
        """The kWh inside [low, high); energy whose time is not known in any of it."""
        if self.flow is None or self.flow[0] == self.flow[1]:
            return Fraction(0)
        a, b = self.flow
        return self.kwh * max(Fraction(0), min(b, high) - max(a, low)) / (b - a)


@dataclass
class Port:
    """One row of the ports file and all that the other files say about it."""

    name: str
    site: str = ""
    zone: str = "UTC"
    rated_kw: Fraction | None = None
    service: tuple[Fraction | None, Fraction | None] = (None, None)
    outages: list[Span] = field(default_factory=list)
    excuses: list[Span] = field(default_factory=list)
    states: list[tuple[Fraction, Fraction, str]] | None = None
    still: list[Fraction] = field(default_factory=list)  # since when it is down without an end
    charges: list[Charge] = field(default_factory=list)


def read(sessions: str, outages: str | None, states: str | None, ports: str | None, horizon: Fraction) -> list[Port]:
    """Return the ports with their rows; what is still open ends at `horizon`, which is now."""
    found: dict[str, Port] = {}
    for row in rows(ports):
        service = moment(row["in_service_from"]), moment(row["in_service_to"])
        zone = row["timezone"] or "UTC"
        found[row["port"]] = Port(row["port"], row["site"], zone, number(row["rated_kw"]), service)
    for row in rows(sessions):
        port = found.setdefault(row["port"], Port(row["port"]))
        times = {k: at for k in TIMES if (at := moment(row[k])) is not None}
        port.charges.append(Charge(row["port"], row["token"], row["end_reason"], number(row["energy_kwh"]), times))
    for row in rows(outages) + rows(states):
        port = found.setdefault(row["port"], Port(row["port"]))
        low, high = moment(row["from"]), moment(row["to"])
        assert low is not None
        span = (low, horizon if high is None else high)
        if "state" in row:
            port.states = [*(port.states or []), (*span, row["state"])]
            goes_down = row["state"] in ("OUTOFORDER", "INOPERATIVE")
        else:
            excluded = row["excluded"] == "1"
            goes_down = not (excluded and row["cause"].startswith("exclusion:"))
            port.excuses += [span] if excluded else []
            port.outages += [span] if goes_down else []
        if goes_down and high is None and low < horizon:
            port.still.append(low)
    for port in found.values():
        port.states = (port.states or []) if states is not None else None
    return list(found.values())
