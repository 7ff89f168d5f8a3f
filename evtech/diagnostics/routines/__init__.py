"""The routines R01 to R18, one file each; a new one is a file, a line here and a test."""

from collections.abc import Sequence

from evtech.diagnostics.routine import Routine
from evtech.diagnostics.routines import (
    r01_communication,
    r02_sweep,
    r03_identity,
    r04_pilot_walk,
    r05_start_stop,
    r06_limit_steps,
    r07_phases,
    r08_supply,
    r09_residual,
    r10_watchdog,
    r11_temperature,
    r12_energy,
    r13_interruptions,
    r14_freshness,
    r15_history,
    r16_clock,
    r17_standby,
    r18_weld,
)
from evtech.errors import InputError

ROUTINES: tuple[Routine, ...] = (
    r01_communication.ROUTINE,
    r02_sweep.ROUTINE,
    r03_identity.ROUTINE,
    r04_pilot_walk.ROUTINE,
    r05_start_stop.ROUTINE,
    r06_limit_steps.ROUTINE,
    r07_phases.ROUTINE,
    r08_supply.ROUTINE,
    r09_residual.ROUTINE,
    r10_watchdog.ROUTINE,
    r11_temperature.ROUTINE,
    r12_energy.ROUTINE,
    r13_interruptions.ROUTINE,
    r14_freshness.ROUTINE,
    r15_history.ROUTINE,
    r16_clock.ROUTINE,
    r17_standby.ROUTINE,
    r18_weld.ROUTINE,
)


def find_routines(names: Sequence[str]) -> tuple[Routine, ...]:
    """Return the routines of these ids, in the order asked for; raise ``InputError`` naming the known ones."""
    known = {routine.id: routine for routine in ROUTINES}
    wanted = [name.strip().upper() for name in names]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(f"{', '.join(unknown)} is no routine.", f"Known: {', '.join(known)}.")
    return tuple(known[name] for name in dict.fromkeys(wanted))
