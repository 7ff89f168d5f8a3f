"""Every branch of every fault can be evaluated: from columns named as its signals are, and from told facts."""

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.columns import column_name
from evtech.diagnostics.engine import diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.knowledge import Fault, faults
from evtech.diagnostics.trace import read_trace

SEEN = [fault for fault in faults().values() if fault.detect is not None]
NEVER_ALONE = {"CAB-CUT"}  # its loss must follow a presence: a recording of its own below
TYPICAL = {"lim.eff": 16.0, "lim.hw": 32.0, "lim.set": 16.0, "cmd.reset_age_s": 100.0, "site.breaker_a": 16.0,
           "site.phases": 3.0, "pp.amp": 20.0, "lim.watchdog_s": 60.0, "lim.failsafe": 6.0, "lim.phases": 3.0,
           "d.e_max_possible_wh": 5.0, "dc.v": 400.0, "lock.fb": "open"}  # fmt: skip


def branches(node: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield each smallest set of leaves that makes a tree true."""
    if "any" in node:
        for child in node["any"]:
            yield from branches(child)
    elif "all" in node:
        for parts in product(*(list(branches(child)) for child in node["all"])):
            yield [leaf for part in parts for leaf in part]
    else:
        yield [node]


def satisfying(leaf: dict[str, Any], chosen: dict[str, Any]) -> Any:
    op, value = leaf["op"], leaf.get("value")
    if isinstance(value, dict):
        other = chosen.setdefault(value["ref"], TYPICAL[value["ref"]])
        if isinstance(other, str):
            return "closed"
        value = value.get("k", 1.0) * other + value.get("plus", 0.0)
    if isinstance(value, bool):
        return float(value)
    if op in ("==", ">=", "<="):
        return value
    if op in (">", "abs_gt"):
        return value + 1
    if op == "<":
        return value / 2 if 0 < value <= 0.6 else value - 0.5
    if op == "!=":
        return "C2" if value == "A1" else value + 3
    if op == "in":
        return value[0]
    if op == "between":
        return sum(value) / 2
    if op == "outside":
        return value[0] - 0.3 * abs(value[0]) - 0.1
    if op == "in_bands":
        return sum(value[0]) / 2
    return None


def values_of(leaves: list[dict[str, Any]]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for leaf in sorted(leaves, key=lambda leaf: isinstance(leaf.get("value"), dict)):
        if leaf["op"] == "missing" or (leaf["signal"] in chosen and leaf["op"] != "=="):
            continue
        if leaf["op"] == "rate_gt":
            chosen[leaf["signal"]] = "rate"
            continue
        chosen[leaf["signal"]] = satisfying(leaf, chosen)
    return chosen


def cases() -> list[Any]:
    found = []
    for fault in SEEN:
        for number, leaves in enumerate(branches(dict(fault.detect or {}))):
            if fault.id not in NEVER_ALONE or number == 0:
                found.append(pytest.param(fault, leaves, id=f"{fault.id}-{number}"))
    return found


@pytest.mark.parametrize(("fault", "leaves"), cases())
def test_a_branch_is_evaluated(fault: Fault, leaves: list[dict[str, Any]], tmp_path: Path) -> None:
    chosen = values_of(leaves)
    assert all(column_name(name) for name in chosen)
    if fault.id == "LIM-WATCHDOG":
        chosen |= {"lim.eff": 6.0, "lim.set": 16.0, "lim.last_write_age_s": 100.0}
    with (tmp_path / "t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *(name.replace(".", "_") for name in chosen)])
        for t in range(1200):
            writer.writerow([t, *(20.0 + 30 * (t % 2) if v == "rate" else v for v in chosen.values())])
    diagnosis = diagnose(Evidence(read_trace(tmp_path / "t.csv")))

    stated = {f.fault.id for f in diagnosis.findings} | {name for f in diagnosis.findings for name in f.explains}
    assert fault.id in stated


def test_the_cut_cable_shows_by_what_is_lost(tmp_path: Path) -> None:
    lines = ["time,state,t_conn,cp_v", *(f"{t},C2,41,6" for t in range(60)), *(f"{t},A1,,0" for t in range(60, 90))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    (first, *_) = diagnose(Evidence(read_trace(tmp_path / "t.csv"))).findings

    assert first.fault.id == "CAB-CUT"
    assert first.began == 60


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"answers": {"site_phases": 3}, "registers": {"phase_count": 1}}, "INT-CONFIG"),
        ({"answers": {"breaker_a": 16}, "registers": {"hw_max_a": 32}}, "INT-CONFIG"),
        ({"answers": {"clock_offset_s": -3602}}, "CLK-DRIFT"),
        ({"answers": {"clk_drift_ppm": 180}}, "CLK-DRIFT"),
        ({"answers": {"gnd.v_pe": 92}}, "GND-OPEN-PEN"),
        ({"answers": {"pp_ohm": 30}}, "PP-INVALID"),
        ({"registers": {"rcm_selftest": "failed"}}, "RCD-SELFTEST"),
        ({"answers": {"hlc_stage_failed": "CableCheck"}}, "DC-CABLECHECK"),
        ({"answers": {"hlc_stage_failed": "PreCharge"}}, "DC-PRECHARGE"),
        ({"answers": {"phase_sequence": "L1-L3-L2"}}, "SUP-ROTATION"),
        ({"answers": {"env_water": True}}, "MEC-WATER"),
        ({"registers": {"relay_cycles": 41_000}}, "SW-WEAR"),
        ({"registers": {"foreign_write_seen": True}}, "COM-SECOND-MASTER"),
        ({"link": {"kind": "rtu", "burst_period_s": 30}}, "COM-SECOND-MASTER"),
        ({"link": {"kind": "tcp", "connected": False}}, "RCD-UPSTREAM"),
        ({"link": {"outcomes": [{"unit": 1, "ok_pct": 98, "crc_pct": 0, "framing_pct": 2}]}}, "COM-CRC-NOISE"),
        ({"link": {"outcomes": [{"unit": 1, "ok_pct": 90, "timeout_pct": 10, "p95_ms": 300}]}}, "COM-INTERMITTENT"),
        ({"link": {"outcomes": [{"unit": 1, "ok_pct": 100, "p95_ms": 1012}]}}, "COM-INTERMITTENT"),
    ],
)
def test_told_facts_decide(facts: dict[str, Any], fault: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("t,state,i1\n" + "".join(f"{t},C2,16\n" for t in range(60)))

    assert diagnose(Evidence(read_trace(tmp_path / "t.csv"), Facts(**facts))).findings[0].fault.id == fault
