"""The waitlist's pages and the patient's link: what they show, what they do, what they cost."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import AuditEvent, Message
from clinic.services import drafts, previews
from scheduling.models import Appointment, FreedSlot, Offer, WaitlistEntry
from scheduling.offer_mail import link_of
from scheduling.services import offering, offers
from scheduling.services.offers import token_of
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1, rooms=1)


@pytest.fixture
def now(house: House, monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """It is ten o'clock at the site, two days from now; a time is freed two hours before."""
    now = house.at(factory.days_ahead(2, house.site), 10)
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


@pytest.fixture
def freed(house: House, now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> FreedSlot:
    """A freed time two days ahead, past its grace."""
    monkeypatch.setattr(clock, "now", lambda: now - dt.timedelta(hours=1))
    slot = waiting.freed(house, now + dt.timedelta(days=2))
    monkeypatch.setattr(clock, "now", lambda: now)
    return slot


@pytest.fixture
def desk(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    return browser


@pytest.fixture
def offer(house: House, freed: FreedSlot) -> Offer:
    waiting.waits(house, clinic.patient(given_name="Bertha"))
    offering.run(by=BY)
    return Offer.objects.get()


def queries(browser: Client, url: str) -> int:
    """Queries of one page. The tests' movable clock is itself a row, which production never reads."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return sum("clinic_clockoffset" not in query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize(("page", "most"), [("waitlist", 9), ("freed", 15)])
def test_a_page_costs_the_same_for_one_row_and_for_thirty(
    desk: Client, house: House, freed: FreedSlot, monkeypatch: pytest.MonkeyPatch, page: str, most: int
) -> None:
    url = reverse(f"scheduling:{page}")
    now = clock.now()
    waiting.waits(house)
    desk.get(url)
    few = queries(desk, url)
    monkeypatch.setattr(clock, "now", lambda: now - dt.timedelta(hours=1))
    for hour in range(29):
        waiting.waits(house, waiting.phone(clinic.patient()))
        if hour < 12:
            waiting.freed(house, now + dt.timedelta(days=3 + hour // 4, hours=hour % 4))
    monkeypatch.setattr(clock, "now", lambda: now)
    assert (few, queries(desk, url)) == (most, most)


def test_the_list_shows_who_waits_in_order_with_their_wishes(
    desk: Client, house: House, now: dt.datetime
) -> None:
    waiting.waits(
        house, clinic.patient(family_name="Later"), weekdays=(0, 2), part="morning", notice_hours=48
    )
    waiting.waits(house, clinic.patient(family_name="First"), urgency=1)
    page = desk.get(reverse("scheduling:waitlist")).content.decode()
    assert page.index("First") < page.index("Later")
    assert "Mon, Wed · mornings · 2 days’ notice" in page


@pytest.mark.parametrize(
    ("query", "shown"), [("", 2), ("urgency=1", 1), ("urgency=2", 0), ("visit_type=x&urgency=y", 2)]
)
def test_the_list_is_filtered(desk: Client, house: House, now: dt.datetime, query: str, shown: int) -> None:
    waiting.waits(house, urgency=1)
    waiting.waits(house, urgency=3)
    page = desk.get(reverse("scheduling:waitlist") + f"?{query}")
    assert len(page.context["rows"]) == shown


def test_a_patient_is_put_on_the_list_and_changed(desk: Client, house: House, now: dt.datetime) -> None:
    person = clinic.patient()
    url = reverse("scheduling:wait-new", args=[person.pk])
    said: dict[str, Any] = {
        "visit_type": house.visit("consultation").pk,
        "urgency": "2",
        "part": "morning",
        "weekdays": ["0", "4"],
        "notice_hours": "48",
        "note": "Rings back",
    }
    assert desk.get(url).status_code == 200
    assert desk.post(url, said).status_code == 302
    entry = WaitlistEntry.objects.get()
    assert (entry.urgency, entry.weekdays, entry.part, entry.notice_hours) == (2, [0, 4], "morning", 48)
    edit = reverse("scheduling:wait-edit", args=[entry.pk])
    changed = said | {"urgency": "1", "version": "1"}
    assert desk.post(edit, changed).status_code == 302
    late = desk.post(edit, changed)
    assert (late.status_code, "Somebody else has changed" in late.content.decode()) == (422, True)
    again = desk.post(url, said)
    assert (again.status_code, "waits for this kind of visit already" in again.content.decode()) == (
        422,
        True,
    )
    entry.refresh_from_db()
    assert (entry.urgency, entry.version) == (1, 2)


def test_withdrawn_and_back_in_the_old_place(desk: Client, house: House, now: dt.datetime) -> None:
    entry = waiting.waits(house)
    since = entry.created_at
    for name, status in (("wait-withdraw", "withdrawn"), ("wait-again", "waiting")):
        desk.post(reverse(f"scheduling:{name}", args=[entry.pk]))
        entry.refresh_from_db()
        assert entry.status == status
    assert entry.created_at == since


def test_the_freed_page_names_the_next_and_why_not_the_others(
    desk: Client, house: House, freed: FreedSlot
) -> None:
    waiting.waits(house, clinic.patient(family_name="Suited"))
    waiting.waits(house, clinic.patient(family_name="Afternoon"), part="afternoon", urgency=1)
    page = desk.get(reverse("scheduling:freed")).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Next to be asked, by mail" in text
    assert re.search(r"Afternoon Consultation afternoons only", text)


def test_the_desk_offers_by_phone_and_books_with_one_key(
    desk: Client, house: House, freed: FreedSlot
) -> None:
    entry = waiting.waits(house, waiting.phone(clinic.patient()))
    said = {"entry": entry.pk, "start": freed.period.lower.isoformat()}
    made = desk.post(reverse("scheduling:freed-offer", args=[freed.pk]), said)
    assert made["Location"] == reverse("scheduling:waitlist")
    offer = Offer.objects.get()
    assert "1 offer waits for an answer" in desk.get(made["Location"]).content.decode()
    answered = desk.post(reverse("scheduling:offer-accept", args=[offer.pk]))
    visit = Appointment.objects.get(patient=entry.patient)
    assert answered["Location"] == reverse("scheduling:booked", args=[visit.pk])


def test_a_decline_by_phone_leaves_the_patient_waiting(desk: Client, offer: Offer) -> None:
    desk.post(reverse("scheduling:offer-decline", args=[offer.pk]))
    offer.refresh_from_db()
    assert (offer.status, offer.entry.status) == ("declined", "waiting")


# The patient's link


def test_the_link_shows_day_time_and_place_and_no_treatment(offer: Offer) -> None:
    page = Client().get(reverse("scheduling:offer", args=[token_of(offer.pk)]))
    text = page.content.decode()
    assert page.status_code == 200
    start = offer.start.astimezone(offer.site.zone)
    for words in (
        f"{start:%A}, {start.day} {start:%B}",
        f"{start:%H:%M}",
        offer.site.address,
        offer.site.phone,
        "Berlin",
    ):
        assert words in text
    assert not re.search(r"Consultation|Physician|PRP|Beispiel|1961", text)
    assert (page["Cache-Control"], page["Referrer-Policy"]) == ("no-store", "same-origin")


def test_the_link_opened_by_scanners_changes_nothing(offer: Offer) -> None:
    """Links are opened by mail scanners before the patient sees them."""
    url = reverse("scheduling:offer", args=[token_of(offer.pk)])
    events = AuditEvent.objects.count()
    for _time in range(20):
        assert Client().get(url).status_code == 200
        Client().head(url)
    offer.refresh_from_db()
    assert (offer.status, AuditEvent.objects.count()) == ("open", events)


def test_yes_by_link_books_and_says_so_also_when_pressed_twice(offer: Offer) -> None:
    url = reverse("scheduling:offer", args=[token_of(offer.pk)])
    for _time in range(2):
        page = Client().post(url, {"answer": "yes"}, follow=True)
        assert "You have this time" in page.content.decode()
    assert Appointment.objects.filter(patient=offer.entry.patient).count() == 1


@pytest.mark.parametrize(
    ("answer", "words", "status"),
    [("no", "You stay on our list", "waiting"), ("leave", "not on our list any more", "withdrawn")],
)
def test_no_by_link(offer: Offer, answer: str, words: str, status: str) -> None:
    url = reverse("scheduling:offer", args=[token_of(offer.pk)])
    page = Client().post(url, {"answer": answer}, follow=True)
    assert words in page.content.decode()
    assert WaitlistEntry.objects.get(pk=offer.entry_id).status == status


def test_nonsense_by_link_answers_nothing(offer: Offer) -> None:
    url = reverse("scheduling:offer", args=[token_of(offer.pk)])
    for said in ({}, {"answer": "maybe"}, {"answer": "\x00"}):
        assert Client().post(url, said, follow=True).status_code == 200
    offer.refresh_from_db()
    assert offer.status == "open"


def test_writing_by_link_without_a_token_of_the_form_is_refused(offer: Offer) -> None:
    url = reverse("scheduling:offer", args=[token_of(offer.pk)])
    assert Client(enforce_csrf_checks=True).post(url, {"answer": "yes"}).status_code == 403


def test_a_gone_offer_says_so_kindly(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = reverse("scheduling:offer", args=[token_of(offer.pk)])
    expired = offer.expires_at
    monkeypatch.setattr(clock, "now", lambda: expired)
    for page in (Client().get(url), Client().post(url, {"answer": "yes"}, follow=True)):
        text = page.content.decode()
        assert "This time is no longer free" in text
        assert "You are still on our list" in text
        assert f"tel:{offer.site.phone.replace(' ', '')}" in text
    assert Appointment.objects.filter(patient=offer.entry.patient).count() == 0


def test_an_unknown_link_says_what_to_do() -> None:
    page = Client().get(reverse("scheduling:offer", args=["0" * 64]))
    assert (page.status_code, "This link does not work" in page.content.decode()) == (404, True)


def test_an_unknown_link_gives_the_phone_where_there_is_one_site(house: House) -> None:
    url, number = reverse("scheduling:offer", args=["0" * 64]), house.site.phone
    assert number in Client().get(url).content.decode()
    clinic.site(phone="+49 30 5550999")
    page = Client().get(url).content.decode()
    assert [number in page, "5550999" in page] == [False, False]


def test_the_page_speaks_spanish_to_who_does(house: House, freed: FreedSlot) -> None:
    waiting.waits(house, clinic.patient(language="es"))
    offering.run(by=BY)
    page = Client().get(reverse("scheduling:offer", args=[token_of(Offer.objects.get().pk)])).content.decode()
    assert 'lang="es"' in page
    assert "Ha quedado libre esta hora" in page
    assert "¿Preguntas? Llámenos" in page


# The mail


def test_the_mail_names_no_treatment_and_carries_the_link(offer: Offer) -> None:
    message = Message.objects.select_related("site", "patient", "contact").get(kind="appointment.offer")
    draft = drafts.make([message])[message.pk]
    mail = drafts.rendered(message, draft)
    assert mail.subject == "A time has become free"
    assert link_of(offer.pk) in mail.text
    assert not re.search(r"Consultation|Physician|PRP", mail.subject + mail.text + mail.html)


def test_the_link_is_neither_kept_nor_shown_to_staff(offer: Offer) -> None:
    message = Message.objects.select_related("site", "patient", "contact", "text").get(
        kind="appointment.offer"
    )
    draft = drafts.make([message])[message.pk]
    shown = previews.preview(message).rendered
    assert shown is not None
    secret = token_of(offer.pk)
    assert (secret in str(draft.snapshot()), secret in shown.html + shown.text) == (False, False)
    assert secret not in (offer.token_hash, str(offer.pk))


def test_a_closed_offer_is_not_mailed(offer: Offer) -> None:
    message = Message.objects.select_related("site", "patient", "contact").get(kind="appointment.offer")
    assert drafts.refusals([message]) == {}
    offers.decline(offer_id=offer.pk, by=BY)
    message.refresh_from_db()
    assert (message.state, message.withdrawn) == ("cancelled", "offer_declined")
    assert drafts.refusals([message]) == {message.pk: "offer_closed"}


def test_a_contact_who_may_not_book_gets_no_button(house: House, freed: FreedSlot) -> None:
    from clinic.models import Contact

    patient = clinic.patient()
    for may_book in (True, False):
        Contact.objects.create(
            patient=patient,
            name="Grete",
            email=f"grete{may_book}@mail.example",
            gets_mails=True,
            may_book=may_book,
        )
    waiting.waits(house, patient)
    offering.run(by=BY)
    messages = list(
        Message.objects.filter(kind="appointment.offer").select_related("site", "patient", "contact")
    )
    buttons = {
        message.contact.may_book if message.contact else None: "button_url" in draft.values
        for message in messages
        if (draft := drafts.make(messages)[message.pk])
    }
    assert buttons == {None: True, True: True, False: False}


def test_erasing_ends_the_wait_and_its_offer(house: House, offer: Offer) -> None:
    from clinic.services import erasure

    WaitlistEntry.objects.update(note="Ask for the sister")
    erasure.erase(by=clinic.staff(Role.MANAGER, at=house.site), patient_id=offer.entry.patient_id)
    entry = WaitlistEntry.objects.get()
    offer.refresh_from_db()
    assert (entry.status, entry.note, offer.status) == ("withdrawn", "", "withdrawn")


@pytest.mark.parametrize("start", ["", "99999999999999999999", "x\x00", "2026-11-24T09:30"])
def test_offering_a_start_that_is_none_is_refused(
    desk: Client, house: House, freed: FreedSlot, start: str
) -> None:
    entry = waiting.waits(house)
    url = reverse("scheduling:freed-offer", args=[freed.pk])
    assert desk.post(url, {"entry": entry.pk, "start": start}).status_code == 422
    assert not Offer.objects.exists()
