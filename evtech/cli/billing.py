"""``evtech billing``: is the bill right?"""

import typer

from evtech.cli import billing_verify


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Check bills and signed meter values.", no_args_is_help=True)
    app.add_typer(group, name="billing")
    billing_verify.register(group)
