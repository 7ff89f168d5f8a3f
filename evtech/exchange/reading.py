"""Finds out what a file is and reads it: evtech's exports, CSV of samples or sessions, CDRs, OCPP logs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evtech.errors import InputError
from evtech.exchange import cdr, csv_samples, csv_sessions, evtech_json, ocpp_log
from evtech.exchange.incoming import Parcel

_SAID = "Known: CSV of samples or of sessions, evtech's JSON, OCPI CDRs (JSON), OCPP 1.6 and 2.0.1 logs (JSON lines)."


def read_file(path: Path) -> Parcel:
    """Return what a file brings; raise ``InputError`` saying what is wrong with it."""
    if not path.is_file():
        raise InputError(f"{path} is no file.", "Check the path.")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", _SAID) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if text.lstrip()[:1] not in ("{", "["):
        return _read_csv(path)
    data = _json(text)
    if data is None:
        return ocpp_log.read_log(list(_lines(text)), path.stem)
    if evtech_json.is_export(data):
        return evtech_json.read_export(data, path.name)
    if cdr.is_cdr(data):
        return cdr.read_cdrs(data, path.name)
    if ocpp_log.is_log(data):
        return ocpp_log.read_log(list(enumerate(data if isinstance(data, list) else [data], 1)), path.stem)
    raise InputError(f"{path} holds no sessions that evtech knows.", _SAID)


def _read_csv(path: Path) -> Parcel:
    if csv_sessions.is_table(path):
        return csv_sessions.read_table(path)
    found = csv_samples.preview(path)
    parcel = csv_samples.read_samples(path, found.plan)
    parcel.problems.extend(found.warnings)
    return parcel


def _json(text: str) -> Any | None:
    """Return the whole text as one JSON value, ``None`` where it is one a line."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            yield number, None
