"""Computes a calibration: the error at every load point, its uncertainty, and what may be said about the limit.

The order of the reasons for an indicative result: limits not in force, certificate, test not capable, single run,
repeatability, another condition. The first two leave no verdict at all; the others stop a pass, never a failure.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from evtech.calibration import uncertainty as u
from evtech.calibration.dose import LEAST_STEPS
from evtech.calibration.instrument import CertifiedError, NotCertified, certified_error, expired, is_of_another
from evtech.calibration.limits import Limit, LimitProfile, day_of, limit_for, profile_of
from evtech.calibration.monte_carlo import DRAWS, simulate
from evtech.calibration.observations import Observations, observe
from evtech.calibration.result import CalibrationResult, PointResult, Remark, merged
from evtech.calibration.run_record import CalibrationRun, LoadPoint
from evtech.calibration.sale import check_price, check_time
from evtech.calibration.uncertainty import Contribution
from evtech.calibration.verdict import Decision, conformity, decide, guard_band, uncertainty_ratio, worst

LEAST_PAIRS = 10  # of powers, for comparing them


def evaluate(run: CalibrationRun, *, monte_carlo_seed: int | None = None, draws: int = DRAWS) -> CalibrationResult:
    """Return the result of a calibration; with a seed, each load point is cross-checked by Monte Carlo.

    Raises ``InputError`` for an unknown limit profile. What cannot be known honestly is ``None`` with a reason.
    """
    profile = profile_of(run)
    general = _general_conditions(run, profile)
    points, conditions = [], list(general)
    notes = _general_notes(run, profile)
    for point in run.points:
        result, unmet, said = _point(run, point, profile, bool(general))
        if monte_carlo_seed is not None and result.combined and result.error_pct is not None:
            checked = simulate(result.error_pct, result.combined, draws=draws, seed=monte_carlo_seed)
            result = replace(result, monte_carlo=checked)
        points.append(result)
        conditions += unmet
        notes += said
    decision = worst(point.decision for point in points)
    price = check_price(run.price) if run.price else None
    time = check_time(run.time) if run.time else None
    return CalibrationResult(decision, tuple(points), merged(conditions), merged(notes), profile, price, time)


def _point(
    run: CalibrationRun, point: LoadPoint, profile: LimitProfile | None, unmet_before: bool
) -> tuple[PointResult, list[Remark], list[Remark]]:
    """Return a load point's result, its conditions not met, and what else must be known."""
    seen = observe(run, point)
    conditions = _conditions(run, point, seen, profile)
    limit = limit_for(run, point)
    if limit is None and (profile is None or profile.in_force(day_of(run)) is None):
        conditions.append(Remark("no_limit", {"current": _number(seen.current_a)}, point.name))
    certified = certified_error(run.reference, seen.current_a)
    measured = _measured(run, point, seen, certified, limit)
    if isinstance(certified, NotCertified):
        conditions.append(Remark(certified.code, certified.values, point.name))
    decision = _decision(run, measured, profile, certified, unmet_before or bool(conditions))
    if decision.reason == "repeatability":
        conditions.append(_repeatability_remark(measured, profile))
    if decision.reason == "not_capable":
        conditions.append(Remark("not_capable", {}, point.name))
    if measured.n == 1 and run.repeatability is None:
        conditions.append(Remark("single_run", {}, point.name))
    return replace(measured, decision=decision), conditions, _notes(run, measured)


def _measured(
    run: CalibrationRun,
    point: LoadPoint,
    seen: Observations,
    certified: CertifiedError | NotCertified,
    limit: Limit | None,
) -> PointResult:
    """Return a load point's numbers; its verdict comes later."""
    apparent = [100.0 * (x / s - 1.0) for x, s in zip(seen.device, seen.transferred, strict=True)]
    blank = PointResult(
        point.name,
        seen,
        Decision("INDICATIVE", "condition"),
        len(apparent),
        apparent_errors_pct=tuple(apparent),
        apparent_pct=_mean(apparent),
        spread_pct=max(apparent) - min(apparent) if apparent else None,
        limit=limit,
    )
    if not apparent or isinstance(certified, NotCertified):
        return blank
    factor = 1.0 + certified.error_pct / 100.0
    errors = [100.0 * (x / s * factor - 1.0) for x, s in zip(seen.device, seen.transferred, strict=True)]
    error = math.fsum(errors) / len(errors)
    s = _deviation(errors, error)
    lag1, n_eff = _autocorrelation(run, seen, errors)
    budget = _budget(run, point, seen, certified, s, n_eff)
    combined = u.combine(budget)
    w = guard_band(run.decision_rule, run.guard_factor, combined.u_expanded_pct)
    return replace(
        blank,
        errors_pct=tuple(errors),
        error_pct=error,
        weighted_error_pct=100.0 * (math.fsum(seen.device) * factor / math.fsum(seen.transferred) - 1.0),
        s_pct=s,
        combined=combined,
        guard_band_pct=w,
        tur=uncertainty_ratio(limit.limit_pct, combined.u_expanded_pct) if limit else None,
        p_c=conformity(error, combined.u_c_pct, combined.nu_eff, limit.limit_pct) if limit else None,
        reference_error_pct=certified.error_pct,
        lag1=lag1,
        n_eff=n_eff,
    )


