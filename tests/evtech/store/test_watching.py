"""The states seen between changes, here and on the team's server, held against a walk through all changes."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection

from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.columns import or_none
from evtech.store.sync import sync

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OUT = ("IDLE", "FAULTED", "UNAVAILABLE", "RESERVED", "UNKNOWN")
Change = tuple[float, str | None, str | None]  # when, to which phase, from which state of the pilot
Seen = tuple[str, float, float | None, str | None]


def record(archive: Archive, changes: list[Change]) -> str:
    """Record changes of state among other events and return the recording's id."""
    visit = archive.start_visit(site="Yard")
    charger = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "1", "3.1", "tcp")
    recording = archive.start_recording(visit.id, charger, [("power_total", "W")], 1.0).recording_id
    rows = [
        (
            f"{recording} {number}",
            recording,
            at,
            "state_changed",
            json.dumps({"from": before, "to": "", "phase": phase}),
        )
        for number, (at, phase, before) in enumerate(changes)
    ]
    rows.append((f"{recording} note", recording, START.timestamp() + 0.25, "note", "{}"))

    def insert(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE recording SET started = ? WHERE id = ?", (START.timestamp(), recording))
        connection.exec_driver_sql(
            "INSERT INTO event (id, recording_id, t, kind, details) VALUES (?, ?, ?, ?, ?)", rows
        )

    archive.writer.flush()
    archive.import_rows(insert)
    return recording


def walked(recording: str, changes: list[Change], start: float, end: float) -> list[Seen]:
    """Return the same states one change after the other; of two at the same time the one written later comes next."""
    inside = sorted((c for c in changes if start <= c[0] <= end), key=lambda c: c[0])
    found: list[Seen] = []
    if inside and (inside[0][2] or "").startswith("A"):
        found.append((recording, 0.0, inside[0][0], "IDLE"))
    for (at, phase, _), after in pairwise([*inside, None]):
        if phase in OUT:
            found.append((recording, at, after[0] if after is not None else None, phase))
    return found


def seen(archive: Archive, start: datetime, end: datetime) -> list[Seen]:
    states = archive.watched(start, end).states
    times = [(float(at), or_none(until)) for at, until in zip(states.at, states.until, strict=True)]
    rows = zip(states.recording.values(), times, states.phase.values(), strict=True)
    return sorted(((str(recording), at, until, phase) for recording, (at, until), phase in rows), key=str)


def changes_of(source: random.Random) -> list[Change]:
    """Return changes in the order of time, some of them at the same moment."""
    moments = sorted(START.timestamp() + source.randrange(0, 40) * 60.5 for _ in range(source.randrange(0, 12)))
    phases = (*OUT, "CHARGING", "AUTHORISING", None)
    return [(at, source.choice(phases), source.choice(("A1", "C2", None, ""))) for at in moments]


def test_a_state_lasts_until_the_next_change_of_its_recording(tmp_path: Path, database: Callable[[], str]) -> None:
    source = random.Random(5)
    laptop = Archive.open(tmp_path / "a.evtech")
    recordings = [changes_of(source) for _ in range(40)]
    known = {record(laptop, changes): changes for changes in recordings}
    url = database()
    sync(laptop, url)
    team = Archive.open(url)

    for low, high in ((0, 60), (7, 23), (12, 12)):
        start, end = START + timedelta(minutes=low), START + timedelta(minutes=high)
        expected = [s for r, c in known.items() for s in walked(r, c, start.timestamp(), end.timestamp())]
        assert seen(laptop, start, end) == sorted(expected, key=str)
        assert seen(team, start, end) == sorted(expected, key=str)
    team.close()
    laptop.close()
