"""Billing check: files in, one verdict out, with the calculation and every witness behind it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLocale, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFileDialog, QVBoxLayout

from evtech import paths
from evtech.billing.batch import Batch
from evtech.billing.check import CheckOptions
from evtech.billing.dossier import RECORD, TARIFF, UNKNOWN, Evidence, pasted, read_evidence
from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.results import Result
from ui.bill_sources import Found, divide, look_through
from ui.billing_answer import Answered, answer
from ui.bridge import Bridge
from ui.pages.page import Page
from ui.theme import Theme
from ui.widgets.batch_view import BatchView, Row, kept
from ui.widgets.bill_view import BillView
from ui.widgets.billing_start import BillingStart
from ui.widgets.dress import dress
from ui.widgets.evidence_bar import EvidenceBar
from ui.widgets.given_form import Given
from ui.words import translate

SETTLE_MS = 50  # several files are dropped one by one: the check waits for the last
ENDINGS = (".json", ".xml", ".txt", ".ocmf", ".pem", ".sml", ".bin", ".hex", ".key", ".der", ".pub", "")


class BillingPage(Page):
    """Takes files in any order; each change checks anew."""

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._bridge = archive, bridge
        self.evidence: list[Evidence] = []
        self.answered: Answered | None = None
        self.kept: Result | None = None
        self._index, self._asked = 0, 0
        self._records: list[Path | Evidence] = []
        self._others: list[Evidence] = []
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        self.bar, self.start = EvidenceBar(), BillingStart()
        self.view, self.batch = BillView(archive, bridge), BatchView()
        self.form = self.view.form
        column.addWidget(self.bar)
        for part in (self.start, self.view, self.batch):  # a stack would be as high as its highest part
            column.addWidget(part, 1)
        self._settle = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(self._look)
        self._wire()
        self._show_parts()

    # ---- what other parts of the window ask for ----

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        for part in (self.view, self.batch):
            part.apply_theme(theme)

    def load(self) -> None:
        """List the checks that were kept; take the language of reports from the settings."""
        self.view.prefer_language(self._bridge.bench.report_language)
        self._bridge.work(lambda: self._archive.results("billing"), self._list_kept)

    def show_item(self, item: object) -> None:
        """Open a kept check by its id."""
        self._bridge.work(lambda: self._reopen(str(item)), self._show_reopened)

    def open_file(self, path: Path) -> bool:
        """Take a file of a dispute or a folder; return whether it is one."""
        if path.is_dir():
            self._take_folder(path)
            return True
        if path.suffix.lower() not in ENDINGS:
            return False
        try:
            one = read_evidence(path)
        except EvtechError as error:
            self._say(error)
            return False
        if one.role == UNKNOWN and path.suffix.lower() not in (".json", ".xml", ".ocmf"):
            return False
        self.add([one])
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Let a text be dropped; files go to the window, which asks every page."""
        if event.mimeData().hasText() and not event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take a dropped text."""
        event.acceptProposedAction()
        self._take_text(event.mimeData().text())

    # ---- files ----

    def add(self, evidence: Sequence[Evidence]) -> None:
        """Add files; the same content again changes nothing."""
        known = {one.sha256 for one in self.evidence}
        self.evidence += [one for one in evidence if one.sha256 not in known]
        self._changed()

    def start_over(self) -> None:
        """Forget the files and what was entered."""
        self.batch.stop()
        self.evidence, self._records, self._others, self.answered = [], [], [], None
        self._index = 0
        self._asked += 1  # an answer that is still on its way belongs to the former files
        self.form.show_given(Given())
        self._changed()

    def try_example(self) -> None:
        """Open the example that comes with evtech: a record whose prices were taken in the wrong time zone."""
        self.start_over()
        self._take_paths(sorted((paths.resources() / "samples" / "billing").glob("*.*")))

    def check_now(self) -> None:
        """Check the files as they are."""
        self._settle.stop()
        self._asked += 1
        asked, evidence, given, index = self._asked, list(self.evidence), self.form.given(), self._index
        comma = QLocale().decimalPoint() == ","
        self._bridge.work(
            lambda: answer(self._archive, evidence, given, index, comma),
            lambda found: self._show(found) if asked == self._asked else None,
        )

    def _changed(self) -> None:
        self.kept = None
        self.bar.show_evidence(self.evidence, self.theme)
        self._show_parts()
        if self.evidence or self._records:
            self._settle.start()

    def _look(self) -> None:
        """Check the one record, or all where there are many."""
        found = divide(self.evidence)
        if found.records:
            self._records, self._others, self.evidence = found.records, found.evidence, list(found.evidence)
            self.bar.show_evidence(self.evidence, self.theme)
        if self._records and not any(one.role == RECORD for one in self.evidence):
            self._check_all()
        else:
            self.check_now()

    def _take_paths(self, files: Sequence[Path]) -> None:
        taken = [self.open_file(path) for path in files]
        if files and not any(taken):
            words = translate("Billing", "{file} is none of the files a billing check uses.")
            self.message.emit(words.format(file=files[0].name))

    def _take_folder(self, folder: Path) -> None:
        self.message.emit(translate("Billing", "Looking through {folder} …").format(folder=folder.name))
        self._bridge.work(lambda: look_through(folder), self._show_folder)

    def _show_folder(self, found: Found | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self._say(found)
            return
        if found.records:
            self._records = [*found.records, *(one for one in self.evidence if one.role == RECORD)]
            self.evidence = [one for one in self.evidence if one.role != RECORD]
        if found.records or found.evidence:
            words = translate("Billing", "Found: {records} files of charge records, {others} other files")
            several = len(found.records) or sum(one.role == RECORD for one in found.evidence)
            self.message.emit(words.format(records=several, others=len(found.evidence)))
        else:
            self.message.emit(translate("Billing", "The folder holds no charge record, tariff or signed values."))
        self.add(found.evidence)

    def _take_text(self, text: str) -> None:
        if text.strip():
            self.add([pasted(text, translate("Billing", "pasted text {n}").format(n=len(self.evidence) + 1))])

    def _paste(self) -> None:
        mime = QApplication.clipboard().mimeData()
        if mime.hasUrls():
            self._take_paths([Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()])
        elif mime.text().strip():
            self._take_text(mime.text())
        else:
            self.message.emit(translate("Billing", "The clipboard holds no text and no files."))

    def _change_role(self, index: int, role: str) -> None:
        self.evidence[index] = replace(self.evidence[index], role=role)
        self._changed()

    def _remove(self, index: int) -> None:
        del self.evidence[index]
        self._changed()

    def _choose_files(self, title: str = "") -> None:
        title = title or translate("Billing", "Charge record, tariff, signed values")
        names, _ = QFileDialog.getOpenFileNames(self, title)
        self._take_paths([Path(name) for name in names])

    def _choose_tariff(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, translate("Billing", "Tariff"), "", "*.json")
        if name:
            try:
                self.add([replace(read_evidence(Path(name)), role=TARIFF)])
            except EvtechError as error:
                self._say(error)

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, translate("Billing", "Folder of charge records"))
        if name:
            self._take_folder(Path(name))

    # ---- many records ----

    def _check_all(self) -> None:
        given, self._others = self.form.given(), list(self.evidence)
        batch = Batch(self._records, self.evidence, CheckOptions(timezone=given.zone, public_key=given.public_key))
        self.batch.watch(batch)
        # a thread of its own: a run of minutes must not keep queries waiting
        threading.Thread(target=batch.run, args=(kept,), name="evtech-billing", daemon=True).start()
        self._show_parts()

    def _use_zone(self, name: str) -> None:
        self.form.zone.show_zone(name)
        self._changed()

    def _open_row(self, row: Row) -> None:
        try:
            source = row.source if isinstance(row.source, Evidence) else read_evidence(row.source)
        except EvtechError as error:
            self._say(error)
            return
        stem = source.name.rpartition(".")[0] or source.name
        beside = [one for one in self._others if one.role == TARIFF or one.name.startswith(stem)]
        self.evidence = [replace(source, role=RECORD), *beside]
        self._index = row.index
        self._changed()

    def _back_to_all(self) -> None:
        self.evidence, self._index, self.answered = list(self._others), 0, None
        self.kept = None
        self.bar.show_evidence(self.evidence, self.theme)
        self._show_parts()

    def _export(self, kind: str) -> None:
        from evtech.reports.billing_table import write_csv, write_table

        rows = [row.cells for row in self.batch.model.rows]
        write = {"xlsx": write_table, "csv": write_csv}[kind]
        self.view.write(f"billing-check.{kind}", lambda path: write(path, rows))

    # ---- the answer ----

    def _show(self, found: Answered | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self._say(found)
            return
        self.answered = found
        self.view.show_answer(found, self.evidence, self._index, self.kept)
        dress(self, self.theme)
        self._show_parts()

    def _show_parts(self) -> None:
        many = bool(self._records) and not any(one.role == RECORD for one in self.evidence)
        self.batch.setVisible(many)
        self.view.setVisible(bool(self.evidence) and not many)
        self.start.setVisible(not self.evidence and not many)
        self.view.back.setVisible(bool(self._records) and not many)
        self.bar.setVisible(bool(self.evidence or self._records))

    # ---- kept checks ----

    def _reopen(self, id_: str) -> tuple[Result, list[Evidence], CheckOptions, int]:
        from evtech.reports.billing_kept import reopen

        found = self._archive.result(id_, "billing")
        return found, *reopen(self._archive, found)

    def _show_reopened(self, found: Any) -> None:
        if isinstance(found, EvtechError):
            self._say(found)
            return
        result, evidence, options, index = found
        self.start_over()
        session = options.recording.id if options.recording else None
        self.form.show_given(Given(options.timezone, options.public_key, options.displayed, session))
        self._index = index
        self.add(evidence)
        self.kept = result

    def _list_kept(self, found: list[Result] | EvtechError) -> None:
        if not isinstance(found, EvtechError):
            self.start.show_kept(found)

    def _say(self, error: EvtechError) -> None:
        self.message.emit(f"{error} {error.hint}".strip())

    def _wire(self) -> None:
        for ways in (self.bar, self.start):
            ways.files_wanted.connect(self._choose_files)
            ways.folder_wanted.connect(self._choose_folder)
            ways.paste_wanted.connect(self._paste)
        self.start.example_wanted.connect(self.try_example)
        self.start.kept_wanted.connect(self.show_item)
        self.bar.role_changed.connect(self._change_role)
        self.bar.removed.connect(self._remove)
        self.bar.clear_wanted.connect(self.start_over)
        self.view.message.connect(self.message)
        self.view.tariff_wanted.connect(self._choose_tariff)
        self.view.back_wanted.connect(self._back_to_all)
        self.view.kept_one.connect(self.load)
        self.form.changed.connect(self._changed)
        self.batch.opened.connect(self._open_row)
        self.batch.export_wanted.connect(self._export)
        self.batch.zone.chosen.connect(self._use_zone)
        here = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Paste, self, self._paste, context=here)
