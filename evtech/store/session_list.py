"""Lists of sessions without opening each one: columns beside the body answer lists, filters, totals and insights.

The columns are written with the session, from its body; a running session is described from its body alone.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from evtech.store import fleet, imports, results, session_rows
from evtech.store.columns import BATCH, turned
from evtech.store.connection import Connection, Found
from evtech.store.imports import PortNames, Twin
from evtech.store.records import ChargingSession

RECORDED = "recorded"  # by this or another evtech; else what it was imported from: csv, cdr, ocpp
COLUMNS = (
    "id", "recording_id", "visit_id", "started", "ended", "charger", "port", "profile", "energy_wh", "peak_power_w",
    "charging_s", "energy_started", "energy_ended", "authorised", "auth_ok", "token", "stop_reason", "error_code",
    "gaps", "simulated", "source",
)  # fmt: skip
_MOVED = ("started", "ended", "energy_started", "energy_ended", "authorised")  # by a correction of the clock


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session as a list shows it: times in s since 1970 UTC; ``ended`` is ``None`` while it runs, else unknown.

    ``twin``: why it is left out of sums, such as a CDR of a session that was recorded here.
    """

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
    twin: Twin | None = None
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
        """Return the energy of the lines (Wh); a line without energy, or told by another line, adds nothing."""
        return sum(line.energy_wh or 0.0 for line in self.lines if line.twin is None)


def line_of(session: ChargingSession, source: str = RECORDED) -> SessionLine:
    """Return a session's line from the session itself."""
    charger = session.charger
    who = " ".join(filter(None, (charger.vendor, charger.model, charger.serial_number)))
    charging = [p for p in session.phases if p.phase == "CHARGING"]
    waits = [p.end for p in session.phases if p.phase == "AUTHORISING" and p.end is not None]
    authorised = session.authorised or (waits[-1] if waits else None)
    auth_ok = session.auth_ok if session.auth_ok is not None else True if waits and charging else None
    words = (session.id, who, charger.link, charger.profile, session.stop_reason, session.token, *session.notes,
             *(str(e.get("code")) for e in session.errors), *(str(e.get("meaning") or "") for e in session.errors),
             *(g.reason for g in session.gaps))  # fmt: skip
    return SessionLine(
        id=session.id, recording_id=session.recording_id, visit_id=session.visit_id,
        started=session.started.timestamp(), ended=_seconds(session.ended), charger=who,
        port=" ".join(filter(None, (charger.vendor, charger.model, charger.serial_number or charger.link))),
        profile=charger.profile, energy_wh=session.energy_wh, peak_power_w=session.peak_power_w,
        charging_s=session.charging_s, energy_started=_seconds(charging[0].start) if charging else None,
        energy_ended=_seconds(charging[-1].end or session.ended) if charging else None,
        authorised=_seconds(authorised), auth_ok=auth_ok, token=session.token, stop_reason=session.stop_reason,
        error_code=str(session.errors[0].get("code")) if session.errors else None, gaps=len(session.gaps),
        simulated=session.simulated, source=session.source or source,
        search=" ".join(filter(None, words)).casefold(),
    )  # fmt: skip


def insert(connection: Connection, session: ChargingSession, body: str, line: SessionLine | None = None) -> bool:
    """Insert a finished session once, return whether it was new; ``line`` where an import knows more than the body."""
    line = line or line_of(session)
    names = (*COLUMNS, "search", "body")
    values = (*values_of(line), line.search, body)
    done = connection.exec_driver_sql(
        f"INSERT INTO charging_session ({', '.join(names)}) VALUES ({marks(names)}) ON CONFLICT DO NOTHING",
        values,
    )
    return done.rowcount > 0


def values_of(line: SessionLine) -> tuple[Any, ...]:
    """Return what a line has in ``COLUMNS``."""
    return tuple(getattr(line, name) for name in COLUMNS)


def find(connection: Connection, wanted: SessionFilter, limit: int | None = None) -> SessionList:
    """Return the sessions that pass a filter, the running ones among them; at most ``limit`` of the newest."""
    seen, values = not_withdrawn(connection, imports.hidden(connection))
    count = f"SELECT count(*) FROM charging_session WHERE 1 = 1{seen}"
    total = int(connection.exec_driver_sql(count, values).scalar_one())
    running = int(connection.exec_driver_sql("SELECT count(*) FROM open_session").scalar_one())
    return SessionList([SessionLine(*row) for row in rows(connection, wanted, COLUMNS, limit)], total + running)


