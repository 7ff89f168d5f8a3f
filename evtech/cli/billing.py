"""``evtech billing``: is this bill right?"""

import typer

from evtech.cli import billing_check, billing_lint, billing_verify


def register(app: typer.Typer) -> None:
    """Add the command group; each command lives in a module of its own."""
    group = typer.Typer(help="Check charge records, tariffs and signed meter values.", no_args_is_help=True)
    app.add_typer(group, name="billing")
    billing_check.register(group)
    billing_lint.register(group)
    billing_verify.register(group)
