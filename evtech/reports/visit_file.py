"""The .evvisit file: one visit as a sealed zip that another evtech can open, check and take in.

``manifest.json`` lists every member with its size and SHA-256 and is signed (``manifest.sig``, Ed25519 over its bytes).
The zip's comment carries a second signature over every byte before it, so that nothing in the container can change
unseen. A file from elsewhere is hostile until proven otherwise: names, sizes and counts are checked before a byte is
unpacked, and nothing is ever written under a name from the file.
"""

import hashlib
import io
import json
import re
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evtech import VERSION
from evtech.errors import ArchiveError, InputError
from evtech.insights.port_check import redraw
from evtech.reports.redaction import PARTS, TOKEN_POINTS, redactor
from evtech.reports.seal import CHANGED, UNCHANGED, UNKNOWN, SealReport
from evtech.reports.signers import Signer, fingerprint
from evtech.reports.visit_container import BROKEN, NAMES, checked_members, hostile, opened
from evtech.store import check_rows, results
from evtech.store.portable import IMPORTED, SHAPES, export_rows, import_rows, read_row, said_of_ports, visit_id
from evtech.store.results import Result

if TYPE_CHECKING:
    from evtech.store.archive import Archive

SCHEMA, FORMAT = "evtech.visit/1", 1
MOST_MANIFEST = 1 << 20
MOST_LINE = 16 << 20
MOST_ROWS = 200_000  # of one table but those of samples: ids are kept in memory while they are checked
_SAMPLES = ("chunk", "chunk_time", "tail")
_TABLES, _TELL_ROWS = len(SHAPES), 200
Step = Callable[[str, int, int], None]
T = TypeVar("T")
_COMMENT = re.compile(rb"evtech-seal ([0-9a-f]{128})")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's earliest date: the same visit gives the same bytes

_EMPTY = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class VisitFile:
    """A checked .evvisit file: its manifest, its seal, and where it lies. ``bytes_`` is the size of its rows."""

    path: Path
    manifest: dict[str, Any]
    seal: SealReport
    redacted: tuple[str, ...] = field(default=())


def export_visit(
    archive: "Archive", id_or_prefix: str, target: Path, signer: Signer, *, redact: Iterable[str] = (),
    extra: dict[str, bytes] | None = None, step: Step = lambda name, done, count: None,
) -> dict[str, Any]:  # fmt: skip
    """Write a visit to a file, whole or not at all, and return its manifest.

    ``redact`` names what is left out (of ``PARTS``); ``extra`` are further members such as ``reports/session.pdf``.
    ``step`` hears the table, how many are done and how many there are; what it raises ends the export, without a file.
    Raises ``NotFoundError`` and ``ArchiveError``; a running session is not in the file, the manifest counts it.
    """
    left_out = tuple(sorted(set(redact)))
    unknown = set(left_out) - set(PARTS)
    if unknown:
        raise InputError(f"{', '.join(sorted(unknown))} cannot be left out.", f"Allowed: {', '.join(PARTS)}.")
    aside = target.with_name(target.name + ".part")
    try:
        with archive.reading() as connection, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, True, 6) as file:
            visit = visit_id(connection, id_or_prefix)
            change = (
                redactor(left_out, *_token_points(connection, visit), _known(connection, visit)) if left_out else None
            )
            members = {}
            for number, table in enumerate(SHAPES):
                rows = _told(export_rows(connection, table, visit, change), partial(step, table, number, _TABLES))
                members[f"rows/{table}.jsonl"] = _add(file, f"rows/{table}.jsonl", rows)
            for name, data in sorted((extra or {}).items()):
                members[name] = _add(file, name, [data])
            manifest = _manifest(connection, visit, members, left_out, signer)
            text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode()
            _add(file, "manifest.json", [text])
            _add(file, "manifest.sig", [signer.key.sign(text).hex().encode()])
            file.comment = b"evtech-seal " + b"0" * 128
        _seal(aside, signer)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return manifest


def _told(rows: Iterable[T], tell: Callable[[], None]) -> Iterator[T]:
    """Pass rows on and tell now and then that it goes on."""
    for number, row in enumerate(rows):
        if number % _TELL_ROWS == 0:
            tell()
        yield row


def open_visit(path: Path, known: dict[str, str]) -> VisitFile:
    """Return a checked file; raise ``InputError`` for one that is none, is hostile or of a newer evtech.

    A file whose seal is broken is returned with ``changed`` and what changed: whoever opens it decides.
    """
    with opened(path) as file:
        infos = checked_members(file)
        manifest = _read_manifest(file, infos)
        return VisitFile(path, manifest, _judge(path, file, infos, manifest, known), tuple(manifest["redacted"]))


