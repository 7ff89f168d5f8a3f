"""A year of a fleet: list, filter, insights of a month and a year, opening a session; beside it DuckDB on Parquet.

``python tests/bench/bench_year.py [FILE] [--sessions 100000] [--values 2000000]``. Without a file an archive is made
for the run (``year_archive.py``). Times are CPU seconds, as the machine may be shared; the median of three.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from year_archive import fill

from evtech.insights.archive_records import read_archive
from evtech.insights.overview import overview
from evtech.store.archive import Archive
from evtech.store.session_list import SessionFilter

YEAR = tuple(datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2025, 2026))
MONTH = tuple(datetime(2025, month, 1, tzinfo=UTC).timestamp() for month in (3, 4))


def timed(work: Callable[[], object]) -> float:
    """Return the median CPU time of three rounds (s)."""
    found = []
    for _ in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found)


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("file", type=Path, nargs="?")
    words.add_argument("--sessions", type=int, default=100_000)
    words.add_argument("--values", type=int, default=2_000_000)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file = asked.file
        if file is None:
            file = Path(place) / "year.evtech"
            fill(file, asked.sessions, asked.values)
        measure(Archive.open(file), Path(place))


def measure(archive: Archive, place: Path) -> None:
    """Print a line a question, with the ratio to DuckDB where it can be asked the same."""
    from ui.widgets.session_view import read_session

    ours = {
        "first 200 rows": lambda: archive.session_list(limit=200),
        "all rows": lambda: archive.session_list(),
        "filter by site, result, text": lambda: archive.session_list(
            SessionFilter(site="depot", text="0x0040", stop_reasons=("fault",))
        ),
        "insights of a month": lambda: overview(read_archive(archive, period=MONTH), MONTH, YEAR[1]),
        "insights of the year": lambda: overview(read_archive(archive, period=YEAR), YEAR, YEAR[1]),
    }
    longest = max(archive.session_list(limit=2000).lines, key=lambda line: line.charging_s)
    ours["open a session"] = lambda: read_session(archive, longest.id)
    theirs = duckdb_questions(archive, place)
    for name, work in ours.items():
        seconds = timed(work)
        other = timed(theirs[name]) if name in theirs else None
        ratio = f"  DuckDB {other:7.3f} s  ratio {seconds / max(other, 1e-4):6.1f}" if other is not None else ""
        print(f"{name:<30} {seconds:7.3f} s{ratio}")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (with DuckDB and pyarrow loaded)")


def duckdb_questions(archive: Archive, place: Path) -> dict[str, Callable[[], object]]:
    """Return the same questions to DuckDB on a Parquet file of the list; of insights the sums by hour and port only."""
    try:
        import duckdb
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        return {}
    lines = archive.session_list().lines
    names = ("id", "started", "ended", "port", "site", "energy_wh", "stop_reason", "error_code")
    table = pyarrow.table({name: [getattr(line, name) for line in lines] for name in names})
    parquet.write_table(table, place / "list.parquet")
    base = duckdb.connect()
    source = f"read_parquet('{place}/list.parquet')"
    sums = (
        "SELECT port, date_part('dow', to_timestamp(started)), date_part('hour', to_timestamp(started)), count(*),"
        f" sum(energy_wh), sum(ended - started), avg((stop_reason = 'fault')::INT) FROM {source} WHERE started >= {{}}"
        " AND started < {} GROUP BY ALL"
    )
    ask = {
        "first 200 rows": f"SELECT * FROM {source} ORDER BY started DESC LIMIT 200",
        "all rows": f"SELECT * FROM {source} ORDER BY started DESC",
        "filter by site, result, text": f"SELECT * FROM {source} WHERE site ILIKE '%depot%' AND error_code = '0x0040'"
        " AND stop_reason = 'fault' ORDER BY started DESC",
        "insights of a month": sums.format(*MONTH),
        "insights of the year": sums.format(*YEAR),
    }
    return {name: lambda query=query: base.execute(query).fetchall() for name, query in ask.items()}


if __name__ == "__main__":
    main()
