"""The billing report: what page one says, in both languages, and what the PDF carries."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from evtech.billing.check import CheckResult
from evtech.errors import InputError
from evtech.reports.billing import contents, write_billing_report
from tests.evtech.billing.records import cdr, check, component, cost, element, period, tariff

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PRICES = tariff(element(component("FLAT", "0.5", "21"), component("ENERGY", "0.4", "21")), min_price=cost("1", "1.21"))


def result(excl: str, incl: str) -> CheckResult:
    """10 kWh by PRICES are 4.50 and 5.445."""
    return check(cdr(period(ENERGY=10), total_cost=cost(excl, incl)), PRICES, zone="Europe/Berlin")


def told(excl: str, incl: str, lang: str = "en") -> dict[str, Any]:
    return contents(result(excl, incl), [("cdr.json", b"{}")], lang, MADE)


def plain(text: str) -> str:
    return text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")


def test_a_right_bill_says_so_and_marks_nothing() -> None:
    data = told("4.5", "5.445")
    assert data["verdict"] == "The bill is right."
    assert plain(data["sentences"][0]) == "Billed: 5.4450 €. By the tariff: 5.4450 €. Difference: 0.00 €."
    assert [row[-1] for row in data["ledger"]] == ["", ""]


def test_a_wrong_bill_names_the_likely_cause_and_marks_the_total() -> None:
    data = told("4", "4.84", "de")
    assert data["verdict"] == "Die Rechnung stimmt nicht."
    assert data["sentences"][1] == "Wahrscheinliche Ursache: Die Gebühr je Ladevorgang wurde weggelassen."
    assert plain(data["sentences"][0]).startswith("Berechnet wurden 4,84 €.")
    assert data["total"][-1] == "weicht ab"


def test_a_wrong_bill_without_a_usual_mistake_says_that() -> None:
    assert told("7", "8.47")["sentences"][1].startswith("None of the usual mistakes")


def test_every_code_cause_and_dimension_has_words_in_both_languages() -> None:
    from evtech.billing.account import CAUSES
    from evtech.billing.findings import SEVERITIES
    from evtech.billing.ledger import COST_FIELDS

    english, german = told("4", "4")["w"], told("4", "4", "de")["w"]
    for words in (english, german):
        assert set(words["codes"]) == set(SEVERITIES)
        assert set(words["causes"]) == set(CAUSES)
        assert set(words["dimensions"]) == set(COST_FIELDS)
    assert set(english) == set(german)


def test_the_pdf_is_tagged_and_carries_the_examined_files(tmp_path: Path) -> None:
    (tmp_path / "CDR nö.json").write_text("{}", "utf-8")
    sources = [tmp_path / "CDR nö.json"]
    pdf, html = tmp_path / "r.pdf", tmp_path / "r.html"
    write_billing_report(result("4", "4.84"), sources, pdf=pdf, html=html, lang="de", made=MADE)
    with pikepdf.open(pdf) as document:
        assert "/StructTreeRoot" in document.Root
        assert set(document.attachments) == {"check.json", "1-CDR_n_.json"}
        attached = document.attachments["check.json"].get_file().read_bytes()
    assert json.loads(attached)["likely_causes"] == ["fixed_cost_missing"]
    page = html.read_text("utf-8")
    assert "Die Rechnung stimmt nicht." in page and not re.search("https?://", page)


def test_an_error_and_an_unknown_language_have_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to report"):
        write_billing_report(check(None, PRICES), [], html=tmp_path / "r.html")
    with pytest.raises(InputError, match="'fr'"):
        write_billing_report(result("4", "4"), [], html=tmp_path / "r.html", lang="fr")
    assert not list(tmp_path.iterdir())
