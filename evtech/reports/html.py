"""The HTML twin of a report: one file, no network, the same words and numbers."""

from html import escape
from typing import Any

STYLE = """
body{font:15px/1.45 Inter,system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#17202a}
.verdict{background:#f0f2f5;padding:1rem 1.2rem;border-radius:4px}.verdict b{font-size:1.9rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{text-align:left;padding:.25rem .5rem .25rem 0;border-bottom:1px solid #c9cfd6;vertical-align:top}
.facts td{border:0}.facts td:first-child{color:#56616d;width:15rem}small{color:#56616d}svg{width:100%}
@media print{body{margin:0;max-width:none}}
"""


def render(data: dict[str, Any], svg: str) -> str:
    """Return the page for the data that the PDF template gets."""
    w = data["w"]
    remarks = "".join(f"<br>{escape(line)}" for line in data["remarks"])
    notes = "".join(f"<li>{escape(note)}</li>" for note in data["notes"])
    return page(
        data,
        [
            f'<h1>{escape(data["title"])}</h1><p class="verdict"><b>{escape(data["energy"])}</b> ',
            f"{escape(data['energy_how'])}{remarks}</p>",
            section(w["device"], facts(data["device"])),
            section(w["register"], facts(data["register"])),
            section(w["curves"], svg),
            section(w["phases"], listing((w["phase"], w["from"], w["to"], w["duration"]), data["phases"], w)),
            section(w["gaps"], listing((w["from"], w["to"], w["duration"], w["reason"]), data["gaps"], w)),
            section(w["faults"], listing((w["code"], w["meaning"]), data["faults"], w)),
            section(w["findings"], listing((w["severity"], w["finding"], w["status"]), data["findings"], w)),
            section(w["notes"], f"<ul>{notes}</ul>" if notes else f"<p>{escape(w['none'])}</p>"),
            f"<p><small>{escape(w['method'])} {escape(data['profile_hash'])} {escape(data['software'])}</small></p>",
        ],
    )


def page(data: dict[str, Any], parts: list[str]) -> str:
    """Return a whole page around the parts of its body."""
    head = (
        f'<!DOCTYPE html><html lang="{data["lang"]}"><head><meta charset="utf-8">'
        f"<title>{escape(data['title'])} {data['short_id']}</title><style>{STYLE}</style></head><body>"
    )
    return "".join([head, *parts, "</body></html>"])


def section(title: str, body: str) -> str:
    """Return a heading with what stands below it."""
    return f"<h2>{escape(title)}</h2>{body}"


def facts(rows: list[list[str]]) -> str:
    """Return names and what they are as a table without rules."""
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in rows)
    return f'<table class="facts">{cells}</table>'


def listing(head: tuple[str, ...], rows: list[list[str]], w: dict[str, str]) -> str:
    """Return a table with a head, or the word for none."""
    if not rows:
        return f"<p>{escape(w['none'])}</p>"
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
