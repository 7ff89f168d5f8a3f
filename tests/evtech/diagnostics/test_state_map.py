"""A logger's recording holds the maker's own numbers: the profile that was named reads them."""

from pathlib import Path

import pytest

from evtech.devices.library import Library
from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.state_map import as_product_says
from evtech.diagnostics.trace import Trace, read_trace
from evtech.errors import ProfileError

HEIDELBERG, KEBA = "heidelberg-energy-control", "keba-kecontact-p30"


def read(folder: Path, profile: str | None, rows: list[tuple[object, ...]], head: str = "state,i1") -> Trace:
    lines = [f"{second},{','.join(map(str, row))}" for second, row in enumerate(rows)]
    (folder / "t.csv").write_text("\n".join([f"time,{head}", *lines]))
    trace, _ = as_product_says(read_trace(folder / "t.csv"), profile, Library(folder))
    return trace


def answer(trace: Trace, profile: str) -> Diagnosis:
    return diagnose(Evidence(trace), profile)


def test_numbers_become_letters(tmp_path: Path) -> None:
    trace = read(tmp_path, HEIDELBERG, [(2, 0), (5, 0), (7, 16), (8, 9)])

    assert trace.texts["cp_state"].tolist() == ["A1", "B2", "C2", "C"] or trace.texts["cp_state"][3].startswith("C")


@pytest.mark.parametrize(("number", "fault"), [(11, "INT-FAULT"), (9, "CP-SHORT"), (8, "TMP-DERATE")])
def test_a_state_that_is_a_fault_is_found(number: int, fault: str, tmp_path: Path) -> None:
    trace = read(tmp_path, HEIDELBERG, [(2, 0)] * 30 + [(number, 9 if number == 8 else 0)] * 30)

    assert answer(trace, HEIDELBERG).findings[0].fault.id == fault


def test_what_rests_on_a_register_that_is_not_recorded_is_unknown(tmp_path: Path) -> None:
    alone = read(tmp_path, KEBA, [(2, 0), (3, 16), (2, 0)])
    beside = read(tmp_path, KEBA, [(2, 0, 3), (3, 16, 7), (2, 0, 7)], "state,i1,cable_state")

    assert [word[:1] for word in alone.texts["cp_state"].tolist()] == ["", "C", ""]
    assert [word[:1] for word in beside.texts["cp_state"].tolist()] == ["A", "C", "B"]


def test_letters_stay(tmp_path: Path) -> None:
    trace = read(tmp_path, HEIDELBERG, [("A1", 0), ("C2", 16)])

    assert trace.texts["cp_state"].tolist() == ["A1", "C2"]


def test_the_codes_of_a_product_without_a_profile_are_understood(tmp_path: Path) -> None:
    trace = read(tmp_path, "webasto-next", [("A1", 0, 0)] * 30 + [("A1", 0, 16)] * 30, "state,i1,fault")

    assert answer(trace, "webasto-next").findings[0].fault.id == "RCD-DC"


def test_a_product_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        read(tmp_path, "no-such-box", [("A1", 0)])
