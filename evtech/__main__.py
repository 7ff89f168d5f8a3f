"""Starts evtech: answers ``--version`` from a constant, then hands over to the commands."""

import sys

from evtech import VERSION


def main() -> int:
    """Run the command line; without words open the window."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"evtech {VERSION}\n")
        return 0
    from evtech.cli.app import run  # typer costs 96 ms that --version need not pay

    return run(sys.argv[1:])


def gui() -> int:
    """Open the window (the entry point without a console)."""
    sys.argv[1:1] = ["gui"]
    return main()


if __name__ == "__main__":
    sys.exit(main())
