"""What a link's counters and probing say, as the evidence wants it."""

import time

import numpy as np

from evtech.diagnostics.trace import Trace
from evtech.links.link import LinkStatistics


def outcome_of(statistics: LinkStatistics, condition: str = "watching") -> dict[str, float | str | None]:
    """Return a link's counters as one outcome of probing.

    Refusals are left out: a product refuses what its variant lacks, which is no fault of the link.
    """
    whole = max(statistics.requests, 1)
    times = [1000 * seconds for seconds in statistics.answer_seconds]
    return {
        "condition": condition,
        "requests": statistics.requests,
        "ok_pct": 100 * statistics.answers / whole,
        "crc_pct": 100 * statistics.bad_answers / whole,
        "timeout_pct": 100 * statistics.timeouts / whole,
        "p50_ms": float(np.percentile(times, 50)) if times else None,
        "p95_ms": float(np.percentile(times, 95)) if times else None,
    }


def only_link() -> Trace:
    """Return a recording without any sample of a charger: one moment, for what is known of the link alone."""
    return Trace(np.array([time.time()]), {})
