"""Throws damaged charge records and tariffs at the billing check: only an ``EvtechError`` or an answer may come back.

Run by hand, outside the tests: ``python tests/fuzz/fuzz_billing.py SECONDS [SEED] [FOLDER OF JSON SAMPLES]``.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from evtech.billing.account import account, one_line
from evtech.billing.answer import check_json
from evtech.billing.check import CheckOptions, check_cdr
from evtech.billing.json_files import parse_json
from evtech.billing.lint import lint
from evtech.billing.ocpi import records
from evtech.billing.tariff_files import from_values
from evtech.billing.words import in_words
from evtech.errors import EvtechError

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.1, 1e9, -1e9, 1e15, 10**14, 86400, "", "0", "-0", "1e15", "NaN", "Infinity",
    "x" * 500, "\ud800", "\x00", "é", [], {}, [[]], [None], {"": None}, "2025-03-11T09:00:00Z", "1999-12-31T23:59:60Z",
    "23:59", "24:00", "00:00", "2025-02-29", "2199-12-31T23:59:59Z", "1990-01-01T00:00:00Z", "SUNDAY", "RESERVATION",
    "FLAT", "ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME", "Europe/Berlin", "USA", "NLD",
)  # fmt: skip


def samples(folder: Path | None) -> list[tuple[Any, Any]]:
    """Return pairs of a record and a tariff: two of our own, and those of a folder of cases."""
    restrictions = {
        "start_time": "07:00", "end_time": "23:00", "min_kwh": 1, "max_kwh": 20, "min_duration": 60,
        "max_duration": 7200, "day_of_week": ["TUESDAY"], "start_date": "2025-01-01", "end_date": "2026-01-01",
        "min_power": 3, "max_current": 32, "reservation": None,
    }  # fmt: skip
    prices = [{"type": t, "price": 0.5, "vat": 21, "step_size": 60} for t in ("ENERGY", "TIME", "PARKING_TIME", "FLAT")]
    tariff = {
        "id": "T",
        "currency": "EUR",
        "min_price": {"excl_vat": 1, "incl_vat": 1.21},
        "max_price": {"excl_vat": 50, "incl_vat": 60.5},
        "start_date_time": "2024-01-01T00:00:00Z",
        "elements": [
            {"price_components": prices, "restrictions": restrictions},
            {"price_components": prices[1:], "restrictions": {"reservation": "RESERVATION"}},
            {"price_components": prices},
        ],
    }
    dimensions = [{"type": t, "volume": 0.25} for t in ("ENERGY", "TIME", "PARKING_TIME", "MIN_POWER")]
    record = {
        "start_date_time": "2025-03-11T09:00:00Z",
        "end_date_time": "2025-03-11T11:00:00Z",
        "currency": "EUR",
        "cdr_location": {"country": "NLD", "time_zone": "Europe/Berlin"},
        "cdr_token": {"uid": "04AB", "contract_id": "X"},
        "meter_id": "M",
        "credit": False,
        "charging_periods": [
            {"start_date_time": f"2025-03-11T{9 + n:02}:00:00Z", "dimensions": dimensions, "tariff_id": "T"}
            for n in range(2)
        ]
        + [{"start_date_time": "2025-03-11T10:30:00Z", "dimensions": [{"type": "RESERVATION_TIME", "volume": 0.5}]}],
        "total_cost": {"excl_vat": 3, "incl_vat": 3.63},
        "total_energy_cost": {"excl_vat": 3, "incl_vat": 3.63},
        "total_energy": 0.5,
        "total_time": 2,
        "tariffs": [tariff],
    }
    found: list[tuple[Any, Any]] = [(record, tariff), (record, None)]
    for path in sorted(folder.rglob("cdr.json")) if folder else []:
        try:
            beside = path.with_name("tariff.json")
            found.append((json.loads(path.read_text("utf-8")), json.loads(beside.read_text("utf-8"))))
        except (OSError, ValueError):
            continue
    return found


def mutate(value: Any, dice: random.Random) -> Any:
    """Return a copy with one place changed, removed, doubled or swapped for another place's value."""
    copy = json.loads(json.dumps(value))
    places: list[tuple[Any, Any]] = []
    _collect(copy, places)
    if not places:
        return dice.choice(ODD)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        owner, key = dice.choice(places)
        try:
            action = dice.randrange(4)
            if action == 0:
                del owner[key]
            elif action == 1 and isinstance(owner, list):
                owner.extend(owner[:50])
            elif action == 2:
                other, place = dice.choice(places)
                owner[key] = json.loads(json.dumps(other[place]))
            else:
                owner[key] = dice.choice(ODD)
        except (KeyError, IndexError):  # an earlier change took the place away
            continue
    return copy


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        places.append((value, key))
        _collect(inner, places)


def damage(data: bytes, dice: random.Random) -> bytes:
    """Return the bytes with a few of them changed, cut off or repeated."""
    broken = bytearray(data)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(broken))
        if dice.random() < 0.5:
            broken[at] = dice.randrange(256)
        else:
            broken[at : at + dice.randrange(8)] = dice.choice((b"", b"9" * 50, b"1e9999", b"NaN", b"[" * 2000, b'"'))
    return bytes(broken)


def attempt(record: bytes, tariff: bytes | None, dice: random.Random) -> str:
    """Check one pair the way the command does; return result or error code."""
    try:
        value = records(parse_json(record, "cdr"), "charging_periods")[0]
        prices = None if tariff is None else from_values([parse_json(tariff, "tariff")])
        zone = dice.choice((None, None, "Europe/Amsterdam", "UTC", "America/New_York", "x"))
        result = check_cdr(value, prices, CheckOptions(zone, dice.choice(("auto", "auto", "2.1.1", "2.2.1"))))
        json.dumps(check_json(result), allow_nan=False).encode()
        (account(result) + one_line("x", result)).encode()
        for one in prices([])[:3] if prices else ():
            lint(one)
            (in_words(one) + in_words(one, "de")).encode()
    except EvtechError as error:
        return f"{type(error).__name__}"
    except IndexError:
        return "empty list"
    return result.error or result.result


def main(seconds: float, seed: int, folder: Path | None) -> int:
    dice = random.Random(seed)
    pairs = samples(folder)
    end, counts, slowest = time.monotonic() + seconds, {}, 0.0
    while time.monotonic() < end:
        record, tariff = dice.choice(pairs)
        for _ in range(dice.choice((1, 1, 2, 4))):
            record = mutate(record, dice) if dice.random() < 0.6 else record
            tariff = mutate(tariff, dice) if tariff is not None and dice.random() < 0.6 else tariff
        texts = [json.dumps(record).encode(), None if tariff is None else json.dumps(tariff).encode()]
        if dice.random() < 0.2:
            side = dice.randrange(2) if texts[1] else 0
            texts[side] = damage(texts[side] or b" ", dice)
        start = time.monotonic()
        try:
            outcome = attempt(texts[0] or b"", texts[1], dice)
        except Exception:
            print(f"seed {seed}: escaped with\n{texts[0]!r}\n{texts[1]!r}")
            raise
        slowest = max(slowest, time.monotonic() - start)
        counts[outcome] = counts.get(outcome, 0) + 1
    print(f"{sum(counts.values())} pairs, slowest {slowest:.2f} s, nothing escaped:", dict(sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(
        main(
            float(sys.argv[1]) if sys.argv[1:] else 60.0,
            int(sys.argv[2]) if sys.argv[2:] else 1,
            Path(sys.argv[3]) if sys.argv[3:] else None,
        )
    )
