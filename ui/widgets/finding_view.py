"""One finding opened: What, Why, Do, Safety, beside the evidence as curves, with retest and its proof."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from evtech.diagnostics.engine import Finding
from evtech.diagnostics.excerpt import Excerpt, excerpt_of
from evtech.diagnostics.headline import naming, proof_words
from evtech.diagnostics.problems import Problem
from evtech.diagnostics.trace import Trace
from ui.diagnosis_words import clock_time, confidence_word, retest_words, severity_role, severity_word
from ui.theme import LIGHT, Theme, severity_colour
from ui.widgets.answer import Shape, label
from ui.widgets.dress import Heading, Muted
from ui.widgets.evidence_plot import EvidencePlot
from ui.words import quantity, translate

_NARROW_CHARACTERS = 62


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as the page shows it, wherever it comes from."""

    finding: Finding
    excerpt: Excerpt | None
    is_standing: bool
    count: int = 1
    first: datetime | float = 0.0
    last: datetime | float | None = None
    retest: dict[str, object] | None = None
    can_retest: bool = False

    @property
    def key(self) -> str:
        """Return what stays the same while the finding is updated."""
        return self.finding.fault.id


def shown_problem(problem: Problem) -> Shown:
    """Return a live problem as it is shown."""
    retest = dict(problem.retest) if problem.retest else None
    last = None if problem.is_standing else problem.last
    return Shown(
        problem.finding, problem.excerpt, problem.is_standing, problem.count, problem.first, last, retest, True
    )  # fmt: skip


def shown_recording(finding: Finding, trace: Trace) -> Shown:
    """Return a finding of a recording as it is shown."""
    first = finding.began if trace.absolute else 0.0
    return Shown(finding, excerpt_of(trace, finding), finding.standing, 1, first)


