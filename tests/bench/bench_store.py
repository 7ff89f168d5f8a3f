"""The sample store beside wide rows: bytes a value, loading one point, an overview, and the cost of recording.

24 hours at 10 Hz with 30 points are 25.9 million values; ``--quick`` takes a twelfth of it. The wide-row peer is built
in the same run from the same values.
"""

import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from evtech.measure.sample import ChargerIdentity, Reading, Sample
from evtech.store.archive import Archive
from evtech.store.writer import CHUNK, close_chunk

POINTS, RATE = 30, 10
START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
CHARGER = ChargerIdentity("p", "v", "m", "s")


def curves(count: int) -> list[list[float]]:
    """Return plausible columns: voltages, currents, powers, energies, temperatures, with noise."""
    source = np.random.default_rng(1)
    t = np.arange(count)
    columns = []
    for index in range(POINTS):
        kind = index % 5
        if kind == 0:
            values = np.round(230 + 2 * np.sin(t / 9000 + index) + source.normal(0, 0.08, count), 1)
        elif kind == 1:
            values = np.round(np.where(t // 20000 % 2, 16.0, 0.0) + source.normal(0, 0.004, count), 2)
        elif kind == 2:
            values = np.round(np.where(t // 20000 % 2, 11000.0, 0.0) + source.normal(0, 3, count), 0)
        elif kind == 3:
            values = np.round(1e6 + t * 0.1 + index, 1)
        else:
            values = np.round(25 + 8 * np.sin(t / 50000) + source.normal(0, 0.02, count), 1)
        columns.append(values.tolist())
    return columns


def timed(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the median time of some rounds (s)."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def fill_ours(path: Path, columns: list[list[float]], count: int) -> tuple[Archive, str]:
    """Write through the same chunk code as a recording, without waiting for its clock."""
    archive = Archive.open(path)
    visit = archive.start_visit()
    writer = archive.start_recording(visit.id, CHARGER, [(f"p{i}", "V") for i in range(POINTS)], 1 / RATE)
    archive.writer.flush()
    with archive._engine.begin() as connection:
        for first in range(0, count, CHUNK):
            rows = [
                (writer.recording_id, START + i / RATE, json.dumps([column[i] for column in columns]))
                for i in range(first, min(first + CHUNK, count))
            ]
            connection.exec_driver_sql("INSERT INTO tail (recording_id, t, body) VALUES (?, ?, ?)", rows)
            close_chunk(connection, writer.recording_id, writer._point_ids)
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()
    return archive, writer.recording_id


def fill_wide(path: Path, columns: list[list[float]], count: int) -> sqlite3.Connection:
    """Write the peer: one row a poll."""
    peer = sqlite3.connect(path)
    names = ", ".join(f"p{i} REAL" for i in range(POINTS))
    peer.execute(f"CREATE TABLE wide (t REAL PRIMARY KEY, {names})")
    marks = ", ".join("?" * (POINTS + 1))
    peer.executemany(
        f"INSERT INTO wide VALUES ({marks})", ((START + i / RATE, *(c[i] for c in columns)) for i in range(count))
    )
    peer.commit()
    return peer


def recording_cost(folder: Path) -> float:
    """Return the share of a core that recording 300 values/s takes."""
    archive = Archive.open(folder / "live.evtech")
    writer = archive.start_recording(archive.start_visit().id, CHARGER, [(f"p{i}", "V") for i in range(POINTS)], 0.1)
    chance = random.Random(1)
    before, started = time.process_time(), time.perf_counter()
    for tick in range(100):
        values = {f"p{i}": Sample(f"p{i}", round(230 + chance.random(), 1), "V") for i in range(POINTS)}
        writer.add(Reading(datetime.now(UTC), tick / 10, values))
        time.sleep(max(started + (tick + 1) / 10 - time.perf_counter(), 0))
    used = (time.process_time() - before) / (time.perf_counter() - started)
    archive.close()
    return used


def main() -> None:
    """Print figures beside their goals."""
    hours = 2 if "--quick" in sys.argv else 24
    count = hours * 3600 * RATE
    columns = curves(count)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        archive, recording = fill_ours(folder / "ours.evtech", columns, count)
        peer = fill_wide(folder / "wide.db", columns, count)
        size = (folder / "ours.evtech").stat().st_size
        wide = (folder / "wide.db").stat().st_size
        values = count * POINTS
        print(f"{hours} h x {RATE} Hz x {POINTS} points = {values / 1e6:.1f} million values")
        print(f"bytes a value: {size / values:.2f} (goal at most 1.6), wide rows {wide / values:.2f}")
        first, last = datetime.fromtimestamp(START, UTC), datetime.fromtimestamp(START + count / RATE, UTC)
        ours = timed(lambda: archive.series(recording, "p7", first, last))
        theirs = timed(lambda: np.array(peer.execute("SELECT t, p7 FROM wide ORDER BY t").fetchall()), 3)
        print(f"one point: {ours * 1000:.1f} ms, wide rows {theirs * 1000:.0f} ms: {theirs / ours:.0f} x (goal 20 x)")
        short = timed(lambda: archive.overview(recording, "p7", first, last))
        query = f"SELECT min(p7), max(p7), avg(p7) FROM wide GROUP BY CAST((t - {START}) / 102.4 AS INTEGER)"
        scan = timed(lambda: peer.execute(query).fetchall(), 3)
        print(f"overview: {short * 1000:.2f} ms, wide rows {scan * 1000:.0f} ms: {scan / short:.0f} x (goal 100 x)")
        print(f"recording 300 values/s: {recording_cost(folder):.1%} of a core (goal under 3 %)")
        archive.close()
        peer.close()


if __name__ == "__main__":
    main()
