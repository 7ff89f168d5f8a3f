"""``evtech billing check`` and ``lint``: JSON, exit codes, folders, and what is not imported."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evtech.cli.app import run
from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from tests.evtech.billing import example
from tests.evtech.billing.records import cdr, component, cost, element, period, tariff
from tests.evtech.billing.signing import signer

PRICES = tariff(element(component("ENERGY", "0.4", "21")))
RIGHT = cdr(period(ENERGY=10), total_cost=cost("4", "4.84"))
WRONG = RIGHT | {"total_cost": cost("4", "4")}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name, value in (("tariff", PRICES), ("right", RIGHT), ("wrong", WRONG)):
        save(tmp_path / f"{name}.json", value)
    yield tmp_path


def save(path: Path, value: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, default=float), "utf-8")
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    code = run(["billing", *map(str, words), "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_a_right_bill_is_a_match_and_exit_code_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, "check", "--cdr", folder / "right.json", "--tariff", folder / "tariff.json")
    assert (code, found["result"], found["schema"]) == (0, "match", "evtech.billing.check/1")
    assert (found["timezone"], found["timezone_source"]) == ("Europe/Amsterdam", "country")


def test_a_wrong_bill_is_a_mismatch_with_its_cause_and_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = answer(capsys, "check", "--cdr", folder / "wrong.json", "--tariff", folder / "tariff.json")
    assert (code, found["result"], found["likely_causes"]) == (1, "mismatch", ["vat_missing"])


def test_without_json_a_person_gets_the_verdict_and_the_cause(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["billing", "check", "--cdr", str(folder / "wrong.json"), "--tariff", str(folder / "tariff.json")]) == 1
    text = capsys.readouterr().out
    assert text.startswith("The bill is WRONG.\nLikely cause: VAT was not added.")
    assert "10 kWh × 0.4" in text


@pytest.mark.parametrize(
    ("spoil", "options", "error", "code"),
    [
        ({"total_cost": None}, (), "unreadable_cdr", 2),
        ({"cdr_location": {"country": "USA"}}, (), "timezone_missing", 3),
        ({}, ("--timezone", "Mars/Phobos"), "timezone_invalid", 3),
        ({"start_date_time": "2019-01-01T00:00:00Z"}, (), "no_valid_tariff", 3),
    ],
)
def test_errors_have_their_codes(
    spoil: dict[str, Any], options: tuple[str, ...], error: str, code: int, folder: Path, capsys: Any
) -> None:
    save(folder / "t.json", PRICES | {"start_date_time": "2020-01-01T00:00:00Z"})
    record = save(folder / "odd.json", RIGHT | spoil)
    found = answer(capsys, "check", "--cdr", record, "--tariff", folder / "t.json", *options)
    assert (found[0], found[1]["result"], found[1]["error"]) == (code, "error", error)


@pytest.mark.parametrize("text", ["tariff: none", "", "\ufeff", '{"id": NaN}', "[" * 100_000, '{"a":1,"a":2}'])
def test_files_that_are_no_json_are_exit_code_2(text: str, folder: Path, capsys: Any) -> None:
    (folder / "bad.json").write_text(text, "utf-8")
    bad, good = folder / "bad.json", folder / "right.json"
    assert answer(capsys, "check", "--cdr", bad)[0] == 2
    code, found = answer(capsys, "check", "--cdr", good, "--tariff", bad)
    assert (code, found["error"]) == (2, "unreadable_tariff")


def test_a_missing_file_is_exit_code_2(folder: Path, capsys: Any) -> None:
    assert answer(capsys, "check", "--cdr", folder / "none.json")[1]["error"] == "unreadable_cdr"
    found = answer(capsys, "check", "--cdr", folder / "right.json", "--tariff", folder / "none.json")
    assert (found[0], found[1]["error"]) == (2, "unreadable_tariff")


@pytest.mark.parametrize("words", [["check"], ["check", "--cdr", "x", "--ocpi-version", "3.0"], ["lint"]])
def test_wrong_use_is_exit_code_2(words: list[str], capsys: Any) -> None:
    assert run(["billing", *words]) == 2


def test_a_folder_gives_a_line_a_record_and_a_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("a", RIGHT), ("b", WRONG), ("c", [RIGHT, RIGHT]), ("d", "nothing")):
        save(folder / "bills" / f"{name}.json", value)
    words = ["billing", "check", "--cdr", str(folder / "bills"), "--tariff", str(folder / "tariff.json"), "--json"]
    assert run(words) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["result"] for line in lines[:-1]] == ["match", "mismatch", "match", "match", "error"]
    assert lines[-1] == {
        "type": "summary",
        "cdrs": 5,
        "match": 3,
        "mismatch": 1,
        "error": 1,
        "errors": {"unreadable_cdr": 1},
    }


def test_an_empty_folder_is_said(tmp_path: Path, capsys: Any) -> None:
    assert run(["billing", "check", "--cdr", str(tmp_path)]) == 2


def test_several_tariff_files_are_asked_in_order(folder: Path, capsys: Any) -> None:
    old = save(folder / "old.json", PRICES | {"id": "OLD", "end_date_time": "2020-01-01T00:00:00Z"})
    words = ("check", "--cdr", folder / "right.json", "--tariff", old, "--tariff", folder / "tariff.json")
    assert answer(capsys, *words)[1]["tariff_id"] == "T"


def test_the_technicians_recording_is_compared(folder: Path, capsys: Any) -> None:
    record_session(folder / "a.evtech", energy_wh=9_000.0)
    files = ["--cdr", str(folder / "right.json"), "--tariff", str(folder / "tariff.json")]
    code = run(["--archive", str(folder / "a.evtech"), "billing", "check", *files, "--session", "S1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [(d["code"], d["stated"], d["calculated"]) for d in found["discrepancies"]] == [
        ("recorded_energy_mismatch", 10, 9)
    ]
    assert (found["recorded"]["energy_kwh"], found["recorded"]["clock_offset_s"]) == (9, 0)


def record_session(path: Path, energy_wh: float) -> None:
    """Make an archive with one session, S1, from 09:00 to 10:00."""
    archive = Archive.open(path)
    start = datetime(2025, 3, 11, 9, tzinfo=UTC)
    charger = ChargerIdentity("p", "v", "m", None, None, "demo:")
    writer = archive.start_recording(archive.start_visit().id, charger, [("energy_total", "Wh")], 1.0)
    end = start + timedelta(hours=1)
    archive.close_session(
        ChargingSession(
            "S1", "V", writer.recording_id, charger, start, end, energy_wh=energy_wh, energy_source="session_counter"
        )
    )
    writer.close()
    archive.close()


def test_the_price_on_the_display_is_set_against_both_totals(folder: Path, capsys: Any) -> None:
    words = ("check", "--cdr", folder / "wrong.json", "--tariff", folder / "tariff.json", "--displayed")
    found = answer(capsys, *words, "4,84")[1]
    assert found["displayed"] == {"amount": 4.84, "calculated_difference": 0, "stated_difference": 0.84}
    assert run(["billing", *map(str, words), "much"]) == 2


def test_lint_explains_and_finds(folder: Path, capsys: Any) -> None:
    code, found = answer(capsys, "lint", folder / "tariff.json")
    assert (code, found["problems"], found["words"]) == (0, [], "Energy: 0.40\u00a0€/kWh. All prices plus 21 % VAT.")
    odd = save(folder / "odd.json", tariff(element(component("ENERGY", "0.4", "21"), max_kwh=20)))
    code, found = answer(capsys, "lint", odd)
    assert (code, found["problems"][0]["code"], found["problems"][0]["severity"]) == (1, "no_fallback", "warning")
    assert answer(capsys, "lint", odd, "--lang", "de")[1]["words"].startswith("Energie")


def test_a_check_loads_neither_window_nor_archive_nor_wire(folder: Path) -> None:
    program = (
        "import sys; from evtech.cli.app import run;"
        f"code = run(['billing', 'check', '--cdr', {str(folder / 'right.json')!r},"
        f" '--tariff', {str(folder / 'tariff.json')!r}]);"
        "print(code, [m for m in ('PySide6', 'sqlalchemy', 'pymodbus', 'numpy', 'typst', 'cryptography', 'rich')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, timeout=60)
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_amounts_in_json_have_at_most_four_decimals(folder: Path, capsys: Any) -> None:
    odd = save(folder / "odd.json", tariff(element(component("ENERGY", "0.33337", "19"))))
    found = answer(capsys, "check", "--cdr", folder / "right.json", "--tariff", odd)[1]
    amounts = [found["calculated"]["total_cost"]["incl_vat"], found["discrepancies"][0]["difference"]]
    assert all(Decimal(str(amount)) == round(Decimal(str(amount)), 4) for amount in amounts)


def test_a_folder_becomes_a_table_without_formulas(folder: Path, capsys: Any) -> None:
    save(folder / "bills" / "a.json", WRONG | {"id": "=1+1"})
    save(folder / "bills" / "b.json", "nothing")
    words = ["billing", "check", "--cdr", str(folder / "bills"), "--tariff", str(folder / "tariff.json")]
    assert run([*words, "--xlsx", str(folder / "t.xlsx")]) == 1
    with zipfile.ZipFile(folder / "t.xlsx") as book:
        sheet, texts = (book.read(name).decode() for name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"))
    assert "<f>" not in sheet and "=1+1" in texts and "VAT was not added." in texts
    assert "<v>-0.84</v>" in sheet


def test_a_report_is_about_one_record(folder: Path, capsys: Any) -> None:
    pdf = folder / "r.pdf"
    words = ["billing", "check", "--tariff", str(folder / "tariff.json"), "--pdf", str(pdf), "--cdr"]
    assert run([*words, str(folder)]) == 2
    assert not pdf.exists()
    assert run([*words, str(folder / "wrong.json")]) == 1
    assert pdf.read_bytes().startswith(b"%PDF")


EXAMPLE = example.folder()


def test_signed_values_of_a_file_of_their_own_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--tariff", EXAMPLE / "tariff.json", "--signed", EXAMPLE / "meter-values.xml")
    code, found = answer(capsys, "check", "--cdr", EXAMPLE / "charge-record.json", *given)

    assert (code, found["likely_causes"]) == (1, ["wrong_timezone"])
    assert (found["signed"]["signature"], found["signed"]["key_source"]) == ("valid", "container")


def test_the_key_of_the_label_may_be_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "label.pem").write_text(signer(secret=99).pem)
    given = ("--signed", EXAMPLE / "meter-values.xml", "--public-key-file", tmp_path / "label.pem")
    _, found = answer(
        capsys, "check", "--cdr", EXAMPLE / "charge-record.json", "--tariff", EXAMPLE / "tariff.json", *given
    )

    assert (found["signed"]["signature"], found["signed"]["key_source"]) == ("invalid", "option")


def test_signed_values_do_not_go_with_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--tariff", str(EXAMPLE / "tariff.json"), "--signed", str(EXAMPLE / "meter-values.xml"))

    assert run(["billing", "check", "--cdr", str(folder), *given]) == 2
    assert "about one record" in capsys.readouterr().err


def test_a_report_is_made_of_a_folder_or_of_a_kept_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evtech.billing.check import CheckOptions
    from evtech.billing.dossier import examine, read_evidence
    from evtech.reports.billing_kept import keep

    evidence = [read_evidence(path) for path in sorted(EXAMPLE.iterdir())]
    archive = Archive.open(tmp_path / "a.evtech")
    result = examine(evidence).result
    assert result is not None
    kept = keep(archive, evidence, result, CheckOptions())
    archive.close()

    for place in (str(EXAMPLE), kept.id[:8]):
        page = tmp_path / f"{Path(place).name}.html"
        words = ["--archive", str(tmp_path / "a.evtech"), "report", "billing", place, "--html", str(page), "--json"]
        assert run(words) == 0
        assert json.loads(capsys.readouterr().out)["kind"] == "billing"
        assert "That is 1.77" in page.read_text("utf-8")


@pytest.mark.parametrize(("record", "code"), [("charge-record.json", 3), ("meter-values.xml", 2)])
def test_a_record_without_tariff_or_no_record_gives_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record: str, code: int
) -> None:
    assert run(["report", "billing", str(EXAMPLE / record), "--pdf", str(tmp_path / "r.pdf")]) == code
    assert not (tmp_path / "r.pdf").exists()
