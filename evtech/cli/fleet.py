"""``evtech fleet``: what no wire tells of the ports: ratings, zones, sites, service dates; and files of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli import fleet_outages
from evtech.cli.fleet_archive import (
    iso_or_none,
    library,
    one_of,
    open_for_entries,
    read_roster,
    say_strangers,
    technician_or_usual,
)
from evtech.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from evtech.insights.fleet_files import Taking
    from evtech.insights.roster import RosterPort

FACTS = ("rated_kw", "timezone", "site", "in_service_from", "in_service_to", "min_kw", "station_id", "evse_id",
         "complete_from", "complete_to")  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="What no wire tells of the ports: ratings, zones, outages.", no_args_is_help=True)
    app.add_typer(group, name="fleet")
    group.command("list")(list_ports)
    group.command("show")(show)
    group.command("set")(set_facts)
    group.command("import")(import_files)
    group.command("export")(export_files)
    fleet_outages.register(group)


def list_ports(
    context: typer.Context,
    site: str | None = typer.Option(None, help="A site, or part of its name."),
    missing: bool = typer.Option(False, "--missing", help="Only ports of which something is not known."),
) -> None:
    """List the ports of the archive: their facts, what is missing, and what that costs."""
    from evtech.insights.roster import port_json
    from evtech.insights.words import costs

    found = read_roster(context)
    ports = [p for p in found.ports if (site or "").casefold() in p.site.casefold() and (p.missing or not missing)]
    lines = [_line(port) for port in ports]
    for fact in sorted({fact for port in ports for fact in port.missing}, key=FACTS.index):
        lacking = [port.name for port in ports if fact in port.missing]
        lines.append(f"{len(lacking)} of {len(ports)} ports: {costs(fact)}")
    data = {"schema": "evtech.fleet/1", "ports": [port_json(port) for port in ports]}
    context.obj.output.result(data, "\n".join(lines) or "no ports")


def show(context: typer.Context, port: str = typer.Argument(..., metavar="PORT")) -> None:
    """Show one port: every fact with who said it and when, all that was said before, its outages."""
    from evtech.insights.roster import outage_json, port_json

    found = read_roster(context)
    chosen = found.find(one_of(found, port))
    if chosen is None:
        raise NotFoundError(f"There is no port {port!r} in this archive.", "`evtech fleet list` names the ports.")
    history = [
        {"at": iso_or_none(row.at.timestamp())}
        | {name: row.body.get(name) or None for name in ("technician", "source", "says")}
        for row in chosen.facts.rows
    ]
    outages = [outage_json(outage) for outage in chosen.outages]
    data = port_json(chosen) | {"history": history, "reported": outages}
    lines = [_line(chosen)]
    lines += [f"  {row['at']}  {row['technician'] or '?'} ({row['source']}): {_pairs(row['says'])}" for row in history]
    lines += [f"  {fleet_outages.line(outage)}" for outage in chosen.outages]
    context.obj.output.result(data, "\n".join(lines))


def set_facts(
    context: typer.Context,
    ports: list[str] = typer.Argument(..., metavar="PORT…", help="Ports, or all."),  # noqa: B008
    rated_kw: str | None = typer.Option(None, help="Rated power of the port in kW."),
    min_kw: str | None = typer.Option(None, help="Power in kW that it must be able to give, such as 150 (NEVI)."),
    timezone: str | None = typer.Option(None, help="IANA zone where it stands, such as Europe/Berlin."),
    site: str | None = typer.Option(None, help="Site, for its figures and reports."),
    station_id: str | None = typer.Option(None, help="Id of the station, for reports."),
    evse_id: str | None = typer.Option(None, help="Id of the port or connector, for reports."),
    in_service_from: str | None = typer.Option(None, help="ISO date or time; without a zone UTC."),
    in_service_to: str | None = typer.Option(None, help="When it was taken out of service."),
    complete_from: str | None = typer.Option(None, help="From then on you vouch that all its outages are entered …"),
    complete_to: str | None = typer.Option(None, help="… until then; left out: until now."),
    forget: list[str] = typer.Option([], help=f"A fact that is not known any more: {', '.join(FACTS)}."),  # noqa: B008
    technician: str | None = typer.Option(None, help="Who says so; else the name of the settings."),
) -> None:
    """Say what is known of ports; the last word on each fact holds, what was said before is kept."""
    from evtech.insights.roster import port_json, roster
    from evtech.store.fleet import say

    given = locals()
    changes: dict[str, object] = {name: given[name] for name in FACTS if given[name] is not None}
    unknown = [name for name in forget if name not in FACTS]
    if unknown or not (changes or forget):
        what = f"--forget {unknown[0]!r} is no fact." if unknown else "Nothing is said of the ports."
        raise InputError(what, f"Facts: {', '.join(FACTS)}.")
    changes |= dict.fromkeys(forget)
    who = technician_or_usual(technician)
    archive = open_for_entries(context)
    try:
        before = roster(archive, library(context))
        names = [port.name for port in before.ports] if ports == ["all"] else [one_of(before, word) for word in ports]
        say_strangers(context, before, names)
        rows = [
            row for name in dict.fromkeys(names) if (row := say(before.fleet.facts(name), changes, who)) is not None
        ]
        archive.add_results(rows)
        after = roster(archive, library(context))
    finally:
        archive.close()
    found = [port for port in after.ports if port.name in names]
    changed = [row.title for row in rows]
    data = {"ports": [port_json(port) for port in found], "changed": changed, "technician": who}
    said = f"{len(changed)} of {len(set(names))} ports changed" if changed else "known already; nothing changed"
    context.obj.output.result(data, "\n".join([*(_line(port) for port in found), said]))


def import_files(
    context: typer.Context,
    ports: Path | None = typer.Option(None, help="CSV of ports."),  # noqa: B008
    outages: Path | None = typer.Option(None, help="CSV of outages and exclusions."),  # noqa: B008
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be taken, and what is wrong."),
    technician: str | None = typer.Option(None, help="Who takes them in; else the name of the settings."),
) -> None:
    """Take in ports and outages; with one wrong row nothing is taken, and each is named with its line."""
    from evtech.insights.fleet_files import OUTAGES, PORTS, take
    from evtech.insights.roster import roster

    if ports is None and outages is None:
        raise InputError("No file is named.", "Add --ports FILE.csv, --outages FILE.csv or both.")
    who = technician_or_usual(technician)
    archive = open_for_entries(context)
    try:
        found = roster(archive, library(context))
        known = {port.name for port in found.ports}
        taken: list[Taking] = []
        if ports is not None:
            taken.append(take(ports, PORTS, found.fleet, known, who))
            known |= {row.title for row in taken[0].rows}
        if outages is not None:
            taken.append(take(outages, OUTAGES, found.fleet, known, who))
        is_good = not any(taking.problems for taking in taken)
        if is_good and not dry_run:
            archive.add_results([row for taking in taken for row in taking.rows])
    finally:
        archive.close()
    _say_taken(context, taken, is_taken=is_good and not dry_run)
    raise typer.Exit(0 if is_good else 2)


def export_files(
    context: typer.Context,
    ports: Path | None = typer.Option(None, help="CSV of ports to write."),  # noqa: B008
    outages: Path | None = typer.Option(None, help="CSV of outages and exclusions to write."),  # noqa: B008
) -> None:
    """Write ports and outages as the files that `fleet import` and `insights` read."""
    from evtech.insights.fleet_files import outages_csv, ports_csv
    from evtech.reports.files import write_whole

    if ports is None and outages is None:
        raise InputError("No file is named.", "Add --ports FILE.csv, --outages FILE.csv or both.")
    found = read_roster(context)
    written = []
    if ports is not None:
        write_whole(ports, ports_csv(found.fleet, [port.name for port in found.ports]).encode())
        written.append({"file": str(ports), "kind": "ports", "rows": len(found.ports)})
    if outages is not None:
        write_whole(outages, outages_csv(found.fleet.standing).encode())
        written.append({"file": str(outages), "kind": "outages", "rows": len(found.fleet.standing)})
    text = "\n".join(f"{row['file']}: {row['rows']} {row['kind']}" for row in written)
    context.obj.output.result({"files": written}, text)


def _say_taken(context: typer.Context, taken: "list[Taking]", *, is_taken: bool) -> None:
    output = context.obj.output
    for taking in taken:
        for remark in (*map(str, taking.problems), *taking.notes):
            output.say(f"evtech: {taking.file}: {remark}")
    rows = [
        {"file": str(t.file), "kind": t.kind, "new": t.new, "changed": t.changed, "same": t.same,
         "problems": [{"line": p.line, "reason": p.reason} for p in t.problems], "notes": list(t.notes)}
        for t in taken
    ]  # fmt: skip
    lines = [f"{row['file']}: {row['new']} new, {row['changed']} changed, {row['same']} known already" for row in rows]
    wrong = sum(len(taking.problems) for taking in taken)
    lines += [] if is_taken else [f"nothing was taken: {wrong} rows are wrong" if wrong else "nothing was taken"]
    output.result({"imported": is_taken, "files": rows}, "\n".join(lines))


def _line(port: "RosterPort") -> str:
    facts = port.facts
    power = f"{port.rating.kw:g} kW ({port.rating.source})" if port.rating is not None else "rating unknown"
    parts = [port.name, port.site or "no site", power, facts.text("timezone") or "no zone"]
    service = [iso_or_none(facts.number(name)) or "" for name in ("in_service_from", "in_service_to")]
    parts += [f"in service {service[0]}–{service[1]}"] if any(service) else []
    standing = sum(not outage.withdrawn for outage in port.outages)
    parts += [f"{standing} outages and exclusions"] if standing else []
    parts += [] if port.seen is not None else ["not seen yet"]
    return " · ".join(parts)


def _pairs(says: Any) -> str:
    pairs = says.items() if isinstance(says, dict) else ()
    words = [(name, f"{value:g}" if isinstance(value, float) else value) for name, value in pairs]
    return ", ".join(f"{name} {'not known any more' if value is None else value}" for name, value in words)
