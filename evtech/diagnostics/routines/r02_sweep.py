"""R02: who answers, with which settings? Finds speed, framing, ids, swapped wires and two devices with one id.

Only reads are sent, a bounded number of them; at the end the line is quiet and the former link is open again.
"""

import contextlib
from dataclasses import replace

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.judging import concluded
from evtech.diagnostics.probing import (
    ABSENT_CODES,
    USUAL_UNITS,
    Prober,
    Tally,
    doubled,
    find_target,
    foreign_frames,
    frames_in,
    guess_of,
    received,
    why_lost,
)
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.errors import LinkError
from evtech.links.address import SERIAL_SCHEMES, LinkAddress
from evtech.links.link import ModbusLink, Table

TRY_S = 0.25
SETTINGS = tuple(
    (baud, parity, stops)
    for baud in (9600, 19200, 38400, 57600, 115200)
    for parity, stops in (("N", 1), ("E", 1), ("N", 2), ("O", 1))
)
SWEEP_UNITS = (1, 255)
LISTEN_S, LISTENS = 1.2, 3
REPEATS = 6
GARBLED_UNITS = 3
CONNECTS = 3
DROPPED_AFTER = 25
USUAL_PORTS = (502, 503, 5020)


async def _run(bench: Bench) -> RoutineResult:
    if bench.address is None or bench.link is None or not bench.routine_may_probe:
        return _from_facts(bench)
    serial = bench.address.scheme in SERIAL_SCHEMES
    async with bench.exclusive():
        was_open = bench.link.is_open
        if was_open:
            await bench.link.close()
        try:
            await (_serial if serial else _network)(bench, bench.address)
        finally:
            if was_open:
                with contextlib.suppress(LinkError):
                    await bench.link.open()
    return concluded(bench)


def _from_facts(bench: Bench) -> RoutineResult:
    if bench.facts.number("duplicate_suspect"):
        bench.faults["COM-DUP-ID"] = None
        bench.step("duplicate", Verdict.FAIL, "Two devices are suspected to share one unit id.")
        return concluded(bench)
    return bench.result(Verdict.INCONCLUSIVE, "Needs the link itself: a recording cannot be asked who else answers.")


# ---- TCP ----


async def _network(bench: Bench, address: LinkAddress) -> None:
    link = await _connected(bench, address)
    if link is None:
        return
    try:
        prober = Prober(bench, link, 200)
        units = [address.unit_id] if address.unit_id is not None else []
        found = await _responders(bench, prober, [*units, *(u for u in USUAL_UNITS if u not in units)], stop_after=4)
        if not found:
            await _no_reply(bench, address, link)
            return
        _judge_responders(bench, found, address.unit_id)
        await _holds(bench, link, found[0])
    finally:
        await link.close()


async def _connected(bench: Bench, address: LinkAddress) -> ModbusLink | None:
    """Connect, or say why not: refused, silent, name, taken."""
    closed = 0
    for _ in range(CONNECTS):
        link = bench.open_link(replace(address, timeout=address.timeout or 2 * TRY_S))
        try:
            await link.open()
        except LinkError as error:
            await _not_connected(bench, address, error)
            return None
        kind = await Prober(bench, link, 1).ask(Tally("first", address.unit_id or 1, 1), Table.HOLDING, 0)
        if kind != "lost":
            return link
        closed += 1
        await link.close()
        await bench.pause(1.0)  # touchy servers stop when connected more often than once a second
    said = (
        f"The connection is accepted and closed before the first answer, {closed} times of "
        f"{CONNECTS}: another client holds the only place."
    )
    bench.step("connection", Verdict.FAIL, said)
    bench.faults["COM-TCP-UNREACHABLE"] = None
    bench.favours.append(("COM-TCP-UNREACHABLE", "Another client holds the only connection"))
    bench.measured["connection"] = "taken"
    return None


