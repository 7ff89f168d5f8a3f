"""Lists of sessions without opening each one: columns beside the body answer lists, filters, totals and insights.

The columns are written with the session, from its body; a running session is described from its body alone.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from evtech.store import fleet, results, session_rows
from evtech.store.columns import BATCH
from evtech.store.records import ChargingSession

RECORDED = "recorded"  # by this or another evtech; else what it was imported from: csv, cdr, ocpp
_COLUMNS = (
    "id", "recording_id", "visit_id", "started", "ended", "charger", "port", "profile", "energy_wh", "peak_power_w",
    "charging_s", "energy_started", "energy_ended", "authorised", "auth_ok", "token", "stop_reason", "error_code",
    "gaps", "simulated", "source",
)  # fmt: skip
_MOVED = ("started", "ended", "energy_started", "energy_ended", "authorised")  # by a correction of the clock


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session as a list shows it: times in s since 1970 UTC; ``ended`` is ``None`` while it runs, else unknown."""

    id: str
    recording_id: str
    visit_id: str
    started: float
    ended: float | None
    charger: str
    port: str
    profile: str
    energy_wh: float | None
    peak_power_w: float | None
    charging_s: float
    energy_started: float | None
    energy_ended: float | None
    authorised: float | None
    auth_ok: bool | None
    token: str | None
    stop_reason: str | None
    error_code: str | None
    gaps: int
    simulated: bool
    source: str
    site: str = ""
    corrected: tuple[str, ...] = ()
    search: str = ""


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """What a list is narrowed to: began in [from, to), charger and text as parts of words, site, ends.

    ``port`` is a port's whole name, ``ids`` exactly these sessions: what stands behind a mark of a picture.
    """

    from_: datetime | None = None
    to: datetime | None = None
    charger: str | None = None
    site: str | None = None
    text: str | None = None
    stop_reasons: tuple[str, ...] = ()
    port: str | None = None
    ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SessionList:
    """The lines that pass a filter, newest first; ``total`` counts all sessions, ``hidden`` those that it keeps out."""

    lines: list[SessionLine]
    total: int

    @property
    def hidden(self) -> int:
        """Return how many sessions are not among the lines."""
        return self.total - len(self.lines)

    @property
    def total_energy_wh(self) -> float:
        """Return the energy of the lines (Wh); a line without energy adds nothing."""
        return sum(line.energy_wh or 0.0 for line in self.lines)


def line_of(session: ChargingSession, source: str = RECORDED) -> SessionLine:
    """Return a session's line from the session itself."""
    charger = session.charger
    who = " ".join(filter(None, (charger.vendor, charger.model, charger.serial_number)))
    charging = [p for p in session.phases if p.phase == "CHARGING"]
    waits = [p.end for p in session.phases if p.phase == "AUTHORISING" and p.end is not None]
    words = (session.id, who, charger.link, charger.profile, session.stop_reason, *session.notes,
             *(str(e.get("code")) for e in session.errors), *(str(e.get("meaning") or "") for e in session.errors),
             *(g.reason for g in session.gaps))  # fmt: skip
    return SessionLine(
        id=session.id, recording_id=session.recording_id, visit_id=session.visit_id,
        started=session.started.timestamp(), ended=_seconds(session.ended), charger=who,
        port=" ".join(filter(None, (charger.vendor, charger.model, charger.serial_number or charger.link))),
        profile=charger.profile, energy_wh=session.energy_wh, peak_power_w=session.peak_power_w,
        charging_s=session.charging_s, energy_started=_seconds(charging[0].start) if charging else None,
        energy_ended=_seconds(charging[-1].end or session.ended) if charging else None,
        authorised=_seconds(waits[-1]) if waits else None, auth_ok=True if waits and charging else None, token=None,
        stop_reason=session.stop_reason, error_code=str(session.errors[0].get("code")) if session.errors else None,
        gaps=len(session.gaps), simulated=session.simulated, source=source,
        search=" ".join(filter(None, words)).casefold(),
    )  # fmt: skip


def insert(connection: Connection, session: ChargingSession, body: str, line: SessionLine | None = None) -> bool:
    """Insert a finished session once, return whether it was new; ``line`` where an import knows more than the body."""
    line = line or line_of(session)
    names = (*_COLUMNS, "search", "body")
    values = (*(getattr(line, name) for name in _COLUMNS), line.search, body)
    done = connection.exec_driver_sql(
        f"INSERT INTO charging_session ({', '.join(names)}) VALUES ({marks(names)}) ON CONFLICT DO NOTHING",
        values,
    )
    return done.rowcount > 0


