"""Ports and outages as CSV: looked at whole, taken whole or not at all, and the same again on the way back."""

from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.insights.files import read_records
from evtech.insights.fleet_files import (
    OUTAGES,
    PORTS,
    Taking,
    kind_of,
    outages_csv,
    ports_csv,
    read_reported,
    take,
)
from evtech.store import fleet as said
from evtech.store.archive import Archive
from evtech.store.fleet import Fleet, correct, fold

HEAD = "port,from,to,cause,excluded\n"


def took(tmp_path: Path, text: str, fleet: Fleet, kind: str = OUTAGES) -> Taking:
    file = tmp_path / "x.csv"
    file.write_text(text, "utf-8")
    return take(file, kind, fleet, {"A"}, "Ada")


def after(tmp_path: Path, *texts: str, fleet: Fleet = Fleet()) -> Fleet:  # noqa: B008  # frozen
    rows = [row for outage in fleet.outages for row in outage.rows]
    for text in texts:
        rows += took(tmp_path, text, fold(rows)).rows
    return fold(rows)


def test_every_wrong_row_is_named_and_none_is_taken(tmp_path: Path) -> None:
    ports = took(
        tmp_path,
        "port,timezone,rated_kw,in_service_from,in_service_to\nA,Europe/Berlin,22,,\nB,Europe/Berln,,,\nC,,22000,,\n"
        "A,,50,,\nD,,,2025-02-01,2025-01-01\n,,5,,\n",
        Fleet(), PORTS,
    )  # fmt: skip
    outages = took(
        tmp_path, HEAD + "A,2025-01-02,2025-01-01,x,0\nA,,,x,0\nA,2025-01-01,,exclusion:utility,0\n"
        "A,2025-01-01,,x,perhaps\n"
        "A,2025-03-01,2025-03-02,y,0\nA,2025-03-01,2025-03-04,y,0\n", Fleet(),
    )  # fmt: skip

    assert [p.line for p in ports.problems] == [3, 4, 5, 6, 7]
    assert [p.line for p in outages.problems] == [2, 3, 4, 5, 7]
    assert "Expected an IANA zone" in str(ports.problems[0])
    assert "stands in line 2 already" in str(ports.problems[2])
    assert "outage of line 6 with another end" in str(outages.problems[-1])
    assert (ports.rows, outages.rows) == ((), ())


def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column from"):
        took(tmp_path, "port,rated_kw\nA,22\n", Fleet())
    with pytest.raises(InputError, match="cannot be read"):
        take(tmp_path / "nowhere.csv", PORTS, Fleet(), (), "Ada")


def test_a_row_with_too_many_fields_is_one_of_the_wrong_ones(tmp_path: Path) -> None:
    found = took(tmp_path, "port,rated_kw,timezone\nA,22,5,UTC\nB,x,\nC,22,UTC\n", Fleet(), PORTS)

    assert [p.line for p in found.problems] == [2, 3]
    assert str(found.problems[0]).startswith("line 2: has more fields than there are columns.")


def test_who_separates_by_semicolons_may_write_a_decimal_comma(tmp_path: Path) -> None:
    found = took(tmp_path, "port;rated_kw\nA;22,5\n", Fleet(), PORTS)

    assert fold(found.rows).facts("A").number("rated_kw") == 22.5


def test_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    first = took(tmp_path, "port,site,rated_kw\nA,Yard,22\n", Fleet(), PORTS)
    second = took(tmp_path, "port,site,rated_kw\nA,,50\nB,,\n", fold(first.rows), PORTS)
    facts = fold([*first.rows, *second.rows]).facts("A")

    assert (first.new, second.new, second.changed, second.same) == (1, 0, 1, 1)
    assert (facts.text("site"), facts.number("rated_kw")) == ("Yard", 50)
    assert facts.words["rated_kw"].source == "x.csv"
    assert second.notes == ("line 3: the archive has not seen a port 'B' yet",)


def test_the_same_file_again_is_nothing_new_on_any_laptop(tmp_path: Path) -> None:
    row = "A,2025-01-01,2025-01-02,"
    text = HEAD + f"{row}fault,0\n{row}fault,0\n{row}exclusion:utility,1\n"
    here, there = took(tmp_path, text, Fleet()), took(tmp_path, text, Fleet())
    again = took(tmp_path, text, fold(here.rows))

    assert (here.new, len(here.rows)) == (2, 2)
    assert [row.id for row in here.rows] == [row.id for row in there.rows]
    assert (again.new, again.changed, again.same) == (0, 0, 2)


