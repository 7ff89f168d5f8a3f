"""Half a surrogate pair can be written in JSON: it is a wrong text, never a crash."""

import pytest

from evtech.billing.signatures import verify_bytes, verify_cdr

HALF = "\ud800"


@pytest.mark.parametrize("where", ["public_key", "plain_data", "signed_data", "nature"])
@pytest.mark.parametrize("method", ["OCMF", "Alfen", "EDL40", "?"])
def test_half_a_letter_in_a_record_is_an_answer(where: str, method: str) -> None:
    value = {"nature": "Start", "plain_data": "a", "signed_data": "b"}
    data = {"encoding_method": method, "public_key": "00", "signed_values": [value]}
    (data if where == "public_key" else value)[where] = HALF

    assert verify_cdr(data, None).result != "valid"
    assert verify_cdr(data, HALF).result != "valid"


def test_half_a_letter_in_a_file_is_an_answer() -> None:
    assert verify_bytes(b'{"signed_values": "\\ud800", "public_key": "\\ud800"}', public_key=None).result != "valid"
