"""The HTML twin of the diagnosis report: one file, no network, the same words, numbers and curves."""

from html import escape
from typing import Any

from evtech.reports.html import facts, listing, page, section

_BOX = 'style="border-left:4px solid #b3261e;padding-left:.8rem"'
_FRAME = 'style="border:1px solid #56616d;border-radius:4px;padding:.6rem .8rem"'


def render(data: dict[str, Any], charts: list[str]) -> str:
    """Return the page for the data that the PDF template gets; ``charts`` are SVG, one a finding ("" = none)."""
    w = data["w"]
    remarks = "".join(f"<br/>{escape(line)}" for line in data["remarks"])
    findings = "".join(_finding(f, chart, w) for f, chart in zip(data["findings"], charts, strict=True))
    parts = [
        f'<h1>{escape(data["title"])}</h1><p class="verdict"><b>{escape(data["verdict"])}</b><br/>',
        f"{escape(data['answer'])}{remarks}</p>",
        facts(data["facts"]),
        section(w["findings"], findings or f"<p>{escape(w['none'])}</p>"),
    ]
    if data["before_after"]:
        parts.append(section(w["before_after"], listing(("", w["before"], w["after"]), data["before_after"], w)))
    routines = "".join(_routine(routine, w) for routine in data["routines"])
    parts.append(section(w["routines"], routines or f"<p>{escape(w['none'])}</p>"))
    if data["answers"]:
        parts.append(section(w["answers"], listing((w["point"], w["measured"]), data["answers"], w)))
    if data["writes"]:
        head = (w["when"], w["who"], w["point"], w["before"], w["wanted"], w["after"], w["result"])
        parts.append(section(w["writes"], listing(head, data["writes"], w)))
    foot = " ".join(filter(None, (w["method"], w["language_note"], data["software"])))
    parts.append(f"<p><small>{escape(foot)}</small></p>")
    return page(data, parts)


def _finding(finding: dict[str, Any], chart: str, w: dict[str, str]) -> str:
    about = " · ".join(filter(None, (finding["severity"], finding["times"], finding["id"], finding["mrec"])))
    parts = [f"<h3>{escape(finding['title'])}</h3><p><small>{escape(about)}</small></p>"]
    retest = finding["retest"]
    if retest:
        head = (w["point"], w["before"], w["after"], w["limit"])
        rows = listing(head, retest["rows"], w) if retest["rows"] else ""
        words = f"<b>{escape(w['retest'])}: {escape(retest['verdict'])}.</b> {escape(retest['reason'])}"
        parts.append(f"<div {_FRAME}>{words} <small>{escape(retest['at'])}</small>{rows}</div>")
    safety = f"<b>{escape(w['safety'])}</b><br/>{escape(finding['safety'])}" if finding["safety"] else ""
    if safety and finding["is_danger"]:
        parts.append(f"<p {_BOX}>{safety}</p>")
    parts.append(f"<p><b>{escape(w['what'])}</b></p>{_list('ul', finding['what'])}")
    if finding["explains"]:
        parts.append(f"<p>{escape(w['explains'])}: {escape(', '.join(finding['explains']))}</p>")
    steps = [f"{text} ({w['expected']}: {expect})" for text, expect in finding["do"]]
    parts += [
        chart,
        f"<p><b>{escape(w['why'])}</b></p>{_list('ol', finding['why'])}",
        f"<p><b>{escape(w['do'])}</b></p>{_list('ol', steps)}",
    ]
    if finding["resolve"]:
        parts.append(f"<p><b>{escape(w['then'])}</b> {escape(finding['resolve'])}</p>")
    if safety and not finding["is_danger"]:
        parts.append(f"<p>{safety}</p>")
    return "".join(parts)


def _routine(routine: dict[str, Any], w: dict[str, str]) -> str:
    head = (w["step"], w["expected_head"], w["measured"], w["verdict"])
    steps = listing(head, routine["steps"], w) if routine["steps"] else ""
    words = f"<h3>{escape(routine['id'])}: {escape(routine['verdict'])}</h3><p>{escape(routine['reason'])}</p>"
    return words + steps


def _list(kind: str, lines: list[str]) -> str:
    return f"<{kind}>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</{kind}>"
