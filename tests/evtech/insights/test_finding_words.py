"""Sentences of findings: every kind in every language, with the same figures; old rows stay as they were written."""

import re
import string
from dataclasses import replace

import pytest

from evtech.insights.anomalies import Anomaly
from evtech.insights.finding_words import LANGUAGES, rule_name, sentence, todo, words
from tests.evtech.insights.traces import changed, found, sound

CONTRACT = (
    "rollover", "rollback", "jump", "frozen", "gap", "clock", "duplicate_time", "scale_slip", "energy_mismatch",
    "session_mismatch", "outlier", "drift", "peak", "imbalance", "voltage", "derating", "standby",
)  # fmt: skip


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_say_the_same_things() -> None:
    one, other = (words(lang) for lang in LANGUAGES)
    for section in ("rules", "text", "todo", "about", "limits"):
        assert set(one[section]) == set(other[section]), section
    for said, template in one["text"].items():
        assert fields(template) == fields(other["text"][said]), said
        assert said in one["todo"], said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_of_the_contract_has_a_name(lang: str) -> None:
    for rule in CONTRACT:
        assert rule_name(rule, lang) != rule


def test_a_finding_speaks_german_with_the_decimal_comma() -> None:
    (low,) = found(changed(sound(), slice(600, 640), voltage_l2=196.5))

    assert re.fullmatch(r"L2 hatte 196,\d V über 10 s \(-14,\d %\); die Grenze ist 207,0 V\.", sentence(low, "de"))
    assert sentence(low, "en") == low.text
    assert todo(low, "de").startswith("Unter Last")


def test_a_row_of_another_version_keeps_its_own_words() -> None:
    (low,) = found(changed(sound(), slice(600, 640), voltage_l2=196.5))
    for changed_ in ({"said": "of the future"}, {"figures": {}}):
        assert sentence(replace(low, **changed_), "de") == low.text
    old = Anomaly("clock", "warning", "P", 0.0, 1.0, 9.0, 5.0, "Off.", "Set it.")
    assert (sentence(old, "de"), todo(old, "en"), todo(old, "de")) == (
        "Off.", "Compare the charger's clock.", "Die Uhr der Ladestation vergleichen.",
    )  # fmt: skip
