"""Facts of the wrong kind are refused with a sentence; what is unknown is null."""

import json
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.facts import read_facts
from evtech.errors import InputError


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"trips": [1]}, "entry 1 of trips must be an object"),
        ({"trips": [{"temperature": "hot"}]}, "temperature in entry 1 of trips must be a number"),
        ({"previous": ["boot"]}, "entry 1 of previous must be an object"),
        ({"link": {"outcomes": {"ok_pct": 1}}}, "link.outcomes must be a list"),
        ({"link": {"outcomes": [{"ok_pct": "99"}]}}, "ok_pct in entry 1 of link.outcomes must be a number"),
        ({"link": {"outcomes": [{"ok_pct": float("nan")}]}}, "is nan"),
        ({"series": [{"points": "x"}]}, "points in entry 1 of series must be a list"),
        ({"answers": []}, "answers must be an object"),
    ],
)
def test_the_wrong_kind_is_said(facts: dict[str, Any], says: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps(facts))

    with pytest.raises(InputError, match=says):
        read_facts(tmp_path / "f.json")


def test_null_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"answers": null, "trips": null, "link": {"outcomes": [{"ok_pct": null}]}}')

    facts = read_facts(tmp_path / "f.json")

    assert (facts.answers, facts.trips) == ({}, [])
