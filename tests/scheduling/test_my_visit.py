"""A visit's page behind its patient's link: said once however often it is sent, by whom it belongs to, and never by reading."""

import datetime as dt
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries

from clinic import clock
from clinic.actors import Actor, Staff
from clinic.exceptions import DomainError, InvalidInput, NotAllowed, NotFound
from clinic.models import Contact, Link, Message, Site, Task
from clinic.models.link import MOST_TRIES
from clinic.services import contacts, drafts, links, previews
from clinic.services.contacts import ContactData
from scheduling.enums import Notice
from scheduling.exceptions import SlotTaken, VisitChanged
from scheduling.models import Appointment, FreedSlot, Hold, VisitChange, VisitType, WorkingHours
from scheduling.services import corrections, endings, free_for_patients, moves, self_service, undoing
from scheduling.services.knowledge import DOOR, about
from tests import walk
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db

BORN = {"day": "7", "month": "3", "year": "1961"}
CANNOT = "patient_cannot_come"


@pytest.fixture
def house() -> House:
    return factory.house(physicians=2, rooms=2)


@pytest.fixture
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


@pytest.fixture
def visit(house: House) -> Appointment:
    return booked(house)


def booked(house: House, *, days: int = 10, hour: int = 9, **patient: Any) -> Appointment:
    return waiting.visit(house, at(house, days, hour), clinic.patient(**patient))


def at(house: House, days: int, hour: int, minute: int = 0) -> dt.datetime:
    return house.at(factory.days_ahead(days, house.site), hour, minute)


def link_of(visit: Appointment, contact: Contact | None = None) -> Link:
    return Link.objects.get(purpose=DOOR, about=about(visit), contact=contact, revoked_at=None)


def patient_of(visit: Appointment) -> Actor:
    return links.actor_of(link_of(visit))


def page(visit: Appointment, name: str = "", *, link: Link | None = None) -> str:
    token = links.token_of(link or link_of(visit))
    return reverse(f"scheduling:my-visit{'-' if name else ''}{name}", args=[token])


def entered(visit: Appointment, *, link: Link | None = None, **options: Any) -> Client:
    """A browser in which the birth date was given."""
    browser = Client(**options)
    token = links.token_of(link or link_of(visit))
    assert browser.post(reverse("clinic:link", args=[token]), BORN).status_code == 302
    return browser


def of(visit: Appointment, **more: Any) -> dict[str, Any]:
    return {"rev": visit.told_rev, "key": str(uuid4()), **more}


def state(visit: Appointment) -> tuple[str, dt.datetime]:
    visit.refresh_from_db()
    return visit.status, visit.period.lower


# The link


def test_link_comes_with_the_booking_and_lasts_until_the_visit_ends(visit: Appointment) -> None:
    link = link_of(visit)
    assert (link.patient_id, link.expires_at) == (visit.patient_id, visit.period.upper)


def test_who_gets_the_mails_gets_a_link_and_nobody_else(house: House) -> None:
    person = clinic.patient()
    for name, gets in (("Grete", True), ("Hans", False)):
        Contact.objects.create(patient=person, name=name, email=f"{name}@mail.example", gets_mails=gets)
    visit = waiting.visit(house, at(house, 10, 9), person)
    found = Link.objects.filter(purpose=DOOR, about=about(visit)).order_by("contact__name")
    assert [row.contact and row.contact.name for row in found] == ["Grete", None]
    assert Link.objects.filter(purpose="clinic.preferences", patient=person).count() == 2


def test_who_gets_no_mail_has_no_link(house: House) -> None:
    visit = booked(house, email="", reminders_consent=False)
    assert not Link.objects.filter(patient=visit.patient_id).exists()


def test_moved_visit_keeps_its_link_until_the_new_end(visit: Appointment, house: House, desk: Staff) -> None:
    before = link_of(visit)
    moved = moves.move(appointment_id=visit.pk, start=at(house, 20, 10), by=desk)
    after = link_of(visit)
    assert (after.pk, after.expires_at) == (before.pk, moved.period.upper)


def test_visit_that_becomes_somebody_elses_takes_its_link_away(visit: Appointment, desk: Staff) -> None:
    wrong, right = link_of(visit), clinic.patient()
    corrections.change_patient(appointment_id=visit.pk, patient_id=right.pk, by=desk)
    assert entered_status(wrong) == 410
    assert link_of(visit).patient_id == right.pk


