"""Taking in files: a CSV of samples is shown first, so that a person says which column is what."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.exchange.csv_samples import Column, CsvPlan, Preview, preview, read_samples
from evtech.exchange.csv_sessions import is_table
from evtech.exchange.incoming import Kept, Parcel, keep
from evtech.exchange.reading import read_file
from evtech.measure.vocabulary import TERMS, label
from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.widgets.dress import Muted
from ui.words import translate

_UNITS = {"W": ("W", "kW", "MW"), "Wh": ("Wh", "kWh", "MWh"), "A": ("A", "mA"), "V": ("V", "mV", "kV")}
_FACTORS = {"k": 1e3, "M": 1e6, "m": 1e-3}


class ImportDialog(QDialog):
    """The first rows of a CSV, with a choice of point and unit above each column, and what cannot be read."""

    def __init__(self, file: Path, found: Preview, zone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Import", "Import {file}").format(file=file.name))
        self.resize(960, 560)
        self._file, self._found = file, found
        column = QVBoxLayout(self)
        words = translate(
            "Import", "Say what each column is. Times without an offset are of the zone below. Nothing is written yet."
        )
        column.addWidget(Muted(words))
        form = QFormLayout()
        self.charger, self.site = QLineEdit(file.stem), QLineEdit()
        self.zone = QComboBox()
        self.zone.addItems(["UTC", *sorted(available_timezones() - {"UTC"})])
        self.zone.setCurrentText(zone)
        self.zone.setEditable(True)
        form.addRow(translate("Import", "Charger"), self.charger)
        form.addRow(translate("Import", "Site"), self.site)
        form.addRow(translate("Import", "Time zone"), self.zone)
        column.addLayout(form)
        column.addWidget(self._make_table(found), 1)
        self.problems = QLabel()
        self.problems.setWordWrap(True)
        column.addWidget(self.problems)
        self.buttons = QDialogButtonBox()
        self.take = self.buttons.addButton(translate("Import", "Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(translate("Import", "Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self.zone.currentTextChanged.connect(self._check)
        self._check()

    def plan(self) -> CsvPlan:
        """Return what was chosen."""
        columns = [self._found.plan.columns[0]]
        for title, point, unit in zip(self._titles, self._points, self._units, strict=True):
            columns.append(Column(title, point.currentData(), float(unit.currentData() or 1.0)))
        zone, charger = self.zone.currentText(), self.charger.text().strip()
        return replace(
            self._found.plan, zone=zone, charger=charger, site=self.site.text().strip(), columns=tuple(columns)
        )

    def _make_table(self, found: Preview) -> QTableWidget:
        head = found.rows[0]
        self._titles = [column.title for column in found.plan.columns[1:]]
        self._points: list[QComboBox] = []
        self._units: list[QComboBox] = []
        table = self.table = QTableWidget(len(found.rows) + 1, len(head))
        table.setHorizontalHeaderLabels(head)
        table.verticalHeader().setVisible(False)
        table.setAccessibleName(translate("Import", "First rows of the file"))
        table.setItem(0, 0, QTableWidgetItem(translate("Import", "time")))
        for index, column in enumerate(found.plan.columns[1:], 1):
            point, unit = QComboBox(), QComboBox()
            point.addItem(translate("Import", "(left out)"), None)
            for name in sorted(TERMS):
                point.addItem(label(name), name)
            if column.point and column.point not in TERMS:
                point.addItem(column.point, column.point)
            point.setCurrentIndex(point.findData(column.point))
            point.setAccessibleName(translate("Import", "Point of column {title}").format(title=column.title))
            unit.setAccessibleName(translate("Import", "Unit of column {title}").format(title=column.title))
            _fill_units(unit, column.point, column.factor)
            point.currentIndexChanged.connect(
                lambda _, point=point, unit=unit: (_fill_units(unit, point.currentData(), 1.0), self._check())
            )
            unit.currentIndexChanged.connect(self._check)
            self._points.append(point)
            self._units.append(unit)
            table.setCellWidget(0, index, point)
            table.setCellWidget(1, index, unit)
        for number, row in enumerate(found.rows[1:], 2):
            for index, cell in enumerate(row[: len(head)]):
                table.setItem(number, index, QTableWidgetItem(cell))
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        return table

    def _check(self) -> None:
        """Say what would be left out, and hold back what cannot be read at all."""
        try:
            ZoneInfo(self.zone.currentText())
            problems = read_samples(self._file, self.plan()).problems
        except EvtechError as error:
            self._refuse(f"{error} {error.hint}")
        except (ValueError, OSError, KeyError):
            self._refuse(translate("Import", "The time zone is not known; such as Europe/Berlin."))
        else:
            self.take.setEnabled(True)
            shown = "\n".join(problems[:6]) + ("\n…" if len(problems) > 6 else "")
            self.problems.setText(shown or translate("Import", "Every row can be read."))

    def _refuse(self, words: str) -> None:
        self.take.setEnabled(False)
        self.take.setToolTip(words)
        self.problems.setText(words)


def import_with_preview(
    parent: QWidget, file: Path, archive: Archive, bridge: Bridge, then: Callable[[str], None]
) -> None:
    """Take in a file on a worker thread, a CSV of samples after a look at it; ``then`` gets a sentence."""
    try:
        read = _reader(parent, file)
    except EvtechError as error:
        then(f"{error} {error.hint}")
        return
    if read is None:
        return

    def work() -> tuple[Parcel, Kept]:
        parcel = read()
        return parcel, keep(archive, parcel)

    bridge.work(work, lambda result: then(_said(file, result)))


def _reader(parent: QWidget, file: Path) -> Callable[[], Parcel] | None:
    """Return what reads the file; ``None`` where the person cancelled."""
    if file.suffix.lower() != ".csv" or is_table(file):
        return lambda: read_file(file)
    from PySide6.QtCore import QTimeZone

    zone = bytes(QTimeZone.systemTimeZoneId().data()).decode()
    dialog = ImportDialog(file, preview(file), zone if "/" in zone else "UTC", parent)
    if not dialog.exec():
        return None
    plan = dialog.plan()
    return lambda: read_samples(file, plan)


def _said(file: Path, result: tuple[Parcel, Kept] | EvtechError) -> str:
    if isinstance(result, EvtechError):
        return f"{result} {result.hint}"
    parcel, kept = result
    words = translate("Import", "{file}: {n} sessions and {samples} samples were imported.")
    text = words.format(file=file.name, n=kept.sessions, samples=kept.samples)
    if kept.known:
        text += " " + translate("Import", "{n} were here already.").format(n=kept.known)
    if parcel.problems:
        text += " " + translate("Import", "Left out: {what}").format(what="; ".join(parcel.problems[:3]))
    return text


def _fill_units(unit: QComboBox, point: str | None, factor: float) -> None:
    unit.blockSignals(True)
    unit.clear()
    base = TERMS[point].unit if point in TERMS else ""
    for name in _UNITS.get(base, (base,)):
        unit.addItem(name, _FACTORS.get(name[0], 1.0) if name != base and name else 1.0)
    unit.setCurrentIndex(max(0, next((i for i in range(unit.count()) if unit.itemData(i) == factor), 0)))
    unit.blockSignals(False)
