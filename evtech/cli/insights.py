"""``evtech insights``: availability, success, utilisation, demand and anomalies over the archive or over files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evtech.errors import InputError
from evtech.insights.collecting import uncollected

if TYPE_CHECKING:
    from evtech.insights.overview import Overview
    from evtech.insights.rates import Rate


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    @uncollected  # not while libraries are imported either: a tenth of a month's time
    def insights(
        context: typer.Context,
        from_: str | None = typer.Option(None, "--from", help="Start, ISO date or time."),
        to: str | None = typer.Option(None, help="End, not included."),
        now: str | None = typer.Option(None, help="The moment taken for now; open outages end there."),
        charger: str | None = typer.Option(None, help="Archive only: profile, serial number or part of the name."),
        site: str | None = typer.Option(None, help="Archive only: a site, or part of its name."),
        zone: str = typer.Option(
            "UTC", "--timezone", help="Archive only: IANA zone of ports of which none was entered."
        ),
        sessions: Path | None = typer.Option(None, help="CSV of sessions instead of the archive."),  # noqa: B008
        outages: Path | None = typer.Option(None, help="CSV of outages."),  # noqa: B008
        states: Path | None = typer.Option(None, help="CSV of OCPI states instead of outages."),  # noqa: B008
        ports: Path | None = typer.Option(None, help="CSV of ports."),  # noqa: B008
    ) -> None:
        """Say what many sessions say: availability, success, use, peaks, anomalies."""
        from evtech.insights.attempts import Attempts
        from evtech.insights.finding_list import iso
        from evtech.insights.overview import overview, overview_json
        from evtech.insights.suggestions import suggestions
        from evtech.insights.words import sentence

        if outages is not None and states is not None:
            raise InputError("--outages and --states say the same thing twice.", "Name one of them.")
        if sessions is not None:
            from evtech.insights.files import read_records

            records = read_records(sessions, outages, states, ports)
        elif outages or states or ports:
            raise InputError("--outages, --states and --ports go with --sessions.", "Name the CSV of sessions too.")
        else:
            from evtech.cli.sessions import open_archive
            from evtech.insights.archive_records import read_archive

            archive = open_archive(context)
            try:
                low = _moment("--from", from_, 0.0)
                high = _moment("--to", to, datetime(9999, 1, 1, tzinfo=UTC).timestamp())
                records = read_archive(archive, charger, (low, high), site=site, zone=zone_named(zone))
            finally:
                archive.close()
        attempts = Attempts.of(records.attempts)
        low = _moment("--from", from_, float(attempts.start.min()) if len(attempts) else 0.0)
        high = _moment("--to", to, (float(attempts.end.max()) if len(attempts) else 0.0) + 1.0)
        found = overview(records, (low, high), _moment("--now", now, datetime.now(UTC).timestamp()))
        for warning in records.warnings:
            context.obj.output.say(f"evtech: {warning}")
        said = suggestions(found)
        data = overview_json(found) | {
            "ports": {
                port.name: {
                    "site": port.site or None, "timezone": port.timezone, "rated_kw": port.rated_kw,
                    "in_service_from": iso(port.in_service_from), "in_service_to": iso(port.in_service_to),
                }
                for port in records.ports.values()
            },
            "suggestions": [
                {"kind": each.kind, "port": each.port or None, "text": sentence(each), "figures": each.figures,
                 "sessions": sorted(each.sessions)}
                for each in said
            ]
        }  # fmt: skip
        context.obj.output.result(data, "\n".join([_text(found), *(sentence(each) for each in said)]))


def _moment(option: str, text: str | None, otherwise: float) -> float:
    if text is None:
        return otherwise
    from evtech.insights.files import moment_of

    try:
        return moment_of(text)
    except ValueError as error:
        raise InputError(
            f"{option} {text!r} is no date or time.", "Such as 2026-03-01 or 2026-03-01T12:00Z."
        ) from error


def zone_named(name: str) -> str:
    """Return the zone of an option; raise ``InputError`` where there is none of that name."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"--timezone {name!r} is no IANA zone.", "Such as Europe/Berlin.") from error
    return name


def _text(found: "Overview") -> str:
    s = found.success
    lines = [
        f"{s.attempts} attempts",
        f"  energy flowed        {_rate(s.charge_start)}",
        f"  sessions succeeded   {_rate(s.session)}",
        f"  visits succeeded     {_rate(s.visit)}",
        f"  at the first attempt {_rate(s.first_time)}",
    ]
    for name, port in found.availability.items():
        actual = "—" if port.nevi_actual_pct is None else f"{port.nevi_actual_pct:.3f} %"
        lines.append(f"{name}: uptime {port.nevi_uptime_pct:.3f} % (NEVI), {actual} of its own time")
    for name, use in found.utilisation.items():
        plugged = "—" if use.time_plugged_pct is None else f"{use.time_plugged_pct:.1f} %"
        lines.append(f"{name}: {use.sessions} sessions, {use.kwh:.3f} kWh, occupied {plugged}")
    if found.demand.peak_kw is not None and found.demand.at is not None:
        at = datetime.fromtimestamp(found.demand.at, UTC).isoformat(timespec="minutes")
        lines.append(f"peak {found.demand.peak_kw:.2f} kW in the quarter from {at}")
    judged = found.records.judged
    shown = [a for a in found.anomalies if a.id not in judged or judged[a.id].status != "dismissed"]
    lines += [f"{a.severity}: {a.port}: {a.text}" for a in shown]
    if len(shown) < len(found.anomalies):
        lines.append(f"{len(found.anomalies) - len(shown)} dismissed findings are not shown")
    unrated = sum(port.rated_kw is None for port in found.records.ports.values())
    if unrated:
        of = f"{unrated} of {len(found.records.ports)} ports"
        lines.append(f"{of} have no rating: their energy utilisation is unknown (`evtech fleet set PORT --rated-kw`)")
    return "\n".join(lines)


def _rate(found: "Rate | None") -> str:
    if found is None:
        return "no data"
    return f"{found.value:.1f} % [{found.low:.1f} to {found.high:.1f}] of {found.n}"
