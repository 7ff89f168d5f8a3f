"""What a recording cannot prove because its samples are too far apart: said, never counted as passed or failed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from evtech.diagnostics.episodes import FAST_POLL_S
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.knowledge import faults

OPENS_S = 0.1  # a contactor opens within this after the vehicle lets go or is gone (IEC 61851-1, annex A)
SAID = "not measurable over this link"


def not_measurable(evidence: Evidence) -> tuple[str, ...]:
    """Return sentences about limits that the recording's pace cannot prove; nothing for a single sample."""
    times = evidence.trace.times
    if len(times) < 2:
        return ()
    usual = float(np.median(np.diff(times)))
    found = []
    if evidence.state is not None and usual > OPENS_S / 2:
        found.append(f"contactor open within {OPENS_S * 1000:g} ms: {SAID}, which gives a sample every {usual:.2g} s")
    if evidence.state is not None and usual > FAST_POLL_S:
        found.append(f"PE-LOST, the state right before an unplugging: {SAID} (samples up to {FAST_POLL_S:g} s apart)")
    for fault in faults().values():
        for leaf in _leaves(fault.detect):
            seconds = leaf.get("for_s", 0)
            if 0 < seconds < 0.95 * usual and evidence.signal(leaf["signal"]) is not None:
                found.append(f"{fault.id}, {leaf['signal']} for {seconds:g} s: {SAID} (a sample every {usual:.2g} s)")
    return tuple(dict.fromkeys(found))


def _leaves(node: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    if node is None:
        return
    for key in ("all", "any"):
        for child in node.get(key, ()):
            yield from _leaves(child)
    if "not" in node:
        yield from _leaves(node["not"])
    if "signal" in node:
        yield node
