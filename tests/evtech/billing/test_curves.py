"""The curves' parameters and our own ECDSA arithmetic, against answers of others."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.billing.curves import CURVES, Curve, find_curve
from evtech.billing.ecdsa import curve_of_algorithm, read_signature, verify
from evtech.billing.public_keys import read_key
from tests.evtech.billing.signing import Signer, signer

LIBRARY = {
    "secp192r1": ec.SECP192R1(),
    "secp256k1": ec.SECP256K1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
}
BY_NAME = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)


@BY_NAME
def test_the_generator_lies_on_the_curve_and_has_the_order(curve: Curve) -> None:
    generator = (curve.gx, curve.gy)

    assert curve.holds(*generator)
    assert curve.multiply(curve.n, generator) is None
    assert curve.multiply(curve.n - 1, generator) == (curve.gx, curve.p - curve.gy)
    assert curve.lift(curve.gx, curve.gy % 2 == 1) == generator


@BY_NAME
@settings(deadline=None, max_examples=10)
@given(secret=st.integers(2, 2**180), data=st.binary(max_size=40))
def test_multiples_and_verdicts_agree_with_the_library(curve: Curve, secret: int, data: bytes) -> None:
    made = Signer(curve, secret)
    r, s = made.numbers(data)
    digest = hashlib.sha256(data).digest()

    assert curve.verify(made.public, digest, r, s)
    assert not curve.verify(made.public, hashlib.sha256(data + b".").digest(), r, s)
    assert not curve.verify(made.public, digest, s, r)
    if curve.name in LIBRARY:
        private = ec.derive_private_key(secret, LIBRARY[curve.name])
        numbers = private.public_key().public_numbers()
        assert (numbers.x, numbers.y) == made.public
        private.public_key().verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        other = read_signature(private.sign(data, ec.ECDSA(hashes.SHA256())), curve)
        assert other is not None
        assert curve.verify(made.public, digest, *other)


def test_a_signature_by_openssl_on_secp192k1() -> None:
    key = read_key(
        "3046301006072a8648ce3d020106052b8104001f033200048b0c4b10352e1c6d54818a9379a304929e15c71d7b1489ca749b3236"
        "9ca987145b1bae0fbe7c0dbaf9374cb8fc0a681a"
    )
    curve = curve_of_algorithm("ECDSA-secp192k1-SHA256")
    signature = bytes.fromhex(
        "303502184d9f0451f5063b7f1e845b44dcb39a3b790e282adece877d021900a3fe671596934619cda9799ed43206c50a35ea8c3357900d"
    )
    numbers = read_signature(signature, curve)

    assert key and curve and numbers
    point = key.on(curve)
    assert point
    assert verify(curve, point, b"signed meter value", *numbers)
    assert not verify(curve, point, b"signed meter valuE", *numbers)


@BY_NAME
def test_numbers_out_of_range_and_foreign_points_never_verify(curve: Curve) -> None:
    made = Signer(curve)
    digest = hashlib.sha256(b"x").digest()
    r, s = made.numbers(b"x")

    for wrong in ((0, s), (r, 0), (curve.n + r, s), (r, curve.n), (r, s + curve.n), (0, 0)):
        assert not curve.verify(made.public, digest, *wrong)
        assert not verify(curve, made.public, b"x", *wrong)
    assert not curve.verify((made.public[0], made.public[1] ^ 1), digest, r, s)


def test_the_library_and_our_arithmetic_refuse_the_same() -> None:
    made = signer("secp256r1")
    public = ec.EllipticCurvePublicNumbers(*made.public, ec.SECP256R1()).public_key()
    r, s = made.numbers(b"a")

    with pytest.raises(InvalidSignature):
        public.verify(encode_dss_signature(r, s), b"b", ec.ECDSA(hashes.SHA256()))
    assert not made.curve.verify(made.public, hashlib.sha256(b"b").digest(), r, s)


@pytest.mark.parametrize("name", ["brainpoolP256r1", "prime256v1", "SECP256K1"])
def test_curves_have_several_names(name: str) -> None:
    assert find_curve(name) is not None


@pytest.mark.parametrize("name", ["ECDSA-secp521r1-SHA512", "RSA-2048-SHA256", "", "ECDSA-secp256r1-SHA384"])
def test_other_algorithms_are_unknown(name: str) -> None:
    assert curve_of_algorithm(name) is None


@pytest.mark.parametrize(
    "raw",
    ["", "30", "3006020101020101ff", "300602010102", "3003020101", "30060201010301ff", "aabbcc", "3082"],
)
def test_what_is_no_signature_is_refused(raw: str) -> None:
    assert read_signature(bytes.fromhex(raw), find_curve("secp256r1")) is None
