"""The archive keeps what it is given through crashes, full disks and wrong files."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.errors import ArchiveError, InputError, NotAnArchiveError, NotFoundError
from evtech.events import Event, EventKind
from evtech.measure.sample import ChargerIdentity, Quality, Reading, Sample
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Gap, PhaseSpan
from evtech.store.writer import RecordingWriter

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHARGER = ChargerIdentity("keba-kecontact-p30", "KEBA", "KeContact P30", "17619300", "3.10.13", "tcp")
POINTS = [("voltage_l1", "V"), ("energy_total", "Wh"), ("cp_state", "")]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def reading(index: int, volts: float | None = 230.1) -> Reading:
    quality = Quality.GOOD if volts is not None else Quality.MISSING
    samples = [
        Sample("voltage_l1", volts, "V", quality),
        Sample("energy_total", 1000.0 + index / 10, "Wh", Quality.STALE if index == 7 else Quality.GOOD),
        Sample("cp_state", "C2", ""),
    ]
    return Reading(START + timedelta(seconds=index), float(index), {s.point: s for s in samples})


def recording(archive: Archive) -> RecordingWriter:
    visit = archive.start_visit(site="Depot", technician="A. Novak")
    return archive.start_recording(visit.id, CHARGER, POINTS, 1.0)


def session(writer: RecordingWriter, name: str = "11111111-aaaa") -> ChargingSession:
    end = START + timedelta(minutes=30)
    return ChargingSession(
        id=name, visit_id="v", recording_id=writer.recording_id, charger=CHARGER, started=START, ended=end,
        energy_wh=5123.4, energy_source="register_difference", register_start_wh=1000.0, register_end_wh=6123.4,
        phases=(PhaseSpan("CHARGING", START, end),), gaps=(Gap(START, START + timedelta(seconds=4), "link lost"),),
        errors=({"code": "0x40000"},), notes=("a note",), samples=1800,
    )  # fmt: skip


def test_samples_come_back_from_tail_and_chunks(archive: Archive) -> None:
    writer = recording(archive)
    for index in range(2100):
        writer.add(reading(index, None if index % 50 == 3 else 230.0 + index % 7 / 10))
    writer.close()

    series = archive.series(writer.recording_id, "voltage_l1", START, START + timedelta(hours=1))
    energy = archive.series(
        writer.recording_id, "energy_total", START + timedelta(seconds=5), START + timedelta(seconds=9)
    )
    states = archive.series(writer.recording_id, "cp_state", START, START + timedelta(seconds=2))

    assert archive.info()["samples"] == 2100
    assert len(series.values) == 2100
    assert [str(v) for v in series.values[2:5]] == ["230.2", "nan", "230.4"]
    assert list(energy.values) == [1000.5, 1000.6, 1000.7, 1000.8, 1000.9]
    assert energy.qualities == ["good", "good", "stale", "good", "good"]
    assert states.texts == ["C2", "C2", "C2"]
    assert len(archive.overview(writer.recording_id, "voltage_l1", START, START + timedelta(hours=1))) == 2
    rows = list(archive.rows(writer.recording_id, START, START + timedelta(hours=1)))
    assert len(rows) == 2100
    assert rows[3].values == {"voltage_l1": None, "energy_total": 1000.3, "cp_state": "C2"}
    assert archive.check().ok


def test_any_sqlite_tool_sees_names_units_and_values(archive: Archive) -> None:
    writer = recording(archive)
    for index in range(1030):
        writer.add(reading(index))
    writer.close()

    with sqlite3.connect(archive.path) as plain:
        rows = plain.execute("SELECT name, unit, value FROM sample_rows WHERE name = 'voltage_l1'").fetchall()
        spans = plain.execute("SELECT name, n, vmin, vmax FROM chunk_overview WHERE name = 'energy_total'").fetchall()
    plain.close()

    assert rows == [("voltage_l1", "V", 230.1)] * 6
    assert spans == [("energy_total", 1024, 1000.0, 1102.3)]


def test_a_session_gap_and_event_come_back_as_they_were(archive: Archive) -> None:
    writer = recording(archive)
    kept = session(writer)
    writer.gap(kept.gaps[0])
    writer.event(Event(START, EventKind.STATE_CHANGED, {"to": "C2"}))
    archive.save_open_session(replace(kept, ended=None))
    archive.close_session(kept)
    writer.close()

    assert archive.session("1111") == kept
    assert archive.sessions(text="0x40000") == [kept]
    assert archive.sessions(charger="heidelberg") == []
    assert archive.gaps(writer.recording_id, START, START) == list(kept.gaps)
    assert archive.events(writer.recording_id, START, START)[0].details == {"to": "C2"}
    with pytest.raises(NotFoundError, match="no session 'zzz'"):
        archive.session("zzz")


def test_a_visit_is_named_by_corrections(archive: Archive) -> None:
    visit = archive.start_visit()
    archive.name_visit(visit.id, site="Depot 4", technician="J. Berg")
    archive.writer.flush()

    assert (archive.visit(visit.id).site, archive.visit(visit.id).technician) == ("Depot 4", "J. Berg")


KILLED = """
import sys, time
from datetime import datetime, UTC
sys.path.insert(0, {root!r})
from tests.evtech.store.test_archive import *
archive = Archive.open({path!r})
writer = recording(archive)
archive.save_open_session(replace(session(writer), ended=None))
index = 0
while True:
    now = datetime.now(UTC)
    writer.add(replace(reading(index), time=now))
    index += 1
    print(index - archive.writer.held, flush=True)  # so many are on disk: what is held comes after them
    time.sleep(0.005)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("lines", [90, 150, 260])
