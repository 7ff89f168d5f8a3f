"""The dialog of the user's settings: change, reset, export, import."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from evtech import paths
from evtech.settings import Settings, load, save
from ui.widgets.dress import Muted
from ui.words import translate


class SettingsDialog(QDialog):
    """Shows settings in a form; ``chosen()`` returns what stands there."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Settings", "Settings"))
        self.setMinimumWidth(620)
        self._settings = settings
        self.theme, self.language = QComboBox(), QComboBox()
        self.theme.addItem(translate("Settings", "Light"), "light")
        self.theme.addItem(translate("Settings", "Dark"), "dark")
        self.language.addItem("English", "en")
        self.language.addItem("Deutsch", "de")
        self.technician, self.archive = QLineEdit(), QLineEdit()
        self.archive.setPlaceholderText(str(paths.default_archive()))
        self.interval = QDoubleSpinBox()
        self.interval.setRange(0.05, 3600)
        self.interval.setDecimals(2)
        self.interval.setSuffix(" s")
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setVisible(False)
        outer = QVBoxLayout(self)
        outer.addLayout(self._make_form())
        outer.addWidget(self.problem)
        outer.addLayout(self._make_buttons())
        self.fill(settings)

    def fill(self, settings: Settings) -> None:
        """Show settings."""
        self.theme.setCurrentIndex(self.theme.findData(settings.theme))
        self.language.setCurrentIndex(self.language.findData(settings.report_language))
        self.technician.setText(settings.technician)
        self.archive.setText(settings.archive)
        self.interval.setValue(settings.poll_interval_s)

    def chosen(self) -> Settings:
        """Return what stands in the form."""
        return replace(
            self._settings,
            theme=self.theme.currentData(),
            report_language=self.language.currentData(),
            technician=self.technician.text().strip(),
            archive=self.archive.text().strip(),
            poll_interval_s=round(self.interval.value(), 2),
        )

    def export_to(self, path: Path) -> None:
        """Write what stands in the form to a file, or say why not."""
        try:
            save(self.chosen(), path)
        except OSError as error:
            self._say(translate("Settings", "{file} cannot be written: {why}.").format(file=path, why=error.strerror))

    def import_from(self, path: Path) -> None:
        """Show the settings of a file, or say what is wrong with it."""
        settings, problems = load(path)
        if problems:
            self._say("\n".join(problems))
        else:
            self.fill(settings)

    def _make_form(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        browse = QPushButton(translate("Settings", "Choose…"))
        browse.clicked.connect(self._ask_archive)
        archive = QHBoxLayout()
        archive.addWidget(self.archive, 1)
        archive.addWidget(browse)
        form.addRow(translate("Settings", "&Technician"), self.technician)
        form.addRow(translate("Settings", "T&heme"), self.theme)
        form.addRow(translate("Settings", "&Language of reports"), self.language)
        form.addRow(translate("Settings", "&Read every"), self.interval)
        form.addRow("", Muted(translate("Settings", "Used by the next connection; a product may want more.")))
        limits = QPushButton(translate("Settings", "Change…"))
        limits.clicked.connect(self._change_limits)
        row = QHBoxLayout()
        row.addWidget(limits)
        row.addStretch(1)
        words = QLabel(translate("Settings", "Limits of &findings"))
        words.setBuddy(limits)
        form.addRow(words, row)
        label = QLabel(translate("Settings", "&Archive"))
        label.setBuddy(self.archive)  # a row that holds a layout has no buddy of its own
        form.addRow(label, archive)
        form.addRow("", Muted(translate("Settings", "Used from the next start; empty for the usual place.")))
        return form

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, act in (
            (translate("Settings", "Reset"), lambda: self.fill(Settings())),
            (translate("Settings", "Import…"), self._ask_import),
            (translate("Settings", "Export…"), self._ask_export),
        ):
            button = QPushButton(text)
            button.clicked.connect(act)
            row.addWidget(button)
        buttons = QDialogButtonBox()
        buttons.addButton(translate("Settings", "Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(translate("Settings", "Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        row.addStretch()
        row.addWidget(buttons)
        return row

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(True)

    def _ask_archive(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self,
            translate("Settings", "Archive"),
            self.archive.text(),
            "evtech (*.evtech)",
            options=QFileDialog.Option.DontConfirmOverwrite,  # an archive is opened, not replaced
        )
        if name:
            self.archive.setText(name)

    def _change_limits(self) -> None:
        from ui.limits_dialog import change_limits

        change_limits(self, "de" if self.locale().language() == QLocale.Language.German else "en")

    def _ask_import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, translate("Settings", "Import settings"), "", "JSON (*.json)")
        if name:
            self.import_from(Path(name))

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, translate("Settings", "Export settings"), "evtech-settings.json")
        if name:
            self.export_to(Path(name))
