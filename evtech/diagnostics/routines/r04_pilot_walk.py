"""R04: the pilot through its states: levels, offer, contactor, and a dead output where it must be dead.

Live, a person plugs, asks and unplugs while the routine watches; a recording is judged by the states it happens to
hold. Polls cannot prove the 100 ms of the standard: what is shown is an upper bound.
"""

from collections.abc import Callable

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import measure
from evtech.diagnostics.judging import CHARGING, absent, concluded, in_states, stretches, usual_step
from evtech.diagnostics.measurements import question
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.routine import Question, Routine, RoutineResult, Verdict
from evtech.measure.sample import Reading

DETECT_S = 30.0
SETTLE_S = 3.0
OFFER_S, CLOSE_S = 3.0, 3.0
OPEN_S = 0.1
DEAD_V, LIVE_V = 30.0, 180.0
EDGE_V = 0.3
# what the charger must recognise (IEC 61851-1, table A.2)
LEVELS = {"A": (11.0, 13.0), "B": (8.0, 10.0), "C": (5.0, 7.0), "D": (2.0, 4.0), "E": (-1.0, 1.0)}
LOW = (-13.0, -11.0)
DIODE_V = -10.0
HERTZ = (980.0, 1020.0)
DUTY_POINTS = 1.0
_SAFE = "The plug may be live in state C: use a test adapter that is whole, and keep fingers off its contacts."
WALK = (
    ("A", Question("walk_a", "Unplug everything from the charger, then confirm.", "done", safety=_SAFE)),
    ("B", Question("walk_b", "Plug in the vehicle or the adapter in state B, then confirm.", "done", safety=_SAFE)),
    (
        "C",
        Question(
            "walk_c", "Let the vehicle ask for charge, or switch the adapter to C, then confirm.", "done", safety=_SAFE
        ),
    ),
    (
        "B",
        Question(
            "walk_stop", "Stop at the vehicle, or switch the adapter back to B, then confirm.", "done", safety=_SAFE
        ),
    ),
    ("A", Question("walk_out", "Unplug, then confirm.", "done", safety=_SAFE)),
)
_EXTRA = (
    (
        "E",
        Question(
            "walk_cp_short", "With an adapter that can: short CP to PE in state C, then confirm.", "done", safety=_SAFE
        ),
    ),
    (
        "",
        Question(
            "walk_diode",
            "With an adapter that can: take the diode away in state C, then confirm.",
            "done",
            safety=_SAFE,
        ),
    ),
    ("", Question("walk_pe_open", "With an adapter that can: open PE in state C, then confirm.", "done", safety=_SAFE)),
)
_GUIDED = ("cp_open_v", "pp_resistance_ohm", "pe_continuity_ohm", "cp_pe_insulation_mohm")


async def _run(bench: Bench) -> RoutineResult:
    for name in _GUIDED:
        await measure(bench, name)
    walked = bench.live is not None and await _walk(bench)
    evidence = bench.evidence()
    if evidence is None or evidence.state is None:
        return concluded(bench) if bench.measured else (absent(bench, "cp_state") or concluded(bench))
    _levels(bench, evidence)
    _offer(bench, evidence)
    _closing(bench, evidence)
    _opening(bench, evidence)
    _dead_output(bench, evidence)
    result = concluded(bench)
    signals = [evidence.numbers(n) for n in ("cp_voltage_pos", "cp_voltage", "cp_voltage_neg", "pwm_duty")]
    if result.verdict is Verdict.PASS and not walked and not evidence.outputs and all(s is None for s in signals):
        seen = ", ".join(dict.fromkeys(w for w in evidence.state_words.tolist() if w))
        said = (
            f"Neither pilot level nor output voltage is told; the states seen ({seen}) only "
            "show that the map is plausible."
        )
        return bench.result(Verdict.INCONCLUSIVE, said)
    unseen = [letter for letter in "ABC" if not in_states(evidence, [f"{letter}{d}" for d in ("", "1", "2")]).any()]
    if result.verdict is Verdict.PASS and unseen:
        said = f"Nothing speaks against it, but state {' and '.join(unseen)} was not seen: no whole walk."
        return bench.result(Verdict.INCONCLUSIVE, f"{said} {result.reason}")
    return result


