"""What is diagnosed: this charger now, an earlier session, or a recording from a file; and the report of it."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from evtech.diagnostics.knowledge import catalogues
from evtech.store.records import ChargingSession
from ui.words import local_time, translate

_MOST = 40


class SourceBar(QWidget):
    """A choice of sources, two buttons, and whose codes a file holds."""

    file_wanted = Signal(object)  # Path
    session_wanted = Signal(object)  # id, or None for the charger now
    maker_changed = Signal()
    report_wanted = Signal(object, str)  # Path, language

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.source = QComboBox()
        self.source.setAccessibleName(translate("Diagnose", "What is diagnosed"))
        self.source.setMinimumContentsLength(8)
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.maker = QComboBox()
        self.maker.setAccessibleName(translate("Diagnose", "Whose codes the recording holds"))
        self.maker.setMinimumContentsLength(8)
        self.maker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.open_button = QPushButton(translate("Diagnose", "Open a recording…"))
        self.open_button.setToolTip(translate("Diagnose", "A CSV file of samples; it can be dropped on this page too"))
        self.report_button = QPushButton(translate("Diagnose", "Report…"))
        for widget, characters in ((self.source, 26), (self.maker, 22)):
            widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            widget.setMaximumWidth(self.fontMetrics().horizontalAdvance("m") * characters)
            row.addWidget(widget, 1)
        row.addStretch(1)
        row.addWidget(self.open_button)
        row.addWidget(self.report_button)
        self.show_sessions([])
        self.source.currentIndexChanged.connect(lambda: self.session_wanted.emit(self.source.currentData()))
        self.maker.currentIndexChanged.connect(self.maker_changed)
        self.open_button.clicked.connect(self._open)
        self.report_button.clicked.connect(self._report)

    def profile(self) -> str | None:
        """Return whose codes a file holds, ``None`` where nobody said."""
        return self.maker.currentData()

    def show_sessions(self, sessions: Sequence[ChargingSession]) -> None:
        """List the newest sessions of the archive below the charger itself."""
        chosen = self.source.currentData()
        self.source.blockSignals(True)
        self.source.clear()
        self.source.addItem("", None)
        for session in sorted(sessions, key=lambda s: s.started, reverse=True)[:_MOST]:
            who = f"{session.charger.vendor} {session.charger.model}"
            self.source.addItem(f"{local_time(session.started)[:16]}  {who}", session.id)
        self.source.setCurrentIndex(max(0, self.source.findData(chosen)))
        self.source.blockSignals(False)

    def show_state(self, *, is_connected: bool, file: str, has_answer: bool) -> None:
        """Show what can be done now: codes can be chosen for a ``file`` ("" = none), a report needs an answer."""
        now, earlier = translate("Diagnose", "This charger, now"), translate("Diagnose", "An earlier session …")
        self.source.setItemText(0, file or (now if is_connected else earlier))
        self.source.setVisible(is_connected or bool(file) or self.source.count() > 1)
        self.report_button.setVisible(has_answer)
        self.maker.setVisible(bool(file))
        if file and not self.maker.count():
            self._list_makers()

    def back_to_now(self) -> None:
        """Choose the charger itself again."""
        self.source.blockSignals(True)
        self.source.setCurrentIndex(0)
        self.source.blockSignals(False)

    def _list_makers(self) -> None:
        self.maker.blockSignals(True)
        self.maker.addItem(translate("Diagnose", "Codes of: not known"), None)
        for name, catalogue in sorted(catalogues().items(), key=lambda item: item[1].vendor):
            self.maker.addItem(f"{catalogue.vendor} {catalogue.model}", name)
        self.maker.blockSignals(False)

    def _open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, translate("Diagnose", "Open a recording"), "", "CSV (*.csv)")
        if name:
            self.file_wanted.emit(Path(name))

    def _report(self) -> None:
        kinds = {
            "PDF, English (*.pdf)": ("pdf", "en"), "PDF, Deutsch (*.pdf)": ("pdf", "de"),
            "HTML, English (*.html)": ("html", "en"), "HTML, Deutsch (*.html)": ("html", "de"),
        }  # fmt: skip
        german = QLocale().language() is QLocale.Language.German
        order = sorted(kinds, key=lambda kind: (kinds[kind][1] == "de") != german)
        title = translate("Diagnose", "Diagnosis report")
        name, kind = QFileDialog.getSaveFileName(self, title, "diagnosis", ";;".join(order))
        if name:
            suffix, lang = kinds.get(kind, ("pdf", "en"))
            path = Path(name)
            self.report_wanted.emit(path if path.suffix else path.with_suffix(f".{suffix}"), lang)
