"""The first rows of a CSV, with a choice above each column of what it is and in which unit."""

from functools import cache

from PySide6.QtCore import Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from evtech.exchange.csv_table import Table
from evtech.exchange.plans import DATE, FACTORS, SESSIONS, TIME, Column
from evtech.exchange.session_columns import FIELDS, UNIT_OF
from evtech.measure.vocabulary import TERMS, label
from ui.words import translate

MOST_COLUMNS = 60  # that are shown; the others stay as they were guessed
ROWS = 6
_UNITS = {
    "W": ("W", "kW", "MW"), "Wh": ("Wh", "kWh", "MWh"), "A": ("A", "mA"), "V": ("V", "mV", "kV"),
    "s": ("s", "min", "h"), "VA": ("VA", "kVA"), "VAh": ("VAh", "kVAh"), "var": ("var", "kvar"),
    "varh": ("varh", "kvarh"),
}  # fmt: skip


class ColumnTable(QTableWidget):
    """Shows a table and tells what its columns are."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.verticalHeader().setVisible(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(translate("Import", "First rows of the file"))
        self._columns: tuple[Column, ...] = ()
        self.targets: list[QComboBox] = []
        self.units: list[QComboBox] = []

    def show_table(self, table: Table) -> None:
        """Show the first rows, and above them what each column is taken for."""
        plan, rows = table.plan, table.sample[:ROWS]
        self._columns = plan.columns
        shown = plan.columns[:MOST_COLUMNS]
        model = _choices(plan.kind, tuple(c.target for c in shown if c.target))
        self.clear()
        self.targets, self.units = [], []
        self.setRowCount(len(rows) + 2)
        self.setColumnCount(len(shown))
        self.setHorizontalHeaderLabels([column.title for column in shown])
        for place, column in enumerate(shown):
            self._add_choice(place, column, model)
            for number, row in enumerate(rows, 2):
                self.setItem(number, place, QTableWidgetItem(row[place][:80] if place < len(row) else ""))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def columns(self) -> tuple[Column, ...]:
        """Return what was chosen."""
        chosen = [
            Column(column.title, target.currentData() or None, float(unit.currentData() or 1.0))
            for column, target, unit in zip(self._columns, self.targets, self.units, strict=False)
        ]
        return (*chosen, *self._columns[len(chosen) :])

    def _add_choice(self, place: int, column: Column, model: QStandardItemModel) -> None:
        target, unit = QComboBox(), QComboBox()
        target.setModel(model)
        target.setCurrentIndex(max(target.findData(column.target or ""), 0))
        target.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        target.setMinimumContentsLength(16)
        target.setAccessibleName(translate("Import", "What column {title} is").format(title=column.title))
        unit.setAccessibleName(translate("Import", "Unit of column {title}").format(title=column.title))
        _fill_units(unit, column.target, column.factor)
        target.currentIndexChanged.connect(lambda: self._retarget(target, unit))
        unit.currentIndexChanged.connect(lambda: self.changed.emit())
        self.targets.append(target)
        self.units.append(unit)
        self.setCellWidget(0, place, target)
        self.setCellWidget(1, place, _framed(unit))

    def _retarget(self, target: QComboBox, unit: QComboBox) -> None:
        _fill_units(unit, target.currentData() or None, None)
        self.changed.emit()


def _framed(box: QComboBox) -> QWidget:
    """Return a box in a frame of its own: a table shows its cells' widgets, whether they are hidden or not."""
    frame = QWidget()
    layout = QHBoxLayout(frame)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(box)
    return frame


def field_label(field: str) -> str:
    """Return what a column of a list of sessions may be, in words."""
    return {
        "port": translate("Import", "Port"), "connector": translate("Import", "Connector"),
        "site": translate("Import", "Site"), "plugged_at": translate("Import", "Start (plugged in)"),
        "authorised_at": translate("Import", "Authorised at"), "auth_ok": translate("Import", "Authorised (yes or no)"),
        "energy_started_at": translate("Import", "Energy from"), "energy_ended_at": translate("Import", "Energy to"),
        "unplugged_at": translate("Import", "End (unplugged)"), "duration": translate("Import", "Duration"),
        "energy": translate("Import", "Energy"), "peak": translate("Import", "Peak power"),
        "end_reason": translate("Import", "Ended by"), "error_code": translate("Import", "Error code"),
        "token": translate("Import", "Token (card)"), "payment_method": translate("Import", "Payment method"),
        "transaction": translate("Import", "Number of the session"),
    }[field]  # fmt: skip


@cache
def _terms() -> list[tuple[str, str]]:
    return sorted((label(name), name) for name in TERMS)


def _choices(kind: str, targets: tuple[str, ...]) -> QStandardItemModel:
    """Return the choices that all columns share: filling each box alone would hold up the window."""
    model = QStandardItemModel()
    rows = [(translate("Import", "(left out)"), "")]
    if kind == SESSIONS:
        rows += [(field_label(field), field) for field in FIELDS]
    else:
        rows += [(translate("Import", "Time"), TIME), (translate("Import", "Date"), DATE), *_terms()]
    known = {name for _, name in rows}
    rows += [(name, name) for name in targets if name not in known]
    for words, name in rows:
        item = QStandardItem(words)
        item.setData(name, 256)  # Qt.UserRole, which a combo box asks for
        model.appendRow(item)
    return model


def _fill_units(unit: QComboBox, target: str | None, factor: float | None) -> None:
    """Offer the units of a target: the one with the factor, else the one that lists usually have."""
    base = UNIT_OF.get(target or "") or (TERMS[target].unit if target in TERMS else "")
    unit.blockSignals(True)
    unit.clear()
    for name in _UNITS.get(base, (base,)):
        unit.addItem(name, FACTORS.get(name, 1.0))
    usual = {"energy": 1e3, "peak": 1e3, "duration": 60.0}.get(target or "", 1.0) if factor is None else factor
    unit.setCurrentIndex(max(0, next((i for i in range(unit.count()) if unit.itemData(i) == usual), 0)))
    unit.setVisible(unit.count() > 1)
    unit.blockSignals(False)
