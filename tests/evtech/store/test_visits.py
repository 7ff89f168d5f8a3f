"""Visits: named later without touching the first entry; points of a recording keep their order."""

from pathlib import Path

import pytest

from evtech.errors import NotFoundError
from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive


def test_the_last_word_on_a_visit_counts_and_the_first_entry_stays(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    first, other = archive.start_visit(site="Yard", technician="A. Novak"), archive.start_visit(site="Mill")
    archive.name_visit(first.id, site="Yard B")
    archive.name_visit(first.id, site="Yard C", notes="cable wet")
    archive.writer.flush()

    assert (archive.visit(first.id).site, archive.visit(first.id).notes) == ("Yard C", "cable wet")
    assert {v.id: (v.site, v.technician) for v in archive.visits()} == {
        first.id: ("Yard C", "A. Novak"),
        other.id: ("Mill", ""),
    }
    with archive.reading() as connection:
        kept = connection.exec_driver_sql("SELECT site FROM visit WHERE id = ?", (first.id,)).scalar_one()
    assert kept == "Yard"
    archive.close()


def test_what_a_visit_has_not_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    visit = archive.start_visit(site="Yard")
    with pytest.raises(ValueError, match="colour"):
        archive.name_visit(visit.id, site="Mill", colour="red")
    archive.writer.flush()

    assert archive.visit(visit.id) == visit
    with pytest.raises(NotFoundError):
        archive.visit("nobody's")
    archive.close()


def test_points_keep_their_order_and_the_charger_is_known_by_its_number(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    who = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "4711", "3.1", "tcp")
    points = [("voltage_l1", "V"), ("power_total", "W"), ("state", "")]
    writer = archive.start_recording(archive.start_visit().id, who, points, 1.0)
    writer.close()
    archive.writer.flush()

    assert archive.points(writer.recording_id) == points
    assert archive.serial_numbers() == {"4711"}
    archive.close()
