"""Whatever a file holds, it ends in an answer, soon, and never in an error of ours."""

import base64
import io
import json
import random
import zipfile
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.billing.signatures import VerifyResult, verify_bytes, verify_cdr
from evtech.billing.signed_formats.content import LARGEST_FILE
from tests.evtech.billing import signing
from tests.evtech.billing.signing import container, ocmf, signer

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><values>&j;</values>"
)


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("values.xml", b"<values/>" * 1000)
    return file.getvalue()


@cache
def samples() -> list[bytes]:
    """Return one good file of every format."""
    return [
        ocmf(),
        container(("Transaction.Begin", ocmf().decode(), signer().spki.hex())),
        signing.alfen("0", 1000, 0, 5).encode(),
        signing.pcdf(),
        signing.mennekes(),
        container(("Transaction.Begin", signing.edl40_sig(1000, 5), None)),
        signing.edl40(1000, 5),
        signing.isa_edl40(9000, 2, 7),
        json.dumps({"format": "ptb", "ocmfBegin": ocmf().decode(), "publicKey": signer().spki.hex()}).encode(),
        json.dumps(signing.chargeit_emh()).encode(),
        json.dumps(signing.chargeit_bsm()).encode(),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t ", "empty"),
        (b"\x00" * 1000, "empty"),
        (_zip(), "format"),
        (b"hello", "format"),
        (b"%PDF-1.7", "format"),
        (bytes(range(256)) * 100, "format"),
        (BOMB.encode(), "xml"),
        (BOMB.encode("utf-16"), "xml"),
        (b"<values><value>", "xml"),
        (b"<values>\xff</values>", "xml"),
        (b"<a>" * 100_000, "xml"),
        (b"<r>" + b"<a/>" * 200_000 + b"</r>", "xml"),
        (b"<values>&undefined;</values>", "xml"),
        (b"<html><body/></html>", "format"),
        (b"<values/>", "no_signed_data"),
        (b"<values><value/></values>", "no_signed_data"),
        (b"<values><value><signedData> </signedData></value></values>", "no_signed_data"),
        (b"<values><value><signedData>hello</signedData></value></values>", "format"),
        (b"[" * 1_000_000, "payload_json"),
        (b'{"a":' * 200_000, "payload_json"),
        (b'{"format":"ptb","format":"ptb"}', "payload_json"),
        (b'{"signedMeterValues": [NaN]}', "payload_json"),
        (b'{"signedMeterValues": 1e999999}', "payload_json"),
        (b'{"n": ' + b"9" * 100_000 + b"}", "payload_json"),
        (b"{}", "format"),
        (b'{"signed_values": []}', "no_signed_data"),
        (b'{"format": "ptb"}', "no_signed_data"),
        (bytes.fromhex("1b1b1b1b01010101"), "format"),
        (bytes.fromhex("1b1b1b1b01010101") + b"\x8f\x8f\x8f\x8f\x8f\x0f", "format"),
        (bytes.fromhex("1b1b1b1b01010101") + b"\xff\x8f\x8f\x8f\x8f\x0f" + bytes.fromhex("1b1b1b1b1a000000"), "format"),
        (bytes.fromhex("1b1b1b1b01010101") + b"\x71" * 5000 + bytes.fromhex("1b1b1b1b1a000000"), "format"),
        (b"AP;0;3;A;B", "sections"),
        (b"AP;0;3;AAAA;!!!!;AAAA;", "format"),
        (b"128.8.0(ST:1)", "sections"),
        (b"128.8.0(RV:1*kWh)(SG:xx)", "signature_encoding"),
        (b"x" * (LARGEST_FILE + 1), "format"),
        (b"\n".join([b"OCMF|{}|{}"] * 5000), "format"),
        (base64.b64encode(ocmf())[:-50], "signature_encoding"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_malformed(data: bytes, reason: str) -> None:
    result = verify_bytes(data)

    assert (result.result, result.reason) == ("malformed", reason)
    assert not result.transaction.billable


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_a_mutated_file_always_has_an_answer(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from(samples())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if not file:
            break
    result = verify_bytes(bytes(file), public_key=data.draw(st.sampled_from([None, signer().x_y.hex(), "x"])))

    json.dumps(result.to_json(), allow_nan=False)


@pytest.mark.parametrize("index", range(len(samples())))
def test_a_truncated_file_is_never_valid(index: int) -> None:
    whole = samples()[index]
    key = signer("secp192r1").x_y.hex() if index == 6 else signer().x_y.hex() if index in (0, 7) else None

    assert verify_bytes(whole, public_key=key).result == "valid"
    for cut in random.Random(index).sample(range(len(whole) - 12), 40):
        assert verify_bytes(whole[:cut], public_key=key).result != "valid"


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5)))
def test_a_cdr_with_any_signed_data_has_an_answer(fields: dict[str, object]) -> None:
    assert verify_cdr(fields).result == "malformed"
    assert verify_cdr({"signed_values": [fields, 5, None]}).result == "malformed"


