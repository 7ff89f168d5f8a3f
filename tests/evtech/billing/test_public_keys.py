"""A key is read from its content, whatever a label says."""

import base64

import pytest

from evtech.billing.curves import CURVES, Curve
from evtech.billing.public_keys import read_key
from tests.evtech.billing.signing import Signer, signer


def _forms(made: Signer) -> list[str]:
    raw = [made.spki, b"\x04" + made.x_y, made.x_y, made.compressed]
    texts = [raw_form.hex() for raw_form in raw]
    texts += [base64.b64encode(raw_form).decode() for raw_form in raw]
    texts += [base64.b32encode(raw_form).decode().rstrip("=") for raw_form in raw]
    spaced = made.spki.hex().upper()
    texts += [base64.b64encode(made.pem.encode()).decode(), base64.b64encode(spaced.encode()).decode()]
    return [*texts, made.pem, " ".join(spaced[at : at + 4] for at in range(0, len(spaced), 4))]


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_every_form_is_the_same_point(curve: Curve) -> None:
    made = Signer(curve)

    for text in _forms(made):
        key = read_key(text)
        assert key is not None, text
        assert key.on(curve) == made.public
        assert key.fits(curve)


@pytest.mark.parametrize("text", ["", "hello", "3059", "30" * 45, "00" * 64 + "1", "A" * 5000, "é", "04" + "ab" * 20])
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_key(text) is None


def test_a_key_that_names_another_curve_does_not_fit() -> None:
    key = read_key(signer("secp256k1").spki.hex())

    assert key is not None
    assert not key.fits(signer("secp256r1").curve)


def test_compressed_and_whole_points_are_compared() -> None:
    made = signer()
    whole, short = read_key(made.x_y.hex()), read_key(made.compressed.hex())
    other = read_key(signer(secret=99).x_y.hex())

    assert whole and short and other
    assert whole.same_as(short)
    assert not whole.same_as(other)
