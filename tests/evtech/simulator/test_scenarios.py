"""Every shipped scenario, run on a clock of its own: the finding it teaches stands first, through real registers."""

import pytest

from evtech import paths
from evtech.diagnostics.knowledge import faults
from evtech.errors import InputError
from evtech.simulator.scenario import find_scenario
from tests.evtech.simulator.lessons import Lesson

NAMES = sorted(file.stem for file in (paths.resources() / "scenarios").glob("*.toml"))
TAUGHT = [(name, profile) for name in NAMES for profile in find_scenario(name).lesson.seen_by]


@pytest.mark.parametrize(("name", "profile"), TAUGHT)
async def test_a_scenario_shows_what_it_teaches(name: str, profile: str) -> None:
    lesson = Lesson(name, profile)
    await lesson.watch()

    findings = lesson.diagnosis().findings
    wanted = lesson.scenario.lesson
    if wanted.finding is None:
        assert [f.fault.id for f in findings if f.fault.severity != "info"] == []
    else:
        assert [f.fault.id for f in findings][:1] == [wanted.finding]
        assert findings[0].phase == wanted.phase


def test_the_scenarios_teach_at_least_30_faults() -> None:
    taught = {find_scenario(name).lesson.finding for name in NAMES} - {None}

    assert len(taught) >= 30
    assert taught <= set(faults())
    assert all(find_scenario(name).description for name in NAMES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[event]]\nat = 1\ndo = "set"\nwhat = "mains.lost"\nvalue = 1', "mains.lost_l"),
        ('[[event]]\nat = 1\ndo = "limit"\nvalue = "high"', "must be a number"),
        ("[lesson]\nfinds = 1", "finding"),
        ("[line]\nnoise = 1", "damaged"),
    ],
)
def test_a_wrong_scenario_says_what_is_allowed(text: str, said: str, tmp_path: object) -> None:
    file = tmp_path / "s.toml"  # type: ignore[operator]
    file.write_text(text)

    with pytest.raises(InputError) as caught:
        find_scenario(str(file))
    assert said in f"{caught.value} {caught.value.hint}"
