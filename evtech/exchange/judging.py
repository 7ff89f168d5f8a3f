"""Runs the rules over samples while a session is imported, so that findings come with it or not at all."""

from collections.abc import Sequence

import numpy as np

from evtech.insights.sample_rules import Floats, SampleLimits, Samples, sample_anomalies
from evtech.insights.session_check import COLUMNS, result_of
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.session_list import line_of
from evtech.store.spool import Block

MOST = 2_000_000  # samples of one session that are judged; a longer recording would have to be held whole


class Judge:
    """Collects the columns that the rules look at, and judges a session when it is complete."""

    def __init__(self) -> None:
        self._parts: dict[str, list[tuple[Floats, dict[str, Floats]]]] = {}
        self._lengths: dict[str, int] = {}

    def see(self, session_id: str, points: Sequence[tuple[str, str]], block: Block) -> None:
        """Take a block of a session's samples."""
        length = self._lengths[session_id] = self._lengths.get(session_id, 0) + len(block.times)
        if length > MOST:
            self._parts.pop(session_id, None)
            return
        columns = {}
        for (name, _), column in zip(points, block.columns, strict=True):
            if name in COLUMNS:
                columns[name] = _floats(column)
            elif name == "cp_state":
                columns[name] = np.array([float(str(v or "").startswith("A")) for v in column])
        self._parts.setdefault(session_id, []).append((np.asarray(block.times, np.float64), columns))

    def result(self, session: ChargingSession) -> Result | None:
        """Return what the rules find in a session's samples, and forget them; ``None`` where nothing."""
        parts = self._parts.pop(session.id, [])
        length = self._lengths.pop(session.id, 0)
        if length < 2 or not parts:
            return None
        times = np.concatenate([part[0] for part in parts])
        columns = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
        away = columns.pop("cp_state", None)
        samples = Samples(line_of(session).port, times, columns, session.energy_wh, session.id,
                          None if away is None else away > 0)  # fmt: skip
        found = sample_anomalies(samples, SampleLimits()) if columns else []
        return result_of(session, found) if found else None


def _floats(column: object) -> Floats:
    if isinstance(column, np.ndarray):
        return column
    assert isinstance(column, Sequence)
    return np.array([float(v) if isinstance(v, int | float) else np.nan for v in column])
