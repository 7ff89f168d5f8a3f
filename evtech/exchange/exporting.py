"""Sessions as files: samples as CSV, workbook, JSON or Parquet; a list of sessions as CSV or workbook."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evtech.errors import InputError
from evtech.exchange import session_json
from evtech.reports.files import write_parts, write_whole
from evtech.reports.samples_csv import samples_csv, samples_json, session_rows
from evtech.reports.workbook import workbook
from evtech.store.archive import Archive
from evtech.store.session_list import SessionLine

FORMATS = ("csv", "xlsx", "json", "parquet")
LIST_COLUMNS = (
    "id", "started", "ended", "charger", "site", "energy_wh", "peak_power_w", "charging_s", "stop_reason", "error_code",
    "gaps", "source", "simulated", "corrected",
)  # fmt: skip
_MOST_ROWS = 1_048_575  # of a worksheet below its head


def write_sessions(archive: Archive, ids: Sequence[str], kind: str, target: Path) -> list[Path]:
    """Write sessions with their samples and return the files; Parquet into a folder is split by site and month.

    Raises ``InputError`` for a format that cannot hold them, ``ArchiveError`` for a file that cannot be written.
    """
    if kind == "parquet":
        from evtech.exchange.parquet import write_parquet

        return write_parquet(archive, ids, target)
    if kind == "xlsx":
        write_whole(target, samples_workbook(archive, ids))
    elif kind == "json":
        write_parts(target, (piece.encode() for piece in session_json.pieces(archive, ids)))
    else:
        write_whole(target, as_text(archive, ids, kind).encode())
    return [target]


def as_text(archive: Archive, ids: Sequence[str], kind: str) -> str:
    """Return sessions as CSV (one) or JSON (any number)."""
    if kind not in ("csv", "json"):
        raise InputError(f"{kind} is no text format.", f"Name a file with -o for {kind}.")
    if kind == "csv":
        if len(ids) != 1:
            raise InputError("A CSV file holds one session.", "Export one at a time, or use --format json.")
        return samples_csv(archive, archive.session(ids[0]))
    return "".join(session_json.pieces(archive, ids))


def samples_workbook(archive: Archive, ids: Sequence[str]) -> bytes:
    """Return a workbook: a sheet with the sessions, and one for the samples of each."""
    sheets: list[tuple[str, list[str], list[list[Any]]]] = []
    heads = []
    for number, each in enumerate(ids, 1):
        session = archive.session(each)
        data = samples_json(archive, session)
        heads.append([data[name] for name in _SESSION_COLUMNS])
        names = [name for name, _ in archive.points(session.recording_id)]
        rows = [[row.time, *(row.values.get(name) for name in names)] for row in session_rows(archive, session)]
        if len(rows) > _MOST_ROWS:
            raise InputError(f"Session {session.id} has {len(rows)} samples; a sheet holds {_MOST_ROWS}.",
                             "Use --format csv or parquet.")  # fmt: skip
        units = dict(archive.points(session.recording_id))
        titles = [f"{name} [{units[name]}]" if units[name] else name for name in names]
        sheets.append((f"{number} {session.id[:8]}", ["time", *titles], rows))
    return workbook([("sessions", list(_SESSION_COLUMNS), heads), *sheets])


def write_list(lines: Sequence[SessionLine], target: Path) -> Path:
    """Write a list of sessions, exactly these rows, as CSV or by its name as a workbook."""
    rows = [line_values(line) for line in lines]
    if target.suffix.lower() == ".xlsx":
        write_whole(target, workbook([("sessions", list(LIST_COLUMNS), rows)]))
    else:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(LIST_COLUMNS)
        writer.writerows(["" if cell is None else _text(cell) for cell in row] for row in rows)
        write_whole(target, out.getvalue().encode())
    return target


def line_values(line: SessionLine) -> list[Any]:
    """Return a line as values of the columns of ``LIST_COLUMNS``."""
    moments = [None if t is None else datetime.fromtimestamp(t, UTC) for t in (line.started, line.ended)]
    return [
        line.id, *moments, line.port, line.site, line.energy_wh, line.peak_power_w, line.charging_s, line.stop_reason,
        line.error_code, line.gaps, line.source, line.simulated, " ".join(line.corrected),
    ]  # fmt: skip


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(cell)


_SESSION_COLUMNS = (
    "id", "started", "ended", "duration_s", "charging_s", "energy_wh", "energy_source", "register_start_wh",
    "register_end_wh", "peak_power_w", "mean_power_w", "stop_reason", "samples", "charger", "notes",
)  # fmt: skip
