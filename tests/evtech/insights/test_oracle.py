"""Every figure of ``evtech insights`` against the oracle, over files that are meant to hurt.

The commands' code and the oracle were written apart from the same sheet. Files are drawn from the seeds 0, 1, 2 …;
``EVTECH_CASES`` asks for more of them than a normal run has.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.evtech.insights import oracle
from tests.evtech.insights.adverse_files import Adversary, Files
from tests.evtech.insights.figures import figures
from tests.evtech.insights.oracle_rows import moment

CASES = int(os.environ.get("EVTECH_CASES", "300"))


@pytest.mark.parametrize("block", range(4))
def test_both_authors_agree(tmp_path: Path, block: int) -> None:
    for seed in range(block, CASES, 4):
        files = Adversary(Random(seed)).files()

        assert differences(files, tmp_path) == [], f"seed {seed}: {files}"


def differences(files: Files, folder: Path) -> list[tuple[str, Any, Any]]:
    """Return where, what the oracle says, what the command says."""
    ours, theirs = oracle.insights(**files.arguments()), said(files, folder)  # type: ignore[arg-type]  # texts by name
    for data in (ours, theirs):
        data["named"] = [set(data["utilisation"]), set(data["availability"]["ports"])]
    return list(unequal("", ours, theirs))


def said(files: Files, folder: Path) -> dict[str, Any]:
    """Return the command's JSON, with times and the findings that rows decide as the oracle has them."""
    texts = {name: getattr(files, name) for name in ("sessions", "outages", "states", "ports")}
    given = {name: text for name, text in texts.items() if text is not None}
    data = figures(folder, (files.start, files.end), files.now, given)
    data["demand"]["at"] = moment(data["demand"]["at"] or "")
    one_of = {"jump": "jump or scale_slip", "scale_slip": "jump or scale_slip"}
    rules = {"jump or scale_slip", "rollback", "clock", "outlier"}
    named = [(one_of.get(a["rule"], a["rule"]), a["port"], moment(a["from"])) for a in data["anomalies"]]
    data["anomalies"] = {each for each in named if each[0] in rules}
    return data


def unequal(path: str, ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the leaves that differ by more than rounding; the command may say more than the oracle."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours:
            yield from unequal(f"{path}.{key}", ours[key], theirs.get(key, "nothing"))
    elif isinstance(ours, list):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from unequal(f"{path}[{index}]", *pair)
    elif isinstance(ours, float) and isinstance(theirs, float | int):
        if not math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-8):
            yield path, ours, theirs
    elif ours != theirs:
        yield path, ours, theirs
