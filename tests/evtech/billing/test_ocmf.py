"""OCMF: exact bytes, all curves and encodings, and the reasons for what is not valid."""

import base64
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.billing.curves import CURVES, Curve
from evtech.billing.ocmf import parse_time
from evtech.billing.signatures import VerifyResult, verify_bytes
from tests.evtech.billing.signing import BEGIN, END, Signer, container, ocmf, payload, signer

KEY = signer().spki.hex()


def _verdict(result: VerifyResult) -> tuple[str, str | None]:
    return result.result, result.reason


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_every_curve(curve: Curve) -> None:
    made = Signer(curve)
    result = verify_bytes(ocmf(by=made), public_key=made.spki.hex())

    assert _verdict(result) == ("valid", None)
    assert result.transaction.energy_kwh == Decimal("11.50")
    assert result.transaction.billable
    assert _verdict(verify_bytes(ocmf(by=made), public_key=Signer(curve, 77).spki.hex())) == ("invalid", "signature")


def test_the_bytes_are_hashed_as_they_stand() -> None:
    spaced = json.dumps(payload(BEGIN, END | {"RV": 321.75}), indent=1).replace("321.75", "321.7500") + " \n"

    assert _verdict(verify_bytes(ocmf(spaced), public_key=KEY)) == ("valid", None)
    assert _verdict(verify_bytes(b"\xef\xbb\xbf \r\n" + ocmf(spaced) + b"\r\n\r\n", public_key=KEY)) == ("valid", None)
    trimmed = ocmf(spaced).replace(b"321.7500", b"321.75")
    assert _verdict(verify_bytes(trimmed, public_key=KEY)) == ("invalid", "signature")


def test_letters_outside_ascii_are_utf_8_in_text_and_in_any_xml() -> None:
    text = json.dumps(payload(TT="0,49 €/kWh für Gäste"), ensure_ascii=False)
    latin = (
        container(("", ocmf(text.replace("€", "EUR")).decode(), KEY)).decode().replace("?>", ' encoding="latin-1"?>')
    )

    assert verify_bytes(ocmf(text), public_key=KEY).result == "valid"
    assert verify_bytes(latin.encode("latin-1")).result == "valid"
    assert verify_bytes(ocmf(text).decode().encode("utf-16"), public_key=KEY).result == "valid"


def test_signatures_may_be_base64_or_raw() -> None:
    text = json.dumps(payload())
    der, raw = signer().der(text.encode()), signer().raw(text.encode())

    for fields in (
        {"SE": "base64", "SD": base64.b64encode(der).decode()},
        {"SD": raw.hex()},
        {"SD": der.hex().upper(), "SM": "application/x-der", "SE": "hex"},
        {"SA": None},
    ):
        assert _verdict(verify_bytes(ocmf(text, **fields), public_key=KEY)) == ("valid", None)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"SA": "ECDSA-secp521r1-SHA512"}, ("unsupported", "algorithm")),
        ({"SD": "xyz"}, ("malformed", "signature_encoding")),
        ({"SD": "abc"}, ("malformed", "signature_encoding")),
        ({"SD": None}, ("malformed", "signature_encoding")),
        ({"SD": ""}, ("malformed", "signature_encoding")),
        ({"SE": "base85"}, ("malformed", "signature_encoding")),
        ({"SA": "ECDSA-secp256k1-SHA256"}, ("invalid", "key_curve")),
    ],
)
def test_a_wrong_signature_section(fields: dict[str, str | None], verdict: tuple[str, str]) -> None:
    assert _verdict(verify_bytes(ocmf(**fields), public_key=KEY)) == verdict


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"OCMF|{}", "sections"),
        (b"OCMF", "sections"),
        (b'OCMF|{"TT":"a|b"}|{"SD":"3006020101020101"}', "sections"),
        (b"OCMF|{}|{}|", "sections"),
        (b"OCMF|{,}|{}", "payload_json"),
        (b"OCMF|[1]|{}", "payload_json"),
        (b'OCMF|{"RD":5}|{}', "payload_json"),
        (b'OCMF|{"RD":[5]}|{}', "payload_json"),
        (b'OCMF|{"RD":[{"RV":NaN}]}|{}', "payload_json"),
        (b'OCMF|{"RD":[],"RD":[]}|{}', "payload_json"),
        (b'OCMF|{"ID":"\xff"}|{}', "payload_json"),
        (b'OCMF|{"RD":[{"RV":1e999999}]}|{}', "payload_json"),
        (b'OCMF|{"RD":' + b"[" * 100_000 + b"|{}", "payload_json"),
        (b"OCMF|{}|nothing", "signature_encoding"),
    ],
)
def test_a_malformed_record_says_where(data: bytes, reason: str) -> None:
    result = verify_bytes(data, public_key=KEY)

    assert _verdict(result) == ("malformed", reason)
    assert [value.signature for value in result.values] == ["malformed"]


