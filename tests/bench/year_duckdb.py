"""The questions of insights put to DuckDB: what of them SQL can ask of Parquet files of the same rows.

Answered alike, and held against each other before anything is timed: per port the sessions and their energy, energy
flowed and succeeded of those that can be judged, visits (same token at one site, gaps up to 30 min) and visits that
succeeded at once, minutes occupied, minutes known and minutes down (unions of stretches by window functions). Only
evtech answers, and only its time holds: the quarter of the peak, energy and exposure by hour of the local week, trends
by local day, intervals of rates, failures between down times, anomalies, remarks, the sessions behind each mark.
"""

from collections.abc import Callable
from pathlib import Path

from evtech.insights.intervals import clip, measure
from evtech.insights.overview import Overview
from evtech.store.archive import Archive

_NAME = "trim(vendor || ' ' || model || ' ' || coalesce(nullif(serial_number, ''), link))"
# stretches that overlap or touch become one: a new one begins where none before reaches it
_UNION = """(SELECT port, sum(b - a) / 60 AS minutes FROM (
  SELECT port, min(a) AS a, max(b) AS b FROM (
    SELECT *, sum(fresh) OVER (PARTITION BY port ORDER BY a ROWS UNBOUNDED PRECEDING) AS island FROM (
      SELECT *, coalesce((a > max(b) OVER (PARTITION BY port ORDER BY a
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))::INT, 1) AS fresh
      FROM ({spans}) WHERE b > a)) GROUP BY port, island) GROUP BY port)"""
_CLIPPED = "SELECT port, greatest(a, {low}) AS a, least(b, {high}) AS b FROM {source}"
_QUESTION = """
WITH rows AS (SELECT *, coalesce(stop_reason, 'unknown') AS reason FROM read_parquet('{place}/sessions.parquet')
     WHERE started >= {low} - 604800 AND started < {high}),
  mine AS (SELECT * FROM rows WHERE started >= {low}),
  tries AS (SELECT *, energy_started IS NOT NULL AS begun, energy_started IS NOT NULL AND energy_wh >= 100
     AND reason IN ('driver', 'remote', 'full', 'limit', 'vehicle') AS good FROM mine
     WHERE ended IS NOT NULL AND (energy_started IS NULL OR reason != 'unknown')),
  visited AS (SELECT *, coalesce((token IS NULL OR started - max(ended) OVER (PARTITION BY site, token ORDER BY started
     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > 1800)::INT, 1) AS first FROM tries),
  watched AS (SELECT id, {name} AS port, started AS a, last AS b FROM read_parquet('{place}/recordings.parquet')
     WHERE started <= {high} AND last >= {low} - 604800),
  changes AS (SELECT recording_id, t, json_extract_string(details, '$.phase') AS phase,
     json_extract_string(details, '$.from') AS before,
     lead(t) OVER own AS next, row_number() OVER own AS number
     FROM read_parquet('{place}/events.parquet') WHERE t >= {low} - 604800 AND t <= {high}
     WINDOW own AS (PARTITION BY recording_id ORDER BY t)),
  states AS (SELECT w.port, greatest(c.t, w.a) AS a, coalesce(c.next, w.b) AS b, c.phase FROM changes c
     JOIN watched w ON w.id = c.recording_id WHERE c.phase IN ('IDLE', 'FAULTED', 'UNAVAILABLE', 'RESERVED')
     UNION ALL SELECT w.port, w.a, c.t, 'IDLE' FROM changes c JOIN watched w ON w.id = c.recording_id
     WHERE c.number = 1 AND c.before LIKE 'A%'),
  used AS (SELECT port, started AS a, ended AS b FROM rows WHERE ended IS NOT NULL),
  down AS (SELECT port, a, b FROM states WHERE phase IN ('FAULTED', 'UNAVAILABLE')),
  known AS (SELECT port, a, b FROM states UNION ALL SELECT * FROM used)
SELECT m.port, m.n, m.kwh, t.n, t.begun, t.good, v.n, v.good, o.minutes, k.minutes, d.minutes
FROM (SELECT port, count(*) AS n, sum(energy_wh) / 1000 AS kwh FROM mine GROUP BY port) m
LEFT JOIN (SELECT port, count(*) AS n, sum(begun::INT) AS begun, sum(good::INT) AS good FROM tries GROUP BY port) t
  USING (port)
LEFT JOIN (SELECT port, sum(first) AS n, sum((first = 1 AND good)::INT) AS good FROM visited GROUP BY port) v
  USING (port)
LEFT JOIN {occupied} o USING (port) LEFT JOIN {known} k USING (port) LEFT JOIN {down} d USING (port) ORDER BY m.port
"""
_LIST = "SELECT {} FROM read_parquet('{}/sessions.parquet') {} ORDER BY started DESC {}"
_EVENTS = "SELECT recording_id, t, details FROM event WHERE kind = 'state_changed'"
_RECORDINGS = (
    "SELECT id, vendor, model, serial_number, link, started, max(started,"
    " coalesce((SELECT max(t1) FROM chunk_time WHERE recording_id = recording.id), 0),"
    " coalesce((SELECT max(t) FROM tail WHERE recording_id = recording.id), 0)) AS last FROM recording"
)
Period = tuple[float, float]


