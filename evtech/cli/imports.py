"""``evtech sessions import`` and what belongs to it: what was imported, taking it out, ports, doubled sessions."""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.output import iso
from evtech.errors import EvtechError, InputError

if TYPE_CHECKING:
    from evtech.exchange.keeping import Kept, Prepared
    from evtech.exchange.plans import Plan
    from evtech.store.archive import Archive

MOST_IDS = 1000  # that the answer names
Row = dict[str, Any]


def register(group: typer.Typer) -> None:
    """Add the commands to the group of sessions."""
    group.command("import")(import_)
    group.command("imports")(imports)
    group.command("withdraw")(withdraw)
    group.command("restore")(restore)
    group.command("same-port")(same_port)
    group.command("same")(same)
    group.command("apart")(apart)


def import_(
    context: typer.Context,
    files: list[Path] = typer.Argument(..., metavar="FILE…"),  # noqa: B008
    kind: str | None = typer.Option(None, "--as", help="What a CSV is: samples or sessions; else found out."),
    zone: str = typer.Option("UTC", "--timezone", help="IANA zone of times without an offset."),
    order: str = typer.Option("day", "--date-order", help="What comes first in 01/02/2026: day or month."),
    decimal: str | None = typer.Option(None, help="Decimal sign of a CSV: . or ,"),
    delimiter: str | None = typer.Option(None, help="What separates the columns of a CSV."),
    encoding: str | None = typer.Option(None, help="utf-8, cp1252, utf-16 or latin-1."),
    column: list[str] = typer.Option([], help="TITLE=WHAT[:UNIT] for a CSV's column; TITLE= leaves it out."),  # noqa: B008
    charger: str = typer.Option("", help="The charger, where the file does not name it."),
    site: str | None = typer.Option(None, help="The site, in place of what the file says."),
    port: list[str] = typer.Option([], "--same-port", help="NAME=SHOWN: a port of the file is a port of the archive."),  # noqa: B008
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would come, and write nothing."),
    strict: bool = typer.Option(False, "--strict", help="Refuse a file of which anything must be left out."),
    replace_: bool = typer.Option(
        False, "--replace", help="Withdraw an earlier import of the file that was read otherwise."
    ),
) -> None:
    """Take in sessions: CSV, evtech's exports, OCPI CDRs, OCPP logs; what is there already stays as it is."""
    from evtech.cli.sessions import open_archive
    from evtech.exchange.plans import Plan

    plan = Plan(kind or "", zone, order, _sign(delimiter), decimal or "", encoding or "", charger=charger, site=site)
    ports = dict(_pair(words) for words in port)
    archive = open_archive(context, create=True)
    rows: list[Row] = []
    worst = 0
    try:
        for file in files:
            try:
                rows.append(_one(context, archive, file, plan, column, ports, dry_run, strict, replace_))
            except EvtechError as error:
                context.obj.output.error(error)
                rows.append({"file": str(file), "error": str(error)})
                worst = max(worst, error.exit_code)
    except KeyboardInterrupt:
        worst = 130
    finally:
        archive.close()
        context.obj.output.result({"files": rows}, "\n".join(_sentence(row, dry_run) for row in rows))
    if worst:
        raise typer.Exit(worst)


def imports(context: typer.Context) -> None:
    """List the files that were imported, newest first."""
    from evtech.cli.sessions import open_archive
    from evtech.store import imports as kept

    archive = open_archive(context)
    try:
        with archive.reading() as connection:
            found = kept.imports(connection)
    finally:
        archive.close()
    rows = [
        {"id": each.id, "at": iso(each.at), "withdrawn": each.is_withdrawn, "reason": each.reason}
        | {k: v for k, v in each.body.items() if k in _SHOWN}
        for each in found
    ]
    lines = [
        f"{each.id[:8]}  {iso(each.at)}  {each.body.get('sessions', 0):>7} sessions  {each.body.get('source', '')}"
        f"  {each.file}" + ("  withdrawn" if each.is_withdrawn else "")
        for each in found
    ]
    context.obj.output.result({"imports": rows}, "\n".join(lines) or "nothing was imported")


