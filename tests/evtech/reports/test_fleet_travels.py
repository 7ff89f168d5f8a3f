"""What people say of ports travels with a visit that saw them, and no file speaks of ports that it did not see."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.reports.hand_over import preview
from evtech.reports.signers import Signer, load_signer
from evtech.reports.visit_file import export_visit, import_visit, load_rows, open_visit
from evtech.store import fleet, portable
from evtech.store.archive import Archive
from evtech.store.fleet import PortFacts, correct, report, say
from evtech.store.results import Result
from tests.evtech.insights.fleet import fill

A, B = "KEBA P30 A", "KEBA P30 B"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return load_signer("A. Novak", folder=tmp_path_factory.mktemp("seal"))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    fill(opened)
    fact = say(PortFacts(A), {"rated_kw": 50, "site": "Harbour", "timezone": "Europe/Berlin"}, "Ada Byron")
    fields = {"from": "2025-03-10", "to": "2025-03-12", "cause": "vandalism", "excluded": True, "evidence": "ticket 7"}
    assert fact is not None
    opened.add_results([fact, report(A, fields, "Ada Byron"), report(B, fields, "Ada Byron")])
    yield opened
    opened.close()


def visit_of(archive: Archive, port: str) -> str:
    return next(line.visit_id for line in archive.session_list().lines if line.port == port)


def test_facts_and_outages_go_with_the_visit_that_saw_the_port(
    archive: Archive, signer: Signer, tmp_path: Path
) -> None:
    export_visit(archive, visit_of(archive, A), tmp_path / "a.evvisit", signer)
    other = Archive.open(tmp_path / "b.evtech")
    import_visit(other, open_visit(tmp_path / "a.evvisit", {}))
    found = fleet.read(other)

    assert preview(archive, visit_of(archive, A)).results == {"outage": 1, "port": 1}
    assert found.ports == {A: fleet.read(archive).ports[A]}
    assert [o.port for o in found.outages] == [A]
    export_visit(other, visit_of(archive, A), tmp_path / "again.evvisit", signer)
    rows = [zipfile.ZipFile(tmp_path / name).read("rows/result.jsonl") for name in ("a.evvisit", "again.evvisit")]
    assert rows[0] == rows[1]
    other.close()


def test_a_withdrawal_comes_home_with_the_file_it_was_made_in(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    visit = visit_of(archive, A)
    export_visit(archive, visit, tmp_path / "a.evvisit", signer)
    other = Archive.open(tmp_path / "b.evtech")
    import_visit(other, open_visit(tmp_path / "a.evvisit", {}))
    gone = correct(fleet.read(other).outages[0], {"withdrawn": True, "reason": "other port"}, "Bo")
    assert gone is not None
    other.add_results([gone])
    export_visit(other, visit, tmp_path / "back.evvisit", signer)
    import_visit(archive, open_visit(tmp_path / "back.evvisit", {}))

    assert sorted((o.port, o.withdrawn) for o in fleet.read(archive).outages) == [(A, True), (B, False)]
    other.close()


def test_names_and_notes_stay_here_where_they_are_left_out(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    export_visit(archive, visit_of(archive, A), tmp_path / "a.evvisit", signer, redact=("names", "notes"))
    other = Archive.open(tmp_path / "b.evtech")
    import_visit(other, open_visit(tmp_path / "a.evvisit", {}))
    facts, outage = fleet.read(other).facts(A), fleet.read(other).outages[0]

    assert (facts.number("rated_kw"), facts.text("site"), outage.evidence) == (50, "", "")
    for name in zipfile.ZipFile(tmp_path / "a.evvisit").namelist():
        text = zipfile.ZipFile(tmp_path / "a.evvisit").read(name)
        assert b"Ada" not in text and b"Harbour" not in text and b"ticket" not in text
    other.close()


def test_a_port_that_is_named_by_its_address_keeps_its_facts_here(signer: Signer, tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    name = "KEBA P30 tcp://192.0.2.7"
    visit = visit_of(archive, A)
    archive.import_rows(
        lambda c: c.exec_driver_sql(
            "UPDATE recording SET serial_number = '', link = 'tcp://192.0.2.7' WHERE visit_id = ?", (visit,)
        )
    )
    archive.add_results([report(name, {"from": "2025-03-10"}, "Ada")])
    export_visit(archive, visit, tmp_path / "all.evvisit", signer)
    export_visit(archive, visit, tmp_path / "less.evvisit", signer, redact=("addresses",))

    said = [zipfile.ZipFile(tmp_path / f).read("rows/result.jsonl") for f in ("all.evvisit", "less.evvisit")]
    assert [text.count(b"\n") for text in said] == [1, 0]
    archive.close()


@pytest.mark.parametrize(
    "change",
    [
        {"title": B, "body": '{"port": "KEBA P30 B", "says": {}}'},  # a port that the visit did not see
        {"title": B},
        {"body": '{"port": "KEBA P30 B", "says": {}}'},
        {"at": (datetime.now(UTC) + timedelta(days=30)).timestamp()},  # the last word for ever
        {"kind": "outage", "replaces": "not in this file"},
        {"body": "[]"},
        {"kind": "diagnosis", "body": "{"},
    ],
)
def test_a_file_that_speaks_of_other_ports_is_refused(
    change: dict[str, object], archive: Archive, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = portable.export_rows

    def forged(connection, table, visit, redact=None):
        for line in export(connection, table, visit, redact):
            row = json.loads(line)
            hit = table == "result" and row["kind"] == "port"
            yield json.dumps(row | change if hit else row).encode() + b"\n"

    monkeypatch.setattr("evtech.reports.visit_file.export_rows", forged)
    export_visit(archive, visit_of(archive, A), tmp_path / "a.evvisit", signer)
    other = Archive.open(tmp_path / "b.evtech")

    with pytest.raises(InputError, match="not in it"):
        load_rows(other, open_visit(tmp_path / "a.evvisit", {}))
    assert other.visits() == []
    other.close()


def test_a_word_from_elsewhere_counts_by_its_time(archive: Archive) -> None:
    """Two laptops spoke of the same port: what was said later holds, wherever the rows came from first."""
    body = {"port": A, "says": {"rated_kw": 22}, "technician": "Bo"}
    early = Result("port", A, body, at=datetime(2025, 1, 1, tzinfo=UTC))
    archive.add_results([early])

    assert fleet.read(archive).facts(A).number("rated_kw") == 50
    assert len(fleet.read(archive).facts(A).rows) == 2