class Duck:
    """DuckDB on Parquet files of an archive's sessions, recordings and changes of state."""

    def __init__(self, archive: Archive, place: Path) -> None:
        """Write the files; raise ``ImportError`` where duckdb or pyarrow is missing."""
        import duckdb

        self._base, self._place = duckdb.connect(), place
        _write_files(archive, place)

    def asked(self, period: Period) -> list[tuple[object, ...]]:
        """Return a row a port."""
        low, high = period

        def minutes(source: str) -> str:
            return _UNION.format(spans=_CLIPPED.format(low=low, high=high, source=source))

        return self._base.execute(
            _QUESTION.format(
                place=self._place, low=low, high=high, name=_NAME, occupied=minutes("used"), known=minutes("known"),
                down=minutes("down"),
            )
        ).fetchall()  # fmt: skip

    def lists(self) -> dict[str, Callable[[], object]]:
        """Return the questions of the list of sessions."""
        found = "WHERE site ILIKE '%depot%' AND error_code = '0x0040' AND stop_reason = 'fault'"
        ask = {
            "first 200 rows": _LIST.format("*", self._place, "", "LIMIT 200"),
            "all rows": _LIST.format("*", self._place, "", ""),
            "filter by site, result, text": _LIST.format("*", self._place, found, ""),
        }
        return {name: lambda query=query: self._base.execute(query).fetchall() for name, query in ask.items()}


def _write_files(archive: Archive, place: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    lines = archive.session_list().lines
    texts = ("id", "port", "site", "token", "stop_reason", "error_code")
    numbers = ("started", "ended", "energy_wh", "energy_started")
    kinds = dict.fromkeys(texts, pyarrow.string()) | dict.fromkeys(numbers, pyarrow.float64())
    columns = {name: pyarrow.array([getattr(line, name) for line in lines], kind) for name, kind in kinds.items()}
    parquet.write_table(pyarrow.table(columns), place / "sessions.parquet")
    with archive.reading() as connection:
        for file, query in (("events", _EVENTS), ("recordings", _RECORDINGS)):
            found = connection.exec_driver_sql(query)
            heads = list(found.keys())
            rows = dict(zip(heads, map(list, zip(*found.fetchall(), strict=True)), strict=True))
            parquet.write_table(pyarrow.table(rows), place / f"{file}.parquet")


def ours(found: Overview) -> list[tuple[object, ...]]:
    """Return the same figures out of insights, a row a port."""
    rows = []
    for name, use in sorted(found.uses.items()):
        rates, down = found.success_by_port[name], use.down
        began = use.attempts.take((use.attempts.start >= found.period[0]) & (use.attempts.start < found.period[1]))
        if not len(began):
            continue
        attempt, first = rates.attempt, rates.first_time
        rows.append((
            name, len(began), float(began.energy_kwh[began.energy_kwh == began.energy_kwh].sum()), rates.attempts,
            rates.charge_start.k if rates.charge_start else 0, attempt.k if attempt else 0,
            rates.visit.n if rates.visit else 0, first.k if first else 0, measure(clip(use.occupied, found.period)),
            measure(down.known) if down else None, measure(down.outages) if down else None,
        ))  # fmt: skip
    return rows
