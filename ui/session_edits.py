"""What a person adds to a session: notes, photos, corrections. They stand beside the record, which is never touched."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from evtech.errors import EvtechError, InputError
from evtech.store.archive import Archive
from evtech.store.session_extras import Attachment, Correction
from evtech.store.session_list import SessionLine
from ui.bridge import Bridge
from ui.pages.page import Page
from ui.session_dialogs import CorrectionDialog, NoteDialog
from ui.widgets.dress import dress
from ui.words import translate


class SessionEdits(QObject):
    """Asks and keeps, on a worker thread; ``then`` gets nothing, or the ``EvtechError`` that stood in the way."""

    def __init__(
        self,
        page: Page,
        archive: Archive,
        bridge: Bridge,
        selected: Callable[[], SessionLine | None],
        then: Callable[[object], None],
    ) -> None:
        super().__init__(page)
        self._page, self._archive, self._bridge = page, archive, bridge
        self._selected, self._then = selected, then

    def add_note(self) -> None:
        """Ask for a note."""
        line = self._selected()
        if line is None:
            return
        dialog = NoteDialog(self._bridge.bench.technician, self._page)
        dress(dialog, self._page.theme)
        if dialog.exec():
            words, who = dialog.text.toPlainText().strip(), dialog.technician.text().strip()
            self._keep(line, {"note": words}, who, "")

    def add_photo(self) -> None:
        """Ask for a picture."""
        line = self._selected()
        if line is None:
            return
        name, _ = QFileDialog.getOpenFileName(
            self._page, translate("Sessions", "Photo"), "", translate("Sessions", "Pictures (*.jpg *.jpeg *.png)")
        )
        if name:
            self._bridge.work(lambda: attach_photo(self._archive, line, Path(name)), self._then)

    def correct(self) -> None:
        """Ask what is wrong with site or clock, beginning with what was corrected before."""
        line, archive = self._selected(), self._archive
        if line is None:
            return

        def ask(found: list[Correction] | EvtechError) -> None:
            if isinstance(found, EvtechError):
                self._then(found)
            else:
                self._ask_correction(line, float(next((c.value for c in reversed(found) if c.field == "clock_s"), 0)))

        self._bridge.work(lambda: archive.corrections(line.id), ask)

    def _ask_correction(self, line: SessionLine, shift: float) -> None:
        dialog = CorrectionDialog(line, shift, self._bridge.bench.technician, self._page)
        dress(dialog, self._page.theme)
        if dialog.exec():
            who, why = dialog.technician.text().strip(), dialog.reason.text().strip()
            self._keep(line, dialog.changes(), who, why, counts=dialog.counts.isChecked())

    def _keep(
        self, line: SessionLine, changes: dict[str, str], who: str, why: str, *, counts: bool = False
    ) -> None:  # fmt: skip
        archive = self._archive

        def keep() -> None:
            for field, value in changes.items():
                archive.correct_session(line.id, field, value, technician=who, reason=why)
            if counts:
                from evtech.exchange.keeping import say_same

                say_same(archive, line.id, None)
            archive.writer.flush()

        self._bridge.work(keep, self._then)


def attach_photo(archive: Archive, line: SessionLine, file: Path) -> None:
    """Keep a picture with a session; raise ``InputError`` where the file cannot be read."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Choose another file.") from error
    kind = "image/png" if file.suffix.lower() == ".png" else "image/jpeg"
    archive.attach(Attachment(line.id, file.name, kind, data, line.visit_id or None))
    archive.writer.flush()
