"""What an archive's period shows, from what was watched only, and which sessions stand behind each mark."""

from datetime import timedelta

import pytest

from evtech.insights.archive_records import read_archive
from evtech.insights.intervals import measure
from evtech.insights.picture import Picture, behind_cause, behind_hour, behind_span, behind_stretch, picture
from evtech.insights.ribbon import UNKNOWN
from evtech.insights.words import sentence
from evtech.store.archive import Archive
from tests.evtech.insights.fleet import MONDAY, WEEKS

PERIOD = (MONDAY.timestamp(), (MONDAY + timedelta(weeks=WEEKS)).timestamp())
FRIDAY_17 = 4 * 24 + 17


def shown(archive: Archive, later_s: float = 0.0) -> Picture:
    period = (PERIOD[0], PERIOD[1] + later_s)
    return picture(read_archive(archive, period=period), period, period[1], "UTC")


def test_full_hours_are_said_with_their_exposure_and_spread(fleet: Archive) -> None:
    said = {s.kind: s for s in shown(fleet).suggestions}

    assert "KEBA P30 A was occupied 100 % of Fri 16–19 h over 5 weeks (15.0 h watched" in sentence(said["busy"])
    assert len(said["busy"].sessions) == WEEKS


def test_a_port_that_fails_more_than_the_others_is_named_with_both_intervals(fleet: Archive) -> None:
    said = next(s for s in shown(fleet).suggestions if s.kind == "port_fails")

    assert (said.port, said.figures["k"], said.figures["n"]) == ("KEBA P30 B", 12, 35)
    assert said.figures["low"] > said.figures["others_high"]
    assert sentence(said, "de").startswith("KEBA P30 B: 12 von 35 Versuchen misslangen, 34,3 %")


def test_what_nobody_watched_is_no_data_and_no_exposure(fleet: Archive) -> None:
    found = shown(fleet, later_s=7 * 86400.0)

    assert found.overview.week.exposure_h.sum() == pytest.approx(2 * WEEKS * 168, rel=1e-6)
    assert measure(found.ribbons["KEBA P30 A"][UNKNOWN]) == pytest.approx(7 * 1440, abs=0.1)
    assert found.days[-1].exposure_h == 0


def test_every_mark_has_its_sessions(fleet: Archive) -> None:
    found = shown(fleet)

    assert behind_hour(found, FRIDAY_17) == frozenset(f"A{day:02d}" for day in range(4, 35, 7))
    assert behind_cause(found, "0x40") == frozenset(f"B{day:02d}" for day in range(0, 35, 3))
    assert behind_stretch(found, found.trend[0], failed=True) == {"B00", "B03", "B06"}
    assert behind_span(found, "KEBA P30 B", (PERIOD[0] + 86400, PERIOD[0] + 86400 + 60)) == {"B00"}


def test_a_trend_splits_energy_at_local_midnight(fleet: Archive) -> None:
    found = shown(fleet)

    assert sum(s.kwh for s in found.trend) == pytest.approx(sum(s.kwh for s in found.days))
    assert [s.attempts for s in found.trend] == [14] * WEEKS
