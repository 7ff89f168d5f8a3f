"""Samples as Parquet, for those who ask a fleet's data with a database; needs the optional package pyarrow."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evtech.errors import ArchiveError, EvtechError
from evtech.reports.samples_csv import session_rows
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession


def write_parquet(archive: Archive, ids: Sequence[str], target: Path) -> list[Path]:
    """Write one file, or into a folder one file a session under ``site=…/month=YYYY-MM/``; return the files.

    Columns: session_id, port, time (UTC, µs), point, unit, value, text, quality. Raises ``EvtechError`` without
    pyarrow.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise EvtechError(
            "Parquet needs the package pyarrow, which is not installed.", 'Run: pip install "evtech[parquet]"'
        ) from error
    is_folder = target.is_dir() or target.suffix.lower() != ".parquet"
    files: list[Path] = []
    try:
        if not is_folder:
            sessions = [archive.session(each) for each in ids]
            _write_aside(parquet, pyarrow.concat_tables([_table(pyarrow, archive, s) for s in sessions]), target)
            return [target]
        for each in ids:
            session = archive.session(each)
            site = archive.visit(session.visit_id).site or "unknown"
            place = target / f"site={quote(site, safe='')}" / f"month={session.started:%Y-%m}"
            place.mkdir(parents=True, exist_ok=True)
            files.append(place / f"{session.id}.parquet")
            _write_aside(parquet, _table(pyarrow, archive, session), files[-1])
    except OSError as error:
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
    return files


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