class FindingView(QWidget):
    """The details of one finding."""

    retest_wanted = Signal(object)  # Finding

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.shown: Shown | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(10, 0, 0, 0)
        outer.setSpacing(6)
        top = QHBoxLayout()
        self.shape, self.title = Shape(scale=1.2), Heading(scale=1.15)
        self.retest_button = QPushButton(translate("Diagnose", "Retest"))
        self.retest_button.clicked.connect(self._retest)
        top.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.title, 1)
        top.addWidget(self.retest_button)
        outer.addLayout(top)
        self.facts = Muted()
        self.proof = label(rich=True)
        outer.addWidget(self.facts)
        outer.addWidget(self.proof)
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._beside.setSpacing(16)
        self.text = label(rich=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.plot = EvidencePlot()
        self._beside.addWidget(self.text, 6)
        self._beside.addWidget(self.plot, 5)
        outer.addLayout(self._beside, 1)
        outer.addStretch()

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        self.plot.apply_theme(theme)
        if self.shown is not None:
            self._put(self.shown)

    def show_finding(self, shown: Shown, busy: str = "") -> None:
        """Show a finding; ``busy`` says why it cannot be retested now."""
        before = self.shown
        self.shown = shown
        self._put(shown)
        if before is None or before.key != shown.key or before.excerpt is not shown.excerpt:
            self.plot.show_excerpt(shown.excerpt)
        self.retest_button.setVisible(shown.can_retest)
        self.retest_button.setEnabled(not busy)
        self.retest_button.setToolTip(busy or translate("Diagnose", "Looks again at what showed it, after the repair"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the curves above the words where there is no room beside them: they are what was asked for."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * _NARROW_CHARACTERS
        way = QBoxLayout.Direction.BottomToTop if is_narrow else QBoxLayout.Direction.LeftToRight
        self._beside.setDirection(way)

    def _put(self, shown: Shown) -> None:
        finding = shown.finding
        self.shape.show_role(severity_role(finding.fault.severity), self.theme)
        where = f" ({finding.phase.replace(',', ', ')})" if finding.phase else ""
        self.title.setText(finding.fault.title + where)
        self.facts.setText(_facts(shown))
        self.proof.setText(_proof(shown, self.theme))
        self.proof.setVisible(bool(self.proof.text()))
        self.text.setText(_words(shown, self.theme))

    def _retest(self) -> None:
        if self.shown is not None:
            self.retest_wanted.emit(self.shown.finding)


def _facts(shown: Shown) -> str:
    finding = shown.finding
    parts = [severity_word(finding.fault.severity), confidence_word(finding.confidence)]
    if shown.first:
        parts.append(translate("Diagnose", "since {time}").format(time=clock_time(shown.first)))
    if shown.last is not None:
        parts.append(translate("Diagnose", "until {time}").format(time=clock_time(shown.last)))
    if shown.count > 1:
        parts.append(translate("Diagnose", "{n} times").format(n=shown.count))
    codes = [code for code in (finding.fault.id, finding.fault.mrec) if code]
    return " · ".join([*parts, *codes])


def _words(shown: Shown, theme: Theme) -> str:
    """Return What, Safety where it is a danger, Why, Do, Safety as rich text."""
    fault = shown.finding.fault
    proofs = {proof_words(p): p for p in shown.finding.proofs}
    seen = [_row(f"{escape(words)} <span style='color:{theme.muted}'>{clock_time(p.at)}</span>", raw=True)
            for words, p in proofs.items()]  # fmt: skip
    what = _block(translate("Diagnose", "What"), f"<ul style='margin:0 0 0 14px'>{''.join(seen)}</ul>")
    if shown.finding.explains:
        words = translate("Diagnose", "It also explains: {ids}").format(ids=", ".join(shown.finding.explains))
        what += f"<p style='margin:2px 0'>{escape(words)}</p>"
    why = _block(
        translate("Diagnose", "Why, the likeliest first"),
        f"<ol style='margin:0 0 0 18px'>{''.join(_row(c.cause) for c in shown.finding.causes[:5])}</ol>",
    )
    steps = "".join(_step(step.text, step.expect, theme) for step in fault.steps)
    do = _block(translate("Diagnose", "Do"), f"<ol style='margin:0 0 0 18px'>{steps}</ol>")
    do += f"<p style='margin:4px 0'><b>{translate('Diagnose', 'Then')}</b> {escape(fault.resolve)}</p>"
    if fault.retest:
        do += f"<p style='margin:4px 0'><b>{translate('Diagnose', 'Retest')}</b> {escape(fault.retest)}</p>"
    danger = fault.severity == "critical"
    colour = severity_colour(theme, "fault") if danger else theme.text
    safety = fault.safety or translate("Diagnose", "No particular danger is known; the rules for live parts hold.")
    safe = _block(translate("Diagnose", "Safety"), f"<p style='margin:0;color:{colour}'>{escape(safety)}</p>")
    return safe + what + why + do if danger else what + why + do + safe


def _proof(shown: Shown, theme: Theme) -> str:
    """Return how a retest ended, with the values before and after."""
    retest = shown.retest
    if not retest:
        return ""
    role, word = retest_words(str(retest["verdict"]))
    head = f"<b style='color:{severity_colour(theme, role)}'>{word}</b>: {escape(str(retest['reason']))}"
    before = {row["point"]: row for row in retest["before"]}  # type: ignore[attr-defined]  # JSON lists of rows
    rows = []
    for row in retest["after"]:  # type: ignore[attr-defined]
        name, unit = naming(row["point"])
        old = before.get(row["point"], {}).get("value")
        if row["value"] == old and not isinstance(old, int | float):
            continue  # a circumstance that is as it was needs no row
        line = (
            f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td>{_value(old, unit)}&nbsp;→&nbsp;</td>"
            f"<td><b>{_value(row['value'], unit)}</b></td></tr>"
        )
        rows += [] if line in rows else [line]
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    return f"<div>{head}</div>{table}"


def _value(value: object, unit: str) -> str:
    return quantity(float(value), unit) if isinstance(value, int | float) else escape(str(value))


def _step(text: str, expect: str, theme: Theme) -> str:
    words = translate("Diagnose", "expected: {expect}").format(expect=escape(expect))
    return f"<li>{escape(text)} <span style='color:{theme.muted}'>{words}</span></li>"


def _block(title: str, body: str) -> str:
    return f"<p style='margin:8px 0 2px 0'><b>{escape(title)}</b></p>{body}"


def _row(text: str, *, raw: bool = False) -> str:
    return f"<li>{text if raw else escape(text)}</li>"
