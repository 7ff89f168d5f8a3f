"""Taking a file in, in two steps: ``prepare`` reads it and says what would come, ``take_in`` puts it into the archive.

The second step is one transaction. Each import is noted with the file's fingerprint, so that the same file again is
known, and can be withdrawn; what it brought is then left out everywhere, and nothing is deleted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from evtech import VERSION
from evtech.errors import InputError
from evtech.exchange import joining, matching, reading
from evtech.exchange.incoming import Incoming, Item, Parcel, made_id
from evtech.exchange.judging import Judge
from evtech.exchange.placing import Contents, Placing
from evtech.exchange.plans import Plan
from evtech.exchange.progress import WRITING, Progress
from evtech.exchange.source_file import SourceFile
from evtech.insights.port_check import redraw
from evtech.insights.reported import ratings
from evtech.insights.rule_limits import load_limits
from evtech.store import imports, incoming, twins
from evtech.store.archive import Archive
from evtech.store.imports import IMPORT, PORT_NAME, RESTORED, SCHEMA, STANDING, WITHDRAWN, Import
from evtech.store.results import Result
from evtech.store.results import insert as insert_result
from evtech.store.spool import Spool

MOST_PORTS = 500  # that the record of an import names


@dataclass(slots=True)
class Prepared:
    """A file that was read and can be taken in. ``same_ports`` proposes names of the archive for names of the file.

    ``again``: the same file as it is here already; ``other``: the same file, read in another way, is here.
    """

    id: str
    path: Path
    sha256: str
    source: str
    plan: dict[str, Any] | None
    spool: Spool
    contents: Contents
    problems: list[str]
    problem_count: int
    remarks: list[str]
    again: Import | None = None
    other: Import | None = None
    incomplete: bool = False
    same_ports: list[matching.SamePort] = field(default_factory=list)
    size: int = 0  # bytes

    def __enter__(self) -> "Prepared":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_known(self) -> bool:
        """Return whether the file was taken in before, all of it, and nothing would change."""
        return self.again is not None and not self.again.is_withdrawn and self.contents.sessions == 0

    def close(self) -> None:
        """Forget what was read."""
        self.spool.close()


@dataclass(frozen=True, slots=True)
class Kept:
    """What an import changed. ``repeated``: sessions left out of sums because another session tells them."""

    import_id: str
    sessions: int = 0
    known: int = 0
    changed: int = 0
    samples: int = 0
    repeated: int = 0


def prepare(
    archive: Archive, path: Path, plan: Plan | None = None, progress: Progress | None = None
) -> Prepared:  # fmt: skip
    """Read a file into a spool; raise ``InputError`` for what cannot be read, ``GivenUpError`` when stopped."""
    source = SourceFile(path, progress)
    sha256 = source.fingerprint()
    parcel = reading.open_parcel(source, plan)
    told = parcel.plan.told() if parcel.plan is not None else None
    key = made_id(IMPORT, sha256, json.dumps(told, sort_keys=True))
    with archive.reading() as connection:
        earlier = [each for each in imports.imports(connection) if each.body.get("sha256") == sha256]
    again = next((each for each in earlier if each.body.get("key") == key), None)
    other = next((each for each in earlier if each.body.get("key") != key and not each.is_withdrawn), None)
    spool = Spool()
    try:
        prepared = Prepared(
            key, path, sha256, parcel.source, told, spool, Contents(), [], 0, [], again=again, other=other,
            size=source.size,
        )  # fmt: skip
        if again is None or again.is_withdrawn or again.body.get("incomplete"):
            _fill(archive, prepared, parcel, plan)
        return prepared
    except BaseException:
        spool.close()
        raise


def take_in(
    archive: Archive, prepared: Prepared, progress: Progress | None = None,
    *, same_ports: Mapping[str, str] | None = None, replaces: Import | None = None,
) -> Kept:  # fmt: skip
    """Put a prepared file into the archive: all of it or nothing; raise ``ArchiveError`` where that is refused.

    ``same_ports`` maps names of the file to names of the archive; ``replaces`` is withdrawn in the same step.
    """
    _demand_writable(archive)
    step = progress or Progress()
    if prepared.is_known:
        assert prepared.again is not None
        return Kept(prepared.again.id, known=int(prepared.again.body.get("sessions", 0)))

    def work(connection: Any) -> Kept:
        if replaces is not None and not replaces.is_withdrawn:
            _stand(connection, replaces, WITHDRAWN, f"replaced by {prepared.path.name}", "")
        if prepared.again is not None and prepared.again.is_withdrawn:
            _stand(connection, prepared.again, RESTORED, "imported again", "")
        taken = incoming.take(
            connection, prepared.spool, lambda done, count: step.step(WRITING, done, count)
        )  # fmt: skip
        for name, shown in (same_ports or {}).items():
            name_port(connection, name, shown)
        key = _note(connection, prepared, taken)
        alone = taken.sessions if not prepared.contents.alike else -1
        repeated = matching.link(connection, prepared.contents.first, prepared.contents.last, alone)
        step.step(WRITING, 1, 1)
        return Kept(key, taken.sessions, taken.known, taken.changed, taken.samples, repeated)

    kept = archive.import_rows(work)
    redraw(archive, prepared.contents.checked)
    return kept


def withdraw(archive: Archive, id_or_prefix: str, reason: str = "", technician: str = "") -> Import:
    """Leave out what an import brought, everywhere; raise ``NotFoundError``, or ``InputError`` if it is out already.

    Nothing is deleted: taking the file in again brings it back.
    """
    _demand_writable(archive)

    def work(connection: Any) -> Import:
        found = imports.one_import(connection, id_or_prefix)
        if found.is_withdrawn:
            raise InputError(f"The import {found.id[:8]} of {found.file} is withdrawn already.", "")
        _stand(connection, found, WITHDRAWN, reason, technician)
        matching.link(connection, found.body.get("first"), found.body.get("last"))  # others may tell a session twice
        return found

    return _with_charts(archive, archive.import_rows(work))


def restore(archive: Archive, id_or_prefix: str, technician: str = "") -> Import:
    """Bring back what an import brought before it was withdrawn."""
    _demand_writable(archive)

    def work(connection: Any) -> Import:
        found = imports.one_import(connection, id_or_prefix)
        if not found.is_withdrawn:
            raise InputError(f"The import {found.id[:8]} of {found.file} is not withdrawn.", "")
        _stand(connection, found, RESTORED, "", technician)
        matching.link(connection, found.body.get("first"), found.body.get("last"))
        return found

    return _with_charts(archive, archive.import_rows(work))


def say_same_port(archive: Archive, name: str, shown: str) -> int:
    """Say that a port's name means the port of another name; return how many sessions turned out to be told twice.

    A name that is said to mean itself stands for itself again.
    """
    _demand_writable(archive)

    def work(connection: Any) -> int:
        name_port(connection, name, shown)
        span = twins.span_of(connection, [name, *imports.port_names(connection).all_of(shown)])
        return matching.link(connection, *span)

    repeated = archive.import_rows(work)
    redraw(archive, [name, shown])
    return repeated


def say_same(archive: Archive, session_id: str, of: str | None) -> None:
    """Say by hand that a session is the same as another, or (``None``) one of its own; rules do not undo it."""
    _demand_writable(archive)
    if session_id == of:
        raise InputError("A session cannot be the same as itself.", "Name two sessions.")
    archive.import_rows(lambda connection: twins.note(connection, session_id, of, twins.BY_HAND))


def name_port(connection: Any, name: str, shown: str) -> None:
    """Say that a port's name means the same port as another name."""
    known = imports.port_names(connection)
    for each in known.all_of(name)[1:]:  # names that meant it follow it
        insert_result(connection, Result(PORT_NAME, each, {}, known.of(shown) if shown != name else each))
    insert_result(connection, Result(PORT_NAME, name, {}, known.of(shown) if shown != name else name))


