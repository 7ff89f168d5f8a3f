"""What a file is, is told by its content; what the files say together."""

import json
import os
from pathlib import Path

import pytest

from evtech.billing.dossier import (
    KEY,
    RECORD,
    SIGNED,
    TARIFF,
    UNKNOWN,
    Evidence,
    examine,
    holds_many,
    leftovers,
    pasted,
    read_evidence,
    recognise,
)
from tests.evtech.billing import example, signing

RECORD_FILE, TARIFF_FILE = json.dumps(example.record()).encode(), json.dumps(example.tariff()).encode()


@pytest.mark.parametrize(
    ("content", "role"),
    [
        (RECORD_FILE, RECORD),
        (b"\xef\xbb\xbf" + RECORD_FILE, RECORD),
        (b'{"data": [' + RECORD_FILE + b"]}", RECORD),
        (RECORD_FILE[:-9], RECORD),
        (TARIFF_FILE, TARIFF),
        (b"[" + TARIFF_FILE + b"]", TARIFF),
        (TARIFF_FILE[:-9], TARIFF),
        (b'{"id": "T", "currency": "EUR"}', TARIFF),
        (example.meter_values(), SIGNED),
        (signing.ocmf(), SIGNED),
        (signing.pcdf(), SIGNED),
        (signing.mennekes(), SIGNED),
        (signing.alfen("0", 1, 0, 1).encode(), SIGNED),
        (signing.ocmf().hex().encode(), SIGNED),
        (json.dumps(signing.chargeit_bsm()).encode(), SIGNED),
        (signing.edl40(1000, 1), SIGNED),
        (signing.signer().pem.encode(), KEY),
        (signing.signer().spki.hex().encode(), KEY),
        (b"", UNKNOWN),
        (b"<html><body>Invoice</body></html>", UNKNOWN),
        (b'{"name": "x"}', UNKNOWN),
        (b"Dear Sir or Madam", UNKNOWN),
        (bytes(range(256)) * 40, UNKNOWN),
    ],
)
def test_a_file_is_known_by_its_content(content: bytes, role: str) -> None:
    assert recognise(content) == role


def test_every_sample_is_known() -> None:
    place = os.environ.get("EVTECH_REFERENCE")
    if place is None:
        pytest.skip("EVTECH_REFERENCE is not set")
    root = Path(place) / "billing-samples"
    cases = json.loads((root / "index.json").read_text("utf-8"))["cases"]
    files = [(case["cdr"], RECORD) for case in cases if case["kind"] == "price"]
    files += [(case["file"], SIGNED) for case in cases if case["kind"] == "verify"]

    assert [name for name, role in files if read_evidence(root / name).role != role] == []


def given(**files: bytes) -> list[Evidence]:
    return [Evidence(name, data, recognise(data)) for name, data in files.items()]


def test_the_example_is_what_its_maker_makes() -> None:
    assert {path.name: path.read_bytes() for path in example.folder().iterdir()} == example.files()


def test_signed_values_of_a_file_count_for_the_record() -> None:
    found = examine(given(c=RECORD_FILE, t=TARIFF_FILE, s=example.meter_values())).result

    assert found is not None and found.signed is not None
    assert (found.signed.signature, found.signed.key_source) == ("valid", "container")
    assert [cause.code for cause in found.causes] == ["wrong_timezone"]


def test_begin_and_end_in_two_texts_are_one_transaction() -> None:
    begin = signing.ocmf(signing.payload(signing.BEGIN, PG="T5"))
    end = signing.ocmf(signing.payload(signing.END, PG="T6"))
    found = examine(given(a=begin, b=end, k=signing.signer().pem.encode())).verified

    assert found is not None
    assert (found.result, found.transaction.complete) == ("valid", True)
    assert found.key_source == "option"


def test_of_other_formats_the_first_file_counts_and_that_is_said() -> None:
    files = given(a=signing.pcdf(), b=signing.pcdf())

    assert [text.startswith("Only a was verified") for text in leftovers(files)] == [True]


def test_a_record_that_cannot_be_checked_still_has_its_signature_verified() -> None:
    abroad = json.dumps(example.record() | {"cdr_location": {"country": "USA"}}).encode()
    found = examine(given(c=abroad, t=TARIFF_FILE, s=example.meter_values()))

    assert found.result is not None and found.result.error == "timezone_missing"
    assert found.verified is not None and found.verified.result == "valid"
    assert found.tariff is not None and found.problems


def test_a_broken_record_is_an_answer() -> None:
    found = examine(given(c=RECORD_FILE[:-9])).result

    assert found is not None and found.error == "unreadable_cdr"


def test_a_broken_tariff_alone_is_an_answer() -> None:
    found = examine(given(t=b'{"id": "T", "currency": "EUR", "elements": []}'))

    assert found.tariff_error is not None and found.tariff_error.code == "unreadable_tariff"


@pytest.mark.parametrize(("count", "many"), [(1, False), (2, True), (400, True)])
def test_many_records_of_a_file_are_noticed(count: int, many: bool) -> None:
    file = Evidence("c", json.dumps([example.record()] * count).encode(), RECORD)

    assert holds_many(file) is many
    assert recognise(file.data) == RECORD


@pytest.mark.parametrize("content", [b"[" * 3_000_000, b'{"a":' * 100_000, b"\xff" * 1_000_000, b"<" * 1_000_000])
def test_hostile_content_is_none_of_the_files(content: bytes) -> None:
    assert recognise(content) in (SIGNED, UNKNOWN)
    examine([Evidence("x", content, RECORD), Evidence("y", content, TARIFF), Evidence("z", content, SIGNED)])


def test_a_pasted_text_has_no_path() -> None:
    assert pasted(RECORD_FILE.decode(), "text") == Evidence("text", RECORD_FILE, RECORD)