def withdraw(
    context: typer.Context,
    import_id: str = typer.Argument(..., metavar="ID"),
    reason: str = typer.Option("", help="Why; it is kept."),
    technician: str = typer.Option("", help="Who."),
) -> None:
    """Take an import out again: what it brought is left out everywhere; nothing is deleted."""
    from evtech.exchange.keeping import withdraw as take_out

    _stand(context, lambda archive: take_out(archive, import_id, reason, technician), "withdrawn")


def restore(
    context: typer.Context,
    import_id: str = typer.Argument(..., metavar="ID"),
    technician: str = typer.Option("", help="Who."),
) -> None:
    """Bring back what a withdrawn import brought."""
    from evtech.exchange.keeping import restore as bring_back

    _stand(context, lambda archive: bring_back(archive, import_id, technician), "restored")


def same_port(
    context: typer.Context,
    name: str = typer.Argument(..., help="A port's name, as `sessions list` shows it."),
    shown: str = typer.Argument(..., help="The name under which it is shown from now on; itself to undo."),
) -> None:
    """Say that two names mean one port."""
    from evtech.exchange.keeping import say_same_port

    def work(archive: "Archive") -> tuple[Row, str]:
        repeated = say_same_port(archive, name, shown)
        data = {"name": name, "shown": shown, "repeated": repeated}
        return data, f"{name} is shown as {shown}; {repeated} sessions are told twice and left out of sums"

    _written(context, work)


def same(
    context: typer.Context,
    session_id: str = typer.Argument(..., metavar="ID"),
    other: str = typer.Argument(..., metavar="OTHER", help="The session that counts."),
) -> None:
    """Say that a session is the same as another: it is left out of sums."""
    from evtech.exchange.keeping import say_same

    def work(archive: "Archive") -> tuple[Row, str]:
        one, two = archive.session(session_id), archive.session(other)
        say_same(archive, one.id, two.id)
        return {"session": one.id, "same_as": two.id}, f"{one.id[:8]} is the same as {two.id[:8]}"

    _written(context, work)


def apart(context: typer.Context, session_id: str = typer.Argument(..., metavar="ID")) -> None:
    """Say that a session is one of its own: it counts."""
    from evtech.exchange.keeping import say_same

    def work(archive: "Archive") -> tuple[Row, str]:
        one = archive.session(session_id)
        say_same(archive, one.id, None)
        return {"session": one.id, "same_as": None}, f"{one.id[:8]} counts as a session of its own"

    _written(context, work)


_SHOWN = ("file", "source", "sessions", "known", "samples", "ports", "problem_count", "problems", "remarks", "sha256",
          "plan")  # fmt: skip


def _one(
    context: typer.Context, archive: "Archive", file: Path, plan: "Plan", columns: list[str], ports: dict[str, str],
    dry_run: bool, strict: bool, replace_: bool,
) -> Row:  # fmt: skip
    from evtech.exchange.keeping import prepare, take_in
    from evtech.exchange.progress import Progress

    out, progress = context.obj.output, Progress(_tell(file))
    with prepare(archive, file, _planned(file, plan, columns), progress) as ready:
        for words in (*ready.problems, *ready.remarks):
            out.say(f"evtech: {file.name}: {words}")
        for each in ready.same_ports:
            if each.port not in ports:
                out.say(
                    f"evtech: {file.name}: {each.port} seems to be {each.shown}: {each.fits} of {each.of} sessions"
                    f" agree. Say so with --same-port {f'{each.port}={each.shown}'!r}."
                )
        if strict and ready.problem_count:
            raise InputError(
                f"{file}: {ready.problem_count} things would be left out.", "See above, or leave --strict."
            )
        if ready.other is not None and not replace_:
            raise InputError(
                f"{file} is here already, read in another way (import {ready.other.id[:8]} of {iso(ready.other.at)}).",
                "--replace withdraws that import and takes the file in anew.",
            )
        kept = None if dry_run else take_in(archive, ready, progress, same_ports=ports,
                                            replaces=ready.other if replace_ else None)  # fmt: skip
        return _row(file, ready, kept)