def test_a_file_that_grows_ends_what_was_open(tmp_path: Path) -> None:
    found = after(tmp_path, HEAD + "A,2025-01-01,,fault,0\n", HEAD + "A,2025-01-01,2025-01-03,vandalism,1\n")

    (outage,) = found.outages
    assert (outage.cause, outage.excluded, outage.end is not None) == ("vandalism", True, True)
    assert len(outage.rows) == 2


def test_what_a_person_said_since_is_not_undone_by_the_old_file(tmp_path: Path) -> None:
    text = HEAD + "A,2025-01-01,2025-01-02,fault,0\n"
    first = after(tmp_path, text)
    better = correct(first.outages[0], {"cause": "vandalism", "excluded": True, "evidence": "photo"}, "Bo")
    assert better is not None
    known = fold([*first.outages[0].rows, better])
    again = took(tmp_path, text, known)
    gone = correct(known.outages[0], {"withdrawn": True, "reason": "other port"}, "Bo")
    assert gone is not None
    after_withdrawal = took(tmp_path, text, fold([*known.outages[0].rows, gone]))

    assert (again.rows, again.same) == ((), 1)
    assert after_withdrawal.rows == ()
    assert "stays withdrawn" in after_withdrawal.notes[0]


def test_an_excuse_without_evidence_or_a_usual_cause_is_remarked(tmp_path: Path) -> None:
    found = took(tmp_path, HEAD + "A,2025-01-01,2025-01-02,we forgot,1\n", Fleet())

    assert len(found.rows) == 1
    assert ["without evidence" in found.notes[0], "none of the usual" in found.notes[1]] == [True, True]


def test_files_and_archive_are_the_same_there_and_back(tmp_path: Path) -> None:
    ports = (
        "port,site,timezone,rated_kw,in_service_from,in_service_to,min_kw,evse_id\n"
        "A,Yard,Europe/Berlin,22.5,2025-01-01T00:00:00.000Z,,,DE*1*2\n"
        "B,,,,,,150,\n"
    )
    outages = (
        "port,from,to,cause,excluded,evidence,technician\n"
        'A,2025-02-01T00:00:00.000Z,2025-02-02T00:00:00.250Z,"vandalism, cable cut",1,police 77,Cy\n'
        "A,2025-03-01T00:00:00.000Z,,exclusion:utility,1,,Ada\n"
    )
    archive = Archive.open(tmp_path / "a.evtech")
    archive.add_results([*took(tmp_path, ports, Fleet(), PORTS).rows, *took(tmp_path, outages, Fleet()).rows])
    fleet = said.read(archive)

    assert ports_csv(fleet, ["A", "B"]) == ports
    assert outages_csv(fleet.standing) == outages
    (tmp_path / "p.csv").write_text(ports_csv(fleet, ["A", "B"]))
    (tmp_path / "o.csv").write_text(outages_csv(fleet.standing))
    (tmp_path / "s.csv").write_text("port,plugged_at,energy_started_at,energy_kwh,end_reason\nA,2025-02-01T12:00Z,,,\n")
    records = read_records(tmp_path / "s.csv", tmp_path / "o.csv", None, tmp_path / "p.csv")
    assert records.warnings == []
    assert (records.ports["A"].rated_kw, records.outages[1].is_exclusion) == (22.5, True)
    assert [(o.cause, o.is_exclusion, o.evidence, o.by) for o in read_reported(tmp_path / "o.csv")] == [
        ("vandalism, cable cut", False, "police 77", "Cy"), ("utility", True, "", "Ada"),
    ]  # fmt: skip
    archive.close()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("port,rated_kw", PORTS), ("port;from;to", OUTAGES), ("port,plugged_at,energy_kwh", None),
        ("port,from,to,state", None), ("time,voltage_l1", None), ("port", None),
    ],
)  # fmt: skip
def test_a_dropped_file_is_told_by_its_first_row(head: str, kind: str | None, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(head + "\n")
    assert kind_of(tmp_path / "x.csv") == kind
