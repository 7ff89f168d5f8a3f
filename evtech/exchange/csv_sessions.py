"""A CSV with one row a session, as back offices and `insights --sessions` have it, into sessions.

A row that cannot be used is named with its line and left out. What a row does not say is unknown: energy without times
of its own is taken to have flowed from start to end.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from evtech.errors import InputError
from evtech.exchange.csv_samples import number_of
from evtech.exchange.csv_table import Table
from evtech.exchange.incoming import Incoming, Item, Parcel, Problems, made_id
from evtech.exchange.session_columns import FIELDS, TIMES, UNIT_OF, USUAL, plain, told_unit, words
from evtech.exchange.times import Clock
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, PhaseSpan

SOURCE = "list"
LONGEST_S = 366 * 86400.0
MOST_WH, MOST_W = 1e9, 1e8  # beyond any session
_CLOCK = re.compile(r"(?:(\d+)[ .]?d?\s+)?(\d+):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?$")
_TOLERANCE_S = 1.0
Row = dict[str, str]


class _RowError(Exception):
    """A row that cannot be used, and why."""


def read_sessions(table: Table, warnings: list[str]) -> Parcel:
    """Return the parcel of a list of sessions; raise ``InputError`` where its columns name no start."""
    problems = Problems()
    targets = {c.target for c in table.plan.columns}
    if not targets & {"plugged_at", "authorised_at", "energy_started_at"}:
        raise InputError(f"{table.source.path} names no time at which a session began.", "Choose its columns.")
    for column in table.plan.columns:
        if column.target and column.target not in FIELDS:
            raise InputError(
                f"The column {column.title!r} of a list of sessions cannot be {column.target!r}.",
                f"Allowed: {', '.join(FIELDS)}.",
            )
    parcel = Parcel(SOURCE, (), problems, [*warnings, *_units(table)], table.plan)
    parcel.items = _Reader(table, parcel).items()
    return parcel


def _units(table: Table) -> list[str]:
    """Return which units were taken for granted."""
    usual = {"energy": "kWh", "peak": "kW", "duration": "minutes"}
    return [
        f"column {c.title!r} names no unit and is read as {usual[c.target]}"
        for c in table.plan.columns
        if c.target in usual and c.factor == USUAL[c.target] and not told_unit(c.title)
    ]


class _Reader:
    """Reads one list of sessions."""

    def __init__(self, table: Table, parcel: Parcel) -> None:
        self._table, self._parcel, self._plan = table, parcel, table.plan
        self._places = [(i, c.target) for i, c in enumerate(self._plan.columns) if c.target]
        self._factors = {c.target: c.factor for c in self._plan.columns if c.target in UNIT_OF}
        self._clock = Clock(self._plan.zone, self._plan.order)
        self._strange: Counter[tuple[str, str]] = Counter()

    def items(self) -> Iterator[Item]:
        """Yield the sessions."""
        rows = used = 0
        for line, row in self._table.rows():
            rows += 1
            fields = {name: row[i].strip() for i, name in self._places if i < len(row)}
            try:
                found = self._incoming(fields, line)
            except _RowError as error:
                self._parcel.problems.add(f"line {line}: {error}; the row is left out")
                continue
            used += 1
            yield found
        if rows and not used:
            raise InputError(
                f"{self._table.source.path}: not one of {rows} rows can be used.",
                "; ".join(self._parcel.problems.named[:3]),
            )
        self._say()

    def _say(self) -> None:
        remarks = self._parcel.remarks
        remarks += self._clock.warnings()
        if self._table.source.foreign:
            remarks.append(f"{self._table.source.foreign} lines are no UTF-8 and were read as Windows-1252")
        for (name, word), count in self._strange.most_common(10):
            remarks.append(f"{name} {word[:40]!r} is not known and read as unknown ({count} rows)")

    def _incoming(self, row: Row, line: int) -> Incoming:
        times = self._times(row, line)
        begun = [t for t in (times["plugged_at"], times["authorised_at"]) if t is not None]
        start = min(begun) if begun else times["energy_started_at"]
        if start is None:
            raise _RowError("no time at which it began")
        end = self._end(row, times, start)
        energy_wh, peak_w = self._number(row, "energy", MOST_WH), self._number(row, "peak", MOST_W)
        span = self._span(times, start, end, energy_wh)
        who = self._who(row)
        reason = self._end_reason(row)
        auth = self._flag(row)
        session = ChargingSession(
            id=made_id("list", *self._key(row, who, start)), visit_id="", recording_id="", charger=who,
            started=_moment(start), ended=_moment(end) if end is not None else None,
            charging_s=span[1] - span[0] if span else 0.0, energy_wh=energy_wh,
            energy_source="session_counter" if energy_wh is not None else None, peak_power_w=peak_w,
            mean_power_w=energy_wh * 3600 / (span[1] - span[0]) if span and span[1] > span[0] and energy_wh else None,
            stop_reason=reason or ("unknown" if end is not None else None),
            phases=(PhaseSpan("CHARGING", _moment(span[0]), _moment(span[1])),) if span else (),
            errors=({"code": row["error_code"], "meaning": None},) if row.get("error_code") else (),
            last_seen=_moment(end if end is not None else start), token=row.get("token") or None,
            authorised=_moment(times["authorised_at"]) if times["authorised_at"] is not None else None, auth_ok=auth,
            payment_method=self._payment(row), transaction=row.get("transaction") or None,
        )  # fmt: skip
        return Incoming(session, row.get("site", ""))

    def _key(self, row: Row, who: ChargerIdentity, start: float) -> tuple[object, ...]:
        """Return what makes a session the same one in the next file: its number, else port, start and token."""
        port = (who.model, who.serial_number)
        return (*port, "no", row["transaction"]) if row.get("transaction") else (*port, start, row.get("token", ""))

    def _who(self, row: Row) -> ChargerIdentity:
        port = row.get("port") or self._plan.charger
        if not port:
            if any(name == "port" for _, name in self._places):
                raise _RowError("no port")
            port = self._table.source.path.stem
        return ChargerIdentity("", "", port, row.get("connector") or None)

    def _times(self, row: Row, line: int) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        earlier: float | None = None
        for name in TIMES:
            text = row.get(name, "")
            found[name] = self._clock.seconds(text, line, earlier) if text else None
            if text and found[name] is None:
                raise _RowError(f"{name} {text[:40]!r} is no time")
            earlier = found[name] if found[name] is not None else earlier
        return found

    def _end(self, row: Row, times: dict[str, float | None], start: float) -> float | None:
        ends = [t for t in (times["unplugged_at"], times["energy_ended_at"]) if t is not None]
        text = row.get("duration", "")
        if not ends and text:
            ends = [start + self._duration(text)]
        if not ends:
            return None
        end = max(ends)
        if end < start - _TOLERANCE_S:
            raise _RowError(f"it ends {start - end:.0f} s before it begins")
        if end - start > LONGEST_S:
            raise _RowError(f"it lasts {(end - start) / 86400:.0f} days")
        return max(end, start)

    def _duration(self, text: str) -> float:
        match = _CLOCK.match(text)
        if match:
            days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
            return days * 86400.0 + hours * 3600 + minutes * 60 + seconds
        number = number_of(text, self._plan.decimal)
        if number is None or number < 0:
            raise _RowError(f"duration {text[:40]!r} is none")
        return number * self._factors.get("duration", 60.0)

    def _span(
        self, times: dict[str, float | None], start: float, end: float | None, energy_wh: float | None
    ) -> tuple[float, float] | None:  # fmt: skip
        """Return when energy flowed; where the row does not say it, from start to end."""
        first, last = times["energy_started_at"], times["energy_ended_at"]
        if first is None:
            return (start, end) if energy_wh and end is not None else None
        last = last if last is not None else end
        if last is None:
            return (first, first)
        if last < first - _TOLERANCE_S:
            raise _RowError(f"energy ends {first - last:.0f} s before it begins")
        return (first, max(first, last))

    def _number(self, row: Row, name: str, most: float) -> float | None:
        text = row.get(name, "")
        if not text:
            return None
        number = number_of(text, self._plan.decimal)
        if number is None or not math.isfinite(number):
            raise _RowError(f"{name} {text[:40]!r} is no number")
        value = number * self._factors.get(name, 1.0)
        if not 0 <= value <= most:
            raise _RowError(f"{name} {text[:40]!r} is " + ("negative" if value < 0 else "beyond any session"))
        return value

    def _end_reason(self, row: Row) -> str | None:
        text = row.get("end_reason", "")
        if not text:
            return None
        found = words().ends.get(plain(text))
        if found is None:
            self._strange["end_reason", text] += 1
        return found or "unknown"

    def _payment(self, row: Row) -> str | None:
        text = row.get("payment_method", "")
        return words().payments.get(plain(text), "other") if text else None

    def _flag(self, row: Row) -> bool | None:
        text = row.get("auth_ok", "")
        if not text:
            return None
        found = words().flags.get(plain(text))
        if found is None:
            raise _RowError(f"auth_ok {text[:40]!r} is neither yes nor no")
        return found


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
