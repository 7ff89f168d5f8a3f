"""Gives each thing that a file brings its place: visit, recording and ids; then puts it into the spool.

Visits and recordings are an import's own, so that withdrawing it takes nothing else away. evtech's own exports keep
theirs: there the ids are what makes a session the same one on every laptop.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from evtech.errors import InputError
from evtech.exchange.incoming import Credit, Incoming, Item, StateLog, Stretch, made_id
from evtech.exchange.joining import joined
from evtech.exchange.judging import Judge
from evtech.measure.sample import ChargerIdentity
from evtech.store.imports import CREDITED, SAME, TWIN
from evtech.store.records import ChargingSession, Gap, Visit
from evtech.store.results import Result
from evtech.store.session_list import SessionLine, line_of
from evtech.store.spool import Block, Spool
from evtech.store.twins import JOINED

_STATE_POINT = (("ocpp_state", ""),)
MOST_PORTS = 50_000


@dataclass(slots=True)
class Contents:
    """What was placed: times in s since 1970."""

    sessions: int = 0
    first: float | None = None
    last: float | None = None
    ports: Counter[str] = field(default_factory=Counter)
    energy_wh: float | None = None  # of those that tell one
    ids: list[str] = field(default_factory=list)  # of sessions that keep their own visits and recordings
    recordings: set[str] = field(default_factory=set)
    visits: set[str] = field(default_factory=set)
    checked: set[str] = field(default_factory=set)  # ports of sessions whose samples were judged
    again: int = 0  # sessions that the file told before: logs that overlap, a list put together of two
    alike: int = 0  # of another id, but with the port, times and energy of an earlier one


class Placing:
    """Puts the items of one file into a spool. ``is_hidden`` tells of ids that a withdrawn import has taken."""

    def __init__(
        self, spool: Spool, import_id: str, file: str, source: str, is_hidden: Callable[[str], bool],
        judge: Judge, *, site: str | None = None,
    ) -> None:  # fmt: skip
        self._spool, self._import, self._file, self._source = spool, import_id, file, source
        self._is_hidden, self._site = is_hidden, site
        self._judge = judge
        self._renamed: dict[str, str] = {}
        self._visits: dict[str, str] = {}
        self._ports: dict[str, dict[str, str]] = {}  # recordings of a port, by site
        self._told: set[str] = set()
        self._seen: set[int] = set()
        self._spans: dict[str, list[tuple[str, float, float]]] = {}  # sessions in evtech's own recordings
        self.contents = Contents()

    def add(self, item: Item) -> None:
        """Place one item."""
        if isinstance(item, Incoming):
            self._session(item)
        elif isinstance(item, Stretch):
            self._stretch(item)
        elif isinstance(item, StateLog):
            self._states(item)
        else:
            self._credit(item)

    def add_whole(self, item: Incoming, other: ChargingSession) -> None:
        """Place the session of which an item and a session of the archive are the parts."""
        own = self._at_home(item)
        whole = joined(own, other)
        if self._is_told(whole.id):
            return
        home = own.recording_id
        self._spool.visit(self._visit(own, item))
        self._spool.recording(home, own.visit_id, own.charger, own.started.timestamp(), self._points(item))
        self._put(replace(whole, visit_id=own.visit_id, source=self._source))
        for part in (own.id, other.id):
            key = made_id("joined", part, whole.id)
            self._spool.result(Result(TWIN, JOINED, {}, SAME, session_id=part, replaces=whole.id, id=key))

    # ---- kinds of items ----

    def _session(self, item: Incoming) -> None:
        session = item.session if item.session.visit_id else self._at_home(item)
        if self._is_told(session.id):
            return
        if item.session.visit_id:  # evtech's own
            self.contents.ids.append(session.id)
            self.contents.recordings.add(session.recording_id)
        self._spool.visit(self._visit(session, item))
        self._spool.recording(session.recording_id, session.visit_id, session.charger, session.started.timestamp(),
                              self._points(item))  # fmt: skip
        for block in item.blocks:
            self._spool.block(session.recording_id, session.id, block)
            self._judge.see(session.id, item.points, block)
        self._put(session)
        for at, kind, details in item.events:
            self._spool.event(session.recording_id, session.id, at, kind, details)
        for correction in item.corrections:
            self._spool.correction(session.id, correction)
        for attached in item.attachments:
            own = replace(attached, session_id=session.id, visit_id=session.visit_id)
            self._spool.attachment(own, hashlib.sha256(own.data).hexdigest())
        for found in self._judge.results(session):
            self._spool.result(replace(found, id=made_id(found.kind, session.id)))
            self.contents.checked.add(_port(session.charger))

    def _put(self, session: ChargingSession) -> None:
        line = line_of(session, self._source)
        self._spool.session(session, line)
        self._count(line)

    def _visit(self, session: ChargingSession, item: Incoming) -> Visit:
        purpose = "" if item.session.visit_id else f"import: {self._file}"
        return Visit(session.visit_id, session.started, self._place(item.site), purpose=purpose,
                     simulated=session.simulated)  # fmt: skip

    def _points(self, item: Incoming) -> Sequence[tuple[str, str]]:
        """Return the points of a session's recording; sessions of a log without samples lie beside the states."""
        return item.points or (_STATE_POINT if self._source == "ocpp" else ())

    def _at_home(self, item: Incoming) -> ChargingSession:
        """Return the session in a visit and a recording of this import."""
        session = item.session
        key = self._id_of(session.id)
        site = self._place(item.site)
        visit = self._visit_id(site)
        recording = self._samples_of(key) if item.points else self._port_id(session.charger, site)
        return replace(session, id=key, visit_id=visit, recording_id=recording, source=self._source)

    def _stretch(self, item: Stretch) -> None:
        key = item.session_id if item.recording_id else self._id_of(item.session_id)
        if key in self._told:  # its samples are here already
            return
        self._judge.see(key, item.points, item.block)
        if not item.recording_id:
            self._spool.block(self._samples_of(key), key, item.block)
            return
        for new in self._new_polls(item.recording_id, key, item.block):
            self._spool.block(item.recording_id, key, new)

    def _new_polls(self, recording: str, session: str, block: Block) -> Iterable[Block]:
        """Yield a block without what other sessions of its recording brought: of sessions that meet each has the same.

        Attempts and sessions of a log lie beside the states of their port, and may overlap.
        """
        times = np.asarray(block.times, np.float64)
        spans = self._spans.setdefault(recording, [])
        is_new = np.ones(len(times), bool)
        for other, first, last in spans:
            if other != session and first <= times[-1] and last >= times[0]:
                is_new &= (times < first) | (times > last)
        if spans and spans[-1][0] == session:
            spans[-1] = (session, spans[-1][1], float(times[-1]))
        else:
            spans.append((session, float(times[0]), float(times[-1])))
        if is_new.all():
            yield block
            return
        edges = np.flatnonzero(np.diff(np.concatenate(([False], is_new, [False])).astype(np.int8)))
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            marks = [None if each is None else each[low:high] for each in block.qualities]
            yield Block(times[low:high], [each[low:high] for each in block.columns], marks)

    def _states(self, item: StateLog) -> None:
        who = item.port
        site = self._place(item.site)
        recording = self._port_id(who, site)
        visit = self._visit_id(site)
        self.contents.ports[_port(who)] += 0
        began = datetime.fromtimestamp(item.heard[0], UTC)
        self._spool.visit(Visit(visit, began, site, purpose=f"import: {self._file}"))
        self._spool.recording(recording, visit, who, item.heard[0], _STATE_POINT)
        changes = sorted(item.changes, key=lambda change: change.at)
        for each in changes:
            details = {"from": None, "to": each.phase, "phase": each.phase, "word": each.word}
            self._spool.event(recording, None, each.at, "state_changed",
                              details | ({"code": each.code} if each.code else {}))  # fmt: skip
        words = {each.at: each.word for each in changes}
        if changes and item.heard[1] > changes[-1].at:
            words[item.heard[1]] = changes[-1].word
        if words:
            self._spool.block(recording, None, Block(list(words), [list(words.values())], [None]))
        for start, end in item.silences:
            gap = Gap(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), "nothing heard")
            self._spool.gap(recording, None, gap)

    def _credit(self, item: Credit) -> None:
        key = made_id("credit", item.session_id, self._import)
        twin = Result(TWIN, self._import, {}, CREDITED, session_id=item.session_id, replaces=self._import, id=key)
        self._spool.result(twin)

    def _is_told(self, key: str) -> bool:
        """Return whether the file told a session before, and count it; its first account is the one that counts."""
        is_told = key in self._told
        self.contents.again += is_told
        self._told.add(key)
        return is_told

    # ---- ids ----

    def _id_of(self, session_id: str) -> str:
        """Return a session's id; another one where it belongs to an import that was withdrawn."""
        if session_id not in self._renamed and self._is_hidden(session_id):
            self._renamed[session_id] = made_id(session_id, self._import)
        return self._renamed.get(session_id, session_id)

    def _visit_id(self, site: str) -> str:
        if site not in self._visits:
            self._visits[site] = made_id(self._import, "visit", site)
            self.contents.visits.add(self._visits[site])
        return self._visits[site]

    def _port_id(self, who: ChargerIdentity, site: str) -> str:
        """Return the recording of a port's states, where its sessions without samples lie as well.

        A recording belongs to one visit, and a visit to one site: a port that moved or was renamed has several.
        """
        port = _port(who)
        known = self._ports.setdefault(port, {})
        if site not in known:
            known[site] = made_id(self._import, "port", port, *([site] if known else []))
        return known[site]

    def _samples_of(self, session_id: str) -> str:
        return made_id(self._import, "samples", session_id)

    def _place(self, site: str) -> str:
        return site if self._site is None else self._site

    def _count(self, line: SessionLine) -> None:
        seen = self.contents
        end = line.ended if line.ended is not None else line.started
        seen.sessions += 1
        seen.first = line.started if seen.first is None else min(seen.first, line.started)
        seen.last = end if seen.last is None else max(seen.last, end)
        seen.ports[line.port] += 1
        words = hash((line.port, round(line.started), round(end), line.energy_wh))
        seen.alike += words in self._seen
        self._seen.add(words)
        if len(seen.ports) > MOST_PORTS:
            raise InputError(
                f"{self._file} names more than {MOST_PORTS} ports.", "Is the column of the port the right one?"
            )
        if line.energy_wh is not None:
            seen.energy_wh = (seen.energy_wh or 0.0) + line.energy_wh


def _port(who: ChargerIdentity) -> str:
    """Return a port's name as lists show it."""
    return " ".join(filter(None, (who.vendor, who.model, who.serial_number or who.link)))