def _budget(
    run: CalibrationRun,
    point: LoadPoint,
    seen: Observations,
    certified: CertifiedError,
    s: float | None,
    n_eff: float | None,
) -> list[Contribution]:
    """Return the contributions to a load point's uncertainty, by the resolution mode of the run."""
    lines = _repeatability(run, s, len(seen.device), n_eff)
    lines.append(Contribution("B1", "normal", certified.u_pct))
    for name, half in (("B2", run.reference.drift_pct), ("B3", run.reference.influence_pct)):
        if half is not None:
            lines.append(Contribution(name, "rectangular", u.rectangular(half)))
    shared = _resolution(run, point, seen) + _timing(run, point, seen)
    if run.resolution_mode == "per_run":
        root = math.sqrt(len(seen.device))
        shared = [replace(line, u_pct=line.u_pct / root) for line in shared]
    lines += shared
    if point.cable is not None:
        loss = _mean([t - r for t, r in zip(seen.transferred, seen.reference, strict=True)]) or 0.0
        share = 100.0 * loss / (_mean(seen.reference) or 1.0)
        lines.append(Contribution("B7", "normal", share * point.cable.u_rel))
    if certified.interpolation_pct > 0.0:
        lines.append(Contribution("B8", "rectangular", u.rectangular(certified.interpolation_pct)))
    return u.keep_larger(lines) if run.resolution_mode == "larger" else lines


def _repeatability(run: CalibrationRun, s: float | None, n: int, n_eff: float | None) -> list[Contribution]:
    """Return the type A line: from these runs, from earlier work where there is one run, or none."""
    if s is None:
        pooled = run.repeatability
        return [Contribution("A", "t", pooled.s_pct, pooled.nu)] if pooled else []
    if n_eff is not None:
        return [Contribution("A", "t", s / math.sqrt(n_eff), max(1.0, math.floor(n_eff - 1.0)))]
    return [Contribution("A", "t", s / math.sqrt(n), n - 1.0)]


def _resolution(run: CalibrationRun, point: LoadPoint, seen: Observations) -> list[Contribution]:
    means = _mean(seen.device) or 1.0, _mean(seen.reference) or 1.0
    if run.method == "power_compare":
        steps = [u.power_resolution(step, mean) for step, mean in zip(seen.steps, means, strict=True)]
        return [Contribution("B4p", "rectangular", steps[0]), Contribution("B5p", "rectangular", steps[1])]
    steps = [u.energy_resolution(step, mean) for step, mean in zip(seen.steps, means, strict=True)]
    # read by a person, the display's step stands in the place of the register's
    reference = "B9" if run.reference.manual else "B5"
    lines = {"device": Contribution("B4", "triangular", steps[0])}
    lines["reference"] = Contribution(reference, "triangular", steps[1])
    # on a register's step its value is exact; when the step happened is in the synchronisation
    return [line for owner, line in lines.items() if owner != point.edge]


def _timing(run: CalibrationRun, point: LoadPoint, seen: Observations) -> list[Contribution]:
    """Return the line for reading both instruments at not quite the same moment, if there is one."""
    if run.method == "power_compare":
        used = {i: point.runs[i] for i in seen.runs}.values()
        taus = [(r.ramp_kw_per_s, point.sync_tau_s if r.sync_tau_s is None else r.sync_tau_s) for r in used]
        skews = [(ramp, tau) for ramp, tau in taus if ramp is not None and tau is not None]
        if not skews:
            return []
        mean = _mean(seen.reference) or 1.0
        return [Contribution("B6p", "rectangular", max(u.skew_on_ramp(ramp, tau, mean) for ramp, tau in skews))]
    if point.sync_tau_s is None or seen.duration_s is None:
        return []
    return [Contribution("B6", "triangular", u.synchronisation(point.sync_tau_s, seen.duration_s))]


