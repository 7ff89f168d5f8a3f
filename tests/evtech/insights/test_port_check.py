"""Charts of ports and signed records in the archive: kept once, anew after an adjustment, gone with their cause."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from evtech.errors import InputError
from evtech.insights.archive_records import read_archive
from evtech.insights.kept_findings import all_kept
from evtech.insights.port_check import adjusted, check_bills, check_ports
from evtech.insights.rule_limits import DEFAULTS
from evtech.insights.session_check import check_archive
from evtech.reports.signers import load_signer
from evtech.reports.visit_file import export_visit, import_visit, open_visit
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from tests.evtech.insights.findings import PORT, START, WHO, fill

FOREVER = (0.0, 1e12)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive.open(tmp_path / "a.evtech")
    yield made
    made.close()


def sessions(archive: Archive, mismatches: np.ndarray) -> None:
    """Keep a session a day with its check."""
    visit = archive.start_visit(site="Yard")
    recording = archive.start_recording(visit.id, WHO, [], 1.0).recording_id
    for day, value in enumerate(mismatches):
        at = START + timedelta(days=day)
        archive.close_session(ChargingSession(f"s{day:03d}", visit.id, recording, WHO, at, at + timedelta(hours=1)))
        body = {"mismatch_pct": round(float(value), 6)}
        archive.add_result(Result("check", "Checked.", body, DEFAULTS.stamp, visit.id, f"s{day:03d}", recording))


def drifting(count: int = 60, at: int = 40) -> np.ndarray:
    return 0.1 + np.random.default_rng(2).normal(0, 0.1, count) + np.where(np.arange(count) >= at, 0.8, 0.0)


def test_a_drift_is_kept_once_and_seen_in_insights(archive: Archive) -> None:
    sessions(archive, drifting())
    (found,) = check_ports(archive, [PORT], DEFAULTS)
    assert check_ports(archive, [PORT], DEFAULTS) == [found]

    assert len(archive.results("trend")) == 1
    assert all_kept(archive, *FOREVER) == [found]
    assert (found.rule, found.port, found.session_id) == ("drift", PORT, "s041")
    records = read_archive(archive, period=(START.timestamp(), START.timestamp() + 90 * 86_400))
    assert [a.rule for a in records.findings] == ["drift"]


def test_a_visit_from_another_laptop_brings_its_chart(archive: Archive, tmp_path: Path) -> None:
    sessions(archive, drifting())
    check_ports(archive, [PORT], DEFAULTS)
    (visit,) = archive.visits()
    signer = load_signer("A. Novak", folder=tmp_path / "seal")
    export_visit(archive, visit.id, tmp_path / "a.evvisit", signer)
    other = Archive.open(tmp_path / "b.evtech")
    import_visit(other, open_visit(tmp_path / "a.evvisit", {signer.fingerprint: "A. Novak"}))

    assert [a.rule for a in all_kept(other, *FOREVER)] == ["drift"]
    other.close()


def test_an_adjustment_begins_a_new_chart_and_takes_back_what_was_before_it(archive: Archive) -> None:
    sessions(archive, drifting())
    check_ports(archive, [PORT], DEFAULTS)
    adjusted(archive, "p30", START + timedelta(days=40), reason="new meter", technician="N. Kim")

    assert check_ports(archive, [PORT], DEFAULTS) == []
    assert all_kept(archive, *FOREVER) == []
    assert len(archive.results("trend")) == 2


@pytest.mark.parametrize(
    ("port", "reason", "technician", "said"),
    [
        ("nowhere", "x", "y", "There is no port"), ("P30", "", "y", "needs its reason"),
        ("P30", "x", " ", "needs its reason"),
    ],
)  # fmt: skip
def test_an_adjustment_needs_port_reason_and_name(
    archive: Archive, port: str, reason: str, technician: str, said: str
) -> None:
    fill(archive)
    with pytest.raises(InputError, match=said):
        adjusted(archive, port, START, reason=reason, technician=technician)


def calibrated(archive: Archive, errors: list[float], adjustment: str = "none") -> None:
    device = {"vendor": "KEBA", "model": "P30", "serial_number": "A"}
    for number, error in enumerate(errors):
        body = {
            "record": {"device": device, "adjustment": adjustment if number == len(errors) - 1 else "none"},
            "result": {"points": [{"name": "16 A", "error_pct": error}, {"name": "6 A", "error_pct": None}]},
        }
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=30 * number)
        archive.add_result(Result("calibration", "Calibration", body, "PASS", at=at))


def test_errors_of_calibrations_are_charted_by_load_point(archive: Archive) -> None:
    calibrated(archive, [0.1, 0.15, 0.05, 0.12, 0.08, 0.1, 0.14, 0.06, 0.11, 1.2, 1.3, 1.25, 1.2])
    done = check_archive(archive, *FOREVER)

    assert [(a.rule, a.about, a.port) for a in done.trends] == [("drift", "calibration 16 A", PORT)]
    assert "first 8 calibrations" in done.trends[0].text


def test_a_calibration_as_left_begins_a_new_chart(archive: Archive) -> None:
    calibrated(archive, [0.1, 0.15, 0.05, 0.12, 0.08, 0.1, 0.14, 0.06, 0.11, 1.2], "as_left")
    assert check_archive(archive, *FOREVER).trends == []


def bill(archive: Archive, signature: str, energy_kwh: float | None) -> Result:
    signed = {"signature": signature, "energy_kwh": energy_kwh, "meter_serial": "4711"}
    row = Result("billing", "Billing check", {"signed": signed}, "match", session_id="s-1")
    archive.add_result(row)
    return row


@pytest.mark.parametrize(
    ("signature", "energy_kwh", "expected"),
    [
        ("valid", 4.0, []), ("valid", 4.019, []), ("no_key", None, []), ("invalid", 4.0, ["signature"]),
        ("valid", 4.021, ["signed_energy"]), ("invalid", 3.9, ["signature", "signed_energy"]),
    ],
)  # fmt: skip
def test_a_signed_record_beside_the_register(
    archive: Archive, signature: str, energy_kwh: float | None, expected: list[str]
) -> None:
    fill(archive)
    row = bill(archive, signature, energy_kwh)
    found = check_bills(archive, DEFAULTS, row)

    assert [a.said for a in found] == expected
    assert {(a.rule, a.severity) for a in found} <= {("signature", "critical")}
    assert check_bills(archive, DEFAULTS) == found
    kept = [a for a in all_kept(archive, *FOREVER) if a.rule == "signature"]
    assert sorted(a.id for a in kept) == sorted(a.id for a in found)
    assert len(archive.results("anomaly")) == (2 if expected else 1)  # the samples' own findings stay


def test_a_bill_without_its_session_is_nobody_s(archive: Archive) -> None:
    row = Result("billing", "Billing check", {"signed": {"signature": "invalid"}}, session_id="gone")
    archive.add_result(row)
    assert check_bills(archive, DEFAULTS) == []
