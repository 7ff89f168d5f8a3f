"""``billing verify`` and ``billing keys`` as whole processes: JSON, exit codes, and no heavy library."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evtech.billing.signing import container, ocmf, signer


def evtech(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    places = {"XDG_DATA_HOME": str(home / "data"), "HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "evtech", *words], capture_output=True, text=True, env=os.environ | places, timeout=60
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "record.ocmf"
    path.write_bytes(ocmf())
    return path


def test_a_valid_file_with_the_key_in_a_file_or_on_the_line(tmp_path: Path, file: Path) -> None:
    (tmp_path / "key.pem").write_text(signer().pem)
    (tmp_path / "key.der").write_bytes(signer().spki)

    for key in (("--public-key", signer().x_y.hex()), *(("--public-key-file", str(tmp_path / f"key.{form}"))
                                                      for form in ("pem", "der"))):  # fmt: skip
        done = evtech(tmp_path, "billing", "verify", str(file), *key, "--json")
        data = json.loads(done.stdout)
        assert done.returncode == 0, done.stderr
        assert (data["schema"], data["result"]) == ("evtech.billing.verify/1", "valid")
        assert data["values"][0]["key_source"] == "option"
        assert data["transaction"]["energy_kwh"] == 11.5


@pytest.mark.parametrize(
    ("content", "key", "code"),
    [
        (ocmf().replace(b"310.25", b"310.24"), signer().x_y.hex(), 1),
        (b"OCMF|{}", signer().x_y.hex(), 2),
        (b"", signer().x_y.hex(), 2),
        (ocmf(SA="ECDSA-x-SHA256"), signer().x_y.hex(), 3),
        (ocmf(), "", 3),
    ],
)
def test_exit_codes(tmp_path: Path, file: Path, content: bytes, key: str, code: int) -> None:
    file.write_bytes(content)
    done = evtech(tmp_path, "--json", "billing", "verify", str(file), "--public-key", key)

    assert done.returncode == code
    assert json.loads(done.stdout)["result"] != "valid"
    assert "Traceback" not in done.stderr


def test_wrong_use_is_a_sentence(tmp_path: Path, file: Path) -> None:
    none = str(tmp_path / "none")
    both = ("--public-key", "a", "--public-key-file", "b")
    wrong = ((none,), (str(tmp_path),), (str(file), "--public-key-file", none), (str(file), *both))
    for words in (*wrong, (str(file), "--registered-key")):
        done = evtech(tmp_path, "billing", "verify", *words)
        assert done.returncode == 2
        assert done.stderr.startswith("evtech: ")
        assert "Traceback" not in done.stderr


def test_a_changed_key_is_said_loudly_and_a_pinned_key_verifies(tmp_path: Path, file: Path) -> None:
    other = signer(secret=9)
    (tmp_path / "other.xml").write_bytes(container(("", ocmf(by=other).decode(), other.spki.hex())))
    first = evtech(tmp_path, "billing", "verify", str(file), "--public-key", signer().pem, "--json")
    changed = evtech(tmp_path, "billing", "verify", str(tmp_path / "other.xml"), "--json")
    pinned = evtech(tmp_path, "billing", "verify", str(file), "--registered-key", "--json")
    alone = evtech(tmp_path, "billing", "verify", str(file), "--json")

    assert json.loads(first.stdout)["registry"][0]["status"] == "new"
    assert json.loads(changed.stdout)["registry"][0]["status"] == "changed"
    assert json.loads(changed.stdout)["result"] == "valid"
    assert "HAS CHANGED" in changed.stderr
    assert json.loads(pinned.stdout)["values"][0]["key_source"] == "registry"
    assert alone.returncode == 3
    assert "add --registered-key" in alone.stderr


def test_a_damaged_registry_does_not_stop_a_verdict(tmp_path: Path, file: Path) -> None:
    evtech(tmp_path, "billing", "keys", "add", "M-1", "--public-key", signer().pem)
    [registry] = (tmp_path / "data").rglob("meter-keys.json")
    registry.write_text("broken")
    done = evtech(tmp_path, "billing", "verify", str(file), "--public-key", signer().pem)

    assert done.returncode == 0
    assert "no register of meter keys" in done.stderr
    assert registry.read_text() == "broken"


def test_keys_are_listed_exported_and_removed(tmp_path: Path) -> None:
    added = evtech(tmp_path, "billing", "keys", "add", "M-1", "--public-key", signer().pem, "--json")
    listed = evtech(tmp_path, "billing", "keys", "list", "--json")
    exported = evtech(tmp_path, "billing", "keys", "export", "-o", str(tmp_path / "keys.json"))
    removed = evtech(tmp_path, "billing", "keys", "remove", "M-1")
    again = evtech(tmp_path, "billing", "keys", "remove", "M-1")

    assert [done.returncode for done in (added, listed, exported, removed, again)] == [0, 0, 0, 0, 2]
    assert json.loads(listed.stdout)["keys"][0]["source"] == "label"
    assert json.loads((tmp_path / "keys.json").read_text()) == json.loads(listed.stdout)


def test_verify_imports_no_heavy_library(tmp_path: Path, file: Path) -> None:
    code = f"import sys; from evtech.cli.app import run; run(['billing', 'verify', {str(file)!r}, '--no-pin']); "
    heavy = "print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pymodbus', 'sqlalchemy', 'numpy')])"
    done = subprocess.run([sys.executable, "-c", code + heavy], capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "[]"
