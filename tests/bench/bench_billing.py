"""How long billing checks take: a record of 2,000 periods, 10,000 small records, a whole process, hostile files.

Ratios to a bare interpreter start tell more than seconds: the machine differs.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from evtech.billing.answer import check_json
from evtech.billing.check import CheckOptions, check_cdr
from evtech.billing.json_files import MAX_BYTES, parse_json
from evtech.billing.tariff_files import from_values

START = datetime(2025, 3, 11, 9, tzinfo=UTC)
TARIFF = {
    "id": "T",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [{"type": kind, "price": price, "vat": 21, "step_size": 60}],
            "restrictions": {"start_time": "07:00", "end_time": "23:00", "max_kwh": 500},
        }
        for kind, price in (("ENERGY", 0.4), ("TIME", 1.5))
    ]
    + [{"price_components": [{"type": "ENERGY", "price": 0.2, "vat": 21, "step_size": 1}]}],
}


def record(periods: int, seconds: int = 900) -> dict[str, Any]:
    end = START + timedelta(seconds=seconds * periods)
    return {
        "id": "C",
        "start_date_time": START.isoformat(),
        "end_date_time": end.isoformat(),
        "currency": "EUR",
        "cdr_location": {"country": "NLD"},
        "charging_periods": [
            {
                "start_date_time": (START + timedelta(seconds=seconds * n)).isoformat(),
                "dimensions": [{"type": "ENERGY", "volume": 1.2345}, {"type": "TIME", "volume": seconds / 3600}],
            }
            for n in range(periods)
        ],
        "total_cost": {"excl_vat": 1, "incl_vat": 1.21},
        "total_energy": 1.2345 * periods,
        "total_time": seconds * periods / 3600,
    }


def timed(what: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    what()
    return clock() - start


def large() -> None:
    data = json.dumps(record(2000)).encode()
    tariffs = from_values([parse_json(json.dumps(TARIFF).encode(), "t")])

    def once() -> object:
        return check_json(check_cdr(parse_json(data, "c"), tariffs, CheckOptions()))

    took = min(timed(once, time.process_time) for _ in range(3))
    print(f"2,000 periods, wrong bill, all mistakes tried: {took:.2f} s of processor time")


def process(*words: str) -> tuple[float, int, str]:
    """Run the command; return seconds, exit code and the end of what it says to people."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "evtech", "billing", *words], capture_output=True, text=True, errors="replace"
    )
    return time.perf_counter() - start, done.returncode, done.stderr[-60:].strip()


def folder(place: Path) -> None:
    (place / "many").mkdir()
    for n in range(10_000):
        (place / "many" / f"{n}.json").write_text(json.dumps(record(1 + n % 3)))
    took, code, _ = process("check", "--cdr", str(place / "many"), "--tariff", str(place / "tariff.json"), "--json")
    print(f"10,000 records of 1 to 3 periods: {took:.1f} s, exit code {code}")


def start(place: Path) -> None:
    (place / "one.json").write_text(json.dumps(record(2)))
    words = ("check", "--cdr", str(place / "one.json"), "--tariff", str(place / "tariff.json"))
    took = min(process(*words)[0] for _ in range(5))
    bare = min(timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(5))
    print(f"a whole process: {took:.2f} s, {took / bare:.0f} times a bare interpreter")


def hostile(place: Path) -> None:
    def filled(part: bytes) -> bytes:
        return b"[" + part * ((MAX_BYTES - 3) // len(part)) + b"0]"

    files = {
        "100 MB of zeros": b"[" + b"0," * 50_000_000 + b"0]",
        "as many zeros as are read": filled(b"0,"),
        "empty lists": filled(b"[],"),
        "empty objects": filled(b"{},"),
        "decimals": b"[" + b",".join(b"%d.5" % n for n in range(450_000)) + b"]",
        "short texts": filled(b'"ab",'),
        "one object of many keys": b"{" + b",".join(b'"%d":0' % n for n in range(400_000)) + b"}",
        "nesting": b"[" * 3_000_000,
        "an exponent": b'{"a": 1e999999}',
        "a long number": b'{"a": ' + b"9" * 3_000_000 + b"}",
    }
    for name, data in files.items():
        (place / "hostile.json").write_bytes(data)
        took, code, said = process("check", "--cdr", str(place / "hostile.json"))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"{name}: {took:.1f} s, exit code {code}, at most {peak} MB so far: {said!r}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "tariff.json").write_text(json.dumps(TARIFF))
        large()
        start(place)
        hostile(place)
        folder(place)


main()
