"""The table of many checks: the same cells in both files, and nothing that a spreadsheet would run."""

import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from evtech.billing.batch import Answer
from evtech.reports.billing_table import HEAD, difference, row, write_csv
from tests.evtech.billing.records import cdr, check, component, cost, element, period, tariff

PRICES = tariff(element(component("ENERGY", "0.4", "21")))


def test_equal_amounts_differ_by_nothing() -> None:
    assert difference(Decimal("4.3852"), Fraction("4.38515")) == 0
    assert difference(Decimal("4.39"), Fraction("4.38515")) == Decimal("0.0049")


def test_a_row_of_a_run_names_file_and_place() -> None:
    result = check(cdr(period(ENERGY=10), total_cost=cost("5", "6.05")), PRICES)
    cells = dict(zip(HEAD, row(Answer(Path("bills/c.json"), 2, result)), strict=True))

    assert cells["file"] == "c.json [2]"
    assert (cells["result"], cells["total calculated incl. VAT"]) == ("mismatch", Decimal("4.8400"))


def test_a_formula_in_a_record_stays_text(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", [["=1+1", None, Decimal("-1.50"), "a, b"]])

    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["'=1+1", "", "-1.50", "a, b"]
