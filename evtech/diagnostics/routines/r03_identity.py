"""R03: who is it, does it answer everything, and do the values make sense? Writing needs this to have passed."""

import math
import struct
from collections.abc import Iterator

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import concluded
from evtech.diagnostics.plausible import VOLTS, judge_plausible
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.measure.sample import Reading

LEAST_POLLS = 4  # power is compared only in the polls between the first and the last: one of them alone is no proof
LONGEST_S = 12.0  # in which a slow line brings them too
FACTORS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)


async def _run(bench: Bench) -> RoutineResult:
    if bench.live is not None:
        await _identity(bench)
        live = bench.live
        await bench.watch(LONGEST_S, lambda reading: len(live.readings) >= LEAST_POLLS, "Reading every point")
        if bench.live.readings:
            _answers(bench, bench.live.readings[-1])
    evidence = bench.evidence()
    if evidence is None:
        return bench.result(Verdict.INCONCLUSIVE, "There is no sample to judge.")
    judge_plausible(bench, evidence)
    if any(step.name == "voltage" and step.verdict is Verdict.FAIL for step in bench.steps):
        _decode_search(bench, evidence)
    result = concluded(bench, "None of the values that can be checked is there.")
    if result.verdict is Verdict.FAIL:
        return bench.result(Verdict.FAIL, f"{result.reason} Writing stays locked.")
    return result


async def _identity(bench: Bench) -> None:
    assert bench.device is not None
    who = await bench.device.identify()
    bench.measured |= {
        "profile": who.profile, "vendor": who.vendor, "model": who.model, "serial_number": who.serial_number,
        "firmware_version": who.firmware_version,
    }  # fmt: skip
    told = (
        f"{who.vendor} {who.model}, serial number {who.serial_number or 'not told'}, firmware "
        f"{who.firmware_version or 'not told'}"
    )
    bench.step("identity", Verdict.PASS, f"It is read as {told}.")


def _answers(bench: Bench, reading: Reading) -> None:
    """Judge the share of the points that answered; a refused one is a warning, none at all is a wrong profile."""
    refused = [n for n, s in reading.samples.items() if s.value is None and "refused" in (s.reason or "")]
    optional = bench.profile.points if bench.profile else {}
    needed = [name for name in refused if name in optional and not optional[name].optional]
    share = 1 - len(refused) / max(len(reading.samples), 1)
    bench.measured |= {"answered_share": share, "refused": refused}
    if share < 0.5:
        said = f"Only {100 * share:.0f} % of the points answer: the register map is another one."
        bench.step("answers", Verdict.FAIL, said)
        bench.faults["COM-MAP-MISMATCH"] = None
    elif needed:
        said = f"{100 * share:.0f} % of the points answer; refused: {', '.join(needed[:5])}."
        bench.step("answers", Verdict.WARN, said, expected="100 %", measured=f"{100 * share:.0f} %")
    else:
        bench.step("answers", Verdict.PASS, f"{100 * share:.0f} % of the points answer; what is refused is optional.")


def _decode_search(bench: Bench, evidence: Evidence) -> None:
    """Look for the width, order and scale that give 90 to 300 V on each phase; told only where exactly one fits."""
    raws = _raw_voltages(bench)
    if raws:
        ways = [way for way in _ways(raws[0]) if all(_fits(_decoded(raw, *way)) for raw in raws)]
        names = list(dict.fromkeys(f"{kind} {order}, scale {factor:g}" for kind, order, factor in ways))
    else:
        levels = [float(np.nanmedian(column)) for column in evidence.voltages.values()]
        names = [f"scale off by {1 / factor:g}" for factor in FACTORS if all(_fits(factor * level) for level in levels)]
    bench.measured["decodings"] = names
    if len(names) == 1:
        bench.step("decoding", Verdict.WARN, f"Exactly one way of reading fits all phases: {names[0]}.")
    else:
        bench.step(
            "decoding", Verdict.INCONCLUSIVE, f"{len(names)} ways of reading would fit: the map itself is wrong."
        )


def _raw_voltages(bench: Bench) -> list[tuple[int, ...]]:
    if bench.live is None or not bench.live.readings:
        return []
    samples = bench.live.readings[-1].samples
    return [
        samples[f"voltage_l{n}"].raw for n in (1, 2, 3) if f"voltage_l{n}" in samples and samples[f"voltage_l{n}"].raw
    ]


def _ways(raw: tuple[int, ...]) -> Iterator[tuple[str, str, float]]:
    kinds = ("uint32", "int32", "float32") if len(raw) == 2 else ("uint16", "int16")
    for kind in kinds:
        for order in ("big", "little") if len(raw) == 2 else ("big",):
            yield from ((kind, order, factor) for factor in ((1.0,) if kind == "float32" else FACTORS[:4]))


def _decoded(raw: tuple[int, ...], kind: str, order: str, factor: float) -> float:
    words = raw if order == "big" else raw[::-1]
    data = struct.pack(f">{len(words)}H", *words)
    code = {"uint32": ">I", "int32": ">i", "float32": ">f", "uint16": ">H", "int16": ">h"}[kind]
    return float(struct.unpack(code, data)[0]) * factor if len(data) == struct.calcsize(code) else math.nan


def _fits(volts: float) -> bool:
    return math.isfinite(volts) and VOLTS[0] <= volts <= VOLTS[1]


ROUTINE = Routine(
    id="R03",
    title="Identity and plausible values",
    purpose="Proves that the values are decoded right, before anything is judged by them or written.",
    run=_run,
    watch_s=5,
    seconds=20,
)
