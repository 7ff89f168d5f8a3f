"""The support bundle: what a support desk asks for, in one zip, cleaned before anybody sees it.

Parts are chosen, names, addresses and serial numbers are replaced by marks in every text, and the bundle can be read
before it is saved: what ``collect`` returns is what ``write_bundle`` writes, byte by byte.
"""

import contextlib
import getpass
import hashlib
import importlib.metadata
import io
import json
import locale
import platform
import socket
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evtech import VERSION, paths, settings
from evtech.errors import EvtechError, InputError
from evtech.reports.redaction import without_addresses, without_words
from evtech.reports.sealing import Written, written_whole

if TYPE_CHECKING:
    from evtech.store.archive import Archive

PARTS = ("logs", "settings", "environment", "archive", "traffic")
CLEANED = ("addresses", "names", "serials")
MOST_LOG = 2 << 20  # bytes of each log, the newest
_LIBRARIES = (
    "PySide6-Essentials", "pyqtgraph", "numpy", "pymodbus", "pyserial", "SQLAlchemy", "pyHanko", "typst", "typer",
    "XlsxWriter", "cryptography", "tzdata",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is looked for in texts: people and sites, computers, serial numbers."""

    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    serials: frozenset[str] = frozenset()


def collect(
    archive: "Archive | None", *, parts: Iterable[str] = PARTS, clean: Iterable[str] = CLEANED,
    traffic: bytes | None = None,
) -> dict[str, bytes]:  # fmt: skip
    """Return the bundle's members by name. ``traffic`` is a pcapng file; it cannot be cleaned.

    Raises ``InputError`` for unknown parts, and for traffic where serial numbers are to be left out.
    """
    chosen, cleaned = frozenset(parts), frozenset(clean)
    for words, allowed in ((chosen, PARTS), (cleaned, CLEANED)):
        if unknown := words - set(allowed):
            raise InputError(f"{', '.join(sorted(unknown))} is unknown.", f"Allowed: {', '.join(allowed)}.")
    with_traffic = traffic is not None and "traffic" in chosen
    if with_traffic and "serials" in cleaned:
        raise InputError(
            "Raw traffic holds serial numbers as the charger sent them.", "Leave out the traffic, or keep the numbers."
        )
    texts: dict[str, str] = {}
    if "environment" in chosen:
        texts["environment.json"] = _json(environment())
    if "settings" in chosen:
        texts["settings.json"] = _text(paths.user_data() / settings.FILE_NAME)
    if "archive" in chosen and archive is not None:
        texts["archive.json"] = _json(_archive(archive))
    if "logs" in chosen:
        texts |= {f"logs/{f.name}": _text(f) for f in sorted(paths.user_data().glob("*.log*")) if f.is_file()}
    known = known_words(archive)
    members = {name: cleaned_text(text, known, cleaned).encode() for name, text in texts.items() if text}
    if with_traffic:
        members["traffic.pcapng"] = traffic or b""
    return {"contents.json": _contents(members, chosen, cleaned)} | members


def write_bundle(target: Path, members: dict[str, bytes]) -> Written:
    """Write the zip, whole or not at all; raise ``ArchiveError``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return written_whole(target, buffer.getvalue())


def environment() -> dict[str, object]:
    """Return what evtech runs on: versions, system, profile set."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    return {
        "evtech": VERSION,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "machine": platform.machine(),
        "frozen": bool(getattr(sys, "frozen", False)),
        "locale": list(locale.getlocale()),
        "time_zone_offset": datetime.now().astimezone().strftime("%z"),
        "libraries": versions,
        "profiles": profile_set(),
        "user_profiles": [file.name for file in sorted(paths.user_profiles().glob("*.toml"))],
    }


def profile_set() -> str:
    """Return the SHA-256 over names and bytes of the shipped profiles."""
    digest = hashlib.sha256()
    for file in sorted((paths.resources() / "profiles").glob("*.toml")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def known_words(archive: "Archive | None") -> Known:
    """Return the names, computers and serial numbers that this laptop knows; an unreadable archive adds none."""
    chosen, _ = settings.load(paths.user_data() / settings.FILE_NAME)
    names, serials = {chosen.technician, Path.home().name}, set()
    with contextlib.suppress(OSError, KeyError, ImportError):  # a system without accounts
        names.add(getpass.getuser())
    if archive is not None:
        with contextlib.suppress(EvtechError):
            for visit in archive.visits():
                names |= {visit.site, visit.technician}
            serials |= archive.serial_numbers()
    return Known(_worth(names), _worth({socket.gethostname()}), _worth(serials))


def cleaned_text(text: str, known: Known, clean: Iterable[str]) -> str:
    """Return a text with everything of the chosen kinds replaced by marks."""
    chosen = frozenset(clean)
    for kind, words, mark in (
        ("serials", known.serials, "[serial]"), ("names", known.names, "[name]"),
        ("addresses", known.addresses, "[address]"),
    ):  # fmt: skip
        if kind in chosen:
            text = without_words(text, words, mark)
    return without_addresses(text, "[address]") if "addresses" in chosen else text


def _worth(words: Iterable[str | None]) -> frozenset[str]:
    """Return the words that are long enough to mean somebody."""
    return frozenset(word.strip() for word in words if word and len(word.strip()) >= 3 and word != "root")


def _archive(archive: "Archive") -> dict[str, object]:
    try:
        return archive.info()
    except EvtechError as error:
        return {"problem": str(error)}


def _text(file: Path) -> str:
    """Return the newest part of a file; why not, where it cannot be read."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(max(size - MOST_LOG, 0))
            return stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror}"


def _json(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, default=str)


def _contents(members: dict[str, bytes], parts: Iterable[str], cleaned: Iterable[str]) -> bytes:
    listed = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in members.items()}
    data = {
        "schema": "evtech.support/1", "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "parts": sorted(parts), "left_out": sorted(cleaned), "members": listed,
    }  # fmt: skip
    return _json(data).encode()
