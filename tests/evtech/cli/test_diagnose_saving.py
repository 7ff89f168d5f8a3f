"""``evtech diagnose --save`` and ``--record`` keep what was found; ``evtech report diagnosis`` prints it."""

import json
from pathlib import Path

import pytest

from evtech.cli.app import run
from evtech.store.archive import Archive


def recording(folder: Path) -> Path:
    path = folder / "garage.csv"
    rows = [f"{second},A1,open,0,2,{231 if second > 40 else 2},1" for second in range(120)]
    path.write_text("\n".join(["time,state,sw_cmd,i1,vout1,vout2,vout3", *rows]) + "\n")
    return path


def test_a_saved_diagnosis_can_be_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = str(tmp_path / "a.evtech")

    code = run(["--archive", archive, "diagnose", "--trace", str(recording(tmp_path)), "--save", "--json"])
    saved = json.loads(capsys.readouterr().out)["saved"]
    done = run(["--archive", archive, "report", "diagnosis", saved[:8], "--html", str(tmp_path / "r.html"), "--json"])

    assert (code, done) == (1, 0)
    assert json.loads(capsys.readouterr().out)["kind"] == "diagnosis"
    assert "A contactor pole is welded or stuck (L2)" in (tmp_path / "r.html").read_text("utf-8")


def test_recording_keeps_the_samples_with_the_diagnosis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = str(tmp_path / "a.evtech")

    run(["--archive", archive, "diagnose", "demo:keba-kecontact-p30", "--duration", "3", "--record", "--json"])
    saved = json.loads(capsys.readouterr().out)["saved"]

    opened = Archive.open(archive)
    try:
        kept = opened.result(saved, "diagnosis")
        assert kept.recording_id is not None
        assert kept.visit_id is not None
        assert kept.body["source"]["simulated"]
        assert opened.info()["samples"] > 0
    finally:
        opened.close()


def test_without_the_wish_nothing_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "a.evtech"

    run(["--archive", str(archive), "diagnose", "--trace", str(recording(tmp_path)), "--json"])

    assert "saved" not in json.loads(capsys.readouterr().out)
    assert not archive.exists()


def test_codes_of_a_maker_without_a_profile_are_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "abl.csv"
    path.write_text("time,state,i1,fault\n" + "".join(f"{second},F,0,241\n" for second in range(60)))

    run(["diagnose", "--trace", str(path), "--profile", "abl-emh1", "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert answer["result"] == "findings"
    assert "SW-WELD" in {finding["id"] for finding in answer["findings"]}


def test_wrong_wishes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = str(recording(tmp_path))

    assert run(["diagnose", "--trace", trace, "--record"]) == 2
    assert run(["report", "nonsense", "x", "--pdf", str(tmp_path / "r.pdf")]) == 2
    assert "Available: session, diagnosis" in capsys.readouterr().err