def entered_status(link: Link) -> int:
    return int(Client().get(reverse("clinic:link", args=[links.token_of(link)])).status_code)


def test_cancelled_and_taken_back_the_link_in_the_mail_still_works(visit: Appointment, desk: Staff) -> None:
    link = link_of(visit)
    endings.cancel(appointment_id=visit.pk, reason=CANNOT, by=desk)
    shown = entered(visit).get(page(visit)).content.decode()
    assert "Your appointment is cancelled" in shown
    undoing.undo(change_id=VisitChange.objects.get(appointment=visit, kind="cancelled").pk, by=desk)
    assert link_of(visit) == link
    assert "Yes, I will come" in entered(visit).get(page(visit)).content.decode()


@pytest.mark.parametrize(
    ("kind", "language", "label"),
    [
        (Notice.CONFIRMATION, "en", "Confirm or change it"),
        (Notice.REMINDER_3D, "es", "Confirmar o cambiarla"),
        (Notice.REMINDER_1D, "en", "Confirm or change it"),
    ],
)
def test_mails_carry_the_link_and_what_is_kept_does_not(
    kind: Notice, language: str, label: str, house: House
) -> None:
    visit = booked(house, language=language)
    message = Message.objects.select_related("patient", "contact", "site").get(about=about(visit), kind=kind)
    draft = drafts.make([message])[message.pk]
    token = links.token_of(link_of(visit))
    assert draft.values["button_url"].endswith(f"/l/{token}/")
    assert draft.values["button_label"] == label
    assert token not in str(draft.snapshot())
    shown = previews.preview(message).rendered
    assert shown is not None
    assert token not in shown.text + shown.html


def test_moved_mail_carries_it_and_cancelled_does_not(visit: Appointment, house: House, desk: Staff) -> None:
    Message.objects.filter(about=about(visit), kind=Notice.CONFIRMATION).update(
        state="sent",
        started_at=clock.now(),
        ended_at=clock.now(),
        snapshot={"placeholders": {"starts_at": visit.period.lower.isoformat()}},
    )
    moves.move(appointment_id=visit.pk, start=at(house, 12, 10), by=desk)
    told = Message.objects.select_related("patient", "contact", "site").get(
        about=about(visit), kind=Notice.MOVED
    )
    assert "button_url" in drafts.make([told])[told.pk].values
    endings.cancel(appointment_id=visit.pk, reason=CANNOT, by=desk)
    off = Message.objects.select_related("patient", "contact", "site").get(
        about=about(visit), kind=Notice.CANCELLED
    )
    assert "button_url" not in drafts.make([off])[off.pk].values


