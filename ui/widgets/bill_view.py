"""One bill: the verdict, what was given beside the files, the parts behind it, and what is handed over."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from evtech.billing.dossier import UNKNOWN, Evidence
from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.results import Result
from ui.billing_answer import Answered
from ui.billing_words import aspects
from ui.bridge import Bridge
from ui.theme import Theme
from ui.widgets.bill_details import BillDetails
from ui.widgets.bill_verdict import BillVerdict
from ui.widgets.given_form import GivenForm
from ui.words import translate


class BillView(QWidget):
    """Shows an answer and writes its report."""

    message = Signal(str)
    tariff_wanted = Signal()
    back_wanted = Signal()
    kept_one = Signal()

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._bridge = archive, bridge
        self.answered: Answered | None = None
        self.kept: Result | None = None
        self._evidence: list[Evidence] = []
        self._index, self._preferred = 0, ""
        self.verdict, self.form, self.details = BillVerdict(), GivenForm(), BillDetails()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.verdict)
        column.addWidget(self.form)
        column.addLayout(self._make_actions())
        column.addWidget(self.details, 1)
        self.verdict.zone_chosen.connect(self._use_zone)
        self.verdict.tariff_wanted.connect(self.tariff_wanted)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.verdict.apply_theme(theme)
        self.details.apply_theme(theme)

    def prefer_language(self, language: str) -> None:
        """Write reports in a language until another one is chosen here."""
        if language != self._preferred:
            self._preferred = language
            self.language.setCurrentIndex(max(0, self.language.findData(language)))

    def show_answer(self, found: Answered, evidence: Sequence[Evidence], index: int, kept: Result | None) -> None:
        """Show an answer about these files."""
        self.answered, self.kept, self._index = found, kept, index
        self._evidence = [one for one in evidence if one.role != UNKNOWN]
        result = found.examined.result
        self.verdict.show_verdict(found.role, found.title, found.sentences, aspects(found.examined))
        error = result.error if result else None
        no_tariff = error in ("no_valid_tariff", "unreadable_tariff") or found.examined.tariff_error is not None
        self.verdict.ask(zone=error in ("timezone_missing", "timezone_invalid"), tariff=no_tariff)
        self.form.show_known_zone(result.zone.name if result and result.zone else None)
        self.form.show_recordings(found.recordings, self.form.given().session_id)
        self.details.show_examined(found.examined, found.data, found.say)
        for button in self.actions:
            button.setEnabled(found.data is not None)
            button.setToolTip("" if found.data else translate("Billing", "When the price could be checked"))

    def keep(self) -> None:
        """Keep the check in the archive."""
        if self._can_report():
            self._bridge.work(self._keep, self._say_kept)

    def report(self, kind: str) -> None:
        """Ask for a file and write the report; the check is kept with it."""
        from evtech.reports.billing import write_report

        if not self._can_report() or self.answered is None:
            return
        result, lang = self.answered.examined.result, self.language.currentData()
        files = [(one.name, one.data) for one in self._evidence]
        assert result is not None and result.cdr is not None
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in result.cdr.id or "record")

        def write(path: Path) -> None:
            write_report(result, files, lang=lang, **{kind: path})
            self.kept = self._keep()

        self.write(f"billing-{name}.{kind}", write)

    def _can_report(self) -> bool:
        if self.answered is None or self.answered.data is None:
            self.message.emit(translate("Billing", "There is no checked record to report."))
            return False
        return True

    def _keep(self) -> Result:
        from evtech.reports.billing_kept import keep

        if self.kept is None:
            assert self.answered is not None and self.answered.examined.result is not None
            self.kept = keep(
                self._archive, self._evidence, self.answered.examined.result, self.answered.options, self._index
            )
        return self.kept

    def _say_kept(self, kept_: Result | EvtechError) -> None:
        if isinstance(kept_, EvtechError):
            self._say(kept_)
        else:
            words = translate("Billing", "The check is kept in the archive: {id}")
            self.message.emit(words.format(id=kept_.id[:8]))
            self.kept_one.emit()

    def write(self, proposal: str, write: Callable[[Path], object]) -> None:
        """Ask for a file, write it on a worker thread, and say how it went."""
        name, _ = QFileDialog.getSaveFileName(self, translate("Billing", "Save"), proposal)
        if not name:
            return
        path = Path(name)
        self.message.emit(translate("Billing", "Writing {file} …").format(file=path.name))

        def done(result: object) -> None:
            if isinstance(result, EvtechError):
                self._say(result)
                return
            text = translate("Billing", "{file} is written").format(file=path)
            if self.kept is not None:
                text += translate("Billing", "; the check is kept as {id}").format(id=self.kept.id[:8])
            self.message.emit(text)

        self._bridge.work(lambda: write(path), done)

    def _say(self, error: EvtechError) -> None:
        self.message.emit(f"{error} {error.hint}".strip())

    def _use_zone(self, name: str) -> None:
        self.form.zone.show_zone(name)
        self.form.changed.emit()

    def _make_actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.back = QPushButton(translate("Billing", "‹ Back to all records"))
        self.back.clicked.connect(self.back_wanted)
        row.addWidget(self.back)
        row.addStretch()
        self.language = QComboBox()
        self.language.setAccessibleName(translate("Billing", "Language of the report"))
        self.language.addItem("English", "en")
        self.language.addItem("Deutsch", "de")
        row.addWidget(self.language)
        self.actions = []
        for text, act in (
            (translate("Billing", "Report PDF…"), lambda: self.report("pdf")),
            (translate("Billing", "Report HTML…"), lambda: self.report("html")),
            (translate("Billing", "Keep in the archive"), self.keep),
        ):
            button = QPushButton(text)
            button.clicked.connect(act)
            self.actions.append(button)
            row.addWidget(button)
        return row
