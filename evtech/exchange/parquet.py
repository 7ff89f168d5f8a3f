"""Samples as Parquet, for those who ask a fleet's data with a database; needs the optional package pyarrow.

The sessions themselves lie in the file's own metadata, so that evtech can take such a file in again.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evtech.errors import ArchiveError, EvtechError, InputError
from evtech.exchange import session_json
from evtech.exchange.evtech_json import SOURCE, incoming_of, units_of, value_of
from evtech.exchange.incoming import Item, Parcel, Stretch
from evtech.exchange.progress import READING
from evtech.exchange.source_file import SourceFile
from evtech.measure.sample import Quality, Value
from evtech.reports.samples_csv import session_rows
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.spool import Block

_SESSIONS = b"evtech.sessions"
_ROWS = 4096  # polls of one stretch
_QUALITIES = frozenset(Quality)
_NEEDED = ("session_id", "time", "point", "value", "text", "quality")


def write_parquet(archive: Archive, ids: Sequence[str], target: Path) -> list[Path]:
    """Write one file, or into a folder one file a session under ``site=…/month=YYYY-MM/``; return the files.

    Columns: session_id, port, time (UTC, µs), point, unit, value, text, quality. Raises ``EvtechError`` without
    pyarrow.
    """
    pyarrow, parquet = _pyarrow()
    is_folder = target.is_dir() or target.suffix.lower() != ".parquet"
    files: list[Path] = []
    try:
        if not is_folder:
            sessions = [archive.session(each) for each in ids]
            whole = pyarrow.concat_tables([_table(pyarrow, archive, s) for s in sessions])
            _write_aside(parquet, _with_sessions(whole, archive, sessions), target)
            return [target]
        for each in ids:
            session = archive.session(each)
            site = archive.visit(session.visit_id).site or "unknown"
            place = target / f"site={quote(site, safe='')}" / f"month={session.started:%Y-%m}"
            place.mkdir(parents=True, exist_ok=True)
            files.append(place / f"{session.id}.parquet")
            own = _with_sessions(_table(pyarrow, archive, session), archive, [session])
            _write_aside(parquet, own, files[-1])
    except OSError as error:
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
    return files


def read_parquet(source: SourceFile) -> Parcel:
    """Return the sessions of a file that evtech wrote; raise ``InputError`` for any other."""
    pyarrow, parquet = _pyarrow()
    try:
        file = parquet.ParquetFile(source.path)
        told = (file.schema_arrow.metadata or {}).get(_SESSIONS)
        names = set(file.schema_arrow.names)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{source.path} is no sound Parquet file: {error}.", "Export it again.") from error
    if told is None or not set(_NEEDED) <= names:
        raise InputError(f"{source.path} holds no sessions of evtech.", "Parquet of others is not read; use CSV.")
    try:
        sessions = json.loads(told)
        data = {each["id"]: each for each in sessions}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{source.path} is damaged: {error}.", "Export it again.") from error
    return Parcel(SOURCE, _items(pyarrow, file, data, source))


def _items(pyarrow: Any, file: Any, data: dict[str, dict[str, Any]], source: SourceFile) -> Iterator[Item]:
    """Yield the samples of each session, then the sessions."""
    place = ""
    try:
        points = {id_: list(units_of(each)) for id_, each in data.items()}
        for id_, times, rows in _polls(file, source):
            place = id_
            recording = data[id_]["recording_id"]
            columns = [[row.get(name, (None, ""))[0] for row in rows] for name in points[id_]]
            marks = [[row.get(name, (None, "missing"))[1] for row in rows] for name in points[id_]]
            yield Stretch(id_, [(name, "") for name in points[id_]], Block(times, columns, marks), recording)
        for id_, each in data.items():
            place = id_
            yield incoming_of(each, points[id_])
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{source.path} is damaged: {error}.", "Export it again.") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{source.path}: session {place} is damaged: {said}.", "Export it again.") from error


Poll = dict[str, tuple[Value | None, str]]


def _polls(file: Any, source: SourceFile) -> Iterator[tuple[str, list[float], list[Poll]]]:
    """Yield polls of one session at a time: its id, the times, and for each the points with value and quality."""
    id_, times, rows = "", [], []  # type: ignore[var-annotated]
    count, total = 0, file.metadata.num_rows
    for batch in file.iter_batches(columns=list(_NEEDED)):
        cells = [batch.column(name).to_pylist() for name in _NEEDED]
        for session, moment, point, value, text, quality in zip(*cells, strict=True):
            at = moment.timestamp()
            if session != id_ or (times and at != times[-1] and len(times) >= _ROWS):
                if rows:
                    yield id_, times, rows
                id_, times, rows = session, [], []
            if not times or at != times[-1]:
                if times and at < times[-1]:
                    raise ValueError("a row stands after a later one")
                times.append(at)
                rows.append({})
            if quality not in _QUALITIES:
                raise ValueError(f"{quality!r} is no quality")
            rows[-1][point] = (value_of(text if text is not None else value), quality)
        count += len(batch)
        source.progress.step(READING, count, total)
    if rows:
        yield id_, times, rows


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise EvtechError(
            "Parquet needs the package pyarrow, which is not installed.", 'Run: pip install "evtech[parquet]"'
        ) from error
    return pyarrow, parquet


def _with_sessions(table: Any, archive: Archive, sessions: Sequence[ChargingSession]) -> Any:
    """Return a table that has the sessions in its metadata."""
    heads = json.dumps([session_json.head(archive, each) for each in sessions], ensure_ascii=False)
    return table.replace_schema_metadata({_SESSIONS: heads.encode()})


def _write_aside(parquet: Any, table: Any, target: Path) -> None:
    """Write beside the place first, then rename: the file is whole or not there."""
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    os.close(handle)
    try:
        parquet.write_table(table, name, compression="zstd")
        shutil.move(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def _table(pyarrow: Any, archive: Archive, session: ChargingSession) -> Any:
    """Return a session's samples in long form."""
    units = dict(archive.points(session.recording_id))
    who = session.charger
    port = " ".join(filter(None, (who.vendor, who.model, who.serial_number or who.link)))
    columns: dict[str, list[Any]] = {name: [] for name in ("time", "point", "unit", "value", "text", "quality")}
    for row in session_rows(archive, session):
        for name, unit in units.items():
            value = row.values.get(name)
            columns["time"].append(row.time)
            columns["point"].append(name)
            columns["unit"].append(unit)
            columns["value"].append(None if value is None or isinstance(value, str) else float(value))
            columns["text"].append(value if isinstance(value, str) else None)
            columns["quality"].append(row.qualities.get(name, "missing"))
    count = len(columns["time"])
    kinds = {"time": pyarrow.timestamp("us", tz="UTC"), "value": pyarrow.float64()}
    arrays = {name: pyarrow.array(cells, kinds.get(name, pyarrow.string())) for name, cells in columns.items()}
    head = {"session_id": pyarrow.array([session.id] * count, pyarrow.string()),
            "port": pyarrow.array([port] * count, pyarrow.string())}  # fmt: skip
    return pyarrow.table(head | arrays)
