"""``evtech explain``: what a code means and what to do; needs no connection."""

from typing import Any

import typer

from evtech.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def explain(
        context: typer.Context,
        code: list[str] = typer.Argument(..., metavar="CODE", help="A code, a fault id, or words."),  # noqa: B008
        profile: str | None = typer.Option(None, help="Only this product's codes."),
    ) -> None:
        """Explain an error code or a fault."""
        from evtech.diagnostics.knowledge import catalogues
        from evtech.diagnostics.lookup import look_up

        near = [name for name in catalogues() if profile and name.startswith(profile)]
        if profile not in catalogues() and len(near) == 1:
            profile = near[0]  # openevse, without the protocol that the id ends in
        if profile is not None and profile not in catalogues():
            raise InputError(f"There is no error catalogue {profile!r}.", f"Known: {', '.join(catalogues())}.")
        query = " ".join(code)
        matches = look_up(query, profile)
        rows = [_json(match) for match in matches]
        data = {"schema": "evtech.explain/1", "query": query, "found": bool(rows), "matches": rows}
        text = "\n\n".join(_text(row) for row in rows[:5])
        more = f"\n\nand {len(rows) - 5} more; name the product with --profile" if len(rows) > 5 else ""
        context.obj.output.result(data, (text + more) or f"Nothing is known about {query!r}.")
        raise typer.Exit(0 if rows else 1)


def _json(match: Any) -> dict[str, Any]:
    """Return a match as the contract writes it; ``match`` is a ``lookup.Match``, imported late."""
    from evtech.diagnostics.knowledge import faults

    pointed = [faults()[name] for name in match.faults]
    causes = [{"cause": c.cause, "rank": rank} for f in pointed for rank, c in enumerate(_ranked(f.causes), 1)]
    steps = [
        {"kind": s.kind, "text": s.text, "expect": s.expect, "routine": s.routine, "write": s.write}
        for f in pointed
        for s in f.steps
    ]
    safety = " ".join(dict.fromkeys(f.safety for f in pointed if f.safety)) or None
    return {
        "kind": match.kind,
        "profile": match.profile,
        "code": match.code,
        "meaning": match.meaning,
        "published": match.published,
        "severity": match.severity,
        "faults": list(match.faults),
        "causes": causes,
        "steps": steps,
        "safety": safety,
        "resolve": [f.resolve for f in pointed],
    }


def _ranked(causes: Any) -> list[Any]:
    """Return a fault's causes, the likeliest first; their class is imported late."""
    return sorted(causes, key=lambda cause: -cause.prior)


def _text(row: dict[str, Any]) -> str:
    where = f"{row['profile']}  " if row["profile"] else ""
    lines = [f"{where}{row['code']}: {row['meaning'] or 'meaning not published by the maker'} ({row['severity']})"]
    lines += [f"  DANGER: {row['safety']}"] if row["safety"] and row["severity"] == "critical" else []
    lines += [f"  {c['rank']}. {c['cause']}" for c in row["causes"][:5]]
    lines += [f"  - {s['text']} → {s['expect']}" for s in row["steps"][:6]]
    lines += [f"  safety: {row['safety']}"] if row["safety"] and row["severity"] != "critical" else []
    return "\n".join(lines)
