"""The routines R01 to R18, one file each; a new one is a file, a line here and a test."""

from collections.abc import Sequence

from evtech.diagnostics.routine import Routine
from evtech.errors import InputError

ROUTINES: tuple[Routine, ...] = ()


def find_routines(names: Sequence[str]) -> tuple[Routine, ...]:
    """Return the routines of these ids, in the order asked for; raise ``InputError`` naming the known ones."""
    known = {routine.id: routine for routine in ROUTINES}
    wanted = [name.strip().upper() for name in names]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(f"{', '.join(unknown)} is no routine.", f"Known: {', '.join(known)}.")
    return tuple(known[name] for name in dict.fromkeys(wanted))
