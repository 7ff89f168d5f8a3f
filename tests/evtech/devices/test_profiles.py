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


def test_an_unknown_profile_names_the_near_ones() -> None:
    with pytest.raises(ProfileError) as caught:
        Library().find("keba-p30")
    assert "keba-kecontact-p30" in caught.value.hint
