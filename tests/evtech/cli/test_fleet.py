"""``evtech fleet``: facts and outages on the command line, their JSON, their exit codes, and what they change."""

import json
from pathlib import Path

import pytest

from evtech.cli.app import run
from evtech.store.archive import Archive
from tests.evtech.insights.fleet import fill

A, B = "KEBA P30 A", "KEBA P30 B"
PERIOD = ("--from", "2025-03-03", "--to", "2025-04-07")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    archive.close()
    return tmp_path / "a.evtech"


@pytest.fixture
def say(file: Path, capsys: pytest.CaptureFixture[str]):
    def said(*words: object, code: int = 0) -> dict:
        assert run(["--archive", str(file), "--json", *map(str, words)]) == code
        out = capsys.readouterr()
        said.heard = out.err
        return json.loads(out.out or "{}")

    return said


def test_facts_said_by_command_fill_the_figures_of_insights(say) -> None:
    before = say("insights", *PERIOD)["utilisation"][A]
    found = say("fleet", "set", "p30 a", "--rated-kw", 60, "--timezone", "Europe/Berlin", "--technician", "Ada")
    after = say("insights", *PERIOD)

    assert (before["energy_pct"], before["peak_to_rated_pct"]) == (None, None)
    assert after["utilisation"][A]["peak_to_rated_pct"] == pytest.approx(7)
    assert after["availability"]["uk_reliability_pct"] is not None
    assert after["ports"][A]["timezone"] == "Europe/Berlin"
    assert (after["ports"][A]["rated_kw"], after["ports"][B]["rated_kw"]) == (60, None)
    assert found["ports"][0]["said"]["rated_kw"]["by"] == "Ada"
    assert found["changed"] == [A]


def test_the_list_says_what_is_missing_and_what_it_costs(say) -> None:
    say("fleet", "set", "all", "--in-service-from", "2025-01-01", "--timezone", "UTC", "--rated-kw", "11")
    say("fleet", "set", A, "--forget", "rated_kw")
    ports = {port["port"]: port for port in say("fleet", "list")["ports"]}

    assert ports[B]["missing"] == []
    assert [gap["fact"] for gap in ports[A]["missing"]] == ["rated_kw"]
    assert "energy utilisation" in ports[A]["missing"][0]["costs"]
    assert ports[A]["site"] == "Yard A"
    assert [port["port"] for port in say("fleet", "list", "--missing")["ports"]] == [A]
    assert [row["says"] for row in say("fleet", "show", A)["history"]][-1] == {"rated_kw": None}


def test_an_outage_is_entered_ended_and_withdrawn_and_its_history_stays(say) -> None:
    first = say("fleet", "outage", "add", A, "--from", "2025-03-10", "--cause", "fault", "--technician", "Ada")
    assert first["to"] is None
    say("fleet", "outage", "change", first["id"][:8], "--to", "2025-03-12T00:00Z", "--reason", "seen on the log")
    down = say("insights", *PERIOD)["availability"]
    assert down["ports"][A]["outage_min"] == 2880
    assert down["downtime_by_cause_min"] == {"fault": 2880}

    gone = say("fleet", "outage", "withdraw", first["id"], "--reason", "it was port B", "--technician", "Bo")
    assert (gone["withdrawn"], gone["reason"], len(gone["history"])) == (True, "it was port B", 3)
    assert say("fleet", "outage", "list")["outages"] == []
    assert len(say("fleet", "outage", "list", "--withdrawn")["outages"]) == 1
    assert say("insights", *PERIOD)["availability"]["ports"][A]["outage_min"] == 0
    assert not say("fleet", "outage", "withdraw", first["id"], "--reason", "it was A after all", "--undo")["withdrawn"]


def test_an_exclusion_needs_cause_and_evidence_and_counts_only_where_down(say) -> None:
    words = ("fleet", "outage", "add", A, "--from", "2025-03-10", "--to", "2025-03-11")
    say(*words, "--exclusion", "--cause", "utility", code=2)
    assert "evidence" in say.heard
    say(*words, "--exclusion", "--cause", "utility", "--evidence", "letter of 12 March")
    assert say("insights", *PERIOD)["availability"]["ports"][A]["excluded_min"] == 0
    down = say(*words, "--cause", "fault")
    assert say("insights", *PERIOD)["availability"]["ports"][A]["excluded_min"] == 1440
    say("fleet", "outage", "change", down["id"], "--excluded", code=2)
    say("fleet", "outage", "change", down["id"], "--excluded", "--evidence", "x", "--cause", "we forgot")
    assert "none of the usual causes" in say.heard


