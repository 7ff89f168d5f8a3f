"""One outage or exclusion as a form: what it is, from when to when on the port's own clock, cause, evidence."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QDateTime, QLocale, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from evtech.insights.causes import ACCEPTED, OWN, is_accepted
from evtech.insights.words import cause as cause_word
from evtech.store.fleet import ReportedOutage
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.widgets.fleet_words import language
from ui.words import translate

OUTAGE, EXCUSED, EXCLUSION = range(3)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form begins with: the ports, a span (s since 1970; no end = lasts), what it is."""

    ports: tuple[str, ...]
    zone: str
    start: float
    end: float | None
    kind: int = OUTAGE
    outage: ReportedOutage | None = None  # that is corrected


class OutageForm(QWidget):
    """Not modal: it stands where the list was until it is kept or left."""

    keep_wanted = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 8, 0)
        self.title, self.clock = Heading(scale=1.05), Muted()
        column.addWidget(self.title)
        column.addLayout(self._make_fields())
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.hide()
        column.addWidget(self.problem)
        buttons = QHBoxLayout()
        self.keep = LargeButton(translate("Fleet", "Keep"), primary=True)
        self.cancel = LargeButton(translate("Fleet", "Cancel"))
        self.keep.clicked.connect(self.keep_wanted)
        self.cancel.clicked.connect(self.left)
        for button in (self.keep, self.cancel):
            buttons.addWidget(button)
        buttons.addStretch()
        column.addLayout(buttons)
        column.addStretch(1)

    def show_draft(self, draft: Draft) -> None:
        """Begin with a draft; the cursor stands where the next word is wanted."""
        self.draft = draft
        named = ", ".join(draft.ports) if len(draft.ports) < 4 else translate("Fleet", "{n} ports").format(
            n=len(draft.ports)
        )  # fmt: skip
        is_excuse = draft.outage is not None and draft.kind == EXCUSED and not draft.outage.excluded
        if draft.outage is not None and not is_excuse:
            words = translate("Fleet", "Correct what was entered of {port}")
        elif draft.kind == OUTAGE:
            words = translate("Fleet", "Enter an outage of {port}")
        else:
            words = translate("Fleet", "Exclude an outage of {port}")
        self.title.setText(words.format(port=named))
        self.clock.setText(translate("Fleet", "on the clock of {zone}").format(zone=draft.zone))
        self.kind.setCurrentIndex(draft.kind)
        self.kind.setEnabled(draft.outage is None or not draft.outage.is_exclusion)
        self.start.setDateTime(_shown(draft.start, draft.zone))
        self.lasts.setChecked(draft.end is None)
        end = draft.end if draft.end is not None else datetime.now().astimezone().timestamp()
        self.end.setDateTime(_shown(max(end, draft.start), draft.zone))
        before = draft.outage
        self._show_cause(before.cause if before is not None and not is_excuse else "")
        self.evidence.setText(before.evidence if before is not None else "")
        self.say("")
        self._settle()
        (self.start if draft.kind == OUTAGE and before is None else self.cause).setFocus()

    def fields(self) -> dict[str, object]:
        """Return what is entered."""
        assert self.draft is not None
        kind, draft = self.kind.currentIndex(), self.draft
        end = None if self.lasts.isChecked() else _moment(self.end, draft.end, draft.zone)
        return {
            "from": _moment(self.start, draft.start, draft.zone), "to": end,
            "cause": self._cause(), "excluded": kind != OUTAGE, "exclusion": kind == EXCLUSION,
            "evidence": self.evidence.text().strip(),
        }  # fmt: skip

    def say(self, words: str) -> None:
        """Say what is wrong, above the buttons."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _make_fields(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.kind, self.cause, self.evidence = QComboBox(), QComboBox(), QLineEdit()
        for words in (
            translate("Fleet", "Outage"),
            translate("Fleet", "Outage, excused"),
            translate("Fleet", "Exclusion only"),
        ):
            self.kind.addItem(words)
        self.why = Muted()
        self.start, self.end = _edit(translate("Fleet", "From")), _edit(translate("Fleet", "To"))
        self.lasts = QCheckBox(translate("Fleet", "lasts still"))
        self.cause.setEditable(True)
        self.cause.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for code in (*ACCEPTED, *OWN):
            self.cause.addItem(cause_word(code, language()), code)
        self.cause.lineEdit().setPlaceholderText(translate("Fleet", "choose, or write what happened"))
        self.evidence.setPlaceholderText(translate("Fleet", "ticket, letter, name of a photo"))
        end, what, to = QHBoxLayout(), QVBoxLayout(), QVBoxLayout()
        end.addWidget(self.end, 1)
        end.addWidget(self.lasts)
        what.addWidget(self.kind)
        what.addWidget(self.why)
        to.addLayout(end)
        to.addWidget(self.clock)
        for box in (what, to):
            box.setSpacing(2)
        for words, part in (
            (translate("Fleet", "What"), what),
            (translate("Fleet", "From"), self.start),
            (translate("Fleet", "To"), to),
            (translate("Fleet", "Cause"), self.cause),
            (translate("Fleet", "Evidence"), self.evidence),
        ):
            form.addRow(words, part)
        for widget, words in (
            (self.kind, translate("Fleet", "What it is")),
            (self.cause, translate("Fleet", "Cause")),
            (self.evidence, translate("Fleet", "Evidence")),
        ):
            widget.setAccessibleName(words)
        self.kind.currentIndexChanged.connect(self._settle)
        self.cause.editTextChanged.connect(self._settle)
        self.evidence.textChanged.connect(self._settle)
        self.lasts.toggled.connect(self._settle)
        return form

    def _settle(self) -> None:
        kind = self.kind.currentIndex()
        words = (
            translate("Fleet", "The port was down, and it counts."),
            translate("Fleet", "The port was down, for a cause outside the operator's control."),
            translate("Fleet", "No outage of its own: it excuses where the port was down, seen or reported."),
        )[kind]
        if kind != OUTAGE and self._cause() and not is_accepted(self._cause()):
            words += " " + translate("Fleet", "This cause is none of the usual ones; a funder may refuse it.")
        self.why.setText(words)
        self.end.setEnabled(not self.lasts.isChecked())
        lacking = kind != OUTAGE and not (self._cause() and self.evidence.text().strip())
        self.keep.setEnabled(not lacking)
        self.keep.setToolTip(translate("Fleet", "An exclusion needs its cause and its evidence") if lacking else "")

    def _show_cause(self, cause: str) -> None:
        at = self.cause.findData(cause)
        self.cause.setCurrentIndex(at)
        if at < 0:
            self.cause.setEditText(cause)

    def _cause(self) -> str:
        """Return the code of a cause that was chosen, else what was written."""
        text = self.cause.currentText().strip()
        at = self.cause.findText(text)
        return str(self.cause.itemData(at)) if at >= 0 else text


def _edit(name: str) -> QDateTimeEdit:
    edit = QDateTimeEdit()
    edit.setCalendarPopup(True)
    edit.setDisplayFormat("yyyy-MM-dd HH:mm")
    edit.setLocale(QLocale.c())
    edit.setAccessibleName(name)
    return edit


def _shown(moment: float, zone: str) -> QDateTime:
    """Return the wall clock of a place; the widget knows no zones."""
    there = datetime.fromtimestamp(moment, ZoneInfo(zone))
    return QDateTime.fromString(f"{there:%Y-%m-%d %H:%M}", "yyyy-MM-dd HH:mm")


def _moment(edit: QDateTimeEdit, before: float | None, zone: str) -> float:
    """Return what is entered; a field that was not touched keeps the seconds that it does not show."""
    if before is not None and edit.dateTime() == _shown(before, zone):
        return before
    text = edit.dateTime().toString("yyyy-MM-dd HH:mm")
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone)).timestamp()
