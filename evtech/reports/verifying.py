"""Is this file what evtech wrote? One answer for PDFs and .evvisit files."""

from pathlib import Path

from evtech.errors import InputError
from evtech.reports.seal import SealReport, verify_pdf
from evtech.reports.visit_file import open_visit

_LARGEST_PDF = 512 << 20


def verify_file(file: Path, known: dict[str, str]) -> SealReport:
    """Return what a file's seal says; raise ``InputError`` for one that is neither a PDF nor a visit."""
    try:
        with file.open("rb") as stream:
            head = stream.read(5)
            if head == b"%PDF-":
                if file.stat().st_size > _LARGEST_PDF:
                    raise InputError(f"{file} is larger than 512 MiB.", "Reports are smaller; check the file.")
                return verify_pdf(head + stream.read(), known)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from error
    if head[:2] != b"PK":
        raise InputError(f"{file} is neither a PDF nor a visit.", "evtech seals PDF reports and .evvisit files.")
    return open_visit(file, known).seal
