"""The rows behind cohort reports say what records and answers say, whichever way those came in."""

import datetime as dt
from decimal import Decimal
from io import StringIO

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock, integrity
from clinic.actors import System
from clinic.exceptions import NotAllowed
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments import clinical_rules
from treatments.models import (
    Course,
    CourseSummary,
    Derivation,
    PointSummary,
    Response,
    ScoreSummary,
    Session,
)
from treatments.policies import summaries as rules
from treatments.policies import time_points
from treatments.policies.summaries import Answer, Facts, SignedSession
from treatments.services import outcomes, signing, summaries

pytestmark = pytest.mark.django_db
CHECKS = ["course_summary_says_its_sessions", "score_summary_says_the_answers"]
RMDQ = {str(item): 1 for item in range(1, 25)}


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def course(ward: Ward) -> Course:
    return factory.order(ward).course


def answer(ward: Ward, course: Course, point: str, **given: dict[str, int]) -> None:
    for instrument, answers in given.items():
        outcomes.record_response(
            by=ward.nurse, course_id=course.pk, instrument=instrument, time_point=point, answers=answers
        )


def signed(ward: Ward, course: Course, number: int = 1) -> Session:
    row = factory.inject(ward, course, number)
    signing.sign(by=ward.physician, session_id=row.pk, version=row.version)
    return row


def wrong() -> list[str]:
    return [found.check.name for found in integrity.find(only=CHECKS)]


def test_signature_begins_the_course_for_cohorts(ward: Ward, course: Course) -> None:
    row = factory.inject(ward, course)
    assert not CourseSummary.objects.exists()

    signing.sign(by=ward.physician, session_id=row.pk, version=row.version)

    found = CourseSummary.objects.get(course=course)
    row.refresh_from_db()
    day = row.injected_at.astimezone(ward.house.site.zone).date()
    assert (found.started_on, found.last_on, found.sessions) == (day, day, 1)
    assert found.structures == ["facet", "si_joint"]
    assert (found.leucocytes, found.paw, found.site_id) == ("", "", course.site_id)
    assert wrong() == []


def test_answers_are_judged_by_the_thresholds_of_the_courses_own_protocol(ward: Ward, course: Course) -> None:
    answer(ward, course, "baseline", nrs={"value": 8}, rmdq=RMDQ)
    answer(ward, course, "month_3", nrs={"value": 5}, rmdq={"1": 1}, pgic={"value": 2})
    met = PointSummary.objects.filter(point="month_3").values_list(
        "series", "pain_met", "function_met", "impression_met", "all_met"
    )
    assert list(met) == [(1, False, True, True, False)]  # 38 % less pain, and 50 % are asked for

    rules_of = factory.rewrite_protocol(ward, rules={"gate": clinical_rules.GateRules(nrs_substantial=35)})
    assert rules_of.pk == course.protocol_version_id
    answer(ward, course, "month_3", nrs={"value": 5})

    assert list(met.all()) == [(1, True, True, True, True)]


def test_corrected_baseline_changes_every_distance(ward: Ward, course: Course) -> None:
    answer(ward, course, "week_6", nrs={"value": 3})
    changes = ScoreSummary.objects.filter(instrument="nrs").values_list("point", "score", "change")
    assert list(changes) == [("week_6", Decimal(3), None)]

    answer(ward, course, "baseline", nrs={"value": 8})
    assert {point: change for point, _score, change in changes.all()} == {
        "baseline": None,
        "week_6": Decimal(-5),
    }

    answer(ward, course, "baseline", nrs={"value": 6})
    assert {point: change for point, _score, change in changes.all()} == {
        "baseline": None,
        "week_6": Decimal(-3),
    }
    assert wrong() == []


def test_rebuilding_finds_no_difference_after_work_through_the_services(ward: Ward) -> None:
    for number in range(3):
        course = factory.order(ward).course
        answer(
            ward,
            course,
            "baseline",
            nrs={"value": 7},
            rmdq=RMDQ,
            peg={"pain": 7, "enjoyment": 6, "activity": 5},
        )
        if number:
            signed(ward, course)
            answer(ward, course, "before_2", nrs={"value": number}, pgic={"value": 2})

    assert summaries.rebuild(by=System(job="test"), only_look=True) == summaries.Rebuilt(courses=3)
    assert wrong() == []


