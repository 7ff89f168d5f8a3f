"""The verification record says what the result says, as a sound PDF and an HTML twin, in both languages."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pikepdf
import pytest

from evtech.calibration.evaluate import evaluate
from evtech.calibration.run_record import CalibrationRun, run_from_json
from evtech.calibration.words import words
from evtech.errors import ArchiveError, InputError
from evtech.reports.calibration import ReportContext, contents, write_calibration_report
from tests.evtech.calibration.records import ac_record, power_record

MADE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def whole_run(**more: Any) -> CalibrationRun:
    """Return a record with everything a report can show."""
    record = ac_record(limit="en_50470_3_class_b", id="EV-7", technician="Jana <Vogt>", **more)
    record["reference"] |= {"vendor": "Zera", "serial_number": "0500"}
    record["reference"]["certificate"] |= {"number": "D-K-1", "due": "2027-03-14"}
    record["device"] |= {"vendor": "Müller & Söhne", "model": "M1"}
    record |= {"started": "2026-03-01T10:00:00+01:00", "price": {"currency": "EUR", "unit_price": "0.49"}}
    record["price"] |= {"quantity_kwh": "23.456", "displayed": "11.49"}
    record["checks"] = [{"name": "No-load", "passed": True}]
    runs = record["points"][0]["runs"]
    runs[0]["readings"] = [
        {"instrument": "device", "when": "start", "register": "input 72", "words": [1, 57920], "kwh": 1.5}
    ]
    runs.append({"valid": False, "reason": "gap of 7 s"})
    return run_from_json(record)


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_pdf_is_tagged_archivable_and_carries_its_record(tmp_path: Path, lang: str) -> None:
    run = whole_run()
    context = ReportContext(number="2026-17", record=b'{"as": "stored"}', made=MADE)
    write_calibration_report(run, evaluate(run), pdf=tmp_path / "r.pdf", lang=lang, context=context)

    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        assert "/StructTreeRoot" in pdf.Root
        assert "/OutputIntents" in pdf.Root
        assert str(pdf.Root.Lang) == lang
        metadata = bytes(pdf.Root.Metadata.read_bytes())
        assert b"pdfaid:part" in metadata
        assert b"pdfuaid:part" in metadata
        relations = {str(item.UF): str(item.AFRelationship) for item in pdf.Root.AF}
        assert relations == {"run.json": "/Source", "result.json": "/Data"}
        assert pdf.attachments["run.json"].get_file().read_bytes() == b'{"as": "stored"}'
        result = json.loads(pdf.attachments["result.json"].get_file().read_bytes())
        assert result["verdict"] == "PASS"
        fonts = {
            str(font.get("/BaseFont")).split("+")[-1]
            for page in pdf.pages
            for font in page.Resources.get("/Font", {}).values()
        }
    assert all(name.startswith("Inter-") for name in fonts), fonts


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_html_says_the_same_and_is_well_formed(tmp_path: Path, lang: str) -> None:
    run = whole_run()
    write_calibration_report(run, evaluate(run, monte_carlo_seed=1, draws=1000), html=tmp_path / "r.html", lang=lang)

    page = (tmp_path / "r.html").read_text("utf-8")
    ElementTree.fromstring(page.split("</head>")[1].removesuffix("</html>").replace("<br>", "<br/>"))
    expected = ["Jana &lt;Vogt&gt;", "Müller &amp; Söhne", "gap of 7 s", "0001 E240", "D-K-1", "input 72", "EV-7"]
    expected += [words(lang)["verdicts"]["PASS"], "+0,51 ± 0,19" if lang == "de" else "+0.51 ± 0.19"]
    assert [part for part in expected if part not in page] == []
    assert "http" not in page.replace("http://www.w3.org", "")
    assert not re.search(r"\{\w+\}|\bnan\b|\bNone\b(?! stated|\.)", page)


@pytest.mark.parametrize(
    "record", [power_record(limit="us_hb44_dc"), power_record(), ac_record(limit=0.3), ac_record(limit=0.1)]
)
@pytest.mark.parametrize("lang", ["en", "de"])
def test_every_kind_of_result_has_a_report(tmp_path: Path, record: dict[str, Any], lang: str) -> None:
    run = run_from_json(record)
    result = evaluate(run)
    write_calibration_report(run, result, pdf=tmp_path / "r.pdf", lang=lang, context=ReportContext(made=MADE))
    data, _ = contents(run, result, lang, MADE, b"{}")
    assert data["verdict"]["word"] == words(lang)["verdicts"][result.decision.verdict]


@pytest.mark.parametrize("wrong", [{"serial_number": "4711"}, {"due": "2025-01-31"}])
def test_a_certificate_that_does_not_hold_shows_no_traceability(wrong: dict[str, str]) -> None:
    record = ac_record(started="2026-05-01T08:00:00Z")
    record["reference"] |= {"serial_number": "4712"}
    record["reference"]["certificate"] |= {"number": "D-K-1"}
    said = {}
    for name, more in {"held": {}, "wrong": wrong}.items():
        run = run_from_json(
            record | {"reference": {**record["reference"], "certificate": record["reference"]["certificate"] | more}}
        )
        said[name] = str(contents(run, evaluate(run), "en", MADE, b"{}")[0]["blocks"])
    assert "traceable through the certificate" in said["held"]
    assert "traceable through the certificate" not in said["wrong"]


def test_the_readings_say_start_and_end() -> None:
    run = whole_run()
    data, _ = contents(run, evaluate(run), "en", MADE, b"{}")
    raw = next(block for block in data["blocks"] if block["kind"] == "table" and "Words" in block["head"])
    assert {row[2] for row in raw["rows"]} <= {"Start", "End"}


def test_without_a_certificate_no_error_is_shown_and_the_reason_stands_on_top(tmp_path: Path) -> None:
    record = ac_record()
    del record["reference"]["certificate"]
    run = run_from_json(record)
    data, pictures = contents(run, evaluate(run), "en", MADE, b"{}")
    assert "certificate" in data["verdict"]["sentence"]
    results = next(block for block in data["blocks"] if block["kind"] == "table")
    assert results["rows"][0][4] == "—"
    assert "—" in pictures["errors.svg"]


def test_both_languages_have_the_same_words() -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        return set(re.findall(r"\{\w+\}", value))

    assert shape(words("de")) == shape(words("en"))


def test_a_report_needs_a_known_language_and_a_place(tmp_path: Path) -> None:
    run = whole_run()
    with pytest.raises(InputError, match="no report in 'fr'"):
        write_calibration_report(run, evaluate(run), html=tmp_path / "r.html", lang="fr")
    with pytest.raises(InputError, match="No file"):
        write_calibration_report(run, evaluate(run))
    with pytest.raises(ArchiveError, match="cannot be written"):
        write_calibration_report(run, evaluate(run), html=tmp_path / "absent" / "r.html")
    assert list(tmp_path.iterdir()) == []
