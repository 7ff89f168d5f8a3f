"""Every format: a record signed as its layout says is valid, with its energy; one that was changed is not."""

import base64
import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from evtech.billing.signatures import VerifyResult, verify_bytes
from tests.evtech.billing import signing
from tests.evtech.billing.signing import BEGIN, END, container, ocmf, payload, signer


def _two(make: Callable[..., str | bytes], key: str | None = None, **fields: object) -> bytes:
    """Return a container with begin and end of a format that carries one reading a record."""
    texts = []
    for value, page in ((1000, 5), (126000, 6)):
        made = make(value, page, **fields)
        texts.append(made if isinstance(made, str) else made.hex())
    return container(("Transaction.Begin", texts[0], key), ("Transaction.End", texts[1], key))


def _whole(result: VerifyResult, name: str, kwh: str) -> None:
    assert (result.result, result.reason, result.format) == ("valid", None, name)
    assert result.transaction.energy_kwh == Decimal(kwh)
    assert result.transaction.complete
    assert [notice.code for notice in result.transaction.problems] == []
    assert result.transaction.billable


def test_alfen() -> None:
    text = signing.alfen("0", 1000, 0, 5) + "\n" + signing.alfen("1", 12500, 5400, 6)
    result = verify_bytes(text.encode())

    _whole(result, "alfen", "11.5")
    assert result.transaction.duration_s == 5400
    assert result.key_source == "record"
    assert result.user_id == "04AABBCC"
    assert result.meter_serial == signing.SERVER.hex().upper()


def test_pcdf() -> None:
    result = verify_bytes(signing.pcdf())

    _whole(result, "pcdf", "11.5")
    assert result.transaction.duration_s == 5400
    assert result.user_id == "77"


@pytest.mark.parametrize("wrapped", [False, True])
def test_mennekes_needs_both_signatures(wrapped: bool) -> None:
    data = signing.mennekes(wrapped=wrapped)

    _whole(verify_bytes(data), "mennekes", "11.5")
    for old, new in ((b"<Value>314940", b"<Value>314941"), (b"<Value>429940", b"<Value>429941")):
        changed = verify_bytes(data.replace(old, new))
        assert (changed.result, changed.reason) == ("invalid", "signature")


def test_mennekes_with_a_newer_meter() -> None:
    data = signing.mennekes(signer("secp256r1"), status=1 << 16 | 0x81, block_status=1 << 4)

    _whole(verify_bytes(data), "mennekes", "11.5")


@pytest.mark.parametrize("curve", ["secp192r1", "secp256r1"])
def test_edl40_sig(curve: str) -> None:
    result = verify_bytes(_two(signing.edl40_sig, by=signer(curve)))

    _whole(result, "edl40_sig", "12.5")
    assert result.values[0].record.algorithm == f"ECDSA-{curve}-SHA256"


@pytest.mark.parametrize("curve", ["secp192r1", "secp256r1"])
def test_edl40(curve: str) -> None:
    by = signer(curve)
    result = verify_bytes(_two(signing.edl40, by.x_y.hex(), by=by))

    _whole(result, "edl40", "12.5")
    assert result.key_source == "container"
    assert result.transaction.duration_s == 1


def test_edl40_of_a_newer_meter_moves_its_status_bits() -> None:
    by = signer("secp256r1")
    newer = {"status": 1 << 17 | 1 << 8 | 0x04, "block_status": 1 << 0 | 1 << 7}

    _whole(verify_bytes(_two(signing.edl40, by.x_y.hex(), by=by, **newer)), "edl40", "12.5")


def test_edl40_lines_without_container_are_begin_and_end_by_order() -> None:
    lines = signing.edl40(1000, 5).hex() + "\n" + base64.b64encode(signing.edl40(126000, 6)).decode()

    _whole(verify_bytes(lines.encode(), public_key=signer("secp192r1").x_y.hex()), "edl40", "12.5")


def test_isa_edl40_holds_start_and_actual_reading() -> None:
    by = signer()
    result = verify_bytes(container(("x", signing.isa_edl40(120000, 2, 24).hex(), by.x_y.hex())))

    _whole(result, "isa_edl40", "11.5")
    assert result.transaction.duration_s == 600
    assert result.transaction.begin is not None
    assert result.transaction.begin.isoformat() == "2026-03-02T12:00:00+00:00"


