"""Declining from a mail: by one click of a mailbox or a tap of a person, never by reading; and a page for the rest."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import Contact, Link, Message, Patient, Site
from clinic.selectors import preferences as reads
from clinic.services import links, preferences, unsubscribing
from clinic.services.preferences import GROUPS, PREFERENCES, Choice
from scheduling.enums import Notice
from tests import walk
from tests.factories import clinic
from tests.factories.scheduling import BY

pytestmark = pytest.mark.django_db

BORN = {"day": "7", "month": "3", "year": "1961"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def site() -> Site:
    return clinic.site()


@pytest.fixture
def strict() -> Client:
    """A browser, or a mailbox, whose posts need the token where one is asked for."""
    return Client(enforce_csrf_checks=True)


def mail(
    site: Site, *, kind: str = Notice.REMINDER_3D, contact: Contact | None = None, **patient: Any
) -> Message:
    now = clock.now()
    return Message.objects.create(
        site=site,
        patient=contact.patient if contact else clinic.patient(**patient),
        contact=contact,
        kind=kind,
        about=f"appointment:{uuid4()}",
        about_rev=1,
        idempotency_key=str(uuid4()),
        planned_for=now,
        next_at=now,
        expires_at=now + dt.timedelta(days=1),
        created_at=now,
    )


def url(message: Message) -> str:
    return reverse("clinic:unsubscribe", args=[message.pk, unsubscribing.token_of(message.pk)])


def declined(message: Message) -> frozenset[str]:
    return reads.of_person((message.patient_id, message.contact_id))


def test_a_mailbox_declines_by_one_click_without_cookie_or_token(site: Site, strict: Client) -> None:
    message = mail(site)
    answers = [strict.post(url(message), ONE_CLICK).status_code for _ in range(2)]
    assert answers == [204, 204]
    assert declined(message) == {"reminders"}


def test_reading_declines_nothing_however_often(site: Site, client: Client) -> None:
    message, tables = mail(site), walk.business_tables()
    before = walk.fingerprint(tables)
    for _number in range(5):
        assert client.get(url(message)).status_code == client.head(url(message)).status_code == 200
    assert walk.fingerprint(tables) == before


def test_a_persons_tap_needs_the_token_of_our_page(site: Site, strict: Client) -> None:
    message = mail(site)
    assert strict.post(url(message), {"answer": "stop"}).status_code == 403
    assert declined(message) == frozenset()


def test_stopped_and_started_again_on_the_page(site: Site, client: Client) -> None:
    message = mail(site)
    page = client.post(url(message), {"answer": "stop"}, follow=True).content.decode()
    assert "You get no more of these mails" in page
    assert declined(message) == {"reminders"}
    page = client.post(url(message), {"answer": "again"}, follow=True).content.decode()
    assert "Stop these mails?" in page
    assert declined(message) == frozenset()


def test_a_contact_declines_for_themselves_alone(site: Site, client: Client) -> None:
    daughter = Contact.objects.create(
        patient=clinic.patient(), name="Grete", email="grete@mail.example", gets_mails=True
    )
    message = mail(site, contact=daughter)
    client.post(url(message), ONE_CLICK)
    assert reads.declined([message.patient_id]) == {(message.patient_id, daughter.pk, "reminders")}


def test_each_mail_has_a_secret_of_its_own(site: Site, client: Client) -> None:
    one, other = mail(site), mail(site)
    forged = reverse("clinic:unsubscribe", args=[one.pk, unsubscribing.token_of(other.pk)])
    assert client.post(forged, ONE_CLICK).status_code == 404
    assert "This link does not work" in client.get(forged).content.decode()
    assert declined(one) == frozenset()


def test_mail_that_cannot_be_declined_has_no_address(site: Site, client: Client) -> None:
    message = mail(site, kind=Notice.CONFIRMATION)
    assert unsubscribing.address_of(message) == ""
    assert client.post(url(message), ONE_CLICK).status_code == 204
    assert "nothing to stop" in client.get(url(message)).content.decode()
    assert declined(message) == frozenset()


def test_address_of_a_closed_record_writes_nothing_and_says_no_name(site: Site, client: Client) -> None:
    message = mail(site, deceased_on=dt.date(2026, 1, 2), given_name="Wilhelmine")
    assert client.post(url(message), ONE_CLICK).status_code == 204
    page = client.get(url(message)).content.decode()
    assert "nothing to stop" in page
    assert "Wilhelmine" not in page


def test_page_speaks_the_patients_language(site: Site, client: Client) -> None:
    page = client.get(url(mail(site, language="es"))).content.decode()
    assert "¿Dejar de recibir estos correos?" in page


def own_page(site: Site, person: Patient, contact: UUID | None = None) -> tuple[Link, str]:
    link = links.issue(
        by=BY,
        purpose=PREFERENCES,
        about=f"patient:{person.pk}",
        site_id=site.pk,
        patient_id=person.pk,
        until=clock.now() + dt.timedelta(days=1),
        contact_ids=[contact],
    )[0]
    return link, reverse("clinic:preferences", args=[links.token_of(link)])


def enter(client: Client, link: Link) -> None:
    assert client.post(reverse("clinic:link", args=[links.token_of(link)]), BORN).status_code == 302


def test_own_page_asks_for_the_birth_date_first(site: Site, client: Client) -> None:
    link, page = own_page(site, clinic.patient())
    assert client.get(page)["Location"] == reverse("clinic:link", args=[links.token_of(link)])
    assert client.post(page, {"wanted": "reminders"}).status_code == 302
    assert reads.of_person((link.patient_id, None)) == frozenset()


def test_own_page_keeps_what_was_chosen(site: Site, client: Client) -> None:
    person = clinic.patient()
    link, page = own_page(site, person)
    enter(client, link)
    answer = client.post(
        page, {"wanted": ["recovery", "nonsense"], "channel": "phone", "language": "es"}, follow=True
    )
    assert "Guardado" in answer.content.decode()
    assert reads.of_person((person.pk, None)) == GROUPS - {"recovery"}
    person.refresh_from_db()
    assert (person.preferred_channel, person.language) == ("phone", "es")


def test_own_page_refuses_what_there_is_not_and_keeps_what_was(site: Site, client: Client) -> None:
    person = clinic.patient()
    link, page = own_page(site, person)
    enter(client, link)
    assert client.post(page, {"channel": "pigeon"}).status_code == 422
    assert reads.of_person((person.pk, None)) == frozenset()


def test_contacts_page_offers_neither_channel_nor_language(site: Site, client: Client) -> None:
    person = clinic.patient()
    contact = Contact.objects.create(patient=person, name="Grete", email="g@mail.example", gets_mails=True)
    link, page = own_page(site, person, contact.pk)
    enter(client, link)
    shown = client.get(page).content.decode()
    assert "Hello Grete" in shown
    assert 'name="channel"' not in shown
    client.post(page, {"wanted": "reminders", "channel": "post", "language": "es"})
    person.refresh_from_db()
    assert (person.preferred_channel, person.language) == ("email", "en")
    assert reads.of_person((person.pk, contact.pk)) == GROUPS - {"reminders"}


def test_desk_sees_and_changes_it_on_the_patients_page(site: Site) -> None:
    person = clinic.patient()
    contact = Contact.objects.create(patient=person, name="Grete", email="g@mail.example", gets_mails=True)
    desk = walk.signed_in(clinic.user(Role.FRONT_DESK, at=site))
    page = reverse("clinic:patient-preferences", args=[person.pk])
    assert page in desk.get(reverse("clinic:patient-detail", args=[person.pk])).content.decode()
    wanted = {"wanted": sorted(GROUPS - {"reviews"}), f"wanted_{contact.pk.hex}": ["reminders"]}
    assert desk.post(page, wanted).status_code == 302
    assert reads.of_person((person.pk, None)) == {"reviews"}
    assert reads.of_person((person.pk, contact.pk)) == GROUPS - {"reminders"}
    assert (
        "Invitations to a review"
        in desk.get(reverse("clinic:patient-detail", args=[person.pk])).content.decode()
    )


def test_desk_that_changes_a_contact_declines_nothing_for_who_has_not_agreed(site: Site) -> None:
    person = clinic.patient(reminders_consent=False)
    preferences.choose(by=BY, patient_id=person.pk, choice=Choice(frozenset()))
    assert reads.of_person((person.pk, None)) == frozenset()
