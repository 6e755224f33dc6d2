"""The drawn spine: each target has a place of its own, is named as it is said, and carries the sessions that injected it."""

import datetime as dt
from decimal import Decimal
from itertools import product
from types import SimpleNamespace

import msgspec
import pytest
from django.template.loader import render_to_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.exceptions import InvalidInput
from tests.factories import treatments as factory
from treatments import clinical_rules
from treatments.data import TargetData
from treatments.enums import Level, Side, Structure
from treatments.policies.record import check_target
from treatments.selectors import history
from treatments.views import spine, spine_entry


def possible() -> list[TargetData]:
    found = []
    for structure, level, side in product(Structure.values, Level.values, Side.values):
        try:
            check_target(target := TargetData(structure, level, side))
        except InvalidInput:
            continue
        found.append(target)
    return found


def test_every_possible_target_lies_on_the_drawing_on_its_side_under_a_name_of_its_own() -> None:
    for target in possible():
        x, y = spine.place(target.structure, target.level, target.side)
        assert 11 <= x <= 349
        assert 11 <= y <= 479
        assert {-1: "left", 0: "midline", 1: "right"}[(x > 180) - (x < 180)] == target.side
    names = [spine.name(each.structure, each.level, each.side) for each in possible()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (("facet", "L4-L5", "left"), "Facet joint L4–L5 left"),
        (("si_joint", "S", "right"), "Sacroiliac joint right"),
        (("disc", "L5-S1", "midline"), "Disc L5–S1"),
        (("epidural", "L3-L4", "midline"), "Epidural, interlaminar L3–L4"),
        (("epidural", "L3-L4", "left"), "Epidural, transforaminal L3–L4 left"),
        (("epidural", "S", "right"), "Epidural, transforaminal S1 right"),
        (("epidural", "S", "midline"), "Epidural, caudal"),
    ],
)
def test_target_is_named_as_it_is_said(target: tuple[str, str, str], said: str) -> None:
    assert spine.name(*target) == said


@pytest.mark.parametrize(
    ("numbers", "words"), [([], ""), ([2], "2"), ([1, 2], "1 2"), ([1, 2, 3], "1–3"), ([1, 2, 3, 5], "1–3 5")]
)
def test_sessions_are_read_as_runs(numbers: list[int], words: str) -> None:
    assert spine.runs(numbers) == words


def test_marks_of_one_level_do_not_cover_each_other() -> None:
    rows = possible()
    found = spine.body_map(rows, [])
    places = [(mark.x, mark.y) for mark in found.marks]
    covered = [
        (one, other)
        for at, one in enumerate(places)
        for other in places[at + 1 :]
        if abs(one[0] - other[0]) < 22 and abs(one[1] - other[1]) < 22
    ]
    assert (len(places), covered) == (len(rows), [])


def drawn(injected: list[list[TargetData]]) -> spine.BodyMap:
    views = [
        SimpleNamespace(
            session=SimpleNamespace(number=number, injected_at=None),
            injections=[
                SimpleNamespace(structure=row.structure, level=row.level, side=row.side, volume_ml=Decimal(2))
                for row in rows
            ],
        )
        for number, rows in enumerate(injected, 1)
    ]
    return spine.body_map([], views)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(possible()), max_size=4, unique=True), max_size=5))
def test_every_injected_target_has_one_plate_on_the_drawing_with_its_sessions(
    injected: list[list[TargetData]],
) -> None:
    found = drawn(injected)
    sessions = {
        spine.name(row.structure, row.level, row.side): [
            number for number, rows in enumerate(injected, 1) if row in rows
        ]
        for rows in injected
        for row in rows
    }
    assert {mark.label: mark.words for mark in found.marks} == {
        label: spine.runs(numbers) for label, numbers in sessions.items()
    }
    assert {mark.label: mark.latest for mark in found.marks} == {
        label: numbers[-1] for label, numbers in sessions.items()
    }
    assert all(11 <= mark.x <= 349 and 11 <= mark.y <= 479 for mark in found.marks)
    covered = [
        (one, other)
        for at, one in enumerate(found.marks)
        for other in found.marks[at + 1 :]
        if abs(one.x - other.x) < one.half + other.half and abs(one.y - other.y) < 22
    ]
    assert covered == []


def test_each_target_offered_is_possible_and_covers_no_other_of_its_layer() -> None:
    offered = spine_entry.for_order().choices
    for each in offered:
        check_target(TargetData(each.structure, each.level, each.side))
    covered = [
        (one.name, other.name)
        for at, one in enumerate(offered)
        for other in offered[at + 1 :]
        if one.layer == other.layer and abs(one.x - other.x) < 40 and abs(one.y - other.y) < 42
    ]
    assert (len({each.name for each in offered}), covered) == (len(offered), [])


def test_volume_begins_with_that_of_last_time_or_the_usual_one_within_the_plausible_range() -> None:
    rules = clinical_rules.default()
    facet = TargetData("facet", "L4-L5", "left")
    usual = msgspec.structs.replace(rules.usual, target_ml=Decimal("0.5"))
    entry = spine_entry.for_session(
        targets=[facet], given={facet: {1: Decimal(1), 2: Decimal("0.8")}}, rules=rules, usual=usual
    )
    found = {(each.structure, each.level, each.side): each for each in entry.choices}
    was, new = found["facet", "L4-L5", "left"], found["si_joint", "S", "left"]
    assert (was.ml, was.step, was.earlier, was.is_planned) == ("0.8", "0.1", "1 2", True)
    assert (new.ml, new.step, new.earlier, new.is_planned) == ("1.0", "0.5", "", False)


@pytest.mark.django_db
def test_map_shows_sessions_and_volumes_of_each_target(django_assert_num_queries: object) -> None:
    ward = factory.ward()
    planned = [TargetData("facet", "L4-L5", "left"), TargetData("disc", "L5-S1", "midline")]
    course = factory.order(ward, targets=planned).course
    factory.inject(ward, course, at=clock.now() - dt.timedelta(days=3))
    found = history.course_history(course.pk)
    assert found is not None
    targets = list(found.course.targets.all())
    with django_assert_num_queries(0):  # type: ignore[operator]
        drawn = spine.body_map(targets, found.sessions)
    given = {row.label: row.volumes for row in drawn.rows}
    injected = {spine.name(row.structure, row.level, row.side) for row in found.sessions[0].injections}
    assert {label for label, volumes in given.items() if volumes == [Decimal(2)]} == injected
    assert given["Disc L5–S1"] == [None]
    assert {mark.label: mark.words for mark in drawn.marks} == {
        **dict.fromkeys(injected, "1"),
        **{label: "" for label, volumes in given.items() if volumes == [None]},
    }
    page = render_to_string("treatments/_body_map.html", {"map": drawn})
    assert page.count('class="spine-mark') == len(given)
    assert page.count('scope="row"') == len(given)
