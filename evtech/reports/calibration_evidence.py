"""What stands behind the verdict of a verification record: budgets, readings, equipment, method, statements."""

from decimal import Decimal
from statistics import NormalDist

from evtech.calibration.result import CalibrationResult, PointResult
from evtech.calibration.run_record import CalibrationRun, Certificate, LoadPoint
from evtech.calibration.words import sentence, words
from evtech.measure.quantity import UNKNOWN
from evtech.reports.calibration_numbers import local, moment, number, significant, with_unit
from evtech.reports.calibration_summary import certificate, joined, pair
from evtech.reports.document import Block, facts, heading, listing, table, text

_MOST_ROWS = 400  # of a table; the attached record holds the rest


def budgets(run: CalibrationRun, result: CalibrationResult, lang: str) -> list[Block]:
    """Return the whole budget of every load point that has one."""
    w = words(lang)["report"]
    blocks = [heading(w["budget"])]
    for point in result.points:
        if point.combined is None:
            continue
        blocks += [heading(f"{point.name}: ({pair(point, lang)}) %", 3), _budget(point, lang), text(_sum(point, lang))]
        blocks.append(text(_sensitivity(run, point, lang)))
        if point.monte_carlo:
            blocks.append(text(_drawn(point, lang)))
    return blocks if len(blocks) > 1 else []


def readings(run: CalibrationRun, result: CalibrationResult, lang: str) -> list[Block]:
    """Return every run of every load point, used or not, and the raw words where they were recorded."""
    w = words(lang)["report"]
    blocks = [heading(w["readings"])]
    if run.method == "energy_dose":
        blocks.append(text(w["energies"], lead=True))
    for point, found in zip(run.points, result.points, strict=True):
        blocks.append(heading(point.name, 3))
        powers = run.method == "power_compare"
        blocks.append(_pairs(point, found, lang) if powers else _runs(run, point, found, lang))
        if any(each.readings for each in point.runs):
            blocks.append(_raw(run, point, lang))
    return blocks


def equipment(run: CalibrationRun, result: CalibrationResult, lang: str) -> list[Block]:
    """Return the reference with its traceability, and the environment."""
    w, r, e = words(lang)["report"], run.reference, run.environment
    c = r.certificate
    unit = "kWh" if run.method == "energy_dose" else "kW"
    steps = r.resolution_kwh if unit == "kWh" else r.resolution_kw
    rows = [
        (w["maker"], joined(r.vendor, r.model) or w["unknown"]),
        (w["serial"], r.serial_number or w["unknown"]),
        (w["class"], r.accuracy_class or w["unknown"]),
        (w["connection"], r.connection or w["unknown"]),
        (w["certificate"], certificate(r, lang)),
        *_certified(c, lang),
        (w["drift"], _half_width(r.drift_pct, lang)),
        (w["influence"], _half_width(r.influence_pct, lang)),
        (w["step"], f"{significant(steps, 4, lang)} {unit}"),
    ]
    known = c is not None and all(point.error_pct is not None for point in result.points)
    known = known and all(point.decision.reason != "certificate" for point in result.points)
    around = [
        (w["temperature"], _span(e.temperature_c, e.temperature_end_c, 1, "°C", lang)),
        (w["humidity"], _span(e.humidity_pct, e.humidity_end_pct, 0, "%", lang)),
        (w["voltage"], with_unit(e.voltage_v, 1, "V", lang)),
        (w["frequency"], with_unit(e.frequency_hz, 2, "Hz", lang)),
        (w["thd"], with_unit(e.thd_pct, 1, "%", lang)),
        (w["warm_up"], with_unit(e.warm_up_min, 0, "min", lang)),
    ]
    return [
        heading(w["equipment"]),
        facts(rows),
        text(w["traceability"] if known and c and c.number else w["no_traceability"]),
        heading(w["environment"]),
        facts(around),
    ]


def method(run: CalibrationRun, result: CalibrationResult, lang: str) -> list[Block]:
    """Return method, uncertainty, decision rule and risk, other checks and deviations."""
    w = words(lang)["report"]
    factor = 0.0 if run.decision_rule == "simple" else run.guard_factor
    blocks = [
        heading(w["method"]),
        text(w[run.method]),
        text(w["uncertainty_text"].format(mode=w[f"mode_{run.resolution_mode}"])),
        text(w[f"rule_{run.decision_rule}"].format(r=local(f"{run.guard_factor:g}", lang))),
    ]
    if factor > 0.0:
        risk = 100.0 * (1.0 - NormalDist().cdf(2.0 * factor))
        blocks.append(text(w["risk"].format(risk=significant(risk, 2, lang))))
    checks = _checks(run, result, lang)
    if checks:
        blocks += [heading(w["checks"]), table((w["check"], w["result"], w["detail"]), checks, (1.2, 0, 2))]
    return [*blocks, heading(w["deviations"]), listing([*run.deviations, *run.notes], w["none_listed"])]


