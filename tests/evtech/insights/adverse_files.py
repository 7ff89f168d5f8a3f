"""Small CSV files at the edges of ``evtech insights``, drawn from a random source.

Touching, nested and empty outages, rows on the period's edges and on now, clock changes of four continents, retries at
60 s and returns at 30 min to the second, missing and reversed times, every OCPI state over every other.
"""

import csv
import io
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from tests.evtech.insights.oracle import RANK

ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "UTC",
    "America/St_Johns",
)  # fmt: skip
CHANGES = (  # of clocks in these zones, of leap days and of years, in UTC
    "2025-03-30T00:00", "2025-10-26T00:00", "2025-03-09T05:00", "2025-11-02T05:00", "2025-04-05T14:00",
    "2025-10-04T14:00", "2024-02-29T00:00", "2025-12-31T23:00", "2024-02-28T22:00",
)  # fmt: skip
CAUSES = (
    ("fault", "0"), ("fault", ""), ("exclusion:utility", "1"), ("exclusion:maintenance", "1"), ("vandalism", "1"),
    ("exclusion:refused", "0"), ("", "0"),
)  # fmt: skip
ENERGIES = (
    "", "0", "0.1", "0.10", "1e-1", "0.0999999", "0.05", "0.06", "23.4", "7", "100.5", ".5", "+3", "2000", "-1",
)  # fmt: skip
ENDS = (
    "", "driver", "remote", "full", "limit", "vehicle", "driver", "fault", "comm_loss", "power_loss", "emergency_stop",
    "deauthorised", "unknown",
)  # fmt: skip
Moment = datetime | None


@dataclass(frozen=True, slots=True)
class Files:
    """Texts of files with a period, as the oracle takes them."""

    sessions: str
    start: str
    end: str
    now: str
    outages: str | None = None
    states: str | None = None
    ports: str | None = None

    def arguments(self) -> dict[str, str | None]:
        return asdict(self)


