"""The standard names agree with the facts of the field."""

import json
import os
from pathlib import Path

import pytest

from evtech.measure.vocabulary import ALIASES, TERMS, label, standard_name


def test_every_short_name_leads_to_a_standard_name() -> None:
    assert set(ALIASES.values()) <= set(TERMS)
    assert standard_name("i1") == "current_l1"


def test_a_name_is_read_as_words() -> None:
    assert label("voltage_l1") == "Voltage L1"


@pytest.mark.skipif("EVTECH_REFERENCE" not in os.environ, reason="the fact sheets are not at hand")
def test_the_names_are_those_of_the_fact_sheet() -> None:
    sheet = json.loads((Path(os.environ["EVTECH_REFERENCE"]) / "vocabulary.json").read_text())

    assert set(sheet["points"]) == set(TERMS)
    assert sheet["aliases"] == ALIASES
