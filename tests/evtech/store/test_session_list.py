"""Lists of sessions come from columns: filters, totals of what is shown, corrections named."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, PhaseSpan
from evtech.store.session_list import SessionFilter

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    for day, (serial, site, reason) in enumerate(
        (("11", "Yard", "driver"), ("22", "Depot", "fault"), ("11", "Yard", "full"))
    ):
        visit = opened.start_visit(site=site)
        charger = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", serial, "3.1", "tcp")
        writer = opened.start_recording(visit.id, charger, [("power_total", "W")], 1.0)
        begin = START + timedelta(days=day)
        errors = ({"code": "0x40"},) if reason == "fault" else ()
        charging = PhaseSpan("CHARGING", begin + timedelta(minutes=1), begin + timedelta(minutes=50))
        session = ChargingSession(
            f"s{day}", visit.id, writer.recording_id, charger, begin, begin + timedelta(hours=1),
            energy_wh=1000.0 + day, stop_reason=reason, phases=(charging,), errors=errors,
        )  # fmt: skip
        opened.close_session(session)
    opened.writer.flush()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (SessionFilter(), ["s2", "s1", "s0"]),
        (SessionFilter(from_=START + timedelta(days=1)), ["s2", "s1"]),
        (SessionFilter(to=START + timedelta(days=1)), ["s0"]),
        (SessionFilter(charger="p30 11"), ["s2", "s0"]),
        (SessionFilter(site="depot"), ["s1"]),
        (SessionFilter(text="0X40"), ["s1"]),
        (SessionFilter(text="%"), []),
        (SessionFilter(stop_reasons=("driver", "full")), ["s2", "s0"]),
    ],
)
def test_a_filter_shows_what_passes_and_counts_the_rest(
    archive: Archive, wanted: SessionFilter, shown: list[str]
) -> None:
    found = archive.session_list(wanted)

    assert [line.id for line in found.lines] == shown
    assert found.hidden == 3 - len(shown)


def test_totals_are_of_the_lines_shown(archive: Archive) -> None:
    assert archive.session_list(SessionFilter(charger="p30 11")).total_energy_wh == 2002
    assert archive.session_list(limit=1).hidden == 2


def test_a_running_session_is_among_them(archive: Archive) -> None:
    running = replace(archive.session("s0"), id="r", started=START + timedelta(days=9), ended=None)
    archive.save_open_session(running)
    archive.writer.flush()

    assert [line.id for line in archive.session_list(limit=2).lines] == ["r", "s2"]
    assert archive.session_list(SessionFilter(charger="p30 22")).hidden == 3


def test_a_correction_moves_the_line_and_leaves_the_record(archive: Archive) -> None:
    archive.correct_session("s1", "clock_s", "-3600", reason="the laptop's clock was an hour fast")
    archive.correct_session("s1", "site", "Harbour", technician="A. Novak", reason="wrong site chosen")
    archive.writer.flush()
    line = archive.session_list(SessionFilter(site="harbour")).lines[0]

    assert (line.id, line.site, line.corrected) == ("s1", "Harbour", ("clock_s", "site"))
    assert line.started == (START + timedelta(days=1, hours=-1)).timestamp()
    assert line.energy_started == line.started + 60
    assert archive.session("s1").started == START + timedelta(days=1)
