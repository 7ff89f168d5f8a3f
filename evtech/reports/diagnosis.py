"""The diagnosis report: the verdict first, then each finding with its evidence, the checks, before and after.

PDF and HTML from the same data; everything comes from the diagnosis as it was kept (``evtech.diagnosis/1``).
"""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evtech import VERSION, paths
from evtech.diagnostics.engine import Proof
from evtech.diagnostics.excerpt import Excerpt, excerpt_from
from evtech.diagnostics.headline import danger_words, first_step, measured_words, naming, proof_words
from evtech.diagnostics.knowledge import Step
from evtech.errors import InputError, NotFoundError
from evtech.measure.quantity import UNKNOWN, shown
from evtech.reports.charts import Curve, Panel, stacked
from evtech.reports.sealing import Written, write_pdf, written_whole
from evtech.reports.session import LANGUAGES
from evtech.store.archive import Archive
from evtech.store.records import Visit
from evtech.store.results import Result

_MOST_PANELS = 2  # more would push the words to the next page


def write_diagnosis_report(
    archive: Archive,
    result_id: str,
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    made: datetime | None = None,
    seal: bool = True,
) -> list[Written]:
    """Write the report of a diagnosis; return each file with its SHA-256.

    Raises ``NotFoundError``, ``InputError`` for an unknown language, ``ArchiveError`` for a file that cannot be
    written.
    """
    if lang not in LANGUAGES:
        raise InputError(f"There is no report in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    made = made or datetime.now(UTC)
    result = archive.result(result_id, "diagnosis")
    data = contents(result, _visit(archive, result), lang, made)
    charts = [_chart(finding, data["w"]) for finding in result.body["findings"]]
    written: list[Written] = []
    if pdf is not None:
        from evtech.reports.pdf import compile_pdf

        files = {"data.json": json.dumps(data).encode(), "diagnosis.json": json.dumps(result.body, indent=1).encode()}
        files |= {f"chart{i}.svg": chart.encode() for i, chart in enumerate(charts) if chart}
        written.append(write_pdf(pdf, compile_pdf("diagnosis", files, made), seal=seal))
    if html is not None:
        from evtech.reports.diagnosis_html import render

        written.append(written_whole(html, render(data, charts).encode()))
    return written


def contents(result: Result, visit: Visit | None, lang: str, made: datetime) -> dict[str, Any]:
    """Return everything the report says, as texts; ``made`` is when it was made."""
    w = words(lang)
    body = result.body
    charger = body.get("charger") or {}
    findings = [_finding(finding, w, lang) for finding in body["findings"]]
    return {
        "lang": lang,
        "w": w,
        "title": w["title"],
        "short_id": result.id[:8],
        "date": [made.year, made.month, made.day],
        "software": f"{w['software']} evtech {VERSION}, {_local(made)}",
        "verdict": w["verdict_repaired"] if _all_closed(findings) else w[f"verdict_{result.verdict}"],
        "answer": _answer(findings, w, result.verdict),
        "remarks": _remarks(body, w),
        "facts": [
            [w["made"], _local(result.at)],
            [w["device"], " ".join(filter(None, (charger.get("vendor"), charger.get("model")))) or w["unknown"]],
            [w["serial"], charger.get("serial_number") or w["unknown"]],
            [w["firmware"], charger.get("firmware_version") or w["unknown"]],
            [w["link"], charger.get("link") or body["source"].get("name") or UNKNOWN],
            [w["source"], w[f"source_{body['source']['kind']}"]],
            [w["site"], visit.site if visit and visit.site else UNKNOWN],
            [w["technician"], visit.technician if visit and visit.technician else UNKNOWN],
        ],
        "findings": findings,
        "routines": [_routine(routine, w) for routine in body["routines"]],
        "answers": [[name, _plain(value, lang)] for name, value in body.get("answers", {}).items()],
        "before_after": _before_after(result, w, lang),
        "writes": [_write(row, w, lang) for row in body.get("writes", [])],
    }


def words(lang: str) -> dict[str, str]:
    """Return the report's fixed words in a language."""
    text = (paths.resources() / "i18n" / f"diagnosis_{lang}.toml").read_text("utf-8")
    return {name: str(value) for name, value in tomllib.loads(text).items()}


def _finding(finding: Mapping[str, Any], w: Mapping[str, str], lang: str) -> dict[str, Any]:
    proofs = _proofs(finding)
    phase = finding.get("phase")
    times = [w["first_seen"].format(time=_moment(finding.get("first") or finding["from"]))]
    if finding.get("count", 1) > 1:
        times.append(w["count"].format(n=finding["count"]))
    if finding.get("cleared"):
        times.append(w["cleared"].format(time=_moment(finding["cleared"])))
    elif finding.get("standing") and not _is_closed(finding):
        times.append(w["standing"])
    retest = finding.get("retested")
    return {
        "id": finding["id"],
        "mrec": finding.get("mrec"),
        "title": finding["title"] + (f" ({phase.replace(',', ', ')})" if phase else ""),
        "severity": w[f"severity_{finding['severity']}"],
        "is_danger": finding["severity"] == "critical",
        "is_closed": _is_closed(finding),
        "times": "; ".join(times),
        "measured": _localised(measured_words(proofs), lang),
        "what": list(dict.fromkeys(_localised(proof_words(p, w["limit"]), lang) for p in proofs)),
        "why": [cause["cause"] for cause in finding["causes"]],
        "do": [[step["text"], step["expect"]] for step in finding["steps"]],
        "resolve": finding.get("resolve") or "",
        "safety": finding.get("safety") or "",
        "first": _first(finding),
        "danger": danger_words(finding.get("safety") or ""),
        "explains": list(finding.get("explains", ())),
        "has_chart": bool(finding.get("window") and finding["window"]["curves"]),
        "retest": _retest(retest, w, lang) if retest else None,
    }


def _is_closed(finding: Mapping[str, Any]) -> bool:
    return (finding.get("retested") or {}).get("verdict") == "closed"


def _all_closed(findings: list[dict[str, Any]]) -> bool:
    return bool(findings) and all(finding["is_closed"] for finding in findings)


def _retest(retest: Mapping[str, Any], w: Mapping[str, str], lang: str) -> dict[str, Any]:
    """Return a retest's verdict and its rows: point, before, after, limit."""
    before = {row["point"]: row for row in retest["before"]}
    rows = []
    for row in retest["after"]:
        name, unit = naming(row["point"])
        old = before.get(row["point"], {}).get("value")
        limit = row["limit"] if isinstance(row["limit"], int | float) else None
        told = [name, *(_localised(_value(v, unit), lang) for v in (old, row["value"], limit))]
        rows += [] if told in rows else [told]
    return {
        "verdict": w[f"retest_{retest['verdict']}"], "reason": retest["reason"], "at": _moment(retest["at"]),
        "rows": rows,
    }  # fmt: skip


def _before_after(result: Result, w: Mapping[str, str], lang: str) -> list[list[str]]:
    """Return rows of what was found before and how it is now; empty for a first diagnosis."""
    before = result.body.get("before")
    if not before:
        return []
    now = {finding["id"]: finding for finding in result.body["findings"]}
    rows = []
    for old in before["findings"]:
        phase = f" ({old['phase']})" if old.get("phase") else ""
        seen = _localised(measured_words(_proofs(old)), lang) or UNKNOWN
        rows.append([old["title"] + phase, seen, _fate(now.get(old["id"]), w, lang)])
    fresh = [f for f in result.body["findings"] if f["id"] not in {old["id"] for old in before["findings"]}]
    rows += [[f["title"], w["not_there"], w["standing"] if f.get("standing") else w["was_there"]] for f in fresh]
    done = {routine["id"]: routine for routine in before["routines"]}
    for routine in result.body["routines"]:
        old = done.get(routine["id"])
        if old is not None and old["verdict"] != routine["verdict"]:
            rows.append([routine["id"], w[f"routine_{old['verdict']}"], w[f"routine_{routine['verdict']}"]])
    return rows


def _fate(finding: Mapping[str, Any] | None, w: Mapping[str, str], lang: str) -> str:
    if finding is None:
        return w["not_there"]
    retest = finding.get("retested")
    if retest:
        after = [Proof("", row["point"], row["value"], None, 0.0) for row in retest["after"]]
        value = measured_words(after)
        return w["retest_" + retest["verdict"]] + (f": {_localised(value, lang)}" if value else "")
    return w["standing"] if finding.get("standing") else w["was_there"]


def _answer(findings: list[dict[str, Any]], w: Mapping[str, str], verdict: str | None) -> str:
    """Return the report's one sentence."""
    open_ = [finding for finding in findings if not finding["is_closed"]]
    if not open_:
        return w["answer_closed"] if findings else w[f"answer_{verdict}"]
    first = open_[0]
    parts = [first["title"] + (f": {first['measured']}" if first["measured"] else "")]
    parts += [f"{w['first']}: {first['first']}"] if first["first"] else []
    parts += [f"{w['danger']}: {first['danger']}"] if first["danger"] else []
    return "; ".join(parts) + "."


def _remarks(body: Mapping[str, Any], w: Mapping[str, str]) -> list[str]:
    remarks = [w["simulated"]] if body["source"].get("simulated") else []
    if body.get("missing_signals"):
        remarks.append(w["missing"].format(names=", ".join(body["missing_signals"])))
    left = [name for routine in body["routines"] for name in routine.get("not_restored", ())]
    left += [str(row["point"]) for row in body.get("writes", []) if row["result"] == "not restored"]
    if left:
        remarks.append(w["not_restored"].format(names=", ".join(dict.fromkeys(left))))
    return remarks


def _routine(routine: Mapping[str, Any], w: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": routine["id"],
        "verdict": w[f"routine_{routine['verdict']}"],
        "reason": routine["reason"],
        "steps": [
            [s["name"], s.get("expected") or UNKNOWN, s.get("measured") or UNKNOWN, w[f"routine_{s['verdict']}"]]
            for s in routine.get("steps", ())
            if s["verdict"] != "SKIPPED"
        ],
    }


def _write(row: Mapping[str, Any], w: Mapping[str, str], lang: str) -> list[str]:
    values = [_plain(row[name], lang) for name in ("before", "wanted", "after")]
    return [_moment(str(row["at"])), str(row["technician"]), naming(str(row["point"]))[0], *values, str(row["result"])]


def _first(finding: Mapping[str, Any]) -> str:
    steps = [Step(s["kind"], s["text"], s["expect"]) for s in finding["steps"]]
    step = first_step(steps)
    return step.text.rstrip(".") if step else ""


def _proofs(finding: Mapping[str, Any]) -> list[Proof]:
    return [Proof(p["text"], p["point"], p["value"], p["limit"], 0.0) for p in finding["evidence"]]


def _chart(finding: Mapping[str, Any], w: Mapping[str, str]) -> str:
    """Return the evidence as SVG, empty where there are no samples."""
    window = finding.get("window")
    if not window or not window["curves"]:
        return ""
    excerpt = excerpt_from(window)
    alt = w["alt"].format(title=finding["title"])
    return stacked(_panels(excerpt, w), excerpt.start, excerpt.end, [], alt, [(excerpt.moment, w["here"])])


def _panels(excerpt: Excerpt, w: Mapping[str, str]) -> list[Panel]:
    groups: dict[str, list[str]] = {}
    for name in excerpt.curves:
        groups.setdefault(re.sub(r"_l\d$", "", name), []).append(name)
    panels = []
    for group, names in list(groups.items())[:_MOST_PANELS]:
        name, unit = naming(group if len(names) > 1 else names[0])
        _, label = shown(0.0, unit)
        divisor = 1000.0 if label.startswith("k") else 1.0
        curves = [
            Curve(n[-2:].upper() if re.search(r"_l\d$", n) else "", excerpt.times, excerpt.curves[n] / divisor)
            for n in names[:3]
        ]
        levels = dict.fromkeys(v / divisor for n in names for v in excerpt.limits.get(n, ()))
        limits = tuple((level, f"{w['limit']} {level:g} {label}".strip()) for level in levels)
        panels.append(Panel(f"{name} / {label}" if label else name, tuple(curves), limits))
    return panels


def _value(value: Any, unit: str) -> str:
    """Return a number with its unit, or a word as it is."""
    if not isinstance(value, int | float):
        return UNKNOWN if value is None else str(value)
    digits, label = shown(float(value), unit)
    return f"{digits}\u202f{label}" if label else digits


def _plain(value: Any, lang: str) -> str:
    return (
        UNKNOWN if value is None else _localised(f"{value:g}" if isinstance(value, int | float) else str(value), lang)
    )


def _localised(text: str, lang: str) -> str:
    """Return words with the decimal sign of a language."""
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text) if lang == "de" else text


def _visit(archive: Archive, result: Result) -> Visit | None:
    try:
        return archive.visit(result.visit_id) if result.visit_id else None
    except NotFoundError:
        return None


def _moment(text: str) -> str:
    return _local(datetime.fromisoformat(text))


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
