"""The form before a calibration: limits and rule, load points, the reference and its certificate, who sets the load."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from evtech.calibration.beginning import CalibrationWish
from evtech.calibration.limits import limit_profiles
from evtech.calibration.plan import Plan, PlannedPoint, load_plan
from evtech.calibration.reference_instruments import load_instruments
from evtech.calibration.run_record import Certificate, Reference
from evtech.errors import EvtechError, InputError
from ui.widgets.dress import Heading, Muted
from ui.words import translate

DEMO_REFERENCE = "demo:eastron-sdm630"
_BY_HAND, _OTHER = "by hand", "other"


class CalibrationForm(QWidget):
    """Fields for a plan and a reference; ``wish`` makes them into what a calibration needs."""

    message = Signal(str)
    changed = Signal()

    def __init__(self, meters: list[tuple[str, str]]) -> None:
        super().__init__()
        self._loaded: Plan | None = None
        self._is_demo = False
        self.instruments = load_instruments()
        columns = self._columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(28)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        columns.addLayout(self._make_plan(), 1)
        columns.addLayout(self._make_reference(meters), 1)
        self.limit.currentIndexChanged.connect(self._explain_limit)
        self.reference.currentIndexChanged.connect(self._show_reference)
        self._explain_limit()
        self._show_reference()

    def fit(self, width: int) -> None:
        """Put the second column below the first where a window is narrow."""
        narrow = width < self.fontMetrics().horizontalAdvance("0" * 90)
        direction = QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight
        self._columns.setDirection(direction)

    def use_demo(self, is_demo: bool) -> None:
        """Offer the demo's reference meter, or take it away."""
        self._is_demo = is_demo
        row = self.reference.findData(DEMO_REFERENCE)
        if is_demo and row < 0:
            self.reference.insertItem(0, translate("Calibrate", "Demo reference meter"), DEMO_REFERENCE)
            self.reference.setCurrentIndex(0)
            self.currents.setText("6; 16")
            self.armed.setChecked(True)
            self.technician.setText(self.technician.text() or translate("Calibrate", "Demo"))
        elif not is_demo and row >= 0:
            self.reference.removeItem(row)
            self.armed.setChecked(False)

    def wish(self) -> CalibrationWish:
        """Return what is asked for; raise ``InputError`` naming the field that is wrong."""
        chosen = self.reference.currentData()
        plan = self._loaded or self._plan()
        if self._loaded is None:
            plan = replace(plan, reference=self._reference(chosen), start_stop="static" if self._by_hand else "running")
        if self.technician.text().strip():
            plan = replace(plan, technician=self.technician.text().strip())
        if self.armed.isChecked() and not self.technician.text().strip():
            raise InputError(translate("Calibrate", "Nobody is named who lets evtech set the current."), "")
        link = DEMO_REFERENCE if chosen == DEMO_REFERENCE else self.link.text().strip() or None
        if link is None and not plan.reference.manual:
            raise InputError(
                translate("Calibrate", "There is no link to the reference meter."),
                translate(
                    "Calibrate", "Type its link address, such as tcp://192.168.1.60, or choose to read it by hand."
                ),
            )
        profile = self.profile.currentData() if chosen != DEMO_REFERENCE else None
        armed = self.technician.text().strip() if self.armed.isChecked() else None
        return CalibrationWish(plan, None if plan.reference.manual else link, profile, armed)

    @property
    def _by_hand(self) -> bool:
        return self.reference.currentData() == _BY_HAND

    def _make_plan(self) -> QVBoxLayout:
        column, form = _column()
        column.addWidget(Heading(translate("Calibrate", "1   What is measured and how it is judged"), 1.1))
        self.limit, self.rule = QComboBox(), QComboBox()
        for id_, profile in sorted(limit_profiles().items()):
            self.limit.addItem(profile.title, id_)
        self.limit.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.limit.setMinimumContentsLength(24)
        self.limit.setCurrentIndex(max(0, self.limit.findData("eu_mid_class_b")))
        self.rule.addItem(translate("Calibrate", "Four classes with guard band (ILAC-G8)"), "ilac_g8")
        self.rule.addItem(translate("Calibrate", "Pass or fail with guard band"), "guard_band")
        self.rule.addItem(translate("Calibrate", "Pass or fail, simple acceptance"), "simple")
        self.currents = QLineEdit("6; 16")
        self.currents.setPlaceholderText("6; 16; 32")
        self.runs, self.phases = QSpinBox(), QComboBox()
        self.runs.setRange(1, 50)
        self.runs.setValue(3)
        self.phases.addItem(translate("Calibrate", "three phases"), 3)
        self.phases.addItem(translate("Calibrate", "one phase"), 1)
        self.limit_note = Muted()
        _row(form, translate("Calibrate", "&Limits"), self.limit)
        form.addRow("", self.limit_note)
        _row(form, translate("Calibrate", "&Decision rule"), self.rule)
        _row(form, translate("Calibrate", "&Currents (A)"), self.currents)
        _row(form, translate("Calibrate", "&Runs at each"), self.runs)
        _row(form, translate("Calibrate", "&Phases"), self.phases)
        column.addLayout(form)
        self.plan_button = QPushButton(translate("Calibrate", "Use a plan file…"))
        self.plan_button.clicked.connect(self._choose_plan)
        self.plan_note = Muted()
        column.addWidget(self.plan_button)
        column.addWidget(self.plan_note)
        column.addStretch()
        return column

    def _make_reference(self, meters: list[tuple[str, str]]) -> QVBoxLayout:
        column, form = _column()
        self._form = form
        column.addWidget(Heading(translate("Calibrate", "2   What it is compared with"), 1.1))
        self.reference, self.profile = QComboBox(), QComboBox()
        for name, instrument in self.instruments.found.items():
            self.reference.addItem(instrument.title, name)
        self.reference.addItem(translate("Calibrate", "A meter with a link"), _OTHER)
        self.reference.addItem(translate("Calibrate", "A portable standard, read by hand"), _BY_HAND)
        self.profile.addItem(translate("Calibrate", "Recognise automatically"), None)
        for id_, title in meters:
            self.profile.addItem(title, id_)
        self.link, self.serial, self.number, self.due = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.link.setPlaceholderText("rtu://COM6?baud=9600&unit=1")
        self.due.setPlaceholderText(translate("Calibrate", "2027-06-30"))
        self.u, self.error, self.drift, self.influence = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.step = QLineEdit()
        self.step.setPlaceholderText("0.001")
        self.reference_note = Muted()
        _row(form, translate("Calibrate", "Re&ference"), self.reference)
        form.addRow("", self.reference_note)
        _row(form, translate("Calibrate", "L&ink"), self.link)
        _row(form, translate("Calibrate", "De&vice"), self.profile)
        _row(form, translate("Calibrate", "Display step (kWh)"), self.step)
        _row(form, translate("Calibrate", "&Serial number"), self.serial)
        _row(form, translate("Calibrate", "Certificate"), self.number)
        _row(form, translate("Calibrate", "Valid until"), self.due)
        _row(form, translate("Calibrate", "Error (%)"), self.error)
        _row(form, translate("Calibrate", "U (%), k = 2"), self.u)
        _row(form, translate("Calibrate", "Drift ± (%)"), self.drift)
        _row(form, translate("Calibrate", "Influence ± (%)"), self.influence)
        self.technician = QLineEdit()
        self.armed = QCheckBox(translate("Calibrate", "evtech sets the charger's current limit"))
        self.armed.setToolTip(translate("Calibrate", "Each write is bounded, read back, logged and undone at the end"))
        _row(form, translate("Calibrate", "&Technician"), self.technician)
        form.addRow("", self.armed)
        column.addLayout(form)
        column.addStretch()
        return column

    def _explain_limit(self) -> None:
        profile = limit_profiles()[self.limit.currentData()]
        parts = [profile.edition, profile.jurisdiction]
        if not profile.verified:
            parts.append(translate("Calibrate", "not verified against the legal text"))
        self.limit_note.setText(" · ".join(part for part in parts if part))
        self.limit_note.setToolTip("\n".join(profile.doubts))

    def _show_reference(self) -> None:
        chosen = self.reference.currentData()
        is_other, is_kept = chosen in (_OTHER, _BY_HAND), chosen in self.instruments.found
        for field in (self.serial, self.number, self.due, self.error, self.u, self.drift, self.influence):
            self._form.setRowVisible(field, is_other)
        self._form.setRowVisible(self.link, chosen == _OTHER or (is_kept and not self._kept_by_hand(chosen)))
        self._form.setRowVisible(self.profile, chosen == _OTHER or is_kept)
        self._form.setRowVisible(self.step, chosen == _BY_HAND)
        self.reference_note.setText(self._note(chosen))
        self.changed.emit()  # the page may have to be higher

    def _note(self, chosen: str) -> str:
        if chosen == DEMO_REFERENCE:
            return translate("Calibrate", "A simulated meter beside the simulated charger, 30 times faster than life.")
        if chosen in self.instruments.found:
            return certificate_words(self.instruments.found[chosen].reference.certificate)
        if chosen == _BY_HAND:
            return translate("Calibrate", "Both registers are read without current; you type what the standard shows.")
        return translate("Calibrate", "An own link, or another unit id on the charger's line.")

    def _kept_by_hand(self, name: str) -> bool:
        return self.instruments.found[name].reference.manual

    def _plan(self) -> Plan:
        return Plan(
            limit_profile=self.limit.currentData(),
            decision_rule=self.rule.currentData(),
            reference=Reference(),
            points=tuple(PlannedPoint(amperes, runs=self.runs.value()) for amperes in self._amperes()),
            voltage_v=230.0,
            phases=self.phases.currentData(),
        )

    def _amperes(self) -> list[float]:
        words = self.currents.text().replace(",", ".").replace(";", " ").split()
        values = [number for word in words if (number := _number_or_none(word)) is not None]
        if not words or len(values) < len(words) or not all(0.1 <= value <= 1000 for value in values):
            raise InputError(
                translate("Calibrate", "The currents cannot be read."),
                translate("Calibrate", "Write amperes with a semicolon between them, such as 6; 16; 32."),
            )
        return list(dict.fromkeys(values))

    def _reference(self, chosen: str) -> Reference:
        if chosen in self.instruments.found:
            return self.instruments.found[chosen].reference
        if chosen == DEMO_REFERENCE:
            certificate = Certificate(0.05, 2.0, -0.06, number="DEMO-1")
            return Reference(certificate, drift_pct=0.03, influence_pct=0.02)
        u, error = _number(self.u, "U"), _number(self.error, translate("Calibrate", "Error"))
        certificate = None
        if u is not None or error is not None or self.number.text().strip():
            number = self.number.text().strip() or None
            certificate = Certificate(u, 2.0 if u is not None else None, error, number=number, due=self._due())
        return Reference(
            certificate,
            drift_pct=_number(self.drift, translate("Calibrate", "Drift")),
            influence_pct=_number(self.influence, translate("Calibrate", "Influence")),
            resolution_kwh=(_number(self.step, translate("Calibrate", "Display step")) or 0.001)
            if self._by_hand
            else None,
            manual=self._by_hand,
            serial_number=self.serial.text().strip() or None,
        )

    def _due(self) -> date | None:
        text = self.due.text().strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise InputError(
                translate("Calibrate", "The certificate's date cannot be read."),
                translate("Calibrate", "Write it as year-month-day, such as 2027-06-30."),
            ) from error

    def _choose_plan(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, translate("Calibrate", "Plan of a calibration"), "", translate("Calibrate", "Plans (*.toml)")
        )
        if name:
            self.use_plan(Path(name))

    def use_plan(self, path: Path) -> None:
        """Take limit, rule, points and reference from a file."""
        try:
            self._loaded = load_plan(path)
        except EvtechError as error:
            self.message.emit(f"{error} {error.hint}")
            return
        names = ", ".join(point.label for point in self._loaded.points)
        words = translate("Calibrate", "The plan {file} decides: {points}. The fields above are not used.")
        self.plan_note.setText(words.format(file=path.name, points=names))
        for field in (self.limit, self.rule, self.currents, self.runs, self.phases):
            field.setEnabled(False)


