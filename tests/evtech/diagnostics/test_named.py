"""What routines say joins the findings: asked for it adds, by itself it strengthens, a wrong sensor takes over."""

import numpy as np

from evtech.diagnostics.engine import Finding, Proof
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.knowledge import faults
from evtech.diagnostics.named import with_routines
from evtech.diagnostics.routine import RoutineResult, Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over

TRACE = Charge(seconds=60).trace()
EVIDENCE = Evidence(TRACE, Facts())


def found(name: str) -> Finding:
    return Finding(faults()[name], 0.0, 0.8, None, (Proof("seen", "p", 1, None, 0.0),))


def named(verdict: Verdict = Verdict.FAIL) -> RoutineResult:
    return RoutineResult("R12", verdict, "the ratio is 0.97", faults={"MTR-MISMATCH": None})


def test_asked_for_it_adds_and_by_itself_it_only_strengthens() -> None:
    assert [f.fault.id for f in with_routines([], EVIDENCE, [named()], asked=True)] == ["MTR-MISMATCH"]
    assert with_routines([], EVIDENCE, [named()], asked=False) == []

    (stronger,) = with_routines([found("MTR-MISMATCH")], EVIDENCE, [named()], asked=False)
    assert stronger.confidence > 0.98
    assert stronger.proofs[-1].text == "R12: the ratio is 0.97"


def test_a_sensor_that_is_wrong_takes_the_place_of_a_leakage() -> None:
    charge = Charge(seconds=900, plug_at=200)
    charge.numbers = {"residual_current_dc": np.full(len(charge.t), 5.5)}
    trace = charge.trace()

    all_found = with_routines([found("RCD-DC")], Evidence(trace, Facts()), [over("R09", trace)], asked=False)

    by_id = {finding.fault.id: finding.confidence for finding in all_found}
    assert by_id == {"RCD-DC": 0.4, "RCD-NUISANCE": 0.95}


def test_a_measurement_beyond_its_limit_adds_and_shows_its_cause() -> None:
    evidence = Evidence(TRACE, Facts(answers={"pe_continuity_ohm": 3.0}))

    assert [f.fault.id for f in with_routines([], evidence, [], asked=False)] == ["PE-LOST"]
