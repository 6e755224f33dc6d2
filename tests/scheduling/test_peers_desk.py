"""Bugs of other systems (docs/reference/bugs-of-others.md) that the booking desk must not have; each by its number."""

import datetime as dt
import itertools
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from clinic import clock
from clinic.enums import Role
from clinic.models import Message
from clinic.services import drafts
from scheduling.exceptions import SlotTaken
from scheduling.messages import invitation
from scheduling.models import Allocation, Appointment
from scheduling.services import booking, endings
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build()


def at(house: House, hour: int, minute: int = 0, **fields: Any) -> VisitRequest:
    values: dict[str, Any] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "start": house.at(days_ahead(4, house.site), hour, minute),
    }
    return VisitRequest(**(values | fields))


@pytest.mark.parametrize("minute", [0, 15])
def test_bug_4_one_patient_is_never_with_two_physicians_at_once(house: House, minute: int) -> None:
    """OpenEMR #2632: same time or overlapping, another physician."""
    first, second = house.resources["physician"]
    taken = booking.book(request=at(house, 9, lead_id=first.pk), by=BY)
    with pytest.raises(SlotTaken, match="The patient has another visit"):
        booking.book(request=at(house, 9, minute, lead_id=second.pk, patient_id=taken.patient_id), by=BY)


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ("03:00 at night", 409),
        ("yesterday", 409),
        ("in three years", 409),
        ("the day off", 409),
        ("nonsense", 422),
    ],
)
def test_bug_7_a_start_that_cannot_be_is_refused_and_never_an_error(
    house: House, when: str, status: int
) -> None:
    """django-appointment: outside hours, in the past, over-long and on a day off: accepted, or HTTP 500."""
    desk = Client()
    desk.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    day = days_ahead(4, house.site)
    starts = {
        "03:00 at night": house.at(day, 3).isoformat(),
        "yesterday": house.at(days_ahead(-1, house.site), 9).isoformat(),
        "in three years": house.at(days_ahead(1100, house.site), 9).isoformat(),
        "the day off": house.at(day, 20).isoformat(),
        "nonsense": "9999999",
    }
    person = clinic.patient()
    form = {
        "visit_type": house.visit("consultation").pk,
        "earliest": day.isoformat(),
        "part": "any",
        "start": starts[when],
        "told": "phone",
        "request_key": uuid4(),
    }
    response = desk.post(reverse("scheduling:book", args=[person.pk]), form)
    assert (response.status_code, Appointment.objects.count()) == (status, 0)


def test_bug_8_what_a_cancellation_frees_is_booked_once_and_no_more(house: House) -> None:
    """Care counts a slot's capacity beside its bookings; here what is held is the count."""
    full = [booking.book(request=at(house, 9), by=BY) for _number in range(2)]
    for number in range(3):
        endings.cancel(appointment_id=full[number % 2].pk, reason="patient_unwell", by=BY)
        full[number % 2] = booking.book(request=at(house, 9), by=BY)
        with pytest.raises(SlotTaken):
            booking.book(request=at(house, 9), by=BY)
    held = Allocation.objects.filter(active=True).values_list("resource", "blocks")
    clashes = [
        1
        for (one, mine), (other, theirs) in itertools.combinations(held, 2)
        if one == other and mine.lower < theirs.upper and theirs.lower < mine.upper
    ]
    assert (clashes, len(held)) == ([], 4)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("days", [4, 180])
def test_bug_13_mail_page_and_calendar_show_one_local_time(zone: str, days: int) -> None:
    """Easy!Appointments #985, django-appointment: summer and winter time, far zones."""
    house = build(site=clinic.site(time_zone=zone))
    start = house.at(days_ahead(days, house.site), 14, 30)
    visit = booking.book(request=at(house, 14, start=start), by=BY)
    desk = Client()
    desk.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    page = desk.get(reverse("scheduling:booked", args=[visit.pk])).content.decode()
    rows = Message.objects.filter(kind="appointment.confirmation").select_related(
        "patient", "contact", "site"
    )
    mail = rows.get()
    values = drafts.make([mail])[mail.pk].values
    event = Calendar.from_ical(invitation(mail, values)[0].content).walk("VEVENT")[0]
    local = event["dtstart"].dt.astimezone(house.site.zone)
    assert ("14:30" in page, zone in page, values["time"], f"{local:%H:%M}") == (True, True, "14:30", "14:30")
    assert (event["dtstart"].dt, event["dtstart"].dt.utcoffset()) == (start, dt.timedelta(0))
    assert clock.today(house.site.zone) == days_ahead(0, house.site)