def closing(run: CalibrationRun, result: CalibrationResult, lang: str, digest: str) -> list[Block]:
    """Return the statements and the place for signatures."""
    w = words(lang)["report"]
    said = [w[f"statement_{key}"] for key in ("item", "copy", "interval", "accreditation", "times")]
    names = [(f"{w['technician']}, {w['date']}, {w['signature']}", run.technician or "")]
    names.append((f"{w['reviewer']}, {w['date']}, {w['signature']}", run.reviewer or ""))
    return [
        heading(w["statements"]),
        listing([*said, w["statement_attached"].format(hash=digest)], ""),
        {"kind": "signatures", "names": [list(name) for name in names]},
    ]


def _budget(point: PointResult, lang: str) -> Block:
    w, named = words(lang)["report"], words(lang)
    assert point.combined is not None
    rows = []
    for line in point.combined.budget:
        share = w["left_out"] if line.left_out else f"{number(100 * line.share, 1, lang)} %"
        u = line.alone_pct if line.left_out else line.u_pct
        nu = "∞" if line.nu is None else number(line.nu, 0, lang)
        shape = named["distributions"][line.distribution]
        rows.append([line.id, named["budget"][line.id], shape, number(u, 5, lang), nu, share])
    head = [w[key] for key in ("line", "contribution", "distribution", "u", "nu", "share")]
    return table(head, rows, (0, 1, 0, 0, 0, 0), right=(3, 4, 5))


def _sum(point: PointResult, lang: str) -> str:
    c = point.combined
    assert c is not None
    nu = "∞" if c.nu_eff is None else number(c.nu_eff, 1, lang)
    values = {"u_c": number(c.u_c_pct, 5, lang), "k": number(c.k, 2, lang), "U": number(c.u_expanded_pct, 5, lang)}
    return str(words(lang)["report"]["budget_sum"].format(nu=nu, **values))


def _sensitivity(run: CalibrationRun, point: PointResult, lang: str) -> str:
    if point.sensitivities is None:
        return ""
    x, s, e = (significant(value, 5, lang) for value in point.sensitivities)
    unit = "kWh" if run.method == "energy_dose" else "kW"
    return str(words(lang)["report"]["sensitivity"].format(x=x, s=s, e=e, unit=unit))


def _drawn(point: PointResult, lang: str) -> str:
    drawn, w = point.monte_carlo, words(lang)["report"]
    assert drawn is not None
    ends = (drawn.low_pct, drawn.high_pct, drawn.shortest_low_pct, drawn.shortest_high_pct)
    low, high, slow, shigh = (number(end, 4, lang, sign=True) for end in ends)
    return str(
        w["monte_carlo"].format(
            n=drawn.draws, seed=drawn.seed, low=low, high=high, slow=slow, shigh=shigh, u=number(drawn.u_pct, 4, lang),
            verdict=w["within" if drawn.validated else "beyond"], delta=significant(drawn.delta_pct, 1, lang)
        )
    )  # fmt: skip


def _runs(run: CalibrationRun, point: LoadPoint, found: PointResult, lang: str) -> Block:
    w = words(lang)["report"]
    why = {r.index: r.text or sentence(r.code, lang, {"run": str(r.index + 1)}) for r in found.observations.rejected}
    place = {index: at for at, index in enumerate(found.observations.runs)}
    rows = []
    for index, each in enumerate(point.runs[:_MOST_ROWS]):
        at = place.get(index)
        x = each.device_kwh if at is None else found.observations.device[at]
        s = each.reference_kwh if at is None else found.observations.reference[at]
        apparent = None if at is None else found.apparent_errors_pct[at]
        error = found.errors_pct[at] if at is not None and found.errors_pct else None
        device = [
            _register(v, run.device.resolution_kwh, lang) for v in (each.device_start_kwh, each.device_end_kwh, x)
        ]
        ends = (each.reference_start_kwh, each.reference_end_kwh, s)
        reference = [_register(v, run.reference.resolution_kwh, lang) for v in ends]
        found_errors = [number(value, 3, lang, sign=True) for value in (apparent, error)]
        lead = [str(index + 1), moment(each.started)[:19], *device, *reference]
        rows.append([*lead, number(each.duration_s, 1, lang), *found_errors, why.get(index, w["used"])])
    keys = (
        "run",
        "start",
        "x_start",
        "x_end",
        "x",
        "s_start",
        "s_end",
        "s",
        "seconds",
        "apparent",
        "corrected",
        "result",
    )
    return table([w[key] for key in keys], rows, (0,) * 11 + (1,), right=range(2, 11), size=6.6)