async def _walk(bench: Bench) -> bool:
    """Lead a person through the states; return whether anybody walked."""
    walked = False
    for number, (letter, asked) in enumerate((*WALK, *_EXTRA)):
        if await bench.ask(asked) is None:
            bench.step(
                asked.name, Verdict.SKIPPED, "Not done.", expected=f"state {letter}" if letter else "output dead"
            )
            if number == 0:
                return False
            continue
        walked = True
        if not letter:
            await bench.watch(SETTLE_S, text="Watching the reaction")
            _fault_reaction(bench, asked.name)
            continue
        begin = bench.clock.now()
        reached = await bench.watch(DETECT_S, _is_in(letter), f"Waiting for state {letter}")
        seconds = bench.clock.now() - begin
        shown = _letter(bench.live.readings[-1]) if bench.live and bench.live.readings else "?"
        if not reached:
            said = (
                f"State {letter} was not reached within {DETECT_S:g} s of the confirmation; "
                f"it reads {shown or 'nothing'}."
            )
            bench.step(asked.name, Verdict.FAIL, said, expected=letter, measured=shown)
        else:
            said = f"State {letter} was seen {seconds:.1f} s after the confirmation ({SETTLE_S:g} s are usual)."
            verdict = Verdict.PASS if seconds <= SETTLE_S + 2 * _interval(bench) else Verdict.WARN
            bench.step(asked.name, verdict, said, expected=letter, measured=f"{letter} after {seconds:.1f} s")
            await bench.watch(SETTLE_S * 2, text=f"Watching state {letter}")
    return walked


def _is_in(letter: str) -> Callable[[Reading], bool]:
    return lambda reading: _letter(reading) == letter


def _interval(bench: Bench) -> float:
    return bench.live.interval if bench.live else 1.0


def _letter(reading: Reading) -> str:
    return (reading.state.pilot or "")[:1] if reading.state else ""


def _fault_reaction(bench: Bench, name: str) -> None:
    """Judge that the output is dead after a fault was made with an adapter."""
    evidence = bench.evidence()
    outs = [] if evidence is None else [float(c[-1]) for c in evidence.outputs.values() if not np.isnan(c[-1])]
    amps = [] if evidence is None else [float(c[-1]) for c in evidence.currents.values() if not np.isnan(c[-1])]
    if outs:
        verdict = Verdict.PASS if max(outs) < DEAD_V else Verdict.FAIL
        bench.step(
            name, verdict, f"The output is at {max(outs):.0f} V (under {DEAD_V:g} V).", measured=f"{max(outs):.0f} V"
        )
    elif amps and max(amps) > 0.5:
        bench.step(name, Verdict.FAIL, f"{max(amps):.1f} A still flow.")
    else:
        bench.step(name, Verdict.INCONCLUSIVE, "The output's voltage is not told: measure it at the adapter.")