def test_isa_edl40_of_the_begin_alone_is_not_complete() -> None:
    result = verify_bytes(signing.isa_edl40(5000, 0, 17), public_key=signer().x_y.hex())

    assert result.result == "valid"
    assert result.transaction.energy_kwh == 0
    assert [notice.code for notice in result.transaction.problems] == ["end_missing"]


def test_ptb_container() -> None:
    begin, end = ocmf(payload(BEGIN)), ocmf(payload(END, PG="T6"))
    file = {"format": "ptb", "ocmfBegin": begin.decode(), "ocmfEnd": end.decode(), "publicKey": signer().spki.hex()}
    result = verify_bytes(json.dumps(file).encode())

    _whole(result, "ptb", "11.5")
    assert result.values[1].record.context == "Transaction.End"


def test_chargeit_with_an_emh_meter() -> None:
    result = verify_bytes(json.dumps(signing.chargeit_emh()).encode())

    _whole(result, "chargeit_emh", "12.5")
    assert result.transaction.duration_s == 5400


def test_chargeit_with_a_bsm_meter() -> None:
    result = verify_bytes(json.dumps(signing.chargeit_bsm()).encode())

    _whole(result, "chargeit_bsm", "11.5")
    assert result.values[0].record.page == "10"


@pytest.mark.parametrize("field", ["value", "time", "meter"])
def test_an_unsigned_copy_that_says_something_else_is_forged(field: str) -> None:
    file = signing.chargeit_bsm()
    item = file["signedMeterValues"][1]
    if field == "value":
        item["value"]["measuredValue"]["value"] = 2150
    elif field == "time":
        item["value"]["measuredValue"]["timestampLocal"]["timestamp"] += 60
    else:
        item["meterInfo"]["meterId"] = "001EVT0004"
    result = verify_bytes(json.dumps(file).encode())

    assert (result.result, result.reason) == ("invalid", "forged")


def test_signed_values_that_change_their_names_between_begin_and_end_are_forged() -> None:
    file = signing.chargeit_bsm()
    session, total = file["signedMeterValues"][1]["additionalValues"][1:3]
    session["measurand"], total["measurand"] = total["measurand"], session["measurand"]
    file["signedMeterValues"][1]["value"]["measuredValue"]["value"] = 77190
    result = verify_bytes(json.dumps(file).encode())

    assert (result.result, result.reason) == ("invalid", "forged")


def test_ocpp_delivers_signed_values_in_two_ways() -> None:
    old = {"value": ocmf(payload(BEGIN)).decode(), "format": "SignedData", "context": "Transaction.Begin"}
    new = {
        "signedMeterData": base64.b64encode(ocmf(payload(END, PG="T6"))).decode(),
        "publicKey": base64.b64encode(b"oca:base16:asn1:" + signer().spki.hex().encode()).decode(),
    }
    message = {"meterValue": [{"sampledValue": [old]}, {"sampledValue": [{"signedMeterValue": new, "value": 1}]}]}
    result = verify_bytes(json.dumps(message).encode(), public_key=signer().x_y.hex())

    _whole(result, "ocmf", "11.5")


def test_a_container_with_a_name_space_and_escaped_xml_of_another_encoding() -> None:
    declared = '<?xml version="1.0" encoding="ISO-8859-1"?><!-- Zähler -->'
    rows = [declared + signing.edl40_sig(value, page) for value, page in ((1000, 5), (126000, 6))]
    file = container(("Transaction.Begin", rows[0], None), ("Transaction.End", rows[1], None))

    _whole(verify_bytes(file.replace(b"<values>", b'<values xmlns="http://x/y">')), "edl40_sig", "12.5")


def test_a_document_type_inside_escaped_xml_is_refused_too() -> None:
    inner = '<!DOCTYPE x [<!ENTITY y "z">]>' + signing.edl40_sig(1000, 5)
    result = verify_bytes(container(("Transaction.Begin", inner, None)))

    assert (result.result, result.reason) == ("malformed", "xml")


def test_another_programs_json_is_unsupported_and_encrypted_data_too() -> None:
    chargy = verify_bytes(b'{"@context": "https://open.charging.cloud/contexts/CTR+json"}')
    encrypted = verify_bytes(b"<values><value><encodedData>AAAA</encodedData></value></values>")

    assert chargy.result == "unsupported"
    assert (encrypted.result, encrypted.reason) == ("unsupported", "no_signed_data")