def import_visit(archive: "Archive", visit: VisitFile) -> dict[str, int]:
    """Take a visit's rows into an archive in one transaction and return how many were new, by table.

    What was new is marked as imported: by a result of the kind ``import`` that names file, hash, signer and seal.
    Raises ``InputError`` where the file was changed or its rows cannot be read: then nothing was taken in.
    """
    if visit.seal.result == CHANGED:
        raise InputError(
            f"{visit.path.name} was changed after it was sealed: {'; '.join(visit.seal.changes)}.",
            "Ask for the file again; nothing was taken in.",
        )
    new = load_rows(archive, visit, _provenance(visit))
    if new.get("charging_session") or new.get("result"):
        with archive.reading() as connection:
            ports = check_rows.ports_of_visit(connection, visit.manifest["visit"])
        redraw(archive, ports)
    return new


def load_rows(
    archive: "Archive", visit: VisitFile, mark: Result | None = None, step: Step = lambda name, done, count: None
) -> dict[str, int]:
    """Take rows in whatever the seal says (a copy to look at), with a mark where anything was new."""

    def work(connection: Any) -> dict[str, int]:
        new = import_rows(connection, visit.manifest["visit"], rows)
        if mark is not None and any(count for table, count in new.items() if table != "known_recordings"):
            mark.body["whole"] = bool(new["visit"])
            results.insert(connection, mark)
        return new

    with opened(visit.path) as file:
        there = [table for table in SHAPES if f"rows/{table}.jsonl" in visit.manifest["members"]]
        rows = {t: _told(_rows(file, t), partial(step, t, n, _TABLES)) for n, t in enumerate(there)}
        return archive.import_rows(work)


def save_member(visit: VisitFile, name: str, target: Path) -> None:
    """Write one member, such as a report, to a place of its own; raise ``InputError`` or ``ArchiveError``."""
    if name not in visit.manifest["members"]:
        raise InputError(f"There is no {name} in {visit.path.name}.", "`members` of its manifest are there.")
    aside = target.with_name(target.name + ".part")
    try:
        with opened(visit.path) as file, file.open(name) as source, aside.open("wb") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
    except BROKEN as error:
        aside.unlink(missing_ok=True)
        raise InputError(f"{name} is damaged: {error}.", "Ask for the file again.") from error


def _provenance(visit: VisitFile) -> Result:
    """Return the mark of an import; the same file gives the same id."""
    with visit.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    body = {
        "schema": "evtech.import/1", "file": visit.path.name, "sha256": digest, "seal": visit.seal.result,
        "signer": visit.seal.signer, "fingerprint": visit.seal.fingerprint, "redacted": list(visit.redacted),
        "software": str(visit.manifest.get("software", ""))[:80],
    }  # fmt: skip
    return Result(
        IMPORTED, f"Taken in from {visit.path.name}", body, visit.seal.result, visit_id=visit.manifest["visit"],
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"evtech-import:{digest}")),
    )  # fmt: skip


def _token_points(connection: Any, visit: str) -> tuple[set[int], dict[str, set[int]]]:
    ids: set[int] = set()
    places: dict[str, set[int]] = {}
    rows = connection.exec_driver_sql(
        "SELECT point.id, recording_id, position, name FROM point JOIN recording ON recording.id = recording_id"
        " WHERE visit_id = ?",
        (visit,),
    )
    for point, recording, position, name in rows:
        if name in TOKEN_POINTS:
            ids.add(point)
            places.setdefault(recording, set()).add(position)
    return ids, places


def _known(connection: Any, visit: str) -> dict[str, set[str]]:
    """Return the names and addresses that a visit is recorded with, or that were said of its ports."""
    names = connection.exec_driver_sql(
        "SELECT site FROM visit WHERE id = ? UNION SELECT technician FROM visit WHERE id = ?"
        " UNION SELECT value FROM visit_correction WHERE visit_id = ? AND field IN ('site', 'technician')",
        (visit, visit, visit),
    ).fetchall()
    links = connection.exec_driver_sql("SELECT DISTINCT link FROM recording WHERE visit_id = ?", (visit,)).fetchall()
    said = said_of_ports(connection, visit)
    sites = {each["says"].get("site") for each in said if isinstance(each.get("says"), dict)}
    people = {str(name) for name in sites | {each.get("technician") for each in said} if name}
    return {"names": people | {str(row[0]) for row in names}, "addresses": {str(row[0]) for row in links}}