@pytest.mark.parametrize("spoilt", ["course", "point", "score", "extra"])
def test_rebuilding_mends_what_was_spoilt(ward: Ward, course: Course, spoilt: str) -> None:
    signed(ward, course)
    answer(ward, course, "baseline", nrs={"value": 7})
    answer(ward, course, "week_1", nrs={"value": 2})
    if spoilt == "course":
        CourseSummary.objects.update(sessions=4)
    elif spoilt == "point":
        PointSummary.objects.filter(point="week_1").update(pain_met=None)
    elif spoilt == "score":
        ScoreSummary.objects.filter(point="week_1").update(change=1)
    else:
        ScoreSummary.objects.create(course=course, instrument="peg", point="week_1", series=1, score=3)
    assert wrong() == ([] if spoilt == "point" else [CHECKS[spoilt != "course"]])
    with pytest.raises(CommandError, match="1 of 1 courses differ"):
        call_command("rebuild_summaries", "--check", stdout=StringIO())

    call_command("rebuild_summaries", stdout=StringIO())

    assert summaries.rebuild(by=System(job="test"), only_look=True).differed == ()
    assert wrong() == []


def test_a_forgotten_call_is_found_by_the_checks(
    ward: Ward, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "sessions_changed", lambda course_id: None)
    monkeypatch.setattr(summaries, "answers_changed", lambda course_id: None)
    signed(ward, course)
    answer(ward, course, "baseline", nrs={"value": 7})

    assert wrong() == CHECKS


def test_the_same_answer_again_rewrites_nothing(ward: Ward, course: Course) -> None:
    answer(ward, course, "baseline", nrs={"value": 7})
    with CaptureQueriesContext(connection) as queries:
        answer(ward, course, "baseline", nrs={"value": 7})
    written = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql for sql in written if "summary" in sql] == []


def test_only_whoever_runs_the_site_rebuilds(ward: Ward, course: Course) -> None:
    with pytest.raises(NotAllowed):
        summaries.rebuild(by=ward.nurse)


def test_class_of_a_later_algorithm_is_taken(ward: Ward, course: Course) -> None:
    row = signed(ward, course)
    for algorithm, name in ((98, "P2Bβ"), (99, "P3Aα")):
        Derivation.objects.create(
            session=row,
            algorithm=algorithm,
            figures={},
            paw=name,
            computed_at=clock.now(),
        )
    assert summaries.bring([course.pk]) == [course.pk]
    assert CourseSummary.objects.get(course=course).paw == "P3Aα"


@pytest.mark.parametrize(
    ("classes", "shared"),
    [(["LR-PRP", ""], "LR-PRP"), (["LR-PRP", "LP-PRP"], "mixed"), (["", ""], ""), (["LP-PRP"], "LP-PRP")],
)
def test_class_of_a_course_is_that_which_its_products_share(classes: list[str], shared: str) -> None:
    day = dt.date(2026, 3, 2)
    facts = Facts(clinical_rules.default(), [SignedSession(day, name) for name in classes])
    found = rules.begun(facts)
    assert found is not None
    assert found[4] == shared


@pytest.mark.parametrize(
    ("raw", "pooled"),
    [
        ("baseline", ("baseline", 0)),
        ("before_3", ("before_3", 0)),
        ("week_6", ("week_6", 1)),
        ("week_6_after_5", ("week_6", 2)),
        ("week_12", ("week_12", 0)),
    ],
)
def test_follow_up_begun_anew_is_pooled_apart(raw: str, pooled: tuple[str, int]) -> None:
    assert time_points.pooled(clinical_rules.default().time_points, raw) == pooled


def test_without_all_three_nothing_is_said_of_all_three() -> None:
    facts = Facts(
        clinical_rules.default(),
        answers=[
            Answer("nrs", "baseline", Decimal(8)),
            Answer("nrs", "week_1", Decimal(2)),
            Answer("pgic", "week_1", Decimal(1)),
        ],
    )
    assert rules.points(facts) == {
        ("baseline", 0): (None, None, None, None),
        ("week_1", 1): (True, None, True, None),
    }


def test_answers_that_are_gone_are_taken_out(ward: Ward, course: Course) -> None:
    signed(ward, course)
    answer(ward, course, "baseline", nrs={"value": 7})
    with pgtrigger.ignore():
        Response.objects.filter(course=course).delete()
    assert wrong() == [CHECKS[1]]
    assert summaries.bring([course.pk]) == [course.pk]
    assert wrong() == []
