"""Sessions: what was recorded or imported, totals of exactly the rows shown, one session's curves or two compared."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QSplitter, QVBoxLayout, QWidget

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.known_names import KnownNames
from evtech.store.session_list import SessionLine, SessionList
from ui.behind import SessionsBehind
from ui.bridge import Bridge
from ui.models.sessions import SessionsModel, totals
from ui.pages.page import Page
from ui.session_edits import SessionEdits
from ui.session_files import SessionFiles
from ui.session_imports import SessionImports
from ui.tasks import IMPORT_ENDINGS
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton
from ui.widgets.session_details import SessionDetails
from ui.widgets.session_filter import SessionFilterBar
from ui.widgets.session_table import SessionTable
from ui.widgets.session_view import SessionMoment
from ui.words import grouped, translate

FIRST_ROWS = 200  # asked for first: they are there at once, however long the list is


class SessionsPage(Page):
    """The list, what is chosen in it, and the ways in and out."""

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._bridge = archive, bridge
        self._wanted: str | None = None
        self._asked = 0
        self.total = 0
        self.model = SessionsModel()
        self.imports = SessionImports(self, archive, bridge, lambda: self.theme, self._say_import)
        self.files = SessionFiles(self, archive, bridge, self.chosen, lambda: self.model.rows)
        self.files.message.connect(self.message)
        self.edits = SessionEdits(self, archive, bridge, self.selected, self._after_change)
        self.filters = SessionFilterBar()
        self.filters.changed.connect(self._ask)
        self.filters.back_wanted.connect(self._go_back)
        self.filter = self.filters.text
        self.totals = QLabel()
        self.totals.setWordWrap(True)
        self.totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table, self.details = SessionTable(self.model), SessionDetails(archive, bridge)
        self.table.selectionModel().selectionChanged.connect(self._show_details)
        self.model.modelReset.connect(self._show_details)
        self.views = self.details.views
        self.empty = self._make_empty()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.details)
        self.splitter.setSizes([190, 410])
        self.splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.addWidget(self.filters)
        layout.addWidget(self._make_actions())
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.empty, 1)
        self._show_parts()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        super().apply_theme(theme)
        self.details.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put what stands beside each other below each other where there is no room."""
        super().resizeEvent(event)
        em = self.fontMetrics().horizontalAdvance("m")
        is_narrow = self.width() < em * 60
        self._above.setDirection(QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight)
        self.table.set_narrow(self.width() < em * 80)
        self.filters.set_narrow(self.width() < em * 80)

    def load(self) -> None:
        """Ask the archive on a worker thread: the first rows at once, the rest when it has come."""
        self.details.forget()
        self._bridge.work(self._archive.known_names, self._offer_names)
        self._ask()

    def choose(self, session_id: str) -> None:
        """Choose a session as soon as it is listed."""
        self._wanted = session_id
        self.filters.clear()
        self._ask()

    def show_item(self, item: object) -> None:
        """Choose the session with this id, or show exactly the sessions behind a mark."""
        self.details.moment = item if isinstance(item, SessionMoment) else None
        if isinstance(item, SessionMoment):
            self.details.draw_again()  # it may be shown already, at another place
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
        return self.table.chosen()

    def export_csv(self) -> None:
        """Ask for a file and write the session's samples into it."""
        self.files.export_samples("csv")

    def report_pdf(self) -> None:
        """Ask for a file and write the session's report as PDF."""
        self.files.report("pdf")

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
            self.totals.setText(words.format(n=grouped(len(found.lines))))
        else:
            self.totals.setText(totals(found.lines, found.hidden))
        if self.table.choose(chosen):
            self._wanted = None

    def _show_parts(self) -> None:
        for widget in (self.filters, self.actions, self.splitter):
            widget.setVisible(bool(self.total))
        self.empty.setVisible(not self.total)

    def _show_details(self) -> None:
        chosen = self.chosen()
        for button in self._buttons:
            button.setEnabled(bool(chosen))
            button.setToolTip("" if chosen else translate("Sessions", "Choose a session first"))
        self.details.show_lines(chosen, is_listed=bool(self.model.rows))

    def _make_actions(self) -> QWidget:
        self.actions = QWidget()
        row = self._above = QHBoxLayout(self.actions)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.totals, 1)
        self._buttons: list[QPushButton] = []
        inner = QHBoxLayout()
        for text, act in (
            (translate("Sessions", "Note…"), self.edits.add_note),
            (translate("Sessions", "Photo…"), self.edits.add_photo),
            (translate("Sessions", "Correct…"), self.edits.correct),
            (translate("Sessions", "Import"), self.imports.menu()),
            (translate("Sessions", "Export"), self.files.export_menu()),
            (translate("Sessions", "Report"), self.files.report_menu()),
        ):
            button = QPushButton(text)
            # less than the style's own least, so that all of them fit beside each other at 200 %
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + 30)
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
        return self.actions

    def _make_empty(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Heading(translate("Sessions", "No session has been recorded or imported yet.")))
        row = QHBoxLayout()
        for words, act, primary in (
            (translate("Sessions", "Connect to a charger"), self.connect_wanted.emit, True),
            (translate("Sessions", "Import files…"), self.imports.ask_files, False),
        ):
            button = LargeButton(words, primary=primary)
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
        row.addStretch()
        column.addLayout(row)
        column.addStretch()
        return page