async def _not_connected(bench: Bench, address: LinkAddress, error: LinkError) -> None:
    why = why_lost(error)
    bench.measured["connection"] = why
    bench.faults["COM-TCP-UNREACHABLE"] = None
    bench.step("connection", Verdict.FAIL, f"{error} {error.hint}")
    if why != "refused":
        return
    bench.favours.append(("COM-TCP-UNREACHABLE", "Modbus TCP is switched off in the charger"))
    for port in USUAL_PORTS:
        if port == address.port:
            continue
        link = bench.open_link(replace(address, port=port))
        try:
            await link.open()
        except LinkError:
            continue
        finally:
            await link.close()
        bench.step("other ports", Verdict.WARN, f"Port {port} of the same host is open: try it.")
        bench.favours.append(("COM-TCP-UNREACHABLE", "The address, port or subnet is another one"))


async def _no_reply(bench: Bench, address: LinkAddress, link: ModbusLink) -> None:
    """Nothing answers over TCP: try the same request as an RTU frame, as a transparent gateway would want it."""
    await link.close()
    bench.faults["COM-TCP-NO-REPLY"] = None
    bench.measured["connection"] = "no reply"
    said = "It connects, but none of the usual unit ids answers."
    other = replace(address, scheme="rtu+tcp", port=address.port or 502, timeout=TRY_S)
    raw = bench.open_link(other)
    with contextlib.suppress(LinkError):
        await raw.open()
        if await find_target(Prober(bench, raw, 12), [address.unit_id or 1]) is not None:
            said += f" As RTU frames over the socket it answers: use {other.scheme}://{other.host}:{other.port}."
            bench.favours.append(
                (
                    "COM-TCP-NO-REPLY",
                    "A gateway passes RTU frames through while TCP frames are sent, or the other way round",
                )
            )
    await raw.close()
    bench.step("answers", Verdict.FAIL, said)


async def _holds(bench: Bench, link: ModbusLink, unit: int) -> None:
    """Ask on one connection a while: a server that drops it shows itself."""
    tally = await Prober(bench, link, DROPPED_AFTER).series("holding", unit, Table.HOLDING, 0, 1, DROPPED_AFTER, 0.1)
    bench.measured["held_requests"] = tally.requests - tally.lost
    if tally.lost:
        said = f"The connection was dropped {tally.lost} time(s) within {tally.requests} requests."
        bench.step("connection", Verdict.FAIL if tally.lost > 1 else Verdict.WARN, said)
        bench.faults["COM-INTERMITTENT"] = None
    elif tally.exceptions == tally.requests and tally.requests and tally.codes[-1] in (4, 5, 6):
        said = f"Every request is refused with exception {tally.codes[-1]}: the device is busy or failing."
        bench.step("exceptions", Verdict.FAIL, said)
        bench.faults["COM-EXCEPTION"] = None


# ---- serial ----


async def _serial(bench: Bench, address: LinkAddress) -> None:
    heard = b""
    told = bench.profile.serial if bench.profile else None
    first = (
        address.baud or (told.baud if told else 9600),
        address.parity or (told.parity if told else "N"),
        address.stopbits or (told.stopbits if told else 1),
    )
    wait = min(TRY_S, address.timeout or TRY_S)
    order = [first, *(settings for settings in SETTINGS if settings != first)]
    for number, settings in enumerate(order):
        at = replace(address, baud=settings[0], parity=settings[1], stopbits=settings[2], timeout=wait)
        link = bench.open_link(at)
        try:
            await link.open()
        except LinkError as error:
            if number == 0:
                bench.step("port", Verdict.FAIL, f"{error} {error.hint}")
                return
            continue
        try:
            if number == 0 and await _hears_a_master(bench, link, address.unit_id or 1):
                return  # two masters at once make damage that says nothing
            answered = await _try(bench, link, address, number == 0)
            heard += received(link.traffic.frames())
            if answered:
                await _on_working(bench, link, address, settings, first)
                return
        finally:
            await link.close()
        bench.tell(f"Nothing at {settings[0]} 8{settings[1]}{settings[2]}", (number + 1) / len(order))
    _judge_silence(bench, heard)


