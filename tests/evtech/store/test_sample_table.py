"""Many points of a recording as columns: across chunks and tail, with only what can be trusted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from evtech.measure.sample import ChargerIdentity, Quality, Reading, Sample
from evtech.store.archive import Archive
from evtech.store.sample_table import Table, idle_from, read_table

START = datetime(2026, 3, 1, tzinfo=UTC)
POLLS = 1500  # a chunk and a tail
WHO = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "1")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive.open(tmp_path / "a.evtech")
    yield made
    made.close()


@pytest.fixture
def recording(archive: Archive) -> str:
    """Return a recording in which every hundredth current is stale, and the word is a text from the middle on."""
    visit = archive.start_visit()
    writer = archive.start_recording(visit.id, WHO, [("current_l1", "A"), ("cp_state", ""), ("power_total", "W")], 1.0)
    for n in range(POLLS):
        stale = Quality.STALE if n % 100 == 0 else Quality.GOOD
        samples = {
            "current_l1": Sample("current_l1", float(n), "A", stale),
            "cp_state": Sample("cp_state", "C2" if n > 700 else "A1", ""),
        }
        writer.add(Reading(START + timedelta(seconds=n), float(n), samples))
    writer.close()
    return writer.recording_id


def read(archive: Archive, recording: str, low: float, high: float, *names: str) -> Table | None:
    with archive.reading() as connection:
        return read_table(connection, recording, START.timestamp() + low, START.timestamp() + high, names)


def test_columns_stand_on_one_clock_across_chunk_and_tail(archive: Archive, recording: str) -> None:
    table = read(archive, recording, 1000, 1100, "current_l1", "cp_state", "power_total", "nowhere")

    assert table is not None
    assert (table.times - START.timestamp()).tolist() == list(range(1000, 1101))
    assert set(table.numbers) == {"current_l1", "power_total"}
    assert np.flatnonzero(np.isnan(table.numbers["current_l1"])).tolist() == [0, 100]  # the stale ones
    assert np.isnan(table.numbers["power_total"][:24]).all()
    assert table.texts["cp_state"] == ["C2"] * 101


def test_what_was_not_recorded_is_nothing(archive: Archive, recording: str) -> None:
    assert read(archive, recording, 5000, 6000, "current_l1") is None
    assert read(archive, recording, 0, 100, "voltage_l1") is None


def test_idle_time_begins_with_the_recording_or_the_last_session(archive: Archive, recording: str) -> None:
    from evtech.store.records import ChargingSession

    with archive.reading() as connection:
        began = idle_from(connection, recording, 2e9)
    at = START + timedelta(seconds=100)
    archive.close_session(ChargingSession("s", "v", recording, WHO, START, at))
    archive.writer.flush()
    with archive.reading() as connection:
        assert idle_from(connection, recording, at.timestamp() + 50) == at.timestamp()
        assert idle_from(connection, recording, at.timestamp() - 50) == began
