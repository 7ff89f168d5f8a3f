"""``evtech fleet outage``: outages that somebody reported, and exclusions with their cause and evidence."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from evtech.cli.fleet_archive import one_of, open_for_entries, read_roster, say_strangers, technician_or_usual
from evtech.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from evtech.insights.roster import Roster
    from evtech.store.fleet import ReportedOutage

_CAUSES = "utility, communication, vehicle_fault, maintenance, vandalism, disaster, hours; fault, derated …; or words"


def register(fleet: typer.Typer) -> None:
    """Add the commands to the group."""
    group = typer.Typer(help="Outages that somebody reported, and exclusions.", no_args_is_help=True)
    fleet.add_typer(group, name="outage")
    group.command("list")(list_outages)
    group.command("add")(add)
    group.command("change")(change)
    group.command("withdraw")(withdraw)


def list_outages(
    context: typer.Context,
    port: str | None = typer.Argument(None, metavar="[PORT]", help="A port, or part of its name; else all."),
    from_: str | None = typer.Option(None, "--from", help="Only those that reach into the time from then …"),
    to: str | None = typer.Option(None, help="… until then."),
    withdrawn: bool = typer.Option(False, "--withdrawn", help="The withdrawn ones too."),
) -> None:
    """List what was entered, oldest first, with who entered it."""
    from evtech.cli.sessions import moment
    from evtech.insights.roster import outage_json

    low, high = moment(from_), moment(to)
    found = [
        outage
        for outage in read_roster(context).fleet.outages
        if (port or "").casefold() in outage.port.casefold()
        and (withdrawn or not outage.withdrawn)
        and (low is None or outage.end is None or outage.end > low.timestamp())
        and (high is None or outage.start < high.timestamp())
    ]
    text = "\n".join(line(outage) for outage in found) or "no outages or exclusions were entered"
    context.obj.output.result({"outages": [outage_json(outage) for outage in found]}, text)


def add(
    context: typer.Context,
    port: str = typer.Argument(..., metavar="PORT"),
    from_: str = typer.Option(..., "--from", help="ISO date or time; without a zone UTC."),
    to: str | None = typer.Option(None, help="Left out while it lasts."),
    cause: str = typer.Option("", help=_CAUSES),
    excluded: bool = typer.Option(False, "--excluded", help="It was down, for a cause outside the operator's control."),
    exclusion: bool = typer.Option(
        False, "--exclusion", help="No outage of its own: it excuses where the port was down in this time."
    ),
    evidence: str = typer.Option("", help="Reference: a ticket, a letter, a photo's name. Needed to exclude."),
    technician: str | None = typer.Option(None, help="Who says so; else the name of the settings."),
) -> None:
    """Enter an outage or an exclusion."""
    from evtech.insights.roster import roster
    from evtech.store.fleet import report

    need_evidence(excluded or exclusion, cause, evidence)
    fields = {
        "from": from_, "to": to, "cause": cause, "excluded": excluded or exclusion, "exclusion": exclusion,
        "evidence": evidence,
    }  # fmt: skip
    archive = open_for_entries(context)
    try:
        before = roster(archive)
        name = one_of(before, port)
        say_strangers(context, before, [name])
        row = report(name, fields, technician_or_usual(technician))
        archive.add_results([row])
        after = roster(archive)
    finally:
        archive.close()
    twin = next((o for o in before.fleet.standing if (o.port, o.is_exclusion) == (name, exclusion)
                 and o.start == _of(after, row.id).start), None)  # fmt: skip
    if twin is not None:
        context.obj.output.say(
            f"evtech: {twin.id[:8]} begins at the same moment; withdraw one of them if it is the same."
        )
    _doubt(context, cause, is_excuse=excluded or exclusion)
    _say_one(context, after, row.id)


def change(
    context: typer.Context,
    id_: str = typer.Argument(..., metavar="ID", help="The outage, or the beginning of its id."),
    from_: str | None = typer.Option(None, "--from", help="ISO date or time; without a zone UTC."),
    to: str | None = typer.Option(None, help="When it ended; `open` while it lasts."),
    cause: str | None = typer.Option(None, help=_CAUSES),
    excluded: bool | None = typer.Option(
        None, "--excluded/--not-excluded", help="Outside the operator's control or not."
    ),
    evidence: str | None = typer.Option(None, help="Reference: a ticket, a letter, a photo's name."),
    reason: str | None = typer.Option(None, help="Why it is corrected."),
    technician: str | None = typer.Option(None, help="Who says so; else the name of the settings."),
) -> None:
    """End or correct an outage; what it said before is kept."""
    given = {"from": from_, "to": to, "cause": cause, "excluded": excluded, "evidence": evidence, "reason": reason}
    changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if to == "open":
        changes["to"] = None
    if not set(changes) - {"reason"}:
        raise InputError("Nothing is changed.", "Such as --to 2026-03-01T12:00:00Z.")
    _correct(context, id_, changes, technician)


def withdraw(
    context: typer.Context,
    id_: str = typer.Argument(..., metavar="ID", help="The outage, or the beginning of its id."),
    reason: str = typer.Option(..., help="Why it never was, or does not count."),
    undo: bool = typer.Option(False, "--undo", help="Let it stand again."),
    technician: str | None = typer.Option(None, help="Who says so; else the name of the settings."),
) -> None:
    """Withdraw an outage or an exclusion; it counts no more, and stays in the history."""
    if not reason.strip():
        raise InputError("A withdrawal needs its reason.", "Such as --reason 'entered for the wrong port'.")
    _correct(context, id_, {"withdrawn": not undo, "reason": reason}, technician)


def need_evidence(is_excuse: bool, cause: str, evidence: str) -> None:
    """Raise ``InputError`` for an exclusion without cause or evidence: nobody would accept it (23 CFR 680.116(b))."""
    if is_excuse and not (cause.strip() and evidence.strip()):
        raise InputError("An exclusion needs its cause and its evidence.", "Add --cause and --evidence.")


def line(outage: "ReportedOutage") -> str:
    """Return an outage in one line for people."""
    from evtech.store.fleet_values import iso

    end = iso(outage.end) if outage.end is not None else "lasts"
    kind = "exclusion" if outage.is_exclusion else "excluded outage" if outage.excluded else "outage"
    parts = [outage.id[:8], outage.port, f"{iso(outage.start)} – {end}", kind, outage.cause or "no cause"]
    parts += [f"evidence: {outage.evidence}"] if outage.evidence else []
    parts += [f"by {outage.by}"] if outage.by else []
    parts += [f"WITHDRAWN: {outage.reason}"] if outage.withdrawn else []
    return " · ".join(parts)


def _correct(context: typer.Context, id_: str, changes: dict[str, object], technician: str | None) -> None:
    from evtech.insights.roster import roster
    from evtech.store.fleet import correct

    archive = open_for_entries(context)
    try:
        before = _of(roster(archive), id_)
        row = correct(before, changes, technician_or_usual(technician))
        is_excuse = bool(changes.get("excluded", before.excluded))
        cause, evidence = (str(changes.get(name, getattr(before, name)) or "") for name in ("cause", "evidence"))
        need_evidence(bool(changes.get("excluded")), cause, evidence)
        archive.add_results([row] if row is not None else [])
        after = roster(archive)
    finally:
        archive.close()
    if row is None:
        context.obj.output.say("evtech: it says so already; nothing changed.")
    elif "cause" in changes:
        _doubt(context, cause, is_excuse=is_excuse)
    _say_one(context, after, before.id)


def _of(found: "Roster", id_or_prefix: str) -> "ReportedOutage":
    fitting = [outage for outage in found.fleet.outages if id_or_prefix and outage.id.startswith(id_or_prefix)]
    if len(fitting) != 1:
        many = f"{len(fitting)} outages begin" if fitting else "No outage begins"
        raise NotFoundError(f"{many} with {id_or_prefix!r}.", "`evtech fleet outage list --withdrawn` shows them.")
    return fitting[0]


def _doubt(context: typer.Context, cause: str, *, is_excuse: bool) -> None:
    from evtech.insights.causes import ACCEPTED, is_accepted

    if is_excuse and not is_accepted(cause):
        usual = ", ".join(ACCEPTED)
        context.obj.output.say(f"evtech: {cause!r} is none of the usual causes of an exclusion ({usual}).")


def _say_one(context: typer.Context, found: "Roster", id_: str) -> None:
    from evtech.insights.roster import outage_json

    outage = _of(found, id_)
    zone = found.fleet.facts(outage.port).text("timezone")
    text = line(outage) + (f"\n  there: {_local(outage, zone)}" if zone else "")
    context.obj.output.result(outage_json(outage), text)


def _local(outage: "ReportedOutage", zone: str) -> str:
    """Return the times on the port's own clock: a time entered without a zone was taken as UTC."""

    def at(moment: float | None) -> Any:
        there = datetime.fromtimestamp(moment, ZoneInfo(zone)) if moment is not None else None
        return f"{there:%Y-%m-%d %H:%M %z}" if there is not None else "lasts"

    return f"{at(outage.start)} – {at(outage.end)} ({zone})"