def test_without_a_key_nothing_is_said_but_the_energy() -> None:
    result = verify_bytes(ocmf())

    assert _verdict(result) == ("no_key", None)
    assert result.transaction.energy_kwh == Decimal("11.50")
    assert not result.transaction.billable


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("no key at all", "key"),
        ("04" + "11" * 64, "key"),
        (signer("secp256k1").spki.hex(), "key_curve"),
        (signer("secp192r1").x_y.hex(), "key_curve"),
    ],
)
def test_a_wrong_key_is_invalid(key: str, reason: str) -> None:
    assert _verdict(verify_bytes(ocmf(), public_key=key)) == ("invalid", reason)


def test_a_key_in_a_fourth_section_is_compared_but_not_trusted() -> None:
    data = ocmf() + b"|" + KEY.encode()

    alone, same = verify_bytes(data), verify_bytes(data, public_key=KEY)
    other = verify_bytes(ocmf(by=signer(secret=7)) + b"|" + KEY.encode(), public_key=signer(secret=7).spki.hex())
    assert alone.result == "no_key"
    assert "fourth section" in alone.transaction.notes[0]
    assert (same.result, same.transaction.problems) == ("valid", ())
    assert [notice.code for notice in other.transaction.problems] == ["key_mismatch"]


def test_the_given_key_decides_and_another_in_the_file_is_a_problem() -> None:
    other = signer(secret=3)
    result = verify_bytes(container(("", ocmf().decode(), other.compressed.hex())), public_key=KEY)

    assert (result.result, result.key_source) == ("valid", "option")
    assert [notice.code for notice in result.transaction.problems] == ["key_mismatch"]
    assert not result.transaction.billable
    assert verify_bytes(container(("", ocmf().decode(), signer().pem)), public_key=KEY).transaction.problems == ()


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_changed_byte_of_the_signed_content_stays_valid(data: st.DataObject) -> None:
    record = bytearray(ocmf())
    end = record.index(b"|", 5)
    at = data.draw(st.integers(5, end - 1))
    record[at] ^= data.draw(st.integers(1, 255))

    assert verify_bytes(bytes(record), public_key=KEY).result in ("invalid", "malformed")


def test_the_worst_value_decides() -> None:
    good, changed, broken = ocmf().decode(), ocmf().decode().replace("310.25", "310.26"), "OCMF|{}"
    unknown = ocmf(SA="ECDSA-x-SHA256").decode()

    for texts, verdict in (
        ((good, good), ("valid", None)),
        ((good, changed), ("invalid", "signature")),
        ((changed, unknown), ("unsupported", "algorithm")),
        ((unknown, broken, changed), ("malformed", "sections")),
    ):
        assert _verdict(verify_bytes("\n".join(texts).encode(), public_key=KEY)) == verdict
    mixed = container(("", good, None), ("", changed, KEY))
    assert _verdict(verify_bytes(mixed)) == ("invalid", "signature")


@pytest.mark.parametrize(
    ("text", "iso", "status"),
    [
        ("2018-07-24T13:22:04,000+0200 S", "2018-07-24T11:22:04+00:00", "S"),
        ("2018-07-24T13:22:04.5-02:30", "2018-07-24T15:52:04.500000+00:00", None),
        ("2018-07-24T13:22:04Z I", "2018-07-24T13:22:04+00:00", "I"),
        ("2018-13-24T13:22:04,000+0200 S", None, "S"),
        ("2018-07-24T13:22:04 U", None, "U"),
        ("0001-01-01T00:00:00,000+0200 S", None, "S"),
        ("nonsense", None, None),
    ],
)
def test_times(text: str, iso: str | None, status: str | None) -> None:
    moment, _, letter = parse_time(text)

    assert (moment.isoformat() if moment else None) == iso
    assert letter == status


@pytest.mark.parametrize("encode", [lambda raw: raw.hex(), lambda raw: base64.b64encode(raw).decode()])
def test_a_wrapped_record_is_unwrapped_by_its_content(encode: object) -> None:
    wrapped = encode(ocmf())  # type: ignore[operator]  # one of the two lambdas above

    assert verify_bytes(container(("", wrapped, KEY))).result == "valid"
    assert verify_bytes(wrapped.encode(), public_key=KEY).result == "valid"
