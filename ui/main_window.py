"""The window: header, rail, pages, strips. It puts pages together and decides nothing about chargers."""

import time
from datetime import datetime

from PySide6.QtCore import QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from evtech import VERSION
from evtech.errors import EvtechError
from evtech.workbench import Connection, Workbench
from ui.bridge import Bridge
from ui.dialogs import VisitDialog
from ui.pages.connect import ConnectPage
from ui.pages.live import LivePage
from ui.pages.sessions import SessionsPage
from ui.theme import FIELD, LIGHT, THEMES, Theme, base_font, palette, severity_colour
from ui.widgets.badge import Badge
from ui.words import duration, phase_role, phase_word, translate

STRIP_MS = 500
LATE_S = 5.0  # after this long without a commit the strip turns amber


class MainWindow(QMainWindow):
    """One window for one workbench."""

    def __init__(self, bench: Workbench, family: str) -> None:
        super().__init__()
        self.bench = bench
        self.bridge = Bridge(bench)
        self.connection: Connection | None = None
        self.theme = LIGHT
        self._family = family
        self._asked: tuple[str, str | None] | None = None
        self.setWindowTitle("evtech")
        self.resize(1366, 768)
        self.connect_page = ConnectPage(bench.library.profiles())
        self.live_page = LivePage()
        self.sessions_page = SessionsPage(bench.archive, self.bridge)
        self.pages = QStackedWidget()
        self._build()
        self._build_menus()
        self._wire()
        self.apply_theme(THEMES.get(str(QSettings().value("view/theme", "light")), LIGHT))
        self._timer = QTimer(self, interval=STRIP_MS)
        self._timer.timeout.connect(self._refresh_strips)
        self._timer.start()
        self.bridge.work(bench.interrupted, self._offer_interrupted)

    def apply_theme(self, theme: Theme) -> None:
        """Use a theme everywhere."""
        self.theme = theme
        QApplication.setPalette(palette(theme))
        QApplication.setFont(base_font(self._family, theme))
        self.badge.theme = theme
        for page in (self.connect_page, self.live_page, self.sessions_page):
            page.apply_theme(theme)
        if theme is not FIELD:
            QSettings().setValue("view/theme", theme.name)
        for name, action in self._theme_actions.items():
            action.setChecked(name == theme.name)
        self._refresh_strips()

    def start_demo(self) -> None:
        """Connect to the simulated charger."""
        self.connect_page.set_busy(True)
        self.bridge.demo()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close at any moment: what was read is saved, a running session goes on at the next start."""
        self._timer.stop()
        self.live_page.timer.stop()
        QSettings().setValue("window/geometry", self.saveGeometry())
        self.bench.close()
        super().closeEvent(event)

    def _build(self) -> None:
        centre = QWidget()
        outer = QVBoxLayout(centre)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._make_header())
        row = QHBoxLayout()
        row.setSpacing(0)
        self.rail = QListWidget()
        self.rail.setFixedWidth(132)
        self.rail.setAccessibleName(translate("Window", "Tasks"))
        self.rail.setFrameShape(QListWidget.Shape.NoFrame)
        for text, page in (
            (translate("Window", "Connect"), self.connect_page),
            (translate("Window", "Live"), self.live_page),
            (translate("Window", "Sessions"), self.sessions_page),
        ):
            item = QListWidgetItem("   " + text)
            item.setSizeHint(QSize(120, 48))
            self.rail.addItem(item)
            self.pages.addWidget(page)
        self.rail.setCurrentRow(0)
        self.rail.currentRowChanged.connect(self._open_page)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        outer.addLayout(row, 1)
        self.setCentralWidget(centre)
        self.link_strip, self.record_strip, self.clock = QLabel(), QLabel(), QLabel()
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(self.link_strip, 3)
        self.statusBar().addPermanentWidget(self.record_strip)
        self.statusBar().addPermanentWidget(self.clock)

    def _make_header(self) -> QWidget:
        header = QWidget()
        row = QHBoxLayout(header)
        row.setContentsMargins(14, 6, 14, 6)
        self.identity = QLabel(translate("Window", "No charger connected"))
        self.identity.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.badge = Badge()
        self.problems = QLabel()
        row.addWidget(self.identity, 1)
        row.addWidget(self.badge)
        row.addWidget(self.problems)
        return header

    def _build_menus(self) -> None:
        bar = self.menuBar()
        file, device = bar.addMenu(translate("Menu", "&File")), bar.addMenu(translate("Menu", "&Device"))
        view, help_menu = bar.addMenu(translate("Menu", "&View")), bar.addMenu(translate("Menu", "&Help"))
        self._add(file, translate("Menu", "&Quit"), self.close, "Ctrl+Q")
        self._add(device, translate("Menu", "&Connect…"), lambda: self.rail.setCurrentRow(0), "Ctrl+D")
        self._add(device, translate("Menu", "De&mo charger"), self.start_demo, None)
        self._add(device, translate("Menu", "&Disconnect"), self._disconnect, None)
        self.visit_action = self._add(device, translate("Menu", "&Visit…"), self._name_visit, "Ctrl+Shift+V")
        for index in range(3):
            name = self.rail.item(index).text().strip()
            self._add(view, name, lambda row=index: self.rail.setCurrentRow(row), f"Ctrl+{index + 1}")
        view.addSeparator()
        group = QActionGroup(self)
        self._theme_actions = {}
        for name, text in (("light", translate("Menu", "Light")), ("dark", translate("Menu", "Dark"))):
            action = self._add(view, text, lambda chosen=name: self.apply_theme(THEMES[chosen]), None)
            action.setCheckable(True)
            group.addAction(action)
            self._theme_actions[name] = action
        self._add(view, translate("Menu", "&Field mode"), self._toggle_field, "F11")
        self._add(help_menu, translate("Menu", "&About evtech"), self._about, None)

    def _add(self, menu: object, text: str, act: object, keys: str | None) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda checked=False: act())
        if keys:
            action.setShortcut(QKeySequence(keys))
        menu.addAction(action)
        return action

    def _wire(self) -> None:
        self.connect_page.connect_wanted.connect(self._connect)
        self.connect_page.demo_wanted.connect(self.bridge.demo)
        self.connect_page.cancel_wanted.connect(self.bridge.cancel)
        self.connect_page.close_session_wanted.connect(self._close_interrupted)
        self.bridge.step.connect(self.connect_page.show_step)
        self.bridge.connected.connect(self._show_connection)
        self.bridge.failed.connect(self._show_failure)
        self.bridge.disconnected.connect(self._after_disconnect)
        self.sessions_page.message.connect(self._say)

    def _connect(self, address: str, profile: str | None) -> None:
        self._asked = (address, profile)
        self.bridge.connect_to(address, profile)

    def _show_connection(self, connection: Connection) -> None:
        if self.connection is not None:
            self.bridge.disconnect_from(self.connection)
        self.connection = connection
        who = connection.identity
        name = f"{who.vendor} {who.model}"
        serial = who.serial_number or translate("Window", "unknown")
        firmware = who.firmware_version or translate("Window", "unknown")
        self.identity.setText(f"<b>{name}</b> · SN {serial} · fw {firmware}")
        self.connect_page.set_busy(False)
        if self._asked is not None:
            self.connect_page.remember(self._asked[0], name)
        self.connect_page.offer_interrupted([])
        self.live_page.show_connection(connection)
        self.rail.setCurrentRow(1)
        self._refresh_strips()

    def _show_failure(self, error: EvtechError | None) -> None:
        self.connect_page.show_failure(error)

    def _disconnect(self) -> None:
        if self.connection is not None:
            self.bridge.disconnect_from(self.connection)

    def _after_disconnect(self) -> None:
        if self.connection is not None and self.connection not in self.bench.connections:
            self.connection = None
            self.live_page.timer.stop()
            self.identity.setText(translate("Window", "No charger connected"))
            self._refresh_strips()

    def _offer_interrupted(self, result: object) -> None:
        if isinstance(result, list):
            self.connect_page.offer_interrupted(result)

    def _close_interrupted(self, session: object) -> None:
        self.bench.close_interrupted(session)
        self.bridge.work(self.bench.interrupted, self._offer_interrupted)

    def _open_page(self, row: int) -> None:
        self.pages.setCurrentIndex(row)
        if self.pages.currentWidget() is self.sessions_page:
            self.sessions_page.load()

    def _refresh_strips(self) -> None:
        self.clock.setText(datetime.now().astimezone().strftime("%H:%M:%S"))
        connection = self.connection
        self.badge.setVisible(connection is not None)
        self.problems.setVisible(connection is not None)
        if connection is None:
            self.link_strip.setText(translate("Strip", "not connected"))
            self.record_strip.setText("")
            return
        reached = connection.interval_reached
        rate = f"{1 / reached:.1f}" if reached else "—"
        statistics = connection.link_statistics
        self.link_strip.setText(
            translate("Strip", "{link} · {rate}/s of {wanted:.1f}/s · {errors} errors").format(
                link=connection.link_name, rate=rate, wanted=1 / connection.interval_wanted, errors=statistics.errors
            )
        )
        self._refresh_badge(connection)
        self._refresh_record(connection)

    def _refresh_badge(self, connection: Connection) -> None:
        count = len(connection.alarms.standing) + (connection.problem is not None)
        self.problems.setText(
            translate("Window", "{n} problem(s)").format(n=count) if count else translate("Window", "no problem")
        )
        colour = severity_colour(self.theme, "warning" if count else "neutral")
        self.problems.setStyleSheet(f"color: {colour}")
        session, reading = connection.session, connection.latest
        if connection.problem is not None:
            self.badge.show_state("stale", translate("Window", "NO ANSWER, connecting again"))
        elif session is not None and session.phases:
            phase = session.phases[-1]
            lasted = time.time() - phase.start.timestamp()
            pilot = reading.state.pilot if reading and reading.state else ""
            self.badge.show_state(phase_role(phase.phase), f"{pilot}  {phase_word(phase.phase)}  {duration(lasted)}")
        elif reading is not None and reading.state is not None:
            state = reading.state
            self.badge.show_state(
                phase_role(state.phase.value), f"{state.pilot or ''}  {phase_word(state.phase.value)}"
            )
        else:
            self.badge.show_state("neutral", translate("Window", "Meter"))

    def _refresh_record(self, connection: Connection) -> None:
        writer = connection.writer
        if writer is None or connection.visit is None:
            self.record_strip.setText(translate("Strip", "not recording"))
            return
        lasted = duration(time.time() - connection.visit.started.timestamp())
        age = time.monotonic() - writer.saved_at
        role, text = "neutral", translate("Strip", "REC {time} · saved {age:.0f} s ago").format(time=lasted, age=age)
        if writer.failing:
            role = "fault"
            text = translate("Strip", "NOT SAVED: {why}; {n} readings are held in memory").format(
                why=writer.failing, n=writer.held
            )
        elif age > LATE_S:
            role = "warning"
        self.record_strip.setStyleSheet(f"color: {severity_colour(self.theme, role)}" if role != "neutral" else "")
        self.record_strip.setText(text)

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
        self.statusBar().showMessage(text, 8000)

    def _about(self) -> None:
        import platform

        from PySide6.QtCore import qVersion

        QMessageBox.about(
            self,
            "evtech",
            f"evtech {VERSION}\nPython {platform.python_version()}, Qt {qVersion()} (LGPL)\n"
            + translate("About", "Apache-2.0. Font Inter under the SIL Open Font License."),
        )
