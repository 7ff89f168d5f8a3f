"""Seals of PDFs: an embedded signature over every byte, and what became of it.

``report verify`` answers unchanged, changed, unknown_signer or unsealed. A seal counts only if it covers the whole file
and its container has the very bytes that evtech writes: one flipped byte anywhere is a change, padding included.
"""

import io
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.utils import CryptographyDeprecationWarning

from evtech.errors import InputError
from evtech.reports.signers import Signer, certificate_digest, common_name, fingerprint, is_certified, raw_public

UNCHANGED, CHANGED, UNKNOWN, UNSEALED = "unchanged", "changed", "unknown_signer", "unsealed"
_FIELD = "Seal"
_MARKS = (b"/ByteRange", b"/SigFlags", b"ETSI.CAdES")  # one changed byte cannot hide them all
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_MOMENT = re.compile(rb"/M\s*\(D:(\d{14}[^)]{0,10})\)")


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a seal says. ``signer`` is the name in it; ``changes`` are sentences."""

    result: str
    signer: str | None = None
    fingerprint: str | None = None
    changes: list[str] = field(default_factory=list)
    sealed_at: str | None = None


def sign_pdf(data: bytes, signer: Signer) -> bytes:
    """Return the PDF with the technician's signature (PAdES, ECDSA P-256 under the Ed25519 certificate)."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    def plain(certificate: x509.Certificate) -> Any:
        return asn1.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))

    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(plain(signer.certificate))
    key = signer.pdf_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    simple = signers.SimpleSigner(
        signing_cert=plain(signer.pdf_certificate), signing_key=keys.PrivateKeyInfo.load(key), cert_registry=store
    )
    wanted = signers.PdfSignatureMetadata(
        field_name=_FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, name=signer.name,
        contact_info=_certified_by(signer.pdf_certificate, signer.certificate),
    )  # fmt: skip
    out = signers.PdfSigner(wanted, signer=simple).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)))
    return bytes(out.getvalue())


def verify_pdf(data: bytes, known: dict[str, str]) -> SealReport:
    """Return what the seal of a PDF says; raise ``InputError`` where it is no PDF at all."""
    if not data.startswith(b"%PDF-"):
        raise InputError("The file is no PDF.", "Reports are PDF; visits are .evvisit.")
    if not any(mark in data for mark in _MARKS):
        return SealReport(UNSEALED)
    places = list(_BYTE_RANGE.finditer(data))
    if not places:
        return SealReport(CHANGED, changes=["the seal's place in the file is damaged"])
    first, length, second, rest = (int(number) for number in places[-1].groups())
    if first != 0 or not length < second <= len(data):
        return SealReport(CHANGED, changes=["the seal's place in the file is damaged"])
    changes = [] if second + rest == len(data) else ["bytes were added after the seal, or cut off"]
    covered = data[:length] + data[second : second + rest]
    try:
        return _judge(data[length:second], covered, changes, known)
    except (
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        OverflowError,
        UnsupportedAlgorithm,
        CryptographyDeprecationWarning,
        x509.InvalidVersion,
    ):  # what parsers say
        return SealReport(CHANGED, changes=[*changes, "the seal itself is damaged"])


def _judge(gap: bytes, covered: bytes, changes: list[str], known: dict[str, str]) -> SealReport:
    container = _container(gap)
    signed = _signed_data(container)
    leaf, root = _certificates(signed)
    if leaf is None or root is None:
        return SealReport(CHANGED, changes=[*changes, "the seal does not carry the certificates of a technician's key"])
    print_ = fingerprint(raw_public(root.public_key()))  # type: ignore[arg-type]  # `_certificates` takes only Ed25519
    broken = _broken(container, signed, covered, leaf, root)
    if changes or broken:
        return SealReport(CHANGED, common_name(root), print_, changes + ([broken] if broken else []))
    return SealReport(
        UNCHANGED if print_ in known else UNKNOWN, known.get(print_, common_name(root)), print_, [], _sealed_at(covered)
    )


