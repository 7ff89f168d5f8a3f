"""Writes finished PDFs with the technician's seal. A key that cannot be opened never costs the report.

An HTML twin carries no seal: there is no signature that a browser would check. What counts is the PDF.
"""

import hashlib
from pathlib import Path

from evtech import paths, settings
from evtech.errors import EvtechError
from evtech.reports.files import write_whole


class Written(tuple[Path, str]):
    """A file that was written, with its SHA-256, as a pair; ``remark`` says why a PDF carries no seal."""

    remark: str | None = None


def write_pdf(target: Path, data: bytes, *, seal: bool = True) -> Written:
    """Write a PDF, sealed where that is wanted and the key can be opened; raise ``ArchiveError`` as ``write_whole``."""
    remark = None
    if seal:
        data, remark = sealed(data)
    written = written_whole(target, data)
    written.remark = remark
    return written


def written_whole(target: Path, data: bytes) -> Written:
    """Write any other file and return it with its SHA-256."""
    write_whole(target, data)
    return Written((target, hashlib.sha256(data).hexdigest()))


def sealed(data: bytes, passphrase: str | None = None) -> tuple[bytes, str | None]:
    """Return the sealed PDF and ``None``, or the PDF as it is and why it carries no seal."""
    from evtech.reports.seal import sign_pdf  # cryptography and pyHanko: only when a report is made
    from evtech.reports.signers import load_signer

    try:
        return sign_pdf(data, load_signer(usual_name(), passphrase)), None
    except (EvtechError, ImportError) as error:
        return data, f"The report carries no seal. {error} {getattr(error, 'hint', '')}".strip()


def usual_name() -> str | None:
    """Return the technician of the settings: whom a new key is named after."""
    return settings.load(paths.user_data() / settings.FILE_NAME)[0].technician or None
