"""``evtech calibrate``: how accurate the charger's meter is: doses, error, uncertainty, verdict."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.calibrate_run import run
from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.calibration.plan import Plan

_NEGATIVE = ("CONDITIONAL_FAIL", "FAIL")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="How accurate is the charger's meter.", no_args_is_help=False)
    app.add_typer(group, name="calibrate")
    group.command()(run)

    @group.command()
    def evaluate(
        context: typer.Context,
        run: Path = typer.Argument(..., metavar="RUN.json", help="The record of a calibration."),  # noqa: B008
        pdf: Path | None = typer.Option(None, help="Write the report as PDF."),  # noqa: B008
        html: Path | None = typer.Option(None, help="Write the report as HTML."),  # noqa: B008
        lang: str = typer.Option("en", help="Language of the report: en or de."),
        seal: bool = typer.Option(True, "--seal/--no-seal", help="Sign the PDF with your key."),
        seed: int | None = typer.Option(None, min=0, help="Cross-check by Monte Carlo with this seed."),
    ) -> None:
        """Compute error, uncertainty and verdict of a recorded calibration."""
        from evtech.calibration.evaluate import evaluate as compute
        from evtech.calibration.run_record import load_run
        from evtech.calibration.words import words

        words(lang)  # an unknown language is refused before anything is written
        record = load_run(run)
        result = compute(record, monte_carlo_seed=seed)
        if pdf is not None or html is not None:
            from evtech.cli.report import say_remarks
            from evtech.reports.calibration import write_calibration_report

            written = write_calibration_report(record, result, pdf=pdf, html=html, lang=lang, seal=seal)
            say_remarks(context.obj.output, written)
            for path, _ in written:
                context.obj.output.say(f"{path} is written")
        context.obj.output.result(result.to_json(), _result_text(result))
        raise typer.Exit(1 if result.decision.verdict in _NEGATIVE else 0)

    @group.command()
    def plan(
        context: typer.Context,
        plan: Path | None = typer.Argument(None, metavar="[PLAN.toml]", help="A plan; else the options."),  # noqa: B008
        resolution_kwh: float | None = typer.Option(None, help="Step of the charger's register."),
        reference_resolution_kwh: float | None = typer.Option(None, help="Step of the reference's register."),
        limit_profile: str | None = typer.Option(None, help="Limit profile (calibrate limits)."),
        limit_pct: float | None = typer.Option(None, help="Or a limit of your own, in percent."),
        current_a: list[float] = typer.Option([], help="Current of a load point; repeat it."),  # noqa: B008
        power_kw: float | None = typer.Option(None, help="Power, with one load point."),
        voltage_v: float | None = typer.Option(None, help="Phase to neutral, or DC."),
        phases: int = typer.Option(1, help="Phases that carry current."),
        update_s: float | None = typer.Option(None, help="Update period of the charger's register."),
        reference_update_s: float | None = typer.Option(None, help="Update period of the reference's register."),
        target_u_pct: float | None = typer.Option(None, help="Standard uncertainty a term may add (limit / 10)."),
        static: bool = typer.Option(False, "--static", help="Start and stop without current."),
    ) -> None:
        """Say how much energy each load point needs, how long that takes, and why."""
        from evtech.calibration.plan import load_plan

        if plan is not None:
            planned = load_plan(plan)
        else:
            limit: Any = limit_profile if limit_pct is None else {"limit_pct": limit_pct}
            if limit is None or (limit_profile and limit_pct):
                raise InputError("The limit is not clear.", "Give a PLAN.toml, --limit-profile ID or --limit-pct T.")
            points: list[dict[str, Any]] = [{"current_a": a} for a in current_a] or [{"current_a": 0.0, "name": "load"}]
            if power_kw is not None:
                points = [point | {"power_kw": power_kw} for point in points]
            planned = _from_options(
                limit_profile=limit,
                decision_rule="ilac_g8",
                reference={"resolution_kwh": reference_resolution_kwh, "update_period_s": reference_update_s},
                device={"resolution_kwh": resolution_kwh, "update_period_s": update_s},
                start_stop="static" if static else "running",
                voltage_v=voltage_v,
                phases=phases,
                target_u_pct=target_u_pct,
                point=points,
            )
        data = _plan_json(planned)
        context.obj.output.result(data, _plan_text(data))

    @group.command()
    def limits(context: typer.Context) -> None:
        """List the limit profiles with their standing."""
        from evtech.calibration.limits import limit_profiles
        from evtech.calibration.result import profile_json

        rows = [profile_json(profile) for _, profile in sorted(limit_profiles().items())]
        lines = [
            f"{r['id']:34} {r['title']} ({r['jurisdiction']}){' · ' + r['mark'] if r['mark'] else ''}" for r in rows
        ]
        context.obj.output.result({"limits": rows}, "\n".join(lines))


def _from_options(**values: Any) -> "Plan":
    """Return a plan from the options' values (numbers and texts), checked like a file."""
    from evtech.calibration.limits import profile_of
    from evtech.calibration.plan import Plan, start_run
    from evtech.calibration.strict import read

    plan = read(Plan, values, "options")
    profile_of(start_run(plan))
    return plan


