"""CPU time and memory of imports: a million samples, a list of sessions, an OCPP log of half a million messages.

``python tests/bench/bench_import.py [--samples N] [--sessions N] [--messages N]``; each file in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
START = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    """Make each file, take it in, say what it cost."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--samples", type=int, default=1_000_000)
    words.add_argument("--sessions", type=int, default=100_000)
    words.add_argument("--messages", type=int, default=500_000)
    words.add_argument("--take", type=Path)
    asked = words.parse_args()
    if asked.take:
        take(asked.take)
        return
    with tempfile.TemporaryDirectory() as place:
        for name, lines in (
            ("samples.csv", samples(asked.samples)),
            ("sessions.csv", sessions(asked.sessions)),
            ("ocpp.jsonl", messages(asked.messages)),
        ):
            file = Path(place) / name
            with file.open("w") as out:
                out.writelines(lines)
            print(f"{name}: {file.stat().st_size >> 20} MB", flush=True)
            subprocess.run([sys.executable, __file__, "--take", file], check=True)


def take(file: Path) -> None:
    """Take one file in and say CPU time and memory."""
    from evtech.exchange.keeping import prepare, take_in
    from evtech.store.archive import Archive

    archive = Archive.open(file.with_suffix(".evtech"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with prepare(archive, file) as ready:
        read = time.process_time()
        kept = take_in(archive, ready)
    written = time.process_time()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    archive.close()
    size = file.with_suffix(".evtech").stat().st_size
    print(
        f"  {kept.sessions} sessions, {kept.samples} samples: read {read - began:.1f} s CPU, written"
        f" {written - read:.1f} s CPU, memory {most >> 10} MB ({before >> 10} MB before), archive {size >> 20} MB"
    )


def samples(count: int) -> Iterator[str]:
    """Yield a logger's CSV: a sample a second, ten points and a state."""
    points = [f"{name}_{phase}" for name in ("voltage", "current") for phase in ("l1", "l2", "l3")]
    yield ",".join(["time", "power_total", *points, "energy_import_total", "state"]) + "\n"
    for i in range(count):
        watts = 11000 if i % 7200 < 5400 else 0
        moment = (START + timedelta(seconds=i)).isoformat()
        volts = f"{230 + i % 7 / 10:.1f},{230 + i % 5 / 10:.1f},{230 + i % 3 / 10:.1f}"
        amps = f"15.{i % 10},15.{i % 9},15.{i % 8}"
        yield f"{moment},{watts + i % 9},{volts},{amps},{1000 + i * 2},{'C2' if watts else 'B2'}\n"


def sessions(count: int) -> Iterator[str]:
    """Yield a back office's list."""
    yield "Session ID,Charge Point,Connector,Start,End,Energy (kWh),Stop Reason,Id Tag\n"
    for i in range(count):
        begin = START + timedelta(minutes=i * 5)
        end = begin + timedelta(minutes=30 + i % 60)
        yield (
            f"S{i},CP{i % 40},{1 + i % 2},{begin:%Y-%m-%d %H:%M:%S},{end:%Y-%m-%d %H:%M:%S},{i % 50}.{i % 10},Local,"
            f"T{i % 900}\n"
        )


def messages(count: int) -> Iterator[str]:
    """Yield an OCPP 1.6 log of twenty charge points: status, start with its answer, meter values, stop."""
    made = number = 0
    while made < count:
        station, begin = f"CP{number % 20}", START + timedelta(minutes=number // 20 * 40)
        for minute, frame in _session(number, begin):
            row = {"time": minute.isoformat(), "chargePoint": station, "message": frame}
            yield json.dumps(row) + "\n"
            made += 1
        number += 1


def _session(number: int, begin: datetime) -> Iterator[tuple[datetime, list[object]]]:
    def at(minutes: float) -> datetime:
        return begin + timedelta(minutes=minutes)

    def status(minutes: float, word: str) -> tuple[datetime, list[object]]:
        body = {"connectorId": 1, "status": word, "errorCode": "NoError", "timestamp": at(minutes).isoformat()}
        return at(minutes), [2, f"s{number}{word}", "StatusNotification", body]

    yield status(0, "Preparing")
    start = {"connectorId": 1, "idTag": f"T{number % 900}", "meterStart": number * 100, "timestamp": at(1).isoformat()}
    yield at(1), [2, f"b{number}", "StartTransaction", start]
    yield at(1), [3, f"b{number}", {"transactionId": number, "idTagInfo": {"status": "Accepted"}}]
    yield status(1.1, "Charging")
    for step in range(25):
        sampled = [{"value": str(number * 100 + step * 90), "unit": "Wh"}] + [
            {"value": f"{value}", "measurand": measurand, "phase": phase, "unit": unit}
            for measurand, value, unit in (("Voltage", 230.1, "V"), ("Current.Import", 15.9, "A"))
            for phase in ("L1", "L2", "L3")
        ]
        values = {"timestamp": at(2 + step).isoformat(), "sampledValue": sampled}
        body = {"connectorId": 1, "transactionId": number, "meterValue": [values]}
        yield at(2 + step), [2, f"m{number}-{step}", "MeterValues", body]
    stop = {
        "transactionId": number,
        "meterStop": number * 100 + 2300,
        "timestamp": at(28).isoformat(),
        "reason": "Local",
    }
    yield at(28), [2, f"e{number}", "StopTransaction", stop]
    yield at(28), [3, f"e{number}", {"idTagInfo": {"status": "Accepted"}}]
    yield status(30, "Available")


if __name__ == "__main__":
    main()
