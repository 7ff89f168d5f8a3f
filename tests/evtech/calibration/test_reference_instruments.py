"""Reference instruments are files: one broken file hides no other, a plan may name one."""

from pathlib import Path

import pytest

from evtech.calibration.plan import load_plan
from evtech.calibration.reference_instruments import find_instrument, load_instruments
from evtech.errors import InputError

GOOD = """
vendor = "Acme"
model = "M1"
serial_number = "4711"
drift_pct = 0.03
[certificate]
number = "K-1"
U_pct = 0.05
k = 2
error_pct = [{ current_a = 5, error_pct = 0.01 }, { current_a = 32, error_pct = 0.03 }]
due = 2030-01-01
"""
PLAN = """
limit_profile = { limit_pct = 1.0 }
decision_rule = "simple"
instrument = "acme"
[[point]]
current_a = 16
"""


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text("drift_pct = -1")

    loaded = load_instruments(tmp_path)

    assert loaded.found["acme"].title == "Acme M1 SN 4711"
    assert "drift_pct" in str(loaded.broken[0])


def test_an_unknown_instrument_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(GOOD)

    with pytest.raises(InputError) as raised:
        find_instrument("acmee", tmp_path)

    assert "acme" in raised.value.hint


def test_a_plan_takes_the_certificate_of_the_instrument_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVTECH_INSTRUMENTS_DIR", str(tmp_path))
    (tmp_path / "acme.toml").write_text(GOOD)
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)

    reference = load_plan(plan).reference

    assert reference.serial_number == "4711"
    assert reference.certificate is not None
    assert reference.certificate.u_pct == 0.05