def _container(gap: bytes) -> bytes:
    """Return the signature's DER bytes; raise ``ValueError`` unless the gap is just as it was written."""
    if not gap.startswith(b"<") or not gap.endswith(b">"):
        raise ValueError("no hexadecimal text")
    whole = bytes.fromhex(gap[1:-1].decode("ascii"))
    size = _der_length(whole)
    if whole.hex().upper().encode() != gap[1:-1] or any(whole[size:]):
        raise ValueError("not as written")
    return whole[:size]


def _signed_data(container: bytes) -> Any:
    from asn1crypto import cms

    info = cms.ContentInfo.load(container, strict=True)
    return info["content"]


def _sealed_at(covered: bytes) -> str | None:
    """Return the signer's own word for when it was sealed, as the PDF writes it."""
    found = _MOMENT.findall(covered)
    return found[-1].decode("ascii") if found else None


def _broken(
    container: bytes, signed: Any, covered: bytes, leaf: x509.Certificate, root: x509.Certificate
) -> str | None:
    """Return why the seal does not hold: certificates, digest, signature, or a container built otherwise."""
    import hashlib

    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

    if not is_certified(leaf, root) or _certified_by(leaf, root).encode() not in covered:
        return "the certificates in the seal do not belong together"
    (info,) = signed["signer_infos"]
    attributes = {a["type"].native: a["values"] for a in info["signed_attrs"]}
    if bytes(attributes["message_digest"][0].native) != hashlib.sha256(covered).digest():
        return "the content was changed after it was sealed"
    key = leaf.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        return "the certificates in the seal do not belong together"
    try:
        key.verify(
            bytes(info["signature"].native), info["signed_attrs"].untag().dump(force=True), ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        return "the signature does not belong to the content"
    return None if _rebuilt(signed, info, leaf) == container else "the seal's container was changed"


def _certified_by(leaf: x509.Certificate, root: x509.Certificate) -> str:
    """Return the digests of both certificates: inside the signed bytes, they bind every byte of the certificates."""
    return f"evtech {certificate_digest(leaf)} {certificate_digest(root)}"


def _rebuilt(signed: Any, info: Any, leaf: x509.Certificate) -> bytes:
    """Return the container built anew from what its signature covers, as evtech writes it."""
    from asn1crypto import cms
    from asn1crypto import x509 as asn1

    plain = asn1.Certificate.load(leaf.public_bytes(serialization.Encoding.DER))
    algorithm = {"algorithm": "sha256"}
    made = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algorithm],
            "encap_content_info": {"content_type": "data"},
            "certificates": list(signed["certificates"]),
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier(
                        "issuer_and_serial_number", {"issuer": plain.issuer, "serial_number": leaf.serial_number}
                    ),
                    "digest_algorithm": algorithm,
                    "signed_attrs": info["signed_attrs"],
                    "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                    "signature": info["signature"],
                }
            ],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": made}).dump(force=True))


def _certificates(signed: Any) -> tuple[x509.Certificate | None, x509.Certificate | None]:
    """Return the signing certificate and the technician's Ed25519 one, ``None`` where one is missing."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)  # evtech's own certificates give no cause
        found = [x509.load_der_x509_certificate(c.dump()) for c in signed["certificates"]]
    roots = [c for c in found if isinstance(c.public_key(), Ed25519PublicKey)]
    leaves = [c for c in found if c not in roots]
    if len(roots) != 1 or len(leaves) != 1:
        return None, None
    return leaves[0], roots[0]


def _der_length(der: bytes) -> int:
    """Return how many bytes the outermost DER value has, header included (X.690, 8.1.3)."""
    if der[1] < 0x80:
        return 2 + der[1]
    count = der[1] & 0x7F
    return 2 + count + int.from_bytes(der[2 : 2 + count], "big")
