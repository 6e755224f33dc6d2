"""Asking patients to ring: for the review before a repeat, and for a visit without a date."""

import datetime as dt
from typing import Any

import pytest

from clinic import clock
from clinic.actors import System
from clinic.models import Message, Patient, Task
from clinic.services import drafts
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Course
from treatments.selectors.invitations import CALL, REVIEW, UNBOOKED, WAIT
from treatments.services import inviting, reviews

pytestmark = pytest.mark.django_db

JOB = System("test")
DAY = dt.timedelta(days=1)


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def _approved(ward: Ward, *, ago: dt.timedelta = WAIT, **patient: Any) -> Course:
    course = factory.order(ward, clinic.patient(**patient)).course
    Course.objects.filter(pk=course.pk).update(approved_at=clock.now() - ago)
    return course


def _mails(kind: str, **fields: Any) -> int:
    return Message.objects.filter(kind=kind, **fields).count()


def _open(about: str = "") -> int:
    return Task.objects.filter(kind=CALL, state="open", about__contains=about).count()


def test_a_course_without_a_date_is_asked_about_once(ward: Ward) -> None:
    _approved(ward)
    assert (inviting.invite_due(by=JOB), inviting.invite_due(by=JOB)) == (1, 0)
    message = Message.objects.get(kind=UNBOOKED)
    assert message.planned_for.astimezone(ward.house.site.zone).time() == dt.time(9)
    assert drafts.refusals([message]) == {}


def test_before_the_week_is_over_nobody_is_asked(ward: Ward) -> None:
    _approved(ward, ago=WAIT - DAY)
    assert inviting.invite_due(by=JOB) == 0


def test_booking_takes_the_question_back(ward: Ward) -> None:
    order = factory.order(ward)
    Course.objects.filter(pk=order.course_id).update(approved_at=clock.now() - WAIT)
    inviting.invite_due(by=JOB)
    factory.booked(ward, placed=order)
    assert (_mails(UNBOOKED, state="pending"), _mails(UNBOOKED, state="cancelled")) == (0, 1)


def test_the_recheck_knows_a_date_that_came_another_way(ward: Ward) -> None:
    course = _approved(ward)
    inviting.invite_due(by=JOB)
    message = Message.objects.select_related("patient", "contact", "site").get(kind=UNBOOKED)
    Course.objects.filter(pk=course.pk).update(
        status="on_hold", hold_reason="x", status_before_hold="approved"
    )
    assert drafts.refusals([message]) == {message.pk: "nothing_to_book"}


@pytest.mark.parametrize(
    "fields", [{"email": ""}, {"reminders_consent": False}, {"preferred_channel": "phone"}]
)
def test_whom_no_mail_reaches_is_rung_by_the_desk(ward: Ward, fields: dict[str, Any]) -> None:
    _approved(ward, **fields)
    assert (inviting.invite_due(by=JOB), inviting.invite_due(by=JOB)) == (1, 0)
    assert (_mails(UNBOOKED), _open("unbooked")) == (0, 1)


def test_the_deceased_are_asked_nothing(ward: Ward) -> None:
    course = _approved(ward)
    Patient.objects.filter(pk=course.patient_id).update(deceased_on=dt.date(2026, 1, 1))
    assert inviting.invite_due(by=JOB) == 0


def _at_the_gate(ward: Ward, **patient: Any) -> Course:
    """Session 1 was treated and session 2 is kept within the review lead."""
    clock.set_offset(-20 * DAY)
    order, _visits = factory.booked(ward, placed=factory.order(ward, clinic.patient(**patient)), first=1)
    clock.set_offset(dt.timedelta(0))
    factory.inject(ward, order.course)
    return Course.objects.get(pk=order.course_id)


def test_a_gate_invites_to_the_review_that_the_protocol_wants(ward: Ward) -> None:
    course = _at_the_gate(ward)
    assert reviews.open_due(by=JOB) == 1
    message = Message.objects.select_related("patient", "contact", "site").get(kind=REVIEW)
    assert message.about == f"course:{course.pk}:review:2"
    assert drafts.refusals([message]) == {}


def test_no_review_is_asked_for_where_the_protocol_has_none(ward: Ward) -> None:
    factory.rewrite_protocol(ward, review_visit=None)
    _at_the_gate(ward)
    assert reviews.open_due(by=JOB) == 1
    assert _mails(REVIEW) == 0


def test_a_booked_review_is_not_asked_for(ward: Ward) -> None:
    course = _at_the_gate(ward)
    request = VisitRequest(
        course.patient_id, ward.protocol.review_visit_id, ward.house.site.pk, ward.at(3, 14)
    )
    booking.book(request=request, by=ward.desk)
    reviews.open_due(by=JOB)
    assert _mails(REVIEW) == 0


def test_a_review_booked_after_the_invitation_is_seen_before_it_goes(ward: Ward) -> None:
    course = _at_the_gate(ward)
    reviews.open_due(by=JOB)
    request = VisitRequest(
        course.patient_id, ward.protocol.review_visit_id, ward.house.site.pk, ward.at(3, 14)
    )
    booking.book(request=request, by=ward.desk)
    message = Message.objects.select_related("patient", "contact", "site").get(kind=REVIEW)
    assert drafts.refusals([message]) == {message.pk: "nothing_to_book"}


def test_the_decision_takes_the_invitation_back(ward: Ward) -> None:
    course = _at_the_gate(ward)
    reviews.open_due(by=JOB)
    reviews.decide(
        by=ward.physician, course_id=course.pk, before_session=2, decision="continue", reason="Well"
    )
    assert (_mails(REVIEW, state="pending"), _mails(REVIEW, state="cancelled")) == (0, 1)


def test_who_has_no_address_is_rung_for_the_review(ward: Ward) -> None:
    _at_the_gate(ward, email="")
    reviews.open_due(by=JOB)
    assert (_mails(REVIEW), _open("review:2")) == (0, 1)
