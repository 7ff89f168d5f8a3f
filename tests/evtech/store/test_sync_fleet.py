"""Two laptops and the team's PostgreSQL: what each said of a port meets there, and the last word holds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.errors import ArchiveError
from evtech.insights.archive_records import read_archive
from evtech.insights.fleet_files import OUTAGES, take
from evtech.insights.overview import overview, overview_json
from evtech.reports.availability import write_availability
from evtech.store import fleet
from evtech.store.archive import Archive
from evtech.store.fleet import correct, report, say
from evtech.store.ports_seen import seen
from evtech.store.sync import sync
from tests.evtech.insights.fleet import MONDAY, WEEKS, fill

A = "KEBA P30 A"
PERIOD = (MONDAY.timestamp(), (MONDAY + timedelta(weeks=WEEKS)).timestamp())


def tell(archive: Archive, hours: float, **changes: object) -> None:
    facts = fleet.read(archive).facts(A)
    row = say(facts, changes, archive.path.stem, at=datetime(2025, 5, 1, tzinfo=UTC) + timedelta(hours=hours))
    assert row is not None
    archive.add_results([row])


def test_two_laptops_meet_on_the_server(tmp_path: Path, database: Callable[[], str]) -> None:
    url = database()
    field, office = (Archive.open(tmp_path / f"{name}.evtech") for name in ("field", "office"))
    fill(field)  # only this one was at the chargers
    tell(field, 1, rated_kw=22, site="Yard")
    tell(office, 2, rated_kw=150, timezone="Europe/Berlin")
    tell(field, 3, site="Harbour")
    fields = {"from": "2025-03-10", "cause": "vandalism"}
    office.add_results([report(A, fields, "office", at=datetime(2025, 5, 2, tzinfo=UTC))])
    sync(office, url)
    sync(field, url)
    team = Archive.open(url)
    facts, (outage,) = fleet.read(team).facts(A), fleet.read(team).outages
    assert (facts.number("rated_kw"), facts.text("site")) == (150, "Harbour")
    assert (facts.words["rated_kw"].by, facts.words["site"].by) == ("office", "field")
    assert list(seen(team)) == list(seen(field)) == [A, "KEBA P30 B"]
    assert outage.end is None

    ended = correct(outage, {"to": "2025-03-12", "excluded": True, "evidence": "police 77"}, "office")
    assert ended is not None
    office.add_results([ended])
    assert sync(office, url).pushed["result"] == 1
    assert sync(field, url).conflicts == []
    records = read_archive(team, period=PERIOD)
    found = overview(records, PERIOD, PERIOD[1])
    assert (records.ports[A].rated_kw, records.ports[A].timezone) == (150, "Europe/Berlin")
    assert (found.availability[A].outage_min, found.availability[A].excluded_min) == (2880, 2880)
    written = write_availability(team, A, from_=MONDAY, to=MONDAY + timedelta(weeks=WEEKS), html=tmp_path / "a.html")
    assert "police 77" in written[0][0].read_text("utf-8")
    for archive in (team, field, office):
        archive.close()


def test_the_same_said_here_and_pushed_gives_the_same_answers(tmp_path: Path, database: Callable[[], str]) -> None:
    url = database()
    laptop = Archive.open(tmp_path / "a.evtech")
    fill(laptop)
    tell(laptop, 1, rated_kw=22, site="Yard", in_service_from="2025-03-05", complete_from="2025-03-05")
    laptop.add_results([report(A, {"from": "2025-03-10", "to": "2025-03-11", "cause": "fault"}, "Ada")])
    sync(laptop, url)
    team = Archive.open(url)
    ours, theirs = (overview_json(overview(read_archive(x, period=PERIOD), PERIOD, 4e9)) for x in (laptop, team))

    assert ours == theirs
    assert ours["utilisation"][A]["energy_pct"] is not None
    with pytest.raises(ArchiveError):
        team.add_results([report(A, {"from": "2025-03-10"}, "Ada")])
    team.close()
    laptop.close()


def test_two_laptops_that_took_one_file_do_not_contradict_each_other(
    tmp_path: Path, database: Callable[[], str]
) -> None:
    url = database()
    file = tmp_path / "o.csv"
    file.write_text(f"port,from,to,cause,excluded\n{A},2025-03-10,,fault,0\n")
    laptops = [Archive.open(tmp_path / f"{name}.evtech") for name in ("field", "office")]
    for archive in laptops:
        archive.add_results(take(file, OUTAGES, fleet.read(archive), (), archive.path.stem).rows)
    assert [sync(archive, url).conflicts for archive in laptops] == [[], []]
    file.write_text(f"port,from,to,cause,excluded\n{A},2025-03-10,2025-03-12,fault,0\n")
    laptops[1].add_results(take(file, OUTAGES, fleet.read(laptops[1]), (), "office").rows)
    sync(laptops[1], url)
    team = Archive.open(url)

    (outage,) = fleet.read(team).outages
    assert (outage.by, outage.end is not None) == ("field", True)
    other = report(A, {"from": "2025-03-10", "cause": "flood"}, "office", id_=outage.id)
    laptops[1].close()
    forged = Archive.open(tmp_path / "forged.evtech")
    forged.add_results([other])
    assert sync(forged, url).conflicts == [f"result {outage.id}"]
    for archive in (team, laptops[0], forged):
        archive.close()
