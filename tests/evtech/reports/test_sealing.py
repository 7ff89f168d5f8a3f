"""Every PDF that evtech writes is sealed; a key that cannot be opened never costs the report."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest

from evtech.calibration.evaluate import evaluate
from evtech.calibration.run_record import run_from_json
from evtech.reports.calibration import write_calibration_report
from evtech.reports.signers import known_signers, load_signer
from evtech.reports.verifying import verify_file
from tests.evtech.calibration.records import ac_record


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path / "home"


def written(target: Path, **options: bool) -> list[tuple[Path, str]]:
    run = run_from_json(ac_record())
    return write_calibration_report(run, evaluate(run), pdf=target, **options)


def test_a_report_is_sealed_and_still_archivable(tmp_path: Path) -> None:
    ((path, digest),) = written(tmp_path / "r.pdf")

    assert verify_file(path, known_signers()).result == "unchanged"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    with pikepdf.open(path) as pdf:
        assert {"/StructTreeRoot", "/OutputIntents", "/AcroForm", "/AF"} <= set(pdf.Root.keys())
        assert b"pdfaid:part" in pdf.Root.Metadata.read_bytes()
        assert set(pdf.attachments) == {"run.json", "result.json"}


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is missing")
def test_a_viewer_agrees(tmp_path: Path) -> None:
    written(tmp_path / "r.pdf")

    said = subprocess.run(["pdfsig", "-nocert", str(tmp_path / "r.pdf")], capture_output=True, text=True).stdout

    assert "Signature is Valid" in said
    assert "Total document signed" in said


def test_a_locked_key_leaves_the_report_unsealed_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_signer("A. Novak", "secret")
    monkeypatch.delenv("EVTECH_SEAL_PASSPHRASE", raising=False)

    (file,) = written(tmp_path / "r.pdf")

    assert file.remark.startswith("The report carries no seal. The key in ")
    assert verify_file(tmp_path / "r.pdf", known_signers()).result == "unsealed"


def test_the_command_seals_unless_told_otherwise(tmp_path: Path, home: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(ac_record()))

    def evtech(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "evtech", *words], capture_output=True, text=True, env=os.environ)

    evtech("calibrate", "evaluate", str(tmp_path / "run.json"), "--pdf", str(tmp_path / "a.pdf"))
    evtech("calibrate", "evaluate", str(tmp_path / "run.json"), "--pdf", str(tmp_path / "b.pdf"), "--no-seal")

    assert evtech("report", "verify", str(tmp_path / "a.pdf")).returncode == 0
    assert json.loads(evtech("--json", "report", "verify", str(tmp_path / "b.pdf")).stdout)["result"] == "unsealed"
