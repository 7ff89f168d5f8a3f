"""What the readings of a file make together, and what speaks against billing them: apart from the signature.

A problem means the transaction must not be billed; a warning is for a person to weigh. Each code comes once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from evtech.billing.registers import Register, read_register
from evtech.billing.signed_values import Notice, Reading, Record, Transaction

ENDS = frozenset("ELRAP")
_ABNORMAL_ENDS = {"A": "an error", "P": "a power failure"}
_KWH = {"kwh": Decimal(1), "wh": Decimal("0.001")}
_LARGEST_KWH = 1000
_LARGEST_MEAN_KW = 1000
_STATES = {
    "N": "not present", "T": "timeout", "D": "disconnected", "R": "removed", "M": "manipulated", "X": "exchanged",
    "I": "incompatible", "O": "out of range", "S": "a substitute value", "E": "an error", "F": "a read error",
}  # fmt: skip
_WRONG_USER_LEVELS = ("MISMATCH", "INVALID", "OUTDATED", "UNKNOWN")


@dataclass(frozen=True, slots=True)
class _Pair:
    """Begins and ends of the billing register."""

    register: Register | None
    begins: list[Reading]
    ends: list[Reading]

    @property
    def begin(self) -> Reading | None:
        return self.begins[0] if len(self.begins) == 1 else None

    @property
    def end(self) -> Reading | None:
        return self.ends[0] if len(self.ends) == 1 else None


def with_roles(records: Sequence[Record]) -> list[Record]:
    """Return the records with begin and end told: by the reading, else by the context, else by the order."""
    silent = [record for record in records if any(reading.reason is None for reading in record.readings)]
    told = any(record.format == "ocmf" or _role(record.context) for record in silent)  # OCMF would have said it
    by_order = len(silent) > 1 and not told
    roles = {id(record): "C" if by_order else _role(record.context) for record in silent}
    if by_order:
        roles |= {id(silent[0]): "B", id(silent[-1]): "E"}
    return [_with_role(record, roles.get(id(record))) for record in records]


def judge(records: Sequence[Record], all_valid: bool, key_problems: Sequence[Notice] = ()) -> Transaction:
    """Return the transaction of the records; ``all_valid`` says whether every signature held."""
    told = _of_transaction([record for record in records if record.readings or not record.failure])
    readings = [reading for record in told for reading in record.readings]
    pair = _pair(told)
    energy, duration = _energy(told, pair), _duration(told, pair)
    problems = _once((*key_problems, *_problems(records, told, pair)))
    warnings = _once(_warnings(records, told, readings, pair, energy, duration))
    complete = pair.begin is not None and pair.end is not None and all(record.complete is not False for record in told)
    return Transaction(
        complete=complete,
        begin=pair.begin.time if pair.begin else None,
        end=pair.end.time if pair.end else None,
        energy_kwh=energy,
        duration_s=duration,
        billable=all_valid and complete and energy is not None and not problems,
        problems=problems,
        warnings=warnings,
        register=(pair.end or pair.begin or Reading(None)).register,
        compensated=bool(pair.register and pair.register.is_compensated),
        notes=_notes(records, pair),
    )


def _role(context: str | None) -> str | None:
    """Return the reason that a container's context means."""
    word = (context or "").strip().lower()
    if word.startswith("transaction.begin"):
        return "B"
    if word.startswith("transaction.end"):
        return "E"
    return "C" if word.startswith(("sample", "transaction.update", "transaction.inter", "trigger")) else None


def _with_role(record: Record, role: str | None) -> Record:
    if role is None:
        return record
    told = tuple(replace(reading, reason=reading.reason or role) for reading in record.readings)
    return replace(record, readings=told)


def _of_transaction(records: list[Record]) -> list[Record]:
    """Return the records of the transaction: no fiscal ones, and of records that each restate it the last."""
    told = [record for record in records if not (record.page or "").upper().startswith("F")]
    return told[-1:] if told and all(record.complete is not None for record in told) else told


