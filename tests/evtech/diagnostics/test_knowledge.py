"""Knowledge and catalogues are whole: every reference leads somewhere, every vendor code has an answer."""

import json
import os
from pathlib import Path

import pytest

from evtech.diagnostics import trade_names
from evtech.diagnostics.knowledge import catalogues, faults
from evtech.diagnostics.lookup import look_up, look_up_register, numbers_in

REFERENCE = os.environ.get("EVTECH_REFERENCE")
OPERATORS = {"==", "!=", "<", "<=", ">", ">=", "in", "between", "outside", "in_bands", "missing", "abs_gt", "rate_gt"}


def leaves(node: dict[str, object] | None) -> list[dict[str, object]]:
    if not node:
        return []
    for key in ("all", "any"):
        if key in node:
            return [leaf for child in node[key] for leaf in leaves(child)]  # type: ignore[attr-defined]
    return leaves(node["not"]) if "not" in node else [node]  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", faults().values(), ids=lambda fault: fault.id)
def test_a_fault_is_whole(fault: object) -> None:
    assert fault.causes  # type: ignore[attr-defined]
    assert sum(c.prior for c in fault.causes) == pytest.approx(1, abs=0.021)  # type: ignore[attr-defined]
    assert fault.steps  # type: ignore[attr-defined]
    assert set(fault.suppresses) <= set(faults())  # type: ignore[attr-defined]
    assert {leaf["op"] for leaf in leaves(fault.detect)} <= OPERATORS  # type: ignore[attr-defined]
    if fault.severity == "critical":  # type: ignore[attr-defined]
        assert len(fault.safety) > 20  # type: ignore[attr-defined]


def test_every_fault_of_a_catalogue_exists() -> None:
    named = {name for c in catalogues().values() for code in c.codes for name in code.faults}

    assert named <= set(faults())


@pytest.mark.skipif(REFERENCE is None, reason="the fact sheets are not at hand")
def test_the_faults_are_those_of_the_sheet() -> None:
    sheet = {f["id"]: f for f in json.loads((Path(str(REFERENCE)) / "diagnostics.json").read_text())}

    assert set(sheet) == set(faults())
    for name, fault in faults().items():
        assert fault.severity == sheet[name]["severity"], name
        assert list(fault.suppresses) == sheet[name]["suppresses"], name
        assert fault.detect == sheet[name]["detect"], name
        assert fault.mrec == sheet[name]["mrec"], name


SHEETS = sorted((Path(REFERENCE) / "chargers").glob("*.json")) if REFERENCE else []


def forms(code: str, mode: str) -> set[str]:
    """Return the ways in which people write a code of a sheet."""
    number = int(code, 16) if mode == "enum_hex" else int(code)
    found = {hex(number), f"0x{number:02X}", f"{number:X}h", code if mode != "enum_hex" else f"0x{code}"}
    return found | ({f"bit {number}"} if mode == "bits" else {f"state {number}", f"error {number}", f"{number} blinks"})


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda file: file.stem)
def test_every_published_code_of_a_sheet_is_explained_in_every_form(sheet: Path) -> None:
    errors = json.loads(sheet.read_text()).get("error_map") or {}
    entries = errors.get("entries") or {}

    for code, entry in entries.items():
        for form in forms(code, errors["mode"]):
            alone, among_all = look_up(form, sheet.stem), look_up(form)
            assert entry["meaning"] in [match.meaning for match in alone], form
            assert (sheet.stem, entry["meaning"]) in [(match.profile, match.meaning) for match in among_all], form
    if not entries or errors["mode"] in ("opaque", "bits_opaque", "group_hi16"):
        (match,) = look_up("0x4D", sheet.stem)
        assert (match.meaning, match.published, match.code) == (None, False, "0x4D")


@pytest.mark.skipif(REFERENCE is None, reason="the fact sheets are not at hand")
def test_there_is_a_catalogue_for_every_sheet() -> None:
    sheets = {file.stem for file in (Path(str(REFERENCE)) / "chargers").glob("*.json")}

    assert sheets <= set(catalogues())


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("0x0C", 12), ("0Ch", 12), ("bit 12", 12), ("E12", 12), ("12 blinks", 12), ("F4", 4)],
)
def test_a_code_is_understood_in_every_form(text: str, number: int) -> None:
    assert number in numbers_in(text)


def test_a_code_without_published_meaning_is_found_and_says_so() -> None:
    (match,) = look_up("0x40000", "keba-kecontact-p30")

    assert (match.meaning, match.published) == (None, False)


def test_names_of_the_trade_lead_to_faults() -> None:
    assert look_up("cx017")[0].faults == ("SW-NO-CLOSE", "SW-WELD") or "SW-WELD" in look_up("cx017")[0].faults
    assert "TMP-DERATE" in look_up("HighTemperature")[0].faults
    assert look_up("sw-weld")[0].kind == "fault"


@pytest.mark.parametrize(
    ("name", "kind", "fault"),
    [
        ("CutCable", "mrec", "CAB-CUT"), ("connectorvoltagehigh", "mrec", "CONN-VOLTAGE"),
        ("SLACTimeout", "fault", "EV-HLC"),
        ("LocalListConflict", "ocpp", "AUT-REJECTED"), ("contactWet", "fault", "SW-WELD"),
    ],
)  # fmt: skip
def test_names_of_the_trade_are_found_like_codes(name: str, kind: str, fault: str) -> None:
    assert any(match.kind == kind and fault in match.faults for match in look_up(name))


def test_every_named_fault_exists() -> None:
    assert {fault for _, named in trade_names._BY_NAME.values() for fault in named} <= faults().keys()
    assert all(any(fault.mrec == code for fault in faults().values()) for code in trade_names.MREC)


def test_words_stay_words() -> None:
    assert {match.kind for match in look_up("ground fault")} == {"vendor"}


def test_a_register_of_bits_is_taken_apart() -> None:
    assert [match.code for match in look_up_register("0x06", "abb-terra-ac")] == ["1", "2"]
    assert [match.code for match in look_up_register("7", "webasto-next")] == ["7"]


def test_flashes_of_a_light_are_codes() -> None:
    assert "SW-WELD" in look_up("steady red")[0].faults
    assert ("hager-witty", ("CP-SHORT",)) in [(m.profile, m.faults) for m in look_up("2 flashes")]


def test_words_find_faults() -> None:
    assert "SW-WELD" in [match.code for match in look_up("welded pole")]
    assert look_up("no such thing at all") == []
