"""The tasks of the rail: one line adds a page."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ui.pages.page import Page
from ui.words import translate

if TYPE_CHECKING:
    from ui.main_window import MainWindow


IMPORT_ENDINGS = (".csv", ".json", ".jsonl", ".ndjson", ".log", ".parquet")
BILL_ENDINGS = (".json", ".xml", ".txt", ".ocmf", ".pem", ".sml", ".bin", ".hex", ".key", ".der", ".pub", "")


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of the rail; ``make`` builds its page when it is first needed.

    ``endings``: names of files that the page may take end like this ("" for a folder or no ending); ``None`` where only
    the page itself knows. A page is not made just to be asked about a file that is not for it.
    """

    name: str
    title: str
    make: Callable[["MainWindow"], Page]
    endings: tuple[str, ...] | None = None

    def may_open(self, path: Path) -> bool:
        """Tell whether the page is worth asking about a file."""
        return self.endings is None or path.suffix.lower() in self.endings or (path.is_dir() and "" in self.endings)


def tasks() -> tuple[Task, ...]:
    """Return the tasks in the order of the rail."""
    return (
        Task("connect", translate("Window", "Connect"), _connect, ()),
        Task("live", translate("Window", "Live"), _live, ()),
        Task("diagnose", translate("Window", "Diagnose"), _diagnose, (".csv",)),
        Task("calibrate", translate("Window", "Calibrate"), _calibrate, ()),
        Task("billing", translate("Window", "Billing check"), _billing, BILL_ENDINGS),
        Task("sessions", translate("Window", "Sessions"), _sessions, IMPORT_ENDINGS),
        Task("insights", translate("Window", "Insights"), _insights, (".csv",)),
    )


def _connect(window: "MainWindow") -> Page:
    from ui.pages.connect import ConnectPage

    return ConnectPage(window.bench.library.profiles(), window.bridge.work)


def _live(window: "MainWindow") -> Page:
    from ui.pages.live import LivePage

    return LivePage(window.bench.note)


def _diagnose(window: "MainWindow") -> Page:
    from ui.pages.diagnose import DiagnosePage

    return DiagnosePage(window.bench.archive, window.bridge, window.bench.library.find)


def _billing(window: "MainWindow") -> Page:
    from ui.pages.billing import BillingPage

    return BillingPage(window.bench.archive, window.bridge)


def _sessions(window: "MainWindow") -> Page:
    from ui.pages.sessions import SessionsPage

    return SessionsPage(window.bench.archive, window.bridge)


def _calibrate(window: "MainWindow") -> Page:
    from ui.pages.calibrate import CalibratePage

    return CalibratePage(window.bench, window.bridge)


def _insights(window: "MainWindow") -> Page:
    from ui.pages.insights import InsightsPage

    return InsightsPage(window.bench.archive, window.bridge)
