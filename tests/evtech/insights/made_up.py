"""Random records of a few days, with everything that real ones lack or have twice."""

from hypothesis import strategies as st

from evtech.insights.records import FAILED_ENDS, NORMAL_ENDS, Attempt, Outage, Port, Records, StateSpan
from tests.evtech.insights.plain import PRECEDENCE, Interval, union

# Sunday 0 h UTC before both changes of the clock in Europe, and an ordinary one
BEGINNINGS = (1743292800.0, 1761436800.0, 1757203200.0)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
NAMES = ("A", "B", "C")
DAYS = 3
# steps of half a minute give equal times, touching stretches and gaps of exactly a limit; free ones the rest
moments = st.integers(-600, DAYS * 2880 + 600).map(lambda n: n * 30.0) | st.floats(-9e3, DAYS * 86400 + 9e3)
amounts = st.sampled_from((0.0, 0.05, 0.1, -2.0, 22.0, 65536.0)) | st.floats(0, 80)


def perhaps(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | values


@st.composite
def attempts(draw: st.DrawFn, base: float) -> Attempt:
    """One attempt: often in the order of life, sometimes not, with holes."""
    start = draw(moments)
    steps = draw(st.lists(st.integers(-4, 200).map(lambda n: n * 30.0), min_size=5, max_size=5))
    times = [start]
    for step in steps[:4]:
        times.append(times[-1] + step)
    holes = draw(st.lists(st.booleans(), min_size=5, max_size=5))
    known = [base + t if there else None for t, there in zip(times, holes, strict=True)]
    if all(t is None for t in known[:3]):
        known[draw(st.integers(0, 2))] = base + start
    return Attempt(
        draw(st.sampled_from(NAMES)), known[0], known[1], draw(perhaps(st.booleans())), known[2], known[3], known[4],
        draw(perhaps(amounts)), draw(perhaps(amounts)), draw(st.sampled_from(sorted(NORMAL_ENDS | FAILED_ENDS))),
        draw(st.sampled_from((None, "", "0x40", "0x10"))), draw(st.sampled_from((None, "", "t", "u"))),
        draw(st.uuids(version=4).map(str)), draw(st.sampled_from((True, True, True, False))),
    )  # fmt: skip


@st.composite
def spans(draw: st.DrawFn, base: float) -> Interval:
    start = draw(moments)
    return base + start, base + start + draw(st.integers(0, 3000).map(lambda n: n * 30.0))


@st.composite
def records(draw: st.DrawFn, least: int = 0) -> tuple[Records, Interval, float]:
    """Return records, a period that cuts them, and a moment taken for now."""
    base = draw(st.sampled_from(BEGINNINGS))
    ports = {}
    for name in NAMES:
        seen = draw(perhaps(st.lists(spans(base), max_size=4).map(lambda found: tuple(union(found)))))
        begins, ends = draw(perhaps(moments)), draw(perhaps(moments))
        ports[name] = Port(
            name, draw(st.sampled_from(("", "Yard"))), draw(st.sampled_from(ZONES)),
            draw(st.sampled_from((None, 11.0, 50.0))), base + begins if begins is not None else None,
            base + ends if ends is not None else None, seen,
        )  # fmt: skip
    rows = draw(st.lists(attempts(base), min_size=least, max_size=25))
    outages = states = None
    which = draw(st.sampled_from(("none", "outages", "states")))
    if which == "outages":
        outages = draw(st.lists(_outage(base), max_size=8))
    elif which == "states":
        states = draw(st.lists(_state(base), max_size=12))
    low = base + draw(st.integers(0, 96)) * 900.0 + draw(st.sampled_from((0.0, 17.0)))
    period = (low, low + draw(st.integers(1, DAYS * 96)) * 900.0 + draw(st.sampled_from((0.0, 451.5))))
    now = draw(st.sampled_from((period[1], period[0] + 7000.0, period[1] + 1e6)))
    return Records(ports, sorted(rows, key=lambda a: a.start), outages, states), period, now


@st.composite
def _outage(draw: st.DrawFn, base: float) -> Outage:
    start, end = draw(spans(base))
    cause = draw(st.sampled_from(("", "fault", "vandalism", "exclusion:maintenance")))
    is_exclusion = cause.startswith("exclusion")
    excluded = is_exclusion or draw(st.booleans())
    return Outage(
        draw(st.sampled_from(NAMES)), start, draw(st.sampled_from((end, None))), cause, excluded, is_exclusion
    )


@st.composite
def _state(draw: st.DrawFn, base: float) -> StateSpan:
    start, end = draw(spans(base))
    return StateSpan(
        draw(st.sampled_from(NAMES)), start, draw(st.sampled_from((end, None))), draw(st.sampled_from(PRECEDENCE))
    )
