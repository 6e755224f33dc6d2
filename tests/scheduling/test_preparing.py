"""Preparation: one mail in time, or a sentence in the confirmation; several visits of one act in one mail."""

import datetime as dt
from collections.abc import Sequence

import pytest
from django.test import TestCase

from clinic import clock
from clinic.models import Message
from clinic.services import drafts
from scheduling.enums import Notice
from scheduling.models import Appointment
from scheduling.services import booking, endings, moves
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward

pytestmark = pytest.mark.django_db

LEAD = 10


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def _first(ward: Ward, *, days: int) -> Appointment:
    visit = factory.booked(ward, first=days)[1][0]
    return Appointment.objects.select_related("site").get(pk=visit.pk)


def _waiting(visit: Appointment) -> list[str]:
    rows = Message.objects.filter(patient=visit.patient_id, state="pending")
    return list(rows.order_by("planned_for").values_list("kind", flat=True))


def _text(visit: Appointment, kind: str) -> str:
    rows = Message.objects.select_related("patient", "contact", "site")
    message = rows.get(kind=kind, patient=visit.patient_id, state="pending")
    return drafts.rendered(message, drafts.make([message])[message.pk]).text


def test_a_session_in_time_is_prepared_for_ten_days_before_at_ten(ward: Ward) -> None:
    visit = _first(ward, days=30)
    assert _waiting(visit) == [
        Notice.CONFIRMATION,
        Notice.PREPARATION,
        Notice.REMINDER_3D,
        Notice.REMINDER_1D,
    ]
    mail = Message.objects.get(kind=Notice.PREPARATION)
    day = visit.period.lower.astimezone(visit.site.zone).date() - dt.timedelta(days=LEAD)
    assert mail.planned_for == clock.local(day, dt.time(10), visit.site.zone)
    assert mail.expires_at == clock.local(day + dt.timedelta(days=7), dt.time(10), visit.site.zone)
    assert "Getting ready" not in _text(visit, Notice.CONFIRMATION)
    assert "Getting ready" in _text(visit, Notice.PREPARATION)


def test_a_session_within_the_lead_gets_one_mail_for_both(ward: Ward) -> None:
    visit = _first(ward, days=6)
    assert _waiting(visit) == [Notice.CONFIRMATION, Notice.REMINDER_3D, Notice.REMINDER_1D]
    assert "Getting ready for this visit begins some days before it" in _text(visit, Notice.CONFIRMATION)


def test_moving_and_cancelling_take_the_preparation_along(ward: Ward) -> None:
    visit = _first(ward, days=30)
    moves.move(appointment_id=visit.pk, start=ward.at(35, 10), by=ward.desk)
    (waiting,) = Message.objects.filter(kind=Notice.PREPARATION, state="pending")
    assert waiting.about_rev == Appointment.objects.get(pk=visit.pk).told_rev
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=ward.desk)
    assert not Message.objects.filter(kind=Notice.PREPARATION, state="pending").exists()


def test_a_visit_that_asks_for_no_preparation_has_no_such_mail(ward: Ward) -> None:
    request = VisitRequest(
        clinic.patient().pk, ward.house.visit("consultation").pk, ward.house.site.pk, ward.at(30)
    )
    visit = booking.book(request=request, by=ward.desk)
    assert Notice.PREPARATION not in _waiting(visit)
    assert "Getting ready" not in _text(visit, Notice.CONFIRMATION)


def _several(ward: Ward, days: Sequence[int]) -> list[Appointment]:
    patient = clinic.patient()
    kind, site = ward.house.visit("consultation").pk, ward.house.site.pk
    plans = booking.plan([VisitRequest(patient.pk, kind, site, ward.at(day)) for day in days])
    return booking.book_many(plans=plans, by=ward.desk)


def test_visits_of_one_act_are_confirmed_in_one_mail_with_a_file_each(ward: Ward) -> None:
    visits = _several(ward, [20, 27, 34])
    kinds = [kind for kind in _waiting(visits[0]) if not kind.startswith("appointment.reminder")]
    assert kinds == [Notice.PLAN]
    message = Message.objects.select_related("patient", "contact", "site").get(kind=Notice.PLAN)
    made = drafts.rendered(message, drafts.make([message])[message.pk])
    assert made.subject == "Your appointments"
    assert [made.text.count(f"at {hour}") for hour in ("09:00", "New:")] == [3, 0]
    assert len(made.attachments) == 3


def test_a_plan_of_which_one_visit_moves_before_it_went_out_is_told_anew(ward: Ward) -> None:
    visits = _several(ward, [20, 27, 34])
    with TestCase.captureOnCommitCallbacks(execute=True):
        moves.move(appointment_id=visits[1].pk, start=ward.at(28, 11), by=ward.desk)
    (mail,) = Message.objects.filter(kind__in=[Notice.PLAN, Notice.SEVERAL], state="pending")
    message = Message.objects.select_related("patient", "contact", "site").get(pk=mail.pk)
    text = drafts.rendered(message, drafts.make([message])[message.pk]).text
    assert text.count(" at 09:00") == 2
    assert text.count(" at 11:00") == 1
