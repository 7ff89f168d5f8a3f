"""Findings in the archive: kept once, replaced by a later check, judged beside, the same after leaving out names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evtech.errors import ArchiveError, InputError, NotFoundError
from evtech.insights.archive_records import read_archive
from evtech.insights.kept_findings import (
    ACCEPTED,
    DISMISSED,
    OPEN,
    all_kept,
    anomalies_in,
    by_id,
    finding_lines,
    judge,
    result_of,
    status_of,
    statuses,
    to_show,
)
from evtech.insights.overview import overview, overview_json
from evtech.store.archive import Archive
from tests.evtech.insights.findings import START, fill, finding

PERIOD = (START.timestamp() - 60, START.timestamp() + 86_400)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive.open(tmp_path / "a.evtech")
    yield made
    made.close()


def test_a_finding_comes_back_as_it_was(archive: Archive) -> None:
    _, found = fill(archive)
    assert sorted(all_kept(archive, *PERIOD), key=lambda a: a.id) == sorted(found, key=lambda a: a.id)
    assert all_kept(archive, PERIOD[1], PERIOD[1] + 1) == []


def test_a_later_check_replaces_an_earlier_one(archive: Archive) -> None:
    session, found = fill(archive)
    (row,) = archive.results("anomaly")
    archive.add_result(result_of(found[:1], session=session, replaces=row.id))
    assert all_kept(archive, *PERIOD) == found[:1]
    newest = archive.results("anomaly")
    archive.add_result(result_of([], session=session, replaces=next(r.id for r in newest if r.replaces)))
    assert all_kept(archive, *PERIOD) == []
    assert to_show(archive.results("anomaly")) == []


def test_the_lasting_id_is_of_what_is_found_not_of_its_words() -> None:
    one = finding("clock", "warning", "s-1")
    assert replace(one, text="Other words.", value=77.0, severity="info").id == one.id
    others = {
        replace(one, **c).id
        for c in ({"rule": "x"}, {"about": "x"}, {"port": "x"}, {"session_id": None}, {"start": 1.0})
    }
    assert len(others | {one.id}) == 6


def test_people_judge_and_take_back_and_nothing_is_lost(archive: Archive) -> None:
    _, (creep, clock, _) = fill(archive)
    judge(archive, clock, DISMISSED, reason="a test of the clock", technician="N. Kim")
    judge(archive, creep, ACCEPTED, technician="N. Kim")
    judge(archive, clock, OPEN, technician="A. Novak")
    judge(archive, clock, DISMISSED, reason="it was one after all", technician="A. Novak")
    said = statuses(archive)

    assert (status_of(said, clock), status_of(said, creep)) == (DISMISSED, ACCEPTED)
    assert (said[clock.id].reason, said[clock.id].technician) == ("it was one after all", "A. Novak")
    assert len(archive.results("anomaly_status")) == 4
    assert by_id([creep, clock], clock.id[:5]) == clock


@pytest.mark.parametrize(
    ("status", "words", "said"),
    [
        (DISMISSED, {"technician": "N. Kim"}, "needs its reason"), (ACCEPTED, {"reason": "true"}, "Nobody is named"),
        ("deleted", {"technician": "N. Kim"}, "is no status"),
    ],
)  # fmt: skip
def test_a_judgement_needs_who_and_why(archive: Archive, status: str, words: dict[str, str], said: str) -> None:
    _, found = fill(archive)
    with pytest.raises(InputError, match=said):
        judge(archive, found[0], status, **words)
    assert statuses(archive) == {}


def test_an_ambiguous_or_unknown_id_is_refused(archive: Archive) -> None:
    _, found = fill(archive)
    for wrong in ("", "zzzz"):
        with pytest.raises(NotFoundError):
            by_id(found, wrong)


def test_in_an_archive_that_is_only_looked_at_nobody_judges(archive: Archive) -> None:
    _, found = fill(archive)
    archive.locked = "This visit is only looked at."
    with pytest.raises(ArchiveError, match="only looked at"):
        judge(archive, found[0], ACCEPTED, technician="N. Kim")


def test_insights_carry_status_reason_and_evidence(archive: Archive) -> None:
    _, (creep, clock, _) = fill(archive)
    judge(archive, clock, DISMISSED, reason="a test", technician="N. Kim")
    rows = {a["rule"]: a for a in overview_json(overview(read_archive(archive, period=PERIOD), PERIOD))["anomalies"]}

    assert (rows["clock"]["status"], rows["clock"]["reason"], rows["clock"]["id"]) == ("dismissed", "a test", clock.id)
    assert (rows["creep"]["status"], rows["creep"]["reason"]) == ("open", None)
    assert rows["creep"]["evidence"][0] == {"at": "2026-03-02T08:10:00.000Z", "point": "current_l1", "value": 16.0}
    assert {"rule", "severity", "port", "from", "to", "value", "limit", "text", "suggestion"} <= set(rows["creep"])
    assert rows["creep"]["id"] == creep.id


def test_lines_for_reports_say_what_was_judged(archive: Archive) -> None:
    _, (_, clock, _) = fill(archive)
    judge(archive, clock, DISMISSED, reason="a test", technician="N. Kim")
    lines = finding_lines(archive.results(session_id="s-1"), statuses(archive), "de")

    assert [line.status for line in lines] == ["verworfen, a test, N. Kim", "offen", "offen"]
    assert lines[0].text.startswith("Die Uhr")
    assert [line.is_dismissed for line in lines] == [True, False, False]


def test_a_status_finds_its_finding_where_names_were_left_out(archive: Archive) -> None:
    _, (_, clock, _) = fill(archive)
    judge(archive, clock, ACCEPTED, technician="N. Kim")
    (row,) = archive.results("anomaly_status")
    anonymous = replace(row, id="other", body=row.body | {"port": "KEBA P30 ***"}, replaces=row.id)
    archive.add_result(anonymous)

    assert list(statuses(archive)) == [replace(clock, port="KEBA P30 ***").id]


def test_a_row_of_an_older_evtech_is_read(archive: Archive) -> None:
    session, _ = fill(archive)
    old = {
        "rule": "clock", "severity": "warning", "port": "P", "start": 1.0, "end": 2.0, "value": 9.0, "limit": 5.0,
        "text": "Off.", "suggestion": "Set it.", "session_id": session.id,
    }  # fmt: skip
    row = replace(result_of([], session=session), body={"schema": "evtech.anomalies/1", "findings": [old]})
    (found,) = anomalies_in(row)
    assert (found.text, found.evidence, found.about) == ("Off.", (), "")
