"""Checks the charge records of a file or a folder, one after the other, so that any number fits in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evtech.billing.check import CheckOptions, CheckResult, check_cdr
from evtech.billing.json_files import read_json
from evtech.billing.ocpi import records
from evtech.billing.tariff_files import TariffSource
from evtech.errors import InputError

MAX_RECORDS = 10_000  # of one file


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer about one record and the file it stands in."""

    file: Path
    result: CheckResult


def files_in(place: Path) -> list[Path]:
    """Return the JSON files of a folder and those below it, or the file itself; raise ``InputError`` for none."""
    if not place.is_dir():
        return [place]
    found = sorted(path for path in place.rglob("*.json") if path.is_file())
    if not found:
        raise InputError(f"There is no .json file in {place}.", "Name the folder of the charge records.")
    return found


def check_file(file: Path, tariffs: TariffSource | None, options: CheckOptions) -> Iterator[Checked]:
    """Yield the answer about each record of a file; an unreadable file is an answer too."""
    try:
        found: list[Any] = records(read_json(file), "charging_periods")
        if not 0 < len(found) <= MAX_RECORDS:
            raise InputError(
                f"{file.name} holds {len(found) or 'no'} charge records.", f"Between 1 and {MAX_RECORDS} a file."
            )
    except InputError as error:
        yield Checked(file, CheckResult("error", "unreadable_cdr", str(error), error.hint))
        return
    for value in found:
        yield Checked(file, check_cdr(value, tariffs, options))


def exit_code(results: list[str]) -> int:
    """Return the exit code for results or error codes: 1 if any is a mismatch, else the worst error, else 0."""
    if "mismatch" in results:
        return 1
    errors = [name for name in results if name not in ("match", "mismatch")]
    if not errors:
        return 0
    return 2 if any(name.startswith("unreadable") for name in errors) else 3
