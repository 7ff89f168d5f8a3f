"""Sessions: what was recorded or imported, totals of exactly the rows shown, one session's curves or two compared."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.known_names import KnownNames
from evtech.store.session_extras import Attachment
from evtech.store.session_list import SessionLine, SessionList
from ui.bridge import Bridge
from ui.models.comparison import comparison
from ui.models.sessions import CHARGER, STARTED, SessionsModel, facts, totals, twin_facts
from ui.pages.insights import SessionsBehind
from ui.pages.page import Page
from ui.session_dialogs import CorrectionDialog, NoteDialog
from ui.session_imports import SessionImports
from ui.tasks import IMPORT_ENDINGS
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton, dress
from ui.widgets.session_filter import SessionFilterBar
from ui.widgets.session_view import SessionData, SessionMoment, SessionView, extras_text, read_session
from ui.widgets.zone_box import own_zone
from ui.words import remarks, translate

FIRST_ROWS = 200  # asked for first: they are there at once, however long the list is


class SessionsPage(Page):
    """The list, the details and the exports."""

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._bridge = archive, bridge
        self._wanted: str | None = None
        self._moment: SessionMoment | None = None
        self._asked = 0
        self._drawn: tuple[object, ...] = ()
        self._seen: dict[str, SessionData] = {}
        self.imports = SessionImports(self, archive, bridge, lambda: self.theme, self._say_import)
        self.total = 0
        self.model = SessionsModel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        self.filters = SessionFilterBar()
        self.filters.changed.connect(self._ask)
        self.filters.back_wanted.connect(self._go_back)
        self.filter = self.filters.text
        self.totals = QLabel()
        self.totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.empty = self._make_empty()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self._make_table())
        self.splitter.addWidget(self._make_details())
        self.splitter.setSizes([190, 410])
        self.splitter.setChildrenCollapsible(False)
        layout.addWidget(self.filters)
        layout.addLayout(self._make_actions())
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.empty, 1)
        self._show_parts()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        for view in self.views:
            view.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the curves below the facts where there is no room beside them."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 60
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._beside.setDirection(way)
        self._above.setDirection(way)
        self.filters.set_narrow(self.width() < self.fontMetrics().horizontalAdvance("m") * 75)
        mode = QHeaderView.ResizeMode.ResizeToContents if is_narrow else QHeaderView.ResizeMode.Stretch
        self.table.horizontalHeader().setSectionResizeMode(CHARGER, mode)

    def load(self) -> None:
        """Ask the archive on a worker thread: the first rows at once, the rest when it has come."""
        self._seen.clear()
        self._drawn = ()
        self._bridge.work(self._archive.known_names, self._offer_names)
        self._ask()

    def choose(self, session_id: str) -> None:
        """Choose a session as soon as it is listed."""
        self._wanted = session_id
        self.filters.clear()
        self._ask()

    def show_item(self, item: object) -> None:
        """Choose the session with this id, or show exactly the sessions behind a mark."""
        self._moment = item if isinstance(item, SessionMoment) else None
        if isinstance(item, SessionMoment):
            self._drawn = ()  # it may be shown already, at another place
            self.choose(item.session_id)
        elif isinstance(item, SessionsBehind):
            self.filters.clear()
            self.filters.show_behind(item.ids, item.words)
            self._ask()
        else:
            self.choose(str(item))

    def selected(self) -> SessionLine | None:
        """Return the first chosen session."""
        chosen = self.chosen()
        return chosen[0] if chosen else None

    def chosen(self) -> list[SessionLine]:
        """Return the chosen sessions, at most two."""
        rows = self.table.selectionModel().selectedRows()
        return [self.model.rows[row.row()] for row in rows[:2]]

    def export_csv(self) -> None:
        """Ask for a file and write the session's samples into it."""
        self.export_samples("csv")

    def export_samples(self, kind: str) -> None:
        """Ask for a file and write the samples of the chosen sessions into it."""
        from evtech.exchange.exporting import write_sessions

        ids = [line.id for line in self.chosen()]
        self._write(kind, lambda line, path: write_sessions(self._archive, ids, kind, path))

    def export_list(self, kind: str) -> None:
        """Ask for a file and write exactly the rows shown into it."""
        from evtech.exchange.exporting import write_list

        rows = self.model.rows
        self._write(kind, lambda line, path: write_list(rows, path), "sessions")

    def report_pdf(self) -> None:
        """Ask for a file and write the session's report as PDF."""
        from evtech.reports.session import write_session_report

        lang = self._bridge.bench.report_language
        self._write("pdf", lambda line, path: write_session_report(self._archive, line.id, pdf=path, lang=lang))

    def report_html(self) -> None:
        """Ask for a file and write the session's report as HTML."""
        from evtech.reports.session import write_session_report

        lang = self._bridge.bench.report_language
        self._write("html", lambda line, path: write_session_report(self._archive, line.id, html=path, lang=lang))

    def report_customer(self) -> None:
        """Ask for a file and write a summary of exactly the rows shown."""
        from evtech.reports.customer import Clocks, write_customer_report

        rows, lang, zone = list(self.model.rows), self._bridge.bench.report_language, own_zone()
        self._write(
            "pdf", lambda line, path: write_customer_report(rows, Clocks.of(self._archive, zone), lang=lang, pdf=path),
            "summary",
        )  # fmt: skip

    def add_note(self) -> None:
        """Ask for a note and keep it beside the record."""
        line, dialog = self.selected(), NoteDialog(self)
        if line is not None and dialog.exec() and (words := dialog.text.toPlainText().strip()):
            self._archive.correct_session(line.id, "note", words, technician=dialog.technician.text(), reason="")
            self._after_change()

    def add_photo(self) -> None:
        """Ask for a picture and keep it with the session."""
        line = self.selected()
        if line is None:
            return
        name, _ = QFileDialog.getOpenFileName(
            self, translate("Sessions", "Photo"), "", translate("Sessions", "Pictures (*.jpg *.jpeg *.png)")
        )
        if name:
            self._bridge.work(lambda: attach_photo(self._archive, line, Path(name)), self._after_change)

    def correct(self) -> None:
        """Ask what is wrong with site or clock and keep the correction beside the record."""
        line = self.selected()
        if line is None:
            return
        dialog = CorrectionDialog(line.site, self, is_left_out=line.twin is not None)
        if dialog.exec():
            who, why = dialog.technician.text().strip(), dialog.reason.text().strip()
            for field, value in dialog.changes().items():
                self._archive.correct_session(line.id, field, value, technician=who, reason=why)
            if dialog.counts.isChecked():
                from evtech.exchange.keeping import say_same

                self._bridge.work(lambda: say_same(self._archive, line.id, None), self._after_change)
            else:
                self._after_change()

    def open_file(self, path: Path) -> bool:
        """Show what a file that was dropped on the window holds, if it may hold sessions."""
        if path.suffix.lower() not in IMPORT_ENDINGS:
            return False
        self.imports.look_at([path])
        return True

    def _say_import(self, words: str) -> None:
        self.message.emit(words)
        self.load()

    def _after_change(self, result: object = None) -> None:
        if isinstance(result, EvtechError):
            self.message.emit(f"{result} {result.hint}")
        self._archive.writer.flush()
        self.load()

    def _ask(self) -> None:
        wanted = self.filters.wanted()
        self._asked += 1
        number, archive = self._asked, self._archive

        def show_first(found: SessionList | EvtechError) -> None:
            if number != self._asked:
                return
            is_partial = isinstance(found, SessionList) and len(found.lines) >= FIRST_ROWS
            self._show_all(found, is_partial=is_partial)
            if is_partial:
                self._bridge.work(lambda: archive.session_list(wanted), show_rest)

        def show_rest(found: SessionList | EvtechError) -> None:
            if number == self._asked:
                self._show_all(found)

        self._bridge.work(lambda: archive.session_list(wanted, FIRST_ROWS), show_first)

    def _go_back(self) -> None:
        self.task_wanted.emit("insights", None)

    def _offer_names(self, known: KnownNames | EvtechError) -> None:
        if not isinstance(known, EvtechError):
            self.filters.show_names(known)

    def _show_all(self, found: SessionList | EvtechError, *, is_partial: bool = False) -> None:
        if isinstance(found, EvtechError):
            self.totals.setText(f"{found} {found.hint}")
            return
        chosen = {self._wanted} if self._wanted else {line.id for line in self.chosen()}
        self.total = found.total
        self._show_parts()
        self.model.show_rows(found.lines)
        if is_partial:
            words = translate("Sessions", "The newest {n} sessions; counting the others …")
            self.totals.setText(words.format(n=len(found.lines)))
        else:
            self.totals.setText(totals(found.lines, found.hidden))
        rows = [row for row, line in enumerate(found.lines) if line.id in chosen] if chosen else []
        for row in (rows or [0])[:2] if found.lines else []:
            flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
            self.table.selectionModel().select(self.model.index(row, 0), flags)
        if rows:
            self.table.scrollTo(self.model.index(rows[0], 0))
            self._wanted = None

    def _show_parts(self) -> None:
        for widget in (self.filters, self.totals, self.splitter, *self._buttons):
            widget.setVisible(bool(self.total))
        self.empty.setVisible(not self.total)

    def _show_details(self) -> None:
        chosen = self.chosen()
        for button in self._buttons:
            button.setEnabled(bool(chosen))
            button.setToolTip("" if chosen else translate("Sessions", "Choose a session first"))
        # a running session grows: it is drawn anew each time the page is opened
        key = tuple((line.id, line.ended, line.corrected) for line in chosen)
        if key == self._drawn:
            return
        self._drawn = key
        self.views[1].setVisible(len(chosen) == 2)
        self._beside.setStretch(0, 5 if len(chosen) == 2 else 3)  # a comparison needs four columns
        reading = translate("Sessions", "Reading the session …")
        nothing = translate("Sessions", "Choose a session; with Ctrl a second to compare.")
        self.details.setText(reading if chosen else nothing)
        for view in self.views:
            view.clear()
        for place, line in enumerate(chosen):
            read = partial(read_session, self._archive, line.id)
            self._bridge.work(read, partial(self._show_data, place, line))

    def _show_data(self, place: int, line: SessionLine, found: SessionData | EvtechError) -> None:
        chosen = self.chosen()
        if place >= len(chosen) or chosen[place].id != line.id:
            return
        if isinstance(found, EvtechError):
            self.details.setText(f"{found} {found.hint}")
            return
        self._seen[line.id] = found
        self.views[place].show_data(found)
        if self._moment is not None and self._moment.session_id == line.id:
            self.views[place].show_moment(self._moment.at)
        dress(self, self.theme)
        if len(chosen) == 1:
            self.details.setText(facts(found.session, line.source, [*twin_facts(line), *extras_text(found)]))
        elif all(other.id in self._seen for other in chosen):
            one, other = (self._seen[each.id].session for each in chosen)
            self.details.setText(comparison(one, other))

    def _make_actions(self) -> QBoxLayout:
        row = self._above = QHBoxLayout()
        row.addWidget(self.totals, 1)
        self._buttons: list[QPushButton] = []
        inner = QHBoxLayout()
        for text, act in (
            (translate("Sessions", "Note…"), self.add_note),
            (translate("Sessions", "Photo…"), self.add_photo),
            (translate("Sessions", "Correct…"), self.correct),
            (translate("Sessions", "Import"), self.imports.menu()),
            (translate("Sessions", "Export"), self._export_menu()),
            (translate("Sessions", "Report"), self._report_menu()),
        ):
            button = QPushButton(text)
            if isinstance(act, QMenu):
                button.setMenu(act)
            else:
                button.clicked.connect(act)
            if text == translate("Sessions", "Import"):
                self.import_button = button
            else:
                self._buttons.append(button)
                button.setEnabled(False)
            inner.addWidget(button)
        row.addLayout(inner)
        return row

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        for words, kind in (
            (translate("Sessions", "Samples as CSV…"), "csv"),
            (translate("Sessions", "Samples as workbook (XLSX)…"), "xlsx"),
            (translate("Sessions", "Sessions as JSON…"), "json"),
            (translate("Sessions", "Samples as Parquet…"), "parquet"),
        ):
            menu.addAction(words, partial(self.export_samples, kind))
        menu.addSeparator()
        menu.addAction(translate("Sessions", "All rows shown as CSV…"), partial(self.export_list, "csv"))
        menu.addAction(translate("Sessions", "All rows shown as workbook (XLSX)…"), partial(self.export_list, "xlsx"))
        return menu

    def _report_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction(translate("Sessions", "Session as PDF…"), self.report_pdf)
        menu.addAction(translate("Sessions", "Session as HTML…"), self.report_html)
        menu.addAction(translate("Sessions", "Summary of all rows shown (PDF)…"), self.report_customer)
        return menu

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
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setAccessibleName(translate("Sessions", "Recorded sessions"))
        self.table.setMinimumHeight(self.fontMetrics().height() * 6)
        header = self.table.horizontalHeader()
        header.setResizeContentsPrecision(50)  # of a hundred thousand rows the first tell the widths
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CHARGER, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSortIndicator(STARTED, Qt.SortOrder.DescendingOrder)
        self.table.setSortingEnabled(True)
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
        row.addWidget(area, 3)
        self.views = [SessionView(), SessionView()]
        self.views[1].setVisible(False)
        for view in self.views:
            row.addWidget(view, 5)
        return page

    def _write(self, suffix: str, task: Callable[[SessionLine, Path], object], stem: str | None = None) -> None:
        """Ask for a file, then write it on a worker thread and say how it went."""
        line = self.selected()
        if line is None:
            self.message.emit(translate("Sessions", "Choose a session on the page Sessions first."))
            return
        name = stem or f"session-{line.id[:8]}"
        name, _ = QFileDialog.getSaveFileName(self, translate("Sessions", "Save"), f"{name}.{suffix}", f"*.{suffix}")
        if not name:
            return
        path = Path(name)
        self.message.emit(translate("Sessions", "Writing {file} …").format(file=path.name))

        def done(result: object) -> None:
            failed = isinstance(result, EvtechError)
            written = translate("Sessions", "{file} is written").format(file=path) + remarks(result)
            self.message.emit(f"{result} {result.hint}" if failed else written)

        self._bridge.work(lambda: task(line, path), done)


def attach_photo(archive: Archive, line: SessionLine, file: Path) -> None:
    """Keep a picture with a session; raise ``InputError`` where the file cannot be read."""
    from evtech.errors import InputError

    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Choose another file.") from error
    kind = "image/png" if file.suffix.lower() == ".png" else "image/jpeg"
    archive.attach(Attachment(line.id, file.name, kind, data, line.visit_id or None))
