"""Reports over many sessions: availability with the regulator's fields, a customer's summary, a visit."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from evtech.errors import NotFoundError
from evtech.reports.availability import write_availability
from evtech.reports.customer import write_customer
from evtech.reports.visit import write_visit
from evtech.store.archive import Archive
from evtech.store.fleet import read, say
from evtech.store.session_list import SessionFilter
from tests.evtech.insights.conftest import fleet  # noqa: F401  # a fixture
from tests.evtech.insights.fleet import MONDAY, WEEKS

END = MONDAY + timedelta(weeks=WEEKS)


def test_availability_has_the_regulators_fields_by_month(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    outages = tmp_path / "o.csv"
    outages.write_text(
        "port,from,to,cause,excluded\nKEBA P30 A,2025-03-10T00:00Z,2025-03-12T00:00Z,fault,0\n"
        "KEBA P30 A,2025-03-10T00:00Z,2025-03-11T00:00Z,exclusion:utility,1\n"
    )
    files = write_availability(
        fleet, "P30 A", from_=MONDAY, to=END, outages=outages, pdf=tmp_path / "a.pdf", csv=tmp_path / "a.csv",
        xlsx=tmp_path / "a.xlsx", html=tmp_path / "a.html",
    )  # fmt: skip

    march = (tmp_path / "a.csv").read_text().splitlines()[1].split(",")
    assert march[:3] == ["2025-03", "2880.0", "1440.0"]
    assert float(march[4]) == pytest.approx(100 * (525_600 - 1440) / 525_600)
    assert len(files) == 4
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        record = json.loads(pdf.attachments["run.json"].get_file().read_bytes())
        tables = json.loads(pdf.attachments["result.json"].get_file().read_bytes())
    assert (record["outage_min"], record["excluded_min"]) == (2880, 1440)
    assert len(tables["All sessions"]["rows"]) == 35


def test_many_ports_give_a_file_each(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    written = write_availability(fleet, "all", from_=MONDAY, to=END, lang="de", html=tmp_path / "u.html")

    assert sorted(path.name for path, _ in written) == ["u-KEBA-P30-A.html", "u-KEBA-P30-B.html"]
    assert "Ladevorgänge stammen von einem simulierten Ladegerät" in written[0][0].read_text("utf-8")


def test_too_little_watched_is_no_proof(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    write_availability(fleet, "P30 B", from_=MONDAY, to=END + timedelta(weeks=5), html=tmp_path / "b.html")

    assert "is no proof of uptime" in (tmp_path / "b.html").read_text("utf-8")


def test_a_customer_gets_the_sum_of_exactly_these_sessions(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    write_customer(fleet, "Yard B", from_=MONDAY, to=MONDAY + timedelta(days=7), html=tmp_path / "c.html")

    assert "14.000 kWh" in (tmp_path / "c.html").read_text("utf-8")


def test_a_customer_reads_the_days_asked_for_in_order_on_the_wall_clock(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    week = {"from_": MONDAY, "to": MONDAY + timedelta(days=7)}
    write_customer(fleet, "Yard B", **week, zone="Asia/Kolkata", csv=tmp_path / "c.csv", html=tmp_path / "c.html")  # type: ignore[arg-type]

    said = (tmp_path / "c.html").read_text("utf-8")
    assert f"{MONDAY:%Y-%m-%d} to {MONDAY + timedelta(days=6):%Y-%m-%d}" in said
    assert "+05:30" in said
    rows = list(csv.DictReader((tmp_path / "c.csv").read_text("utf-8").splitlines()))
    assert [row["Started"] for row in rows] == sorted(row["Started"] for row in rows)
    for row in rows:
        lasted = datetime.fromisoformat(row["Ended"]) - datetime.fromisoformat(row["Started"])
        assert float(row["Min"]) == pytest.approx(lasted.total_seconds() / 60)


def test_a_customer_s_summary_is_on_each_port_s_own_clock_where_somebody_said_it(
    fleet: Archive,  # noqa: F811
    tmp_path: Path,
) -> None:
    port = next(line.port for line in fleet.session_list(SessionFilter(site="Yard B")).lines)
    row = say(read(fleet).facts(port), {"timezone": "America/New_York"}, "M. Roe")
    assert row is not None
    fleet.add_result(row)
    write_customer(fleet, "Yard B", html=tmp_path / "c.html")

    assert " -05:00" in (tmp_path / "c.html").read_text("utf-8")


@pytest.mark.parametrize(("lang", "word"), [("en", "driver"), ("de", "Fahrer")])
def test_how_a_session_ended_is_said_in_the_language_of_the_report(
    fleet: Archive,  # noqa: F811
    tmp_path: Path,
    lang: str,
    word: str,
) -> None:
    write_customer(fleet, "Yard B", lang=lang, csv=tmp_path / "c.csv")
    write_availability(fleet, "P30 B", lang=lang, from_=MONDAY, to=END, csv=tmp_path)

    assert f",{word}," in (tmp_path / "c.csv").read_text("utf-8")
    (told,) = tmp_path.glob("*sessions.csv")
    assert f",{word}," in told.read_text("utf-8")


def test_a_visit_lists_what_was_recorded_and_corrected(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    visit = fleet.session("A00").visit_id
    fleet.correct_session("A00", "note", "cable was wet", technician="M. Roe", reason="")
    fleet.writer.flush()
    write_visit(fleet, visit[:8], html=tmp_path / "v.html", pdf=tmp_path / "v.pdf")

    said = (tmp_path / "v.html").read_text("utf-8")
    assert "35 sessions, 0 results" in said
    assert "cable was wet" in said


def test_an_unknown_port_is_said(fleet: Archive, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(NotFoundError, match="no port or site"):
        write_availability(fleet, "nowhere", html=tmp_path / "x.html")
