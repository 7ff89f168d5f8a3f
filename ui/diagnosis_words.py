"""What the diagnosis knows, in words for people: the one sentence, severities, verdicts, moments."""

from datetime import UTC, datetime
from html import escape

from PySide6.QtCore import QLocale

from evtech.diagnostics.engine import Finding
from evtech.diagnostics.headline import Headline, headline
from evtech.diagnostics.routine import Verdict
from ui.words import translate


def severity_role(severity: str) -> str:
    """Return the role of a severity on the one colour axis."""
    return {"critical": "fault", "fault": "fault", "warning": "warning"}.get(severity, "action")


def severity_word(severity: str) -> str:
    """Return a severity in a word."""
    return {
        "critical": translate("Diagnose", "Danger"),
        "fault": translate("Diagnose", "Fault"),
        "warning": translate("Diagnose", "Warning"),
    }.get(severity, translate("Diagnose", "Note"))


def verdict_role(verdict: Verdict | str) -> str:
    """Return the role of a routine's or a step's verdict."""
    return {"PASS": "good", "WARN": "warning", "FAIL": "fault", "INCONCLUSIVE": "action"}.get(str(verdict), "neutral")


def verdict_word(verdict: Verdict | str) -> str:
    """Return a verdict in a word."""
    return {
        "PASS": translate("Diagnose", "passed"),
        "WARN": translate("Diagnose", "passed with a warning"),
        "FAIL": translate("Diagnose", "failed"),
        "INCONCLUSIVE": translate("Diagnose", "not decided"),
        "NOT_APPLICABLE": translate("Diagnose", "not possible here"),
        "SKIPPED": translate("Diagnose", "skipped"),
    }.get(str(verdict), str(verdict))


def retest_words(verdict: str) -> tuple[str, str]:
    """Return role and word of a retest."""
    return {
        "closed": ("good", translate("Diagnose", "Repaired, proven")),
        "still_there": ("fault", translate("Diagnose", "Still there")),
    }.get(verdict, ("action", translate("Diagnose", "Not proven")))


def answer_of(finding: Finding) -> str:
    """Return the one sentence: what is wrong, what was measured, what to do first, what is dangerous (rich text)."""
    return sentence(headline(finding))


def sentence(parts: Headline) -> str:
    """Return a headline as one sentence of rich text."""
    words = f"<b>{escape(parts.what)}</b>"
    if parts.measured:
        words += f": {escape(_low(parts.measured))}"
    if parts.first:
        words += translate("Diagnose", "; <b>first:</b> {step}").format(step=escape(_low(parts.first)))
    if parts.danger:
        words += translate("Diagnose", "; <b>danger:</b> {danger}").format(danger=escape(_low(parts.danger)))
    return words + "."


def missing_words(missing: tuple[str, ...]) -> str:
    """Return which decisive values a charger or a recording lacks."""
    names = {
        "evse.state": translate("Diagnose", "the pilot state"),
        "m.i_max": translate("Diagnose", "a current"),
        "lim.eff": translate("Diagnose", "what the charger offers"),
        "samples": translate("Diagnose", "enough samples"),
    }
    return translate("Diagnose", " and ").join(names.get(name, f"the {name}") for name in missing)


def clock_time(moment: datetime | float) -> str:
    """Return a moment as local time of day, with the date where it is not today."""
    when = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    local = when.astimezone()
    same = local.date() == datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S")


def confidence_word(share: float) -> str:
    """Return how sure a finding is; expert weights are no percentages to show."""
    if share > 0.8:
        return translate("Diagnose", "sure")
    return translate("Diagnose", "likely") if share > 0.5 else translate("Diagnose", "possible")


def typed_number(text: str) -> float | None:
    """Return a number as people type it, with a comma or a point; ``None`` where it is none."""
    cleaned = text.strip().replace("\u2212", "-")
    value, good = QLocale().toDouble(cleaned)
    if good:
        return value
    try:
        return float(cleaned.replace(",", "."))
    except ValueError:
        return None


def _low(text: str) -> str:
    """Return words as the middle of a sentence: a capital stays where it is an abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
