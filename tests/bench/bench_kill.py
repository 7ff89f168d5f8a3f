"""``kill -9`` at random moments while ``evtech monitor --record`` runs: what is lost, and whether the archive is sound.

Lost is the time between the newest reading that was told and the newest one on disk.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

KILLS = 20
INTERVAL = 0.05


def run_and_kill(archive: Path, seconds: float) -> list[float]:
    """Record for a while, kill, and return the times of the readings that were told (s since 1970)."""
    words = [
        "--archive",
        str(archive),
        "--json",
        "monitor",
        "demo:alfen-ng9xx",
        "--record",
        "--interval",
        str(INTERVAL),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "evtech", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    told: list[float] = []

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            data = json.loads(line)
            if data["type"] == "sample":
                told.append(datetime.fromisoformat(data["time"]).timestamp())

    listener = threading.Thread(target=listen)
    listener.start()
    while not told and process.poll() is None:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    listener.join()
    return told


def newest_on_disk(archive: Path) -> float:
    """Return the newest stored moment; raise where the file is not sound."""
    with sqlite3.connect(archive) as database:
        (sound,) = database.execute("PRAGMA integrity_check").fetchone()
        (newest,) = database.execute("SELECT coalesce(max(t), 0) FROM tail").fetchone()
        (chunked,) = database.execute("SELECT coalesce(max(t1), 0) FROM chunk_time").fetchone()
    database.close()
    if sound != "ok":
        raise SystemExit(f"the archive is damaged: {sound}")
    return float(max(newest, chunked))


def main() -> None:
    """Print the losses."""
    if os.name == "nt":
        print("skipped: there is no SIGKILL on Windows")
        return
    chance = random.Random(1)
    losses = []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "kill.evtech"
        for _ in range(KILLS):
            told = run_and_kill(archive, chance.uniform(0.05, 1.5))
            # what stands on disk from an earlier run proves nothing about this one
            losses.append(told[-1] - max(newest_on_disk(archive), told[0] - INTERVAL))
    losses.sort()
    print(f"{KILLS} kills: every archive sound; lost median {losses[KILLS // 2] * 1000:.0f} ms,", end=" ")
    print(f"at most {losses[-1] * 1000:.0f} ms (goal 250 ms)")


if __name__ == "__main__":
    main()
