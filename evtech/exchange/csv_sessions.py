"""A CSV with one row a session (the file that ``insights --sessions`` reads) into the archive."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from evtech.exchange.incoming import Incoming, Parcel, made_id
from evtech.insights.files import read_records
from evtech.insights.records import Attempt
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, PhaseSpan

SOURCE = "csv"


def is_table(path: Path) -> bool:
    """Return whether the head names ports and one of the times of a session."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
    delimiter = ";" if head.count(";") > head.count(",") else ","
    names = {name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])}
    return "port" in names and bool(names & {"plugged_at", "authorised_at", "energy_started_at"})


def read_table(path: Path) -> Parcel:
    """Return the rows as sessions; raise ``InputError`` for a row that cannot be used."""
    records = read_records(path)
    return Parcel(SOURCE, [_incoming(each) for each in records.attempts], problems=list(records.warnings))


def _incoming(row: Attempt) -> Incoming:
    start, end = (datetime.fromtimestamp(t, UTC) for t in (row.start, row.end))
    key = (row.port, row.start, row.token)
    span = row.energy_span
    phases: tuple[PhaseSpan, ...] = ()
    if span is not None:
        phases = (PhaseSpan("CHARGING", *(datetime.fromtimestamp(t, UTC) for t in span)),)
    charging_s = span[1] - span[0] if span is not None else 0.0
    session = ChargingSession(
        id=made_id("row", *key), visit_id=made_id("row visit", row.port), recording_id=made_id("row rec", row.port),
        charger=ChargerIdentity("", "", row.port, "", None, ""), started=start, ended=end, charging_s=charging_s,
        energy_wh=row.energy_kwh * 1000 if row.energy_kwh is not None else None,
        peak_power_w=row.peak_kw * 1000 if row.peak_kw is not None else None, stop_reason=row.end_reason, phases=phases,
        errors=({"code": row.error_code, "meaning": None},) if row.error_code else (),
    )  # fmt: skip
    extra = {
        "port": row.port, "authorised": row.authorised_at, "auth_ok": row.auth_ok, "token": row.token,
        "energy_started": row.energy_started_at, "energy_ended": row.energy_ended_at,
    }  # fmt: skip
    return Incoming(session, extra=extra)