async def _hears_a_master(bench: Bench, link: ModbusLink, unit: int) -> bool:
    """Listen before asking: whole frames on a bus that nobody here uses are another master's."""
    prober = Prober(bench, link, LISTENS)
    for _ in range(LISTENS):
        await bench.pause(LISTEN_S)
        await prober.ask(Tally("listening", unit, 1), Table.HOLDING, 0)
    frames = foreign_frames(link.traffic.frames(), unit)
    if frames:
        units = sorted(set(frames))
        said = (
            f"{len(frames)} whole frame(s) for unit(s) {', '.join(map(str, units))} came "
            "before anything was asked: a second master is on the bus. Pause it, then run this again."
        )
        bench.step("listening", Verdict.FAIL, said)
        bench.faults["COM-SECOND-MASTER"] = None
        bench.measured["foreign_frames"] = len(frames)
    return bool(frames)


async def _try(bench: Bench, link: ModbusLink, address: LinkAddress, thorough: bool) -> bool:
    """Tell whether anything answers with these settings, be it with an exception."""
    told = [address.unit_id] if address.unit_id is not None else [bench.profile.unit_id] if bench.profile else []
    units = list(dict.fromkeys([*told, *(USUAL_UNITS if thorough else SWEEP_UNITS[:1])]))
    prober = Prober(bench, link, 3 * len(units))
    garbled = 0
    for unit in [unit for unit in units if unit <= 247]:
        kind = await _insisting(prober, Tally("sweep", unit, 1))
        if kind in ("ok", "exception"):
            return True
        if kind == "bad" and frames_in(received(link.traffic.frames())):
            return True  # a frame is there, if damaged or doubled: the settings are right
        garbled += kind == "bad"
        if garbled >= GARBLED_UNITS:
            return False  # bytes for every unit and no frame: other settings, not other units
    return False


async def _insisting(prober: Prober, tally: Tally) -> str:
    """Ask once, and twice more where bytes came that were no answer: two devices may speak at a time."""
    kind = await prober.ask(tally, Table.HOLDING, 0)
    for _ in range(2):
        if kind != "bad":
            break
        kind = await prober.ask(tally, Table.HOLDING, 0)
    return kind


async def _on_working(
    bench: Bench, link: ModbusLink, address: LinkAddress, settings: tuple[int, str, int], first: tuple[int, str, int]
) -> None:
    words = f"{settings[0]} 8{settings[1]}{settings[2]}"
    bench.measured["settings"] = words
    if settings != first:
        said = f"It answers at {words}, not at {first[0]} 8{first[1]}{first[2]} as was asked."
        bench.step("settings", Verdict.FAIL, said)
        bench.faults["COM-RTU-SILENT"] = None
        bench.favours.append(("COM-RTU-SILENT", "Speed, parity, stop bits or framing differ"))
    units = [address.unit_id] if address.unit_id is not None else []
    prober = Prober(bench, link, 150)
    found = await _responders(bench, prober, [*units, *(u for u in USUAL_UNITS if u not in units and u <= 247)])
    _judge_responders(bench, found, address.unit_id)
    for unit in found:
        await _duplicate(bench, link, unit)


