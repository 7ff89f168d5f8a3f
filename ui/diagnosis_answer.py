"""The one sentence at the top of Diagnose, whatever there is: a charger, a lost link, a recording, nothing."""

from dataclasses import dataclass
from html import escape

from evtech.diagnostics.problems import Problem
from evtech.diagnostics.recording import Recording
from evtech.measure.sample import SessionPhase
from evtech.workbench import Connection
from ui.diagnosis_words import answer_of, clock_time, confidence_word, missing_words, severity_role
from ui.words import state_sentence, translate


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its severity role, the sentence (rich text), and a line of less weight."""

    role: str
    sentence: str
    detail: str = ""


def live_answer(connection: Connection | None, retesting: str = "") -> Said:
    """Return what is to be said about the charger that is connected, or that none is."""
    if connection is None:
        words = translate("Diagnose", "Nothing is connected: connect to a charger, or drop a recording (CSV) here.")
        return Said("neutral", words)
    if retesting:
        return Said("action", retesting, translate("Diagnose", "Leave the charger as it is while evtech looks."))
    problem = connection.problem
    if problem is not None:
        first = translate("Diagnose", "<b>The charger does not answer</b>: {why} <b>First</b> {hint}")
        hint = problem.hint or translate("Diagnose", "check that it has power and that the cable is in.")
        stale = translate("Diagnose", "What is listed below was true at the last answer.")
        return Said("stale", first.format(why=escape(str(problem)), hint=hint[:1].lower() + hint[1:]), stale)
    outlook = connection.desk.watch.outlook if connection.desk else None
    if outlook is None or outlook.diagnosis is None:
        return Said("neutral", translate("Diagnose", "Looking at the first readings …"))
    if outlook.standing:
        return _standing(outlook.standing)
    if outlook.diagnosis.result == "inconclusive":
        return _undecided(outlook.diagnosis.missing, outlook.readings)
    told = _reported(connection)
    if told is not None:
        return told
    session = connection.session
    phase = session.phases[-1].phase if session is not None and session.phases else None
    state = escape(state_sentence(connection.latest, phase))
    if _waits(connection):
        words = translate("Diagnose", "<b>It does not charge; no fault is seen so far.</b> {state}")
        watched = translate(
            "Diagnose", "Watched for {n} s. A vehicle that is offered current starts within half a minute."
        )
        began = connection.began.timestamp()
        return Said("action", words.format(state=state), watched.format(n=int((outlook.at or began) - began)))
    nothing = translate("Diagnose", "<b>Nothing is wrong now.</b> {state}")
    return Said("good", nothing.format(state=state), _last(outlook.history))


def recording_answer(recording: Recording) -> Said:
    """Return what is to be said about a recording."""
    found = recording.diagnosis
    count = len(recording.trace)
    span = float(recording.trace.times[-1] - recording.trace.times[0]) / 60 if count else 0.0
    about = translate("Diagnose", "{name}: {n} samples in {minutes} min").format(
        name=recording.name, n=count, minutes=f"{span:.1f}"
    )
    if found.findings:
        first = found.findings[0]
        more = len(found.findings) - 1
        return Said(
            severity_role(first.fault.severity), answer_of(first), " · ".join(filter(None, [about, _more(more)]))
        )
    if found.result == "inconclusive":
        said = _undecided(found.missing, count)
        return Said(said.role, said.sentence, about)
    return Said("good", translate("Diagnose", "<b>Nothing was wrong</b> in this recording."), about)


def _waits(connection: Connection) -> bool:
    """Tell whether a vehicle is plugged in and takes nothing."""
    state = connection.latest.state if connection.latest is not None else None
    return state is not None and (state.pilot or "A")[0] in "BCD" and state.phase is not SessionPhase.CHARGING


def _reported(connection: Connection) -> Said | None:
    """Return what the charger itself or a limit says before the engine is sure; ``None`` where nothing is said."""
    reading = connection.latest
    errors = reading.errors if reading is not None else ()
    if errors:
        unknown = translate("Diagnose", "the maker publishes no meaning")
        words = translate("Diagnose", "<b>The charger reports code {code}</b>: {meaning}.")
        said = words.format(code=escape(errors[0].code), meaning=escape(errors[0].meaning or unknown))
        role = severity_role(errors[0].severity)
        return Said(role, said, translate("Diagnose", "evtech is looking for what is behind it."))
    alarms = list(connection.alarms.standing.values())
    if alarms:
        return Said(severity_role(alarms[0].severity), f"<b>{escape(alarms[0].text)}</b>.")
    return None


def _standing(standing: tuple[Problem, ...]) -> Said:
    first = standing[0]
    words = translate("Diagnose", "since {time}").format(time=clock_time(first.first))
    parts = [words, confidence_word(first.finding.confidence)]
    if first.count > 1:
        parts.append(translate("Diagnose", "{n} times").format(n=first.count))
    parts.append(_more(len(standing) - 1))
    return Said(
        severity_role(first.finding.fault.severity), answer_of(first.finding), " · ".join(filter(None, parts))
    )  # fmt: skip


def _more(count: int) -> str:
    if count <= 0:
        return ""
    if count == 1:
        return translate("Diagnose", "one more finding below")
    return translate("Diagnose", "{n} more findings below").format(n=count)


def _undecided(missing: tuple[str, ...], readings: int) -> Said:
    if readings < 3:
        return Said("neutral", translate("Diagnose", "Looking at the first readings …"))
    words = translate("Diagnose", "<b>It cannot be decided</b>: {what} is not told.")
    what = missing_words(missing) or translate("Diagnose", "what the charger does")
    detail = translate("Diagnose", "Unknown is not healthy: measure by hand, or run the checks.")
    return Said("action", words.format(what=what), detail)


def _last(history: tuple[Problem, ...]) -> str:
    if not history:
        return ""
    last = history[0]
    words = translate("Diagnose", "Last: {what}, until {time}")
    return words.format(what=last.finding.fault.title, time=clock_time(last.last))
