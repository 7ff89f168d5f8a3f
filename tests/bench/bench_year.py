"""A year of a fleet: lists, insights as commands, as the page counts and paints them, clicks; beside it DuckDB.

``python tests/bench/bench_year.py [FILE] [--sessions 100000] [--values 2000000] [--rounds 9]``. Without a file an
archive is made for the run (``year_archive.py``). Medians of CPU and wall time (s); the machine may be shared, so the
CPU counts. Commands run in turn with an empty one, so that all of them meet the same load. What DuckDB is asked says
``year_duckdb.py``; its answers are held against ours before they are timed.
"""

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from year_archive import fill
from year_duckdb import Duck, ours

from evtech.insights import picture as pictures
from evtech.insights.archive_records import read_archive
from evtech.insights.overview import overview
from evtech.insights.picture import Picture, picture
from evtech.store.archive import Archive
from evtech.store.session_list import SessionFilter

Period = tuple[float, float]
Taken = tuple[float, float]  # CPU, wall
DAYS = {"year": ("2025-01-01", "2026-01-01"), "month": ("2025-03-01", "2025-04-01")}
EMPTY = ("2020-03-01", "2020-04-01")  # what it takes is taken by starting
NOW = "2026-01-01"
ROUNDS = 9
LIMITS = {  # s of CPU
    "command, year": 2.5, "command, month": 0.6, "page's count, year": 3.0, "page's count, month": 0.7,
    "findings are opened, GUI thread": 0.03,
}  # fmt: skip


def period_of(name: str) -> Period:
    """Return a period's ends (s)."""
    first, after = (datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() for day in DAYS[name])
    return first, after


def timed(work: Callable[[], object], rounds: int | None = None) -> Taken:
    """Return the medians of several rounds."""
    found = []
    for _ in range(rounds or ROUNDS):
        began = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - began[0], time.perf_counter() - began[1]))
    return statistics.median(cpu for cpu, _ in found), statistics.median(wall for _, wall in found)