def _judge_silence(bench: Bench, heard: bytes) -> None:
    bench.faults["COM-RTU-SILENT"] = None
    bench.measured["bytes_heard"] = len(heard)
    if not heard:
        bench.step(
            "answers",
            Verdict.FAIL,
            f"Not one byte came in {len(SETTINGS)} settings: no device, no power, a broken wire, or A and B swapped.",
        )
        return
    guess = guess_of(heard)
    bench.measured["guess"] = guess
    words = {
        "ascii": (
            "Text framing (Modbus ASCII) is heard: choose an ASCII link.",
            "Speed, parity, stop bits or framing differ",
        ),
        "inverted": (
            "What comes makes sense only inverted: A and B are probably swapped.",
            "The wires A and B are swapped (makers letter them differently)",
        ),
        "settings": (
            "Bytes come, but no frame in any setting: speed, parity, or noise.",
            "Speed, parity, stop bits or framing differ",
        ),
    }
    said, cause = words[guess]
    bench.favours.append(("COM-RTU-SILENT", cause))
    bench.step("answers", Verdict.FAIL, f"{said} ({len(heard)} bytes)")


# ---- both ----


async def _responders(bench: Bench, prober: Prober, units: list[int], stop_after: int = 250) -> list[int]:
    """Return the unit ids that answer, be it with an exception."""
    found: list[int] = []
    for number, unit in enumerate(units):
        if prober.left < 1 or len(found) >= stop_after:
            break
        tally = Tally("scan", unit, 1)
        kind = await _insisting(prober, tally)
        garbled = kind == "bad" and any(u == unit for u, _, _ in frames_in(received(prober.link.traffic.frames())))
        if kind == "ok" or (kind == "exception" and tally.codes[0] not in ABSENT_CODES) or garbled:
            found.append(unit)
        bench.tell(f"Unit {unit}", (number + 1) / len(units))
    bench.measured["units"] = found
    return found


def _judge_responders(bench: Bench, found: list[int], wanted: int | None) -> None:
    shown = ", ".join(map(str, found)) or "none"
    if wanted is not None and found and wanted not in found:
        bench.step(
            "units", Verdict.FAIL, f"Unit {wanted} does not answer; these do: {shown}. The unit id is another one."
        )
        name = "COM-RTU-SILENT" if bench.address and bench.address.scheme in SERIAL_SCHEMES else "COM-TCP-NO-REPLY"
        bench.faults[name] = None
        bench.favours.append((name, "The unit id is another one"))
    elif found:
        bench.step("units", Verdict.PASS, f"Answering unit ids: {shown}.")
    else:
        bench.step("units", Verdict.FAIL, "No unit id answers.")


async def _duplicate(bench: Bench, link: ModbusLink, unit: int) -> None:
    """Read one unit several times: two answers to one request, or damage on this id alone, are two devices."""
    prober = Prober(bench, link, 3 * REPEATS)
    tally = await prober.series("same read", unit, Table.HOLDING, 0, 1, REPEATS, 0.1)
    longer = Tally("same read, longer", unit, 2)
    for _ in range(REPEATS):
        await prober.ask(longer, Table.HOLDING, 0)
    twice = doubled(link.traffic.frames(), unit)
    bad, count = tally.bad + longer.bad, tally.requests + longer.requests
    if twice or bad >= count / 3:
        why = "two different answers came to one request" if twice else f"{bad} of {count} answers are damaged"
        bench.step(f"unit {unit}", Verdict.FAIL, f"Unit {unit}: {why}. Two devices share this id.")
        bench.faults["COM-DUP-ID"] = None
    elif bad:
        bench.step(f"unit {unit}", Verdict.WARN, f"Unit {unit}: {bad} of {count} answers are damaged (none).")
        bench.faults.setdefault("COM-CRC-NOISE", None)
    elif tally.codes and tally.exceptions == tally.requests and tally.codes[-1] in (4, 5, 6):
        bench.step(f"unit {unit}", Verdict.FAIL, f"Unit {unit} refuses every request with exception {tally.codes[-1]}.")
        bench.faults["COM-EXCEPTION"] = None


ROUTINE = Routine(
    id="R02",
    title="Who answers, with which settings",
    purpose="Finds speed, framing and unit ids, swapped wires, and two devices with one id.",
    run=_run,
    seconds=120,
    needs_link=True,
    needs_profile=False,
)
