"""What a check found, part by part: calculation, witnesses, signed values, tariff, differences."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QTabWidget, QVBoxLayout, QWidget

from evtech.billing.cdr import COSTS
from evtech.billing.check import CheckResult
from evtech.billing.comparison import stated_total
from evtech.billing.dossier import Examined
from evtech.billing.words import in_words
from evtech.measure.money import rounded
from evtech.reports.billing_speaker import Speaker, differs, worst_first
from evtech.reports.billing_table import difference
from ui.theme import Theme
from ui.widgets.text_table import TextTable
from ui.words import translate

LEDGER, WITNESSES, SIGNED, TARIFF, DIFFERENCES = range(5)
_ROLES = {"error": "fault", "warning": "warning", "info": "neutral"}


class BillDetails(QTabWidget):
    """One tab a part."""

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.ledger = TextTable(translate("Billing", "Calculation, line by line"))
        self.totals = TextTable(translate("Billing", "Totals"), wide=0)
        self.witnesses = TextTable(translate("Billing", "Witnesses"), wide=None)
        self.signed = TextTable(translate("Billing", "Signed values"))
        self.lint = TextTable(translate("Billing", "Remarks about the tariff"))
        self.differences = TextTable(translate("Billing", "Differences"), wide=0)
        self.tariff_words, self.notes, self.trust = _wrapping(), _wrapping(), _wrapping()
        self.addTab(_page(self.ledger, self.totals), translate("Billing", "Calculation"))
        self.addTab(_page(self.witnesses, self.notes), translate("Billing", "Witnesses"))
        self.addTab(_page(self.trust, self.signed), translate("Billing", "Signed values"))
        self.addTab(_page(self.tariff_words, self.lint), translate("Billing", "Tariff"))
        self.addTab(_page(self.differences), translate("Billing", "What differs"))

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        for table in self.findChildren(TextTable):
            table.apply_theme(theme)

    def show_examined(self, examined: Examined, data: dict[str, Any] | None, say: Speaker | None) -> None:
        """Show what was found; ``data`` are the report's contents, ``None`` where nothing could be priced."""
        self._show_tariff(examined)
        self._show_signed(examined)
        result = examined.result
        for part in (LEDGER, WITNESSES, DIFFERENCES):
            self.setTabVisible(part, data is not None)
        if result is not None and data is not None and say is not None:
            self._show_ledger(result, data)
            self._show_totals(result, say)
            self._show_witnesses(result, data)
            self._show_differences(result, data)
        if not self.isTabVisible(self.currentIndex()):
            self.setCurrentIndex(next((i for i in range(self.count()) if self.isTabVisible(i)), LEDGER))

    def _show_ledger(self, result: CheckResult, data: dict[str, Any]) -> None:
        assert result.pricing  # there are contents
        w = data["w"]
        head = [w["period"], w["what"], w["quantity"], w["price"], w["net"], w["gross"], ""]
        severity = {
            row: "fault" if any(d.severity == "error" for d in result.discrepancies) else "warning"
            for row, line in enumerate(result.pricing.lines)
            if differs(line, result.discrepancies)
        }
        self.ledger.show_rows(head, data["ledger"], roles=severity, numbers=(0, 2, 3, 4, 5))

    def _show_totals(self, result: CheckResult, say: Speaker) -> None:
        rows, roles = total_rows(result, say)
        head = [
            translate("Billing", "Amount"), translate("Billing", "Billed"), translate("Billing", "By the tariff"),
            translate("Billing", "Difference"), translate("Billing", "Billed, with VAT"),
            translate("Billing", "By the tariff"), translate("Billing", "Difference"), "",
        ]  # fmt: skip
        self.totals.show_rows(head, rows, roles=roles, numbers=range(1, 7))
        self.totals.fit_height()

    def _show_witnesses(self, result: CheckResult, data: dict[str, Any]) -> None:
        head, rows = data["witnesses"]
        self.witnesses.show_rows(head, rows, roles={i: "fault" for i, row in enumerate(rows) if row[-1]})
        recorded = result.recorded
        notes = list(result.notes)
        if recorded and not recorded.complete:
            notes.insert(0, translate("Billing", "The recording began late or runs still: its energy is no witness."))
        if recorded and recorded.gaps:
            words = translate("Billing", "The recording has gaps: {n}.")
            notes.insert(0, words.format(n=recorded.gaps))
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))

    def _show_differences(self, result: CheckResult, data: dict[str, Any]) -> None:
        w, found = data["w"], worst_first(result.discrepancies)
        words = {
            "error": translate("Billing", "wrong"),
            "warning": translate("Billing", "doubtful"),
            "info": translate("Billing", "to know"),
        }
        rows = [[*row, words[d.severity]] for row, d in zip(data["differences"], found, strict=True)]
        head = [w["what"], w["field"], w["stated"], w["calculated"], w["difference"], ""]
        roles = {i: _ROLES[d.severity] for i, d in enumerate(found)}
        self.differences.show_rows(head, rows, roles=roles, numbers=(2, 3, 4))
        serious = sum(1 for d in result.discrepancies if d.severity != "info")
        name = translate("Billing", "What differs")
        self.setTabText(DIFFERENCES, f"{name} ({serious})" if serious else name)

    def _show_tariff(self, examined: Examined) -> None:
        tariff = examined.tariff
        self.setTabVisible(TARIFF, tariff is not None)
        if tariff is None:
            return
        self.tariff_words.setText(f"{tariff.id}: {in_words(tariff)}")
        words = {
            "error": translate("Billing", "fault"),
            "warning": translate("Billing", "doubtful"),
            "info": translate("Billing", "to know"),
        }
        rows = [
            [
                translate("Billing", "whole tariff") if p.element is None else str(p.element),
                p.message,
                words[p.severity],
            ]
            for p in examined.problems
        ]
        head = [translate("Billing", "Element"), translate("Billing", "Remark"), ""]
        roles = {i: _ROLES[p.severity] for i, p in enumerate(examined.problems)}
        self.lint.show_rows(head, rows, roles=roles)
        self.lint.setVisible(bool(rows))
        serious = sum(1 for p in examined.problems if p.severity != "info")
        name = translate("Billing", "Tariff")
        self.setTabText(TARIFF, f"{name} ({serious})" if serious else name)

    def _show_signed(self, examined: Examined) -> None:
        from evtech.billing.verdict_words import REASONS, VERDICTS

        found = examined.verified
        self.setTabVisible(SIGNED, found is not None)
        if found is None:
            return
        lines = [VERDICTS[found.result]]
        if found.reason:
            lines.append(REASONS.get(found.reason, found.reason))
        if found.key_source:
            lines.append(_key_sentence(found.key_source))
        self.trust.setText("\n".join(lines))
        rows, roles = signed_rows(examined)
        self.signed.show_rows([translate("Billing", "What"), translate("Billing", "Value"), ""], rows, roles=roles)


