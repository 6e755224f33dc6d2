"""Patients whom no mail reaches are told by phone or letter."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import Conflict, NotFound
from clinic.models import AuditEvent, HandDelivery, Message, Patient, Site, User
from clinic.services import by_hand
from tests.factories import clinic as make
from tests.faults import kinds, outgoing

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def _stale(messages: Sequence[Message]) -> Mapping[UUID, str]:
    return {message.pk: "moved" for message in messages if "stale" in message.about}


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    with kinds.known(kinds.kind(recheck=_stale), kinds.kind("test.else", by_hand=False)):
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site()


@pytest.fixture
def desk(site: Site) -> User:
    return make.user(Role.FRONT_DESK, at=site)


def _row(site: Site, about: str = "fact:1", **fields: object) -> Message:
    """A mail that was not planned to go, for want of an address."""
    patient = fields.pop("patient", None) or make.patient(email="")
    assert isinstance(patient, Patient)
    values = {"state": "suppressed", "reason": "no_address", "ended_at": clock.now()} | fields
    return outgoing.message(at=site, patient=patient, about=about, **values)


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_what_is_due_and_still_true_is_to_be_told(site: Site, desk: User) -> None:
    wanted = _row(site)
    now = clock.now()
    _row(site, "fact:stale")
    _row(site, "fact:far", planned_for=now + 4 * DAY, expires_at=now + 9 * DAY)
    _row(site, "fact:over", planned_for=now - 2 * DAY, expires_at=now - DAY)
    _row(site, "fact:else", kind="test.else")
    _row(site, "fact:declined", reason="no_consent")
    _row(site, "fact:address", patient=make.patient(email="now@mail.example"))
    _row(make.site(name="Elsewhere"), "fact:elsewhere")
    assert by_hand.to_tell(by=desk.actor(), site_id=site.pk) == [wanted]


def test_the_list_gives_the_name_and_the_ways(site: Site, desk: User) -> None:
    message = _row(site, patient=make.patient(email="", given_name="<Zoë>"))
    page = _client(desk).get(reverse("clinic:by-hand")).content.decode()
    assert "&lt;Zoë&gt;" in page
    assert reverse("clinic:message-told", args=[message.pk]) in page


def test_letters_say_what_the_mail_would(site: Site, desk: User) -> None:
    _row(site, patient=make.patient(email="", given_name="<Zoë>", language="es"))
    page = _client(desk).get(reverse("clinic:by-hand-letters")).content.decode()
    assert "Hola &lt;Zoë&gt;:" in page
    assert 'lang="es"' in page


def test_told_once_it_leaves_the_list(site: Site, desk: User) -> None:
    message = _row(site)
    url = reverse("clinic:message-told", args=[message.pk])
    assert _client(desk).post(url, {"way": "call"}).status_code == 302
    assert by_hand.to_tell(by=desk.actor(), site_id=site.pk) == []
    row = HandDelivery.objects.get()
    assert (row.message, row.way, row.by) == (message, "call", desk)
    assert AuditEvent.objects.filter(action="clinic.message.told_by_hand").count() == 1


def test_a_colleague_who_is_slower_is_told_so(site: Site, desk: User) -> None:
    """The key is the guard: whoever writes second meets it."""
    message = _row(site)
    by_hand.told(by=desk.actor(), message_id=message.pk, way="letter")
    with pytest.raises(Conflict, match="already"):
        by_hand.told(by=desk.actor(), message_id=message.pk, way="call")


def test_only_mails_without_an_address_are_told_by_hand(site: Site, desk: User) -> None:
    message = outgoing.message(at=site)
    with pytest.raises(Conflict):
        by_hand.told(by=desk.actor(), message_id=message.pk, way="call")
    with pytest.raises(NotFound):
        by_hand.told(by=desk.actor(), message_id=_row(make.site(name="Elsewhere"), "fact:2").pk, way="call")


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_needs_the_same_queries_however_long(
    site: Site, desk: User, rows: int, django_assert_num_queries: DjangoAssertNumQueries, settings: object
) -> None:
    settings.CLOCK_OFFSET_ALLOWED = False  # type: ignore[attr-defined]
    for number in range(rows):
        _row(site, f"fact:{number}")
    client = _client(desk)
    client.get(reverse("clinic:by-hand"))
    with django_assert_num_queries(_QUERIES):
        client.get(reverse("clinic:by-hand"))


_QUERIES = 7