def is_known(connection: Connection, session_id: str) -> bool:
    """Return whether a session is there already."""
    return connection.exec_driver_sql("SELECT 1 FROM charging_session WHERE id = ?", (session_id,)).first() is not None


def insert_states(connection: Connection, recording_id: str, changes: Sequence[tuple[float, str]]) -> None:
    """Insert changes of state (moment, phase) of a recording; the same again changes nothing."""
    rows = [
        (str(uuid.uuid5(uuid.NAMESPACE_OID, f"{recording_id} {at}")), recording_id, at, "state_changed",
         json.dumps({"from": None, "to": phase, "phase": phase}))
        for at, phase in changes
    ]  # fmt: skip
    if rows:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO event (id, recording_id, t, kind, details) VALUES (?, ?, ?, ?, ?)", rows
        )


def find(connection: Connection, wanted: SessionFilter, limit: int | None = None) -> SessionList:
    """Return the sessions that pass a filter, the running ones among them; at most ``limit`` of the newest."""
    total = int(connection.exec_driver_sql("SELECT count(*) FROM charging_session").scalar_one())
    running = int(connection.exec_driver_sql("SELECT count(*) FROM open_session").scalar_one())
    return SessionList([SessionLine(*row) for row in rows(connection, wanted, _COLUMNS, limit)], total + running)


def rows(
    connection: Connection, wanted: SessionFilter, columns: Sequence[str] = _COLUMNS, limit: int | None = None
) -> Iterator[tuple[Any, ...]]:
    """Give the sessions that pass a filter, newest first: some columns of each, its site, and what was corrected.

    The columns are those of ``SessionLine``; ``id``, ``visit_id``, ``port``, ``started`` and ``source`` must be among
    them.
    """
    changes, running = _changes(connection), _running(connection)
    entered = _entered_sites(connection)
    shown = _Shown(tuple(columns), wanted, sites_of_visits(connection), entered, changes, _signers(connection))
    where, values = _where(wanted, [key for key, change in changes.items() if "clock_s" in change])
    if wanted.site:
        there = [visit for visit, site in shown.sites.items() if wanted.site.casefold() in site.casefold()]
        where += f" AND (visit_id IN ({marks(there)}) OR id IN ({marks(changes)}) OR port IN ({marks(entered)}))"
        values = (*values, *there, *changes, *entered)
    found = connection.exec_driver_sql(
        f"SELECT {', '.join(columns)} FROM charging_session WHERE {where} ORDER BY started DESC"
        + (f" LIMIT {int(limit)}" if limit is not None and not _afterwards(wanted) else ""),
        values,
    )
    first = [tuple(getattr(line, name) for name in columns) for line in running if _passes(line, wanted)]
    every = shown.those(chain(first, chain.from_iterable(found.partitions(BATCH))))
    if running or changes:
        every = iter(sorted(every, key=itemgetter(columns.index("started")), reverse=True))
    return every if limit is None else islice(every, limit)


