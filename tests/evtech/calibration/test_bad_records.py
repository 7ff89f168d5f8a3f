"""A record that cannot be is refused with file, field and what is allowed; it never gives a number."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from evtech.calibration.run_record import load_run, run_from_json, run_to_json, save_run
from evtech.calibration.strict import MOST_BYTES
from evtech.errors import InputError
from tests.evtech.calibration.records import ac_record, power_record


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the AC record with one value replaced; a value of ``...`` is taken out."""
    record = copy.deepcopy(ac_record())
    *way, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    place: Any = record
    for word in way:
        place = place[word]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return record


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("schema", "evtech.calibration-run/2", "schema"),
        ("schema", ..., "schema"),
        ("method", "dose", "method"),
        ("method", ..., "method is missing"),
        ("limit_profile", {"limit_pct": -1.0}, "limit_profile.limit_pct"),
        ("limit_profile", {"limit_pct": 0}, "limit_profile.limit_pct"),
        ("limit_profile", {}, "limit_profile.limit_pct is missing"),
        ("limit_profile", 1.0, "limit_profile"),
        ("decision_rule", "four_classes", "decision_rule"),
        ("decision_rule", ["simple"], "decision_rule"),
        ("guard_factor", -1, "guard_factor"),
        ("resolution_mode", "none", "resolution_mode"),
        ("points", [], "points is empty"),
        ("points", {}, "points"),
        ("points.0.limit_pct", -2, "points[0].limit_pct"),
        ("points.0.sync_tau_s", "0.25", "points[0].sync_tau_s"),
        ("points.0.runs", None, "points[0].runs"),
        ("points.0.runs.1.device_kwh", "5.53", "points[0].runs[1].device_kwh"),
        ("points.0.runs.1.device_kwh", True, "points[0].runs[1].device_kwh"),
        ("points.0.runs.1.device_kwh", None, "points[0].runs[1].device_start_kwh is missing"),
        ("points.0.runs.1.device_kwh", 1e300, "points[0].runs[1].device_kwh"),
        ("points.0.runs.1.device_kwh", 10**400, "points[0].runs[1].device_kwh"),
        ("points.0.runs.1.device_kwh", float("inf"), "points[0].runs[1].device_kwh"),
        ("points.0.runs.1.device_start_kwh", 3.0, "points[0].runs[1].device_end_kwh is missing"),
        ("points.0.runs.1.duration_s", ..., "points[0].runs[1].duration_s is missing"),
        ("points.0.runs.1.duration_s", -5, "points[0].runs[1].duration_s"),
        ("points.0.runs.1.valid", "yes", "points[0].runs[1].valid"),
        ("reference", [], "reference"),
        ("reference.drift_pct", -0.1, "reference.drift_pct"),
        ("reference.resolution_kwh", ..., "reference.resolution_kwh is missing"),
        ("device.resolution_kwh", -0.01, "device.resolution_kwh"),
        ("device", ..., "device is missing"),
        ("reference.certificate", "DKD-1", "reference.certificate"),
        ("reference.certificate.k", 0, "reference.certificate.k"),
        ("reference.certificate.U_pct", -0.05, "reference.certificate.U_pct"),
        ("reference.certificate.error_pct", "small", "reference.certificate.error_pct"),
        ("reference.certificate.error_pct", [{"error_pct": 0.1}], "reference.certificate.error_pct[0].current_a"),
    ],
)
def test_a_wrong_field_is_named(path: str, value: Any, named: str) -> None:
    with pytest.raises(InputError) as refusal:
        run_from_json(changed(path, value), "RUN.json")
    assert str(refusal.value).startswith(f"RUN.json: {named}")
    assert refusal.value.hint
    assert refusal.value.exit_code == 2


def test_two_load_points_of_one_name_cannot_be_told_apart() -> None:
    record = ac_record()
    record["points"] *= 2
    with pytest.raises(InputError, match="two load points have the same name"):
        run_from_json(record)


def test_a_register_difference_must_agree_with_its_ends() -> None:
    record = ac_record()
    record["points"][0]["runs"][0] |= {"device_start_kwh": 10.0, "device_end_kwh": 15.0}
    with pytest.raises(InputError, match=r"device_kwh is 5\.53"):
        run_from_json(record)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b'{"schema": "evtech.calibration-run/1", "points": [',
        b"[1, 2]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"schema": "evtech.calibration-run/1", "guard_factor": NaN}',
        b'{"schema": "evtech.calibration-run/1", "guard_factor": -Infinity}',
        b'{"schema": "a", "schema": "evtech.calibration-run/1"}',
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(text)
    with pytest.raises(InputError, match=r"run\.json"):
        load_run(path)


def test_a_file_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match="larger than 20 MB"):
        load_run(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_run(tmp_path / "absent.json")


@pytest.mark.parametrize("record", [ac_record(), power_record(limit="eu_mid_class_b", id="7", technician="Jö")])
def test_a_saved_record_reads_back_equal(tmp_path: Path, record: dict[str, Any]) -> None:
    run = run_from_json(record)
    save_run(run, tmp_path / "run.json")
    assert load_run(tmp_path / "run.json") == run
    assert run_from_json(json.loads(json.dumps(run_to_json(run)))) == run
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_record_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_run(run_from_json(ac_record()), tmp_path / "absent" / "run.json")


def test_other_tools_may_add_their_own_keys() -> None:
    assert run_from_json(ac_record(bench="7") | {"x": 1}) == run_from_json(ac_record())


def test_null_is_unknown_wherever_a_value_may_be_missing() -> None:
    assert run_from_json(changed("guard_factor", None)) == run_from_json(ac_record())
    assert run_from_json(changed("resolution_mode", None)).resolution_mode == "full"
