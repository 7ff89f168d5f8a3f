"""The shipped profiles are right, agree with the fact sheets, and a wrong file is refused with every problem."""

import json
import os
from pathlib import Path

import pytest

from evtech import paths
from evtech.devices.library import Library
from evtech.devices.profile_files import check_file, load_profile
from evtech.errors import ProfileError
from evtech.measure.vocabulary import BASE_UNITS

SHIPPED = sorted((paths.resources() / "profiles").glob("*.toml"))
REFERENCE = os.environ.get("EVTECH_REFERENCE")
BOUGHT = [file for file in SHIPPED if file.stem != "evtech-trainer"]  # the trainer has no maker


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_has_no_problem(file: Path) -> None:
    assert check_file(file) == []


@pytest.mark.skipif(REFERENCE is None, reason="the fact sheets are not at hand")
@pytest.mark.parametrize("file", BOUGHT, ids=lambda file: file.stem)
def test_types_word_order_units_and_marks_are_those_of_the_sheet(file: Path) -> None:
    sheet = next(Path(str(REFERENCE)).glob(f"*/{file.stem}.json"))
    facts = json.loads(sheet.read_text())
    profile = load_profile(file)
    types = {"string": "text", "ascii": "text", "bitfield16": "bits16", "bitfield32": "bits32"}

    for row in facts["registers"]:
        point = profile.points[row["name"]]
        assert point.type == types.get(row["type"], row["type"]), row["name"]
        assert point.unit_id == (None if row.get("unit_id") in (None, "socket") else row["unit_id"]), row["name"]
        if point.count > 1 and point.type != "text":
            assert point.word_order == facts["word_order"], row["name"]
        if point.type in facts.get("invalid_values", {}):
            assert 0x7FFFFFFF in point.not_available, row["name"]
    assert profile.unit_id == facts["defaults"]["unit_id"]
    assert facts["defaults"]["baud"] in (None, profile.serial.baud)
    assert facts["defaults"]["parity"] in (None, profile.serial.parity)
    assert facts["defaults"]["port"] in (None, profile.port)


@pytest.mark.skipif(REFERENCE is None, reason="the fact sheets are not at hand")
@pytest.mark.parametrize("file", BOUGHT, ids=lambda file: file.stem)
def test_every_register_of_the_sheet_is_in_the_profile(file: Path) -> None:
    sheet = next(Path(str(REFERENCE)).glob(f"*/{file.stem}.json"))
    facts = json.loads(sheet.read_text())
    rows = facts["registers"]
    rows += [r for r in facts["identification"] if "address" in r] if isinstance(facts["identification"], list) else []
    profile = load_profile(file)

    assert {row["name"] for row in rows} == set(profile.points)
    for row in rows:
        point = profile.points[row["name"]]
        unit, factor = BASE_UNITS.get(row.get("unit") or "", (row.get("unit") or "", 1.0))
        if row["name"].startswith("power_factor") and unit == "%":
            unit, factor = "", 0.01
        assert (point.table, point.address, point.count) == (row["kind"], row["address"], row["count"]), row["name"]
        assert point.scale == pytest.approx((row.get("scale") or 1) * factor), row["name"]
        assert point.unit == unit, row["name"]
        assert point.access == row.get("access", "r"), row["name"]


