"""Sessions: what was recorded, with totals of exactly the rows shown, and each session's curves."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.session_rows import mentions
from ui.bridge import Bridge
from ui.theme import LIGHT, Theme
from ui.words import duration, energy_source, local_time, phase_word, quantity, translate

COLUMNS = ("Started", "Charger", "Duration", "Energy", "Peak", "Ended by", "Gaps")


class SessionsModel(QAbstractTableModel):
    """Sessions as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ChargingSession] = []

    def show_rows(self, rows: list[ChargingSession]) -> None:
        """Replace the rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return translate("Sessions", COLUMNS[section])
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        session = self.rows[index.row()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (2, 3, 4, 6):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return cell(session, index.column()) if role == Qt.ItemDataRole.DisplayRole else None


def cell(session: ChargingSession, column: int) -> str:
    """Return the text of one cell."""
    end = session.ended or session.last_seen or datetime.now(UTC)
    who = f"{session.charger.vendor} {session.charger.model}" + (
        translate("Sessions", " (simulated)") if session.simulated else ""
    )
    energy = quantity(session.energy_wh, "Wh")
    if session.energy_wh is None and session.apparent_energy_vah is not None:
        energy = quantity(session.apparent_energy_vah, "VAh")
    texts = (
        local_time(session.started),
        who,
        duration((end - session.started).total_seconds()),
        energy,
        quantity(session.peak_power_w, "W"),
        (session.stop_reason or "") if session.ended else translate("Sessions", "running"),
        str(len(session.gaps)) if session.gaps else "",
    )
    return texts[column]


class SessionsPage(QWidget):
    """The list, the details and the exports."""

    message = Signal(str)

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self.theme = LIGHT
        self._archive, self._bridge = archive, bridge
        self._all: list[ChargingSession] = []
        self._plots = None
        self.model = SessionsModel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.addLayout(self._make_bar())
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self._make_table())
        splitter.addWidget(self._make_details())
        splitter.setSizes([230, 370])
        layout.addWidget(splitter, 1)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        if self._plots is not None:
            self._plots.apply_theme(theme)

    def load(self) -> None:
        """Ask the archive on a worker thread."""
        self._bridge.work(self._archive.sessions, self._show_all)

    def selected(self) -> ChargingSession | None:
        """Return the chosen session."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.rows[rows[0].row()] if rows else None

    def _show_all(self, result: object) -> None:
        if isinstance(result, EvtechError):
            self.totals.setText(f"{result} {result.hint}")
            return
        self._all = list(result)  # type: ignore[call-overload]
        self._filter()

    def _filter(self) -> None:
        kept = [session for session in self._all if mentions(session, self.filter.text().strip())]
        chosen = self.selected()
        self.model.show_rows(kept)
        hidden = len(self._all) - len(kept)
        energy = quantity(sum(session.energy_wh or 0.0 for session in kept), "Wh")
        text = translate("Sessions", "{n} sessions, {energy}").format(n=len(kept), energy=energy)
        text += translate("Sessions", "; {n} hidden by the filter").format(n=hidden) if hidden else ""
        self.totals.setText(
            text if self._all else translate("Sessions", "No session has been recorded yet. Connect to a charger.")
        )
        ids = [session.id for session in kept]
        if kept:
            self.table.selectRow(ids.index(chosen.id) if chosen and chosen.id in ids else 0)

    def _show_details(self) -> None:
        session = self.selected()
        for button in self._buttons:
            button.setEnabled(session is not None)
        if session is None:
            self.details.setText("")
            return
        self.details.setText(details(session))
        archive, end = self._archive, session.ended or session.last_seen or datetime.now(UTC)

        def curves() -> dict[str, tuple[np.ndarray, np.ndarray]]:
            names = [name for name, _ in archive.points(session.recording_id)]
            wanted = [n for n in names if n.startswith(("voltage_l", "current_l")) and len(n) <= 10] + [
                n for n in ("power_total", "apparent_power_total") if n in names
            ]
            recordings = (*session.earlier_recordings, session.recording_id)
            found = {}
            for name in wanted:
                parts = [archive.series(recording, name, session.started, end) for recording in recordings]
                found[name] = (np.concatenate([p.times for p in parts]), np.concatenate([p.values for p in parts]))
            return found

        self._bridge.work(curves, lambda result: self._show_curves(session, end, result))

    def _show_curves(self, session: ChargingSession, end: datetime, result: object) -> None:
        from ui.widgets.plots import Plots

        if isinstance(result, EvtechError) or self.selected() is None or self.selected().id != session.id:
            return
        if self._plots is not None:
            self._plots.deleteLater()
        self._plots = Plots(set(result))  # type: ignore[call-overload]
        self._plots.apply_theme(self.theme)
        self._plot_box.addWidget(self._plots)
        gaps = [(gap.start.timestamp(), gap.end.timestamp()) for gap in session.gaps]

        def window(name: str, start: float, stop: float, pixels: int) -> tuple[np.ndarray, np.ndarray]:
            times, values = result[name]  # type: ignore[index]
            for gap_start, gap_end in gaps:  # break the line where nothing was measured
                at = int(np.searchsorted(times, (gap_start + gap_end) / 2))
                times, values = np.insert(times, at, (gap_start + gap_end) / 2), np.insert(values, at, np.nan)
            return times, values

        self._plots.redraw(window, session.started.timestamp(), end.timestamp())
        self._plots.show_marks(gaps, [])

    def _make_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(translate("Sessions", "Filter by charger, serial number, note …"))
        self.filter.setAccessibleName(translate("Sessions", "Filter"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        self.totals = QLabel()
        bar.addWidget(self.filter, 2)
        bar.addWidget(self.totals, 3)
        self._buttons = []
        for text, act in (
            (translate("Sessions", "Export CSV…"), self._export_csv),
            (translate("Sessions", "Report PDF…"), self._report_pdf),
            (translate("Sessions", "Report HTML…"), self._report_html),
        ):
            button = QPushButton(text)
            button.clicked.connect(act)
            button.setEnabled(False)
            self._buttons.append(button)
            bar.addWidget(button)
        return bar

    def _make_table(self) -> QTableView:
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setAccessibleName(translate("Sessions", "Recorded sessions"))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(self._show_details)
        self.model.modelReset.connect(self._show_details)
        return self.table

    def _make_details(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 6, 0, 0)
        self.details = QLabel()
        self.details.setWordWrap(True)
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details.setMinimumWidth(330)
        row.addWidget(self.details, 1)
        self._plot_box = QVBoxLayout()
        row.addLayout(self._plot_box, 3)
        return page

    def _export_csv(self) -> None:
        from evtech.reports.files import write_whole
        from evtech.reports.samples_csv import samples_csv

        session, path = self._ask_file("csv")
        if session is not None and path is not None:
            self._do(lambda: write_whole(path, samples_csv(self._archive, session).encode()), path)

    def _report_pdf(self) -> None:
        from evtech.reports.session import write_session_report

        session, path = self._ask_file("pdf")
        if session is not None and path is not None:
            self._do(lambda: write_session_report(self._archive, session.id, pdf=path), path)

    def _report_html(self) -> None:
        from evtech.reports.session import write_session_report

        session, path = self._ask_file("html")
        if session is not None and path is not None:
            self._do(lambda: write_session_report(self._archive, session.id, html=path), path)

    def _ask_file(self, suffix: str) -> tuple[ChargingSession | None, Path | None]:
        session = self.selected()
        if session is None:
            return None, None
        proposal = f"session-{session.started:%Y%m%d-%H%M}-{session.id[:8]}.{suffix}"
        name, _ = QFileDialog.getSaveFileName(self, translate("Sessions", "Save"), proposal, f"*.{suffix}")
        return session, Path(name) if name else None

    def _do(self, task: object, path: Path) -> None:
        self.message.emit(translate("Sessions", "Writing {file} …").format(file=path.name))

        def done(result: object) -> None:
            failed = isinstance(result, EvtechError)
            self.message.emit(
                f"{result} {result.hint}" if failed else translate("Sessions", "{file} is written").format(file=path)
            )

        self._bridge.work(task, done)


def details(session: ChargingSession) -> str:
    """Return a session's facts as rich text."""
    rows = [
        (translate("Sessions", "Charger"), f"{session.charger.vendor} {session.charger.model}"),
        (translate("Sessions", "Serial number"), session.charger.serial_number or "—"),
        (translate("Sessions", "From"), local_time(session.started)),
        (translate("Sessions", "To"), local_time(session.ended) if session.ended else translate("Sessions", "running")),
        (
            translate("Sessions", "Energy"),
            f"{quantity(session.energy_wh, 'Wh')} ({energy_source(session.energy_source)})",
        ),
        (
            translate("Sessions", "Register"),
            f"{quantity(session.register_start_wh, 'Wh', 4)} → {quantity(session.register_end_wh, 'Wh', 4)}",
        ),
        (translate("Sessions", "Charging"), duration(session.charging_s)),
        (translate("Sessions", "Mean power"), quantity(session.mean_power_w, "W")),
        (translate("Sessions", "Phases"), ", ".join(phase_word(span.phase) for span in session.phases)),
        (translate("Sessions", "Notes"), "; ".join(session.notes) or "—"),
    ]
    if session.apparent_energy_vah is not None:
        rows.insert(5, (translate("Sessions", "Apparent energy"), quantity(session.apparent_energy_vah, "VAh")))
    cells = "".join(f"<tr><td style='padding-right:10px'>{name}</td><td>{text}</td></tr>" for name, text in rows)
    return f"<table cellpadding='2'>{cells}</table>"
