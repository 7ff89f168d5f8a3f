"""Who seals: the technician's Ed25519 key, and whose keys this evtech knows.

The key is made on first use and kept in the user's data folder, with a passphrase where one is wanted. PDF viewers do
not verify Ed25519 in signatures of documents; therefore a P-256 key, certified by the Ed25519 key, signs PDFs. What is
pinned and shown is always the Ed25519 key's fingerprint (SHA-256 of its 32 bytes).
"""

import getpass
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from evtech import paths
from evtech.errors import EvtechError, InputError
from evtech.reports.files import write_whole

PASSPHRASE_VARIABLE = "EVTECH_SEAL_PASSPHRASE"  # for commands without anyone to ask
_VALID_YEARS = 20
_KEY, _CERTIFICATE, _PDF_KEY, _PDF_CERTIFICATE = "seal.key", "seal.crt", "seal-pdf.key", "seal-pdf.crt"


@dataclass(frozen=True, slots=True)
class Signer:
    """The technician's keys and certificates; ``fingerprint`` is 64 hexadecimal digits."""

    name: str
    key: Ed25519PrivateKey
    certificate: x509.Certificate
    pdf_key: EllipticCurvePrivateKey
    pdf_certificate: x509.Certificate

    @property
    def public_bytes(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return raw_public(self.key.public_key())

    @property
    def fingerprint(self) -> str:
        """Return what others pin."""
        return fingerprint(self.public_bytes)


def fingerprint(public: bytes) -> str:
    """Return the fingerprint of a public key's 32 bytes."""
    return hashlib.sha256(public).hexdigest()


def raw_public(key: Ed25519PublicKey) -> bytes:
    """Return a public key's 32 bytes."""
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def load_signer(name: str | None = None, passphrase: str | None = None, folder: Path | None = None) -> Signer:
    """Return the technician's signer, made on first use; raise ``EvtechError`` where the key cannot be opened.

    ``name`` names a new key (else the system's user); a key that exists keeps the name it was made with.
    """
    folder = folder or _folder()
    secret = passphrase if passphrase is not None else os.environ.get(PASSPHRASE_VARIABLE)
    if not (folder / _KEY).exists():
        return _make(folder, name or getpass.getuser(), secret)
    try:
        key = _load_key(folder / _KEY, secret)
        pdf_key = _load_key(folder / _PDF_KEY, secret)
        certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
        pdf_certificate = x509.load_pem_x509_certificate((folder / _PDF_CERTIFICATE).read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise EvtechError(
            f"The key in {folder} cannot be opened: {error}.",
            f"Give its passphrase ({PASSPHRASE_VARIABLE}), or move the folder away: the next seal makes a new key.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey) or not isinstance(pdf_key, EllipticCurvePrivateKey):
        raise EvtechError(f"{folder / _KEY} is no Ed25519 key.", "Move it away: the next seal makes a new key.")
    return Signer(common_name(certificate), key, certificate, pdf_key, pdf_certificate)


def common_name(certificate: x509.Certificate) -> str:
    """Return the name in a certificate."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "unnamed"


def known_signers(folder: Path | None = None) -> dict[str, str]:
    """Return fingerprints and names that are trusted: one's own and those a person trusted."""
    file = (folder or _folder()) / "signers.json"
    try:
        data = json.loads(file.read_text("utf-8"))
        return {str(print_): str(entry["name"]) for print_, entry in data["signers"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file} cannot be read: {error}.", "Restore it or remove it, then trust signers again."
        ) from error


def trust(print_: str, name: str, folder: Path | None = None) -> None:
    """Pin a signer under a name; raise ``InputError`` where the fingerprint is none."""
    if len(print_) != 64 or any(c not in "0123456789abcdef" for c in print_):
        raise InputError(
            f"{print_!r} is no fingerprint.", "It has 64 digits 0 to 9 and a to f; `report verify` shows it."
        )
    folder = folder or _folder()
    folder.mkdir(parents=True, exist_ok=True)
    known = known_signers(folder) | {print_: name}
    data = {"signers": {p: {"name": n} for p, n in sorted(known.items())}}
    write_whole(folder / "signers.json", json.dumps(data, indent=1, ensure_ascii=False).encode())


def is_certified(leaf: x509.Certificate, root: x509.Certificate) -> bool:
    """Return whether an Ed25519 certificate signed itself and the other one."""
    key = root.public_key()
    if not isinstance(key, Ed25519PublicKey) or leaf.issuer != root.subject:
        return False
    try:
        for certificate in (root, leaf):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes)
    except InvalidSignature:
        return False
    return True


def _folder() -> Path:
    return paths.user_data() / "seal"


def _make(folder: Path, name: str, secret: str | None) -> Signer:
    key, pdf_key = Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64] or "technician")])
    documents = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name[:50]} (documents)")])
    certificate = _certify(issuer, issuer, key.public_key(), key)
    pdf_certificate = _certify(documents, issuer, pdf_key.public_key(), key)
    signer = Signer(name, key, certificate, pdf_key, pdf_certificate)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _save_secret(folder / _PDF_KEY, pdf_key, secret)
        write_whole(folder / _CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
        write_whole(folder / _PDF_CERTIFICATE, pdf_certificate.public_bytes(serialization.Encoding.PEM))
        _save_secret(folder / _KEY, key, secret)  # last: its presence says that the rest is there
    except OSError as error:
        raise EvtechError(
            f"The key cannot be kept in {folder}: {error.strerror}.", "Check the folder's rights."
        ) from error
    trust(signer.fingerprint, name, folder)
    return signer


def _certify(
    subject: x509.Name, issuer: x509.Name, public: Ed25519PublicKey | object, key: Ed25519PrivateKey
) -> x509.Certificate:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)  # laptops' clocks differ
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]  # either of the two kinds made above
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * _VALID_YEARS))
        .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, True, False, False, False) if subject == issuer else usage,
            critical=True,
        )
        .sign(key, None)
    )


def _save_secret(file: Path, key: Ed25519PrivateKey | EllipticCurvePrivateKey, secret: str | None) -> None:
    locked = serialization.BestAvailableEncryption(secret.encode()) if secret else serialization.NoEncryption()
    data = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    aside = file.with_name(file.name + ".part")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # nobody else's eyes from the first byte
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    aside.replace(file)


def _load_key(file: Path, secret: str | None) -> object:
    data = file.read_bytes()
    is_locked = b"ENCRYPTED" in data
    return serialization.load_pem_private_key(data, secret.encode() if secret and is_locked else None)


def certificate_digest(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a whole certificate, for comparing two of the same key."""
    return certificate.fingerprint(hashes.SHA256()).hex()
