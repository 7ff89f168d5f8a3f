"""One finding in the data opened: what, what to do, the samples that show it, what was said of it."""

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from evtech.insights.finding_words import rule_name, sentence, severity_word, status_word, todo
from evtech.insights.kept_findings import ACCEPTED, DISMISSED, OPEN, FindingStatus
from evtech.measure.vocabulary import TERMS, label
from ui.session_dialogs import buttons
from ui.theme import LIGHT, Theme
from ui.widgets.answer import Shape
from ui.widgets.dress import Heading, Muted
from ui.widgets.finding_table import ROLES
from ui.words import local_time, quantity, translate

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly, Evidence


class FindingDetails(QWidget):
    """Shows one finding; the buttons say what is wanted of it."""

    open_wanted = Signal(object)  # Anomaly
    judge_wanted = Signal(object, str)  # Anomaly, status

    def __init__(self) -> None:
        super().__init__()
        self.theme, self.lang = LIGHT, "en"
        self.finding: Anomaly | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 4, 0)
        column.setSpacing(6)
        top = QHBoxLayout()
        self.shape, self.title = Shape(scale=1.2), Heading(scale=1.15)
        top.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.title, 1)
        column.addLayout(top)
        self.where, self.what, self.todo, self.evidence, self.status = Muted(), _text(), _text(), _text(), Muted()
        for part in (self.where, self.what, self.todo):
            column.addWidget(part)
        column.addLayout(self._make_buttons())
        for part in (self.status, self.evidence):
            column.addWidget(part)
        column.addStretch(1)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.shape.show_role(self.shape.role, theme)

    def show_finding(self, finding: "Anomaly | None", said: FindingStatus | None, lang: str) -> None:
        """Show a finding and what was said of it, or nothing."""
        self.finding, self.lang = finding, lang
        self.setVisible(finding is not None)
        if finding is None:
            return
        self.shape.show_role(ROLES[finding.severity], self.theme)
        self.title.setText(rule_name(finding.rule, lang))
        begin, end = (datetime.fromtimestamp(t).astimezone() for t in (finding.start, finding.end))
        last = end.strftime("%H:%M:%S" if begin.date() == end.date() else "%Y-%m-%d %H:%M:%S")
        where = (severity_word(finding.severity, lang), finding.port, f"{begin:%Y-%m-%d %H:%M:%S} – {last}")
        self.where.setText(" · ".join(where))
        self.what.setText(sentence(finding, lang))
        self.todo.setText(f"<b>{escape(translate('Findings', 'What to do:'))}</b> {escape(todo(finding, lang))}")
        self.evidence.setText(evidence_table(finding.evidence))
        self.evidence.setVisible(bool(finding.evidence))
        self._show_status(said)

    def _show_status(self, said: FindingStatus | None) -> None:
        status = said.status if said is not None else OPEN
        words = status_word(status, self.lang)
        if said is not None:
            parts = (said.technician, local_time(said.at), said.reason)
            words += ": " + " · ".join(part for part in parts if part)
        self.status.setText(translate("Findings", "Status: {words}").format(words=words))
        for button, needed in (
            (self.accept, status != ACCEPTED), (self.dismiss, status != DISMISSED), (self.reopen, status != OPEN),
        ):  # fmt: skip
            button.setVisible(needed)
        assert self.finding is not None
        self.open.setText(
            translate("Findings", "Open the session here")
            if self.finding.session_id
            else translate("Findings", "Show the sessions")
        )

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.open = QPushButton()
        self.open.clicked.connect(lambda: self.open_wanted.emit(self.finding))
        self.accept = QPushButton(translate("Findings", "&Accept…"))
        self.accept.setToolTip(translate("Findings", "It is true; it stays in lists and reports"))
        self.dismiss = QPushButton(translate("Findings", "&Dismiss…"))
        self.dismiss.setToolTip(translate("Findings", "It is none, and you say why; it is hidden and counted"))
        self.reopen = QPushButton(translate("Findings", "Re&open…"))
        for button, status in ((self.accept, ACCEPTED), (self.dismiss, DISMISSED), (self.reopen, OPEN)):
            button.clicked.connect(lambda _=False, s=status: self.judge_wanted.emit(self.finding, s))
        for button in (self.open, self.accept, self.dismiss, self.reopen):
            row.addWidget(button)
        row.addStretch(1)
        return row


class JudgeDialog(QDialog):
    """Who says so, and why; a dismissal needs its reason."""

    def __init__(self, status: str, technician: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._needs_reason = status == DISMISSED
        titles = {
            ACCEPTED: translate("Findings", "Accept this finding"),
            DISMISSED: translate("Findings", "Dismiss this finding"),
            OPEN: translate("Findings", "Open this finding again"),
        }
        self.setWindowTitle(titles[status])
        self.setMinimumWidth(480)
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.reason, self.technician = QLineEdit(), QLineEdit(technician)
        form.addRow(translate("Findings", "&Reason"), self.reason)
        form.addRow(translate("Findings", "Your &name"), self.technician)
        form.addRow("", Muted(translate("Findings", "The finding stays as it is; what you say stands beside it.")))
        self.buttons = buttons(self)
        form.addRow(self.buttons)
        self.reason.textChanged.connect(self._settle)
        self.technician.textChanged.connect(self._settle)
        self._settle()

    def _settle(self) -> None:
        keep = self.buttons.buttons()[0]
        missing = ""
        if not self.technician.text().strip():
            missing = translate("Findings", "Give your name")
        elif self._needs_reason and not self.reason.text().strip():
            missing = translate("Findings", "A dismissal needs its reason")
        keep.setEnabled(not missing)
        keep.setToolTip(missing)


def evidence_table(shown: "tuple[Evidence, ...]") -> str:
    """Return the samples that show a finding as a table: a row a point, a column a moment."""
    points = list(dict.fromkeys(e.point for e in shown))
    moments = sorted({e.at for e in shown})
    values = {(e.at, e.point): e.value for e in shown}
    days = {datetime.fromtimestamp(at).astimezone().date() for at in moments}
    form = "%H:%M:%S" if len(days) < 2 else "%m-%d %H:%M"
    heads = (f"{datetime.fromtimestamp(at).astimezone().strftime(form)}" for at in moments)
    head = "".join(f"<th align='right'>{text}</th>" for text in heads)
    rows = "".join(
        f"<tr><td>{escape(label(point))}</td>"
        + "".join(f"<td align='right'>{_shown(values.get((at, point)), point)}</td>" for at in moments)
        + "</tr>"
        for point in points
    )
    return f"<table cellspacing='0' cellpadding='3'><tr><th></th>{head}</tr>{rows}</table>"


def _shown(value: float | None, point: str) -> str:
    if point.startswith("loop_ohm"):
        return quantity(value, "ohm", 3)
    term = TERMS.get(point)
    units = {"clock_offset": "s", "error_pct": "%", "efficiency_pct": "%"}
    return quantity(value, term.unit if term is not None else units.get(point, ""))


def _text() -> QLabel:
    made = QLabel()
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
