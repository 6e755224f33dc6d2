"""The outbox on pages."""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import AuditEvent, Message, MessageText, Site
from clinic.services import texts
from tests.factories import clinic as make
from tests.faults import kinds, outgoing

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    with kinds.known(*kinds.ALL):
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site()


def _as(role: Role, site: Site) -> Client:
    client = Client()
    client.force_login(
        make.user(role, at=site), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def _sent(site: Site, **fields: object) -> Message:
    text = texts.current(["test.plain"])["test.plain", "en"]
    kept = {
        "address": "old@mail.example",
        "placeholders": {"given_name": "<Old>", "about": "then", "clinic_name": "Before", "phone": "1"},
    }
    now = clock.now()
    return outgoing.message(
        at=site, state="sent", text=text, snapshot=kept, started_at=now, ended_at=now, smtp_code=250, **fields
    )


def _newer_text() -> None:
    MessageText.objects.create(
        kind="test.plain",
        language="en",
        version=9,
        subject="New",
        body="New",
        is_default=False,
        created_at=clock.now(),
    )


def test_sent_message_is_shown_exactly_as_it_went_out(site: Site) -> None:
    message = _sent(site)
    _newer_text()
    page = _as(Role.NURSE, site).get(reverse("clinic:message-detail", args=[message.pk]))
    text = page.content.decode()
    assert "old@mail.example" in text
    assert "Hello &lt;Old&gt;," in text
    assert "this is about then." in text
    assert "As it would read now" not in text
    event = AuditEvent.objects.get(action="clinic.message.viewed")
    assert (event.subject_key, event.patient_id) == (str(message.pk), message.patient_id)


def test_sent_message_of_a_kind_that_is_gone_can_still_be_read(site: Site) -> None:
    text = MessageText.objects.create(
        kind="test.gone",
        language="en",
        version=1,
        subject="S",
        body="Hello {a}",
        is_default=True,
        created_at=clock.now(),
    )
    kept = {"address": "a@mail.example", "placeholders": {"a": "Ada", "clinic_name": "C", "phone": ""}}
    message = outgoing.message(at=site, kind="test.gone", state="sent", text=text, snapshot=kept)
    page = _as(Role.NURSE, site).get(reverse("clinic:message-detail", args=[message.pk]))
    assert "Hello Ada" in page.content.decode()


def test_unsent_message_is_shown_as_it_would_read_now(site: Site) -> None:
    message = outgoing.message(at=site)
    _newer_text()
    text = _as(Role.NURSE, site).get(reverse("clinic:message-detail", args=[message.pk])).content.decode()
    assert "As it would read now" in text
    assert "<dd>New</dd>" in text


@pytest.mark.parametrize("about", ["poison"])
def test_message_without_words_says_so(site: Site, about: str) -> None:
    message = outgoing.message(at=site, about=about, state="failed", reason="render_error")
    text = _as(Role.NURSE, site).get(reverse("clinic:message-detail", args=[message.pk])).content.decode()
    assert "Its words are gone" in text
    assert "Its text could not be filled in" in text


def test_letter_stands_alone_and_can_do_nothing(site: Site) -> None:
    message = _sent(site)
    client = _as(Role.NURSE, site)
    letter = client.get(reverse("clinic:message-letter", args=[message.pk]))
    assert "Hello &lt;Old&gt;," in letter.content.decode()
    assert letter["X-Frame-Options"] == "SAMEORIGIN"
    policy = {
        part.strip().partition(" ")[0]: part.strip().partition(" ")[2]
        for part in letter["Content-Security-Policy"].split(";")
    }
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }
    page = client.get(reverse("clinic:message-detail", args=[message.pk]))
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert 'sandbox=""' in page.content.decode()


