"""Where the tariffs come from: files given beside a charge record, or the record itself."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evtech.billing.errors import BillingError
from evtech.billing.json_files import parse_json, read_json
from evtech.billing.ocpi import read_tariffs
from evtech.billing.tariff import Tariff
from evtech.errors import InputError

TariffSource = Callable[[list[str]], list[Tariff]]
"""Returns tariffs and adds remarks to a list; raises ``BillingError`` unreadable_tariff or unsupported_version."""


def from_files(files: Sequence[Path]) -> TariffSource | None:
    """Return the source of the tariffs in some files, read once; ``None`` without files: the record's own count."""
    return _once(lambda notes: [t for file in files for t in _read(partial(read_json, file), notes)]) if files else None


def from_bytes(files: Sequence[tuple[str, bytes]]) -> TariffSource | None:
    """Return the source of the tariffs in the names and contents of files; ``None`` without any."""

    def load(notes: list[str]) -> list[Tariff]:
        return [tariff for name, data in files for tariff in _read(partial(parse_json, data, name), notes)]

    return _once(load) if files else None


def from_values(values: Sequence[Any]) -> TariffSource:
    """Return the source of the tariffs in JSON values that are read already."""
    return _once(lambda notes: [tariff for value in values for tariff in read_tariffs(value, notes)])


def _once(load: TariffSource) -> TariffSource:
    known: list[tuple[list[Tariff], list[str]]] = []

    def source(notes: list[str]) -> list[Tariff]:
        if not known:
            remarks: list[str] = []
            known.append((load(remarks), remarks))
        notes.extend(known[0][1])
        return known[0][0]

    return source


def _read(open_: Callable[[], Any], notes: list[str]) -> list[Tariff]:
    try:
        value = open_()
    except InputError as error:
        raise BillingError("unreadable_tariff", str(error), error.hint) from error
    return read_tariffs(value, notes)
