"""Looking at somebody's visit: its rows in an archive of their own that goes away again.

The own archive is not touched until a person imports the visit.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from evtech.errors import ArchiveError, EvtechError, InputError
from evtech.reports.signers import known_signers
from evtech.reports.visit_file import VisitFile, load_rows, open_visit
from evtech.store.archive import Archive


@dataclass(frozen=True, slots=True)
class Looked:
    """A checked visit with its rows in ``archive``, a file in ``folder``; ``close`` takes both away."""

    visit: VisitFile
    folder: tempfile.TemporaryDirectory[str]
    archive: Path

    def close(self) -> None:
        """Remove the copy."""
        self.folder.cleanup()


def look(file: Path) -> Looked:
    """Return a visit to look at, whatever its seal says; raise ``InputError`` for what is none or cannot be read."""
    visit = open_visit(file, known_signers())
    folder = tempfile.TemporaryDirectory(prefix="evtech-visit-", ignore_cleanup_errors=True)
    path = Path(folder.name) / "visit.evtech"
    try:
        copy = Archive.open(path)
        try:
            load_rows(copy, visit)
        finally:
            copy.close()
    except EvtechError as error:
        folder.cleanup()
        if isinstance(error, ArchiveError) and not isinstance(error, InputError):
            raise InputError(f"{file.name} cannot be read: {error}", "Ask for the file again.") from error
        raise
    return Looked(visit, folder, path)
