"""The seal of a PDF: unchanged only if every byte is as it was sealed, by a key that is known."""

import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.reports.pdf import compile_pdf
from evtech.reports.seal import sign_pdf, verify_pdf
from evtech.reports.signers import Signer, load_signer


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return load_signer("A. Novak", folder=tmp_path_factory.mktemp("seal"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    from evtech import paths

    folder = tmp_path_factory.mktemp("template") / "report_templates"
    folder.mkdir()
    (folder / "page.typ").write_text('#set document(title: "Page", date: auto)\n#set text(font: "Inter")\n= Page\nText')
    (folder.parent / "fonts").symlink_to(paths.resources() / "fonts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "resources", lambda: folder.parent)
        return compile_pdf("page", {}, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def sealed(plain: bytes, signer: Signer) -> bytes:
    return sign_pdf(plain, signer)


@pytest.fixture
def known(signer: Signer) -> dict[str, str]:
    return {signer.fingerprint: "A. Novak"}


def test_a_seal_says_who_and_that_nothing_changed(sealed: bytes, plain: bytes, known: dict[str, str]) -> None:
    report = verify_pdf(sealed, known)

    assert (report.result, report.signer, report.changes) == ("unchanged", "A. Novak", [])
    assert verify_pdf(sealed, {}).result == "unknown_signer"
    assert verify_pdf(plain, known).result == "unsealed"
    with pytest.raises(InputError, match="no PDF"):
        verify_pdf(b"hello", known)


def test_one_flipped_byte_anywhere_is_noticed(sealed: bytes, known: dict[str, str]) -> None:
    seal = sealed.rindex(b"/Contents <")
    places = random.Random(3).sample(range(len(sealed)), 200) + random.Random(4).sample(range(seal, len(sealed)), 400)
    found = set()
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1 << place % 8
        try:
            found.add(verify_pdf(bytes(changed), known).result)
        except InputError:
            found.add("refused")

    assert found <= {"changed", "refused"}


@pytest.mark.parametrize("change", [lambda d: d + b"\n", lambda d: d[:-1], lambda d: d + b"%%EOF", lambda d: d[:9000]])
def test_more_or_less_is_a_change(change, sealed: bytes, known: dict[str, str]) -> None:
    assert verify_pdf(change(sealed), known).result in ("changed", "unsealed")
    assert verify_pdf(change(sealed), known).result != "unchanged"


def test_somebody_elses_seal_under_the_same_name_is_not_ours(
    plain: bytes, known: dict[str, str], tmp_path: Path
) -> None:
    forged = sign_pdf(plain, load_signer("A. Novak", folder=tmp_path))

    assert verify_pdf(forged, known).result == "unknown_signer"


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is missing")
def test_another_program_agrees(sealed: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(sealed)
    said = subprocess.run(["pdfsig", str(tmp_path / "a.pdf")], capture_output=True, text=True, check=False).stdout

    assert "Signature is Valid" in said
    assert "Total document signed" in said
