"""The reference samples of signed files, where they are at hand: results, values, codes and amounts exactly."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from evtech.billing.signatures import verify_bytes

REFERENCE = os.environ.get("EVTECH_REFERENCE")
FOLDER = Path(REFERENCE or "") / "billing-samples"


def _cases() -> list[dict[str, Any]]:
    if not REFERENCE:
        return []
    return [case for case in json.loads((FOLDER / "index.json").read_text())["cases"] if case["kind"] == "verify"]


@pytest.mark.skipif(not REFERENCE, reason="the reference samples are not at hand")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_a_sample(case: dict[str, Any]) -> None:
    answer = verify_bytes((FOLDER / case["file"]).read_bytes(), public_key=case.get("public_key")).to_json()
    transaction = answer["transaction"]
    found = {
        "result": answer["result"],
        "reason": answer["reason"],
        "format": answer["format"],
        "values": [value["signature"] for value in answer["values"]],
        "transaction_complete": transaction["complete"],
        "energy_kwh": transaction["energy_kwh"],
        "duration_s": transaction["duration_s"],
        "billable": transaction["billable"],
        "problems": sorted(notice["code"] for notice in transaction["problems"]),
        "warnings": sorted(notice["code"] for notice in transaction["warnings"]),
    }
    expected = {name: case["expect"][name] for name in case["expect"] if name not in case.get("not_compared", [])}

    for name, value in expected.items():
        wanted = sorted(value) if name in ("problems", "warnings") else value
        near = pytest.approx(wanted, abs=0.001) if isinstance(wanted, float) else wanted
        assert found[name] == near, name
