"""The calibration report of a record that the archive keeps."""

from pathlib import Path

from evtech.calibration.evaluate import evaluate
from evtech.calibration.journal import record_of
from evtech.reports.calibration import write_calibration_report
from evtech.reports.sealing import Written
from evtech.store.archive import Archive


def write_kept_calibration(
    archive: Archive,
    id_: str,
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    seal: bool = True,
) -> list[Written]:
    """Evaluate a kept record anew, write its report and return files with SHA-256; raise ``NotFoundError``."""
    record = record_of(archive.result(id_, "calibration"))
    return write_calibration_report(record, evaluate(record), pdf=pdf, html=html, lang=lang, seal=seal)
