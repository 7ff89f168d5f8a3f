"""PDF/A-3a and PDF/UA-1 by typst, with the shipped fonts alone. The only place that knows typst."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from evtech import paths
from evtech.errors import EvtechError


def compile_pdf(template: str, files: Mapping[str, bytes], made: datetime) -> bytes:
    """Return the PDF of a template with its data files beside it; ``made`` is the document's date."""
    import typst  # 30 MB of compiler: only when a report is made

    folder = paths.resources()
    with tempfile.TemporaryDirectory(prefix="evtech-report-") as place:
        root = Path(place)
        (root / "main.typ").write_bytes((folder / "report_templates" / f"{template}.typ").read_bytes())
        for name, data in files.items():
            (root / name).write_bytes(data)
        try:
            made_pdf = typst.compile(
                str(root / "main.typ"),
                root=str(root),
                format="pdf",
                font_paths=[str(folder / "fonts")],
                ignore_system_fonts=True,
                pdf_standards=["a-3a", "ua-1"],
                timestamp=int(made.timestamp()),
            )
        except typst.TypstError as error:
            raise EvtechError(f"The PDF cannot be made: {error}.", "Report this with the session's CSV.") from error
    return bytes(made_pdf)