def _levels(bench: Bench, evidence: Evidence) -> None:
    """Judge the pilot's levels in each state, its low level, frequency and duty."""
    high = evidence.signal("cp.v_pos")
    low, hertz = evidence.signal("cp.v_neg"), evidence.signal("cp.freq")
    for letter, (bottom, top) in LEVELS.items():
        there = in_states(evidence, [f"{letter}{d}" for d in ("", "1", "2")])
        if high is None or high.numbers is None or not (there & ~np.isnan(high.numbers)).any():
            continue
        volts = float(np.nanmedian(high.numbers[there]))
        bench.measured[f"level_{letter.lower()}_v"] = volts
        inside = min(volts - bottom, top - volts)
        verdict = Verdict.FAIL if inside < 0 else Verdict.WARN if inside < EDGE_V else Verdict.PASS
        said = f"In {letter} the pilot stands at {volts:.2f} V (window {bottom:g} to {top:g} V)."
        bench.step(f"level {letter}", verdict, said, expected=f"{bottom:g} to {top:g} V", measured=f"{volts:.2f} V")
        if verdict is Verdict.FAIL:
            bench.faults["CP-RANGE"] = None
    pwm = in_states(evidence, ("B2", "C2", "D2"))
    if low is not None and low.numbers is not None and (pwm & ~np.isnan(low.numbers)).any():
        volts = float(np.nanmedian(low.numbers[pwm]))
        bench.measured["level_low_v"] = volts
        is_diode = volts > DIODE_V
        verdict = Verdict.FAIL if is_diode or not LOW[0] <= volts <= LOW[1] else Verdict.PASS
        bench.step(
            "low level",
            verdict,
            f"The pilot's low level is {volts:.2f} V ({LOW[0]:g} to {LOW[1]:g} V).",
            measured=f"{volts:.2f} V",
        )
        if verdict is Verdict.FAIL:
            bench.faults["CP-DIODE" if is_diode else "CP-RANGE"] = None
    if hertz is not None and hertz.numbers is not None and (pwm & ~np.isnan(hertz.numbers)).any():
        value = float(np.nanmedian(hertz.numbers[pwm]))
        verdict = Verdict.PASS if HERTZ[0] <= value <= HERTZ[1] else Verdict.FAIL
        bench.step("frequency", verdict, f"The pilot has {value:.0f} Hz ({HERTZ[0]:g} to {HERTZ[1]:g} Hz).")
    _duty(bench, evidence, pwm)


def _duty(bench: Bench, evidence: Evidence, pwm: Bools) -> None:
    """Compare the duty with the current in force (IEC 61851-1, table A.7)."""
    duty, limit = evidence.numbers("pwm_duty"), evidence.numbers("current_limit_actual")
    if duty is None or limit is None:
        return
    known = pwm & ~np.isnan(duty) & (limit >= 6)
    if not known.any():
        return
    wanted = np.where(limit <= 51, limit / 0.6, limit / 2.5 + 64)
    off = float(np.median(duty[known] - wanted[known]))
    bench.measured["duty_off_points"] = off
    verdict = Verdict.PASS if abs(off) <= DUTY_POINTS else Verdict.WARN
    bench.step("duty", verdict, f"The duty lies {off:+.1f} points off what the limit asks for (±{DUTY_POINTS:g}).")


def _times(evidence: Evidence, before: tuple[str, ...], after: tuple[str, ...]) -> list[int]:
    """Return the indices at which the state changes from one of ``before`` to one of ``after``."""
    words = evidence.state_words
    return [i for i in range(1, len(words)) if words[i] in after and words[i - 1] in before]


def _offer(bench: Bench, evidence: Evidence) -> None:
    """Judge the time from authorisation to the offer."""
    auth = evidence.words("auth_state")
    if auth is None:
        return
    times, words = evidence.trace.times, evidence.state_words
    lowered = np.char.lower(auth)
    for i in np.flatnonzero((lowered[1:] == "accepted") & (lowered[:-1] != "accepted")) + 1:
        if not words[i].startswith(("B", "C")):
            continue
        offered = np.flatnonzero(np.isin(words[i:], ["B2", "C2", "D2"]))
        waited = float(times[i + offered[0]] - times[i]) if len(offered) else float(times[-1] - times[i])
        limit = OFFER_S + 2 * usual_step(times) + 0.5
        verdict = Verdict.PASS if len(offered) and waited <= limit else Verdict.WARN
        bench.step(
            "offer",
            verdict,
            f"The offer came {waited:.1f} s after the authorisation (at most {limit:.1f} s with polling).",
        )
        return


