"""A document as blocks: what a PDF template and its HTML twin both render, so that they say the same."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evtech.reports.html import STYLE

Block = dict[str, Any]
_MORE_STYLE = """
.badge{display:flex;gap:1rem;align-items:center}.badge svg{width:3.6rem;flex:none}.right{text-align:right}
.wide{overflow-x:auto}h3{margin-bottom:.3rem}.sign{display:flex;gap:3rem;margin-top:4rem}
.sign div{flex:1;border-top:1px solid #17202a;padding-top:.3rem}
"""


def heading(text: str, level: int = 2) -> Block:
    """Return a heading."""
    return {"kind": "heading", "text": text, "level": level}


def facts(rows: Sequence[tuple[str, str]]) -> Block:
    """Return names with their values."""
    return {"kind": "facts", "rows": [list(row) for row in rows]}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], right: Sequence[int] = (),
          size: float = 8.5) -> Block:  # fmt: skip
    """Return a table; ``widths`` are shares (0 is as wide as needed), ``right`` the columns of numbers."""
    return {
        "kind": "table",
        "head": list(head),
        "rows": [list(row) for row in rows],
        "widths": list(widths),
        "right": list(right),
        "size": size,
    }


def text(words: str, *, lead: bool = False) -> Block:
    """Return a paragraph; a lead stays on the page of what follows."""
    return {"kind": "text", "text": words, "lead": lead}


def listing(items: Sequence[str], otherwise: str) -> Block:
    """Return a list, or a sentence where it is empty."""
    return {"kind": "list", "items": list(items)} if items else text(otherwise)


def image(file: str, alt: str, caption: str) -> Block:
    """Return a picture that lies beside the document, with what it shows below."""
    return {"kind": "image", "file": file, "alt": alt, "caption": caption}


def signatures(names: Sequence[tuple[str, str]]) -> Block:
    """Return places to sign: a role and a name each."""
    return {"kind": "signatures", "names": [list(name) for name in names]}


def render_html(data: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """Return the page for the data (JSON values) that the PDF template gets; ``pictures`` are SVG by file name."""
    v, w = data["verdict"], data["w"]
    remarks = "".join(f"<br>{escape(line)}" for line in v["remarks"])
    return "".join(
        [
            f'<!DOCTYPE html><html lang="{data["lang"]}"><head><meta charset="utf-8">',
            f"<title>{escape(data['title'])} {escape(data['number'])}</title>",
            f"<style>{STYLE}{_MORE_STYLE}</style></head><body><h1>{escape(data['title'])}</h1>",
            f"<p><small>{escape(data['subtitle'])} · {escape(w['number'])} {escape(data['number'])}</small></p>",
            f'<div class="verdict badge">{pictures["badge.svg"]}<div><b style="color:{v["colour"]}">',
            f"{escape(v['word'])}</b> {escape(v['sentence'])}{remarks}</div></div>",
            *(_block(block, pictures) for block in data["blocks"]),
            f"<p><small>{escape(data['software'])} · {escape(w['end_mark'])}</small></p></body></html>",
        ]
    )


def _block(block: Block, pictures: Mapping[str, str]) -> str:
    match block["kind"]:
        case "heading":
            return f"<h{block['level']}>{escape(block['text'])}</h{block['level']}>"
        case "facts":
            cells = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in block["rows"])
            return f'<table class="facts">{cells}</table>'
        case "table":
            return _table(block)
        case "list":
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block["items"]) + "</ul>"
        case "image":
            return f"{pictures[block['file']]}<p><small>{escape(block['caption'])}</small></p>"
        case "signatures":
            return (
                '<div class="sign">'
                + "".join(f"<div>{escape(a)}<br>{escape(b)}</div>" for a, b in block["names"])
                + "</div>"
            )
    return f"<p>{escape(block['text'])}</p>"


def _table(block: Block) -> str:
    def cell(tag: str, column: int, words: str) -> str:
        mark = ' class="right"' if column in block["right"] else ""
        return f"<{tag}{mark}>{escape(words)}</{tag}>"

    head = "".join(cell("th", i, words) for i, words in enumerate(block["head"]))
    rows = "".join("<tr>" + "".join(cell("td", i, t) for i, t in enumerate(row)) + "</tr>" for row in block["rows"])
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'
