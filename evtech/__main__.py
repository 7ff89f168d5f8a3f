"""Starts evtech: answers ``--version`` from a constant, then hands over to the commands."""

import gc
import sys

from evtech import VERSION


def main() -> int:
    """Run the command line; without words open the window."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"evtech {VERSION}\n")
        return 0
    gc.disable()  # what imports make stays: a search for cycles in it finds none
    from evtech.cli.app import run  # typer costs 96 ms that --version need not pay

    gc.enable()
    code = run(sys.argv[1:])
    if "PySide6" not in sys.modules:  # the objects of a window go one after the other
        gc.freeze()  # the process ends: a last search among all that it read takes 50 ms after a month's insights
    return code


def gui() -> int:
    """Open the window (the entry point without a console)."""
    sys.argv[1:1] = ["gui"]
    return main()


if __name__ == "__main__":
    sys.exit(main())