def _pair(records: list[Record]) -> _Pair:
    """Return begins and ends of the register that bills: one that has both, compensated before uncompensated."""
    registers: dict[Register, tuple[list[Reading], list[Reading]]] = {}
    for reading in _distinct(records):
        if reading.reason == "B" or (reading.reason or "") in ENDS:
            begins, ends = registers.setdefault(read_register(reading.register), ([], []))
            (begins if reading.reason == "B" else ends).append(reading)
    energy = {key: pair for key, pair in registers.items() if key.is_known or _counts_energy(pair)} or registers
    if not energy:
        return _Pair(None, [], [])
    best = min(energy, key=lambda key: (not all(energy[key]), key.rank, not key.is_total, key.e != 0))
    return _Pair(best, *energy[best])


def _distinct(records: list[Record]) -> Iterator[Reading]:
    """Give every reading once: an end record may repeat the begin's reading, a record given twice stays double."""
    seen: dict[tuple[object, ...], Record] = {}
    for record in records:
        mine: set[tuple[object, ...]] = set()
        for reading in record.readings:
            key = (reading.reason, reading.time, reading.local_time, reading.value, reading.unit, reading.register)
            before = seen.get(key)
            if before is not None and before.signed != record.signed and key not in mine:
                continue
            mine.add(key)
            seen.setdefault(key, record)
            yield reading


def _counts_energy(pair: tuple[list[Reading], list[Reading]]) -> bool:
    return any((reading.unit or "").lower() in _KWH for side in pair for reading in side)


def _energy(records: list[Record], pair: _Pair) -> Decimal | None:
    stated = [record.energy_kwh for record in records if record.energy_kwh is not None]
    if stated:
        return stated[-1]
    if pair.begin is None or pair.end is None:
        return None
    first, last = _kwh(pair.begin), _kwh(pair.end)
    return last - first if first is not None and last is not None else None


def _kwh(reading: Reading) -> Decimal | None:
    factor = _KWH.get((reading.unit or "").lower())
    return reading.value * factor if reading.value is not None and factor is not None else None


def _duration(records: list[Record], pair: _Pair) -> Decimal | None:
    stated = [record.duration_s for record in records if record.duration_s is not None]
    if stated:
        return stated[-1]
    if pair.begin is None or pair.end is None or pair.begin.time is None or pair.end.time is None:
        return None
    return Decimal(str((pair.end.time - pair.begin.time).total_seconds()))


def _problems(records: Sequence[Record], told: list[Record], pair: _Pair) -> Iterator[Notice]:
    yield from _completeness(told, pair)
    for record in records:
        for reading in record.readings:
            yield from _reading_problems(reading)
        if (record.user_level or "").upper() in _WRONG_USER_LEVELS:
            yield Notice("user_assignment_error", f"The user could not be assigned: {record.user_level}.")
    yield from _order(told, pair)
    yield from _identity(records)
    if any(later < earlier for earlier, later in _page_steps(records)):
        yield Notice("pagination_order", "The pages run backwards: a record is older than its place says.")
    for record in told:
        yield from record.problems


def _completeness(told: list[Record], pair: _Pair) -> Iterator[Notice]:
    if not told:
        return
    for readings, word in ((pair.begins, "begin"), (pair.ends, "end")):
        if not readings:
            yield Notice(f"{word}_missing", f"No reading says that it is the {word} of the transaction.")
        elif len(readings) > 1:
            yield Notice(f"{word}_duplicate", f"{len(readings)} readings say that they are the {word}.")


def _reading_problems(reading: Reading) -> Iterator[Notice]:
    flags = set(reading.error_flags.replace(" ", ""))
    if flags - {"t", "T"}:
        yield Notice("error_flag_energy", f"The meter flags its energy as not usable (EF {reading.error_flags}).")
    if flags & {"t", "T"}:
        yield Notice("error_flag_time", f"The meter flags its time as not usable (EF {reading.error_flags}).")
    if reading.status is not None and reading.status.upper() != "G":
        state = _STATES.get(reading.status.upper(), reading.status)
        yield Notice("meter_status", f"The meter's state is not good: {state}.")
    if reading.reason == "X":
        yield Notice("reading_exception", "A reading marks an exception; nothing after it can be used.")


