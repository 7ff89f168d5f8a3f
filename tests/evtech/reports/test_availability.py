"""The availability report of an archive: what was reported and seen together, exclusions with who entered them."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from evtech.cli.app import run
from evtech.errors import InputError
from evtech.exchange.keeping import withdraw
from evtech.reports import batch
from evtech.reports.availability import write_availability
from evtech.reports.periods import Days, named_period
from evtech.reports.places import Places
from evtech.reports.signers import known_signers, load_signer, trust
from evtech.reports.verifying import verify_file
from evtech.store import fleet as said
from evtech.store.archive import Archive
from evtech.store.fleet import report, say
from evtech.store.session_list import SessionFilter
from tests.evtech.exchange.taking import keep, written
from tests.evtech.insights.conftest import fleet  # noqa: F401  # a fixture
from tests.evtech.insights.fleet import MONDAY, WEEKS

A, B = "KEBA P30 A", "KEBA P30 B"
FIRST = datetime(2025, 3, 3, 16, tzinfo=UTC)
MARCH = Days(date(2025, 3, 1), date(2025, 4, 1))


@pytest.fixture
def told(fleet: Archive) -> Iterator[Archive]:  # noqa: F811
    facts = {"rated_kw": 22, "timezone": "Europe/Berlin", "in_service_from": "2025-03-03", "station_id": "ST-1",
             "evse_id": "DE*1", "min_kw": 6}  # fmt: skip
    row = say(said.PortFacts(A), facts, "Ada")
    down = {"from": "2025-03-10T12:00Z", "to": "2025-03-12T12:00Z", "cause": "fault"}
    excuse = {"from": "2025-03-10", "to": "2025-03-11T12:00Z", "cause": "utility", "exclusion": True,
              "evidence": "letter 12"}  # fmt: skip
    assert row is not None
    fleet.add_results([row, report(A, down, "Hotline"), report(A, excuse, "Ada")])
    yield fleet


def tables(tmp_path: Path, archive: Archive, port: str = A, **asked: object) -> dict[str, list[dict[str, str]]]:
    (tmp_path / "csv").mkdir(exist_ok=True)
    written = write_availability(archive, port, days=MARCH, csv=tmp_path / "csv", **asked)  # type: ignore[arg-type]
    found = {}
    for path, _ in written:
        with path.open(encoding="utf-8") as stream:
            found[path.stem.rpartition("-")[2]] = list(csv.DictReader(stream))
    return found


def page(tmp_path: Path, archive: Archive, port: str = A, **asked: object) -> str:
    asked = {"days": MARCH} | asked
    ((path, _),) = write_availability(archive, port, html=tmp_path / "a.html", **asked)  # type: ignore[arg-type]
    return path.read_text("utf-8")


def test_every_field_of_the_regulator_is_in_the_tables(told: Archive, tmp_path: Path) -> None:
    found = tables(tmp_path, told)
    (month,), (quarter,), (outage,), (excuse,) = (found[k] for k in ("months", "quarters", "outages", "exclusions"))

    assert (month["Month"], month["Station"], month["Port"]) == ("2025-03", "ST-1", "DE*1")
    assert (float(month["Outage / min"]), float(month["Excluded / min"])) == (2880, 1440)
    assert float(month["Twelve months / %"]) == pytest.approx(100 * (525_600 - 1440) / 525_600)
    assert (quarter["Quarter"], quarter["Sessions"]) == ("2025-Q1", "29")
    assert (outage["From"], float(outage["Duration / min"]), float(outage["Excluded / min"])) == (
        "2025-03-10T12:00:00.000Z", 2880, 1440,
    )  # fmt: skip
    assert (outage["Cause"], outage["Known from"]) == ("fault", "reported by Hotline")
    assert (excuse["Cause"], excuse["Evidence"], float(excuse["Excused / min"])) == (
        "utility supply lost", "letter 12", 1440,
    )  # fmt: skip
    assert excuse["Entered by"].startswith("Ada, 20")
    first = found["sessions"][0]
    assert (first["From"], first["Energy / kWh"], first["Peak / kW"]) == ("2025-03-03T16:00:00.000Z", "2.0", "4.2")
    assert (first["Code or end"], first["Successful"], first["Payment"]) == ("driver", "yes", "unknown")
    failed = tables(tmp_path, told, B)["failed"]
    assert {row["Code or end"] for row in failed} == {"0x40"}
    assert len(failed) == 10


def test_how_a_session_was_paid_is_known_from_its_bill(told: Archive, tmp_path: Path) -> None:
    (line,) = [x for x in told.session_list(SessionFilter(port=A)).lines if x.started == FIRST.timestamp()]
    ended = datetime.fromtimestamp(line.ended or 0, UTC)
    bill = {
        "id": "1", "start_date_time": FIRST.isoformat(), "end_date_time": ended.isoformat(), "total_energy": 2.0,
        "cdr_token": {"uid": "T", "type": "AD_HOC_USER"}, "cdr_location": {"evse_id": A},
    }  # fmt: skip
    taken = keep(told, written(tmp_path, "bill.json", json.dumps([bill])))
    found = tables(tmp_path, told)["sessions"]
    assert len(found) == 29
    assert [row["Payment"] for row in found].count("ad hoc (bank card, QR)") == 1
    assert found[0]["Payment"] == "ad hoc (bank card, QR)"
    assert "ad hoc (Bankkarte, QR)" in page(tmp_path, told, lang="de")

    withdraw(told, taken.import_id)
    assert {row["Payment"] for row in tables(tmp_path, told)["sessions"]} == {"unknown"}


def test_months_begin_at_the_ports_own_midnight(told: Archive, tmp_path: Path) -> None:
    about = {row["What"]: row for row in tables(tmp_path, told)["about"]}

    assert list(about["from"].values())[1] == "2025-02-28T23:00:00.000Z"
    assert list(about["to"].values())[1] == "2025-03-31T22:00:00.000Z"
    assert "2025-03-10 13:00 +01:00" in page(tmp_path, told)


def test_the_pdf_is_sealed_and_carries_every_table(told: Archive, tmp_path: Path) -> None:
    ((path, _),) = write_availability(told, A, days=MARCH, pdf=tmp_path / "a.pdf", prepared_by="M. Roe")
    trust(load_signer().fingerprint, "me")

    assert verify_file(path, known_signers()).result == "unchanged"
    with pikepdf.open(path) as pdf:
        record = json.loads(pdf.attachments["run.json"].get_file().read_bytes())
        sheets = json.loads(pdf.attachments["result.json"].get_file().read_bytes())
    assert (record["prepared_by"], record["rated_kw"], record["outage_min"]) == ("M. Roe", 22, 2880)
    assert record["twelve_months"]["excluded_min"] == 1440
    assert sheets["Exclusions"]["rows"][0][4] == "letter 12"


def test_a_first_year_is_called_partial_and_its_own_time_stands_beside(told: Archive, tmp_path: Path) -> None:
    said_ = page(tmp_path, told, days=Days(date(2025, 3, 3), date(2025, 4, 7)))

    assert "Partial year, 35 days in service" in said_
    assert "uptime of the twelve months (23 CFR 680.116(b)): above the required 97 %" in said_
    assert ">97.136<" in said_  # 1,440 of 34 days and 22 hours: service began at midnight of UTC


def test_the_large_figure_is_of_twelve_months_whatever_the_period(told: Archive, tmp_path: Path) -> None:
    april = Days(date(2025, 4, 1), date(2025, 5, 1))
    (tmp_path / "csv").mkdir()
    write_availability(told, A, days=april, csv=tmp_path / "csv", html=tmp_path / "a.html")
    with (tmp_path / "csv" / "availability-KEBA-P30-A-about.csv").open() as stream:
        about = dict(list(csv.reader(stream))[1:])

    assert (float(about["outage_min"]), float(about["twelve_months.outage_min"])) == (0, 2880)
    assert f"{100 * (525_600 - 1440) / 525_600:.3f} %" in (tmp_path / "a.html").read_text("utf-8")


def test_too_little_known_is_no_proof_until_somebody_vouches(told: Archive, tmp_path: Path) -> None:
    june = Days(date(2025, 4, 1), date(2025, 7, 1))
    assert "is no proof of uptime" in page(tmp_path, told, days=june)
    row = say(
        said.read(told).facts(A), {"complete_from": "2025-03-01", "complete_to": "2025-07-02"}, "Bo",
        at=datetime(2025, 7, 3, tzinfo=UTC),
    )  # fmt: skip
    assert row is not None
    told.add_results([row])
    after = page(tmp_path, told, days=june)

    assert "is no proof" not in after
    assert "is vouched for by Bo (2025-07-03)" in after


def test_what_makes_a_reader_doubt_is_said(told: Archive, tmp_path: Path) -> None:
    charged = {"from": "2025-03-05T15:00Z", "to": "2025-03-05T18:00Z", "cause": "vandalism", "excluded": True}
    told.add_results([report(A, charged, "Cy")])
    found = page(tmp_path, told)

    assert "In 90.0 min of reported outages a vehicle was seen charging" in found  # 30 min, and 60 of the other two
    assert "Exclusions without evidence: 1." in found
    assert "0 of 29 sessions reached the required 6 kW." in found
    row = say(said.read(told).facts(A), {"min_kw": 150}, "Ada")
    assert row is not None
    told.add_results([row])
    assert "Rated for 22 kW, below the required 150 kW" in page(tmp_path, told)


def test_a_file_of_outages_takes_the_place_of_everything_and_says_so(told: Archive, tmp_path: Path) -> None:
    file = tmp_path / "o.csv"
    file.write_text(f"port,from,to,cause,excluded,evidence\n{A},2025-03-20,2025-03-21,exclusion:utility,1,call 9\n"
                    f"{A},2025-03-20,2025-03-21,fault,0,\n")  # fmt: skip
    found = tables(tmp_path, told, outages=file)

    assert [row["Evidence"] for row in found["exclusions"]] == ["call 9"]
    assert float(found["months"][0]["Outage / min"]) == 1440
    assert "Outages and exclusions are those of o.csv" in page(tmp_path, told, outages=file)


def test_a_period_that_is_not_over_proves_nothing(told: Archive, tmp_path: Path) -> None:
    this_year = datetime.now(UTC).year
    assert "The period is not over" in page(tmp_path, told, days=Days(date(2025, 3, 3), date(this_year + 2, 1, 1)))


def test_a_seen_outage_names_its_state_and_who_had_the_last_word(told: Archive, tmp_path: Path) -> None:
    recording = told.session("B00").recording_id
    start = MONDAY + timedelta(days=2)
    changes = ((start, "FAULTED"), (start + timedelta(hours=3), "IDLE"))
    told.import_rows(
        lambda c: [
            c.exec_driver_sql(
                "INSERT INTO event (id, recording_id, t, kind, details) VALUES (?, ?, ?, 'state_changed', ?)",
                (f"e{at}", recording, at.timestamp(), json.dumps({"from": "A1", "phase": phase})),
            )
            for at, phase in changes
        ]
    )
    first = report(B, {"from": "2025-03-05T01:00Z", "to": "2025-03-05T05:00Z", "cause": "vandalism"}, "Ada")
    told.add_results([first])
    better = said.correct(said.read(told).outages[0], {"excluded": True, "evidence": "photo"}, "Bo")
    assert better is not None
    told.add_results([better])
    (outage,) = tables(tmp_path, told, B)["outages"]
    gone = said.correct(said.read(told).outages[0], {"withdrawn": True, "reason": "no"}, "Bo")
    assert gone is not None
    told.add_results([gone])
    (seen,) = tables(tmp_path, told, B)["outages"]

    assert (outage["Known from"], float(outage["Duration / min"])) == (
        "seen by evtech; reported by Ada, last changed by Bo", 300,
    )  # fmt: skip
    assert (seen["Cause"], seen["Known from"], float(seen["Duration / min"])) == ("out of order", "seen by evtech", 180)


def test_a_folder_gets_a_file_a_port_a_session_a_site(told: Archive, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    ports = write_availability(told, "all", days=MARCH, html=tmp_path, progress=lambda *step: steps.append(step))
    sessions = batch.write_sessions(told, "Yard A", from_=MONDAY, to=MONDAY + timedelta(days=2), html=tmp_path)
    sites = batch.write_customers(told, "all", xlsx=tmp_path, csv=tmp_path)

    assert [path.name for path, _ in ports] == ["availability-KEBA-P30-A.html", "availability-KEBA-P30-B.html"]
    assert steps == [(A, 0, 2), (B, 1, 2)]
    assert [path.name for path, _ in sessions] == [
        "session-20250303-1600-KEBA-P30-A-A00.html", "session-20250304-1600-KEBA-P30-A-A01.html",
    ]  # fmt: skip
    assert {path.name for path, _ in sites} == {
        f"sessions-Yard-{x}{end}" for x in "AB" for end in (".xlsx", "-sessions.csv", "-chargers.csv")
    }


def test_two_ports_of_one_name_never_share_a_file(tmp_path: Path) -> None:
    places = Places({"pdf": tmp_path, "html": None}, "availability", several=True)

    assert [places.of(name)["pdf"].name for name in ("P 1", "P-1", "p/1", "***")] == [
        "availability-P-1.pdf", "availability-P-1-2.pdf", "availability-p-1-3.pdf", "availability-unnamed.pdf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2025", (2025, 1, 1), (2026, 1, 1)), ("2025-Q1", (2025, 1, 1), (2025, 4, 1)),
        ("2025-q4", (2025, 10, 1), (2026, 1, 1)), ("2025-12", (2025, 12, 1), (2026, 1, 1)),
    ],
)  # fmt: skip
def test_a_period_is_named_by_the_calendar(text: str, first: tuple[int, ...], after: tuple[int, ...]) -> None:
    assert named_period(text) == Days(date(*first), date(*after))


@pytest.mark.parametrize("text", ["2025-Q5", "2025-13", "25", "", "9999-01", "2025-3"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no period"):
        named_period(text)


def test_the_command_writes_the_quarter_of_all_ports(
    told: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--archive", str(told.path), "--json", "report", "availability", "all", "--period", "2025-Q1"]
    assert run([*words, "--pdf", f"{tmp_path}/new/", "--lang", "de", "--technician", "M. Roe"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]

    assert [Path(each["file"]).name for each in files] == ["availability-KEBA-P30-A.pdf", "availability-KEBA-P30-B.pdf"]
    assert run([*words, "--from", "2025-01-01", "--pdf", f"{tmp_path}/x.pdf"]) == 2
    assert run(["--archive", str(told.path), "report", "diagnosis", "x", "--pdf", f"{tmp_path}/new/"]) == 2
    (tmp_path / "file").write_text("")
    assert run([*words, "--pdf", f"{tmp_path}/file/sub/"]) == 2


def test_a_summary_of_a_site_takes_the_entered_one(told: Archive, tmp_path: Path) -> None:
    row = say(said.read(told).facts(A), {"site": "Harbour"}, "Ada")
    assert row is not None
    told.add_results([row])

    assert {line.site for line in told.session_list().lines} == {"Harbour", "Yard B"}
    told.correct_session("A00", "site", "Quay", reason="moved")
    told.writer.flush()
    sites = [line.site for line in told.session_list().lines if line.port == A]
    assert (sites.count("Harbour"), sites.count("Quay"), len(sites)) == (34, 1, WEEKS * 7)