class _Shown:
    """Turns rows into what is shown of them: site, who brought them, what was corrected."""

    def __init__(
        self, columns: tuple[str, ...], wanted: SessionFilter, sites: dict[str, str], entered: dict[str, str],
        changes: dict[str, dict[str, str]], signers: dict[str, str],
    ) -> None:  # fmt: skip
        self._columns, self._wanted = columns, wanted
        self.sites, self._entered, self._changes, self._signers = sites, entered, changes, signers
        self._id, self._visit, self._started = (columns.index(name) for name in ("id", "visit_id", "started"))
        self._port = columns.index("port")

    def those(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Give the rows that pass the filter, with site and names of what was corrected."""
        site, visit = self.sites.get, self._visit
        shown: Iterator[tuple[Any, ...]] = ((*row, site(row[visit], ""), ()) for row in rows)
        if self._entered:
            entered, port = self._entered.get, self._port
            shown = ((*row[:-2], entered(row[port]) or row[-2], ()) for row in shown)
        if self._changes or self._signers:
            shown = map(self._made_good, shown)
        return filter(self._is_wanted, shown) if self._changes or _afterwards(self._wanted) else shown

    def _made_good(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a row with its signer and its corrections."""
        changes, signer = self._changes.get(row[self._id]), self._signers.get(row[self._visit])
        if changes is None and signer is None:
            return row
        values = dict(zip(self._columns, row, strict=False))
        site, corrected = row[-2:]
        if signer is not None:
            values["source"] = signer
        if changes is not None:
            shift = float(changes.get("clock_s", "0"))
            values |= {name: values[name] + shift for name in _MOVED if values.get(name) is not None}
            site, corrected = changes.get("site", site), tuple(sorted(changes))
        return (*values.values(), site, corrected)

    def _is_wanted(self, row: tuple[Any, ...]) -> bool:
        wanted, (site, corrected) = self._wanted, row[-2:]
        return (
            (not wanted.site or wanted.site.casefold() in site.casefold())
            and (wanted.ids is None or row[self._id] in wanted.ids)
            and ("clock_s" not in corrected or _in_time(row[self._started], wanted))
        )


def _where(wanted: SessionFilter, moved: Collection[str] = ()) -> tuple[str, tuple[object, ...]]:
    parts = ["1 = 1"]
    values: list[object] = []
    limits = [(">=", wanted.from_), ("<", wanted.to)]
    for sign, moment in limits:
        if moment is not None:
            parts.append(f"(started {sign} ?" + (f" OR id IN ({marks(moved)}))" if moved else ")"))
            values += [moment.timestamp(), *moved]
    if wanted.charger:
        parts.append("(lower(port) LIKE ? ESCAPE '!' OR lower(profile) LIKE ? ESCAPE '!')")
        values += [f"%{_escaped(wanted.charger.casefold())}%"] * 2
    if wanted.port:
        parts.append("port = ?")
        values.append(wanted.port)
    if wanted.text:
        word = f"%{_escaped(wanted.text.casefold())}%"
        noted = "SELECT session_id FROM session_correction WHERE lower(value) LIKE ? ESCAPE '!'"
        parts.append(f"(search LIKE ? ESCAPE '!' OR id IN ({noted}))")
        values += [word, word]
    if wanted.stop_reasons:
        parts.append(f"stop_reason IN ({marks(wanted.stop_reasons)})")
        values += wanted.stop_reasons
    return " AND ".join(parts), tuple(values)


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _running(connection: Connection) -> list[SessionLine]:
    rows = connection.exec_driver_sql("SELECT body FROM open_session").fetchall()
    return [line_of(session_rows.from_text(row[0])) for row in rows]


def _passes(line: SessionLine, wanted: SessionFilter) -> bool:
    charger, text = (wanted.charger or "").casefold(), (wanted.text or "").casefold()
    return (
        _in_time(line.started, wanted)
        and (not wanted.port or line.port == wanted.port)
        and charger in f"{line.port} {line.profile}".casefold()
        and text in line.search
        and (not wanted.stop_reasons or line.stop_reason in wanted.stop_reasons)
    )


def _in_time(started: float, wanted: SessionFilter) -> bool:
    return (wanted.from_ is None or started >= wanted.from_.timestamp()) and (
        wanted.to is None or started < wanted.to.timestamp()
    )


def _afterwards(wanted: SessionFilter) -> bool:
    """Return whether lines are sorted out only after they have been read."""
    return bool(wanted.site) or wanted.ids is not None


def marks(values: Collection[object]) -> str:
    """Return as many placeholders as there are values; NULL, which nothing equals, where there are none."""
    return ", ".join("?" * len(values)) or "NULL"


def sites_of_visits(connection: Connection) -> dict[str, str]:
    """Return each visit's site as last corrected."""
    sites = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT id, site FROM visit")}
    corrected = connection.exec_driver_sql(
        "SELECT visit_id, value FROM visit_correction WHERE field = 'site' ORDER BY at"
    ).fetchall()
    return sites | {row[0]: row[1] for row in corrected}


def _entered_sites(connection: Connection) -> dict[str, str]:
    """Return the sites that people said of ports: they stand above what the visits there were named."""
    said = fleet.fold(results.find(connection, fleet.PORT))
    return {name: site for name, facts in said.ports.items() if (site := facts.text("site"))}


def _signers(connection: Connection) -> dict[str, str]:
    """Return from whom whole visits were taken in, by the visit's id, in the words of a source."""
    rows = connection.exec_driver_sql("SELECT visit_id, body FROM result WHERE kind = 'import'").fetchall()
    marks = [(row[0], json.loads(row[1])) for row in rows]
    return {visit: f"visit of {body.get('signer') or 'unnamed'}" for visit, body in marks if body.get("whole")}


def _changes(connection: Connection) -> dict[str, dict[str, str]]:
    """Return the corrections of sessions: what was last said of each field."""
    changes: dict[str, dict[str, str]] = {}
    for session_id, name, value in connection.exec_driver_sql(
        "SELECT session_id, field, value FROM session_correction WHERE field != 'note' ORDER BY at"
    ):
        changes.setdefault(session_id, {})[name] = value
    return changes


def _seconds(moment: datetime | None) -> float | None:
    return moment.astimezone(UTC).timestamp() if moment is not None else None
