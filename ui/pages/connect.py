"""Connect: a form, the demo, recent links, a step-by-step check that names the fix, interrupted sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout

from evtech.devices.profile import Profile
from evtech.errors import EvtechError
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession
from evtech.workbench import CheckStep
from ui.finder import Finder
from ui.pages.page import Page
from ui.theme import LIGHT, Theme
from ui.widgets.check_list import CheckList
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.widgets.found_devices import FoundDevices
from ui.widgets.link_form import LinkForm, Work
from ui.words import local_time, quantity, translate

_RECENT = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants to connect to; ``profile`` is ``None`` for automatic recognition."""

    address: str
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """A link that worked: the wish, the device that answered, and the link's name as sessions keep it."""

    asked: Asked
    device: str
    link: str


class ConnectPage(Page):
    """Where every visit begins."""

    connection_wanted = Signal(object)  # Asked
    demo_wanted = Signal()
    cancel_wanted = Signal()
    close_session_wanted = Signal(object)  # ChargingSession
    inspect_session_wanted = Signal(object)

    def __init__(self, profiles: Sequence[Profile], work: Work) -> None:
        super().__init__()
        self.theme = LIGHT
        self._interrupted: ChargingSession | None = None
        self._work = work
        self.form = LinkForm(profiles, work)
        self.form.submitted.connect(self._connect)
        self.check = CheckList()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 16, 20, 16)
        outer.setSpacing(14)
        self.banner = self._make_banner()
        outer.addWidget(self.banner)
        columns = QHBoxLayout()
        columns.setSpacing(36)
        outer.addLayout(columns, 1)
        columns.addLayout(self._make_left(), 5)
        columns.addLayout(self._make_right(), 4)
        self._load_recent()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.check.apply_theme(theme)

    def show_finder(self, finder: Finder) -> None:
        """Offer what can be found: ports at once, the network on request."""
        self.found = FoundDevices(finder, self._work)
        self.found.chosen.connect(self.form.fill)
        self.found.wanted.connect(self._connect_found)
        self._right.insertWidget(0, self.found, 3)
        self._right.insertSpacing(1, 12)

    def set_busy(self, busy: bool) -> None:
        """Show that connecting goes on, with a way out."""
        self.connect_button.setEnabled(not busy)
        self.demo_button.setEnabled(not busy)
        self.cancel_button.setVisible(busy)
        why = translate("Connect", "A connection is being made; cancel it first") if busy else ""
        self.connect_button.setToolTip(why)

    def show_failure(self, error: EvtechError | None) -> None:
        """Say why connecting failed, where no step said it."""
        self.set_busy(False)
        if error is None:
            self.check.show_step(CheckStep("failure", "failed", translate("Connect", "Connecting was cancelled.")))
        elif not self.check.has_failed:
            self.check.show_step(CheckStep("failure", "failed", str(error), error.hint))

    def remember(self, asked: Asked, identity: ChargerIdentity) -> None:
        """Put a link that worked to the top of the recent ones."""
        name = f"{identity.vendor} {identity.model}"
        new = "\t".join((asked.address, name, asked.profile or "", identity.link))
        kept = [entry for entry in _stored() if entry.split("\t")[0] != asked.address]
        QSettings().setValue("connect/recent", [new, *kept][:_RECENT])
        self._load_recent()

    def offer_interrupted(self, sessions: list[ChargingSession]) -> None:
        """Say which session a former evtech left open and what can be done."""
        self._interrupted = sessions[-1] if sessions else None
        self.banner.setVisible(self._interrupted is not None)
        if self._interrupted is None:
            return
        session = self._interrupted
        text = translate(
            "Connect",
            "A session was interrupted: {who}, since {when}, {energy} so far. It goes on when you connect to this"
            " charger again.",
        )
        self.banner_text.setText(
            text.format(
                who=f"{session.charger.vendor} {session.charger.model}",
                when=local_time(session.started),
                energy=quantity(session.energy_wh, "Wh"),
            )
        )
        can_resume = self._way_back(session) is not None
        self.resume_button.setEnabled(can_resume)
        self.resume_button.setToolTip(
            "" if can_resume else translate("Connect", "How this charger was reached is not known here; use the form.")
        )

    def _make_left(self) -> QVBoxLayout:
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(Heading(translate("Connect", "Connect to a charger or meter")))
        left.addWidget(self.form)
        row = QHBoxLayout()
        self.connect_button = LargeButton(translate("Connect", "Connect"), primary=True)
        self.connect_button.clicked.connect(self._connect)
        self.cancel_button = LargeButton(translate("Connect", "Cancel"))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.cancel_button.setVisible(False)
        row.addWidget(self.connect_button)
        row.addWidget(self.cancel_button)
        row.addStretch()
        left.addLayout(row)
        left.addSpacing(8)
        left.addWidget(Heading(translate("Connect", "Recent")))
        self.no_recent = Muted(translate("Connect", "Links that worked are kept here: one click brings one back."))
        self.recent = QListWidget()
        self.recent.setAccessibleName(translate("Connect", "Recent links"))
        self.recent.itemClicked.connect(self._fill_from_recent)
        self.recent.itemActivated.connect(self._connect_recent)
        left.addWidget(self.no_recent)
        left.addWidget(self.recent, 1)
        left.addStretch()
        return left

    def _make_right(self) -> QVBoxLayout:
        right = self._right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(Heading(translate("Connect", "No charger at hand?")))
        right.addWidget(
            Muted(translate("Connect", "A simulated charger with a vehicle that plugs in after three seconds."))
        )
        self.demo_button = LargeButton(translate("Connect", "Demo charger"))
        self.demo_button.clicked.connect(self.demo_wanted)
        right.addWidget(self.demo_button, 0, Qt.AlignmentFlag.AlignLeft)
        right.addSpacing(12)
        right.addWidget(self.check, 2)
        return right

    def _make_banner(self) -> QFrame:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        frame.setAutoFillBackground(True)
        layout = QVBoxLayout(frame)
        self.banner_text = QLabel()
        self.banner_text.setWordWrap(True)
        layout.addWidget(self.banner_text)
        row = QHBoxLayout()
        self.resume_button = QPushButton(translate("Connect", "Connect and resume"))
        self.resume_button.clicked.connect(self._resume)
        close = QPushButton(translate("Connect", "Close the session"))
        close.clicked.connect(lambda: self.close_session_wanted.emit(self._interrupted))
        inspect = QPushButton(translate("Connect", "Look at it"))
        inspect.clicked.connect(lambda: self.inspect_session_wanted.emit(self._interrupted))
        for button in (self.resume_button, close, inspect):
            row.addWidget(button)
        row.addStretch()
        layout.addLayout(row)
        frame.setVisible(False)
        return frame

    def _connect(self) -> None:
        if not self.connect_button.isEnabled():
            return
        if self.form.is_empty:
            self.check.clear()
            self.check.show_step(
                CheckStep(
                    "failure",
                    "failed",
                    translate("Connect", "No address is given."),
                    translate(
                        "Connect",
                        "Type the charger's IP address (its menu or the router shows it), or choose a serial port.",
                    ),
                )
            )
            return
        self.set_busy(True)
        self.connection_wanted.emit(Asked(self.form.address(), self.form.profile.currentData()))

    def _connect_found(self, address: str, profile: str | None) -> None:
        self.form.fill(address, profile)
        self._connect()

    def _way_back(self, session: ChargingSession) -> Asked | None:
        if session.charger.link.startswith("demo "):
            return Asked("demo:" + session.charger.link.removeprefix("demo "))
        return next((entry.asked for entry in _entries() if entry.link == session.charger.link), None)

    def _resume(self) -> None:
        asked = self._way_back(self._interrupted) if self._interrupted else None
        if asked is not None:
            self.set_busy(True)
            self.connection_wanted.emit(asked)

    def _fill_from_recent(self) -> None:
        asked = _entries()[self.recent.currentRow()].asked
        self.form.fill(asked.address, asked.profile)

    def _connect_recent(self) -> None:
        self._fill_from_recent()
        self._connect()

    def _load_recent(self) -> None:
        entries = _entries()
        self.recent.clear()
        for entry in entries:
            self.recent.addItem(f"{entry.device}\n{entry.asked.address}")
        self.recent.setVisible(bool(entries))
        row = max(self.recent.sizeHintForRow(0), 1)
        self.recent.setMaximumHeight(row * len(entries) + 2 * self.recent.frameWidth() + 4)
        self.no_recent.setVisible(not entries)


def _stored() -> list[str]:
    stored = QSettings().value("connect/recent", [])
    return [stored] if isinstance(stored, str) else list(stored or [])


def _entries() -> list[Recent]:
    parts = [(*entry.split("\t"), "", "", "")[:4] for entry in _stored()]
    return [Recent(Asked(address, profile or None), name, link) for address, name, profile, link in parts]
