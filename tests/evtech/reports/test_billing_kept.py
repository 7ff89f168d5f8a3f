"""A kept check is made again from the files kept with it, or from their places where they were too large."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest

from evtech.billing.check import CheckOptions
from evtech.billing.dossier import Evidence, examine, read_evidence
from evtech.errors import ArchiveError, EvtechError, InputError, NotFoundError
from evtech.reports.billing_kept import keep, reopen, write_file_report, write_kept_report
from evtech.store.archive import Archive
from evtech.store.attachments import LARGEST, Attachment, attach, attached
from evtech.store.results import Result
from tests.evtech.billing import example


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "a.evtech")


def files(place: Path) -> list[Evidence]:
    for name, data in example.files().items():
        (place / name).write_bytes(data)
    return [read_evidence(place / name) for name in example.files()]


def kept(archive: Archive, evidence: list[Evidence], options: CheckOptions | None = None) -> Result:
    result = examine(evidence, options).result
    assert result is not None
    return keep(archive, evidence, result, options or CheckOptions())


def test_a_kept_check_holds_the_answer_and_the_files(archive: Archive, tmp_path: Path) -> None:
    made = kept(archive, files(tmp_path))
    body = archive.result(made.id[:8], "billing").body

    assert body["schema"] == "evtech.billing.check/1"
    assert body["likely_causes"] == ["wrong_timezone"]
    assert {source["name"]: source["role"] for source in body["sources"]} == {
        "charge-record.json": "record", "tariff.json": "tariff", "meter-values.xml": "signed",
    }  # fmt: skip
    assert sorted(file.data for file in attached(archive, made.id)) == sorted(example.files().values())


def test_it_is_opened_with_what_was_given(archive: Archive, tmp_path: Path) -> None:
    options = CheckOptions(timezone="Europe/Paris", displayed=Decimal("6.16"), public_key="ab")
    evidence = files(tmp_path)

    assert reopen(archive, kept(archive, evidence, options)) == (evidence, options, 0)


def test_the_report_comes_from_the_archive_alone(archive: Archive, tmp_path: Path) -> None:
    made = kept(archive, files(tmp_path))
    for name in example.files():
        (tmp_path / name).unlink()
    write_kept_report(archive, made.id, pdf=tmp_path / "r.pdf", html=tmp_path / "r.html", lang="de")

    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        assert {"check.json", "1-charge-record.json", "3-meter-values.xml"} <= set(pdf.attachments)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Das sind 1,77\N{NARROW NO-BREAK SPACE}€ zu viel." in page
    assert "Vom Zähler signiert" in page


def test_another_verdict_than_then_is_said(archive: Archive, tmp_path: Path) -> None:
    made = kept(archive, files(tmp_path))
    other = replace(made, id="0" * 36, verdict="match")
    archive.add_result(other)
    attach(
        archive, [replace(file, result_id=other.id, id=f"x{n}") for n, file in enumerate(attached(archive, made.id))]
    )
    write_kept_report(archive, other.id, html=tmp_path / "r.html")

    assert "came to match on" in (tmp_path / "r.html").read_text("utf-8")


def test_a_file_too_large_to_keep_is_taken_from_its_place_while_it_is_the_same(
    archive: Archive, tmp_path: Path
) -> None:
    evidence = files(tmp_path)
    (tmp_path / "charge-record.json").write_bytes(evidence[0].data + b" " * LARGEST)
    evidence[0] = read_evidence(tmp_path / "charge-record.json")
    made = kept(archive, evidence)
    assert reopen(archive, made)[0] == evidence

    (tmp_path / "charge-record.json").write_bytes(evidence[0].data + b" ")
    with pytest.raises(InputError, match=r"charge-record\.json was too large to be kept"):
        reopen(archive, made)


def test_an_error_is_not_kept(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to keep"):
        kept(archive, files(tmp_path)[:1])


def test_a_large_attachment_is_refused_and_an_unknown_check_is_named(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="larger than 1 MB"):
        attach(archive, [Attachment("r", "big.bin", b"0" * (LARGEST + 1))])
    with pytest.raises(NotFoundError):
        write_kept_report(archive, "abcdef")


def test_a_damaged_attachment_is_not_taken_for_the_file(archive: Archive, tmp_path: Path) -> None:
    made = kept(archive, files(tmp_path))
    archive.import_rows(lambda c: c.exec_driver_sql("UPDATE attachment SET data = X'00'"))

    with pytest.raises(ArchiveError, match="damaged"):
        reopen(archive, made)


def test_a_folder_of_one_record_is_reported_with_everything_in_it(tmp_path: Path) -> None:
    place = tmp_path / "case"
    place.mkdir()
    files(place)
    write_file_report(place, html=tmp_path / "r.html")

    assert "times of day were taken in another time zone (UTC)" in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps([example.record() | {"tariffs": [example.tariff()]}] * 2), "several records"),
        (json.dumps(example.record()), "There is no tariff"),
        ("tariff: none", "not valid JSON"),
    ],
)
def test_a_file_that_gives_no_report_says_why(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)

    with pytest.raises(EvtechError, match=words):
        write_file_report(path, html=tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
