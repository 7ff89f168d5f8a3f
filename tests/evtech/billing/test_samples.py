"""The shared price cases: totals to four decimals, codes exactly. Skipped where the samples are not at hand."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from evtech.billing.answer import check_json
from evtech.billing.check import CheckOptions, check_cdr
from evtech.billing.json_files import read_json
from evtech.billing.tariff_files import from_files

FOLDER = Path(os.environ.get("EVTECH_REFERENCE", "/nowhere")) / "billing-samples"


def _cases() -> list[Any]:
    index = FOLDER / "index.json"
    if not index.exists():
        return []
    return [case for case in json.loads(index.read_text("utf-8"))["cases"] if case["kind"] == "price"]


def checked(case: dict[str, Any]) -> dict[str, Any]:
    zone = case["timezone"] if case.get("pass_timezone", True) else None
    files = [FOLDER / case["tariff"]] if case["tariff"] else []
    result = check_cdr(read_json(FOLDER / case["cdr"]), from_files(files), CheckOptions(zone))
    return check_json(result)


def flat(calculated: dict[str, Any]) -> dict[str, Any]:
    sides = {f"{k}.{side}": x for k, v in calculated.items() if isinstance(v, dict) for side, x in v.items()}
    return {k: v for k, v in calculated.items() if not isinstance(v, dict)} | sides


@pytest.mark.skipif(not _cases(), reason="EVTECH_REFERENCE is not set")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_a_shared_case_gives_the_expected_answer(case: dict[str, Any]) -> None:
    expect, answer = case["expect"], checked(case)
    assert answer["result"] == expect["result"]
    for name in ("tariff_id", "limit_applied", "error", "likely_causes"):
        if name in expect:
            assert answer[name] == expect[name], name
    if answer["result"] != "error":
        assert flat(answer["calculated"]) == pytest.approx(flat(expect["calculated"]), abs=1e-9)
        found = {(d["code"], d["field"], d["severity"]) for d in answer["discrepancies"]}
        assert found == {(d["code"], d["field"], d["severity"]) for d in expect["discrepancies"]}
    for name, value in expect.get("signed", {}).items():
        assert answer["signed"][name] == value, name
