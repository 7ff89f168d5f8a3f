"""The zip around a visit: looked at before anything in it is unpacked.

Everything here assumes harm: the list of members is measured before it is read, names, sizes, ratios, kinds and places
are checked before the first byte of a member.
"""

import io
import itertools
import re
import zipfile
import zlib
from pathlib import Path

from evtech.errors import InputError

MOST_MEMBERS = 500
MOST_BYTES = 2 << 30  # of one member, unpacked
MOST_TOTAL = 4 << 30  # of all members, unpacked
MOST_RATIO = 300  # unpacked to packed: JSON lines of samples reach about 20
MOST_DIRECTORY = 1 << 20  # of the zip's list of members
NAMES = re.compile(r"manifest\.(json|sig)|(rows|profiles|reports|traffic)/[A-Za-z0-9][A-Za-z0-9 ._-]{0,120}")
BROKEN = (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, zlib.error)  # of damaged members
_END = 22  # bytes of a zip's end record


def opened(path: Path) -> zipfile.ZipFile:
    """Open the container; raise ``InputError`` saying why it is none."""
    try:
        _check_directory(path)
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path} cannot be opened as a visit: {reason}.", "Ask for the file again.") from error


def _check_directory(path: Path) -> None:
    """Refuse a list of members that only reading would fill memory with: it is looked up as ``zipfile`` does."""
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(size - _END - 0xFFFF, 0))
        tail = stream.read()
    at = len(tail) - _END
    if at < 0 or not (tail.startswith(b"PK\x05\x06", at) and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END:
        return  # zipfile says what is wrong
    if tail[at - 20 : at - 16] == b"PK\x06\x07" or int.from_bytes(tail[at + 12 : at + 16], "little") > MOST_DIRECTORY:
        raise hostile("its list of members is larger than 1 MiB")


def checked_members(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name; raise ``InputError`` for what evtech never writes, before anything is unpacked."""
    infos = file.infolist()
    if len(infos) > MOST_MEMBERS:
        raise hostile(f"it has {len(infos)} members; {MOST_MEMBERS} are allowed")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        if info.orig_filename != name or not NAMES.fullmatch(name) or ".." in name:
            raise hostile(f"a member is called {name!r:.80}")
        if name in found:
            raise hostile(f"{name} is in it twice")
        if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000):
            raise hostile(f"{name} is no plain file")
        if info.flag_bits & 0x1:
            raise hostile(f"{name} is encrypted")
        if info.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
            raise hostile(f"{name} is packed in an unknown way")
        if info.file_size > MOST_BYTES or info.file_size > MOST_RATIO * max(info.compress_size, 1024):
            raise hostile(f"{name} would unpack to {info.file_size} bytes")
        found[name] = info
    places = sorted((info.header_offset, info.header_offset + info.compress_size) for info in infos)
    if any(end > start for (_, end), (start, _) in itertools.pairwise(places)):
        raise hostile("its members lie over each other")
    if sum(info.file_size for info in infos) > MOST_TOTAL:
        raise hostile("it would unpack to more than 4 GiB")
    return found


def hostile(what: str) -> InputError:
    """Return the refusal of what evtech never writes."""
    return InputError(f"The file is refused: {what}.", "evtech did not write it like that; ask for the file again.")
