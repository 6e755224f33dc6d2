"""The gate before a repeat: opened in time, decided once, followed by the calendar."""

import datetime as dt
from decimal import Decimal

import pytest

from clinic import clock
from clinic.exceptions import IllegalMove, InvalidInput, NotAllowed
from clinic.models import Message, Task
from clinic.services import drafts
from scheduling.models import Allocation, Appointment, NoticeLine
from scheduling.services import endings
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.enums import Decision, Instrument
from treatments.models import Course, Response
from treatments.services import outcomes, reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def treated(ward: Ward) -> Course:
    """The first session is done; the second is due in less than the review lead."""
    order, _visits = factory.booked(ward, first=1, apart=20)
    session = factory.inject(ward, order.course, at=clock.now() - dt.timedelta(days=12))
    assert session.injected_at is not None
    return Course.objects.get(pk=order.course_id)


def tick_until_due(ward: Ward) -> None:
    clock.set_offset(dt.timedelta(days=10))


def test_gate_opens_before_the_repeat_and_once(ward: Ward, treated: Course) -> None:
    assert reviews.open_due(by=BY) == 0
    tick_until_due(ward)
    assert reviews.open_due(by=BY) == 1
    assert reviews.open_due(by=BY) == 0
    treated.refresh_from_db()
    assert treated.status == "review_due"


def test_continue_releases_next_visit_and_tells_patient(ward: Ward, treated: Course) -> None:
    tick_until_due(ward)
    reviews.open_due(by=BY)
    reviews.decide(by=ward.physician, course_id=treated.pk, before_session=2, decision=Decision.CONTINUE)
    treated.refresh_from_db()
    visit = factory.session(treated, 2).bookings.get().appointment
    assert (treated.status, visit.status) == ("active", "booked")
    kinds = set(Message.objects.filter(about=f"appointment:{visit.pk}").values_list("kind", flat=True))
    assert "appointment.confirmation" in kinds
    assert set(Appointment.objects.filter(status="provisional").values_list("purpose", flat=True)) == {
        factory.session(treated, 3).pk,
        factory.session(treated, 4).pk,
    }


def test_complete_frees_the_rest_and_asks_nobody_to_rebook(ward: Ward, treated: Course) -> None:
    reviews.decide(
        by=ward.physician,
        course_id=treated.pk,
        before_session=2,
        decision=Decision.COMPLETE,
        reason="Free of pain",
    )
    treated.refresh_from_db()
    assert treated.status == "follow_up"
    assert list(treated.sessions.values_list("status", flat=True)) == [
        "injected",
        "dropped",
        "dropped",
        "dropped",
    ]
    cancelled = Appointment.objects.filter(status="cancelled")
    assert {row.reason_id for row in cancelled} == {"course_ended"}
    assert cancelled.count() == 3
    assert not Allocation.objects.filter(appointment__in=cancelled, active=True).exists()
    assert not Task.objects.exists()


def test_ending_a_course_of_three_told_visits_tells_its_patient_once(ward: Ward, treated: Course) -> None:
    visits = Appointment.objects.filter(status="provisional").order_by("period")
    endings.release(appointment_ids=[visit.pk for visit in visits], by=BY)
    _all_sent()
    reviews.discontinue(by=ward.physician, course_id=treated.pk, reason="The patient moves away")
    waiting = Message.objects.filter(state="pending")
    assert [row.kind for row in waiting] == ["appointment.changed_several"]
    lines = NoticeLine.objects.filter(about=waiting.get().about)
    assert [(line.kind, line.was) for line in lines] == [
        ("appointment.cancelled", start)
        for start in Appointment.objects.filter(status="cancelled")
        .order_by("period")
        .values_list("period__startswith", flat=True)
    ]


def _all_sent() -> None:
    """As if every confirmation had gone out."""
    told = ["appointment.confirmation", "appointment.plan"]
    rows = list(Message.objects.filter(kind__in=told, state="pending"))
    for row in rows:
        draft = drafts.make([row])[row.pk]
        row.state, row.text, row.snapshot, row.started_at = "sent", draft.text, draft.snapshot(), clock.now()
        row.save()


def test_stop_needs_a_reason_and_discontinues(ward: Ward, treated: Course) -> None:
    with pytest.raises(InvalidInput):
        reviews.decide(by=ward.physician, course_id=treated.pk, before_session=2, decision=Decision.STOP)
    reviews.decide(
        by=ward.physician,
        course_id=treated.pk,
        before_session=2,
        decision=Decision.STOP,
        reason="Fever after session 1",
    )
    treated.refresh_from_db()
    assert (treated.status, treated.end_reason) == ("discontinued", "Fever after session 1")


def test_second_decision_at_one_gate_is_refused(ward: Ward, treated: Course) -> None:
    reviews.decide(by=ward.physician, course_id=treated.pk, before_session=2, decision=Decision.CONTINUE)
    with pytest.raises(IllegalMove, match="meanwhile"):
        reviews.decide(by=ward.physician, course_id=treated.pk, before_session=2, decision=Decision.CONTINUE)


def test_nurse_does_not_decide(ward: Ward, treated: Course) -> None:
    with pytest.raises(NotAllowed):
        reviews.decide(by=ward.nurse, course_id=treated.pk, before_session=2, decision=Decision.CONTINUE)


def test_decision_keeps_the_suggestion_beside_it(ward: Ward, treated: Course) -> None:
    for point, pain in (("baseline", 8), ("before_2", 3)):
        outcomes.record_response(
            by=ward.nurse,
            course_id=treated.pk,
            instrument=Instrument.NRS,
            time_point=point,
            answers={"value": pain},
        )
    review = reviews.decide(
        by=ward.physician, course_id=treated.pk, before_session=2, decision=Decision.CONTINUE
    )
    assert review.suggestion == Decision.CONTINUE
    assert "Some gain" in review.suggestion_rule


def test_hold_and_resume(ward: Ward, treated: Course) -> None:
    reviews.hold(by=ward.physician, course_id=treated.pk, reason="Flu")
    reviews.resume(by=ward.physician, course_id=treated.pk)
    treated.refresh_from_db()
    assert treated.status == "active"


def test_discontinue_frees_visits(ward: Ward) -> None:
    order, _ = factory.booked(ward)
    reviews.discontinue(by=ward.physician, course_id=order.course_id, reason="Moved away")
    order.course.refresh_from_db()
    assert order.course.status == "cancelled"
    assert not Appointment.objects.exclude(status="cancelled").exists()


def test_response_is_scored_and_corrected_in_place(ward: Ward, treated: Course) -> None:
    for ticks in (14, 12):
        outcomes.record_response(
            by=ward.nurse,
            course_id=treated.pk,
            instrument=Instrument.RMDQ,
            time_point="baseline",
            answers={"total": ticks},
        )
    kept = Response.objects.filter(instrument=Instrument.RMDQ)
    assert list(kept.values_list("score", flat=True)) == [Decimal(12)]


def test_unscorable_response_is_refused(ward: Ward, treated: Course) -> None:
    with pytest.raises(InvalidInput, match="enjoyment"):
        outcomes.record_response(
            by=ward.nurse,
            course_id=treated.pk,
            instrument=Instrument.PEG,
            time_point="baseline",
            answers={"pain": 4},
        )
