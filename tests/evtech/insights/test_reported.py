"""What was reported and what was seen, together: one precedence, exclusions only where down, nothing counted twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.devices.library import Library
from evtech.insights.archive_records import read_archive
from evtech.insights.availability import Downtime, downtime, port_availability, uk_reliability
from evtech.insights.causes import causes_of, is_accepted
from evtech.insights.intervals import measure
from evtech.insights.overview import Overview, overview
from evtech.insights.records import Outage, Port, StateSpan
from evtech.insights.reported import ENTERED, PROFILE, READ, rating
from evtech.measure.sample import ChargerIdentity, Reading, Sample
from evtech.store import fleet as said
from evtech.store.archive import Archive
from evtech.store.fleet import PortFacts, report, say
from evtech.store.ports_seen import Stated, seen, stated
from tests.evtech.insights.fleet import MONDAY, WEEKS

DAY = 86400.0
START = MONDAY.timestamp()
PERIOD = (START, START + WEEKS * 7 * DAY)
PORT = Port("P1", rated_kw=50)
TEN = (0.0, 10 * DAY)


def joined(outages: list[Outage], states: list[StateSpan], now: float = 1e9) -> Downtime:
    found = downtime(outages, states, PORT, TEN, now)
    assert found is not None
    return found


def span(first: float, last: float, state: str) -> StateSpan:
    return StateSpan("P1", first * DAY, last * DAY, state)


def told(first: float, last: float | None, cause: str = "fault", *, excluded: bool = False) -> Outage:
    is_exclusion = cause.startswith("exclusion:")
    return Outage(
        "P1", first * DAY, None if last is None else last * DAY, cause, excluded or is_exclusion, is_exclusion
    )


def test_a_reported_outage_joins_what_was_seen_and_makes_its_time_known() -> None:
    found = joined(
        [told(1, 3), told(8, 9)], [span(0, 2, "AVAILABLE"), span(2, 4, "OUTOFORDER"), span(4, 5, "CHARGING")]
    )

    assert found.outages == [(1 * DAY, 4 * DAY), (8 * DAY, 9 * DAY)]
    assert found.known == [(0.0, 5 * DAY), (8 * DAY, 9 * DAY)]
    assert port_availability("P1", found).outage_min == 4 * 1440


def test_a_report_stands_above_a_seen_session_and_below_a_port_taken_out_of_service() -> None:
    found = joined([told(0, 4)], [span(0, 2, "CHARGING"), span(3, 6, "PLANNED")])

    assert found.outages == [(0.0, 3 * DAY)]
    assert measure(found.service) == 7 * 1440


def test_an_exclusion_counts_only_where_the_port_was_down_seen_or_reported() -> None:
    outages = [told(1, 3), told(0, 2, "exclusion:utility"), told(4, 9, "exclusion:vandalism")]
    found = port_availability("P1", joined(outages, [span(0, 5, "AVAILABLE"), span(5, 6, "OUTOFORDER")]), outages)

    assert (found.outage_min, found.excluded_min) == (3 * 1440, 2 * 1440)


def test_without_reports_what_was_seen_stays_as_it_was() -> None:
    states = [span(0, 2, "AVAILABLE"), span(2, 4, "OUTOFORDER"), span(5, 6, "UNKNOWN")]

    assert joined([], states) == downtime(None, states, PORT, TEN, 1e9)


def test_an_open_report_ends_now_and_an_announced_one_has_not_begun() -> None:
    found = joined([told(2, None), told(9, 10)], [span(0, 2, "AVAILABLE")], now=4 * DAY)

    assert found.outages == [(2 * DAY, 4 * DAY)]
    assert found.open_since == 2 * DAY


def test_the_british_figure_knows_reported_outages_and_leaves_excused_ones_out() -> None:
    outages = [told(0, 1), told(1, 2, "utility", excluded=True)]
    text, exempt = uk_reliability([(PORT, joined(outages, [span(2, 10, "AVAILABLE")]))])

    assert text == pytest.approx(80)
    assert exempt == pytest.approx(100 * 8 / 9)


def test_a_cause_that_a_person_gave_explains_the_state_that_was_seen() -> None:
    seen_down = [Outage("P1", 0, 10 * DAY, "outoforder"), Outage("P2", 0, DAY, "outoforder")]
    found = causes_of(seen_down, [told(2, 4, "vandalism", excluded=True), told(6, 7, "exclusion:utility")])
    days = {}
    for outage in found:
        key = outage.port, outage.cause
        days[key] = days.get(key, 0.0) + ((outage.end or 0.0) - outage.start) / DAY

    assert days == {
        ("P1", "vandalism"): 2, ("P1", "exclusion:utility"): 1, ("P1", "outoforder"): 7, ("P2", "outoforder"): 1,
    }  # fmt: skip
    assert is_accepted("Vandalism, cable cut") and is_accepted("vehicle fault") and not is_accepted("fault")


def counted(archive: Archive, **asked: str) -> Overview:
    return overview(read_archive(archive, period=PERIOD, **asked), PERIOD, PERIOD[1])


def tell(archive: Archive, port: str, **changes: object) -> None:
    row = say(said.read(archive).facts(port), changes, "Ada")
    assert row is not None
    archive.add_results([row])


def test_facts_of_a_port_fill_the_figures_that_need_them(fleet: Archive) -> None:
    assert counted(fleet).utilisation["KEBA P30 A"].energy_pct is None
    tell(fleet, "KEBA P30 A", rated_kw=60, timezone="America/New_York", site="Harbour")
    tell(fleet, "KEBA P30 B", in_service_from="2025-03-10")
    found = counted(fleet)
    port, use = found.records.ports["KEBA P30 A"], found.utilisation["KEBA P30 A"]

    assert (port.site, port.timezone, port.rated_kw) == ("Harbour", "America/New_York", 60)
    assert use.peak_to_rated_pct == pytest.approx(7)
    assert use.energy_pct == pytest.approx(100 * (30 * 2 + 5 * 12) / (60 * WEEKS * 7 * 24), rel=1e-6)
    assert found.availability["KEBA P30 B"].service_min == 28 * 1440
    assert found.uk_text_pct is not None
    assert found.records.ports["KEBA P30 B"].timezone == "UTC"
    # 16 h UTC is 12 h in New York in summer, 11 h before the change on 9 March
    assert found.week_by_port["KEBA P30 A"].kwh[4 * 24 + 12] > 0
    assert found.week_by_port["KEBA P30 A"].kwh[4 * 24 + 16] == 0


def test_an_entered_site_is_found_by_its_name_and_the_visits_own_no_longer(fleet: Archive) -> None:
    tell(fleet, "KEBA P30 A", site="Harbour")

    assert list(read_archive(fleet, period=PERIOD, site="harb").ports) == ["KEBA P30 A"]
    assert list(read_archive(fleet, period=PERIOD, site="yard").ports) == ["KEBA P30 B"]


def test_a_port_that_nobody_saw_is_there_with_its_outage(fleet: Archive) -> None:
    row = report("Dead 1", {"from": "2025-01-01", "cause": "fault"}, "Ada")
    fleet.add_results([row])
    tell(fleet, "Old 1", in_service_to="2025-02-01")
    found = counted(fleet)

    assert found.availability["Dead 1"].outage_min == pytest.approx(WEEKS * 7 * 1440)
    assert "Old 1" not in found.records.ports
    assert "Dead 1" not in read_archive(fleet, period=PERIOD, charger="keba").ports


def test_reports_of_an_archive_change_uptime_and_are_gone_when_withdrawn(fleet: Archive) -> None:
    down = report("KEBA P30 A", {"from": "2025-03-10", "to": "2025-03-12", "cause": "fault"}, "Ada")
    excuse = report(
        "KEBA P30 A", {"from": "2025-03-10", "to": "2025-03-11", "cause": "utility", "exclusion": True}, "Ada"
    )
    fleet.add_results([down, excuse])
    found = counted(fleet)
    assert (found.availability["KEBA P30 A"].outage_min, found.availability["KEBA P30 A"].excluded_min) == (2880, 1440)
    assert found.causes == {"fault": 2880}

    for outage in said.read(fleet).outages:
        row = said.correct(outage, {"withdrawn": True, "reason": "wrong port"}, "Ada")
        assert row is not None
        fleet.add_results([row])
    assert counted(fleet).availability["KEBA P30 A"].outage_min == 0
    assert len(fleet.results("outage")) == 4


def test_a_stretch_somebody_vouches_for_is_known_and_up(fleet: Archive) -> None:
    after = PERIOD[1] + 14 * DAY
    tell(fleet, "KEBA P30 A", complete_from=PERIOD[1], complete_to=PERIOD[1] + 7 * DAY)
    period = (PERIOD[1], after)
    found = overview(read_archive(fleet, period=period), period, after)

    assert found.availability["KEBA P30 A"].coverage_pct == pytest.approx(50, abs=0.01)
    assert found.availability["KEBA P30 A"].nevi_actual_pct == 100
    assert found.utilisation["KEBA P30 A"].time_plugged_pct is None  # nobody vouches for sessions


def test_a_rating_is_entered_before_it_is_read_before_a_profile_states_it(tmp_path: Path) -> None:
    source = (Path(__file__).parents[3] / "resources/profiles/heidelberg-energy-control.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text("rated_kw = 150\n" + source, "utf-8")
    (tmp_path / "odd.toml").write_text("rated_kw = -1\n" + source, "utf-8")
    library = Library(tmp_path)
    nothing = PortFacts("P1")
    row = say(nothing, {"rated_kw": 22}, "Ada")
    assert row is not None
    entered = said.fold([row]).facts("P1")
    unsaid = said.fold([row, said_again(entered)]).facts("P1")

    def of(facts: PortFacts, read_kw: float | None, *profiles: str) -> tuple[float, str] | None:
        found = rating(facts, Stated(profiles, read_kw), library)
        return None if found is None else (found.kw, found.source)

    assert of(entered, 50, "mine") == (22, ENTERED)
    assert of(nothing, 50, "mine") == (50, READ)
    assert of(nothing, None, "mine") == (150, PROFILE)
    assert of(nothing, None, "mine", "keba-kecontact-p30") is None
    assert of(nothing, None, "never-heard-of") is None
    assert of(unsaid, 50, "mine") is None
    assert [Path(error.file).name for error in library.broken] == ["odd.toml"]


def test_a_users_own_profile_states_the_rating_of_an_archives_ports(
    fleet: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evtech.paths.user_profiles", lambda: tmp_path)
    assert {port.rated_kw for port in read_archive(fleet, period=PERIOD).ports.values()} == {None}

    built_in = Path(__file__).parents[3] / "resources/profiles/keba-kecontact-p30.toml"
    (tmp_path / built_in.name).write_text("rated_kw = 11\n" + built_in.read_text("utf-8"), "utf-8")
    assert {port.rated_kw for port in read_archive(fleet, period=PERIOD).ports.values()} == {11}


def said_again(facts: PortFacts):
    row = say(facts, {"rated_kw": None}, "Bo", at=datetime.now(UTC) + timedelta(seconds=1))
    assert row is not None
    return row


def test_samples_state_a_rating_only_where_they_never_said_another(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    for serial, powers in (("1", (50e3, 50e3)), ("2", (50e3, 22e3)), ("3", (0.0, 0.0))):
        visit = archive.start_visit(site="Yard", simulated=True)
        who = ChargerIdentity("odd", "Acme", "DC", serial, "1", "tcp")
        writer = archive.start_recording(visit.id, who, [("power_total", "W"), ("max_power", "W")], 1.0)
        for i, power in enumerate(powers * 600):
            samples = {"power_total": Sample("power_total", 1.0, "W"), "max_power": Sample("max_power", power, "W")}
            writer.add(Reading(MONDAY + timedelta(seconds=i), float(i), samples))
        writer.close()
    archive.writer.flush()

    assert {name: each.read_kw for name, each in stated(archive).items()} == {
        "Acme DC 1": 50, "Acme DC 2": None, "Acme DC 3": None,
    }  # fmt: skip
    assert (seen(archive)["Acme DC 1"].site, seen(archive)["Acme DC 1"].profiles) == ("Yard", ("odd",))
    archive.close()
