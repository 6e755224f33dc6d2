"""The clinical rules of a protocol version as a document."""

import json

import pytest

from treatments import clinical_rules
from treatments.clinical_rules import ClinicalRules, RulesError
from treatments.enums import Guidance, Instrument, Structure


def test_default_rules_survive_being_stored() -> None:
    stored = json.loads(json.dumps(clinical_rules.default_document()))

    assert clinical_rules.load(stored) == clinical_rules.default()


def test_default_rules_name_only_what_exists() -> None:
    rules = clinical_rules.default()

    assert {row.structure for row in rules.targets} == set(Structure.values)
    assert {code for point in rules.time_points for code in point.instruments} == set(Instrument.values)
    assert rules.usual.guidance in Guidance.values
    assert {row.only_if for row in rules.screening} == {None, "anticoagulant"}


def test_default_codes_are_unique() -> None:
    rules = clinical_rules.default()

    for codes in (
        [row.code for row in rules.screening],
        [row.code for row in rules.time_points],
        [row.name for row in rules.medicines],
        [row.code for row in rules.recovery.red_flags],
        [row.day for row in rules.recovery.guidance],
    ):
        assert len(codes) == len(set(codes))


def test_number_read_somewhere_names_its_source() -> None:
    rules = clinical_rules.default()
    lines = [
        *rules.screening,
        *rules.medicines,
        *rules.targets,
        *rules.time_points,
        *rules.recovery.red_flags,
    ]

    assert [line for line in lines if line.mark == "read" and not line.source] == []


def test_empty_document_has_defaults() -> None:
    assert clinical_rules.load({}) == ClinicalRules()


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"gate": {"nrs_some": 130}}, "$.gate.nrs_some"),
        ({"screening": [{"code": "No Code"}]}, "$.screening[0].code"),
        ({"screenings": []}, "screenings"),
        ({"medicines": [{"name": "X", "group": "herb"}]}, "$.medicines[0].group"),
    ],
)
def test_document_of_another_shape_is_refused_by_place(document: dict[str, object], place: str) -> None:
    with pytest.raises(RulesError) as refused:
        clinical_rules.load(document)

    assert place in str(refused.value)