def certificate_words(certificate: Certificate | None) -> str:
    """Return a certificate in one line, with a warning where it is out of date."""
    if certificate is None:
        return translate("Calibrate", "No certificate is kept: the result will be indicative.")
    parts = [translate("Calibrate", "Certificate {number}").format(number=certificate.number or "—")]
    if certificate.u_pct is not None:
        parts.append(f"U = {certificate.u_pct:g}\u202f%, k = {certificate.k or 0:g}")
    if certificate.due is not None:
        late = certificate.due < date.today()  # noqa: DTZ011  # a certificate's day is a local one
        words = (
            translate("Calibrate", "OUT OF DATE since {day}") if late else translate("Calibrate", "valid until {day}")
        )
        parts.append(words.format(day=certificate.due.isoformat()))
    return " · ".join(parts)


def _column() -> tuple[QVBoxLayout, QFormLayout]:
    column, form = QVBoxLayout(), QFormLayout()
    column.setSpacing(10)  # else both take the wide space between the columns
    form.setVerticalSpacing(8)
    form.setHorizontalSpacing(12)
    return column, form


def _row(form: QFormLayout, text: str, field: QWidget) -> None:
    form.addRow(text, field)
    field.setAccessibleName(text.replace("&", ""))


def _number_or_none(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _number(field: QLineEdit, name: str) -> float | None:
    text = field.text().strip().replace("%", "").replace(",", ".").replace("−", "-")
    if not text:
        return None
    value = _number_or_none(text)
    if value is None or not -100 <= value <= 100:
        words = translate("Calibrate", "{name} is {text}.").format(name=name, text=text)
        example = QLocale().toString(0.05)
        raise InputError(words, translate("Calibrate", "Write percent as a number, such as {n}.").format(n=example))
    return value
