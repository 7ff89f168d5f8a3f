"""The public keys of meters that were seen before, by serial number.

A key that comes with a file proves nothing by itself. The first one seen for a meter is pinned; when another one turns
up for the same meter, somebody must look at the label. A pin is never replaced by itself. One small JSON file, written
aside and renamed, so that it is whole or as before.
"""

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from evtech.billing.curves import CURVES
from evtech.billing.public_keys import fingerprint, point_hex, read_key
from evtech.billing.signed_values import VerifyResult, utc_text
from evtech.errors import InputError, NotFoundError

SCHEMA = "evtech.meter-keys/1"
_LARGEST_FILE = 4_000_000


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A meter's key: the point as uncompressed hex, where it came from, and when it was pinned (ISO, UTC)."""

    meter_serial: str
    key: str
    source: str
    pinned: str

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the point."""
        return fingerprint(self.key)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A meter's key in a verified file, against the pinned one."""

    meter_serial: str
    status: Literal["new", "same", "changed"]
    key: str
    source: str
    pinned: PinnedKey


class KeyRegistry:
    """The pinned keys in one file; raises ``InputError`` where the file cannot be read, written or understood."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = {key.meter_serial: key for key in _load(path)}

    def pinned(self) -> list[PinnedKey]:
        """Return the pinned keys by serial number."""
        return [self._keys[serial] for serial in sorted(self._keys)]

    def find(self, meter_serial: str) -> PinnedKey | None:
        """Return the pinned key of a meter."""
        return self._keys.get(meter_serial)

    def add(
        self, meter_serial: str, key_text: str, source: str, now: datetime, *, replacing: bool = False
    ) -> PinnedKey:
        """Pin a key given by a person; raise ``InputError`` for an unreadable key or an unwanted replacement."""
        pinned = PinnedKey(meter_serial, _point(key_text), source, utc_text(now) or "")
        before = self._keys.get(meter_serial)
        if before and before.key != pinned.key and not replacing:
            raise InputError(
                f"Meter {meter_serial} already has another key, pinned {before.pinned} from {before.source}.",
                "Compare it with the charger's label; then add it again with --replace.",
            )
        self._keys[meter_serial] = pinned
        self._save()
        return pinned

    def remove(self, meter_serial: str) -> None:
        """Forget a meter's key; raise ``NotFoundError`` where there is none."""
        if meter_serial not in self._keys:
            raise NotFoundError(
                f"No key of meter {meter_serial} is pinned.", "List them with: evtech billing keys list"
            )
        del self._keys[meter_serial]
        self._save()

    def witness(self, result: VerifyResult, now: datetime, *, pin: bool = True) -> list[Sighting]:
        """Compare the keys that verified this file with the pinned ones; pin the key of a meter seen first."""
        seen: dict[tuple[str, str], Sighting] = {}
        pinned_any = False
        for value in result.values:
            serial = value.record.meter_serial or value.record.gateway_serial
            if value.signature != "valid" or serial is None or value.key_hex is None:
                continue
            before = self._keys.get(serial)
            if before is None:
                before = PinnedKey(serial, value.key_hex, value.key_source or "", utc_text(now) or "")
                status: Literal["new", "same", "changed"] = "new"
                if pin:
                    self._keys[serial] = before
                    pinned_any = True
            else:
                status = "same" if before.key == value.key_hex else "changed"
            sighting = Sighting(serial, status, value.key_hex, value.key_source or "", before)
            seen.setdefault((serial, value.key_hex), sighting)
        if pinned_any:
            self._save()
        return list(seen.values())

    def export(self) -> dict[str, object]:
        """Return the registry as the JSON object of its file."""
        return {"schema": SCHEMA, "keys": [asdict(key) | {"fingerprint": key.fingerprint} for key in self.pinned()]}

    def _save(self) -> None:
        text = json.dumps(self.export(), ensure_ascii=False, indent=1)
        aside = None
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name, suffix=".part")
            aside = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            aside.replace(self._path)
        except OSError as error:
            if aside is not None:
                aside.unlink(missing_ok=True)
            raise InputError(
                f"{self._path} cannot be written: {error.strerror}.", "Check the folder's rights."
            ) from error


def _load(path: Path) -> Iterable[PinnedKey]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        return [
            PinnedKey(str(row["meter_serial"]), _known_point(str(row["key"])), str(row["source"]), str(row["pinned"]))
            for row in data["keys"]
        ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the file's rights.") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path} is no register of meter keys.", "Move it away; a new one is made.") from error


def _known_point(text: str) -> str:
    bytes.fromhex(text)
    if read_key(text) is None:
        raise ValueError(text)
    return text


def _point(key_text: str) -> str:
    """Return a key as an uncompressed point."""
    key = read_key(key_text)
    for curve in CURVES:
        point = key.on(curve) if key and key.fits(curve) else None
        if point:
            return point_hex(curve, point)
    raise InputError(
        "The public key cannot be read, or lies on none of the known curves.",
        "Give it as hex, base64, base32 or PEM, exactly as on the charger's label.",
    )