def _pairs(point: LoadPoint, found: PointResult, lang: str) -> Block:
    w, o = words(lang)["report"], found.observations
    corrected = found.errors_pct or (None,) * len(o.runs)
    columns = zip(o.runs, o.device, o.reference, found.apparent_errors_pct, corrected, strict=True)
    rows = [
        [str(run + 1), str(at), number(x, 4, lang), number(s, 4, lang)]
        + [number(value, 3, lang, sign=True) for value in (apparent, error)]
        for at, (run, x, s, apparent, error) in enumerate(columns, 1)
    ][:_MOST_ROWS]
    head = [w["run"], w["pair"], f"{w['x']} / kW", f"{w['s']} / kW", w["apparent"], w["corrected"]]
    return table(head, rows, (1,) * 6, right=range(6))


def _raw(run: CalibrationRun, point: LoadPoint, lang: str) -> Block:
    w = words(lang)["report"]
    steps = {"device": run.device.resolution_kwh, "reference": run.reference.resolution_kwh}
    rows = []
    for index, each in enumerate(point.runs):
        for r in each.readings:
            who = w["x" if r.instrument == "device" else "s"]
            raw = " ".join(f"{word:04X}" for word in r.words) or UNKNOWN
            value = _register(r.kwh, steps[r.instrument], lang)
            rows.append([str(index + 1), who, w.get(r.when, r.when), moment(r.at), r.register or UNKNOWN, raw, value])
    head = [w[key] for key in ("run", "instrument", "when", "time", "register", "words", "value")]
    return table(head, rows[:_MOST_ROWS], (0, 0, 0, 0, 0, 1, 0), right=(6,), size=6.6)


def _register(value: float | None, step: float | None, lang: str) -> str:
    """Return a register's value with the decimals of its step, with more where it was recorded with more."""
    if value is None:
        return UNKNOWN
    return number(value, max(_decimals(step or 1.0), _decimals(round(value, 6))), lang)


def _decimals(value: float) -> int:
    """Return how many decimals a number has, at most six."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return min(6, max(0, -exponent)) if isinstance(exponent, int) else 0


def _certified(c: Certificate | None, lang: str) -> list[tuple[str, str]]:
    w = words(lang)["report"]
    if c is None:
        return []
    rows = [(w["laboratory"], c.laboratory or w["unknown"]), (w["calibrated"], str(c.calibrated or w["unknown"]))]
    if c.u_pct is not None:
        rows.append((w["uncertainty"], f"{significant(c.u_pct, 4, lang)} %, k = {significant(c.k, 4, lang)}"))
    if isinstance(c.error_pct, tuple):
        stated = [
            f"{number(p.error_pct, 3, lang, sign=True)} % {w['at']} {significant(p.current_a, 6, lang)} A"
            + (f" (U = {significant(p.u_pct, 4, lang)} %)" if p.u_pct is not None else "")
            for p in c.error_pct
        ]
        rows.append((w["stated_error"], "; ".join(stated)))
    else:
        shown = UNKNOWN if c.error_pct is None else f"{number(c.error_pct, 3, lang, sign=True)} %"
        rows.append((w["stated_error"], shown))
    return rows


def _half_width(value: float | None, lang: str) -> str:
    return str(words(lang)["report"]["unknown"]) if value is None else f"±{significant(value, 4, lang)} %"


def _span(start: float | None, end: float | None, decimals: int, unit: str, lang: str) -> str:
    if end is None or start is None:
        return with_unit(end if start is None else start, decimals, unit, lang)
    return f"{number(start, decimals, lang)} – {with_unit(end, decimals, unit, lang)}"


def _checks(run: CalibrationRun, result: CalibrationResult, lang: str) -> list[list[str]]:
    w = words(lang)["report"]

    def outcome(passed: bool | None) -> str:
        return str(w["not_done"] if passed is None else w["passed"] if passed else w["failed"])

    rows = [[check.name, outcome(check.passed), check.detail or ""] for check in run.checks]
    if run.price and result.price:
        p, r = run.price, result.price
        values = {"quantity": p.quantity_kwh, "price": p.unit_price, "expected": r.expected, "displayed": p.displayed}
        said = {key: local(str(value), lang) for key, value in values.items()}
        detail = w["price_detail"].format(currency=p.currency, difference=local(f"{r.difference:+f}", lang), **said)
        rows.append([w["price_check"], outcome(r.passed), detail])
        if r.against_reference is not None:
            apart = local(f"{r.against_reference:+f}", lang)
            rows.append(
                [w["price_reference"], UNKNOWN, w["price_reference_detail"].format(apart=apart, currency=p.currency)]
            )
    if run.time and result.time:
        values_s = {"difference": result.time.difference_s, "allowed": result.time.allowed_s}
        detail = w["time_detail"].format(**{key: number(value, 1, lang) for key, value in values_s.items()})
        rows.append([w["time_check"], outcome(result.time.passed), detail])
    return rows
