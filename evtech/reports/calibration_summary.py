"""The first page of a verification record, the table of results and the bars of its chart."""

from datetime import datetime

from evtech.calibration.result import CalibrationResult, PointResult
from evtech.calibration.run_record import CalibrationRun, Reference
from evtech.calibration.uncertainty import rounded
from evtech.calibration.words import words
from evtech.measure.quantity import NARROW_SPACE, UNKNOWN
from evtech.reports.calibration_chart import Bar
from evtech.reports.calibration_numbers import local, moment, number
from evtech.reports.document import Block, facts, heading, image, listing, table, text


def first_page(run: CalibrationRun, result: CalibrationResult, lang: str, made: datetime) -> list[Block]:
    """Return device, measurement, reference, limits and the conditions that are not met."""
    w = words(lang)["report"]
    d = run.device
    meter = " · ".join(x for x in (d.meter_serial_number, d.accuracy_class, d.type_certificate) if x)
    device = [
        (w["maker"], joined(d.vendor, d.model) or w["unknown"]),
        (w["serial"], d.serial_number or w["unknown"]),
        (w["firmware"], d.firmware_version or w["unknown"]),
        (w["evse"], ", ".join(x for x in (d.evse_id, d.connector_id) if x) or w["unknown"]),
        (w["meter"], meter or w["unknown"]),
    ]
    work = [
        (w["date"], f"{moment(run.started)} – {moment(run.ended)}" if run.started or run.ended else w["unknown"]),
        (w["technician"], run.technician or w["unknown"]),
        (w["organisation"], run.organisation or w["unknown"]),
        (w["customer"], run.customer or w["unknown"]),
        (w["site"], run.site or w["unknown"]),
        (w["state"], joined(w[run.adjustment], run.adjustment_note)),
        (w["issued"], moment(made)),
    ]
    return [
        heading(w["device"]),
        facts(device),
        heading(w["work"]),
        facts(work),
        heading(w["reference"]),
        facts(
            [(w["maker"], _named(run.reference, w["unknown"])), (w["certificate"], certificate(run.reference, lang))]
        ),
        heading(w["limits"]),
        facts(_limits(result, lang)),
        heading(w["unmet"]),
        listing([remark.say(lang) for remark in result.conditions], w["unmet_none"]),
    ]


def results(result: CalibrationResult, lang: str) -> list[Block]:
    """Return the table of results, the chart, and what else must be known."""
    w = words(lang)["report"]
    head = [
        w[key]
        for key in (
            "point",
            "current",
            "runs_used",
            "rejected",
            "error",
            "k",
            "limit",
            "acceptance",
            "tur",
            "p_c",
            "verdict",
        )
    ]
    rows = [_row(point, lang) for point in result.points]
    notes = [remark.say(lang) for remark in result.notes]
    return [
        heading(w["results"]),
        table(head, rows, (1.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.6), right=range(1, 10), size=8),
        text(w["results_text"]),
        heading(w["chart"]),
        image("errors.svg", w["chart_alt"], w["chart_text"]),
        *([heading(w["notes"]), listing(notes, "")] if notes else []),
    ]


def bars(run: CalibrationRun, result: CalibrationResult, lang: str) -> list[Bar]:
    """Return the chart's bars by rising current."""
    ordered = sorted(result.points, key=lambda point: point.observations.current_a or 0.0)
    return [
        Bar(
            point.name,
            pair(point, lang) if point.error_pct is not None else UNKNOWN,
            point.error_pct,
            point.combined.u_expanded_pct if point.combined else None,
            point.limit.limit_pct if point.limit else None,
            point.acceptance_limit_pct,
        )
        for point in ordered
    ]


def pair(point: PointResult, lang: str) -> str:
    """Return error and U rounded as one, such as ``+0.51 ± 0.19``; an em dash where they are not known."""
    if point.error_pct is None or point.combined is None:
        return UNKNOWN
    found = rounded(point.error_pct, point.combined.u_expanded_pct)
    if found is None:
        return UNKNOWN
    error, u = found
    return local(f"{'-' if error < 0 else '+'}{abs(error):f} ± {u:f}", lang)


def certificate(reference: Reference, lang: str) -> str:
    """Return the certificate in one line."""
    w = words(lang)["report"]
    c = reference.certificate
    if c is None:
        return str(w["no_certificate"])
    parts = [c.number, c.laboratory, c.calibrated and str(c.calibrated), c.due and f"{w['due']} {c.due}"]
    return ", ".join(part for part in parts if part) or str(w["unknown"])


def joined(*parts: str | None) -> str:
    """Return the known parts with a space between."""
    return " ".join(part for part in parts if part)


def _named(reference: Reference, unknown: str) -> str:
    name = joined(reference.vendor, reference.model)
    return ", ".join(part for part in (name, reference.serial_number) if part) or unknown


def _limits(result: CalibrationResult, lang: str) -> list[tuple[str, str]]:
    """Return the limit profile with its standing: what was checked, and against what."""
    w, profile = words(lang)["report"], result.profile
    if profile is None:
        stated = [point.limit.limit_pct for point in result.points if point.limit]
        spans = " / ".join(dict.fromkeys(local(f"±{limit:g}", lang) for limit in stated))
        return [(w["limits"], f"{spans}{NARROW_SPACE}%, {w['own_limit']}")]
    mark = f"{w['verified']} {profile.verified_by}" if profile.verified else words(lang)["not_verified"]
    return [
        (w["limits"], f"{profile.title} ({profile.id})"),
        (w["edition"], f"{profile.edition}; {profile.jurisdiction}"),
        (w["standing"], f"{mark}; {w['confidence_' + profile.confidence]}"),
    ]


def _row(point: PointResult, lang: str) -> list[str]:
    current = point.observations.current_a
    return [
        point.name,
        number(current, 1, lang),
        str(point.n),
        str(len(point.observations.rejected)),
        pair(point, lang),
        number(point.combined.k if point.combined else None, 2, lang),
        UNKNOWN if point.limit is None else local(f"±{point.limit.limit_pct:g}", lang),
        number(point.acceptance_limit_pct, 3, lang),
        number(point.tur, 1, lang),
        number(point.p_c, 3, lang),
        words(lang)["verdicts"][point.decision.verdict],
    ]
