"""Limit profiles: every file loads, says where it comes from, and picks the right row."""

from pathlib import Path
from typing import Any

import pytest

from evtech.calibration.evaluate import evaluate
from evtech.calibration.limits import find_profile, limit_for, limit_profiles
from evtech.calibration.run_record import run_from_json
from evtech.errors import InputError
from tests.evtech.calibration.records import ac_record

RATED = {"i_min_a": 0.25, "i_tr_a": 0.5, "i_b_a": 5, "i_max_a": 80}


def limit_of(profile: str, current_a: float, power_factor: float | None = 1.0, **more: Any) -> float | None:
    """Return the limit for a load; ``rated``, ``temperature``, ``load`` and ``stage`` may be given."""
    record = ac_record(limit=profile)
    record["points"][0] |= {"current_a": current_a, "power_factor": power_factor, "load": more.get("load", "balanced")}
    if "rated" in more:
        record["device"]["rated_currents"] = more["rated"]
    if "temperature" in more:
        record["environment"] = {"temperature_c": more["temperature"]}
    if "stage" in more:
        record["stage"] = more["stage"]
    run = run_from_json(record)
    found = limit_for(run, run.points[0])
    return found.limit_pct if found else None


@pytest.mark.parametrize(("profile_id"), limit_profiles())
def test_every_profile_says_where_it_stands(profile_id: str) -> None:
    profile = find_profile(profile_id)
    assert profile.id == profile_id
    assert profile.edition and profile.jurisdiction and profile.sources
    assert profile.verified == bool(profile.verified_by)


def test_the_promised_profiles_ship() -> None:
    promised = (
        "us_hb44_ac",
        "us_hb44_dc",
        "eu_mid_class_b",
        "en_50470_3_class_b",
        "iec_62053_21_class_1",
        "de_in_service",
    )
    assert set(promised) <= set(limit_profiles())


@pytest.mark.parametrize(
    ("profile", "current", "power_factor", "limit"),
    [
        ("eu_mid_class_b", 0.25, 1.0, 2.0),
        ("eu_mid_class_c", 0.4999, 1.0, 1.0),
        ("eu_mid_class_c", 0.5, 1.0, 0.7),
        ("eu_mid_class_a", 80, 0.5, 3.5),
        ("eu_mid_class_a", 80.1, 1.0, None),
        ("eu_mid_class_a", 0.2, 1.0, None),
        ("en_50470_3_class_b", 0.3, 1.0, 1.5),
        ("en_50470_3_class_b", 16, 1.0, 1.0),
        ("iec_62053_21_class_1", 0.25, 1.0, 1.5),
        ("iec_62053_21_class_1", 0.5, 1.0, 1.0),
        ("iec_62053_21_class_2", 0.6, 0.6, 2.5),
        ("iec_62053_21_class_1", 16, 0.3, None),
        ("oiml_r46_class_d", 16, 0.8, 0.3),
        ("de_in_service", 16, 1.0, 7.0),
        ("de_in_service_class_b", 16, 1.0, 4.0),
        ("us_hb44_ac", 16, 1.0, 1.0),
    ],
)
def test_the_row_follows_current_and_power_factor(
    profile: str, current: float, power_factor: float, limit: float | None
) -> None:
    assert limit_of(profile, current, power_factor, rated=RATED, temperature=20) == limit


@pytest.mark.parametrize(
    ("temperature", "limit"), [(20, 2.0), (30, 2.0), (35, 2.5), (-5, 2.5), (50, 3.5), (-30, 4.0), (75, None)]
)
def test_the_row_follows_temperature(temperature: float, limit: float | None) -> None:
    assert limit_of("eu_mid_class_b", 16, rated=RATED, temperature=temperature) == limit


def test_single_phase_load_has_its_own_row() -> None:
    assert limit_of("eu_mid_class_b", 16, rated=RATED, temperature=20, load="single_phase") == 2.5


def test_what_is_not_known_counts_as_the_strictest() -> None:
    assert limit_of("en_50470_3_class_b", 0.3, None) == 1.0
    record = ac_record(limit="eu_mid_class_c")
    run = run_from_json(record)
    found = limit_for(run, run.points[0])
    assert found and (found.limit_pct, found.assumed) == (0.7, ("rated_currents", "temperature"))


def test_a_device_in_use_has_the_maintenance_limit() -> None:
    assert limit_of("us_hb44_ac", 16, stage="maintenance") == 2.0


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="no limit profile 'eu_mid'") as refusal:
        find_profile("eu_mid")
    assert "eu_mid_class_b" in refusal.value.hint


def test_an_own_profile_replaces_a_shipped_one_and_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVTECH_LIMITS_DIR", str(tmp_path))
    own = tmp_path / "own.toml"
    head = 'family = "oiml_g22_class_a"\ntitle = "x"\nedition = "y"\njurisdiction = "z"\nconfidence = "high"\n'
    own.write_text(f"{head}[[row]]\nlimits = [3.0]\n", "utf-8")
    assert limit_of("oiml_g22_class_a", 16) == 3.0
    own.write_text(f"{head}[[row]]\nlimit = [3.0]\n", "utf-8")
    with pytest.raises(InputError, match=r"own\.toml: row\[0\]\.limit is not known"):
        find_profile("oiml_g22_class_a")
    own.write_text(f"{head}[[row]]\nlimits = [-3.0]\n", "utf-8")
    with pytest.raises(InputError, match="not above 0"):
        find_profile("oiml_g22_class_a")


def test_a_row_that_nobody_checked_is_marked_in_a_checked_profile() -> None:
    record = ac_record(limit="eu_mid_class_b")
    record["points"][0]["load"] = "single_phase"
    said = [remark.say() for remark in evaluate(run_from_json(record)).notes]
    assert any("single-phase load" in line and "not verified against the legal text" in line for line in said)