def _planned(file: Path, plan: "Plan", columns: list[str]) -> "Plan":
    """Return the plan with the columns that were said, seen with those of the file."""
    from evtech.exchange.reading import look
    from evtech.exchange.source_file import SourceFile

    if not columns:
        return plan
    table, _ = look(SourceFile(file), plan)
    return replace(table.plan, columns=table.plan.with_columns(columns).columns)


def _row(file: Path, ready: "Prepared", kept: "Kept | None") -> Row:
    seen = ready.contents
    data: Row = {
        "file": str(file), "source": ready.source, "sessions": seen.sessions, "known": 0, "changed": 0,
        "samples": ready.spool.samples, "repeated": 0, "import": None,
    }  # fmt: skip
    if kept is not None:
        data |= {"sessions": kept.sessions, "known": kept.known, "changed": kept.changed, "samples": kept.samples,
                 "repeated": kept.repeated, "import": kept.import_id}  # fmt: skip
    ids = [row[0] for batch in ready.spool.rows("charging_session", f"LIMIT {MOST_IDS}", ("id",)) for row in batch]
    return data | {
        "ids": ids, "ports": sorted(seen.ports)[:MOST_IDS], "problems": ready.problems,
        "problem_count": ready.problem_count, "remarks": ready.remarks,
        "same_port": [asdict(each) for each in ready.same_ports],
    }  # fmt: skip


def _sentence(row: Row, dry_run: bool) -> str:
    if "error" in row:
        return f"{row['file']}: not imported"
    would = " would come" if dry_run else ""
    words = f"{row['file']}: {row['sessions']} sessions, {row['samples']} samples{would}"
    words += f"; {row['known']} were here already" if row["known"] else ""
    words += (
        f", {row['changed']} of them with other values (withdraw the earlier import first)" if row["changed"] else ""
    )
    words += f"; {row['repeated']} are told twice and left out of sums" if row["repeated"] else ""
    words += f"; {row['problem_count']} problems" if row["problem_count"] else ""
    return words + (f" (import {row['import'][:8]})" if row["import"] else "")


def _stand(context: typer.Context, act: Any, word: str) -> None:
    def work(archive: "Archive") -> tuple[Row, str]:
        found = act(archive)
        return {"import": found.id, "file": found.file, "standing": word}, f"{found.id[:8]} {found.file}: {word}"

    _written(context, work)


def _written(context: typer.Context, work: Any) -> None:
    from evtech.cli.sessions import open_archive

    archive = open_archive(context)
    try:
        data, words = work(archive)
    finally:
        archive.close()
    context.obj.output.result(data, words)


def _tell(file: Path) -> Any:
    """Return what shows progress on a terminal."""
    if not sys.stderr.isatty():
        return lambda what, done, total: None

    def tell(what: str, done: int, total: int) -> None:
        end = "\r" if done < total else "\n"
        share = 100 * done // total if total else 100
        print(f"{file.name}: {what} {share:3d} %", file=sys.stderr, end=end, flush=True)  # noqa: T201

    return tell


def _sign(word: str | None) -> str:
    return {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ","}.get(word or "", word or "")


def _pair(words: str) -> tuple[str, str]:
    name, sign, shown = words.partition("=")
    if not sign or not name.strip() or not shown.strip():
        raise InputError(f"--same-port {words!r} is not of the form NAME=SHOWN.", "Such as 'DE*X*E1=KEBA P30 4711'.")
    return name.strip(), shown.strip()
