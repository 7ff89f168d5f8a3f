"""From texts of CSV files to the JSON of ``evtech insights``, without a process."""

from pathlib import Path
from typing import Any

from evtech.insights.files import moment_of, read_records
from evtech.insights.overview import overview, overview_json

SESSIONS = (
    "port,plugged_at,authorised_at,auth_ok,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,peak_kw,"
    "end_reason,error_code,token\n"
)
OUTAGES = "port,from,to,cause,excluded\n"
STATES = "port,from,to,state\n"
PORTS = "port,site,timezone,rated_kw,in_service_from,in_service_to\n"


def figures(folder: Path, period: tuple[str, str], now: str, files: dict[str, str]) -> dict[str, Any]:
    """Write the files by name and return what is said of them; a time without a zone is UTC."""
    paths = {name: folder / f"{name}.csv" for name in files}
    for name, text in files.items():
        paths[name].write_text(text)
    names = ("sessions", "outages", "states", "ports")
    sessions, *others = (paths.get(name) for name in names)
    assert sessions is not None
    low, high, present = (moment_of(each) for each in (*period, now))
    return overview_json(overview(read_records(sessions, *others), (low, high), present))