def test_a_cdr_whose_plain_copy_differs_from_what_was_signed_is_forged() -> None:
    record = ocmf()
    plain = record.split(b"|")[1].decode()
    value = {"nature": "End", "plain_data": plain, "signed_data": base64.b64encode(record).decode()}
    good = {"encoding_method": "OCMF", "public_key": base64.b64encode(signer().spki).decode(), "signed_values": [value]}
    forged = good | {"signed_values": [value | {"plain_data": plain.replace("321.75", "331.75")}]}

    assert (verify_cdr(good).result, verify_cdr(good).key_source) == ("valid", "container")
    assert (verify_cdr(forged).result, verify_cdr(forged).reason) == ("invalid", "forged")
    assert verify_cdr({"signed_values": []}).reason == "no_signed_data"


def _meant(result: VerifyResult) -> list[tuple[object, ...]]:
    """Return what a file says as signed: amounts, moments, meter."""
    return [
        (value.record.meter_serial, reading.value, reading.unit, reading.local_time or reading.time)
        for value in result.values
        for reading in value.record.readings
    ]


KEYS = {0: signer(), 6: signer("secp192r1"), 7: signer()}


@pytest.mark.parametrize("index", range(len(samples())))
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_file_with_changed_bytes_is_only_valid_if_it_says_the_same(index: int, data: st.DataObject) -> None:
    file = bytearray(samples()[index])
    key = KEYS[index].x_y.hex() if index in KEYS else None
    good = verify_bytes(bytes(file), public_key=key)
    at = data.draw(st.integers(0, len(file) - 1))
    file[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(min_size=1, max_size=2))
    result = verify_bytes(bytes(file), public_key=key)

    assert good.result == "valid"
    assert result.result != "valid" or _meant(result) == _meant(good)


def test_what_stands_behind_the_signature_of_pcdf_says_nothing() -> None:
    moved = signing.pcdf(RV="0011.500*kWh") + b"(BV:0)(HW:77)"
    result = verify_bytes(moved)

    assert result.result == "valid"
    assert result.meter_serial == "00012345678"
    assert result.transaction.billable


def test_two_numbers_never_pass_for_the_same_bytes() -> None:
    process = signing.mennekes()
    for old, new in ((b"<Value>314940", 314940 + 2**64), (b"<SecondIndex>980", 980 + 2**32), (b"<Scaler>-1", 255)):
        name = old.split(b">")[0] + b">"
        assert verify_bytes(process.replace(old, name + str(new).encode(), 1)).result == "malformed"
    meter = signing.chargeit_bsm()
    number = meter["signedMeterValues"][0]["additionalValues"][5]["measuredValue"]
    number["value"] -= 2**32
    assert verify_bytes(json.dumps(meter).encode()).result == "malformed"


@pytest.mark.parametrize(
    "data",
    [
        b"OCMF|" * (LARGEST_FILE // 5),
        b"AP;" * (LARGEST_FILE // 3),
        b"128.8.0(" * (LARGEST_FILE // 8),
        b"A" * LARGEST_FILE,
        b"4f434d467c" * (LARGEST_FILE // 10),
        b'{"a":[' + b"[],{}," * (LARGEST_FILE // 6 - 3) + b"1]}",
        b"[" + b'{"format":"SignedData","value":1},' * (LARGEST_FILE // 34 - 2) + b"1]",
        b"<values>" + b"<value><signedData>OCMF|</signedData></value>" * 30_000 + b"</values>",
        b"<values>" + (b"<value><signedData>" + b"OCMF|" * 999 + b"</signedData></value>") * 999 + b"</values>",
        b'<a b="' + b"c" * (LARGEST_FILE - 20) + b'"/>',
    ],
    ids=range(10),
)
def test_the_largest_files_have_an_answer(data: bytes) -> None:
    assert verify_bytes(data[:LARGEST_FILE]).result == "malformed"
