"""The session report says what the archive says, as a sound PDF and an HTML twin."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest

from evtech.errors import ArchiveError, InputError
from evtech.measure.sample import ChargerIdentity, Reading, Sample
from evtech.reports.session import contents, write_session_report
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Gap, PhaseSpan

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = START + timedelta(minutes=10)
CHARGER = ChargerIdentity("keba-kecontact-p30", "KEBA", "KeContact P30", "17619300", "3.10.13", "192.168.1.50:502")


def recorded(archive: Archive) -> ChargingSession:
    visit = archive.start_visit(site="Depot & Söhne", technician="A. Novak")
    points = [("voltage_l1", "V"), ("current_l1", "A"), ("power_total", "W")]
    writer = archive.start_recording(visit.id, CHARGER, points, 1.0)
    for second in range(600):
        values = {"voltage_l1": 230.1, "current_l1": 16.0, "power_total": 3681.6}
        samples = {name: Sample(name, value, "") for name, value in values.items()}
        writer.add(Reading(START + timedelta(seconds=second), float(second), samples))
    session = ChargingSession(
        id="0123abcd-0000", visit_id=visit.id, recording_id=writer.recording_id, charger=CHARGER, started=START,
        ended=END,
        charging_s=590.0, energy_wh=603.4, energy_source="register_difference", register_point="energy_total",
        register_start_wh=1_000_000.0, register_end_wh=1_000_603.4, session_counter_wh=603.0, peak_power_w=3681.6,
        mean_power_w=3681.0, stop_reason="unknown", phases=(PhaseSpan("CHARGING", START, END),),
        gaps=(Gap(START + timedelta(seconds=60), START + timedelta(seconds=80), "link <lost>"),), samples=600,
    )  # fmt: skip
    archive.close_session(session)
    archive.writer.flush()
    return session


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def test_the_pdf_is_tagged_archivable_and_carries_its_record(archive: Archive, tmp_path: Path) -> None:
    recorded(archive)
    write_session_report(archive, "0123", pdf=tmp_path / "r.pdf", lang="de")

    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        assert "/StructTreeRoot" in pdf.Root
        assert "/OutputIntents" in pdf.Root
        metadata = bytes(pdf.Root.Metadata.read_bytes())
        assert b"pdfaid:part" in metadata
        assert b"pdfuaid:part" in metadata
        assert set(pdf.attachments) == {"session.json", "samples.csv"}
        csv = pdf.attachments["samples.csv"].get_file().read_bytes().decode()
        assert csv.splitlines()[1] == "2026-03-01T12:00:00.000Z,230.1,16,3681.6"
        fonts = {
            str(font.get("/BaseFont")).split("+")[-1]
            for page in pdf.pages
            for font in page.Resources.get("/Font", {}).values()
        }
    assert all(name.startswith("Inter-") for name in fonts), fonts


def test_the_html_says_the_same_and_is_well_formed(archive: Archive, tmp_path: Path) -> None:
    session = recorded(archive)
    write_session_report(archive, session.id, html=tmp_path / "r.html")

    page = (tmp_path / "r.html").read_text("utf-8")
    body = page.split("</head>")[1].removesuffix("</html>")

    ElementTree.fromstring(body.replace("<br>", "<br/>"))
    assert "0.603\u202fkWh" in page
    assert "1000.6034\u202fkWh" in page
    assert "link &lt;lost&gt;" in page
    assert "Depot &amp; Söhne" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_numbers_follow_the_language(archive: Archive) -> None:
    session = recorded(archive)

    assert contents(session, None, "de", END)["energy"] == "0,603\u202fkWh"
    assert contents(session, None, "en", END)["energy"] == "0.603\u202fkWh"


def test_what_is_not_known_is_said(archive: Archive) -> None:
    session = recorded(archive)
    apparent = replace(session, energy_wh=None, energy_source=None, apparent_energy_vah=610.0, simulated=True, gaps=())
    running = replace(session, ended=None, partial_start=True)

    said = contents(apparent, None, "en", END)
    assert "not known" in said["energy"]
    assert any("0.610\u202fkVAh" in line for line in said["remarks"])
    assert "SIMULATED" in said["remarks"][0]
    assert "still running" in contents(running, None, "en", END)["remarks"][0]


def test_a_file_that_cannot_be_written_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    recorded(archive)

    with pytest.raises(ArchiveError, match="cannot be written"):
        write_session_report(archive, "0123", html=tmp_path / "no-such-folder" / "r.html")
    with pytest.raises(InputError, match="no report in 'xx'"):
        write_session_report(archive, "0123", html=tmp_path / "r.html", lang="xx")
    assert not (tmp_path / "r.html").exists()
