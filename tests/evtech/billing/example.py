"""Makes the example that the window offers: an evening in Berlin whose prices were taken in UTC.

Run ``python -m tests.evtech.billing.example`` to write it anew; a test compares the files with what is made here.
"""

import json
from pathlib import Path
from typing import Any

from evtech import paths
from tests.evtech.billing.signing import BEGIN, END, container, ocmf, payload, signer

METER, CARD = "M-0815", "0A0B0C0D"


def tariff() -> dict[str, Any]:
    def element(*prices: tuple[str, float, int], **restrictions: str) -> dict[str, Any]:
        components = [{"type": kind, "price": price, "vat": 19.0, "step_size": step} for kind, price, step in prices]
        return {"price_components": components} | ({"restrictions": restrictions} if restrictions else {})

    return {
        "country_code": "DE", "party_id": "EVT", "id": "DAY-NIGHT", "currency": "EUR",
        "elements": [
            element(("FLAT", 0.35, 1)),
            element(("ENERGY", 0.42, 1), ("PARKING_TIME", 6.0, 60), start_time="07:00", end_time="22:00"),
            element(("ENERGY", 0.29, 1), start_time="22:00", end_time="07:00"),
        ],
        "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def record() -> dict[str, Any]:
    def period(start: str, **volumes: float) -> dict[str, Any]:
        return {
            "start_date_time": start,
            "dimensions": [{"type": kind, "volume": volume} for kind, volume in volumes.items()],
        }

    return {
        "country_code": "DE", "party_id": "EVT", "id": "EXAMPLE-1", "start_date_time": "2026-03-02T21:15:00Z",
        "end_date_time": "2026-03-02T22:45:00Z", "cdr_token": {"uid": CARD, "type": "RFID", "contract_id": "DE-EVT-C1"},
        "auth_method": "WHITELIST",
        "cdr_location": {"id": "L1", "city": "Berlin", "country": "DEU", "time_zone": "Europe/Berlin"},
        "meter_id": METER, "currency": "EUR",
        "charging_periods": [
            period("2026-03-02T21:15:00Z", ENERGY=11.5, TIME=1.25),
            period("2026-03-02T22:30:00Z", PARKING_TIME=0.25),
        ],
        "total_cost": {"excl_vat": 5.18, "incl_vat": 6.1642},
        "total_fixed_cost": {"excl_vat": 0.35, "incl_vat": 0.4165},
        "total_energy": 11.5, "total_energy_cost": {"excl_vat": 4.83, "incl_vat": 5.7477},
        "total_time": 1.5, "total_parking_time": 0.25, "last_updated": "2026-03-02T22:46:00Z",
    }  # fmt: skip


def meter_values() -> bytes:
    key = signer().spki.hex()
    begin = BEGIN | {"TM": "2026-03-02T22:15:00,000+0100 S"}
    end = END | {"TM": "2026-03-02T23:45:00,000+0100 S"}
    return container(
        ("Transaction.Begin", ocmf(payload(begin, PG="T5", MS=METER, ID=CARD)).decode(), key),
        ("Transaction.End", ocmf(payload(end, PG="T6", MS=METER, ID=CARD)).decode(), key),
    )


def files() -> dict[str, bytes]:
    """Return the example's files by name."""
    return {
        "charge-record.json": (json.dumps(record(), indent=1) + "\n").encode(),
        "tariff.json": (json.dumps(tariff(), indent=1) + "\n").encode(),
        "meter-values.xml": meter_values(),
    }


def folder() -> Path:
    """Return where the example lies."""
    return paths.resources() / "samples" / "billing"


if __name__ == "__main__":
    for name, data in files().items():
        (folder() / name).write_bytes(data)
