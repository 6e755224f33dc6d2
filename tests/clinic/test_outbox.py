"""Planning, withdrawing and retrying messages."""

import datetime as dt
from collections.abc import Iterator
from uuid import uuid4

import pytest

from clinic import clock
from clinic.actors import System
from clinic.enums import MESSAGE_TRANSITIONS, MessageState, Role
from clinic.exceptions import IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent, Contact, Message, Patient, Site
from clinic.services import outbox
from clinic.services.outbox import Plan
from tests.factories import clinic as make
from tests.faults import kinds, outgoing

pytestmark = pytest.mark.django_db

BY = System("test")
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    with kinds.known(*kinds.ALL, kinds.kind("test.told", needs_consent=False)):
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site()


def _plan(patient: Patient, at: Site, *, kind: str = "test.plain", rev: int = 1) -> Plan:
    now = clock.now()
    return Plan(kind, f"fact:{patient.pk}", rev, patient.pk, at.pk, now + DAY, now + 2 * DAY)


def planned(one: Plan) -> list[Message]:
    """The rows of this mail, after planning it once more."""
    outbox.plan([one], by=BY)
    return list(Message.objects.filter(about=one.about, about_rev=one.about_rev))


def test_plan_writes_a_pending_row_and_an_audit_event(site: Site) -> None:
    patient = make.patient()
    (message,) = planned(_plan(patient, site))
    assert (message.state, message.reason, message.contact) == (MessageState.PENDING, "", None)
    assert message.next_at == message.planned_for
    event = AuditEvent.objects.get(action="clinic.messages.planned")
    assert (event.actor_key, event.patient_id) == ("test", patient.pk)


def test_plan_twice_gives_the_same_row(site: Site) -> None:
    patient = make.patient()
    first = planned(_plan(patient, site))
    assert planned(_plan(patient, site)) == first
    assert planned(_plan(patient, site, rev=2)) != first


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"reminders_consent": False}, "test.plain", "no_consent"),
        ({"reminders_consent": False}, "test.told", ""),
        ({"email": ""}, "test.told", "no_address"),
        ({"deceased_on": dt.date(2026, 1, 1)}, "test.told", "patient_inactive"),
    ],
)
def test_plan_writes_why_a_mail_is_not_sent(
    site: Site, fields: dict[str, object], kind: str, reason: str
) -> None:
    (message,) = planned(_plan(make.patient(**fields), site, kind=kind))
    assert (message.state, message.reason) == ("suppressed" if reason else "pending", reason)


def test_plan_reaches_contacts_who_get_the_mails_once_per_mailbox(site: Site) -> None:
    patient = make.patient(email="shared@mail.example")
    daughter = Contact.objects.create(patient=patient, name="Bo", email="bo@mail.example", gets_mails=True)
    Contact.objects.create(patient=patient, name="Cy", email="Shared@mail.example", gets_mails=True)
    Contact.objects.create(patient=patient, name="Di", email="di@mail.example", gets_mails=False)
    Contact.objects.create(
        patient=patient, name="Ed", email="ed@mail.example", gets_mails=True, ended_at=clock.now()
    )
    messages = planned(_plan(patient, site))
    assert {message.contact for message in messages} == {None, daughter}


def test_plan_reaches_the_contact_alone_where_the_patient_has_no_address(site: Site) -> None:
    patient = make.patient(email="")
    daughter = Contact.objects.create(patient=patient, name="Bo", email="bo@mail.example", gets_mails=True)
    (message,) = planned(_plan(patient, site))
    assert (message.contact, message.state) == (daughter, "pending")


def test_plan_refuses_a_mail_that_expires_before_it_is_due(site: Site) -> None:
    patient, now = make.patient(), clock.now()
    with pytest.raises(InvalidInput):
        outbox.plan([Plan("test.plain", "fact:1", 1, patient.pk, site.pk, now, now)], by=BY)
    with pytest.raises(KeyError):
        outbox.plan([_plan(patient, site, kind="test.unknown")], by=BY)


@pytest.mark.parametrize("state", MessageState.values)
def test_cancel_moves_only_as_the_table_allows(site: Site, state: str) -> None:
    lease = {"lease_token": uuid4(), "lease_until": clock.now()} if state in ("leased", "sending") else {}
    message = outgoing.message(at=site, state=state, **lease)
    count = outbox.cancel(about=["fact:1"], by=BY, reason="moved")
    message.refresh_from_db()
    if state in ("pending", "leased"):
        assert "cancelled" in MESSAGE_TRANSITIONS[state]
        assert (count, message.state, message.reason, message.lease_token) == (1, "cancelled", "moved", None)
        assert message.ended_at is not None
    else:
        held = state in ("sending", "uncertain", "failed")
        assert (count, message.state) == (held, state)
        assert message.withdrawn == ("moved" if held else "")
        assert message.lease_token == lease.get("lease_token")


def test_cancel_leaves_other_facts_and_other_kinds(site: Site) -> None:
    other = outgoing.message(at=site, about="fact:2")
    quiet = outgoing.message(at=site, kind="test.quiet")
    plain = outgoing.message(at=site)
    assert outbox.cancel(about=["fact:1"], by=BY, reason="moved", kinds=["test.plain"]) == 1
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {other.pk: "pending", quiet.pk: "pending", plain.pk: "cancelled"}


@pytest.mark.parametrize("state", ["failed", "uncertain"])
def test_retry_makes_it_due_again(site: Site, state: str) -> None:
    message = outgoing.message(at=site, state=state, attempts=8, reason="too_many_attempts")
    outbox.retry(message_id=message.pk, by=make.staff(Role.MANAGER, at=site))
    message.refresh_from_db()
    assert (message.state, message.attempts, message.reason) == ("pending", 0, "")
    assert message.next_at <= clock.now()
    assert AuditEvent.objects.filter(action="clinic.message.retried", subject_key=str(message.pk)).exists()


def test_retry_refuses_what_is_sent_withdrawn_or_out_of_date(site: Site) -> None:
    manager = make.staff(Role.MANAGER, at=site)
    now = clock.now()
    refused = [
        outgoing.message(at=site, about="fact:a", state="sent"),
        outgoing.message(at=site, about="fact:b", state="failed", withdrawn="moved"),
        outgoing.message(
            at=site, about="fact:c", state="failed", planned_for=now - 2 * DAY, expires_at=now - DAY
        ),
    ]
    for message in refused:
        with pytest.raises(IllegalMove):
            outbox.retry(message_id=message.pk, by=manager)


def test_retry_needs_the_permission_and_the_site(site: Site) -> None:
    message = outgoing.message(at=site, state="failed")
    with pytest.raises(NotAllowed):
        outbox.retry(message_id=message.pk, by=make.staff(Role.NURSE, at=site))
    with pytest.raises(NotFound):
        outbox.retry(message_id=message.pk, by=make.staff(Role.MANAGER, at=make.site(name="Elsewhere")))
    with pytest.raises(NotFound):
        outbox.retry(message_id=uuid4(), by=make.staff(Role.MANAGER, at=site))