def _with_charts(archive: Archive, found: Import) -> Import:
    """Return an import that went or came back, after its ports' charts were drawn anew."""
    if found.body.get("samples"):
        redraw(archive, {str(port) for port in found.body.get("ports", ())})
    return found


def _demand_writable(archive: Archive) -> None:
    _ = archive.writer  # says why nothing can be written to a team's archive or a visit that is only looked at


def _fill(archive: Archive, prepared: Prepared, parcel: Parcel, plan: Plan | None) -> None:
    """Read all items into the spool."""
    hidden = _Hidden(archive, prepared)
    placing = Placing(
        prepared.spool, prepared.id, prepared.path.name, parcel.source, hidden.has,
        Judge(load_limits(), ratings(archive)), site=plan.site if plan else None,
    )  # fmt: skip
    parts = joining.Parts(archive) if parcel.source == "ocpp" else None
    for item in parcel:
        _add(placing, parts, item, prepared, parcel)
    prepared.spool.finish()
    prepared.contents = placing.contents
    prepared.problems, prepared.problem_count = parcel.problems.lines(), parcel.problems.count
    prepared.remarks = list(parcel.remarks)
    if placing.contents.again:
        prepared.remarks.append(
            f"the file tells sessions again, {placing.contents.again} times in all; the first account of each counts"
        )
    if not prepared.contents.sessions and not prepared.contents.ports:
        raise InputError(
            f"{prepared.path} holds no session that can be used.", "; ".join(prepared.problems[:3]) or "Check the file."
        )
    prepared.same_ports = matching.propose(archive, prepared.spool, prepared.contents)


