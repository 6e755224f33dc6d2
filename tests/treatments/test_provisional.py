"""A repeat says nothing until the physician releases it: looked at in the outbox, over its whole life."""

import datetime as dt
from collections.abc import Iterator

import pytest

from clinic import clock
from clinic.models import Message
from scheduling.models import Appointment
from scheduling.services import endings, moves
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.enums import Decision
from treatments.models import Course
from treatments.services import reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture(autouse=True)
def the_clock_is_put_back() -> Iterator[None]:
    yield
    clock.set_offset(dt.timedelta(0))


def about(visit: Appointment) -> list[str]:
    """The kinds of mail ever planned for a visit, whatever became of them."""
    rows = Message.objects.filter(about__endswith=str(visit.pk)).order_by("planned_for", "kind")
    return [row.kind.removeprefix("appointment.") for row in rows]


def sent(visit: Appointment) -> None:
    """The mail about the visit itself has gone out."""
    rows = Message.objects.filter(about=f"appointment:{visit.pk}", kind="appointment.confirmation")
    start = visit.period.lower.isoformat()
    rows.update(state="sent", started_at=clock.now(), snapshot={"placeholders": {"starts_at": start}})


def waiting(course: Course, *, but: Appointment) -> list[tuple[str, str]]:
    """Mails to the course's patient that will go out, those of one visit apart."""
    rows = Message.objects.filter(patient=course.patient_id, state="pending", kind__startswith="appointment.")
    rows = rows.exclude(about=f"appointment:{but.pk}")
    return sorted((row.kind.removeprefix("appointment."), row.about.rpartition(":")[2]) for row in rows)


def test_repeat_is_silent_until_the_review_releases_it(ward: Ward) -> None:
    order, visits = factory.booked(ward, first=2)
    second = visits[1]
    assert about(second) == []
    moves.move(appointment_id=second.pk, start=ward.at(31, 10), by=ward.desk)
    assert about(second) == []

    clock.set_offset(dt.timedelta(days=2, hours=2))
    factory.inject(ward, order.course)
    order.course.refresh_from_db()
    reviews.open_due(by=BY)
    assert about(second) == []

    lead = ward.protocol.review_lead_days
    clock.set_offset(dt.timedelta(days=31 - lead))
    assert reviews.open_due(by=BY) == 1
    assert about(second) == []

    reviews.decide(
        by=ward.physician, course_id=order.course_id, before_session=2, decision=Decision.CONTINUE, reason="."
    )
    assert about(second) == ["confirmation", "preparation", "reminder_3d", "reminder_1d"]
    assert [about(visit) for visit in visits[2:]] == [[], []]


def test_cancelled_provisional_repeat_tells_nobody(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    endings.cancel(appointment_id=visits[2].pk, reason="clinician_away", by=ward.desk)
    assert about(visits[2]) == []


@pytest.mark.parametrize("decision", [Decision.COMPLETE, Decision.STOP])
def test_ending_early_frees_the_rest_with_one_mail(ward: Ward, decision: Decision) -> None:
    """The released repeat was told, the ones after it were not: one mail, about the one that was told."""
    order, visits = factory.booked(ward, first=2)
    clock.set_offset(dt.timedelta(days=2, hours=2))
    factory.inject(ward, order.course)
    reviews.decide(
        by=ward.physician, course_id=order.course_id, before_session=2, decision=Decision.CONTINUE, reason="."
    )
    sent(visits[1])
    reviews.discontinue(by=ward.physician, course_id=order.course_id, reason=str(decision))
    assert waiting(order.course, but=visits[0]) == [("cancelled", str(visits[1].pk))]
    statuses = [Appointment.objects.get(pk=visit.pk).status for visit in visits[1:]]
    assert statuses == ["cancelled"] * 3


@pytest.mark.parametrize("decision", [Decision.COMPLETE, Decision.STOP])
def test_ending_early_says_nothing_where_nothing_was_told(ward: Ward, decision: Decision) -> None:
    order, visits = factory.booked(ward, first=2)
    clock.set_offset(dt.timedelta(days=2, hours=2))
    factory.inject(ward, order.course)
    reviews.decide(
        by=ward.physician, course_id=order.course_id, before_session=2, decision=decision, reason="Enough."
    )
    assert [about(visit) for visit in visits[1:]] == [[], [], []]
    assert waiting(order.course, but=visits[0]) == []
    statuses = [Appointment.objects.get(pk=visit.pk).status for visit in visits[1:]]
    assert statuses == ["cancelled"] * 3
