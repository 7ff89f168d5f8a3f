"""The billing report: what page one says, in both languages, and what the PDF carries."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
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
    assert plain(data["sentences"][0]) == "Billed: 5.45 €. By the tariff: 5.45 €. The price is right."
    assert [row[-1] for row in data["ledger"]] == ["", ""]


def test_a_wrong_bill_names_the_likely_cause_and_marks_the_total() -> None:
    data = told("4", "4.84", "de")
    assert data["verdict"] == "Die Rechnung stimmt nicht."
    cause = "Wahrscheinliche Ursache: Die Gebühr je Ladevorgang wurde weggelassen. Genau dieser Fehler ergibt 4,84 €."
    assert plain(data["sentences"][1]) == cause
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


def test_errors_stand_before_what_is_only_to_know() -> None:
    record = cdr(period(ENERGY=10, TIME=1), total_cost=cost("4", "4.84"))
    data = contents(check(record, PRICES, zone="Europe/Berlin"), [], "en", MADE)

    assert [row[0] for row in data["differences"]][-1] == "Free: no price applies"


def test_a_right_price_with_wrong_energy_cannot_be_relied_on() -> None:
    record = cdr(period(ENERGY=10), total_cost=cost("4.5", "5.445"), total_energy=Decimal(11))
    data = contents(check(record, PRICES, zone="Europe/Berlin"), [], "de", MADE)

    assert data["verdict"] == "Auf die Rechnung ist kein Verlass."
    assert "Der Preis stimmt." in data["sentences"][0]
    assert "mit 11 angegeben" in data["sentences"][1]


def test_another_currency_is_said_instead_of_a_difference() -> None:
    record = cdr(period(ENERGY=10), total_cost=cost("4.5", "5.445"), currency="CHF")
    data = contents(check(record, PRICES, zone="Europe/Berlin"), [], "en", MADE)

    assert data["sentences"] == ["The record is in CHF, the tariff in EUR."]


def test_amounts_that_differ_below_a_cent_are_said_finer() -> None:
    data = contents(check(cdr(period(ENERGY=10), total_cost=cost("4.5", "5.4512")), PRICES, zone="UTC"), [], "en", MADE)

    assert plain(data["sentences"][0]) == "Billed: 5.4512 €. By the tariff: 5.445 €. That is 0.0062 € too much."


@pytest.mark.parametrize("lang", ["en", "de"])
def test_every_error_has_a_sentence_and_every_reading_a_name(lang: str) -> None:
    from evtech.billing.findings import SEVERITIES

    words = told("4", "4.84", lang)["w"]
    errors = {code for code, severity in SEVERITIES.items() if severity == "error"} - {"amount_mismatch"}
    assert set(words["told"]) == errors
    assert set(words["readings"]) == set("BCXSTELRAP")
