"""The diagnosis report says what was found, proves it, and sets before beside after: sound PDF, HTML twin."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pikepdf
import pytest

from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.problems import Problems
from evtech.diagnostics.record import Circumstances, live_result
from evtech.diagnostics.recording import diagnose_trace
from evtech.diagnostics.retest import judge
from evtech.diagnostics.routine import RoutineResult, StepResult, Verdict
from evtech.diagnostics.trace import Trace
from evtech.errors import InputError, NotFoundError
from evtech.measure.sample import ChargerIdentity
from evtech.reports.diagnosis import contents, words, write_diagnosis_report
from evtech.store.archive import Archive
from evtech.store.results import Result

CHARGER = ChargerIdentity("alfen-ng9xx", "Alfen", "Eve <Single>", "ACE1", "6.1", "192.168.1.50:502")
START = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
R18 = RoutineResult(
    "R18", Verdict.FAIL, "L2 is live.", {"l2_v": 231.0},
    (StepResult("Output L2", Verdict.FAIL, "live", "under 30 V", "231 V"),), {"SW-WELD": "L2"},
)  # fmt: skip


def trace(l2: float) -> Trace:
    count = 120
    numbers = {f"output_voltage_l{n}": np.full(count, 2.0) for n in (1, 2, 3)} | {"current_l1": np.zeros(count)}
    numbers["output_voltage_l2"] = np.where(np.arange(count) < 40, 2.0, l2)
    texts = {"cp_state": np.full(count, "A1"), "relay_command": np.full(count, "open")}
    return Trace(START + np.arange(count, dtype=float), numbers, texts)


def found(archive: Archive, *, repaired: bool = False) -> list[Result]:
    """Keep the diagnosis of a welded pole, and that of the repaired one after it."""
    visit = archive.start_visit(site="Depot & Söhne", technician="A. Novak")
    around = Circumstances(CHARGER, visit_id=visit.id)
    bad, problems = trace(231.0), Problems()
    problems.take(diagnose_trace("x", bad).diagnosis, Evidence(bad))
    diagnosis = diagnose_trace("x", bad).diagnosis
    kept = [live_result(problems.standing, problems.history, diagnosis, [R18], {"output_l2_v": 231.5}, around)]
    if repaired:
        for problem in problems.standing:
            problems.close(problem.id, judge(problem.finding, Evidence(trace(2.5))).as_json())
        passed = replace(R18, verdict=Verdict.PASS, reason="All poles are dead.", steps=(), faults={})
        kept.append(live_result(problems.standing, problems.history, diagnosis, [passed], {}, around, kept[0]))
    for result in kept:
        archive.add_result(result)
    return kept


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def text_of(pdf: Path) -> str:
    with pikepdf.open(pdf) as opened:
        return json.dumps(json.loads(opened.attachments["diagnosis.json"].get_file().read_bytes()))


def test_the_pdf_is_tagged_archivable_and_carries_its_record(archive: Archive, tmp_path: Path) -> None:
    result = found(archive, repaired=True)[-1]
    write_diagnosis_report(archive, result.id[:8], pdf=tmp_path / "r.pdf", lang="de")

    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        assert "/StructTreeRoot" in pdf.Root
        assert "/OutputIntents" in pdf.Root
        metadata = bytes(pdf.Root.Metadata.read_bytes())
        assert b"pdfaid:part" in metadata
        assert b"pdfuaid:part" in metadata
        assert set(pdf.attachments) == {"diagnosis.json"}
        fonts = {
            str(font.get("/BaseFont")).split("+")[-1]
            for page in pdf.pages
            for font in page.Resources.get("/Font", {}).values()
        }
    assert all(name.startswith("Inter-") for name in fonts), fonts
    assert "SW-WELD" in text_of(tmp_path / "r.pdf")


def test_the_html_says_the_same_and_is_well_formed(archive: Archive, tmp_path: Path) -> None:
    result = found(archive)[0]
    write_diagnosis_report(archive, result.id, html=tmp_path / "r.html")

    page = (tmp_path / "r.html").read_text("utf-8")
    ElementTree.fromstring(page.split("</head>")[1].removesuffix("</html>"))
    assert "Eve &lt;Single&gt;" in page
    assert "Depot &amp; Söhne" in page
    assert "231.0\u202fV, limit 180.0\u202fV" in page
    assert "<svg" in page
    assert page.index("Switch off at the board") < page.index("Findings")  # the verdict stands first


def test_one_sentence_says_what_measured_first_and_danger(archive: Archive) -> None:
    data = contents(found(archive)[0], None, "en", datetime.now(UTC))

    assert data["verdict"] == "Fault found"
    for part in ("welded or stuck (L2)", "231.0", "first: Switch off", "danger: The plug may be live"):
        assert part in data["answer"]


def test_after_the_repair_it_holds_before_and_after(archive: Archive) -> None:
    before, after = found(archive, repaired=True)

    data = contents(after, None, "en", datetime.now(UTC))

    assert after.replaces == before.id
    assert after.verdict == "healthy"
    assert data["answer"] == words("en")["answer_closed"]
    retest = data["findings"][0]["retest"]
    assert retest["verdict"] == "Repaired, proven"
    assert ["Output voltage", "231.0\u202fV", "2.5\u202fV", "180.0\u202fV"] in retest["rows"]
    assert ["R18", "failed", "passed"] in data["before_after"]


def test_german_has_every_word_and_its_decimal_sign(archive: Archive) -> None:
    assert words("de").keys() == words("en").keys()

    data = contents(found(archive)[0], None, "de", datetime.now(UTC))

    assert "231,0\u202fV, Grenze 180,0\u202fV" in data["findings"][0]["what"][0] + data["findings"][0]["what"][-1]


@pytest.mark.parametrize(("id_", "lang", "error"), [("nothing", "en", NotFoundError), ("", "fr", InputError)])
def test_wrong_wishes_are_refused(archive: Archive, tmp_path: Path, id_: str, lang: str, error: type) -> None:
    with pytest.raises(error):
        write_diagnosis_report(archive, id_, pdf=tmp_path / "r.pdf", lang=lang)
    assert not (tmp_path / "r.pdf").exists()