def run(words: list[str]) -> tuple[float, float, float]:
    """Return a process's CPU and wall time (s) and the largest memory of any process so far (MB)."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, after.ru_maxrss / 1024


def say(name: str, taken: Taken, other: Taken | None = None) -> None:
    """Print a line; with what DuckDB took and how many times that is."""
    limit = f"  (goal {LIMITS[name]:.1f})" if name in LIMITS else ""
    beside = ""
    if other is not None:
        ratios = [mine / max(theirs, 1e-4) for mine, theirs in zip(taken, other, strict=True)]
        beside = f"  DuckDB {other[0]:7.3f} {other[1]:7.3f}  ratio {ratios[0]:5.1f} {ratios[1]:5.1f}"
    print(f"{name:<34} {taken[0]:7.3f} {taken[1]:7.3f}{limit}{beside}", flush=True)


def main() -> None:
    """Measure and print."""
    global ROUNDS
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("file", type=Path, nargs="?")
    words.add_argument("--sessions", type=int, default=100_000)
    words.add_argument("--values", type=int, default=2_000_000)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    asked = words.parse_args()
    ROUNDS = asked.rounds
    with tempfile.TemporaryDirectory() as place:
        file = asked.file
        if file is None:
            file = Path(place) / "year.evtech"
            fill(file, asked.sessions, asked.values)
        print(
            f"{'median of ' + str(ROUNDS):<34} {'CPU s':>7} {'wall s':>7}   load {os.getloadavg()[0]:.1f}", flush=True
        )
        measure_commands(file)
        archive = Archive.open(file)
        try:
            duck: Duck | None = Duck(archive, Path(place))
        except ImportError:
            duck = None
            print("duckdb or pyarrow is missing: no comparison")
        measure_lists(archive, duck)
        shown = measure_insights(archive, duck)
        measure_page(archive, shown)
        archive.close()
    print(f"load {os.getloadavg()[0]:.1f}")


def measure_commands(file: Path) -> None:
    """Measure whole commands beside an empty one."""
    told = [sys.executable, "-m", "evtech", "--archive", str(file), "--json", "insights", "--now", NOW]
    commands = {"python -c pass": [sys.executable, "-c", "pass"]}
    for name, (first, after) in (("empty month", EMPTY), *((name, DAYS[name]) for name in ("month", "year"))):
        commands[f"command, {name}"] = [*told, "--from", first, "--to", after]
    rounds = [{name: run(words) for name, words in commands.items()} for _ in range(ROUNDS)]
    for name in commands:
        taken = [each[name] for each in rounds]
        say(name, (statistics.median(r[0] for r in taken), statistics.median(r[1] for r in taken)))
    print(f"{'  largest memory':<34} {rounds[-1]['command, year'][2]:7.0f} MB")


def measure_lists(archive: Archive, duck: Duck | None) -> None:
    """Measure the list of sessions and one session."""
    from ui.widgets.session_view import read_session

    theirs = duck.lists() if duck is not None else {}
    fault = SessionFilter(site="depot", text="0x0040", stop_reasons=("fault",))
    mine: dict[str, Callable[[], object]] = {
        "first 200 rows": lambda: archive.session_list(limit=200),
        "all rows": lambda: archive.session_list(),
        "filter by site, result, text": lambda: archive.session_list(fault),
    }
    for name, work in mine.items():
        say(name, timed(work), timed(theirs[name]) if name in theirs else None)
    longest = max(archive.session_list(limit=2000).lines, key=lambda line: line.charging_s)
    say("open a session", timed(lambda: read_session(archive, longest.id)))


def measure_insights(archive: Archive, duck: Duck | None) -> Picture:
    """Measure what the page counts, and insights beside DuckDB; return the picture of the year."""
    shown = None
    for name in ("month", "year"):
        period = period_of(name)

        def counted(period: Period = period) -> Picture:
            return picture(read_archive(archive, period=period), period, period[1], "UTC")

        say(f"page's count, {name}", timed(counted))
        shown = counted()
        if duck is not None:
            compare(ours(shown.overview), duck.asked(period))
            whole = timed(lambda period=period: overview(read_archive(archive, period=period), period, period[1]))
            say(f"insights, {name}", whole, timed(lambda period=period: duck.asked(period)))
    assert shown is not None
    return shown


def compare(mine: list[tuple[object, ...]], theirs: list[tuple[object, ...]]) -> None:
    """Stop where DuckDB answers the same question otherwise: then its time means nothing."""
    assert len(mine) == len(theirs)
    for own, other in zip(mine, theirs, strict=True):
        for one, two in zip(own, other, strict=True):
            same = one == two or (one and two and math.isclose(float(one), float(two), rel_tol=1e-9))  # type: ignore[arg-type]
            assert same or not (one or two), f"{own} is {other} in DuckDB"


def measure_page(archive: Archive, shown: Picture) -> None:
    """Measure the page's first paint with the year, and the sessions behind each mark."""
    from PySide6.QtWidgets import QApplication

    from evtech.workbench import Workbench
    from ui.bridge import Bridge
    from ui.pages.insights import InsightsPage
    from ui.theme import LIGHT

    app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as empty:
        bench = Workbench(f"{empty}/a.evtech")
        page = InsightsPage(archive, Bridge(bench))
        page.apply_theme(LIGHT)
        page.resize(1366, 768)
        page.show()
        app.processEvents()
        say("page takes the year, GUI thread", timed(lambda: page._show(shown)))
        say("page's first paint of the year", timed(page.grab))
        page.tabs.setCurrentIndex(2)

        def opened() -> None:
            page.tabs.setCurrentIndex(0)
            page.findings.show_findings(shown.overview.anomalies, {}, shown.overview.period, "en")
            page.tabs.setCurrentIndex(2)

        say("findings are opened, GUI thread", timed(opened))
        bench.close()
    found = shown.overview
    port, cause, down = shown.worst_first[0].name, next(iter(found.failures)), next(iter(found.causes))
    clicks: dict[str, Callable[[], object]] = {
        "hour": lambda: pictures.behind_hour(shown, 4 * 24 + 17),
        "failed of a month": lambda: pictures.behind_stretch(shown, shown.trend[0], failed=True),
        "day": lambda: pictures.behind_stretch(shown, shown.days[9], failed=False),
        "span": lambda: pictures.behind_span(shown, port, found.period),
        "cause": lambda: pictures.behind_cause(shown, cause),
        "downtime": lambda: pictures.behind_downtime(shown, down),
    }
    for name, click in clicks.items():
        say(f"click: sessions behind a {name}", timed(click))


if __name__ == "__main__":
    main()