def test_a_killed_program_loses_nothing_that_was_saved(tmp_path: Path, lines: int) -> None:
    """How much is not yet saved, a quarter of a second at most, is measured in bench_kill.py."""
    path = tmp_path / "killed.evtech"
    code = textwrap.dedent(KILLED).format(root=str(Path(__file__).parents[3]), path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    saved = [int(process.stdout.readline()) for _ in range(lines)]
    while saved[-1] <= 0:  # it saves by itself, nobody asks it to
        saved.append(int(process.stdout.readline()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    archive = Archive.open(path)
    interrupted = archive.interrupted()
    series = archive.series(
        interrupted[0].recording_id, "voltage_l1", datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    )
    result = archive.check()
    archive.close()

    assert result.ok
    assert interrupted[0].id == "11111111-aaaa"
    assert len(series.times) >= saved[-1] > 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None, reason="needs a small tmpfs")
def test_a_full_disk_harms_nothing_and_is_told(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("no right to mount")
    try:
        archive = Archive.open(disk / "a.evtech")
        writer = recording(archive)
        writer.add(reading(0))
        assert archive.writer.flush()
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        for index in range(1, 1500):
            writer.add(reading(index))
        while writer.failing is None:
            archive.writer.flush(0.3)
        assert "full" in writer.failing
        assert writer.held > 0

        filler.unlink()
        while writer.failing or writer.held:
            archive.writer.flush(0.3)
        assert archive.info()["samples"] == 1500
        assert archive.check().ok
        archive.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


@pytest.mark.parametrize("content", [b"not a database at all, just text", b"\x00" * 200])
def test_a_file_that_is_no_archive_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.evtech"
    path.write_bytes(content)

    with pytest.raises(NotAnArchiveError, match="not an evtech archive"):
        Archive.open(path)
    assert path.read_bytes() == content


def test_a_foreign_database_and_a_newer_archive_are_refused(tmp_path: Path) -> None:
    foreign, newer = tmp_path / "f.db", tmp_path / "n.db"
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    Archive.open(newer).close()
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(NotAnArchiveError, match="not an evtech archive"):
        Archive.open(foreign)
    with pytest.raises(NotAnArchiveError, match="newer evtech"):
        Archive.open(newer)


def test_a_path_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ArchiveError, match="cannot be used") as caught:
        Archive.open(tmp_path / "file" / "a.evtech")
    assert "folder" in caught.value.hint


def test_a_damaged_chunk_is_found(archive: Archive) -> None:
    writer = recording(archive)
    for index in range(1024):
        writer.add(reading(index))
    writer.close()
    with sqlite3.connect(archive.path) as plain:
        plain.execute("UPDATE chunk SET data = substr(data, 1, 20) WHERE id = 1")
    plain.close()

    result = archive.check()

    assert not result.ok
    assert "chunk 1" in result.problems[0]


def test_a_damaged_session_is_found_and_is_a_sentence(archive: Archive) -> None:
    writer = recording(archive)
    archive.close_session(session(writer))
    writer.close()
    with sqlite3.connect(archive.path) as plain:
        plain.execute("UPDATE charging_session SET body = substr(body, 1, 50)")
    plain.close()

    assert "session 11111111-aaaa" in archive.check().problems[0]
    with pytest.raises(ArchiveError, match="damaged"):
        archive.sessions()


def test_a_backup_is_a_whole_archive_and_overwrites_nothing(archive: Archive, tmp_path: Path) -> None:
    writer = recording(archive)
    writer.add(reading(0))
    writer.close()
    archive.backup(tmp_path / "copy.evtech")

    copy = Archive.open(tmp_path / "copy.evtech", create=False)
    assert copy.info()["samples"] == 1
    copy.close()
    with pytest.raises(InputError, match="exists already"):
        archive.backup(tmp_path / "copy.evtech")


def test_an_entry_that_cannot_be_written_stops_no_other(archive: Archive) -> None:
    visit = archive.start_visit(site="before")
    archive.writer.add(lambda connection: [].pop())
    other = archive.start_visit(site="after")

    assert archive.writer.flush()
    assert (archive.visit(visit.id).site, archive.visit(other.id).site) == ("before", "after")
    assert (archive.writer.lost, archive.writer.failing) == (1, None)
