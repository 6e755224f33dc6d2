"""Bugs reported of other schedulers that no other test of ours shows absent (docs/reference/bugs-of-others.md)."""

import datetime as dt
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client
from icalendar import Calendar

from clinic import clock
from clinic.actors import System
from clinic.enums import MessageState, Role
from clinic.models import Message, MessageText
from clinic.services import dispatch
from scheduling import messages
from scheduling.enums import Notice
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment, VisitType
from scheduling.services import booking, endings, moves
from scheduling.services.plans import VisitRequest
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House
from tests.mail import MailServer

DAY = dt.timedelta(days=1)
REMINDERS = [Notice.REMINDER_3D, Notice.REMINDER_1D]
MIDNIGHT = dt.time(0)


def book(house: House, hour: int = 9, *, days: int = 10, **fields: object) -> Appointment:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("prp_session").pk,
        "site_id": house.site.pk,
        "start": house.at(factory.days_ahead(days, house.site), hour),
        "purpose": uuid4(),
    }
    return booking.book(request=VisitRequest(**(values | fields)), by=BY)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_bug_5_one_machine_is_not_shared_by_two_clinicians() -> None:
    house = factory.house(physicians=2, nurses=2, rooms=2, chairs=2, centrifuges=1, bays=2)
    first, second = house.resources["physician"]
    book(house, lead_id=first.pk)

    with pytest.raises(SlotTaken, match="Centrifuge 1"):
        book(house, lead_id=second.pk)


@pytest.mark.django_db
def test_bug_17_editing_a_text_or_a_rule_plans_and_sends_nothing() -> None:
    house = factory.house()
    book(house)
    before = list(Message.objects.order_by("pk").values_list("pk", "state", "next_at"))

    MessageText.objects.create(
        kind=Notice.REMINDER_1D,
        language="en",
        version=9000,
        subject="A reminder",
        body="Hello {first_name}",
        is_default=False,
        created_at=clock.now(),
    )
    VisitType.objects.update(notice_minutes=600, bring="Bring a towel.")

    assert list(Message.objects.order_by("pk").values_list("pk", "state", "next_at")) == before


@pytest.mark.django_db
@pytest.mark.parametrize("kind", REMINDERS)
def test_bug_18_no_kind_of_reminder_reaches_a_cancelled_visit(kind: Notice) -> None:
    """The cancellation withdraws it; were it still there, the question just before sending would stop it."""
    house = factory.house()
    visit = book(house)
    mail = Message.objects.get(kind=kind, patient=visit.patient_id)
    assert messages.recheck([mail]) == {}

    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)

    mail.refresh_from_db()
    assert mail.state == MessageState.CANCELLED
    assert list(messages.recheck([mail])) == [mail.pk]


@pytest.mark.django_db
def test_bug_2_moving_is_judged_like_booking() -> None:
    """Another way in: hours, time that has passed, somebody else's time and the patient's own are all refused."""
    house = factory.house(physicians=1, nurses=1, rooms=1, chairs=1, centrifuges=1, bays=1)
    visit, other = book(house, 9), book(house, 13)

    for start in (
        house.at(factory.days_ahead(10, house.site), 3),
        house.at(factory.days_ahead(10, house.site), 17, 30),
        other.period.lower + dt.timedelta(minutes=15),
    ):
        with pytest.raises(SlotTaken):
            moves.move(appointment_id=visit.pk, start=start, by=BY)

    visit.refresh_from_db()
    assert (visit.period.lower, visit.version) == (house.at(factory.days_ahead(10, house.site), 9), 1)


@pytest.fixture
def moved_clock(own_database: Database) -> Iterator[None]:
    yield
    clock.set_offset(dt.timedelta(0))


def test_bug_15_nobody_ran_through_the_due_minute_and_it_goes_out_late_and_once(
    moved_clock: None, smtp_server: MailServer
) -> None:
    house = factory.house(site=clinic.site(quiet_from=MIDNIGHT, quiet_until=MIDNIGHT))
    visit = book(house, days=3)
    due = Message.objects.get(kind=Notice.REMINDER_1D, patient=visit.patient_id).next_at
    clock.set_offset(due - clock.now() + dt.timedelta(hours=5))

    for _ in range(3):
        dispatch.run(by=System("tests"), seconds=5)

    subjects = [str(mail["Subject"]) for mail in smtp_server.to(visit.patient.email)]
    assert subjects.count(f"A reminder from {house.site.sender_name}") == 1


def test_bug_15_nothing_due_is_no_error(moved_clock: None, smtp_server: MailServer) -> None:
    Message.objects.filter(state=MessageState.PENDING).update(next_at=clock.now() + 300 * DAY)

    dispatch.run(by=System("tests"), seconds=1)

    assert smtp_server.messages == []


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_bug_13_mail_calendar_and_page_tell_one_local_time(
    zone: str, moved_clock: None, smtp_server: MailServer
) -> None:
    """Half past nine at the site, wherever the server and the reader are."""
    site = clinic.site(time_zone=zone, quiet_from=MIDNIGHT, quiet_until=MIDNIGHT)
    house = factory.house(site=site)
    day = factory.days_ahead(20, site)
    visit = book(house, start=house.at(day, 9, 30))
    clock.set_offset(dt.timedelta(minutes=4))
    dispatch.run(by=System("tests"), seconds=5)
    client = Client()
    client.force_login(clinic.user(Role.FRONT_DESK, at=site))

    mail = smtp_server.to(visit.patient.email)[0]
    parts = {part.get_content_type(): part for part in mail.walk()}
    invitation = Calendar.from_ical(parts["text/calendar"].get_content())
    page = client.get(f"/schedule/visits/{visit.pk}/").content.decode()

    assert "9:30" in parts["text/plain"].get_content()
    assert "9:30" in parts["text/html"].get_content()
    start = invitation.walk("VEVENT")[0].decoded("dtstart")
    assert start.astimezone(site.zone).replace(tzinfo=None) == dt.datetime.combine(day, dt.time(9, 30))
    assert "09:30" in page
