"""Holds back the garbage collector while many small values are made that stay alive: rows of an archive, libraries.

It would walk them again and again and find nothing.
"""

import functools
import gc
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def uncollected(work: Callable[P, R]) -> Callable[P, R]:
    """Return the function, during which no cycles are collected."""

    @functools.wraps(work)
    def run(*args: P.args, **named: P.kwargs) -> R:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return work(*args, **named)
        finally:
            if was_on:
                gc.enable()

    return run
