"""R01: is the link sound? Counts timeouts, damaged frames, exceptions and times of answer.

A recording brings its counts in the facts file (``link.outcomes``); a live link is asked, a few hundred times at most.
"""

from typing import Any

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.guided import measure
from evtech.diagnostics.judging import concluded
from evtech.diagnostics.measurements import question
from evtech.diagnostics.probing import USUAL_UNITS, Prober, Tally, find_target, foreign_frames
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.errors import LinkError
from evtech.links.address import SERIAL_SCHEMES
from evtech.links.link import Table

READS, FASTER_READS, LENGTH_READS = 200, 60, 100
LENGTHS = (1, 16, 60)
LEAST_INTERVAL_S, PROFILELESS_S = 0.1, 0.25
TIMEOUTS_PCT, DAMAGED_PCT = (0.5, 2.0), (0.0, 0.5)
TCP_MS, SLOW_MS, SERIAL_EXTRA_MS = 300.0, 1000.0, 100.0
SILENT_PCT = 95.0
STORM_PCT = 50.0
BURST_REGULAR, LEAST_BURSTS = 0.25, 4
LOAD_FACTOR = 3.0
_GUIDED = ("ab_resistance_ohm", "ab_idle_v", "bus_common_v")


async def _run(bench: Bench) -> RoutineResult:
    rows = [row for row in bench.facts.link.get("outcomes", []) if isinstance(row, dict)]
    kind = str(bench.facts.link.get("kind") or "")
    tallies: list[Tally] = []
    if not rows and bench.link is not None and bench.routine_may_probe:
        kind = kind or ("rtu" if _is_serial(bench) else "tcp")
        async with bench.exclusive():
            tallies = await _probe(bench, kind == "rtu")
        rows = [tally.as_outcome() for tally in tallies]
    if kind != "tcp":
        for name in _GUIDED:
            await measure(bench, name)
    bench.measured["outcomes"] = rows
    for row in rows:
        _judge_row(bench, row, kind)
    _bursts(bench, tallies)
    _interpret(bench, rows, kind)
    if bench.facts.link.get("connected") is False:
        bench.step("connection", Verdict.FAIL, "No connection could be made.")
        bench.faults["COM-TCP-UNREACHABLE"] = None
    if not rows and not any(name in bench.measured for name in _GUIDED) and not bench.faults:
        return bench.result(Verdict.INCONCLUSIVE, "There is no count of requests and answers to judge.")
    return concluded(bench)


def _is_serial(bench: Bench) -> bool:
    assert bench.link is not None
    return bench.address.scheme in (*SERIAL_SCHEMES, "rtu+tcp") if bench.address else bench.link.byte_time > 0


async def _probe(bench: Bench, serial: bool) -> list[Tally]:
    """Ask the link: at the usual interval, faster, and on a serial line at several lengths."""
    assert bench.link is not None
    prober = Prober(bench, bench.link)
    try:
        if not bench.link.is_open:
            await bench.link.open()
    except LinkError as error:
        bench.step("connection", Verdict.FAIL, str(error))
        bench.faults["COM-TCP-UNREACHABLE"] = None
        return []
    target = await _target(bench, prober)
    interval = bench.live.interval if bench.live else PROFILELESS_S
    count = READS if bench.quick_s is None else max(20, min(READS, int(bench.quick_s / interval)))
    unit, table, address, registers = target
    tallies = [await prober.series("usual pace", unit, table, address, registers, count, interval)]
    first = tallies[0]
    if first.ok + first.exceptions == 0:
        return tallies  # nothing answers: asking faster teaches nothing
    if not (bench.profile and bench.profile.reads.min_gap_s > 0.2):
        for share in (2, 4):
            pace = max(interval / share, LEAST_INTERVAL_S)
            reads = min(FASTER_READS, count)
            tallies.append(await prober.series(f"pace 1/{share}", unit, table, address, registers, reads, pace))
    if serial and first.ok:
        for length in LENGTHS:
            tally = await prober.series(
                f"{length} registers", unit, table, address, length, min(LENGTH_READS, count), LEAST_INTERVAL_S
            )
            if tally.ok:  # a device may not have so many in a row
                tallies.append(tally)
    _strangers(bench, unit)
    return tallies


