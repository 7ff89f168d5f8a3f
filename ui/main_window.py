"""The window: header, rail, pages, strips. It puts pages together and decides nothing about chargers."""

import shutil
import threading
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.store.records import ChargingSession
from evtech.store.upkeep import CheckResult
from evtech.workbench import Connection, Workbench
from ui.bridge import Bridge
from ui.dialogs import VisitDialog
from ui.menus import Menus
from ui.pages.connect import Asked, ConnectPage
from ui.pages.live import LivePage
from ui.pages.page import Page
from ui.pages.sessions import SessionsPage
from ui.tasks import Task, tasks
from ui.theme import FIELD, LIGHT, THEMES, Theme, base_font, palette
from ui.widgets.dress import dress
from ui.widgets.header import Header
from ui.widgets.rail import Rail
from ui.widgets.strips import Strips
from ui.window_tools import WindowTools
from ui.words import translate

STRIP_MS = 500


class MainWindow(QMainWindow):
    """One window for one workbench."""

    bench_closed = Signal()

    def __init__(self, bench: Workbench, family: str) -> None:
        super().__init__()
        self.bench = bench
        self.bridge = Bridge(bench)
        self.connection: Connection | None = None
        self.theme = LIGHT
        self._family = family
        self._asked: Asked | None = None
        self._is_closed = False
        self.setWindowTitle("evtech")
        self.resize(1366, 768)
        self.header, self.strips = Header(), Strips()
        self.tasks = self.make_tasks()
        self._made: dict[str, Page] = {}
        self.pages = QStackedWidget()
        self._build()
        self._build_menus()
        self._wire()
        self.apply_theme(THEMES.get(str(QSettings().value("view/theme", "light")), LIGHT))
        self._timer = QTimer(self, interval=STRIP_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()
        self.bridge.work(bench.interrupted, self._offer_interrupted)

    @property
    def page(self) -> Page:
        """Return the page that is shown."""
        return self.task_page(self.tasks[self.rail.currentRow()].name)

    @property
    def connect_page(self) -> ConnectPage:
        """Return the page Connect."""
        return self.task_page("connect")  # type: ignore[return-value]  # made by the task of that name

    @property
    def live_page(self) -> LivePage:
        """Return the page Live."""
        return self.task_page("live")  # type: ignore[return-value]

    @property
    def sessions_page(self) -> SessionsPage:
        """Return the page Sessions."""
        return self.task_page("sessions")  # type: ignore[return-value]

    def make_tasks(self) -> tuple[Task, ...]:
        """Return the tasks of the rail."""
        return tasks()

    def task_page(self, name: str) -> Page:
        """Return a task's page, made when it is first needed."""
        if name not in self._made:
            row = [task.name for task in self.tasks].index(name)
            page = self._made[name] = self.tasks[row].make(self)
            area = self.pages.widget(row)
            assert isinstance(area, QScrollArea)
            area.setWidget(page)
            self._wire_page(page)
            page.apply_theme(self.theme)
            dress(page, self.theme)
            if self.connection is not None:
                page.show_connection(self.connection)
        return self._made[name]

    def go(self, name: str, item: object = None) -> None:
        """Open a task, and in it one thing."""
        self.rail.go(name)
        if item is not None:
            self.task_page(name).show_item(item)

    def apply_theme(self, theme: Theme) -> None:
        """Use a theme everywhere."""
        self.theme = theme
        QApplication.setPalette(palette(theme))
        QApplication.setFont(base_font(self._family, theme))
        for part in (self.header, self.strips, self.rail, *self._made.values()):
            part.apply_theme(theme)
        dress(self, theme)
        if theme is not FIELD:
            QSettings().setValue("view/theme", theme.name)
        for name, action in self.menus.themes.items():
            action.setChecked(name == theme.name)
        self._refresh()

    def open_in_a_page(self, path: Path) -> bool:
        """Hand a file to the page that is shown, else to the first one that takes it, and show that page."""
        shown = self.tasks[self.rail.currentRow()]
        for task in (shown, *self.tasks):
            if task.may_open(path) and self.task_page(task.name).open_file(path):
                self.rail.go(task.name)
                return True
        return False

    def start_demo(self) -> None:
        """Connect to the simulated charger."""
        self._asked = None
        self.connect_page.set_busy(True)
        self.bridge.demo()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Let files be dropped on the window."""
        self.tools.take_drag(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.tools.take_drop(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close at any moment: what was read is saved, a running session goes on at the next start."""
        if not self._is_closed:
            self._is_closed = True
            self._timer.stop()
            for page in self._made.values():
                page.show_nothing()
            QSettings().setValue("window/geometry-1", self.saveGeometry())
            self._close_bench()
        super().closeEvent(event)

    def _close_bench(self) -> None:
        """Close the workbench on a thread of its own, so that the window can say what goes on meanwhile."""
        words = translate("Window", "Closing the archive …")
        if self.connection is not None:
            words = translate(
                "Window",
                "Saving the recording …\nA running session stays open and goes on when the charger is connected again.",
            )
        note = QLabel(words)
        note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._put_away = self.takeCentralWidget()  # late answers may still come for the pages
        self.setCentralWidget(note)
        self.bridge.cancel()
        self.bridge.blockSignals(True)
        self.menuBar().setEnabled(False)
        loop = QEventLoop()
        self.bench_closed.connect(loop.quit)
        threading.Thread(target=self._run_close, name="evtech-close").start()
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)

    def _run_close(self) -> None:
        try:
            self.bench.close()
        finally:
            self.bench_closed.emit()

    def _build(self) -> None:
        centre = QWidget()
        outer = QVBoxLayout(centre)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.header)
        row = QHBoxLayout()
        row.setSpacing(0)
        self.rail = Rail(self.tasks)
        for _ in self.tasks:
            self.pages.addWidget(_scrolling())
        self.rail.go("connect")
        self.rail.currentRowChanged.connect(self._open_page)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        outer.addLayout(row, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self.strips)

    def _build_menus(self) -> None:
        menus = self.menus = Menus(self)
        standard = QKeySequence.StandardKey
        menus.add(
            menus.file, translate("Menu", "&Export session as CSV…"), lambda: self.sessions_page.export_csv(), "Ctrl+E"
        )
        menus.add(
            menus.file,
            translate("Menu", "Session &report as PDF…"),
            lambda: self.sessions_page.report_pdf(),
            standard.Print,
        )
        menus.file.addSeparator()
        menus.add(menus.file, translate("Menu", "&Quit"), self.close, "Ctrl+Q")
        menus.add(menus.edit, translate("Menu", "&Copy the values shown"), self._copy_values, "Ctrl+Shift+C")
        menus.add(menus.edit, translate("Menu", "&Find a session"), self._find_session, standard.Find)
        menus.add(menus.device, translate("Menu", "&Connect…"), self._go_connect, "Ctrl+D")
        menus.add(menus.device, translate("Menu", "De&mo charger"), self.start_demo)
        menus.add(menus.device, translate("Menu", "&Disconnect"), self._disconnect)
        menus.add(menus.device, translate("Menu", "Dis&arm and put back"), self._disarm, "Ctrl+Shift+D")
        self.visit_action = menus.add(menus.device, translate("Menu", "&Visit…"), self._name_visit, "Ctrl+Shift+V")
        for row in range(self.rail.count()):
            go = partial(self.rail.setCurrentRow, row)
            menus.add(menus.view, self.rail.item(row).text(), go, f"Ctrl+{row + 1}")
        menus.view.addSeparator()
        themes = {"light": translate("Menu", "&Light"), "dark": translate("Menu", "&Dark")}
        menus.add_themes(themes, lambda name: self.apply_theme(THEMES[name]))
        menus.add(menus.view, translate("Menu", "&Field mode"), self._toggle_field, "F11")
        menus.add(menus.tools, translate("Menu", "&Check the archive"), self._check_archive)
        menus.add_folders()
        menus.add_about()
        self.tools = WindowTools(self)

    def _wire(self) -> None:
        self.connect_page.connection_wanted.connect(self._connect)
        self.connect_page.demo_wanted.connect(self.start_demo)
        self.connect_page.cancel_wanted.connect(self.bridge.cancel)
        self.connect_page.close_session_wanted.connect(self._close_interrupted)
        self.connect_page.inspect_session_wanted.connect(self._inspect)
        self.bridge.step.connect(self.connect_page.check.show_step)
        self.bridge.connected.connect(self._show_connection)
        self.bridge.failed.connect(self._show_failure)
        self.bridge.disconnected.connect(self._after_disconnect)
        self.header.diagnose_wanted.connect(partial(self.go, "diagnose"))
        self.header.disarm_wanted.connect(self._disarm)

    def _wire_page(self, page: Page) -> None:
        page.message.connect(self._say)
        page.connect_wanted.connect(self._go_connect)
        page.task_wanted.connect(self.go)

    def _connect(self, asked: Asked) -> None:
        self._asked = asked
        self.bridge.connect_to(asked.address, asked.profile)

    def _show_connection(self, connection: Connection) -> None:
        if self.connection is not None:
            self.bridge.disconnect_from(self.connection)
        self.connection = connection
        self.connect_page.set_busy(False)
        self.connect_page.check.finish()
        if self._asked is not None:
            self.connect_page.remember(self._asked, connection.identity)
        self.connect_page.offer_interrupted([])
        for page in self._made.values():
            page.show_connection(connection)
        self.rail.go("live")
        self._refresh()

    def _show_failure(self, error: EvtechError | None) -> None:
        self.connect_page.show_failure(error)

    def _disconnect(self) -> None:
        if self.connection is not None:
            self.bridge.disconnect_from(self.connection)

    def _disarm(self) -> None:
        if self.connection is not None and self.connection.desk is not None:
            self.bridge.run(self.connection.desk.arming.disarm(), lambda done: self.go("diagnose"))

    def _after_disconnect(self) -> None:
        if self.connection is not None and self.connection not in self.bench.connections:
            self.connection = None
            for page in self._made.values():
                page.show_nothing()
            self._refresh()

    def _offer_interrupted(self, result: object) -> None:
        if isinstance(result, list):
            self.connect_page.offer_interrupted(result)

    def _close_interrupted(self, session: ChargingSession) -> None:
        self.bridge.work(
            lambda: self.bench.close_interrupted(session) or self.bench.interrupted(), self._offer_interrupted
        )

    def _inspect(self, session: ChargingSession) -> None:
        self.go("sessions", session.id)

    def _open_page(self, row: int) -> None:
        page = self.page
        self.pages.setCurrentIndex(row)
        page.load()

    def _go_connect(self) -> None:
        self.rail.go("connect")

    def _export_csv(self) -> None:
        self.sessions_page.export_csv()

    def _report_pdf(self) -> None:
        self.sessions_page.report_pdf()

    def _find_session(self) -> None:
        self.rail.go("sessions")
        self.sessions_page.filter.setFocus()

    def _copy_values(self) -> None:
        QApplication.clipboard().setText(self.live_page.as_text())
        self._say(translate("Window", "The values are copied."))

    def _check_archive(self) -> None:
        self._say(translate("Window", "Checking the archive …"))
        self.bridge.work(self.bench.archive.check, self._say_check)

    def _say_check(self, result: CheckResult | EvtechError) -> None:
        if isinstance(result, EvtechError):
            self._say(f"{result} {result.hint}")
        elif result.ok:
            words = translate("Window", "The archive is sound: {sessions} sessions, {samples} samples.")
            self._say(words.format(sessions=result.sessions, samples=result.samples))
        else:
            self._say(translate("Window", "The archive is damaged: {what}").format(what="; ".join(result.problems)))

    def _refresh(self) -> None:
        self.header.refresh(self.connection)
        free = shutil.disk_usage(self.bench.archive.path.parent).free if self.connection else None
        self.strips.refresh(self.connection, free)

    def _name_visit(self) -> None:
        connection = self.connection
        if connection is None or connection.visit is None:
            self._say(translate("Window", "A visit starts with a connection; connect first."))
            return
        visit = self.bench.archive.visit(connection.visit.id)
        dialog = VisitDialog(visit, self)
        if dialog.exec():
            self.bench.archive.name_visit(visit.id, **dialog.changes(visit))
            self._say(translate("Window", "The visit is named; reports say so."))

    def _toggle_field(self) -> None:
        if self.theme is FIELD:
            self.showNormal()
            self.apply_theme(THEMES.get(str(QSettings().value("view/theme", "light")), LIGHT))
        else:
            self.showFullScreen()
            self.apply_theme(FIELD)

    def _say(self, text: str) -> None:
        self.strips.showMessage(text, 8000)


def _scrolling() -> QScrollArea:
    """Return what a page lies in: it scrolls rather than clips when the window is small or the text large."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    return area
