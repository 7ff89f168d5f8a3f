"""Running sessions: those of a process that is gone are interrupted, those of a living one are not."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from evtech.measure.sample import ChargerIdentity
from evtech.store import running
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession

WHO = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "4711", "3.1", "tcp")


def session(key: str, visit: str, recording: str) -> ChargingSession:
    return ChargingSession(key, visit, recording, WHO, datetime(2026, 3, 1, tzinfo=UTC))


def test_a_session_of_a_dead_process_is_interrupted_and_our_own_is_not(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    visit = archive.start_visit().id
    writer = archive.start_recording(visit, WHO, [("power_total", "W")], 1.0)
    writer.close()
    archive.writer.flush()
    own, lost = (running.row_of(session(key, visit, writer.recording_id)) for key in ("own", "lost"))
    archive.import_rows(lambda connection: running.save(connection, own))
    archive.import_rows(lambda connection: running.save(connection, (*lost[:2], 0.0, gone.pid, lost[4])))

    assert [s.id for s in archive.interrupted()] == ["lost"]
    archive.import_rows(lambda connection: running.forget(connection, "lost"))
    assert archive.interrupted() == []
    archive.close()