def _autocorrelation(
    run: CalibrationRun, seen: Observations, errors: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return lag-1 autocorrelation of compared powers, and the effective number of pairs where it is positive."""
    n = len(errors)
    if run.method != "power_compare" or n < 3:
        return None, None
    mean = math.fsum(errors) / n
    variance = math.fsum((e - mean) ** 2 for e in errors)
    if variance == 0.0:
        return None, None
    neighbours = [i for i in range(n - 1) if seen.runs[i] == seen.runs[i + 1]]
    lag1 = math.fsum((errors[i] - mean) * (errors[i + 1] - mean) for i in neighbours) / variance
    return lag1, max(2.0, n * (1.0 - lag1) / (1.0 + lag1)) if lag1 > 0.0 else None


def _decision(
    run: CalibrationRun,
    point: PointResult,
    profile: LimitProfile | None,
    certified: CertifiedError | NotCertified,
    unmet: bool,
) -> Decision:
    """Return what may be said of a load point: the rule's class, held back by what is missing."""
    if profile is not None and profile.in_force(day_of(run)) is not None:
        return Decision("INDICATIVE", "informative_profile")
    certificate = run.reference.certificate
    if isinstance(certified, NotCertified) or certified.u_pct == 0.0:
        return Decision("INDICATIVE", "certificate")
    if certificate is not None and (expired(certificate, day_of(run)) or is_of_another(run.reference)):
        return Decision("INDICATIVE", "certificate")
    if point.error_pct is None or point.combined is None or point.limit is None:
        return Decision("INDICATIVE", "condition")
    ruled = decide(
        point.error_pct, point.combined.u_expanded_pct, point.limit.limit_pct, run.decision_rule, run.guard_factor
    )
    if ruled.verdict == "INDICATIVE":
        return ruled
    if not _repeats(point, profile):
        return Decision("FAIL", "repeatability")
    if ruled.verdict in ("CONDITIONAL_FAIL", "FAIL"):
        return ruled
    if point.n == 1 and run.repeatability is None:
        return Decision("INDICATIVE", "single_run")
    if profile is not None and profile.repeatability and point.n < profile.repeatability.runs:
        return Decision("INDICATIVE", "repeatability")
    return Decision("INDICATIVE", "condition") if unmet else ruled


def _repeats(point: PointResult, profile: LimitProfile | None) -> bool:
    """Return whether the runs lie close enough together, where the profile asks for it.

    That every single run keeps its limit says something only of a mean that keeps it.
    """
    rule = profile.repeatability if profile else None
    if rule is None or point.n < rule.runs or point.spread_pct is None or point.limit is None:
        return True
    if point.spread_pct > rule.spread_share * rule.limit_pct + 1e-12:
        return False
    limit = point.limit.limit_pct + 1e-12
    return abs(point.error_pct or 0.0) > limit or all(abs(error) <= limit for error in point.errors_pct)


def _repeatability_remark(point: PointResult, profile: LimitProfile | None) -> Remark:
    rule = profile.repeatability if profile else None
    assert rule is not None  # only a profile with a rule gives this reason
    if point.n < rule.runs:
        return Remark("repeatability_runs", {"n": str(point.n), "least": str(rule.runs)}, point.name)
    values = {"spread": _number(point.spread_pct), "limit": _number(rule.spread_share * rule.limit_pct)}
    return Remark("repeatability_spread", values, point.name)


def _conditions(
    run: CalibrationRun, point: LoadPoint, seen: Observations, profile: LimitProfile | None
) -> list[Remark]:
    """Return the conditions that the runs of a load point do not meet."""
    found = [Remark(r.code, {"run": str(r.index + 1)}, point.name) for r in seen.contradicted]
    if not seen.device:
        found.append(Remark("no_valid_run", {}, point.name))
    elif run.method == "power_compare":
        if len(seen.device) < LEAST_PAIRS:
            found.append(Remark("few_pairs", {"n": str(len(seen.device)), "least": str(LEAST_PAIRS)}, point.name))
    else:
        found += _dose_conditions(run, point, seen, profile)
    if point.cable is not None and seen.current_a is None:
        found.append(Remark("cable_current", {}, point.name))
    return found


def _dose_conditions(
    run: CalibrationRun, point: LoadPoint, seen: Observations, profile: LimitProfile | None
) -> list[Remark]:
    found = []
    steps = min(seen.device) / seen.steps[0] if seen.steps[0] > 0.0 else math.inf
    if steps < LEAST_STEPS * (1 - 1e-9):
        found.append(Remark("few_steps", {"steps": f"{steps:.0f}", "least": str(LEAST_STEPS)}, point.name))
    least = minimum_quantity(profile, run.device.mda_a, seen.current_a)
    if least is not None and min(seen.reference) < least * (1 - 1e-9):
        values = {"dose": _number(min(seen.reference)), "least": _number(least)}
        found.append(Remark("below_minimum_quantity", values, point.name))
    return found


def minimum_quantity(profile: LimitProfile | None, mda_a: float | None, current_a: float | None) -> float | None:
    """Return the smallest dose (kWh) a limit profile allows: twice the minimum quantity from 85 % of the rating on."""
    if profile is None or profile.mmq_kwh is None:
        return None
    heavy = mda_a is not None and current_a is not None and current_a >= 0.85 * mda_a * (1 - 1e-9)
    return profile.mmq_kwh * (2.0 if heavy else 1.0)


def _general_conditions(run: CalibrationRun, profile: LimitProfile | None) -> list[Remark]:
    """Return the conditions not met for the whole calibration."""
    found = [Remark("stated", text=text) for text in run.conditions_not_met]
    if profile is not None:
        if reason := profile.in_force(day_of(run)):
            found.append(Remark("not_in_force", {"reason": reason}))
        kinds = {profile.current_type, run.device.current_type or "any"} - {"any"}
        if len(kinds) > 1:
            found.append(Remark("other_current", {"title": profile.title}))
    if run.reference.drift_pct is None:
        found.append(Remark("drift_unknown"))
    if run.reference.influence_pct is None:
        found.append(Remark("influence_unknown"))
    steps = (
        (run.device.resolution_kwh, run.reference.resolution_kwh)
        if run.method == "energy_dose"
        else (run.device.resolution_kw, run.reference.resolution_kw)
    )
    if 0.0 in steps:
        found.append(Remark("resolution_zero"))
    certificate = run.reference.certificate
    if certificate is not None and expired(certificate, day_of(run)):
        found.append(Remark("certificate_expired", {"due": str(certificate.due)}))
    if certificate is not None and is_of_another(run.reference):
        serials = {"certificate": certificate.serial_number or "", "instrument": run.reference.serial_number or ""}
        found.append(Remark("certificate_of_another", serials))
    if certificate is not None and certificate.u_pct == 0.0:
        found.append(Remark("certificate_without_uncertainty"))
    return found


def _general_notes(run: CalibrationRun, profile: LimitProfile | None) -> list[Remark]:
    """Return what must be known about method and limits."""
    found = [Remark("power_only")] if run.method == "power_compare" else []
    if profile is None:
        return found
    if not profile.verified:
        found.append(Remark("not_verified", {"title": profile.title}))
    if run.started is None and run.ended is None:
        found.append(Remark("no_date"))
    return found


def _notes(run: CalibrationRun, point: PointResult) -> list[Remark]:
    """Return what must be known about a load point."""
    assumed = point.limit.assumed if point.limit else ()
    found = [Remark(f"assumed_{name}", {}, point.name) for name in assumed]
    profile = profile_of(run)
    if profile and profile.verified and point.limit and not point.limit.verified:
        found.append(Remark("not_verified", {"title": f"{profile.title}, {point.limit.text}"}, point.name))
    if point.tur is not None and point.tur < 4.0:
        code = "tur_below_3" if point.tur < 3.0 else "tur_below_4"
        found.append(Remark(code, {"tur": f"{point.tur:.1f}"}, point.name))
    if point.observations.steps[0] > (run.device.resolution_kwh or math.inf):
        found.append(Remark("float32", {"step": f"{point.observations.steps[0]:.4f}"}, point.name))
    return found


def _deviation(values: Sequence[float], mean: float) -> float | None:
    """Return the standard deviation of one value; of equal values exactly 0, of a single one ``None``."""
    if len(values) < 2:
        return None
    if max(values) == min(values):  # the mean may be off by its last bit
        return 0.0
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.6g}"