@pytest.mark.parametrize("count", [1, 30])
def test_values_of_many_mails_take_the_same_few_queries(
    count: int, house: House, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        booked(house, days=10 + number // 10, hour=8 + number % 10)
    rows = Message.objects.filter(kind=Notice.CONFIRMATION).select_related("patient", "contact", "site")
    with django_assert_num_queries(5):  # one is the clock, which tests may move
        assert len(drafts.make(list(rows))) == count


# The page


def test_page_asks_for_the_birth_date_first(visit: Appointment, client: Client) -> None:
    for name in ("", "move", "cancel", "calendar"):
        assert client.get(page(visit, name))["Location"].startswith("/l/")
    for name in ("confirm", "move", "cancel", "call"):
        assert client.post(page(visit, name), of(visit))["Location"].startswith("/l/")
    assert state(visit)[0] == "booked"


def test_page_says_when_where_how_to_get_there_and_what_to_bring(visit: Appointment, house: House) -> None:
    Site.objects.filter(pk=house.site.pk).update(directions="Tram M10 to Lindenplatz.\nThe lift is left.")
    shown = entered(visit).get(page(visit)).content.decode()
    for words in ("09:00", "Lindenstraße 4", "Tram M10", "insurance card", "tel:+49305550100"):
        assert words in shown
    assert "openstreetmap.org/search?query=Lindenstra%C3%9Fe%204%2C%2010969%20Berlin" in shown
    assert visit.patient.family_name not in shown


def test_reading_changes_nothing_and_holds_nothing(visit: Appointment) -> None:
    browser, tables = entered(visit), walk.business_tables()
    before = walk.fingerprint(tables)
    for name in ("", "move", "cancel", "calendar"):
        for _number in range(2):
            assert browser.get(page(visit, name)).status_code == 200
            assert browser.head(page(visit, name)).status_code == 200
    assert walk.fingerprint(tables) == before


def test_each_act_needs_the_token_of_our_page(visit: Appointment) -> None:
    browser = entered(visit)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    for name in ("confirm", "move", "cancel", "call"):
        assert strict.post(page(visit, name), of(visit)).status_code == 403


def test_a_link_for_something_else_opens_no_visit(visit: Appointment, house: House) -> None:
    other = Link.objects.get(purpose="clinic.preferences", patient=visit.patient_id)
    browser = entered(visit, link=other)
    assert browser.get(page(visit, link=other)).status_code == 404


@pytest.mark.parametrize(("tries", "ends", "status"), [(MOST_TRIES, 1, 403), (0, -1, 410)])
def test_closed_link_says_what_to_do(
    tries: int, ends: int, status: int, visit: Appointment, client: Client
) -> None:
    long_ago = clock.now() - dt.timedelta(days=30)
    until = clock.now() + dt.timedelta(days=ends)
    Link.objects.filter(pk=link_of(visit).pk).update(created_at=long_ago, tries=tries, expires_at=until)
    answer = client.get(page(visit))
    assert answer.status_code == status
    assert "tel:+49305550100" in answer.content.decode()


def test_calendar_file_has_the_invitations_uid_and_utc_times(visit: Appointment) -> None:
    answer = entered(visit).get(page(visit, "calendar"))
    file = Calendar.from_ical(answer.content)
    [event] = file.walk("VEVENT")
    assert (file["METHOD"], event["UID"], event["SEQUENCE"]) == ("PUBLISH", str(visit.pk), visit.told_rev)
    assert event.decoded("DTSTART") == visit.period.lower
    assert answer["Content-Disposition"] == 'attachment; filename="appointment.ics"'


def test_page_of_a_visit_that_is_over_offers_nothing(visit: Appointment) -> None:
    Appointment.objects.filter(pk=visit.pk).update(status="completed")
    browser = entered(visit)
    for name in ("", "move", "cancel"):
        shown = browser.get(page(visit, name)).content.decode()
        assert "has begun or is over" in shown
        assert "<form" not in shown


# Confirm


def test_confirmed_twice_is_written_once_and_by_the_patient(visit: Appointment) -> None:
    browser = entered(visit)
    for _number in range(2):
        assert browser.post(page(visit, "confirm"), {"rev": visit.told_rev}).status_code == 302
    assert state(visit)[0] == "confirmed"
    [change] = VisitChange.objects.filter(appointment=visit)
    assert (change.kind, change.actor_kind, change.actor_key) == (
        "confirmed",
        "patient",
        str(visit.patient_id),
    )


def test_nobody_confirms_a_time_that_they_have_not_seen(
    visit: Appointment, house: House, desk: Staff
) -> None:
    browser, seen = entered(visit), visit.told_rev
    moves.move(appointment_id=visit.pk, start=at(house, 11, 14), by=desk)
    answer = browser.post(page(visit, "confirm"), {"rev": seen})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "was changed since you opened this page" in shown
    assert "14:00" in shown
    assert state(visit)[0] == "booked"


# Move


def first_times(browser: Client, visit: Appointment) -> list[str]:
    return re.findall(r'name="start" value="([^"]+)"', browser.get(page(visit, "move")).content.decode())


def test_a_tap_takes_a_time_and_a_second_tap_changes_nothing(visit: Appointment) -> None:
    browser = entered(visit)
    times, sent = first_times(browser, visit), of(visit)
    for _number in range(2):
        answer = browser.post(page(visit, "move"), sent | {"start": times[3]})
        assert answer["Location"].endswith("?said=moved")
    assert state(visit) == ("booked", dt.datetime.fromisoformat(times[3]))
    assert VisitChange.objects.filter(appointment=visit, kind="moved").count() == 1


def test_way_back_and_a_tap_on_an_old_page_moves_nothing_more(visit: Appointment) -> None:
    browser = entered(visit)
    times, seen = first_times(browser, visit), visit.told_rev
    browser.post(page(visit, "move"), of(visit, start=times[0]))
    old_page = {"rev": seen, "key": str(uuid4()), "start": times[5]}
    assert browser.post(page(visit, "move"), old_page).status_code == 409
    assert state(visit)[1] == dt.datetime.fromisoformat(times[0])


def test_times_are_with_the_same_clinician_and_none_is_ones_own(visit: Appointment, house: House) -> None:
    lead = house.one("physician")
    other = house.resources["physician"][1]
    waiting.visit(house, at(house, 10, 11), lead=lead)
    waiting.visit(house, at(house, 10, 12), lead=other)
    found = free_for_patients.days(visit, lead_id=lead.pk)
    starts = {start for day in found.days for start in day.starts}
    assert at(house, 10, 11) not in starts
    after = free_for_patients.days(visit, lead_id=lead.pk, after=factory.days_ahead(9, house.site))
    day = next(each for each in after.days if each.day == factory.days_ahead(10, house.site))
    assert at(house, 10, 12) in day.starts
    assert visit.period.lower not in day.starts
    assert found.anybody is False


def test_where_the_same_clinician_has_no_time_somebody_elses_is_offered(
    visit: Appointment, house: House
) -> None:
    browser = entered(visit)
    WorkingHours.objects.filter(resource=house.one("physician")).delete()
    shown = browser.get(page(visit, "move")).content.decode()
    assert "somebody else of our team" in shown
    times = re.findall(r'name="start" value="([^"]+)"', shown)
    browser.post(page(visit, "move"), of(visit, start=times[0], **{"with": "anybody"}))
    assert state(visit)[1] == dt.datetime.fromisoformat(times[0])


def test_times_begin_after_the_sites_notice_and_end_in_four_weeks(visit: Appointment, house: House) -> None:
    browser = entered(visit)
    shown: list[str] = []
    url: str | None = page(visit, "move")
    while url:
        content = browser.get(url).content.decode()
        shown += re.findall(r'name="start" value="([^"]+)"', content)
        found = re.search(r'href="([^"]+\?after=[^"]+)"', content)
        url = found[1] if found else None
    starts = [dt.datetime.fromisoformat(value) for value in shown]
    now = clock.now()
    assert starts == sorted(set(starts))
    assert now + dt.timedelta(hours=24) <= starts[0] < now + dt.timedelta(days=3)
    assert now + dt.timedelta(days=26) < starts[-1] <= now + dt.timedelta(days=28)


def test_time_taken_meanwhile_says_so_and_shows_what_else_is_free(visit: Appointment, house: House) -> None:
    browser = entered(visit)
    wanted = at(house, 3, 10)
    waiting.visit(house, wanted)
    answer = browser.post(page(visit, "move"), of(visit, start=wanted.isoformat()))
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "Somebody else has just taken that time" in shown
    assert f'value="{wanted.isoformat()}"' not in shown
    assert 'name="start"' in shown
    assert state(visit) == ("booked", at(house, 10, 9))


@pytest.mark.parametrize(("days", "minute"), [(3, 7), (0, 0), (40, 0)])
def test_start_that_is_not_offered_is_refused(
    days: int, minute: int, visit: Appointment, house: House
) -> None:
    with pytest.raises(DomainError):
        self_service.move(
            appointment_id=visit.pk,
            start=at(house, days, 10, minute),
            seen_rev=visit.told_rev,
            by=patient_of(visit),
            key=uuid4(),
        )
    assert state(visit)[1] == at(house, 10, 9)


def test_nothing_is_held_while_a_patient_is_choosing(house: House) -> None:
    """Two patients see the same free time; both may tap it, one gets it, and looking has written no row."""
    one, other = booked(house, days=10), booked(house, days=11)
    first, second = entered(one), entered(other)
    tables = walk.business_tables()
    before = walk.fingerprint(tables)
    shared = sorted(set(first_times(first, one)) & set(first_times(second, other)))
    assert walk.fingerprint(tables) == before
    assert Hold.objects.count() == 0
    wanted = shared[0]
    answers = [
        browser.post(page(visit, "move"), of(visit, start=wanted)).status_code
        for browser, visit in ((first, one), (second, other))
    ]
    assert answers == [302, 409]
    assert [state(visit)[1] for visit in (one, other)] == [
        dt.datetime.fromisoformat(wanted),
        at(house, 11, 9),
    ]


def test_too_near_the_desk_calls_instead(house: House) -> None:
    Site.objects.filter(pk=house.site.pk).update(patient_notice_hours=72)
    visit = booked(house, days=2)
    browser = entered(visit)
    shown = browser.get(page(visit, "move")).content.decode()
    assert "very soon" in shown
    assert 'name="start"' not in shown
    with pytest.raises(DomainError):
        self_service.move(
            appointment_id=visit.pk,
            start=at(house, 9, 10),
            seen_rev=visit.told_rev,
            by=patient_of(visit),
            key=uuid4(),
        )
    for _number in range(2):
        answer = browser.post(page(visit, "call"), {"rev": visit.told_rev})
        assert answer["Location"].endswith("?said=call")
    [task] = Task.objects.filter(kind=self_service.MOVE_WANTED)
    assert (task.patient_id, task.about, task.role) == (visit.patient_id, about(visit), "front_desk")
    assert "We call you" in browser.get(page(visit)).content.decode()


def test_who_finds_a_time_themselves_is_not_rung(visit: Appointment) -> None:
    browser = entered(visit)
    browser.post(page(visit, "call"), {"rev": visit.told_rev})
    browser.post(page(visit, "move"), of(visit, start=first_times(browser, visit)[0]))
    assert list(Task.objects.values_list("kind", "state")) == [(self_service.MOVE_WANTED, "done")]


def test_times_take_the_same_queries_however_full_the_calendar(
    visit: Appointment, house: House, django_assert_num_queries: DjangoAssertNumQueries, settings: Any
) -> None:
    settings.CLOCK_OFFSET_ALLOWED = False
    for number in range(8):
        waiting.visit(house, at(house, 4, 8 + number))
    with django_assert_num_queries(4):
        free_for_patients.days(visit, lead_id=house.one("physician").pk)


# Cancel


def test_cancelled_for_a_reason_frees_the_time_for_who_waits(visit: Appointment) -> None:
    browser, sent = entered(visit), of(visit, reason=CANNOT)
    for _number in range(2):
        assert browser.post(page(visit, "cancel"), sent).status_code in (200, 302)
    visit.refresh_from_db()
    assert (visit.status, visit.reason_id) == ("cancelled", CANNOT)
    assert FreedSlot.objects.filter(source=visit).count() == 1
    assert VisitChange.objects.filter(appointment=visit, actor_kind="patient").count() == 1
    assert "Thank you for telling us" in browser.get(page(visit)).content.decode()
    assert Task.objects.count() == 0


def test_reasons_are_those_of_patients_in_their_own_words(house: House) -> None:
    visit = booked(house, language="es")
    shown = entered(visit).get(page(visit, "cancel")).content.decode()
    assert re.findall(r'name="reason" value="([^"]+)"', shown) == [
        "patient_unwell",
        "patient_cannot_come",
        "patient_withdrew",
    ]
    assert "No me encuentro bien" in shown


@pytest.mark.parametrize("reason", ["", "clinician_away", "no_word", "nonsense"])
def test_reason_that_is_not_theirs_to_give_is_refused(reason: str, visit: Appointment) -> None:
    answer = entered(visit).post(page(visit, "cancel"), of(visit, reason=reason))
    assert answer.status_code == 422
    assert "Please choose a reason" in answer.content.decode()
    assert state(visit)[0] == "booked"


def test_cancelled_at_short_notice_the_desk_calls(house: House) -> None:
    Site.objects.filter(pk=house.site.pk).update(patient_notice_hours=72)
    visit = booked(house, days=2)
    browser = entered(visit)
    assert "very soon" in browser.get(page(visit, "cancel")).content.decode()
    browser.post(page(visit, "cancel"), of(visit, reason="patient_unwell"))
    assert state(visit)[0] == "cancelled"
    assert list(Task.objects.values_list("kind", flat=True)) == [self_service.CANCELLED_LATE]
    assert "We call you about a new appointment" in browser.get(page(visit)).content.decode()


def test_nobody_cancels_a_time_that_they_have_not_seen(visit: Appointment, house: House, desk: Staff) -> None:
    browser, sent = entered(visit), of(visit, reason=CANNOT)
    moves.move(appointment_id=visit.pk, start=at(house, 11, 14), by=desk)
    assert browser.post(page(visit, "cancel"), sent).status_code == 409
    assert state(visit)[0] == "booked"


# Rights


def everything(visit: Appointment, by: Actor, house: House) -> list[Any]:
    seen = visit.told_rev
    return [
        lambda: self_service.confirm(appointment_id=visit.pk, seen_rev=seen, by=by),
        lambda: self_service.move(
            appointment_id=visit.pk, start=at(house, 5, 10), seen_rev=seen, by=by, key=uuid4()
        ),
        lambda: self_service.cancel(
            appointment_id=visit.pk, reason=CANNOT, seen_rev=seen, by=by, key=uuid4()
        ),
        lambda: self_service.ask_for_call(appointment_id=visit.pk, seen_rev=seen, by=by),
    ]


def test_a_link_acts_on_its_own_visit_alone(visit: Appointment, house: House, desk: Staff) -> None:
    other = booked(house, days=12)
    preferences = Link.objects.get(purpose="clinic.preferences", patient=visit.patient_id)
    for by in (patient_of(other), links.actor_of(preferences), desk):
        for act in everything(visit, by, house):
            with pytest.raises(NotFound):
                act()
    assert state(visit) == ("booked", at(house, 10, 9))


def test_a_revoked_or_expired_link_acts_on_nothing(visit: Appointment, house: House) -> None:
    by, rows = patient_of(visit), Link.objects.filter(pk=link_of(visit).pk)
    for change in (
        {"revoked_at": clock.now()},
        {"revoked_at": None, "expires_at": clock.now(), "created_at": clock.now() - dt.timedelta(days=1)},
    ):
        rows.update(**change)
        for act in everything(visit, by, house):
            with pytest.raises(NotFound):
                act()
    assert state(visit)[0] == "booked"


def test_a_contact_who_may_book_acts_and_one_who_may_not_reads(house: House, desk: Staff) -> None:
    person = clinic.patient()
    grete = contacts.add(
        by=desk, patient_id=person.pk, data=ContactData("Grete", email="g@mail.example", gets_mails=True)
    )
    visit = waiting.visit(house, at(house, 10, 9), person)
    link = link_of(visit, grete)
    by = links.actor_of(link)
    Contact.objects.filter(pk=grete.pk).update(may_book=False)
    for act in everything(visit, by, house):
        with pytest.raises(NotAllowed):
            act()
    shown = entered(visit, link=link).get(page(visit, link=link)).content.decode()
    assert "To change the appointment, please call us" in shown
    assert "<form" not in shown
    Contact.objects.filter(pk=grete.pk).update(may_book=True)
    self_service.confirm(appointment_id=visit.pk, seen_rev=visit.told_rev, by=by)
    assert VisitChange.objects.get(appointment=visit).actor_kind == "contact"
    Contact.objects.filter(pk=grete.pk).update(ended_at=clock.now())
    with pytest.raises(NotFound):
        self_service.ask_for_call(appointment_id=visit.pk, seen_rev=visit.told_rev, by=by)


def test_visit_that_has_begun_is_left_to_the_desk(visit: Appointment, house: House) -> None:
    Appointment.objects.filter(pk=visit.pk).update(status="arrived")
    for act in everything(visit, patient_of(visit), house):
        with pytest.raises(DomainError):
            act()
    assert state(visit)[0] == "arrived"


@pytest.mark.parametrize("name", ["confirm", "move", "cancel", "call"])
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"rev": "x", "key": "y", "start": "z"},
        {"rev": "9" * 40, "key": str(uuid4()), "start": "2026-13-40"},
    ],
)
def test_nonsense_is_answered_and_changes_nothing(
    name: str, sent: dict[str, str], visit: Appointment
) -> None:
    assert entered(visit).post(page(visit, name), sent).status_code in (409, 422)
    assert state(visit)[0] == "booked"
    assert Task.objects.count() == 0


def test_guards_raise_what_the_page_can_say(visit: Appointment, house: House) -> None:
    taken = at(house, 3, 10)
    waiting.visit(house, taken)
    key = {"appointment_id": visit.pk, "by": patient_of(visit), "key": uuid4()}
    lead = house.one("physician").pk
    with pytest.raises(SlotTaken):
        self_service.move(start=taken, seen_rev=visit.told_rev, lead_id=lead, **key)
    with pytest.raises(VisitChanged):
        self_service.move(start=at(house, 3, 14), seen_rev=visit.told_rev + 1, lead_id=lead, **key)
    VisitType.objects.filter(pk=visit.visit_type_id).update(notice_minutes=60 * 24 * 20)
    with pytest.raises(InvalidInput):
        self_service.move(start=at(house, 5, 10), seen_rev=visit.told_rev, **key)