GOOD = """
vendor = "Acme"
model = "AC-22"
kind = "charger"
protocols = ["modbus-tcp"]

[[point]]
name = "voltage_l1"
address = 10
type = "uint16"
unit = "V"
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('type = "uint16"', 'type = "uint17"', 7, "type is 'uint17'"),
        ("address = 10", "address = 70000", 7, "address is 70000"),
        ('unit = "V"', 'unit = "A"', 7, "voltage_l1 is in V, not A"),
        ('unit = "V"', 'unit = "V"\nscale = 0', 7, "scale is 0"),
        ('unit = "V"', 'unit = "V"\nadress = 5', 7, "'adress' is not a key"),
        ('unit = "V"', 'unit = "V"\nscale = nan', 7, "scale is nan"),
        ('unit = "V"', 'unit = "V"\noffset = inf', 7, "offset is inf"),
        ('unit = "V"', 'unit = "V"\nunit_id = 300', 7, "unit_id is 300"),
        ('unit = "V"', 'unit = "V"\nnot_available = ["x"]', 7, "not_available is ['x']"),
        ('unit = "V"', 'unit = "V"\nminimum = 5\nmaximum = 1', 7, "minimum 5 is above maximum 1"),
        ('unit = "V"', 'unit = "V"\nvalues = { 70000 = "x" }', 7, "values names 70000"),
        ('unit = "V"', 'unit = "V"\nbits = { 16 = "x" }', 7, "bits names 16"),
        ('unit = "V"', 'unit = "V"\nresolution = -1', 7, "resolution is -1"),
        ('address = 10\ntype = "uint16"', 'address = 65535\ntype = "uint32"', 7, "ends at address 65536"),
        ('type = "uint16"\nunit = "V"', 'type = "text"', 7, "count is missing"),
        ('kind = "charger"', 'kind = "charger"\nport = 0', None, "port is 0"),
        ('kind = "charger"', 'kind = "charger"\nunit_id = 999', None, "unit_id is 999"),
        ('kind = "charger"', 'kind = "charger"\nserial = 5', None, "serial is 5"),
        ('kind = "charger"', 'kind = "charger"\nserial = { baud = 0 }', None, "baud is 0"),
        ('kind = "charger"', 'kind = "charger"\nreads = { max_registers = 500 }', None, "max_registers is 500"),
        ('kind = "charger"', 'kind = "charger"\nreads = { min_gap_s = -1 }', None, "min_gap_s is -1"),
        ('kind = "charger"', 'kind = "charger"\nreads = { blocks = "no" }', None, "blocks is 'no'"),
        ('kind = "charger"', 'kind = "charger"\nrecognise = { voltage_l1 = "^(" }', None, "recognise voltage_l1"),
        ('kind = "charger"', 'kind = "charger"\nrecognise = { voltage_l1 = "9..0" }', None, "recognise voltage_l1"),
        ('protocols = ["modbus-tcp"]', "protocols = []", None, "protocols is empty"),
        ('vendor = "Acme"', 'vendor = " "', None, "vendor is empty"),
        ('kind = "charger"', 'kind = "toaster"', None, "kind is 'toaster'"),
        ('vendor = "Acme"', "", None, "vendor is missing"),
        ('unit = "V"', "unit = ", 11, "not TOML"),
        (
            'unit = "V"',
            'unit = "V"\n[[state]]\nwhen = { nothing = 1 }\ntext = "x"',
            None,
            "'nothing', which is no point",
        ),
    ],
)
def test_a_wrong_file_names_line_and_reason(tmp_path: Path, old: str, new: str, line: int | None, reason: str) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(GOOD.replace(old, new))

    problems = check_file(file)

    assert any(reason in problem.reason and problem.line == line for problem in problems), problems
    with pytest.raises(ProfileError):
        load_profile(file)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"point = 5\n", b"[[point]]\nname = 3\n", b"a = " + b"[" * 5000])
def test_garbage_is_a_problem_and_not_a_crash(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(content)

    assert check_file(file)


def test_a_broken_file_of_the_user_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text("vendor = 5")

    library = Library(tmp_path)

    assert library.find("good").source == "user"
    assert len(library.profiles()) == len(SHIPPED) + 1
    assert [Path(error.file).name for error in library.broken] == ["bad.toml"]
    with pytest.raises(ProfileError, match=r"bad\.toml"):
        library.find("bad")


def test_a_profile_is_found_without_reading_the_others(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text("vendor = 5")
    (tmp_path / "keba-kecontact-p30.toml").write_text(GOOD)
    library = Library(tmp_path)

    assert library.find("keba-kecontact-p30").source == "user"
    assert library.find("eastron-sdm630").source == "built-in"
    assert library.find("good") is library.find("good")
    assert library.broken == []
    (tmp_path / "good.toml").write_text("vendor = 5")
    library.reload()
    with pytest.raises(ProfileError, match=r"good\.toml"):
        library.find("good")


def test_one_pass_finds_the_problems_of_every_part(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(GOOD.replace('"uint16"', '"uint17"').replace("Acme", "").replace('"modbus-tcp"', '"canbus"'))

    reasons = " ".join(problem.reason for problem in check_file(file))

    assert all(word in reasons for word in ("uint17", "vendor is empty", "canbus"))


def test_an_unknown_profile_names_the_near_ones() -> None:
    with pytest.raises(ProfileError) as caught:
        Library().find("keba-p30")
    assert "keba-kecontact-p30" in caught.value.hint
