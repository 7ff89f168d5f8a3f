"""What people say of ports: the last word holds, who said it is kept, and nothing said is ever lost."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.store import fleet
from evtech.store.archive import Archive
from evtech.store.fleet import OUTAGE, PORT, Fleet, PortFacts, correct, fold, report, say
from evtech.store.results import Result

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)


def later(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def said(facts: PortFacts, changes: dict[str, object], who: str, hours: float) -> Result:
    row = say(facts, changes, who, at=later(hours))
    assert row is not None
    return row


def test_the_last_word_on_each_field_holds_whatever_the_order_of_the_rows() -> None:
    rows = [
        said(PortFacts("P1"), {"rated_kw": 22, "site": "Yard"}, "Ada", 1),
        said(PortFacts("P1"), {"rated_kw": "150", "timezone": "Europe/Berlin"}, "Bo", 2),
        said(PortFacts("P1"), {"site": "Harbour"}, "Ada", 3),
    ]
    for order in permutations(rows):
        facts = fold(order).facts("P1")
        assert (facts.number("rated_kw"), facts.text("site")) == (150, "Harbour")
        assert (facts.words["rated_kw"].by, facts.words["site"].at) == ("Bo", later(3))
        assert len(facts.rows) == 3


def test_two_words_at_the_same_moment_are_told_apart_the_same_way_everywhere() -> None:
    rows = [said(PortFacts("P1"), {"rated_kw": kw}, "Ada", 1) for kw in (11, 22, 50)]

    assert len({fold(order).facts("P1").number("rated_kw") for order in permutations(rows)}) == 1


def test_a_fact_can_be_unsaid_and_what_is_known_is_not_said_again() -> None:
    first = said(PortFacts("P1"), {"rated_kw": 22, "site": "Yard"}, "Ada", 1)
    facts = fold([first]).facts("P1")
    assert say(facts, {"rated_kw": 22.0, "site": " Yard "}, "Bo") is None
    second = said(facts, {"rated_kw": None, "site": "Yard"}, "Bo", 2)

    assert second.replaces == first.id
    assert second.body["says"] == {"rated_kw": None}
    assert fold([first, second]).facts("P1").number("rated_kw") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rated_kw": "22000"}, "up to 10000"),
        ({"rated_kw": -1}, "above 0"),
        ({"rated_kw": "nan"}, "above 0"),
        ({"timezone": "Europe/Berln"}, "Europe/Berlin"),
        ({"in_service_from": "yesterday"}, "2026-03-01"),
        ({"site": "x" * 501}, "500"),
        ({"site": "a\x00b"}, "one line"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as refused:
        say(PortFacts("P1"), changes, "Ada")
    assert words in refused.value.hint


def test_an_end_before_a_beginning_is_refused_also_against_what_was_said_before() -> None:
    facts = fold([said(PortFacts("P1"), {"in_service_from": "2025-06-01"}, "Ada", 1)]).facts("P1")

    with pytest.raises(InputError, match="in_service_to is before in_service_from"):
        say(facts, {"in_service_to": "2025-05-01"}, "Ada")
    with pytest.raises(InputError, match="to is before from"):
        report("P1", {"from": "2025-05-02", "to": "2025-05-01"}, "Ada")


def test_corrections_of_two_people_meet_and_a_withdrawal_keeps_the_history() -> None:
    first = report("P1", {"from": "2025-03-01", "cause": "fault"}, "Ada", at=later(1))
    outage = fold([first]).outages[0]
    by_bo = correct(outage, {"to": "2025-03-02"}, "Bo", at=later(2))
    by_cy = correct(outage, {"cause": "vandalism", "excluded": True, "evidence": "photo 3"}, "Cy", at=later(3))
    gone = correct(outage, {"withdrawn": True, "reason": "another port"}, "Ada", at=later(4))
    assert by_bo is not None and by_cy is not None and gone is not None
    whole = fold([gone, by_cy, first, by_bo])

    (found,) = whole.outages
    assert (found.cause, found.excluded, found.evidence, found.by) == ("vandalism", True, "photo 3", "Ada")
    assert found.end == datetime(2025, 3, 2, tzinfo=UTC).timestamp()
    assert (found.withdrawn, found.reason, len(found.rows)) == (True, "another port", 4)
    assert whole.standing == []
    assert found.changed is not None
    assert found.changed.by == "Ada"
    assert {row.replaces for row in found.rows[1:]} == {first.id}


def test_a_correction_that_changes_nothing_says_nothing() -> None:
    outage = fold([report("P1", {"from": "2025-03-01", "cause": "fault"}, "Ada")]).outages[0]

    assert correct(outage, {"cause": "fault", "to": None, "excluded": False, "evidence": ""}, "Bo") is None


def test_rows_that_make_no_sense_say_nothing() -> None:
    good = report("P1", {"from": "2025-03-01"}, "Ada", at=later(1))
    odd = [
        Result(PORT, "P1", {"says": {"rated_kw": "lots", "timezone": "Mars/Base", "unheard": 1}}, at=later(2)),
        Result(PORT, "P1", {"says": [1]}, at=later(2)),
        Result(OUTAGE, "P1", {"says": {"from": "then"}}, at=later(2)),
        Result(OUTAGE, "P1", {"says": {"to": "2025-03-02"}}, replaces="nobody knows", at=later(2)),
        Result(OUTAGE, "P2", {"says": {"withdrawn": True}}, replaces=good.id, at=later(2)),  # of another port
    ]
    found = fold([good, *odd])

    assert dict(found.facts("P1").words) == {}
    assert [(o.port, o.withdrawn) for o in found.outages] == [("P1", False)]


def test_nobody_vouches_beyond_the_moment_they_spoke() -> None:
    open_ended = fold([said(PortFacts("P1"), {"complete_from": "2025-01-01"}, "Ada", 5)]).facts("P1")
    closed = fold([said(PortFacts("P1"), {"complete_from": "2025-01-01", "complete_to": "2025-02-01"}, "Ada", 5)])
    ahead = fold([said(PortFacts("P1"), {"complete_from": "2025-01-01", "complete_to": "2025-12-31"}, "Ada", 5)])
    assert ahead.facts("P1").complete == open_ended.complete

    assert open_ended.complete == (datetime(2025, 1, 1, tzinfo=UTC).timestamp(), later(5).timestamp())
    assert closed.facts("P1").complete is not None
    assert closed.facts("P1").complete[1] == datetime(2025, 2, 1, tzinfo=UTC).timestamp()


def test_an_archive_keeps_it_and_a_backup_too(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    row = said(PortFacts("P1"), {"rated_kw": 50, "in_service_from": "2025-01-01T00:00:00.123Z"}, "Ada", 1)
    archive.add_results([row, report("P1", {"from": "2025-03-01", "exclusion": True, "cause": "utility"}, "Ada")])
    archive.backup(tmp_path / "b.evtech")
    copy = Archive.open(tmp_path / "b.evtech")
    before, after = fleet.read(archive), fleet.read(copy)

    assert before == after
    assert isinstance(after, Fleet)
    assert after.facts("P1").number("in_service_from") == datetime(2025, 1, 1, 0, 0, 0, 123000, UTC).timestamp()
    assert (after.outages[0].is_exclusion, after.outages[0].excluded) == (True, True)
    assert copy.check().ok
    for each in (archive, copy):
        each.close()
