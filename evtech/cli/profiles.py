"""``evtech profiles``: which devices are known, what they offer, whether a file is right."""

from pathlib import Path

import typer

from evtech.cli.output import Output


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="List, show and check device profiles.", no_args_is_help=True)
    app.add_typer(group, name="profiles")
    group.command("list")(list_profiles)
    group.command("show")(show)
    group.command("check")(check)


def list_profiles(context: typer.Context, kind: str | None = typer.Option(None, help="charger or meter")) -> None:
    """List the known profiles."""
    from evtech.devices.library import Library
    from evtech.errors import InputError

    if kind not in (None, "charger", "meter"):
        raise InputError(f"--kind is {kind!r}.", "Allowed: charger, meter.")
    library = Library(_folder(context))
    found = [profile for profile in library.profiles() if kind in (None, profile.kind)]
    rows = [
        {
            "id": p.id,
            "kind": p.kind,
            "vendor": p.vendor,
            "model": p.model,
            "protocols": list(p.protocols),
            "confidence": p.confidence,
            "source": p.source,
        }
        for p in found
    ]
    text = "\n".join(
        f"{p.id:<28} {p.kind:<8} {p.vendor} {p.model} ({', '.join(p.protocols)}, {p.source})" for p in found
    )
    from evtech import paths

    text += f"\n\nYour own profiles belong in {_folder(context) or paths.user_profiles()}"
    for error in library.broken:
        context.obj.output.say(f"{error}")
    context.obj.output.result({"profiles": rows}, text)


def show(context: typer.Context, name: str = typer.Argument(..., metavar="ID")) -> None:
    """Show every point of a profile."""
    from evtech.devices.library import Library
    from evtech.measure.vocabulary import label

    profile = Library(_folder(context)).find(name)
    points = [
        {
            "name": p.name,
            "table": p.table.value,
            "address": p.address,
            "count": p.count,
            "type": p.type.value,
            "unit": p.unit,
            "scale": p.scale,
            "access": p.access.value,
            "unit_id": p.unit_id,
            "word_order": p.word_order,
            "values": {str(number): word for number, word in p.values.items()},
            "what": p.note or label(p.name),
        }
        for p in profile.points.values()
    ]
    data = {
        "id": profile.id,
        "kind": profile.kind,
        "vendor": profile.vendor,
        "model": profile.model,
        "protocols": list(profile.protocols),
        "unit_id": profile.unit_id,
        "confidence": profile.confidence,
        "source": profile.source,
        "points": points,
        "doubts": list(profile.doubts),
        "notes": list(profile.notes),
        "sources": list(profile.sources),
    }
    lines = [
        f"{profile.vendor} {profile.model}  ({profile.id}, unit {profile.unit_id}, confidence {profile.confidence})"
    ]
    lines += [
        f"  {p['name']:<32} {p['table']:<8} {p['address']:>5} {p['type']:<8} {p['unit']:<5} {p['access']:<3} "
        f"{p['what']}"
        for p in points
    ]
    lines += [f"  note: {note}" for note in profile.notes] + [f"  doubt: {doubt}" for doubt in profile.doubts]
    context.obj.output.result(data, "\n".join(lines))


def check(context: typer.Context, files: list[Path] = typer.Argument(..., metavar="FILE…")) -> None:  # noqa: B008
    """Check profile files; list every problem with line, point, reason and allowed values."""
    from evtech.devices.profile_files import check_file

    output: Output = context.obj.output
    rows = []
    lines = []
    for file in files:
        problems = check_file(file)
        rows.append(
            {
                "file": str(file),
                "ok": not problems,
                "problems": [
                    {"line": p.line, "point": p.point, "reason": p.reason, "allowed": p.allowed} for p in problems
                ],
            }
        )
        lines.append(f"{file}: {'good' if not problems else f'{len(problems)} problem(s)'}")
        lines += [f"  {problem}" for problem in problems]
    output.result({"files": rows}, "\n".join(lines))
    raise typer.Exit(0 if all(row["ok"] for row in rows) else 2)


def _folder(context: typer.Context) -> Path | None:
    return Path(context.obj.profile_dir) if context.obj.profile_dir else None
