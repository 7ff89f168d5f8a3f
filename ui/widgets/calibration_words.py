"""What a calibration does now and what its result lacks, in sentences."""

from evtech.calibration.calibrator import Calibration, Snapshot
from evtech.calibration.one_run import Stage
from evtech.calibration.procedure import Step
from evtech.calibration.words import words
from ui.widgets.point_card import clock
from ui.words import quantity, translate


def no_number() -> str:
    """Return what is said about a reading that is no number."""
    return translate("Calibrate", "The reading is no number. Type the kWh that the reference shows.")


def sentence(snapshot: Snapshot, calibration: Calibration) -> tuple[str, str]:
    """Return what happens or is to be done now, and what stands below it."""
    if calibration.failure is not None:
        kept = translate("Calibrate", "Finished runs are kept; the calibration can go on.")
        return str(calibration.failure), f"{calibration.failure.hint} {kept}".strip()
    if calibration.outcome is not None:
        decision = calibration.outcome[1].decision
        said = words("en")["sentences"]
        below = said.get(decision.reason or "", "") if decision.reason else ""
        return said[decision.verdict], below
    if snapshot.problem is not None:
        return translate("Calibrate", "No answer. evtech tries again by itself."), snapshot.problem
    if snapshot.paused:
        return translate("Calibrate", "Paused. Finished runs are kept."), _flow(snapshot)
    return _doing(snapshot), _flow(snapshot)


def conditions(snapshot: Snapshot, calibration: Calibration) -> str:
    """Return the conditions that are not met so far and the remarks, one a line."""
    result = calibration.outcome[1] if calibration.outcome is not None else snapshot.result
    is_over = calibration.outcome is not None
    # what a load point lacks is no news before it has its runs
    done = {
        point.name
        for point, planned in zip(snapshot.record.points, calibration.plan.points, strict=True)
        if sum(run.valid for run in point.runs) >= planned.runs
    }
    unmet = [remark.say() for remark in result.conditions if is_over or remark.point is None or remark.point in done]
    lines = [translate("Calibrate", "Not met: {what}").format(what=what) for what in unmet]
    lines += list(snapshot.record.deviations)
    if calibration.saving_problem is not None:
        lines.append(calibration.saving_problem)
    for check in snapshot.record.checks:
        name = {"no_load": translate("Calibrate", "No-load test"), "starting": translate("Calibrate", "Starting test")}
        verdict = {
            True: translate("Calibrate", "passed"),
            False: translate("Calibrate", "failed"),
            None: translate("Calibrate", "not done"),
        }[check.passed]
        lines.append(f"{name.get(check.name, check.name)}: {verdict} ({check.detail})")
    rejected = [
        (point.name, number, run.reason)
        for point in snapshot.record.points
        for number, run in enumerate(point.runs, 1)
        if not run.valid
    ]
    if rejected:
        name, number, reason = rejected[-1]
        said = translate("Calibrate", "{point}, run {n} was rejected: {reason}")
        lines.append(said.format(point=name, n=number, reason=reason))
    return "\n".join(lines)


def _doing(snapshot: Snapshot) -> str:
    point = snapshot.record.points[min(snapshot.index, len(snapshot.record.points) - 1)]
    amperes = quantity(snapshot.wanted_a, "A")
    if snapshot.step is Step.NO_LOAD:
        if snapshot.waits_for_load:
            return translate("Calibrate", "No-load test: take the load away.")
        return _timed(translate("Calibrate", "No-load test: the register must stand still. {time} to go."), snapshot)
    if snapshot.step is Step.STARTING:
        if snapshot.waits_for_load:
            return translate("Calibrate", "Starting test: set the load to {amperes}.").format(amperes=amperes)
        return _timed(translate("Calibrate", "Starting test: the register must count. {time} at most."), snapshot)
    if snapshot.step is Step.LOAD:
        return translate("Calibrate", "Set the load to {amperes} and keep it steady.").format(amperes=amperes)
    if snapshot.step is Step.MEASURE:
        return translate("Calibrate", "Looking how often both registers are renewed.")
    static = {
        Stage.EMPTY: translate("Calibrate", "End the load: both registers are read without current."),
        Stage.LOAD_ON: translate("Calibrate", "Start the load: {amperes}.").format(amperes=amperes),
        Stage.LOAD_OFF: translate("Calibrate", "The dose is reached: end the load."),
        Stage.ENTER_START: translate("Calibrate", "Read the reference."),
        Stage.ENTER_END: translate("Calibrate", "Read the reference."),
    }
    if snapshot.stage in static:
        return static[snapshot.stage]
    if snapshot.step is Step.DONE:
        return translate("Calibrate", "Every load point has its runs.")
    running = translate("Calibrate", "Measuring {point}, run {n}. Keep the load as it is.")
    return running.format(point=point.name, n=snapshot.run_number)


def _timed(text: str, snapshot: Snapshot) -> str:
    return text.format(time=clock(max(0.0, snapshot.allowed_s - snapshot.elapsed_s)))


def _flow(snapshot: Snapshot) -> str:
    """Return what flows now."""
    load = snapshot.load
    if load is None:
        return ""
    parts = [
        translate("Calibrate", "now {amperes} a phase").format(amperes=quantity(load.current_a, "A")),
        quantity(None if load.power_kw is None else 1000 * load.power_kw, "W"),
        quantity(load.voltage_v, "V"),
    ]
    return " · ".join(parts)