async def _target(bench: Bench, prober: Prober) -> tuple[int, Table, int, int]:
    """Return unit, table, address and count of the block to read: a live one of the profile, else what answers."""
    if bench.device is not None:
        points = [p for p in bench.device.profile.points.values() if p.readable and not p.identity]
        point = next((p for p in points if p.name == "voltage_l1"), points[0])
        return point.unit_id or bench.device.unit_id, point.table, point.address, point.count
    told = bench.address.unit_id if bench.address else None
    found = await find_target(prober, [told] if told is not None else (*USUAL_UNITS[:3], 255))
    unit, table, address = found or (told if told is not None else 1, Table.HOLDING, 0)
    return unit, table, address, 1


def _strangers(bench: Bench, unit: int) -> None:
    """Look for whole frames that nobody here asked for."""
    assert bench.link is not None
    frames = foreign_frames(bench.link.traffic.frames(), unit)
    if frames:
        units = sorted(set(frames))
        said = (
            f"{len(frames)} whole frame(s) of unit(s) {', '.join(map(str, units))} came that "
            "nobody here asked for: a second master."
        )
        bench.step("strangers", Verdict.FAIL, said)
        bench.faults["COM-SECOND-MASTER"] = None


def _number(row: dict[str, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _judge_row(bench: Bench, row: dict[str, Any], kind: str) -> None:
    where = f"{row.get('condition') or 'probing'}, unit {row.get('unit', '?')}"
    count = _number(row, "requests") or 0.0
    timeouts, damaged = _number(row, "timeout_pct"), _number(row, "crc_pct")
    if timeouts is not None:
        verdict = (
            Verdict.PASS if timeouts < TIMEOUTS_PCT[0] else Verdict.WARN if timeouts < TIMEOUTS_PCT[1] else Verdict.FAIL
        )
        said = f"{where}: {timeouts:.1f} % timeouts of {count:.0f} requests (under {TIMEOUTS_PCT[0]:g} %)"
        bench.step("timeouts", verdict, said + _bound(timeouts, count), measured=f"{timeouts:.1f} %")
    if damaged is not None and (kind == "rtu" or damaged):
        verdict = Verdict.PASS if damaged == 0 else Verdict.WARN if damaged < DAMAGED_PCT[1] else Verdict.FAIL
        said = (
            f"{where}: {damaged:.1f} % damaged or foreign answers of {count:.0f} (none; from "
            f"{DAMAGED_PCT[1]:g} % on bad)"
        )
        bench.step("damaged", verdict, said + _bound(damaged, count), measured=f"{damaged:.1f} %")
    _judge_times(bench, row, where, kind)
    lost = _number(row, "reconnects")
    if lost:
        verdict = Verdict.WARN if lost <= 1 else Verdict.FAIL
        bench.step("connections", verdict, f"{where}: the connection was lost {lost:.0f} time(s) (never; once warns).")
    refused = _number(row, "exception_pct")
    if refused:
        verdict = Verdict.FAIL if refused >= STORM_PCT else Verdict.WARN
        bench.step(
            "exceptions",
            verdict,
            f"{where}: {refused:.1f} % of the requests were refused with a Modbus exception (none).",
        )


def _bound(share: float, count: float) -> str:
    """With n requests and no error the 95 % bound is 3 / n: that is all they prove."""
    return f"; that proves only under {300 / count:.1f} %." if share == 0 and count else "."


def _judge_times(bench: Bench, row: dict[str, Any], where: str, kind: str) -> None:
    p95, p50 = _number(row, "p95_ms"), _number(row, "p50_ms")
    if p95 is None:
        return
    good = TCP_MS
    if kind == "rtu":
        byte_s = bench.link.byte_time if bench.link else 0.0
        registers = _number(row, "registers") or 1
        good = 4 * (13 + 2 * registers) * (byte_s or 11 / 9600) * 1000 + SERIAL_EXTRA_MS
    verdict = Verdict.PASS if p95 < good else Verdict.WARN if p95 < SLOW_MS else Verdict.FAIL
    jitter = "" if p50 is None else f", jitter {p95 - p50:.0f} ms"
    said = f"{where}: 95 of 100 answers within {p95:.0f} ms{jitter} (under {good:.0f} ms; from {SLOW_MS:g} ms on bad)."
    bench.step("times", verdict, said, expected=f"under {good:.0f} ms", measured=f"{p95:.0f} ms")


def _bursts(bench: Bench, tallies: list[Tally]) -> None:
    """Look for a rhythm in the errors: a fixed period is another master's."""
    at = np.array([moment for tally in tallies for moment in tally.errors_at])
    period = bench.facts.number("burst_period_s")
    if period is None and len(at) >= LEAST_BURSTS:
        starts = at[np.concatenate([[True], np.diff(at) > 0.5])]
        gaps = np.diff(starts)
        if (
            len(gaps) >= LEAST_BURSTS - 1
            and float(np.std(gaps)) < BURST_REGULAR * float(np.mean(gaps))
            and float(np.mean(gaps)) >= 1
        ):
            period = float(np.mean(gaps))
    if period is not None and 1 <= period <= 120:
        bench.measured["burst_period_s"] = period
        bench.step("rhythm", Verdict.WARN, f"Errors come every {period:.1f} s: another master speaks then.")
        bench.faults["COM-SECOND-MASTER"] = None


def _interpret(bench: Bench, rows: list[dict[str, Any]], kind: str) -> None:
    """Name the fault that the pattern of the errors speaks for."""
    if not rows:
        return
    damaged = {row.get("unit"): max(_number(row, "crc_pct") or 0.0, 0.0) for row in rows}
    for row in rows:
        damaged[row.get("unit")] = max(damaged[row.get("unit")], _number(row, "crc_pct") or 0.0)
    worst = max(damaged.values())
    timeouts = max((_number(row, "timeout_pct") or 0.0) for row in rows)
    slow = max((_number(row, "p95_ms") or 0.0) for row in rows)
    refused = max((_number(row, "exception_pct") or 0.0) for row in rows)
    bad = [unit for unit, share in damaged.items() if share > 1.0]
    if len(damaged) > 1 and len(bad) == 1 and all(share < 0.2 for unit, share in damaged.items() if unit != bad[0]):
        bench.faults["COM-DUP-ID"] = None
        bench.step(
            "pattern",
            Verdict.FAIL,
            f"Only unit {bad[0]} is damaged while the others are clean: two devices share its id.",
        )
    elif worst >= DAMAGED_PCT[1] and kind != "tcp":
        bench.faults["COM-CRC-NOISE"] = None
        bench.step("pattern", Verdict.FAIL, _pattern(rows))
    if timeouts >= SILENT_PCT and not worst:
        bench.faults["COM-RTU-SILENT" if kind == "rtu" else "COM-TCP-NO-REPLY"] = None
    lossy = timeouts >= TIMEOUTS_PCT[1] or slow > 800 or sum(_number(row, "reconnects") or 0 for row in rows) > 1
    if lossy and not bench.faults.keys() & {"COM-CRC-NOISE", "COM-DUP-ID", "COM-RTU-SILENT", "COM-TCP-NO-REPLY"}:
        bench.faults["COM-INTERMITTENT"] = None
    if refused:
        bench.faults["COM-EXCEPTION"] = None


def _pattern(rows: list[dict[str, Any]]) -> str:
    """Say with what the damage grows: load, length, pace, or nothing."""
    shares = [
        (str(row.get("condition", "")).lower(), _number(row, "registers") or 0.0, _number(row, "crc_pct") or 0.0)
        for row in rows
    ]
    idle = [share for name, _, share in shares if "idle" in name or name.startswith(("a", "b1"))]
    loaded = [share for name, _, share in shares if name.startswith(("c2", "load", "charg")) or "load" in name]
    if loaded and idle and max(loaded) > LOAD_FACTOR * max(max(idle), 0.05):
        return (
            f"Damage grows with the load ({max(idle):.1f} % idle, {max(loaded):.1f} % "
            "charging): the bus picks up interference."
        )
    short = [share for _, count, share in shares if 0 < count <= 4]
    long = [share for _, count, share in shares if count >= 16]
    if short and long and max(long) > LOAD_FACTOR * max(max(short), 0.05):
        return f"Damage grows with the length ({max(short):.1f} % short, {max(long):.1f} % long): noise or termination."
    fast = [share for name, _, share in shares if name.startswith("pace 1/4")]
    usual = [share for name, _, share in shares if name.startswith("usual")]
    if fast and usual and max(fast) > LOAD_FACTOR * max(max(usual), 0.05):
        return (
            f"Damage grows with the pace ({max(usual):.1f} % usual, {max(fast):.1f} % fast): "
            "the device or a gateway cannot keep up."
        )
    return (
        f"Up to {max(share for *_, share in shares):.1f} % of the answers are damaged (none; "
        f"from {DAMAGED_PCT[1]:g} % on bad)."
    )


ROUTINE = Routine(
    id="R01",
    title="Communication health",
    purpose="Tells noise, a busy device, a second master and a wrong register map apart by counting.",
    run=_run,
    questions=tuple(question(name) for name in _GUIDED),
    seconds=240,
    needs_link=True,
    needs_profile=False,
)
