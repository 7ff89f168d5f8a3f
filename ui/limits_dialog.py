"""The dialog of the limits of findings: what each means, what holds now, what is usual."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import InputError
from evtech.insights.finding_words import limit_words
from evtech.insights.rule_limits import (
    DEFAULTS,
    SampleLimits,
    checked,
    limits_file,
    load_limits,
    save_limits,
    settings,
)
from ui.theme import LIGHT, Theme
from ui.widgets.dress import Muted, dress
from ui.words import translate

MEANING, VALUE, UNIT, USUAL = range(4)


class LimitsDialog(QDialog):
    """Shows limits in a table; ``chosen()`` returns what stands there, or raises ``InputError``."""

    def __init__(self, limits: SampleLimits, lang: str = "en", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Findings", "Limits of findings"))
        self.resize(820, 560)
        self._limits, self._lang, self._settings = limits, lang, settings()
        column = QVBoxLayout(self)
        words = translate("Findings", "Other limits count from the next check on. They are kept in {file}.")
        column.addWidget(Muted(words.format(file=limits_file())))
        self.table = self._make_table()
        column.addWidget(self.table, 1)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setVisible(False)
        column.addWidget(self.problem)
        column.addLayout(self._make_buttons())
        self.fill(limits)

    def fill(self, limits: SampleLimits) -> None:
        """Show limits."""
        for row, setting in enumerate(self._settings):
            value, item = getattr(limits, setting.name), self.table.item(row, VALUE)
            item.setText(f"{value:g}")
            font = item.font()
            font.setBold(value != setting.default)
            item.setFont(font)

    def chosen(self) -> SampleLimits:
        """Return the limits that stand in the table."""
        values: dict[str, object] = {}
        for row, setting in enumerate(self._settings):
            text = self.table.item(row, VALUE).text().strip().replace(",", ".")
            try:
                values[setting.name] = float(text)
            except ValueError:
                values[setting.name] = text
        return replace(self._limits, **checked(values, translate("Findings", "Limits")))

    def accept(self) -> None:
        """Close only with values that are allowed."""
        try:
            self.chosen()
        except InputError as error:
            self.problem.setText(f"{error} {error.hint}")
            self.problem.setVisible(True)
            return
        super().accept()

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(len(self._settings), USUAL + 1)
        table.setHorizontalHeaderLabels(
            [translate("Findings", "Limit"), translate("Findings", "Value"), translate("Findings", "Unit"),
             translate("Findings", "Usually")]
        )  # fmt: skip
        table.setAccessibleName(translate("Findings", "Limits of findings"))
        table.verticalHeader().setVisible(False)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        for row, setting in enumerate(self._settings):
            unit = setting.unit.replace("degC", "°C")
            texts = (limit_words(setting.name, self._lang), "", unit, f"{setting.default:g}")
            for place, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if place != VALUE:
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                if place in (VALUE, USUAL):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                table.setItem(row, place, item)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(MEANING, QHeaderView.ResizeMode.Stretch)
        return table

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        reset = QPushButton(translate("Findings", "Usual limits"))
        reset.clicked.connect(lambda: self.fill(DEFAULTS))
        box = QDialogButtonBox()
        box.addButton(translate("Findings", "Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
        box.addButton(translate("Findings", "Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        row.addWidget(reset)
        row.addStretch(1)
        row.addWidget(box)
        return row


def change_limits(parent: QWidget, lang: str, theme: Theme = LIGHT) -> bool:
    """Let a person change the limits; return whether others hold now. A file that cannot be used is shown first."""
    try:
        limits = load_limits()
    except InputError as error:
        words = translate("Findings", "{why} Until you keep limits here, nothing is checked.")
        QMessageBox.warning(parent, translate("Findings", "Limits of findings"), words.format(why=error))
        limits = DEFAULTS
    dialog = LimitsDialog(limits, lang, parent)
    dress(dialog, theme)
    if not dialog.exec():
        return False
    chosen = dialog.chosen()
    try:
        save_limits(chosen)
    except OSError as error:
        words = translate("Findings", "The limits cannot be kept: {why}.")
        QMessageBox.warning(parent, translate("Findings", "Limits of findings"), words.format(why=error.strerror))
        return False
    return chosen != limits
