"""How a CSV is read: what it holds, how it is written, where and when; and what its columns are."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from evtech.exchange.csv_table import Table
from evtech.exchange.plans import SAMPLES, SESSIONS, Plan
from ui.import_table import ColumnTable
from ui.widgets.dress import Muted
from ui.widgets.zone_box import ZoneBox
from ui.words import translate
from ui.zone import own_zone

COLUMNS = 3  # of the form


class CsvForm(QWidget):
    """``rewritten``: the table must be found anew; ``changed``: the same table is read in another way."""

    rewritten = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._found: Table | None = None
        self._is_log = False
        self._rows: dict[QWidget, QLabel] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.words = Muted()
        column.addWidget(self.words)
        self._make_boxes()
        column.addLayout(self._make_grid())
        self.table = ColumnTable()
        self.table.setMinimumHeight(self.fontMetrics().height() * 13)
        column.addWidget(self.table, 1)
        column.addStretch()
        for combo in (self.kind, self.decimal, self.delimiter, self.encoding):
            combo.currentIndexChanged.connect(lambda: self.rewritten.emit())
        self.order.currentIndexChanged.connect(lambda: self.changed.emit())
        self.zone.chosen.connect(lambda: self.changed.emit())
        self.table.changed.connect(self.changed)
        for line in (self.charger, self.site):
            line.textEdited.connect(lambda: self.changed.emit())

    def clear(self) -> None:
        """Forget the last file; zone and order of dates are likely those of the next one as well."""
        self._found, self._is_log = None, False
        self.charger.clear()
        self.site.clear()

    def show_table(self, table: Table) -> None:
        """Show a table as it was found."""
        self._found = table
        plan = table.plan
        self.words.setText(translate("Import", "Say what each column is. Nothing is written before you press Import."))
        for box, value in ((self.kind, plan.kind), (self.decimal, plan.decimal), (self.delimiter, plan.delimiter),
                           (self.encoding, plan.encoding)):  # fmt: skip
            box.blockSignals(True)
            box.setCurrentIndex(max(box.findData(value), 0))
            box.blockSignals(False)
        if not self.zone.currentText():
            self.zone.show_zone(own_zone())
        self.charger.setPlaceholderText(table.source.path.stem)
        self._show_rows({*self._rows} - ({self.charger} if plan.kind != SAMPLES else set()))
        self.table.setVisible(True)
        self.table.show_table(table)

    def show_log(self) -> None:
        """Ask only what a log of messages may not say: the zone of its times, and the site."""
        self._found, self._is_log = None, True
        self.words.setText(translate("Import", "Times of the log without an offset are of this zone."))
        if not self.zone.currentText():
            self.zone.show_zone("UTC")
        self._show_rows({self.zone, self.order, self.site, self.charger})
        self.charger.setPlaceholderText(translate("Import", "as the file says"))
        self.table.setVisible(False)

    def _show_rows(self, wanted: set[QWidget]) -> None:
        for widget, label in self._rows.items():
            widget.setVisible(widget in wanted)
            label.setVisible(widget in wanted)

    def wish(self) -> Plan:
        """Return how the file is written; its columns are found anew."""
        return Plan(
            self.kind.currentData(), self.zone.currentText().strip() or "UTC", self.order.currentData(),
            self.delimiter.currentData(), self.decimal.currentData(), self.encoding.currentData(),
            charger=self.charger.text().strip(), site=self.site.text().strip() or None,
        )  # fmt: skip

    def plan(self) -> Plan | None:
        """Return how the file is read, with what was chosen for its columns; ``None`` where nothing is asked."""
        if self._is_log:
            wish = self.wish()
            return Plan(zone=wish.zone, order=wish.order, charger=wish.charger, site=wish.site)
        if self._found is None:
            return None
        return replace(self.wish(), columns=self.table.columns(), head=self._found.plan.head)

    def _make_boxes(self) -> None:
        self.kind = _choice({
            SAMPLES: translate("Import", "Samples of one charger"),
            SESSIONS: translate("Import", "List of sessions, one a row"),
        })  # fmt: skip
        self.order = _choice({
            "day": translate("Import", "day first (31.12.)"), "month": translate("Import", "month first (12/31)"),
        })  # fmt: skip
        self.decimal = _choice({
            ".": translate("Import", "point (1.5)"), ",": translate("Import", "comma (1,5)"),
        })  # fmt: skip
        self.delimiter = _choice({
            ",": translate("Import", "comma"), ";": translate("Import", "semicolon"), "\t": translate("Import", "tab"),
            "|": translate("Import", "bar"),
        })  # fmt: skip
        self.encoding = _choice({
            "utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16": "UTF-16", "latin-1": "ISO 8859-1",
        })  # fmt: skip
        self.zone, self.charger, self.site = ZoneBox(), QLineEdit(), QLineEdit()
        self.zone.setAccessibleName(translate("Import", "Time zone of times without an offset"))
        self.site.setPlaceholderText(translate("Import", "as the file says"))

    def _make_grid(self) -> QGridLayout:
        rows: list[tuple[str, QWidget]] = [
            (translate("Import", "&Holds"), self.kind), (translate("Import", "S&eparator"), self.delimiter),
            (translate("Import", "&Decimals"), self.decimal), (translate("Import", "Time &zone"), self.zone),
            (translate("Import", "Da&tes"), self.order), (translate("Import", "E&ncoding"), self.encoding),
            (translate("Import", "&Site"), self.site), (translate("Import", "&Charger"), self.charger),
        ]  # fmt: skip
        grid = QGridLayout()
        for place, (words, widget) in enumerate(rows):
            label = self._rows[widget] = QLabel(words)
            label.setBuddy(widget)
            grid.addWidget(label, place // COLUMNS, 2 * (place % COLUMNS))
            grid.addWidget(widget, place // COLUMNS, 2 * (place % COLUMNS) + 1)
        for column in range(COLUMNS):
            grid.setColumnStretch(2 * column + 1, 1)
        return grid


def _choice(words: dict[str, str]) -> QComboBox:
    box = QComboBox()
    for value, text in words.items():
        box.addItem(text, value)
    return box