def _add(file: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    digest, size = hashlib.sha256(), 0
    with file.open(info, "w", force_zip64=True) as stream:
        for part in parts:
            stream.write(part)
            digest.update(part)
            size += len(part)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _manifest(
    connection: Any, visit: str, members: dict[str, Any], left_out: tuple[str, ...], signer: Signer
) -> dict[str, Any]:
    running = connection.exec_driver_sql(
        "SELECT count(*) FROM open_session JOIN recording ON recording.id = recording_id WHERE visit_id = ?", (visit,)
    ).scalar_one()
    return {
        "schema": SCHEMA,
        "format": FORMAT,
        "visit": visit,
        "members": members,
        "redacted": list(left_out),
        "running_sessions": running,
        "software": f"evtech {VERSION}",
        "signer": {"name": signer.name, "public_key": signer.public_bytes.hex(), "fingerprint": signer.fingerprint},
    }


def _seal(file: Path, signer: Signer) -> None:
    """Put the signature over all bytes before the comment into the comment."""
    length = len(b"evtech-seal ") + 128
    with file.open("r+b") as stream:
        size = stream.seek(0, io.SEEK_END)
        signature = signer.key.sign(_digest(stream, size - length))
        stream.seek(size - length)
        stream.write(b"evtech-seal " + signature.hex().encode())


def _digest(stream: IO[bytes], size: int) -> bytes:
    stream.seek(0)
    digest, left = hashlib.sha256(), size
    while left > 0:
        part = stream.read(min(left, 1 << 20))
        if not part:
            break
        digest.update(part)
        left -= len(part)
    return digest.digest()


def _read_manifest(file: zipfile.ZipFile, infos: dict[str, zipfile.ZipInfo]) -> dict[str, Any]:
    info = infos.get("manifest.json")
    if info is None or info.file_size > MOST_MANIFEST:
        raise hostile("it has no manifest")
    if "manifest.sig" in infos and infos["manifest.sig"].file_size > 1024:
        raise hostile("its signature is none")
    try:
        data = json.loads(file.read(info))
        if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("evtech.visit/"):
            raise hostile("its manifest is not one of evtech")
        if data["schema"] != SCHEMA or data["format"] != FORMAT:
            raise InputError(
                f"The file was written by a newer evtech ({data['schema']:.40}).", "Install the newer evtech."
            )
        members = data["members"]
        for name, entry in members.items():
            if not isinstance(entry["bytes"], int) or not isinstance(entry["sha256"], str) or not NAMES.fullmatch(name):
                raise hostile("its manifest is not one of evtech")
        if not isinstance(data["visit"], str) or not all(isinstance(p, str) for p in data["redacted"]):
            raise hostile("its manifest is not one of evtech")
        bytes.fromhex(data["signer"]["public_key"]), str(data["signer"]["name"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, *BROKEN) as error:
        raise hostile(f"its manifest cannot be read ({type(error).__name__})") from error
    return data


def _judge(
    path: Path,
    file: zipfile.ZipFile,
    infos: dict[str, zipfile.ZipInfo],
    manifest: dict[str, Any],
    known: dict[str, str],
) -> SealReport:
    public = bytes.fromhex(manifest["signer"]["public_key"])
    print_, name = fingerprint(public), str(manifest["signer"]["name"])
    if "manifest.sig" not in infos:
        return SealReport(CHANGED, name, print_, ["its signature is gone"])  # evtech writes no visit without one
    changes = _changed_members(file, infos, manifest)
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(bytes.fromhex(file.read("manifest.sig").decode("ascii")), file.read("manifest.json"))
    except (ValueError, InvalidSignature, *BROKEN):
        changes.append("the manifest's signature does not belong to it")
    else:
        if not _is_whole(path, file.comment, key):
            changes.append("bytes of the container were changed")
    if manifest["signer"].get("fingerprint") != print_:
        changes.append("the fingerprint is not that of the key")
    if changes:
        return SealReport(CHANGED, name, print_, changes)
    return SealReport(UNCHANGED if print_ in known else UNKNOWN, known.get(print_, name), print_)


def _changed_members(file: zipfile.ZipFile, infos: dict[str, zipfile.ZipInfo], manifest: dict[str, Any]) -> list[str]:
    listed = manifest["members"]
    changes = [f"{name} was added" for name in infos if name not in listed and not name.startswith("manifest.")]
    for name, entry in listed.items():
        if name not in infos:
            changes.append(f"{name} is missing")
            continue
        try:
            with file.open(name) as stream:
                digest = _digest(stream, infos[name].file_size).hex() if infos[name].file_size else _EMPTY
        except BROKEN:
            changes.append(f"{name} is damaged")
            continue
        if digest != entry["sha256"] or infos[name].file_size != entry["bytes"]:
            changes.append(f"{name} was changed")
    return changes


def _is_whole(path: Path, comment: bytes, key: Ed25519PublicKey) -> bool:
    found = _COMMENT.fullmatch(comment)
    if found is None:
        return False
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        digest = _digest(stream, size - len(comment))
        stream.seek(size - len(comment))
        if stream.read() != comment:
            return False
    try:
        key.verify(bytes.fromhex(found[1].decode()), digest)
    except InvalidSignature:
        return False
    return True


def _rows(file: zipfile.ZipFile, table: str) -> Iterator[dict[str, Any]]:
    name = f"rows/{table}.jsonl"
    try:
        with file.open(name) as stream:
            number = 0
            while line := stream.readline(MOST_LINE + 1):
                number += 1
                if number > MOST_ROWS and table not in _SAMPLES:
                    raise hostile(f"{name} has more than {MOST_ROWS} rows")
                if len(line) > MOST_LINE:
                    raise InputError(
                        f"{name}, line {number} is longer than {MOST_LINE >> 20} MiB.", "The file is damaged."
                    )
                yield read_row(table, line, f"{name}, line {number}")
    except BROKEN as error:
        raise InputError(f"{name} is damaged: {error}.", "Ask for the file again; nothing was taken in.") from error