def total_rows(result: CheckResult, say: Speaker) -> tuple[list[list[str]], dict[int, str]]:
    """Return each total as stated, as calculated and their difference, without and with VAT; and the marked rows."""
    cdr, totals = result.cdr, result.figures
    assert cdr and totals
    names = {
        "total_cost": translate("Billing", "Total"),
        "total_fixed_cost": translate("Billing", "Fee"),
        "total_energy_cost": translate("Billing", "Energy"),
        "total_time_cost": translate("Billing", "Charging time"),
        "total_parking_cost": translate("Billing", "Parking"),
        "total_reservation_cost": translate("Billing", "Reservation"),
    }
    rows, roles = [], {}
    for name in [*COSTS[1:], COSTS[0]]:
        stated = stated_total(cdr) if name == "total_cost" else _sides(cdr.costs.get(name))
        calculated = totals.costs.get(name)
        if calculated is None and stated == (None, None):
            continue
        cells = [names[name]]
        for billed, right in zip(stated, _sides(calculated), strict=True):
            off = None if billed is None or right is None else difference(billed, Fraction(right))
            cells += [_money(say, billed), _money(say, right), "" if off is None else say.money(off)]
        severity = [d.severity for d in result.discrepancies if d.field.partition(".")[0] == name]
        worst = next((s for s in ("error", "warning") if s in severity), None)
        if worst:
            roles[len(rows)] = _ROLES[worst]
        rows.append([*cells, say.w["mark"] if worst else ""])
    return rows, roles


def signed_rows(examined: Examined) -> tuple[list[list[str]], dict[int, str]]:
    """Return what the signed values say, reading by reading, and what speaks against billing them."""
    found = examined.verified
    assert found is not None
    transaction = found.transaction
    unknown = "—"
    energy = unknown if transaction.energy_kwh is None else f"{transaction.energy_kwh:f} kWh"
    rows = [
        [translate("Billing", "Format"), found.format, ""],
        [translate("Billing", "Meter"), found.meter_serial or unknown, ""],
        [translate("Billing", "Card or user"), found.user_id or unknown, ""],
        [translate("Billing", "Energy"), energy, ""],
    ]
    roles: dict[int, str] = {}
    known: str | None = None
    for value in found.values[:50]:
        if value.key_fingerprint and value.key_fingerprint != known:
            known = value.key_fingerprint
            rows.append([translate("Billing", "Key (SHA-256)"), value.key_fingerprint[:32], ""])
        for reading in value.record.readings[:50]:
            when = reading.local_time or (f"{reading.time:%Y-%m-%d %H:%M:%S} UTC" if reading.time else "")
            number = "" if reading.value is None else f"{reading.value:f} {reading.unit or ''}"
            parts = (number, reading.register, when, reading.time_status)
            rows.append([_reading_name(reading.reason), " · ".join(part for part in parts if part), ""])
    for notices, role, word in (
        (transaction.problems, "fault", translate("Billing", "not billable")),
        (transaction.warnings, "warning", translate("Billing", "doubtful")),
    ):
        for notice in notices:
            roles[len(rows)] = role
            rows.append([translate("Billing", "Finding"), notice.message, word])
    return rows, roles


def _key_sentence(source: str) -> str:
    if source == "option":
        return translate("Billing", "Verified with the key that you gave.")
    return translate("Billing", "Verified with the key in the file: it proves only that the file agrees with itself.")


def _reading_name(reason: str | None) -> str:
    return {
        "B": translate("Billing", "Reading at the begin"),
        "E": translate("Billing", "Reading at the end"),
        "L": translate("Billing", "Reading at the end"),
        "R": translate("Billing", "Reading at the end"),
        "A": translate("Billing", "Reading at the end (error)"),
        "P": translate("Billing", "Reading at the end (power failure)"),
    }.get(reason or "", translate("Billing", "Reading"))


def _sides(cost: Any) -> Sequence[Decimal | Fraction | None]:
    return (None, None) if cost is None else (cost.excl_vat, cost.incl_vat)


def _money(say: Speaker, amount: Decimal | Fraction | None) -> str:
    return "" if amount is None else say.money(rounded(amount))


def _wrapping() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _page(*parts: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 6, 0, 0)
    for part in parts:
        is_table = isinstance(part, TextTable)
        if is_table:
            part.setMinimumHeight(part.fontMetrics().height() * 6)
        column.addWidget(part, 1 if is_table else 0)
    return page
