"""Reports name findings and what was said of them; a kept bill with a wrong signature becomes a finding by itself."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from evtech.billing.check import CheckOptions
from evtech.billing.dossier import examine, read_evidence
from evtech.insights.kept_findings import DISMISSED, all_kept, judge
from evtech.reports.billing_kept import keep
from evtech.reports.session import write_session_report
from evtech.reports.visit import visit_summary, write_visit
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from tests.evtech.billing import example
from tests.evtech.insights.findings import START, WHO, fill


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive.open(tmp_path / "a.evtech")
    yield made
    made.close()


def page(file: Path) -> str:
    return file.read_text("utf-8")


@pytest.mark.parametrize("lang", ["en", "de"])
def test_a_session_report_lists_findings_the_dismissed_ones_last(archive: Archive, tmp_path: Path, lang: str) -> None:
    session, (creep, _, _) = fill(archive)
    judge(archive, creep, DISMISSED, reason="a heater for the test", technician="N. Kim")
    write_session_report(archive, session.id, pdf=tmp_path / "r.pdf", html=tmp_path / "r.html", lang=lang, seal=False)
    text = page(tmp_path / "r.html")

    word = {"en": "dismissed, a heater for the test, N. Kim", "de": "verworfen, a heater for the test, N. Kim"}[lang]
    assert word in text
    first, last = {"en": ("The charger&#x27;s clock", "The register counted"), "de": ("Die Uhr", "Das Zählwerk")}[lang]
    assert text.index(first) < text.index(last)


def test_a_visit_is_not_marked_by_what_was_dismissed(archive: Archive, tmp_path: Path) -> None:
    session, found = fill(archive)
    visit = archive.visit(session.visit_id)
    assert visit_summary(archive, visit, "en").tone == "amber"
    judge(archive, found[0], DISMISSED, reason="a test", technician="N. Kim")

    assert visit_summary(archive, visit, "en").tone == "grey"
    write_visit(archive, visit.id, html=tmp_path / "v.html", lang="de", seal=False)
    text = page(tmp_path / "v.html")
    assert "kritisch, verworfen, a test, N. Kim" in text
    assert "Warnung, offen" in text
    assert "Checked." not in text


def test_a_bill_with_a_changed_record_is_a_finding_of_its_session(archive: Archive, tmp_path: Path) -> None:
    visit = archive.start_visit()
    recording = archive.start_recording(visit.id, WHO, [], 1.0).recording_id
    session = ChargingSession(
        "s-9", visit.id, recording, WHO, START, START + timedelta(hours=1), energy_wh=11_500.0,
        energy_source="register_difference", register_point="energy_total", register_start_wh=0.0,
        register_end_wh=11_500.0,
    )  # fmt: skip
    archive.close_session(session)
    archive.writer.flush()
    for name, data in example.files().items():
        (tmp_path / name).write_bytes(data.replace(b"321.75", b"321.85"))
    evidence = [read_evidence(tmp_path / name) for name in example.files()]
    options = CheckOptions(recording=session)
    result = examine(evidence, options).result
    assert result is not None
    keep(archive, evidence, result, options)

    kept = all_kept(archive, 0.0, 1e12)
    assert {(a.rule, a.severity, a.session_id) for a in kept} == {("signature", "critical", "s-9")}
    assert sorted(a.said for a in kept) == ["signature", "signed_energy"]
    assert next(a.value for a in kept if a.said == "signed_energy") == pytest.approx(100.0)
