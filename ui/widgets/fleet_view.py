"""Ports and outages: what no wire tells, port by port, what is missing and what that costs, and a way to say it."""

import getpass
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError, InputError
from evtech.insights.fleet_files import OUTAGES as OUTAGE_ROWS
from evtech.insights.fleet_files import PORTS
from evtech.insights.intervals import Interval
from evtech.insights.roster import Roster, RosterPort, roster
from evtech.insights.words import costs
from evtech.store.archive import Archive
from evtech.store.fleet import ReportedOutage, correct, report, say
from evtech.store.results import Result
from ui.bridge import Bridge
from ui.theme import Theme
from ui.widgets.dress import Heading, Muted, dress
from ui.widgets.fleet_facts import FactsForm, refusal
from ui.widgets.fleet_words import language, missing_names, rating_text, when_text
from ui.widgets.outage_form import EXCLUSION, EXCUSED, Draft
from ui.widgets.outage_panel import OutagePanel
from ui.widgets.tabs import Tabs, scrolling
from ui.widgets.taking_panel import TakingPanel
from ui.widgets.text_table import TextTable
from ui.words import translate

FACTS, OUTAGES = range(2)


class FleetView(QWidget):
    """The ports at the left, facts and outages of the chosen ones at the right."""

    back_wanted = Signal()
    message = Signal(str)

    def __init__(self, archive: Archive, bridge: Bridge, zone: str) -> None:
        super().__init__()
        self._archive, self._bridge, self._zone = archive, bridge, zone
        self.roster: Roster | None = None
        self.is_changed = False  # since the pictures were counted
        self._wanted: tuple[str, Callable[[Roster], Draft] | None] | None = None
        self._is_filling = False
        self.taking = TakingPanel(archive, bridge, self._who, self.why_not)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._make_head())
        self.missing = Muted()
        column.addWidget(self.missing)
        self.taking.message.connect(self.message)
        self.taking.take_wanted.connect(self._write)
        self.taking.shown.connect(lambda is_shown: self.splitter.setVisible(not is_shown))
        column.addWidget(self.taking)
        self.splitter = QSplitter()
        self.splitter.addWidget(self._make_table())
        self.splitter.addWidget(self._make_side())
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([640, 520])
        column.addWidget(self.splitter, 1)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.table.apply_theme(theme)
        self.outages.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the forms below the ports where there is no room beside."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 62
        self.splitter.setOrientation(Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal)

    def load(self) -> None:
        """Read the ports on a worker thread."""
        if not self.name.text():
            self.name.setText(self._bridge.bench.technician)
        archive, library = self._archive, self._bridge.bench.library
        self._bridge.work(lambda: roster(archive, library), self._show)

    def show_port(self, name: str, draft: Callable[[Roster], Draft] | None = None) -> None:
        """Choose a port as soon as the ports are read, and begin an entry with a draft."""
        self._wanted = (name, draft)
        self.load()

    def show_outages(self, name: str) -> None:
        """Choose a port and show what was entered of its outages."""
        self.tabs.setCurrentIndex(OUTAGES)
        self.show_port(name)

    def chosen(self) -> list[RosterPort]:
        """Return the chosen ports in the order of the table."""
        if self.roster is None:
            return []
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.roster.ports[row] for row in rows if row < len(self.roster.ports)]

    def why_not(self) -> str:
        """Return why nothing is entered into this archive, empty where it can be."""
        if self._archive.is_team:
            return translate(
                "Fleet", "Nothing is entered into the team's archive itself; enter it in your own and push it."
            )
        return self._archive.locked

    # ---- what is entered ----

    def keep_facts(self) -> None:
        """Keep the touched fields for the chosen ports."""
        try:
            said = [say(port.facts, self.facts.changes_for(port), self._who()) for port in self.facts.ports]
        except InputError as error:
            self.facts.say(refusal(error))
            return
        self.facts.forget()
        self._write([row for row in said if row is not None])

    def keep_outage(self) -> None:
        """Keep what the form says: new entries, one a port, or a correction."""
        draft, fields = self.outages.form.draft, self.outages.form.fields()
        assert draft is not None
        try:
            if draft.outage is not None:
                row = correct(draft.outage, fields, self._who())
                rows = [row] if row is not None else []
            else:
                rows = [report(port, fields, self._who()) for port in draft.ports]
        except InputError as error:
            self.outages.form.say(refusal(error))
            return
        self.outages.show_list()
        self._write(rows)

    def withdraw(self) -> None:
        """Withdraw the chosen entry, or let it stand again."""
        outage = self.outages.chosen()
        if outage is None:
            return
        changes = {"withdrawn": not outage.withdrawn, "reason": self.outages.reason.text().strip()}
        row = correct(outage, changes, self._who())
        self.outages.show_list()
        self._write([row] if row is not None else [])

    def exclude(self, port: str, span: Interval, period: Interval) -> None:
        """Begin to exclude what took a port down in a span of a picture.

        Where that is just one reported outage, as far as the picture's period shows it, the outage itself is excused;
        else an exclusion of its own is laid over whatever was seen.
        """

        def draft(found: Roster) -> Draft:
            zone = found.fleet.facts(port).text("timezone") or self._zone
            own = [o for o in found.fleet.standing if o.port == port and _shown_as(o, period) == span]
            if len(own) == 1:
                return Draft((port,), zone, own[0].start, own[0].end, EXCUSED, own[0])
            return Draft((port,), zone, *span, EXCLUSION)

        self.show_port(port, draft)

    # ---- what is shown ----

    def _write(self, rows: Sequence[Result]) -> None:
        """Keep rows on a worker thread and show what holds then."""
        if not rows:
            self.message.emit(translate("Fleet", "That is known already; nothing changed."))
            return
        archive, library = self._archive, self._bridge.bench.library

        def keep() -> Roster:
            archive.add_results(rows)
            return roster(archive, library)

        said = translate("Fleet", "Kept: {n} entries, said by {name}.").format(n=len(rows), name=self._who())
        self.is_changed = True
        self._bridge.work(keep, lambda result: (self._say_done(said, result), self._show(result)))

    def _say_done(self, said: str, result: object) -> None:
        self.message.emit(f"{result} {result.hint}" if isinstance(result, EvtechError) else said)

    def _show(self, found: Roster | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self.missing.setText(f"{found} {found.hint}")
            return
        names = {port.name for port in self.chosen()}
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            names = {wanted[0]}
        self.roster = found
        self._show_missing(found)
        self._show_rows(found, names)
        self._show_chosen()
        if wanted is not None and wanted[1] is not None:
            self.tabs.setCurrentIndex(OUTAGES)
            self.outages.show_draft(wanted[1](found))
        dress(self, self.theme)

    def _show_missing(self, found: Roster) -> None:
        lines = []
        for fact in missing_names():
            count = sum(fact in port.missing for port in found.ports)
            if count:
                words = translate("Fleet", "{n} of {all} ports: {costs}")
                lines.append("▸ " + words.format(n=count, all=len(found.ports), costs=costs(fact, language())))
        if not found.ports:
            lines = [
                translate(
                    "Fleet", "The archive has seen no port yet. Connect to one, import sessions, or import ports."
                )
            ]
        elif not lines:
            lines = [translate("Fleet", "Nothing is missing that a figure needs.")]
        if self.why_not():
            lines.append(self.why_not())
        self.missing.setText("\n".join(lines))

    def _show_rows(self, found: Roster, names: set[str]) -> None:
        head = (
            translate("Fleet", "Port"), translate("Fleet", "Site"), translate("Fleet", "Rating"),
            translate("Fleet", "Outages"), translate("Fleet", "Missing, or down"),
        )  # fmt: skip
        rows = [self._row(port) for port in found.ports]
        still = {i: "fault" for i, port in enumerate(found.ports) if port.open_since is not None}
        table, places = self.table, [i for i, port in enumerate(found.ports) if port.name in names]
        places = places or ([0] if rows else [])
        self._is_filling = True
        table.show_rows(head, rows, roles=still)
        chosen = QItemSelection()
        for row in places:
            chosen.select(table.texts.index(row, 0), table.texts.index(row, len(head) - 1))
        if places:
            table.setCurrentIndex(table.texts.index(places[0], 0))
            table.scrollTo(table.texts.index(places[0], 0))
        table.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._is_filling = False

    def _row(self, port: RosterPort) -> list[str]:
        names = missing_names()
        zone = port.facts.text("timezone")
        parts = [", ".join(names[fact] for fact in port.missing)]
        if port.seen is None:
            parts.insert(0, translate("Fleet", "not seen yet"))
        if port.open_since is not None:
            words = translate("Fleet", "down since {when}")
            parts.insert(0, words.format(when=when_text(port.open_since, zone or self._zone)))
        last = "; ".join(filter(None, parts)) or "—"
        standing = sum(not outage.withdrawn for outage in port.outages)
        return [port.name, port.site or "—", rating_text(port), str(standing) if standing else "—", last]

    def _after_choice(self) -> None:
        if not self._is_filling:
            self._show_chosen()

    def _show_chosen(self) -> None:
        ports, why_not = self.chosen(), self.why_not()
        self.facts.show_ports(ports, why_not)
        self.outages.show_ports(ports, why_not)
        count = sum(not o.withdrawn for port in ports for o in port.outages)
        self.tabs.setTabText(OUTAGES, translate("Fleet", "Outages and exclusions ({n})").format(n=count))
        if len(ports) == 1:
            self.side_title.setText(ports[0].name)
        else:
            self.side_title.setText(translate("Fleet", "{n} ports").format(n=len(ports)) if ports else "")

    def _export(self, kind: str) -> None:
        if self.roster is not None:
            self.taking.export(self.roster, kind)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Escape lead back, one step at a time."""
        if event.key() == Qt.Key.Key_Escape:
            self._step_back()
        else:
            super().keyPressEvent(event)

    def _step_back(self) -> None:
        if self.tabs.currentIndex() == OUTAGES and self.outages.currentIndex() != 0:
            self.outages.show_list()
        elif not self.taking.isHidden():
            self.taking.hide()
        else:
            self.back_wanted.emit()

    def _who(self) -> str:
        return self.name.text().strip() or self.name.placeholderText()

    def _make_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.back = QPushButton(translate("Fleet", "‹ Back to the pictures"))
        self.back.clicked.connect(self.back_wanted)
        self.import_button = QPushButton(translate("Fleet", "Import…"))
        self.import_button.clicked.connect(self.taking.ask)
        self.export_button = QPushButton(translate("Fleet", "Export"))
        menu = QMenu(self)
        menu.addAction(translate("Fleet", "Ports as CSV…"), partial(self._export, PORTS))
        menu.addAction(translate("Fleet", "Outages and exclusions as CSV…"), partial(self._export, OUTAGE_ROWS))
        self.export_button.setMenu(menu)
        row.addWidget(self.back)
        row.addWidget(Heading(translate("Fleet", "Ports and outages")), 1)
        row.addWidget(self.import_button)
        row.addWidget(self.export_button)
        return row

    def _make_table(self) -> QWidget:
        self.table = TextTable(translate("Fleet", "Ports"), wide=None)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setToolTip(translate("Fleet", "With Ctrl or Shift several ports are told at once"))
        self.table.selectionModel().selectionChanged.connect(self._after_choice)
        return self.table

    def _make_side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(8, 0, 0, 0)
        self.side_title = Heading(scale=1.1)
        self.facts, self.outages = FactsForm(self._zone), OutagePanel(self._zone)
        self.facts.keep_wanted.connect(self.keep_facts)
        self.outages.keep_wanted.connect(self.keep_outage)
        self.outages.withdraw_wanted.connect(self.withdraw)
        self.tabs = Tabs()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(scrolling(self.facts), translate("Fleet", "Facts"))
        self.tabs.addTab(self.outages, translate("Fleet", "Outages and exclusions"))
        self.name = QLineEdit()
        self.name.setPlaceholderText(getpass.getuser())
        self.name.setAccessibleName(translate("Fleet", "Your name"))
        label = QLabel(translate("Fleet", "Your name"))
        label.setBuddy(self.name)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.name, 1)
        column.addWidget(self.side_title)
        column.addWidget(self.tabs, 1)
        column.addLayout(row)
        return side


def _shown_as(outage: ReportedOutage, period: Interval) -> Interval | None:
    """Return what a picture of a period shows of an outage."""
    end = period[1] if outage.end is None else min(outage.end, period[1])
    return None if outage.is_exclusion else (max(outage.start, period[0]), end)