@pytest.mark.parametrize("name", ["message-detail", "message-letter"])
@pytest.mark.parametrize("missing", [True, False])
def test_another_sites_message_looks_like_none(site: Site, name: str, missing: bool) -> None:
    key: UUID = uuid4() if missing else outgoing.message(at=make.site(name="Elsewhere")).pk
    client = _as(Role.MANAGER, site)
    assert client.get(reverse(f"clinic:{name}", args=[key])).status_code == 404
    assert client.post(reverse("clinic:message-retry", args=[key])).status_code == 404


def test_list_divides_by_state_and_says_how_the_outbox_keeps_up(site: Site) -> None:
    for state in ("pending", "failed", "sent", "cancelled"):
        outgoing.message(at=site, about=f"fact:{state}", state=state)
    outgoing.message(at=make.site(name="Elsewhere"), about="fact:other")
    client = _as(Role.FRONT_DESK, site)
    shown = {
        group: [
            row.message.state
            for row in client.get(reverse("clinic:message-list"), {"show": group}).context["rows"]
        ]
        for group in ("waiting", "attention", "sent", "unsent")
    }
    assert shown == {
        "waiting": ["pending"],
        "attention": ["failed"],
        "sent": ["sent"],
        "unsent": ["cancelled"],
    }
    assert (
        "1 message is due and not sent; it was due"
        in client.get(reverse("clinic:message-list")).content.decode()
    )
    assert client.get(reverse("clinic:message-list"), {"show": "'\x00", "page": "-9"}).status_code == 200


def test_list_needs_constant_queries(site: Site) -> None:
    client = _as(Role.FRONT_DESK, site)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("clinic:message-list"))
        return sum("clinic_clockoffset" not in query["sql"] for query in captured)  # tests alone ask for it

    outgoing.message(at=site, about="fact:first")
    queries()
    one = queries()
    for number in range(12):
        outgoing.message(at=site, about=f"fact:{number}")
    assert queries() == one


def test_pane_shows_a_patients_messages_at_my_sites(site: Site) -> None:
    patient = make.patient()
    mine = outgoing.message(at=site, patient=patient, state="suppressed", reason="no_consent")
    outgoing.message(at=make.site(name="Elsewhere"), patient=patient, about="fact:other")
    page = _as(Role.NURSE, site).get(reverse("clinic:message-pane", args=[patient.pk]))
    assert [row.message for row in page.context["rows"]] == [mine]
    assert "No consent to reminders" in page.content.decode()


def test_pane_shows_the_newest_and_leads_to_all(site: Site) -> None:
    patient = make.patient()
    for number in range(11):
        outgoing.message(at=site, patient=patient, about=f"fact:{number}")
    nurse, url = _as(Role.NURSE, site), reverse("clinic:message-pane", args=[patient.pk])
    page = nurse.get(url)
    assert len(page.context["rows"]) == 8
    assert "All 11 messages" in page.content.decode()
    page = nurse.get(url, {"show": "all"})
    assert len(page.context["rows"]) == 11
    assert "All 11 messages" not in page.content.decode()


def test_pane_shows_what_speaks_of_one_fact(site: Site) -> None:
    patient = make.patient()
    mine = outgoing.message(at=site, patient=patient, about="appointment:one")
    outgoing.message(at=site, patient=patient, about="appointment:two")
    page = _as(Role.NURSE, site).get(
        reverse("clinic:message-pane", args=[patient.pk]), {"about": "appointment:one"}
    )
    assert [row.message for row in page.context["rows"]] == [mine]


def test_manager_sends_a_failed_message_again(site: Site) -> None:
    message = outgoing.message(at=site, state="failed", reason="refused_by_server", smtp_code=550)
    url = reverse("clinic:message-detail", args=[message.pk])
    assert "Send again" not in _as(Role.FRONT_DESK, site).get(url).content.decode()
    manager = _as(Role.MANAGER, site)
    assert "Send again" in manager.get(url).content.decode()
    assert manager.post(reverse("clinic:message-retry", args=[message.pk])).status_code == 302
    message.refresh_from_db()
    assert message.state == "pending"
    assert (
        _as(Role.FRONT_DESK, site).post(reverse("clinic:message-retry", args=[message.pk])).status_code == 403
    )