def _closing(bench: Bench, evidence: Evidence) -> None:
    """Judge the time from C2 to a closed contactor and live outputs."""
    times = evidence.trace.times
    step = usual_step(times)
    limit = CLOSE_S + step
    command = evidence.signal("sw.cmd")
    for first, last in stretches(in_states(evidence, CHARGING), times)[:5]:
        if first == 0 or times[last] - times[first] < limit:
            continue
        live = None
        if evidence.outputs:
            fitted = evidence.of_fitted(evidence.outputs) or evidence.outputs
            mode = evidence.signal("lim.phases")
            one = mode is not None and mode.numbers is not None and mode.numbers[first] == 1
            columns = list(fitted.values())[:1] if one else list(fitted.values())
            live = np.min([np.nan_to_num(c) for c in columns], axis=0) > LIVE_V
        elif command is not None and command.words is not None:
            live = np.asarray(command.words == "closed")
        if live is None:
            return
        closed = np.flatnonzero(live[first : last + 1])
        if not len(closed):
            said = (
                f"The output did not become live in {times[last] - times[first]:.0f} s of C2 (at most {limit:.1f} s)."
            )
            bench.step("closing", Verdict.FAIL, said, at=float(times[first]))
            bench.faults["SW-NO-CLOSE"] = None
            return
        waited = float(times[first + closed[0]] - times[first])
        bench.measured["closing_s"] = waited
        verdict = Verdict.PASS if waited <= limit else Verdict.FAIL
        bench.step(
            "closing",
            verdict,
            f"The output was live {waited:.1f} s after C2 (at most {limit:.1f} s).",
            measured=f"{waited:.1f} s",
        )
        return


def _opening(bench: Bench, evidence: Evidence) -> None:
    """Show how soon the output was seen dead after C2: an upper bound, for polls cannot prove 100 ms."""
    if not evidence.outputs:
        return
    times = evidence.trace.times
    highest = np.max([np.nan_to_num(c) for c in evidence.outputs.values()], axis=0)
    for i in _times(evidence, CHARGING, ("A1", "A2", "B1", "B2", "B", "E", "F"))[:5]:
        after = np.flatnonzero(highest[i:] < LIVE_V)
        if not len(after):
            continue  # the dead-output step judges that
        bound = float(times[i + after[0]] - times[i - 1])
        bench.measured["opening_at_most_s"] = bound
        said = (
            f"The output was seen dead at most {bound:.1f} s after C2; the "
            f"{1000 * OPEN_S:.0f} ms of the standard are not measurable over this link."
        )
        bench.step("opening", Verdict.INCONCLUSIVE if bound > OPEN_S else Verdict.PASS, said)
        return


def _dead_output(bench: Bench, evidence: Evidence) -> None:
    """Judge the output in A, B, E and F: dead within two polls."""
    if not evidence.outputs:
        bench.step("output", Verdict.INCONCLUSIVE, "The output's voltage is not told.")
        return
    times = evidence.trace.times
    must = in_states(evidence, ("A", "A1", "A2", "B", "B1", "B2", "E", "F"))
    highest = np.max([np.nan_to_num(c) for c in evidence.outputs.values()], axis=0)
    allowed = 2 * usual_step(times) + 0.5
    for first, last in stretches(must & (highest >= LIVE_V), times):
        held = float(times[last] - times[first])
        if held > allowed or (first > 0 and must[first - 1] and highest[first - 1] < LIVE_V and held > 0):
            state = str(evidence.state_words[last])
            said = (
                f"The output stood at {highest[last]:.0f} V in state {state} for {held:.1f} s "
                f"(dead within {allowed:.1f} s)."
            )
            bench.step("output", Verdict.FAIL, said, at=float(times[first]), measured=f"{highest[last]:.0f} V")
            bench.faults["CONN-VOLTAGE"] = None
            return
    if must.any():
        bench.step("output", Verdict.PASS, f"The output was dead whenever it had to be (within {allowed:.1f} s).")


ROUTINE = Routine(
    id="R04",
    title="Walk through the pilot states",
    purpose="Proves pilot levels, offer, contactor and a dead output, with a vehicle or a test adapter.",
    run=_run,
    needs=("cp_state",),
    questions=(*(question(name) for name in _GUIDED), *(asked for _, asked in (*WALK, *_EXTRA))),
    seconds=120,
)