class Adversary:
    """Draws one set of files; every choice comes from the source, so that a test can shrink it."""

    def __init__(self, source: Random) -> None:
        self._source = source
        self._base = datetime.fromisoformat(source.choice(CHANGES)).replace(tzinfo=UTC)
        self._step = source.choice([1, 5, 60, 900, 3600])
        self._spans: list[tuple[datetime, datetime]] = []
        self._edges: list[datetime] = []
        start = self._moment(10)
        lengths = [1, 59, 900, 3600, 5400, 86_400, 2 * 86_400, source.randint(1, 200_000)]
        end = start + timedelta(seconds=source.choice(lengths))
        now = source.choice([end + timedelta(days=3), end, start + (end - start) / 2, start - timedelta(hours=1)])
        self._edges = [start, end, now.replace(microsecond=0)]
        self._names = [f"P{i}" for i in range(source.randint(1, 3))]

    def files(self) -> Files:
        start, end, now = (edge.isoformat() for edge in self._edges)
        kind = self._source.choice(["outages", "states", "neither"])
        return Files(
            self._sessions(), start, end, now, ports=self._ports() if self._is(0.8) else None,
            outages=self._outages() if kind == "outages" else None,
            states=self._states() if kind == "states" else None,
        )  # fmt: skip

    def _is(self, share: float) -> bool:
        return self._source.random() >= 1 - share

    def _moment(self, latest_h: int = 36) -> datetime:
        if self._edges and self._is(0.2):
            return self._source.choice(self._edges)
        seconds = self._source.randint(-36 * 3600, latest_h * 3600) // self._step * self._step
        return self._base + timedelta(seconds=seconds, milliseconds=250 if self._step == 1 and self._is(0.1) else 0)

    def _text(self, moment: Moment) -> str:
        """Return a moment in one of the ways that people write one."""
        if moment is None:
            return ""
        iso = moment.isoformat()
        local = moment.astimezone(ZoneInfo(self._source.choice(ZONES))).isoformat()
        ways = [iso, iso.replace("+00:00", "Z"), iso.replace("+00:00", ""), iso.replace("T", " "), local]
        return self._source.choice([*ways, moment.isoformat(timespec="milliseconds")])

    def _ports(self) -> str:
        rows = []
        for name in self._source.sample(self._names, self._source.randint(0, len(self._names))):
            service = [self._moment(), self._moment()]
            begun, ended = (at if self._is(0.3) else None for at in sorted(service))
            site, zone = self._source.choice(["S", "S", "R", ""]), self._source.choice([*ZONES, ""])
            rated = self._source.choice(["", "50", "49.9", "50.0", "150", "22", "11.04"])
            rows.append([name, site, zone, rated, self._text(begun), self._text(ended)])
        return table("port,site,timezone,rated_kw,in_service_from,in_service_to", rows)

    def _span(self) -> tuple[str, str]:
        """Return the two ends of a row: often one that touches, repeats or lies inside an earlier one, or is open."""
        start, end = sorted((self._moment(), self._moment()))
        if self._is(0.3):
            end = start + timedelta(minutes=self._source.choice([0, 4, 5, 6, 300]))
        if self._spans and self._is(0.4):
            a, b = self._source.choice(self._spans)
            start, end = self._source.choice([(b, b + (end - start)), (a, b), (a, a), (a + (b - a) / 2, b)])
        start, end = start.replace(microsecond=0), end.replace(microsecond=0)
        self._spans.append((start, end))
        return self._text(start), self._text(end) if self._is(0.85) else ""

    def _outages(self) -> str:
        count = self._source.randint(0, 6)
        rows = [[self._source.choice(self._names), *self._span(), *self._source.choice(CAUSES)] for _ in range(count)]
        return table("port,from,to,cause,excluded", rows)

    def _states(self) -> str:
        names = [self._names[0], *self._names]  # more on one port: states over states
        rows = [
            [self._source.choice(names), *self._span(), self._source.choice(RANK)]
            for _ in range(self._source.randint(0, 9))
        ]
        return table("port,from,to,state", rows)

    def _sessions(self) -> str:
        rows: list[list[str]] = []
        before: list[tuple[str, str, datetime]] = []
        is_orderly = self._is(0.5)
        for _ in range(self._source.choice([0, 1, 3, 6, 12])):
            port, token, at = self._source.choice(self._names), self._source.choice(["", "A", "A", "B"]), self._moment()
            if before and self._is(0.6):
                other, token, end = self._source.choice(before)
                port = other if self._is(0.6) else port
                at = end + timedelta(seconds=self._source.choice([0, 1, 59, 60, 61, 1799, 1800, 1801, -30]))
            times = self._times(at, is_orderly)
            before.append((port, token, max(t for t in times if t is not None)))
            plug, auth, begin, end_, unplug = map(self._text, times)
            auth_ok, kwh = self._source.choice(["", "0", "1"]), self._source.choice(ENERGIES)
            ends = [self._source.choice(["", "11", "50.5"]), self._source.choice(ENDS), self._source.choice(["", "E1"])]
            rows += [[port, plug, auth, auth_ok, begin, end_, unplug, kwh, *ends, token]] * (2 if self._is(0.05) else 1)
        rows += self._series() if self._is(0.08) else []
        if self._is(0.5):
            self._source.shuffle(rows)
        return table(
            "port,plugged_at,authorised_at,auth_ok,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,peak_kw,"
            "end_reason,error_code,token", rows,
        )  # fmt: skip

    def _series(self) -> list[list[str]]:
        """Return rows of an hour each, one after the other, of much the same energy: what outliers are found in."""
        rows = []
        begin = self._edges[0]
        for index in range(self._source.choice([7, 8, 9, 31, 40])):
            start, end = (self._text(begin + timedelta(hours=index + hour)) for hour in (0, 1))
            kwh = self._source.choice(["5", "5", "5.1", "4.9", "4.95", "9", "0.9", "60", "62", "27"])
            rows.append([self._names[0], start, "", "", start, end, end, kwh, "", "driver", "", ""])
        return rows

    def _times(self, at: datetime, is_orderly: bool) -> list[Moment]:
        """Return the five times of a row, some missing, at least one by which it starts."""
        times: list[Moment] = []
        for _ in range(5):
            step = timedelta(seconds=self._source.choice([0, 10, 20, 60, 600, 3600, self._source.randint(0, 20_000)]))
            times.append(at + step)
            at = at + step if is_orderly else at
        known = [t if self._is(0.78) else None for t in times]
        return known if any(known[:3]) else [times[0], *known[1:]]


def table(head: str, rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head.split(","), *rows])
    return out.getvalue()
