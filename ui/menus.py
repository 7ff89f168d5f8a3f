"""The menus: every action of the window by name and by key."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QAction, QActionGroup, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMessageBox

from evtech import VERSION, paths
from ui.words import translate

Act = Callable[[], object]


class Menus:
    """Adds the menus to a window; ``themes`` and ``visit`` are actions that the window switches."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self.themes: dict[str, QAction] = {}
        bar = window.menuBar()
        self.file = bar.addMenu(translate("Menu", "&File"))
        self.edit = bar.addMenu(translate("Menu", "&Edit"))
        self.device = bar.addMenu(translate("Menu", "&Device"))
        self.view = bar.addMenu(translate("Menu", "&View"))
        self.tools = bar.addMenu(translate("Menu", "&Tools"))
        self.help = bar.addMenu(translate("Menu", "&Help"))

    def add(self, menu: QMenu, text: str, act: Act, keys: str | QKeySequence.StandardKey | None = None) -> QAction:
        """Add one action."""
        action = QAction(text, self._window)
        action.triggered.connect(lambda checked=False: act())
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
        menu.addAction(action)
        return action

    def add_themes(self, choices: dict[str, str], choose: Callable[[str], object]) -> None:
        """Add the themes as a choice of one."""
        menu = self.view.addMenu(translate("Menu", "&Theme"))
        group = QActionGroup(self._window)
        for name, text in choices.items():
            action = self.add(menu, text, lambda chosen=name: choose(chosen))
            action.setCheckable(True)
            group.addAction(action)
            self.themes[name] = action

    def add_folders(self) -> None:
        """Add what opens the folders that a support desk asks for."""
        self.add(self.tools, translate("Menu", "Open the &log's folder"), lambda: _open(str(paths.user_data())))
        self.add(self.tools, translate("Menu", "Open the folder of your &profiles"), _open_profiles)

    def add_about(self) -> None:
        """Add the dialog that says what this program is made of."""
        about = self.add(self.help, translate("Menu", "&About evtech"), self._about)
        about.setMenuRole(QAction.MenuRole.AboutRole)

    def _about(self) -> None:
        import platform

        from PySide6.QtCore import qVersion

        words = translate(
            "About",
            "evtech {version}\nPython {python}, Qt {qt} (LGPL)\n\nReads from chargers; writes only what a named person"
            " armed.\nApache-2.0. Font Inter under the SIL Open Font License.",
        )
        QMessageBox.about(
            self._window,
            QCoreApplication.applicationName(),
            words.format(version=VERSION, python=platform.python_version(), qt=qVersion()),
        )


def _open_profiles() -> None:
    folder = paths.user_profiles()
    folder.mkdir(parents=True, exist_ok=True)
    _open(str(folder))


def _open(folder: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
