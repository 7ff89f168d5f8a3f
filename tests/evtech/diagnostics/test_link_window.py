"""The link's last minute: errors of an hour ago are no fault of now."""

from evtech.diagnostics.link_window import LinkWindow
from evtech.links.link import LinkStatistics


def test_it_tells_the_growth_of_the_last_minute() -> None:
    now = [0.0]
    statistics = LinkStatistics(requests=1000, answers=900, bad_answers=100)
    window = LinkWindow(statistics, "rtu", lambda: now[0])
    assert window.facts() == {}

    statistics.requests, statistics.answers, statistics.bad_answers = 1100, 990, 110
    now[0] = 30.0
    (outcome,) = window.facts()["outcomes"]
    assert (outcome["requests"], outcome["crc_pct"], outcome["ok_pct"]) == (100, 10.0, 90.0)

    for _ in range(4):
        now[0] += 20
        statistics.requests += 40
        statistics.answers += 40
        facts = window.facts()
    assert facts == {}


def test_one_lost_answer_proves_nothing() -> None:
    now = [0.0]
    statistics = LinkStatistics()
    window = LinkWindow(statistics, "tcp", lambda: now[0])
    window.facts()
    statistics.requests, statistics.answers, statistics.timeouts, now[0] = 100, 99, 1, 30.0

    assert window.facts() == {}