@pytest.mark.parametrize(
    "words",
    [
        ("set", A),
        ("set", "P30", "--site", "x"),  # two ports are called so
        ("set", A, "--rated-kw", "22000"),
        ("set", A, "--timezone", "Berlin"),
        ("set", A, "--forget", "colour"),
        ("set", " ", "--site", "x"),
        ("show", "nowhere"),
        ("import",),
        ("export",),
        ("import", "--ports", "nowhere.csv"),
        ("outage", "add", A, "--from", "tomorrow"),
        ("outage", "add", A, "--from", "2025-03-02", "--to", "2025-03-01"),
        ("outage", "change", "abc", "--to", "open"),
        ("outage", "withdraw", "", "--reason", "x"),
        ("outage", "withdraw", "abc", "--reason", " "),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(words: tuple[str, ...], say) -> None:
    say("fleet", *words, code=2)
    assert "evtech: " in say.heard


def test_a_port_nobody_has_seen_is_taken_and_said(say) -> None:
    found = say("fleet", "set", "Harbour 9", "--rated-kw", 150)

    assert "has not seen a port 'Harbour 9'" in say.heard
    assert (found["ports"][0]["seen"], found["ports"][0]["rated_kw_source"]) == (False, "entered")


def test_files_are_taken_whole_or_not_at_all(say, tmp_path: Path) -> None:
    ports, outages = tmp_path / "p.csv", tmp_path / "o.csv"
    ports.write_text(f"port,rated_kw,timezone\n{A},22,Europe/Berlin\n{B},22,Europe/Berlin\n")
    outages.write_text("port,from,to,cause,excluded\nHarbour 9,2025-03-10,2025-03-09,fault,0\n")
    bad = say("fleet", "import", "--ports", ports, "--outages", outages, code=2)
    assert (bad["imported"], bad["files"][1]["problems"][0]["line"]) == (False, 2)
    assert say("fleet", "list")["ports"][0]["rated_kw"] is None

    outages.write_text(f"port,from,to,cause,excluded\n{A},2025-03-10,2025-03-11,exclusion:utility,1\n")
    assert not say("fleet", "import", "--ports", ports, "--outages", outages, "--dry-run")["imported"]
    assert say("fleet", "list")["ports"][0]["rated_kw"] is None
    good = say("fleet", "import", "--ports", ports, "--outages", outages, "--technician", "Ada")
    assert [(each["new"], each["changed"]) for each in good["files"]] == [(2, 0), (1, 0)]
    assert [port["rated_kw"] for port in say("fleet", "list")["ports"]] == [22, 22]
    say("fleet", "export", "--ports", tmp_path / "p2.csv", "--outages", tmp_path / "o2.csv")
    again = say("fleet", "import", "--ports", tmp_path / "p2.csv", "--outages", tmp_path / "o2.csv")
    assert [each["same"] for each in again["files"]] == [2, 1]


def test_people_read_lines(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("fleet", "set", A, "--rated-kw", "22", "--timezone", "Europe/Berlin", "--technician", "Ada"),
        ("fleet", "outage", "add", A, "--from", "2025-03-10T00:00Z", "--cause", "fault", "--technician", "Ada"),
        ("fleet", "show", A),
        ("fleet", "list"),
        ("insights", *PERIOD),
    ):
        assert run(["--archive", str(file), *words]) == 0
    out = capsys.readouterr().out

    assert "there: 2025-03-10 01:00 +0100 – lasts (Europe/Berlin)" in out
    assert "Ada (entered): rated_kw 22, timezone Europe/Berlin" in out
    assert "1 of 2 ports: no rating: energy utilisation" in out
    assert "1 of 2 ports have no rating: their energy utilisation is unknown" in out


def test_nothing_is_entered_into_a_server(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Team:
        is_team = True

        def close(self) -> None:
            pass

    monkeypatch.setattr("evtech.store.archive.Archive.open", lambda *words, **more: Team())
    assert run(["--archive", "postgresql://h/d", "fleet", "set", A, "--rated-kw", "22"]) == 2
    assert "evtech archive sync" in capsys.readouterr().err


@pytest.mark.parametrize("end", ["2025-03-03", "2025-02-01"])
def test_a_report_of_an_empty_period_is_refused(say, tmp_path: Path, end: str) -> None:
    say("report", "availability", A, "--from", "2025-03-03", "--to", end, "--pdf", tmp_path / "x.pdf", code=2)

    assert "The period is empty" in say.heard
    assert not (tmp_path / "x.pdf").exists()