def _add(placing: Placing, parts: joining.Parts | None, item: Item, prepared: Prepared, parcel: Parcel) -> None:
    """Place an item; a transaction of which another file holds the rest also as a whole."""
    if parts is None or not isinstance(item, Incoming) or not (item.open_start or item.open_end):
        placing.add(item)
        return
    other = parts.counterpart(item)
    is_tail = item.open_start and not item.session.samples
    prepared.incomplete = prepared.incomplete or item.open_start
    if other is not None:
        placing.add_whole(item, other)
    elif is_tail:
        parcel.problems.add(
            f"transaction {item.session.transaction} of {item.session.charger.model} ends in this file; its beginning"
            " is in no file that was imported"
        )
    if not is_tail:
        placing.add(item)


class _Hidden:
    """Tells of ids that a withdrawn import has taken, other than the one that is being read again."""

    def __init__(self, archive: Archive, prepared: Prepared) -> None:
        own = prepared.again.body if prepared.again is not None else {}
        going = prepared.other.body if prepared.other is not None else {}  # what this reading is to replace
        with archive.reading() as connection:
            found = imports.hidden(connection)
            visits = (found.visits - set(own.get("visits", ()))) | set(going.get("visits", ()))
            others = imports.hidden_ids(connection, frozenset(visits))
        self._sessions = others | (found.sessions - set(own.get("ids", ())))

    def has(self, session_id: str) -> bool:
        """Return whether a session is here and left out."""
        return session_id in self._sessions


def _stand(connection: Any, found: Import, verdict: str, reason: str, technician: str) -> None:
    """Say that an import, with all that was taken in of the same file in the same way, is out or in again."""
    body = {"reason": reason, "technician": technician}
    for each in imports.imports(connection):
        if each.body.get("key") == found.body.get("key"):
            insert_result(connection, Result(STANDING, each.file, body, verdict, replaces=each.id))


def _note(connection: Any, prepared: Prepared, taken: incoming.Taken) -> str:
    """Keep the record of the import and return its id."""
    if prepared.again is not None and not taken.sessions:
        return prepared.again.id
    seen, own = prepared.contents, prepared.source == "evtech"
    new = set(taken.new_ids)
    body = {
        "schema": SCHEMA, "key": prepared.id, "sha256": prepared.sha256, "file": prepared.path.name,
        "bytes": prepared.size, "source": prepared.source, "plan": prepared.plan, "evtech": VERSION,
        "sessions": taken.sessions, "known": taken.known, "changed": taken.changed, "samples": taken.samples,
        "ports": sorted(seen.ports)[:MOST_PORTS], "first": seen.first, "last": seen.last,
        "problems": prepared.problems, "problem_count": prepared.problem_count, "remarks": prepared.remarks,
        "incomplete": prepared.incomplete or taken.known > 0,
    }  # fmt: skip
    if own:  # evtech's own visits and recordings may be here already, or come from elsewhere as well
        body |= {
            "ids": sorted(new), "met_ids": sorted(set(seen.ids) - new), "recordings": list(taken.recordings),
            "met_recordings": sorted(set(seen.recordings) - set(taken.recordings)),
        }  # fmt: skip
    else:
        before = set(prepared.again.body.get("visits", ())) if prepared.again is not None else set()
        met = seen.visits - set(taken.visits) - before  # an export brought sessions of this file earlier
        body |= {"visits": sorted(seen.visits - met)}
        if met:
            body |= {"ids": sorted(new), "recordings": list(taken.recordings)}
    key = prepared.id if prepared.again is None else made_id(prepared.id, *sorted(taken.visits), *sorted(new))
    insert_result(connection, Result(IMPORT, prepared.path.name, body, id=key))
    return key
