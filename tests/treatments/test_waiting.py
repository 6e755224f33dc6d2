"""Offers respect the course: what the protocol refuses or warns of is not offered, and a session follows its visit."""

import datetime as dt

import pytest

from clinic import clock
from clinic.actors import Patient as PatientActor
from clinic.models import Task
from scheduling.models import Appointment, FreedSlot, Offer
from scheduling.services import endings, offering, offers, waitlist
from scheduling.services.waitlist import Wish
from tests.factories import treatments, waiting
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.models import SessionBooking

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(monkeypatch: pytest.MonkeyPatch) -> Ward:
    """It is ten o'clock at the site."""
    built = treatments.ward(physicians=1)
    ten = built.at(1, 10)
    monkeypatch.setattr(clock, "now", lambda: ten)
    return built


def free(ward: Ward, start: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> FreedSlot:
    """A session's time, freed an hour ago."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now - dt.timedelta(hours=1))
    course = treatments.order(ward).course
    visit = book_session(ward, course, start)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    monkeypatch.setattr(clock, "now", lambda: now)
    return FreedSlot.objects.get(source=visit)


def book_session(ward: Ward, course: object, start: dt.datetime) -> Appointment:
    from scheduling.services import booking
    from scheduling.services.plans import VisitRequest

    session = treatments.session(course)  # type: ignore[arg-type]
    request = VisitRequest(
        session.course.patient_id,
        ward.house.visit("prp_session").pk,
        ward.house.site.pk,
        start,
        purpose=session.pk,
    )
    return booking.book(request=request, by=BY)


def would_come_earlier(ward: Ward, visit: Appointment) -> None:
    waitlist.add(
        patient_id=visit.patient_id,
        site_id=ward.house.site.pk,
        by=ward.desk,
        wish=Wish(notice_hours=0),
        appointment_id=visit.pk,
    )


@pytest.mark.parametrize(("days_after_the_first", "offered"), [(10, 0), (28, 1)])
def test_a_repeat_too_early_after_the_last_session_is_not_offered(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, days_after_the_first: int, offered: int
) -> None:
    _order, visits = treatments.booked(ward, first=5, apart=35)
    would_come_earlier(ward, visits[1])
    free(ward, ward.at(4 + days_after_the_first, 14), monkeypatch)
    offering.run(by=BY)
    assert Offer.objects.count() == offered


def test_accepting_moves_the_session_s_visit_and_the_session_follows(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    _order, visits = treatments.booked(ward, first=5, apart=35)
    would_come_earlier(ward, visits[1])
    slot = free(ward, ward.at(32, 14), monkeypatch)
    offering.run(by=BY)
    offer = Offer.objects.get()
    moved = offers.accept(offer_id=offer.pk, by=PatientActor(visits[1].patient_id, offer.pk))
    assert (moved.pk, moved.period.lower) == (visits[1].pk, slot.period.lower)
    assert SessionBooking.objects.filter(appointment=moved, is_open=True).count() == 1


def test_a_session_without_a_visit_is_booked_by_the_patient_s_yes_and_its_task_is_done(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task to rebook is finished in the patient's name: their answer has settled it."""
    course = treatments.order(ward).course
    gone = book_session(ward, course, ward.at(9, 9))
    endings.cancel(appointment_id=gone.pk, reason="patient_unwell", by=BY)
    task = Task.objects.get(kind="rebook_session")
    session = treatments.session(course)
    waiting.waits(ward.house, course.patient, kind="prp_session", purpose=session.pk)
    free(ward, ward.at(6, 14), monkeypatch)
    offering.run(by=BY)
    offer = Offer.objects.get(entry__patient=course.patient)
    visit = offers.accept(offer_id=offer.pk, by=PatientActor(course.patient_id, offer.pk))
    task.refresh_from_db()
    assert (task.state, visit.purpose) == ("done", session.pk)
    assert SessionBooking.objects.get(session=session, is_open=True).appointment_id == visit.pk
