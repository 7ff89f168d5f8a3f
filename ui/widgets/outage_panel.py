"""What was entered of the chosen ports' outages: a list, and in its place the form of one, or why it is withdrawn."""

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from evtech.insights.roster import RosterPort
from evtech.insights.words import cause as cause_word
from evtech.store.fleet import ReportedOutage
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.widgets.fleet_words import details_text, kind_text, language, when_text
from ui.widgets.outage_form import EXCLUSION, EXCUSED, OUTAGE, Draft, OutageForm
from ui.widgets.tabs import scrolling
from ui.widgets.text_table import TextTable
from ui.words import translate

LIST, FORM, WITHDRAWAL = range(3)


class OutagePanel(QStackedWidget):
    """The list, the form, the withdrawal."""

    keep_wanted = Signal()  # what the form says
    withdraw_wanted = Signal()

    def __init__(self, zone: str) -> None:
        super().__init__()
        self._zone = zone
        self.ports: Sequence[RosterPort] = ()
        self.rows: list[ReportedOutage] = []
        self._why_not = ""
        self.form = OutageForm()
        self.form.keep_wanted.connect(self.keep_wanted)
        self.form.left.connect(self.show_list)
        self.addWidget(self._make_list())
        self.addWidget(scrolling(self.form))
        self.addWidget(self._make_withdrawal())
        self.show_ports(())

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.table.apply_theme(theme)

    def show_ports(self, ports: Sequence[RosterPort], why_not: str = "") -> None:
        """List what was entered of ports, newest first; ``why_not`` says why nothing is entered here."""
        self.ports, self._why_not = ports, why_not
        chosen = self.chosen()
        found = [o for port in ports for o in port.outages if self.withdrawn.isChecked() or not o.withdrawn]
        self.rows = sorted(found, key=lambda o: -o.start)
        many = len(ports) > 1
        head = [
            translate("Fleet", "From"), translate("Fleet", "To"), translate("Fleet", "What"),
            translate("Fleet", "Cause"),
        ]  # fmt: skip
        rows = [self._row(o, [o.port] if many else []) for o in self.rows]
        still = {
            i: "fault" for i, o in enumerate(self.rows) if o.end is None and not o.withdrawn and not o.is_exclusion
        }
        self.table.show_rows([translate("Fleet", "Port"), *head] if many else head, rows, roles=still)
        at = next((i for i, o in enumerate(self.rows) if chosen is not None and o.id == chosen.id), 0)
        if self.rows:
            self.table.selectRow(at)
        self.empty.setVisible(bool(ports) and not self.rows)
        self._settle()

    def chosen(self) -> ReportedOutage | None:
        """Return the chosen entry."""
        at = self.table.currentIndex().row()
        return self.rows[at] if 0 <= at < len(self.rows) else None

    def show_list(self) -> None:
        """Go back to the list."""
        self.setCurrentIndex(LIST)
        self.table.setFocus()

    def show_draft(self, draft: Draft) -> None:
        """Open the form."""
        self.form.show_draft(draft)
        self.setCurrentIndex(FORM)

    def enter(self) -> None:
        """Open the form for an outage that began an hour ago."""
        if self.ports:
            names = tuple(port.name for port in self.ports)
            now = time.time() // 60 * 60
            self.show_draft(Draft(names, self.zone_of(self.ports[0]), now - 3600.0, None))

    def change(self) -> None:
        """Open the form for the chosen entry."""
        outage = self.chosen()
        if outage is not None:
            self.show_draft(self.draft_of(outage))

    def draft_of(self, outage: ReportedOutage) -> Draft:
        """Return the form's beginning for an entry."""
        kind = EXCLUSION if outage.is_exclusion else EXCUSED if outage.excluded else OUTAGE
        port = next((port for port in self.ports if port.name == outage.port), None)
        zone = self.zone_of(port) if port is not None else self._zone
        return Draft((outage.port,), zone, outage.start, outage.end, kind, outage)

    def zone_of(self, port: RosterPort) -> str:
        """Return the clock that a port's times are shown on."""
        return port.facts.text("timezone") or self._zone

    def _row(self, outage: ReportedOutage, first: list[str]) -> list[str]:
        port = next(port for port in self.ports if port.name == outage.port)
        zone = self.zone_of(port)
        cause = cause_word(outage.cause, language()) if outage.cause else "—"
        return [*first, when_text(outage.start, zone), when_text(outage.end, zone), kind_text(outage), cause]

    def _ask_reason(self) -> None:
        outage = self.chosen()
        if outage is None:
            return
        words = (
            translate("Fleet", "Let it stand again: {what} of {port} from {when}")
            if outage.withdrawn
            else translate("Fleet", "Withdraw the {what} of {port} from {when}")
        )
        kind = translate("Fleet", "exclusion") if outage.is_exclusion else translate("Fleet", "outage")
        when = when_text(outage.start, self.draft_of(outage).zone)
        self.withdrawal_title.setText(words.format(what=kind, port=outage.port, when=when))
        self.reason.clear()
        self.setCurrentIndex(WITHDRAWAL)
        self.reason.setFocus()

    def _settle(self) -> None:
        outage = self.chosen()
        self.detail.setText(details_text(outage) if outage is not None else "")
        nothing = translate("Fleet", "Choose an entry first")
        no_port = translate("Fleet", "Choose a port first")
        for button, is_on, why in (
            (self.add, bool(self.ports), no_port),
            (self.correct, outage is not None and not outage.withdrawn, nothing),
            (self.withdraw, outage is not None, nothing),
        ):
            button.setEnabled(is_on and not self._why_not)
            button.setToolTip("" if button.isEnabled() else self._why_not or why)
        is_gone = outage is not None and outage.withdrawn
        self.withdraw.setText(translate("Fleet", "Reinstate…") if is_gone else translate("Fleet", "Withdraw…"))

    def _make_list(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 8, 0, 0)
        self.table = TextTable(translate("Fleet", "Outages and exclusions that were entered"), wide=None)
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.table.doubleClicked.connect(self.change)
        self.empty = Muted(
            translate("Fleet", "Nothing was entered of these ports. What evtech saw is in the pictures.")
        )
        self.detail = Muted()
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.withdrawn = QCheckBox(translate("Fleet", "show the withdrawn ones"))
        self.withdrawn.toggled.connect(lambda: self.show_ports(self.ports, self._why_not))
        self.add = LargeButton(translate("Fleet", "Enter an outage…"), primary=True)
        self.correct = LargeButton(translate("Fleet", "Correct or end…"))
        self.withdraw = LargeButton(translate("Fleet", "Withdraw…"))
        self.add.clicked.connect(self.enter)
        self.correct.clicked.connect(self.change)
        self.withdraw.clicked.connect(self._ask_reason)
        buttons = QHBoxLayout()
        for button in (self.add, self.correct, self.withdraw):
            buttons.addWidget(button)
        buttons.addStretch()
        column.addWidget(self.empty)
        column.addWidget(self.table, 1)
        column.addWidget(self.detail)
        column.addWidget(self.withdrawn)
        column.addLayout(buttons)
        return holder

    def _make_withdrawal(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 8, 8, 0)
        self.withdrawal_title, self.reason = Heading(scale=1.05), QLineEdit()
        self.reason.setAccessibleName(translate("Fleet", "Why"))
        self.reason.setPlaceholderText(translate("Fleet", "such as: it was the port beside it"))
        label = QLabel(translate("Fleet", "Why"))
        label.setBuddy(self.reason)
        go = self.withdraw_go = LargeButton(translate("Fleet", "Keep"), primary=True)
        leave = LargeButton(translate("Fleet", "Cancel"))
        go.clicked.connect(self.withdraw_wanted)
        leave.clicked.connect(self.show_list)
        self.reason.returnPressed.connect(lambda: go.isEnabled() and self.withdraw_wanted.emit())
        self.reason.textChanged.connect(self._settle_reason)
        buttons = QHBoxLayout()
        for button in (go, leave):
            buttons.addWidget(button)
        buttons.addStretch()
        words = translate("Fleet", "It counts no more, and stays in the history with your name and the reason.")
        for part in (self.withdrawal_title, Muted(words), label, self.reason):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addStretch(1)
        self._settle_reason()
        return holder

    def _settle_reason(self) -> None:
        is_said = bool(self.reason.text().strip())
        self.withdraw_go.setEnabled(is_said)
        self.withdraw_go.setToolTip("" if is_said else translate("Fleet", "A withdrawal needs its reason"))
