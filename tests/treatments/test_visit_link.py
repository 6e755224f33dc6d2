"""A session's visit in its patient's hands: the course's rules stand, what the desk must do becomes the desk's."""

import datetime as dt
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import Contact, Link, Task
from clinic.services import links
from scheduling.models import Appointment
from scheduling.services import free_for_patients, self_service
from scheduling.services.knowledge import DOOR, about
from tests import walk
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.models import SessionBooking

pytestmark = pytest.mark.django_db

BORN = {"day": "7", "month": "3", "year": "1961"}
AFTERCARE = "Do not drive"


@pytest.fixture
def ward() -> Ward:
    return treatments.ward()


def link_of(visit: Appointment, contact: Contact | None = None) -> Link:
    return Link.objects.get(purpose=DOOR, about=about(visit), contact=contact)


def page(link: Link) -> str:
    browser, token = Client(), links.token_of(link)
    browser.post(reverse("clinic:link", args=[token]), BORN)
    return browser.get(reverse("scheduling:my-visit", args=[token])).content.decode()


def test_times_keep_the_interval_that_the_protocol_plans(ward: Ward) -> None:
    _order, visits = treatments.booked(ward, first=10, apart=28)
    first, second = visits[:2]
    offered: list[dt.date] = []
    after: dt.date | None = None
    while True:
        found = free_for_patients.days(first, lead_id=None, after=after)
        offered += [day.day for day in found.days]
        if found.later is None:
            break
        after = found.later
    next_day = second.period.lower.astimezone(ward.house.site.zone).date()
    least = ward.protocol.interval_warn_days
    assert offered
    assert min((next_day - day).days for day in offered) >= least
    assert ward.day(27) not in offered


def test_moved_session_stays_booked_by_its_visit(ward: Ward) -> None:
    _order, visits = treatments.booked(ward)
    self_service.move(
        appointment_id=visits[0].pk,
        start=ward.at(7, 10),
        seen_rev=visits[0].told_rev,
        by=links.actor_of(link_of(visits[0])),
        key=uuid4(),
    )
    visits[0].refresh_from_db()
    assert visits[0].period.lower == ward.at(7, 10)
    assert SessionBooking.objects.get(appointment=visits[0]).is_open


def test_cancelled_session_asks_the_desk_to_book_it_again(ward: Ward) -> None:
    _order, visits = treatments.booked(ward)
    self_service.cancel(
        appointment_id=visits[0].pk,
        reason="patient_unwell",
        seen_rev=visits[0].told_rev,
        by=links.actor_of(link_of(visits[0])),
        key=uuid4(),
    )
    assert not SessionBooking.objects.get(appointment=visits[0]).is_open
    assert list(Task.objects.values_list("kind", "state")) == [("rebook_session", "open")]


def test_course_on_hold_offers_no_time_but_a_call(ward: Ward) -> None:
    order, visits = treatments.booked(ward)
    link = link_of(visits[0])
    type(order.course).objects.filter(pk=order.course_id).update(
        status="on_hold", hold_reason="Away", status_before_hold="approved"
    )
    browser, token = Client(), links.token_of(link)
    browser.post(reverse("clinic:link", args=[token]), BORN)
    shown = browser.get(reverse("scheduling:my-visit-move", args=[token])).content.decode()
    assert "only be moved together with us" in shown
    assert 'name="start"' not in shown
    browser.post(reverse("scheduling:my-visit-call", args=[token]), {"rev": visits[0].told_rev})
    assert Task.objects.filter(kind=self_service.MOVE_WANTED).count() == 1


def test_aftercare_of_the_protocol_is_for_the_patient_and_who_may_hear_details(ward: Ward) -> None:
    person = clinic.patient()
    hears, hears_not = (
        Contact.objects.create(
            patient=person,
            name=name,
            email=f"{name}@mail.example",
            gets_mails=True,
            may_hear_details=hears,
        )
        for name, hears in (("grete", True), ("hans", False))
    )
    _order, visits = treatments.booked(ward, placed=treatments.order(ward, person))
    shown = {
        name: AFTERCARE in page(link_of(visits[0], who))
        for name, who in (("patient", None), ("hears", hears), ("hears_not", hears_not))
    }
    assert shown == {"patient": True, "hears": True, "hears_not": False}


def test_visits_page_of_the_desk_says_that_the_patient_confirmed(ward: Ward) -> None:
    _order, visits = treatments.booked(ward)
    by = links.actor_of(link_of(visits[0]))
    self_service.confirm(appointment_id=visits[0].pk, seen_rev=visits[0].told_rev, by=by)
    desk = walk.signed_in(clinic.user(Role.FRONT_DESK, at=ward.house.site))
    shown = desk.get(reverse("scheduling:appointment-detail", args=[visits[0].pk])).content.decode()
    assert "by: The patient" in shown
