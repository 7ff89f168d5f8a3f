"""The reference instruments of the workshop: one TOML file each, with serial number and certificate.

They lie in the folder ``instruments`` of the user's data. A file holds what ``[reference]`` of a plan holds, and
may name the link and the profile by which evtech reads the instrument. A broken file never hides the others.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from evtech import paths
from evtech.calibration.run_record import Reference
from evtech.calibration.strict import read
from evtech.errors import InputError


@dataclass(frozen=True, slots=True)
class Instrument:
    """One reference instrument: the name of its file, what a plan says of a reference, and who maintains it."""

    reference: Reference
    name: str = ""
    note: str | None = None

    @property
    def title(self) -> str:
        """Return the instrument in words."""
        one = self.reference
        words = [one.vendor, one.model, f"SN {one.serial_number}" if one.serial_number else None]
        return " ".join(word for word in words if word) or self.name


@dataclass(slots=True)
class Instruments:
    """The instruments of a folder; ``broken`` tells what is wrong with files that cannot be used."""

    found: dict[str, Instrument] = field(default_factory=dict)
    broken: list[InputError] = field(default_factory=list)


def load_instruments(folder: Path | None = None) -> Instruments:
    """Return the instruments of a folder, by default the user's; it need not exist."""
    loaded = Instruments()
    for path in sorted((folder or paths.user_instruments()).glob("*.toml")):
        try:
            loaded.found[path.stem] = load_instrument(path)
        except InputError as error:
            loaded.broken.append(error)
    return loaded


def load_instrument(path: Path) -> Instrument:
    """Return the instrument in a file; raise ``InputError`` naming file, field and allowed values."""
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {error}.") from error
    note = data.pop("note", None)
    reference = read(Reference, data, str(path), closed=True)
    return Instrument(reference, path.stem, note if isinstance(note, str) else None)


def find_instrument(name: str, folder: Path | None = None) -> Instrument:
    """Return an instrument by its name; raise ``InputError`` naming those that exist."""
    loaded = load_instruments(folder)
    if name in loaded.found:
        return loaded.found[name]
    for error in loaded.broken:
        if f"{name}.toml" in str(error):
            raise error
    known = ", ".join(loaded.found) or f"none; put a TOML file into {folder or paths.user_instruments()}"
    raise InputError(f"There is no reference instrument {name!r}.", f"Known: {known}.")
