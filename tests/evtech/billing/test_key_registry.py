"""A meter's key is pinned when it is first seen and never replaced by itself."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtech.billing.key_registry import KeyRegistry
from evtech.billing.signatures import VerifyResult, verify_bytes
from evtech.errors import InputError, NotFoundError
from tests.evtech.billing.signing import Signer, container, ocmf, signer

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _verified(by: Signer) -> VerifyResult:
    return verify_bytes(container(("", ocmf(by=by).decode(), by.spki.hex())))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "meter-keys.json"


def test_the_first_key_is_pinned_and_recognised_later(path: Path) -> None:
    first = KeyRegistry(path).witness(_verified(signer()), NOW)
    again = KeyRegistry(path).witness(_verified(signer()), NOW)

    assert [sighting.status for sighting in first + again] == ["new", "same"]
    assert [(key.meter_serial, key.source) for key in KeyRegistry(path).pinned()] == [("M-0815", "container")]


def test_another_key_is_reported_and_the_pin_stays(path: Path) -> None:
    KeyRegistry(path).witness(_verified(signer()), NOW)
    changed = KeyRegistry(path).witness(_verified(signer(secret=9)), NOW)

    assert [sighting.status for sighting in changed] == ["changed"]
    pinned = KeyRegistry(path).find("M-0815")
    assert pinned is not None
    assert pinned.key == (b"\x04" + signer().x_y).hex()


def test_only_a_valid_signature_pins(path: Path) -> None:
    bad = verify_bytes(ocmf(), public_key=signer(secret=9).spki.hex())

    assert KeyRegistry(path).witness(bad, NOW) == []
    assert not path.exists()


def test_keys_are_added_replaced_on_request_and_removed(path: Path) -> None:
    registry = KeyRegistry(path)
    registry.add("X", signer().pem, "label", NOW)

    with pytest.raises(InputError, match="already has another key"):
        registry.add("X", signer(secret=9).pem, "label", NOW)
    registry.add("X", signer(secret=9).pem, "label", NOW, replacing=True)
    registry.remove("X")
    with pytest.raises(NotFoundError):
        registry.remove("X")
    with pytest.raises(InputError, match="cannot be read"):
        registry.add("X", "nothing", "label", NOW)
    assert KeyRegistry(path).pinned() == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"keys": [{}]}', '{"keys": 5}', "[" * 100_000, "\x00"])
def test_a_damaged_file_is_refused_and_kept(path: Path, text: str) -> None:
    path.write_text(text)

    with pytest.raises(InputError, match="no register of meter keys"):
        KeyRegistry(path)
    assert path.read_text() == text


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        KeyRegistry(tmp_path / "missing" / "keys.json").add("X", signer().pem, "label", NOW)


def test_the_export_is_the_file(path: Path) -> None:
    registry = KeyRegistry(path)
    registry.add("X", signer("secp192k1").spki.hex(), "label", NOW)

    assert json.loads(path.read_text()) == registry.export()
    assert list(path.parent.iterdir()) == [path]
