"""R15: restarts and faults of the past: what happened, how often, and what was only a consequence."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import absent, concluded
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict

BOOTS_PER_DAY, DAY_S = 2, 86_400.0
SAME_FAULT, WEEK_S = 3, 7 * 86_400.0
CONSEQUENCE_S = 5.0
EXPLAINED = ("user", "command", "remote", "update", "firmware", "reset by", "scheduled")
_NONE = ("", "0", "0.0", "0x0", "none", "no_error", "noerror")


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(3, lambda reading: True, "Reading counters and faults")
    evidence = bench.evidence()
    past = [event for event in bench.facts.previous if isinstance(event, dict)]
    if not past:
        gone = absent(bench, "boot_count|uptime|error_code|reset_reason")
        if gone is not None:
            return gone
    boots, faults = _boots(evidence, past), _faults(evidence, past)
    _judge_boots(bench, boots)
    _judge_faults(bench, faults)
    _snapshot(bench, evidence)
    return concluded(bench)


def _moment(event: dict[str, Any]) -> float | None:
    """Return an event's time (s): ISO 8601 or seconds."""
    told = event.get("time")
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _boots(evidence: Evidence | None, past: list[dict[str, Any]]) -> list[tuple[float, bool]]:
    """Return each restart's time and whether its reason is known."""
    found: list[tuple[float, bool]] = []
    if evidence is not None:
        times = evidence.trace.times
        count, uptime = evidence.numbers("boot_count"), evidence.numbers("uptime")
        if count is not None:
            found += [(float(t), False) for t in times[1:][np.diff(count) > 0]]
        elif uptime is not None:
            found += [(float(t), False) for t in times[1:][np.diff(uptime) < -CONSEQUENCE_S]]
    for event in past:
        told = f"{event.get('event', '')} {event.get('text', '')}".lower()
        at = _moment(event)
        if at is not None and any(word in told for word in ("boot", "restart", "reset", "power up", "start-up")):
            found.append((at, any(word in told for word in EXPLAINED)))
    return sorted(found)


def _faults(evidence: Evidence | None, past: list[dict[str, Any]]) -> list[tuple[float, str]]:
    """Return each occurrence of a fault, without those that follow another one within five seconds."""
    found: list[tuple[float, str]] = []
    words = evidence.words("error_code") if evidence is not None else None
    if evidence is not None and words is not None:
        before = ""
        for at, word in zip(evidence.trace.times.tolist(), words.tolist(), strict=True):
            if word and word != before:
                if word.lower() not in _NONE:
                    found.append((at, word))
                before = word
    for event in past:
        code, at = str(event.get("code") or "").strip(), _moment(event)
        if at is not None and code.lower() not in _NONE:
            found.append((at, code))
    found.sort()
    first_ones: list[tuple[float, str]] = []
    for at, code in found:
        if not first_ones or at - first_ones[-1][0] > CONSEQUENCE_S or code == first_ones[-1][1]:
            first_ones.append((at, code))
    return first_ones


def _most_within(moments: list[float], window: float) -> int:
    """Return the largest number of moments that lie within one window."""
    array = np.sort(np.array(moments))
    return int(np.max(np.searchsorted(array, array + window, "right") - np.arange(len(array)), initial=0))


def _judge_boots(bench: Bench, boots: list[tuple[float, bool]]) -> None:
    unexplained = [at for at, known in boots if not known]
    most = _most_within(unexplained, DAY_S)
    bench.measured |= {"boots": len(boots), "boots_unexplained_24h": most}
    verdict = Verdict.FAIL if most > BOOTS_PER_DAY else Verdict.PASS
    said = f"{most} restart(s) without a known reason within 24 h (at most {BOOTS_PER_DAY})."
    bench.step("restarts", verdict, said, expected=f"at most {BOOTS_PER_DAY}", measured=str(most))
    if verdict is Verdict.FAIL:
        bench.faults["INT-FAULT"] = None


def _judge_faults(bench: Bench, faults: list[tuple[float, str]]) -> None:
    counted = Counter(code for _, code in faults)
    bench.measured["faults"] = dict(counted)
    if not counted:
        bench.step("faults", Verdict.PASS, "No fault is recorded.")
        return
    code = max(counted, key=lambda name: _most_within([at for at, c in faults if c == name], WEEK_S))
    most = _most_within([at for at, c in faults if c == code], WEEK_S)
    bench.measured["most_frequent"] = {"code": code, "in_7_days": most}
    if most > SAME_FAULT:
        said = f"Fault {code} came {most} times within 7 days (at most {SAME_FAULT}): a reset does not cure it."
        bench.step("faults", Verdict.FAIL, said)
    else:
        said = f"{sum(counted.values())} fault(s) are recorded, {code} most often ({most} within 7 days)."
        bench.step("faults", Verdict.WARN, said)


def _snapshot(bench: Bench, evidence: Evidence | None) -> None:
    """Keep counters and fault words as they stand: after a reset they are gone."""
    if evidence is None:
        return
    kept: dict[str, Any] = {}
    for name in (
        "boot_count",
        "uptime",
        "relay_cycles",
        "residual_trip_count",
        "fault_count_gfi",
        "fault_count_no_ground",
        "fault_count_stuck_relay",
    ):
        column = evidence.numbers(name)
        if column is not None:
            kept[name] = float(column[~np.isnan(column)][-1])
    for name in ("error_code", "reset_reason"):
        words = evidence.words(name)
        if words is not None:
            kept[name] = next(word for word in reversed(words.tolist()) if word)
    bench.measured["copied"] = kept


ROUTINE = Routine(
    id="R15",
    title="Restarts and fault history",
    purpose="Copies what a reset would destroy and shows what comes again and again.",
    run=_run,
    needs=("boot_count|uptime|error_code|reset_reason",),
    watch_s=3,
    seconds=10,
)