def _order(told: list[Record], pair: _Pair) -> Iterator[Notice]:
    begin, end = pair.begin, pair.end
    for earlier, later in _steps(told, pair):
        first, last = _kwh(earlier), _kwh(later)
        if first is not None and last is not None and last < first:
            yield Notice("energy_decreases", f"The register falls from {first:f} to {last:f} kWh.")
        if earlier.time and later.time and later.time < earlier.time:
            yield Notice("time_decreases", "A reading is older than the one before it.")
    if begin is None or end is None:
        return
    if (begin.unit or "").lower() != (end.unit or "").lower() or (begin.unit or "").lower() not in _KWH:
        units = f"{begin.unit or 'none'} and {end.unit or 'none'}"
        yield Notice("unit_mismatch", f"The units of begin and end are {units}; both must be the same unit of energy.")
    if begin.time_status == "R" and end.time_status != "R":
        yield Notice("time_status_inconsistent", "The clock is relative at the begin and not at the end.")


def _steps(told: list[Record], pair: _Pair) -> Iterator[tuple[Reading, Reading]]:
    """Give neighbouring readings of the billing register: within a record, and from the begin to the end."""
    for record in told:
        mine = [reading for reading in record.readings if read_register(reading.register) == pair.register]
        yield from pairwise(mine)
    if pair.begin and pair.end:
        yield pair.begin, pair.end


def _identity(records: Sequence[Record]) -> Iterator[Notice]:
    meters = {record.meter_serial for record in records if record.meter_serial}
    gateways = {record.gateway_serial for record in records if record.gateway_serial and not record.meter_serial}
    for serials in (meters, gateways):
        if len(serials) > 1:
            yield Notice("meter_mismatch", f"The records are of different meters: {', '.join(sorted(serials))}.")


def _warnings(
    records: Sequence[Record], told: list[Record], readings: list[Reading], pair: _Pair,
    energy: Decimal | None, duration: Decimal | None,
) -> Iterator[Notice]:  # fmt: skip
    statuses = {reading.time_status for reading in readings}
    if "U" in statuses:
        yield Notice("time_not_synchronised", "The charger's clock was not synchronised.")
    if "I" in statuses:
        yield Notice("time_informative", "The charger's clock is informative only.")
    if any(later == earlier or later > earlier + 1 for earlier, later in _page_steps(records)):
        yield Notice("pagination_gap", "The pages are not consecutive: a record may be missing.")
    for reading in pair.ends:
        if reading.reason in _ABNORMAL_ENDS:
            yield Notice("ended_abnormally", f"The transaction was ended by {_ABNORMAL_ENDS[reading.reason]}.")
    if energy is not None and _implausible(energy, duration):
        yield Notice("implausible_energy", f"{energy:f} kWh is more than a charging session can deliver.")


def _implausible(energy: Decimal, duration: Decimal | None) -> bool:
    too_fast = duration is not None and duration > 0 and energy * 3600 / duration > _LARGEST_MEAN_KW
    return energy > _LARGEST_KWH or too_fast


def _page_steps(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Give the numbers of neighbouring pages, the begin's record first and the end's last."""
    counters: dict[str, list[int]] = {}
    for record in _by_role(records):
        for page in (record.page, record.last_page):
            found = re.fullmatch(r"([A-Za-z]?)(\d{1,18})", page or "", re.ASCII)
            if found:
                counters.setdefault(found.group(1).upper(), []).append(int(found.group(2)))
    for pages in counters.values():
        yield from pairwise(pages)


def _by_role(records: Sequence[Record]) -> list[Record]:
    def place(record: Record) -> int:
        reasons = {reading.reason or "" for reading in record.readings}
        return 2 if reasons & ENDS else 0 if "B" in reasons else 1

    begins = [record for record in records if place(record) == 0]
    ends = [record for record in records if place(record) == 2]
    return sorted(records, key=place) if len(begins) == 1 and len(ends) == 1 else list(records)


def _notes(records: Sequence[Record], pair: _Pair) -> tuple[str, ...]:
    notes = list(dict.fromkeys(note for record in records for note in record.notes))
    if pair.register and pair.register.is_compensated:
        notes.append("The energy is the compensated value: the loss in the cable is taken off.")
    if pair.register and pair.register.is_export:
        notes.append("The energy was taken from the vehicle, not given to it.")
    return tuple(notes)


def _once(notices: Sequence[Notice] | Iterator[Notice]) -> tuple[Notice, ...]:
    """Return the first notice of each code."""
    first: dict[str, Notice] = {}
    for notice in notices:
        first.setdefault(notice.code, notice)
    return tuple(first.values())
