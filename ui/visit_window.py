"""A window of its own for a visit that somebody handed over: all pages, nothing to connect, nothing that is written."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QInputDialog, QLineEdit

from evtech.errors import EvtechError
from evtech.reports.looking import Looked
from evtech.reports.signers import known_signers, trust
from evtech.reports.visit_file import VisitFile, import_visit, open_visit
from evtech.workbench import Workbench
from ui.main_window import MainWindow
from ui.pages.page import Page
from ui.tasks import Task, tasks
from ui.theme import Theme
from ui.widgets.dress import dress
from ui.widgets.seal_banner import SealBanner, grouped
from ui.words import translate

HIDDEN = ("connect", "live", "calibrate")  # they need a charger


class VisitWindow(MainWindow):
    """Shows a visit from a temporary archive; ``home`` is the window whose archive takes it when it is imported."""

    def __init__(self, looked: Looked, home: MainWindow) -> None:
        bench = Workbench(str(looked.archive), None)
        bench.archive.locked = translate("Visit", "This visit is only looked at; nothing is written to it.")
        bench.library = home.bench.library
        self.looked, self.home, self.banner = looked, home, SealBanner()
        super().__init__(bench, home._family)
        bench.report_language = home.bench.report_language
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("Visit", "{file} — evtech").format(file=looked.visit.path.name))
        self.header.hide()
        self.centralWidget().layout().insertWidget(0, self.banner)
        self.banner.trust_wanted.connect(self.ask_trust)
        self.banner.import_wanted.connect(self.take_in)
        self.banner.close_wanted.connect(self.close)
        self.banner.show_seal(looked.visit.seal, looked.visit.redacted)
        for action in (*self.menus.device.actions(), *self._hidden_rows()):
            action.setEnabled(False)
        self.apply_theme(home.theme)
        self.rail.go("visit")

    def make_tasks(self) -> tuple[Task, ...]:
        """Return the visit's own page first; those that need a charger stand last and are not shown."""
        usual = tasks()
        shown = [task for task in usual if task.name not in HIDDEN]
        first = Task("visit", translate("Visit", "Visit"), VisitWindow._make_page)
        return (first, *shown, *(task for task in usual if task.name in HIDDEN))

    def apply_theme(self, theme: Theme) -> None:
        """Use a theme here and in the banner."""
        super().apply_theme(theme)
        self.banner.apply_theme(theme)
        dress(self.banner, theme)

    def start_demo(self) -> None:
        """Say where a charger is connected."""
        self._go_connect()

    def ask_trust(self) -> None:
        """Ask under which name the signer is known from now on."""
        seal = self.looked.visit.seal
        words = translate(
            "Visit",
            "Ask {name} by phone for the fingerprint and compare:\n\n{print}\n\nKnown here from now on as:",
        ).format(name=seal.signer, print=grouped(seal.fingerprint or ""))
        name, agreed = QInputDialog.getText(
            self, translate("Visit", "Trust this signer"), words, QLineEdit.EchoMode.Normal, seal.signer or ""
        )
        if agreed and name.strip():
            self.trust(name.strip())

    def trust(self, name: str) -> None:
        """Know the signer under a name, and look at the seal again."""
        path, print_ = self.looked.visit.path, self.looked.visit.seal.fingerprint or ""

        def task() -> VisitFile:
            trust(print_, name)
            return open_visit(path, known_signers())

        self.bridge.work(task, self._show_seal)

    def take_in(self) -> None:
        """Import the visit into the archive of the window at home."""
        if self.home._is_closed:
            self._say(translate("Visit", "Your own window is closed; open the file again from it."))
            return
        path, archive = self.looked.visit.path, self.home.bench.archive
        self.banner.take.setEnabled(False)
        self._say(translate("Visit", "Importing …"))
        self.bridge.work(lambda: import_visit(archive, open_visit(path, known_signers())), self._after_import)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, and take the copy away."""
        page = self._made.get("visit")
        super().closeEvent(event)
        if page is not None:
            page.close_files()  # type: ignore[attr-defined]  # made by `_make_page`
        self.looked.close()

    def _make_page(self) -> Page:
        from ui.pages.visit import VisitPage

        return VisitPage(self.bench.archive, self.looked.visit, self.bridge)

    def _hidden_rows(self) -> list:
        names = [task.name for task in self.tasks]
        rows = [names.index(name) for name in HIDDEN if name in names]
        for row in rows:
            self.rail.item(row).setHidden(True)
        return [self.menus.view.actions()[row] for row in rows]

    def _show_seal(self, result: VisitFile | EvtechError) -> None:
        if isinstance(result, EvtechError):
            self._say(f"{result} {result.hint}")
            return
        self.banner.show_seal(result.seal, result.redacted)

    def _after_import(self, result: dict[str, int] | EvtechError) -> None:
        if isinstance(result, EvtechError):
            self.banner.take.setEnabled(True)
            self._say(f"{result} {result.hint}")
            return
        self.banner.show_imported()
        words = translate("Visit", "The visit is in your archive: {n} new sessions.")
        if result["known_recordings"] and not result["charging_session"]:
            words = translate("Visit", "Everything in this visit was in your archive already.")
        self._say(words.format(n=result["charging_session"]))
        self.home.sessions_page.load()

    def _go_connect(self) -> None:
        self._say(translate("Visit", "This window shows a visit; connect to a charger in your own window."))
