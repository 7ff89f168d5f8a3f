"""What belongs to the window and to no task: settings, log, files that are dropped or handed over by another start."""

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMainWindow

from evtech import paths, settings
from evtech.devices.profile_files import load_profile
from evtech.errors import EvtechError, ProfileError
from evtech.reports.files import write_whole
from evtech.workbench import Workbench
from ui.finder import Finder
from ui.log_window import LogMemory, LogWindow
from ui.settings_dialog import SettingsDialog
from ui.theme import THEMES
from ui.words import translate

log = logging.getLogger("evtech.ui")


def settings_file() -> Path:
    """Return where the user's settings lie."""
    return paths.user_data() / settings.FILE_NAME


class WindowTools(QObject):
    """Adds its actions to a window's menus and takes files for it."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.bench: Workbench = window.bench
        self.file = settings_file()
        self.settings, problems = settings.load(self.file)
        for problem in problems:
            log.warning("settings: %s", problem)
        self.memory = LogMemory()
        logging.getLogger("evtech").addHandler(self.memory)
        logging.getLogger("evtech").setLevel(logging.INFO)
        window.destroyed.connect(lambda memory=self.memory: logging.getLogger("evtech").removeHandler(memory))
        self._log_window: LogWindow | None = None
        self.visits: list[QMainWindow] = []
        menus = window.menus
        opening = menus.add(menus.file, translate("Menu", "&Open…"), self.ask_open, QKeySequence.StandardKey.Open)
        menus.file.insertAction(menus.file.actions()[0], opening)
        self._add_hand_over()
        menus.add(menus.edit, translate("Menu", "&Settings…"), self.open_settings, "Ctrl+,")
        menus.add(menus.tools, translate("Menu", "&Log…"), self.open_log, "Ctrl+L")
        for name, action in menus.themes.items():
            action.triggered.connect(lambda checked=False, chosen=name: self._keep_theme(chosen))
        window.setAcceptDrops(True)
        window.connect_page.show_finder(Finder(self.bench))
        self._use()

    def open_settings(self) -> None:
        """Let the user change the settings."""
        dialog = SettingsDialog(self.settings, self.window)
        if dialog.exec():
            self.change(dialog.chosen())

    def change(self, chosen: settings.Settings) -> None:
        """Use settings and keep them; say so where they cannot be kept."""
        self.settings = chosen
        self._use()
        if self.window.theme.name != chosen.theme:
            self.window.apply_theme(THEMES[chosen.theme])
        try:
            settings.save(chosen, self.file)
        except OSError as error:
            words = translate("Settings", "The settings hold until evtech ends; they cannot be kept: {why}.")
            self._say(words.format(why=error.strerror))

    def open_log(self) -> None:
        """Show the log window."""
        if self._log_window is None:
            self._log_window = LogWindow(self.memory, self.window)
        self._log_window.show()
        self._log_window.raise_()

    def take_over(self, files: list[str]) -> None:
        """Come forward with the files of another start."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self.open_files(files)

    def open_files(self, files: list[str]) -> None:
        """Open what was dropped or handed over: profiles, archives, and what a page takes."""
        for file in files:
            path = Path(file)
            if path.suffix == ".toml":
                self._add_profile(path)
            elif path.suffix == ".evtech":
                self._open_archive(path)
            elif path.suffix.lower() == ".evvisit":
                self.open_visit(path)
            elif not self.window.open_in_a_page(path):
                words = translate("Window", "{file}: no page of evtech opens such a file.")
                self._say(words.format(file=path.name))

    def hand_over(self) -> None:
        """Let the user hand a visit over: the connected one, that of the chosen session, or the newest."""
        from ui.handover_dialog import HandOverDialog, Offer

        connection = self.window.connection
        session = self.window.sessions_page.selected() if self.window.page is self.window.sessions_page else None
        visit = session.visit_id if session else connection.visit.id if connection and connection.visit else None
        offer = Offer(
            self.bench.archive, self.bench.library.file, self.settings.technician, self.settings.report_language,
            visit, self._traffic(),
        )  # fmt: skip
        dialog = HandOverDialog(offer, self.window.bridge, self.window.theme, self.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def open_support(self) -> None:
        """Let the user put a support bundle together."""
        from ui.support_dialog import SupportDialog

        traffic = next(iter(self._traffic().values()), None)
        dialog = SupportDialog(self.bench.archive, traffic, self.window.bridge, self.window.theme, self.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def export_traffic(self) -> None:
        """Ask for a file and write the frames of the link, for Wireshark."""
        found = list(self._traffic().values())
        if not found:
            self._say(translate("Window", "There is no traffic: connect to a charger over a Modbus link first."))
            return
        name, _ = QFileDialog.getSaveFileName(
            self.window, translate("Window", "Export the traffic"), "evtech-traffic.pcapng", "pcapng (*.pcapng)"
        )
        if not name:
            return
        try:
            write_whole(Path(name), found[0]())
            self._say(translate("Window", "{file} is written.").format(file=name))
        except EvtechError as error:
            self._say(f"{error} {error.hint}")

    def _traffic(self) -> dict[str, Callable[[], bytes]]:
        """Return what makes a pcapng file of the connected link's frames, by visit; nothing without frames."""
        connection = self.window.connection
        if connection is None or connection.address is None or connection.visit is None:
            return {}
        link, scheme = connection.device.link, connection.address.scheme
        if scheme in ("demo", "rapi") or not link.traffic.frames():
            return {}
        from evtech.links.pcapng import framing_of, pcapng

        return {connection.visit.id: lambda: pcapng(link.traffic.frames(), framing_of(scheme), link.name)}

    def _add_hand_over(self) -> None:
        menus = self.window.menus
        action = menus.add(menus.file, translate("Menu", "&Hand over visit…"), self.hand_over, "Ctrl+Shift+H")
        menus.file.insertAction(menus.file.actions()[1], action)
        menus.file.insertSeparator(menus.file.actions()[2])
        menus.add(menus.tools, translate("Menu", "Export the &traffic…"), self.export_traffic)
        bundle = menus.add(menus.help, translate("Menu", "&Support bundle…"), self.open_support)
        menus.help.insertAction(menus.help.actions()[0], bundle)

    def ask_open(self) -> None:
        """Ask for files and open them."""
        kinds = translate("Window", "evtech and records (*.evvisit *.evtech *.toml *.json *.csv *.xml);;All files (*)")
        names, _ = QFileDialog.getOpenFileNames(self.window, translate("Window", "Open"), "", kinds)
        self.open_files(names)

    def open_visit(self, path: Path) -> None:
        """Show a visit that somebody handed over in a window of its own, read-only, beside the own archive."""

        def show(result: object) -> None:
            from ui.visit_window import VisitWindow

            if isinstance(result, EvtechError):
                self._say(f"{result} {result.hint}")
                return
            shown = VisitWindow(result, self.window)
            self.visits.append(shown)
            shown.destroyed.connect(lambda: self.visits.remove(shown))
            shown.show()

        def task() -> object:
            from evtech.reports.looking import look

            return look(path)

        self._say(translate("Window", "Opening {file} …").format(file=path.name))
        self.window.bridge.work(task, show)

    def take_drag(self, event: QDragEnterEvent) -> None:
        """Let files be dropped."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def take_drop(self, event: QDropEvent) -> None:
        """Open dropped files."""
        event.acceptProposedAction()
        self.open_files([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])

    def _use(self) -> None:
        self.bench.usual_interval = self.settings.poll_interval_s
        self.bench.technician = self.settings.technician
        self.bench.report_language = self.settings.report_language

    def _keep_theme(self, name: str) -> None:
        self.change(replace(self.settings, theme=name))

    def _add_profile(self, path: Path) -> None:
        """Copy a sound profile into the user's folder; it is known from then on."""
        try:
            profile = load_profile(path)
            target = paths.user_profiles() / path.name
            if target.exists() and target.read_bytes() != path.read_bytes():
                words = translate("Window", "{file} is in your profile folder already, with other content.")
                self._say(words.format(file=path.name))
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, path.read_bytes())
        except ProfileError as error:
            self._say(" ".join(str(error).split()))
            return
        except (EvtechError, OSError) as error:
            self._say(str(error))
            return
        self.bench.library.reload()
        self.window.connect_page.form.show_profiles(self.bench.library.profiles())
        words = translate("Window", "{name} is in your profile folder now.")
        self._say(words.format(name=f"{profile.vendor} {profile.model}"))

    def _open_archive(self, path: Path) -> None:
        """Open another archive in a window of its own: this one goes on recording into its own."""
        words = [] if getattr(sys, "frozen", False) else ["-m", "evtech"]
        if not QProcess.startDetached(sys.executable, [*words, "--archive", str(path), "gui"])[0]:
            self._say(translate("Window", "{file} cannot be opened.").format(file=path.name))

    def _say(self, text: str) -> None:
        log.info("%s", text)
        self.window.strips.showMessage(text, 12_000)
