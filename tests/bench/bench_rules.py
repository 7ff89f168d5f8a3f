"""All rules over a session of eight hours, 28,800 polls of 30 points: in memory, and from the archive with its check.

Run with ``python -m tests.bench.bench_rules``. CPU seconds, as the machine may be shared; the median of five. The
target is well under a second.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from evtech.insights.columns import Samples
from evtech.insights.figures import figures_of
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.sample_rules import RULES, sample_anomalies
from evtech.insights.session_check import check_session
from evtech.insights.session_samples import NAMES
from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.chunks import pack, pack_times
from evtech.store.records import ChargingSession, PhaseSpan
from tests.evtech.insights.traces import COUNT, sound

POLLS, POINTS = 28_800, 30
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMITS = SampleLimits(rated_w=11_000.0, step_wh=1.0)


def long_session() -> Samples:
    """Return a sound charge of eight hours with thirty points that rules look at."""
    s = sound()
    times = START.timestamp() + np.arange(POLLS, dtype=float)
    columns = {name: np.resize(column, POLLS) for name, column in s.columns.items()}
    columns["energy_import_total"] = np.round(5e6 + np.arange(POLLS) * 10_780 / 3600)
    for name in sorted(NAMES - set(columns))[: POINTS - len(columns)]:
        columns[name] = np.full(POLLS, np.nan)
    return replace(s, times=times, columns=columns, session_wh=None, away=np.zeros(POLLS, bool))


def record(archive: Archive, s: Samples) -> ChargingSession:
    """Put the session into an archive as a recorder does, in chunks."""
    who = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "1")
    visit = archive.start_visit()
    writer = archive.start_recording(visit.id, who, [(name, "") for name in s.columns], 1.0)
    archive.writer.flush()

    def insert(connection) -> None:  # type: ignore[no-untyped-def]
        ids = dict(connection.exec_driver_sql("SELECT name, id FROM point").fetchall())
        for first in range(0, POLLS, 1024):
            part = slice(first, min(first + 1024, POLLS))
            times = s.times[part].tolist()
            span = (times[0], times[-1], len(times))
            connection.exec_driver_sql(
                "INSERT INTO chunk_time (recording_id, t0, t1, n, data) VALUES (?, ?, ?, ?, ?)",
                (writer.recording_id, *span, pack_times(times)),
            )
            for name, column in s.columns.items():
                values = [None if v != v else float(v) for v in np.round(column[part], 3)]
                connection.exec_driver_sql(
                    "INSERT INTO chunk (point_id, t0, t1, n, vmin, vmax, vmean, data) VALUES (?, ?, ?, ?, 0, 0, 0, ?)",
                    (ids[name], *span, pack(values, ["good" if v is not None else "missing" for v in values])),
                )

    archive.import_rows(insert)
    end = START + timedelta(seconds=POLLS)
    session = ChargingSession(
        "s", visit.id, writer.recording_id, who, START, end, register_point="energy_import_total",
        phases=(PhaseSpan("CHARGING", START, end),),
    )  # fmt: skip
    archive.close_session(session)
    archive.writer.flush()
    return session


def timed(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the median CPU time of some rounds (s)."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found)


def main() -> None:
    """Measure and print."""
    assert COUNT < POLLS
    s = long_session()
    print(f"{POLLS} polls x {len(s.columns)} points, {len(RULES)} rules")
    print(f"rules          {timed(lambda: sample_anomalies(s, LIMITS)):6.3f} s")
    print(f"figures        {timed(lambda: figures_of(s, LIMITS)):6.3f} s")
    with tempfile.TemporaryDirectory() as place:
        archive = Archive.open(Path(place) / "a.evtech")
        session = record(archive, s)
        print(f"whole check    {timed(lambda: check_session(archive, session)):6.3f} s  (read, rules, figures, kept)")
        archive.close()


if __name__ == "__main__":
    main()