def _plan_json(plan: "Plan") -> dict[str, Any]:
    """Return the doses of a plan as JSON values; the text for people comes from the same ones."""
    from evtech.calibration.limits import day_of, limit_for, profile_of
    from evtech.calibration.plan import plan_doses, start_run
    from evtech.calibration.result import profile_json

    run = start_run(plan)
    profile = profile_of(run)
    rows = []
    for planned, point, dose in zip(plan.points, run.points, plan_doses(plan), strict=True):
        limit = limit_for(run, point)
        assert limit is not None  # plan_doses has refused a point without one
        total = None if dose.duration_s is None else planned.runs * dose.duration_s
        rows.append(
            {"name": point.name, "current_a": planned.current_a, "runs": planned.runs, **dose.to_json()}
            | {"total_s": total, "limit_pct": limit.limit_pct, "limit_row": limit.text, "verified": limit.verified}
        )
    whole = [row["total_s"] for row in rows]
    return {
        "schema": "evtech.calibration-plan/1",
        "limits": None if profile is None else profile_json(profile),
        "in_force": None if profile is None else profile.in_force(day_of(run)) is None,
        "not_in_force_reason": None if profile is None else profile.in_force(day_of(run)),
        "points": rows,
        "total_s": None if None in whole else sum(whole),
    }


def _plan_text(data: dict[str, Any]) -> str:
    lines = []
    if data["limits"]:
        mark = f" · {data['limits']['mark']}" if data["limits"]["mark"] else ""
        lines.append(f"{data['limits']['title']}, {data['limits']['jurisdiction']}{mark}")
        lines += [f"For information only: {data['not_in_force_reason']}"] if not data["in_force"] else []
    for row in data["points"]:
        took = "" if row["duration_s"] is None else f", {_clock(row['duration_s'])} a run at {row['power_kw']:.3g} kW"
        lines.append(
            f"{row['name']}: {row['dose_kwh']:.4g} kWh{took}, {row['runs']} runs, limit {row['limit_pct']:g} %"
        )
        lines.append(f"  because: {row['why']}")
    if data["total_s"] is not None:
        lines.append(f"charging in all: {_clock(data['total_s'])}")
    return "\n".join(lines)


def _result_text(result: Any) -> str:
    """Return a result for people; its class is imported late."""
    lines = [f"{result.decision.verdict}{' (' + result.decision.reason + ')' if result.decision.reason else ''}"]
    for point in result.points:
        shown = point.reported or "no error can be stated"
        more = (
            f", k = {point.combined.k:.2f}, limit ±{point.limit.limit_pct:g} %"
            if point.combined and point.limit
            else ""
        )
        why = f" ({point.decision.reason})" if point.decision.reason else ""
        lines.append(f"  {point.name}: {shown}{more}, n = {point.n}: {point.decision.verdict}{why}")
    lines += [f"not met: {remark.say()}" for remark in result.conditions]
    lines += [f"note: {remark.say()}" for remark in result.notes]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