def rows(
    connection: Connection, wanted: SessionFilter, columns: Sequence[str] = COLUMNS, limit: int | None = None
) -> Iterator[tuple[Any, ...]]:
    """Give the sessions that pass a filter, newest first: some columns of each, its site, what was corrected, its twin.

    The columns are those of ``SessionLine``; ``id``, ``visit_id``, ``port``, ``started`` and ``source`` must be among
    them.
    """
    shown = _Shown(tuple(columns), wanted, _About.read(connection))
    return islice(_every(connection, shown, _running(connection, shown), limit), limit)


def columns(connection: Connection, wanted: SessionFilter, columns: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
    """Give the same as ``rows`` for those who count, some thousand sessions at a time, column by column."""
    shown = _Shown(tuple(columns), wanted, _About.read(connection))
    running = _running(connection, shown)
    if shown.changes_rows or running:
        every = _every(connection, shown, running, None)
        return turned(iter(lambda: list(islice(every, BATCH)), []))
    return map(shown.beside, turned(_finished(connection, shown, None).partitions(BATCH)))


def _every(
    connection: Connection, shown: "_Shown", running: list[tuple[Any, ...]], limit: int | None
) -> Iterator[tuple[Any, ...]]:
    finished = chain.from_iterable(_finished(connection, shown, limit).partitions(BATCH))
    every = shown.those(chain(running, finished))
    if running or shown.about.changes:
        return iter(sorted(every, key=itemgetter(shown.columns.index("started")), reverse=True))
    return every


def _finished(connection: Connection, shown: "_Shown", limit: int | None) -> Found:
    """Return the finished sessions that may pass the filter, newest first, as they are kept."""
    about, wanted, names = shown.about, shown.wanted, shown.about.names
    where, values = _where(wanted, [key for key, change in about.changes.items() if "clock_s" in change], names)
    seen, seen_values = not_withdrawn(connection, imports.hidden(connection))
    where, values = where + seen, (*values, *seen_values)
    if wanted.site:
        there = [visit for visit, site in about.sites.items() if wanted.site.casefold() in site.casefold()]
        entered = [name for port in about.entered for name in names.all_of(port)]
        listed = imports.listed(connection)
        where += f" AND (visit_id IN ({listed}) OR id IN ({listed}) OR port IN ({listed}))"
        values = (*values, json.dumps(there), json.dumps([*about.changes, *about.lent]), json.dumps(entered))
    return connection.exec_driver_sql(
        f"SELECT {', '.join(shown.columns)} FROM charging_session WHERE {where} ORDER BY started DESC"
        + (f" LIMIT {int(limit)}" if limit is not None and not _afterwards(wanted) else ""),
        values,
    )


@dataclass(frozen=True, slots=True)
class _About:
    """What is said beside the rows: sites of visits and of ports, corrections, signers, names of ports, twins.

    ``lent`` are sites that a session has from the one that repeats it.
    """

    sites: dict[str, str]
    entered: dict[str, str]
    changes: dict[str, dict[str, str]]
    signers: dict[str, str]
    names: PortNames
    twins: dict[str, Twin]
    lent: dict[str, str]

    @classmethod
    def read(cls, connection: Connection) -> "_About":
        """Return what the archive says."""
        sites, twins, names = sites_of_visits(connection), imports.twins(connection), imports.port_names(connection)
        lent = {twin.of: sites.get(twin.visit or "", "") for twin in twins.values() if twin.of}
        return cls(
            sites, _entered_sites(connection, names), _changes(connection), signers_of(connection),
            names, twins, lent,
        )  # fmt: skip


class _Shown:
    """Turns rows into what is shown of them: their site, who brought them, what was corrected, what repeats them."""

    def __init__(self, columns: tuple[str, ...], wanted: SessionFilter, about: _About) -> None:
        self.columns, self.wanted, self.about = columns, wanted, about
        names = ("id", "visit_id", "port", "started")
        self._id, self._visit, self._port, self._started = (columns.index(name) for name in names)

    def those(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Give the rows that pass the filter, with site, names of what was corrected, and twin."""
        about, site, visit = self.about, self.about.sites.get, self._visit
        shown: Iterator[tuple[Any, ...]] = ((*row, site(row[visit], ""), (), None) for row in rows)
        if about.entered:
            entered, port = about.entered.get, self._port
            shown = ((*row[:-3], entered(row[port]) or row[-3], (), None) for row in shown)
        if self._is_said_of_some:
            shown = map(self._made_good, shown)
        return filter(self._is_wanted, shown) if about.changes or _afterwards(self.wanted) else shown

    @property
    def changes_rows(self) -> bool:
        """Return whether rows may be changed or left out one by one."""
        return self._is_said_of_some or _afterwards(self.wanted)

    @property
    def _is_said_of_some(self) -> bool:
        about = self.about
        return bool(about.changes or about.signers or about.names.names or about.twins)

    def beside(self, columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return columns, of rows that need no change, with site, names of what was corrected, and twin."""
        count, get = len(columns[0]), self.about.sites.get
        sites = [get(visit, "") for visit in columns[self._visit]]
        if self.about.entered:
            entered = map(self.about.entered.get, columns[self._port])
            sites = [said or site for said, site in zip(entered, sites, strict=True)]
        return [*columns, sites, ((),) * count, (None,) * count]

    def _made_good(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a row with its signer, its corrections, the name of its port and its twin."""
        about, key, port = self.about, row[self._id], self.about.names.of(row[self._port])
        changes, signer, twin = about.changes.get(key), about.signers.get(row[self._visit]), about.twins.get(key)
        if changes is None and signer is None and twin is None and port == row[self._port] and key not in about.lent:
            return row
        values = dict(zip(self.columns, row, strict=False))
        values["port"] = port
        corrected: tuple[str, ...] = ()
        site = about.entered.get(port) or row[-3] or about.lent.get(key, "")
        if signer is not None:
            values["source"] = signer
        if changes is not None:
            shift = float(changes.get("clock_s", "0"))
            values |= {name: values[name] + shift for name in _MOVED if values.get(name) is not None}
            site, corrected = changes.get("site", site), tuple(sorted(changes))
        return (*values.values(), site, corrected, twin)

    def _is_wanted(self, row: tuple[Any, ...]) -> bool:
        wanted, (site, corrected, _) = self.wanted, row[-3:]
        return (
            (not wanted.site or wanted.site.casefold() in site.casefold())
            and (wanted.ids is None or row[self._id] in wanted.ids)
            and ("clock_s" not in corrected or _in_time(row[self._started], wanted))
        )


def not_withdrawn(connection: Connection, gone: imports.Hidden) -> tuple[str, tuple[str, ...]]:
    """Return the condition, for sessions, that keeps out what withdrawn imports brought."""
    visits, visit_values = imports.not_in(connection, "visit_id", gone.visits)
    sessions, session_values = imports.not_in(connection, "id", gone.sessions)
    return visits + sessions, (*visit_values, *session_values)


def _where(
    wanted: SessionFilter, moved: Collection[str] = (), names: PortNames = PortNames()  # noqa: B008  # frozen
) -> tuple[str, tuple[object, ...]]:  # fmt: skip
    parts = ["1 = 1"]
    values: list[object] = []
    limits = [(">=", wanted.from_), ("<", wanted.to)]
    for sign, moment in limits:
        if moment is not None:
            parts.append(f"(started {sign} ?" + (f" OR id IN ({marks(moved)}))" if moved else ")"))
            values += [moment.timestamp(), *moved]
    if wanted.charger:
        word = wanted.charger.casefold()
        others = [name for name, shown in names.names.items() if word in shown.casefold()]
        said = f" OR port IN ({marks(others)})" if others else ""
        parts.append(f"(lower(port) LIKE ? ESCAPE '!' OR lower(profile) LIKE ? ESCAPE '!'{said})")
        values += [*[f"%{_escaped(word)}%"] * 2, *others]
    if wanted.port:
        parts.append(f"port IN ({marks(names.all_of(wanted.port))})")
        values += names.all_of(wanted.port)
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


def _running(connection: Connection, shown: _Shown) -> list[tuple[Any, ...]]:
    """Return the rows of running sessions that pass the filter."""
    found = connection.exec_driver_sql("SELECT body FROM open_session").fetchall()
    lines = [line_of(session_rows.from_text(row[0])) for row in found]
    named = [replace(line, port=shown.about.names.of(line.port)) for line in lines]
    return [tuple(getattr(line, name) for name in shown.columns) for line in named if _passes(line, shown.wanted)]


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


def _entered_sites(connection: Connection, names: PortNames) -> dict[str, str]:
    """Return the sites that people said of ports: they stand above what the visits there were named."""
    said = fleet.fold(results.find(connection, fleet.PORT), names)
    return {name: site for name, facts in said.ports.items() if (site := facts.text("site"))}


def signers_of(connection: Connection) -> dict[str, str]:
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
