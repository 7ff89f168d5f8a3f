"""Sessions: what was recorded, with totals of exactly the rows shown, and each session's curves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.events import EventKind
from evtech.measure.history import History
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.session_rows import mentions
from ui.bridge import Bridge
from ui.models.sessions import CHARGER, SessionsModel, facts, totals
from ui.pages.page import Page
from ui.theme import LIGHT, Theme
from ui.widgets.dress import Heading, LargeButton, dress
from ui.widgets.period import Period
from ui.words import remarks, translate

_CURVES = (
    "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3", "power_total",
    "apparent_power_total",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Curves:
    """What the plots of one session show."""

    history: History
    gaps: list[tuple[float, float]]
    marks: list[tuple[float, str]]


class SessionsPage(Page):
    """The list, the details and the exports."""

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self.theme = LIGHT
        self._archive, self._bridge = archive, bridge
        self._all: list[ChargingSession] = []
        self._wanted: str | None = None
        self._drawn: str | None = None
        self._plots = None
        self.model = SessionsModel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        self.bar = self._make_bar()
        self.totals = QLabel()
        self.totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.empty = self._make_empty()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self._make_table())
        self.splitter.addWidget(self._make_details())
        self.splitter.setSizes([190, 410])
        self.splitter.setChildrenCollapsible(False)
        layout.addWidget(self.bar)
        layout.addLayout(self._make_actions())
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.empty, 1)
        self._show_parts()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self._drawn = None
        if self._plots is not None:
            self._plots.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the curves below the facts where there is no room beside them."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 60
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._beside.setDirection(way)
        mode = QHeaderView.ResizeMode.ResizeToContents if is_narrow else QHeaderView.ResizeMode.Stretch
        self.table.horizontalHeader().setSectionResizeMode(CHARGER, mode)

    def load(self) -> None:
        """Ask the archive on a worker thread."""
        self._bridge.work(self._archive.imported, self._mark_imported)
        self._bridge.work(self._archive.sessions, self._show_all)

    def choose(self, session_id: str) -> None:
        """Choose a session as soon as it is listed."""
        self._wanted = session_id
        self.period.choice.setCurrentIndex(0)
        self.filter.clear()

    def show_item(self, item: object) -> None:
        """Choose the session with this id."""
        self.choose(str(item))

    def selected(self) -> ChargingSession | None:
        """Return the chosen session."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.rows[rows[0].row()] if rows else None

    def export_csv(self) -> None:
        """Ask for a file and write the session's samples into it."""
        from evtech.reports.files import write_whole
        from evtech.reports.samples_csv import samples_csv

        archive = self._archive
        self._write("csv", lambda session, path: write_whole(path, samples_csv(archive, session).encode()))

    def report_pdf(self) -> None:
        """Ask for a file and write the session's report as PDF."""
        from evtech.reports.session import write_session_report

        self._write(
            "pdf",
            lambda session, path: write_session_report(self._archive, session.id, pdf=path, lang=self._language()),
        )

    def report_html(self) -> None:
        """Ask for a file and write the session's report as HTML."""
        from evtech.reports.session import write_session_report

        self._write(
            "html",
            lambda session, path: write_session_report(self._archive, session.id, html=path, lang=self._language()),
        )

    def _language(self) -> str:
        return self._bridge.bench.report_language

    def _show_all(self, result: object) -> None:
        if isinstance(result, EvtechError):
            self.totals.setText(f"{result} {result.hint}")
            return
        self._all = list(result)  # type: ignore[call-overload]
        self._show_parts()
        self._filter()

    def _mark_imported(self, signers: object) -> None:
        if isinstance(signers, dict) and signers != self.model.imported:
            self.model.imported = signers
            self._filter()

    def _show_parts(self) -> None:
        for widget in (self.bar, self.totals, self.splitter, *self._buttons):
            widget.setVisible(bool(self._all))
        self.empty.setVisible(not self._all)

    def _filter(self) -> None:
        chosen = self._wanted or (self.selected().id if self.selected() else None)
        first, after = self.period.limits()
        text = self.filter.text().strip()
        kept = [
            session
            for session in self._all
            if mentions(session, text)
            and (first is None or session.started >= first)
            and (after is None or session.started < after)
        ]
        self.model.show_rows(kept)
        self.totals.setText(totals(kept, len(self._all) - len(kept)))
        ids = [session.id for session in kept]
        if kept:
            self.table.selectRow(ids.index(chosen) if chosen in ids else 0)
            self._wanted = None

    def _show_details(self) -> None:
        session = self.selected()
        for button in self._buttons:
            button.setEnabled(session is not None)
            button.setToolTip("" if session else translate("Sessions", "Choose a session first"))
        self.details.setText(facts(session) if session else "")
        if session is None:
            return
        # a running session grows: it is drawn anew each time the page is opened
        key = session.id + str(session.samples)
        if key != self._drawn:
            self._drawn = key
            self._bridge.work(lambda: curves(self._archive, session), lambda found: self._show_curves(session, found))

    def _show_curves(self, session: ChargingSession, found: Curves | EvtechError) -> None:
        from ui.widgets.plots import Plots

        chosen = self.selected()
        if chosen is None or chosen.id != session.id:
            return
        if isinstance(found, EvtechError):
            self.totals.setText(f"{found} {found.hint}")
            return
        if self._plots is not None:
            self._plot_box.removeWidget(self._plots)
            self._plots.hide()
            self._plots.deleteLater()
        self._plots = Plots(set(found.history.points))
        self._plots.setMinimumHeight(self.fontMetrics().height() * 13)
        self._plots.apply_theme(self.theme)
        self._plot_box.addWidget(self._plots)
        dress(self, self.theme)
        self._plots.redraw(found.history.window, session.started.timestamp(), _end(session).timestamp())
        self._plots.show_marks(found.gaps, found.marks)

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(translate("Sessions", "Filter by charger, serial number, note …"))
        self.filter.setAccessibleName(translate("Sessions", "Filter"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        self.period = Period()
        self.period.changed.connect(self._filter)
        row.addWidget(self.filter, 1)
        row.addWidget(self.period)
        return bar

    def _make_actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.totals, 1)
        self._buttons: list[QPushButton] = []
        for text, act in (
            (translate("Sessions", "Export CSV…"), self.export_csv),
            (translate("Sessions", "Report HTML…"), self.report_html),
            (translate("Sessions", "Report PDF…"), self.report_pdf),
        ):
            button = QPushButton(text)
            button.clicked.connect(act)
            button.setEnabled(False)
            self._buttons.append(button)
            row.addWidget(button)
        return row

    def _make_empty(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Heading(translate("Sessions", "No session has been recorded yet.")))
        button = LargeButton(translate("Sessions", "Connect to a charger"), primary=True)
        button.clicked.connect(self.connect_wanted)
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        return page

    def _make_table(self) -> QTableView:
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setAccessibleName(translate("Sessions", "Recorded sessions"))
        self.table.setMinimumHeight(self.fontMetrics().height() * 6)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CHARGER, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.table.selectionModel().selectionChanged.connect(self._show_details)
        self.model.modelReset.connect(self._show_details)
        return self.table

    def _make_details(self) -> QWidget:
        page = QWidget()
        row = self._beside = QHBoxLayout(page)
        row.setContentsMargins(0, 6, 0, 0)
        self.details = QLabel()
        self.details.setWordWrap(True)
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        area = QScrollArea()
        area.setWidget(self.details)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setMinimumHeight(self.fontMetrics().height() * 7)
        area.setAccessibleName(translate("Sessions", "Facts of the session"))
        row.addWidget(area, 2)
        self._plot_box = QVBoxLayout()
        row.addLayout(self._plot_box, 5)
        return page

    def _write(self, suffix: str, task: Callable[[ChargingSession, Path], object]) -> None:
        """Ask for a file, then write it on a worker thread and say how it went."""
        session = self.selected()
        if session is None:
            self.message.emit(translate("Sessions", "Choose a session on the page Sessions first."))
            return
        proposal = f"session-{session.started:%Y%m%d-%H%M}-{session.id[:8]}.{suffix}"
        name, _ = QFileDialog.getSaveFileName(self, translate("Sessions", "Save"), proposal, f"*.{suffix}")
        if not name:
            return
        path = Path(name)
        self.message.emit(translate("Sessions", "Writing {file} …").format(file=path.name))

        def done(result: object) -> None:
            failed = isinstance(result, EvtechError)
            written = translate("Sessions", "{file} is written").format(file=path) + remarks(result)
            self.message.emit(f"{result} {result.hint}" if failed else written)

        self._bridge.work(lambda: task(session, path), done)


def curves(archive: Archive, session: ChargingSession) -> Curves:
    """Read a session's curves from the archive; takes long, so on a worker thread only."""
    end = _end(session)
    names = [name for name, _ in archive.points(session.recording_id) if name in _CURVES]
    history = History(names)
    gaps = [(gap.start.timestamp(), gap.end.timestamp()) for gap in session.gaps]
    marks: list[tuple[float, str]] = []
    for recording in (*session.earlier_recordings, session.recording_id):
        series = [archive.series(recording, name, session.started, end) for name in names]
        if series and len(series[0].times):
            times, values = _broken(series[0].times, np.column_stack([part.values for part in series]), gaps)
            history.extend(times, values.astype(np.float32))
        for event in archive.events(recording, session.started, end):
            if event.kind in (EventKind.STATE_CHANGED, EventKind.NOTE):
                text = event.details.get("text" if event.kind is EventKind.NOTE else "to")
                marks.append((event.time.timestamp(), str(text or "?")))
    return Curves(history, gaps, marks)


def _broken(times: np.ndarray, values: np.ndarray, gaps: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Put a row of NaN into every gap, so that no line bridges it."""
    middles = np.array([(start + end) / 2 for start, end in gaps if times[0] < (start + end) / 2 < times[-1]])
    at = np.searchsorted(times, middles)
    return np.insert(times, at, middles), np.insert(values, at, np.nan, axis=0)


def _end(session: ChargingSession) -> datetime:
    return session.ended or session.last_seen or datetime.now(UTC)
