"""What a person declined is not started any more; who changes their mind in time has missed nothing."""

import datetime as dt
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from clinic import clock
from clinic.actors import Actor, Contact, Patient
from clinic.enums import MessageGroup, MessageState
from clinic.exceptions import IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent, Decline, Message, Site
from clinic.models import Contact as ContactRow
from clinic.models import Patient as PatientRow
from clinic.selectors import preferences as reads
from clinic.services import drafts, leases, preferences, texts
from clinic.services.leases import Start
from clinic.services.preferences import GROUPS, Choice
from scheduling.enums import Notice
from tests.factories import clinic
from tests.factories.scheduling import BY

pytestmark = pytest.mark.django_db

ALL = frozenset(MessageGroup.values)


@pytest.fixture
def person() -> PatientRow:
    return clinic.patient()


@pytest.fixture
def site() -> Site:
    return clinic.site()


def by_patient(person: PatientRow) -> Actor:
    return Patient(person.pk, uuid4())


def daughter(person: PatientRow) -> ContactRow:
    return ContactRow.objects.create(patient=person, name="Grete", email="g@mail.example", gets_mails=True)


def test_declined_twice_is_declined_once(person: PatientRow) -> None:
    by = by_patient(person)
    found = [preferences.decline(by=by, patient_id=person.pk, group="reminders") for _ in range(2)]
    assert found == [True, False]
    assert reads.of_person((person.pk, None)) == {"reminders"}
    assert AuditEvent.objects.filter(action="clinic.preferences.declined").count() == 1


def test_accepted_again_leaves_no_row(person: PatientRow) -> None:
    by = by_patient(person)
    preferences.decline(by=by, patient_id=person.pk, group="recovery")
    found = [preferences.accept(by=by, patient_id=person.pk, group="recovery") for _ in range(2)]
    assert found == [True, False]
    assert Decline.objects.count() == 0


def test_patient_and_contact_each_decline_for_themselves(person: PatientRow) -> None:
    contact = daughter(person)
    by = Contact(contact.pk, uuid4())
    preferences.decline(by=by, patient_id=person.pk, contact_id=contact.pk, group="reminders")
    preferences.decline(by=by_patient(person), patient_id=person.pk, group="reviews")
    assert reads.declined([person.pk]) == {
        (person.pk, contact.pk, "reminders"),
        (person.pk, None, "reviews"),
    }


def test_nobody_chooses_for_somebody_else(person: PatientRow) -> None:
    contact, other = daughter(person), clinic.patient()
    choice = Choice(frozenset())
    for by, contact_id in (
        (by_patient(other), None),
        (by_patient(person), contact.pk),
        (Contact(contact.pk, uuid4()), None),
        (Contact(uuid4(), uuid4()), contact.pk),
    ):
        with pytest.raises(NotFound):
            preferences.choose(by=by, patient_id=person.pk, contact_id=contact_id, choice=choice)
    with pytest.raises(NotFound):
        preferences.choose(
            by=Contact(contact.pk, uuid4()), patient_id=other.pk, contact_id=contact.pk, choice=choice
        )
    assert Decline.objects.count() == 0


def test_staff_choose_for_a_patient_who_rings(person: PatientRow, site: Site) -> None:
    preferences.choose(by=clinic.staff(at=site), patient_id=person.pk, choice=Choice(ALL - {"reviews"}))
    assert reads.of_person((person.pk, None)) == {"reviews"}


def test_choice_is_written_whole_and_once(person: PatientRow) -> None:
    by, choice = by_patient(person), Choice(frozenset({"reminders"}), channel="phone", language="es")
    for _number in range(2):
        preferences.choose(by=by, patient_id=person.pk, choice=choice)
    person.refresh_from_db()
    assert (person.preferred_channel, person.language, person.version) == ("phone", "es", 2)
    assert reads.of_person((person.pk, None)) == ALL - {"reminders"}
    [event] = AuditEvent.objects.filter(action="clinic.preferences.chosen")
    assert event.detail["declined"] == sorted(ALL - {"reminders"})


def test_wanting_mails_is_agreeing_to_them(person: PatientRow) -> None:
    PatientRow.objects.filter(pk=person.pk).update(reminders_consent=False)
    preferences.choose(by=by_patient(person), patient_id=person.pk, choice=Choice(frozenset()))
    person.refresh_from_db()
    assert (person.reminders_consent, person.reminders_consent_at) == (False, None)
    preferences.choose(by=by_patient(person), patient_id=person.pk, choice=Choice(frozenset({"reminders"})))
    person.refresh_from_db()
    assert person.reminders_consent
    assert person.reminders_consent_at is not None


def test_a_contact_cannot_agree_for_the_patient(person: PatientRow) -> None:
    PatientRow.objects.filter(pk=person.pk).update(reminders_consent=False)
    contact = daughter(person)
    by = Contact(contact.pk, uuid4())
    preferences.choose(
        by=by, patient_id=person.pk, contact_id=contact.pk, choice=Choice(ALL, channel="post", language="es")
    )
    person.refresh_from_db()
    assert (person.reminders_consent, person.preferred_channel, person.language) == (False, "email", "en")


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (Choice(frozenset({"offers"})), "wanted"),
        (Choice(ALL, channel="pigeon"), "channel"),
        (Choice(ALL, language="xx"), "language"),
    ],
)
def test_what_there_is_not_is_refused_and_nothing_written(
    choice: Choice, field: str, person: PatientRow
) -> None:
    with pytest.raises(InvalidInput) as caught:
        preferences.choose(by=by_patient(person), patient_id=person.pk, choice=choice)
    assert caught.value.field == field
    person.refresh_from_db()
    assert (person.version, Decline.objects.count()) == (1, 0)


def test_a_closed_record_is_left_alone(person: PatientRow) -> None:
    PatientRow.objects.filter(pk=person.pk).update(deceased_on=dt.date(2026, 1, 2))
    with pytest.raises(IllegalMove):
        preferences.decline(by=by_patient(person), patient_id=person.pk, group="reminders")


def test_an_ended_contact_chooses_nothing(person: PatientRow) -> None:
    contact = daughter(person)
    ContactRow.objects.filter(pk=contact.pk).update(ended_at=clock.now())
    with pytest.raises(NotFound):
        preferences.decline(
            by=Contact(contact.pk, uuid4()), patient_id=person.pk, contact_id=contact.pk, group="reminders"
        )


def test_what_a_sender_holds_and_has_not_started_is_asked_again(person: PatientRow, site: Site) -> None:
    now = clock.now()

    def mail(state: MessageState, contact: ContactRow | None = None) -> Message:
        return Message.objects.create(
            site=site,
            patient=person,
            contact=contact,
            kind=Notice.REMINDER_3D,
            about=f"appointment:{uuid4()}",
            about_rev=1,
            idempotency_key=str(uuid4()),
            state=state,
            lease_token=uuid4(),
            lease_until=now + dt.timedelta(minutes=5),
            planned_for=now,
            next_at=now,
            expires_at=now + dt.timedelta(days=1),
            created_at=now,
        )

    held, started = mail(MessageState.LEASED), mail(MessageState.SENDING)
    others = mail(MessageState.LEASED, daughter(person))
    preferences.decline(by=by_patient(person), patient_id=person.pk, group="reminders")
    rows = Message.objects.in_bulk([held.pk, started.pk, others.pk])
    assert [(rows[row.pk].state, rows[row.pk].lease_token) for row in (held, started, others)] == [
        (MessageState.PENDING, None),
        (MessageState.SENDING, started.lease_token),
        (MessageState.LEASED, others.lease_token),
    ]


@pytest.mark.parametrize("count", [1, 30])
def test_who_declined_is_read_in_one_query(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [clinic.patient() for _ in range(count)]
    for person in people:
        preferences.decline(by=BY, patient_id=person.pk, group="reminders")
    with django_assert_num_queries(1):
        assert len(reads.declined([person.pk for person in people])) == count


def test_only_roles_that_may_edit_patients_choose_for_them(person: PatientRow, site: Site) -> None:
    assert GROUPS == ALL
    outsider = Contact(uuid4(), uuid4())
    with pytest.raises((NotAllowed, NotFound)):
        preferences.choose(by=outsider, patient_id=person.pk, choice=Choice(ALL))


def _claimed(site: Site, person: PatientRow) -> tuple[Message, UUID]:
    """A reminder in a sender's hands, not started yet."""
    now = clock.now()
    message = Message.objects.create(
        site=site,
        patient=person,
        kind=Notice.REMINDER_3D,
        about=f"appointment:{uuid4()}",
        about_rev=1,
        idempotency_key=str(uuid4()),
        planned_for=now,
        next_at=now,
        expires_at=now + dt.timedelta(days=1),
        created_at=now,
    )
    token = uuid4()
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.LEASED, lease_token=token, lease_until=now + dt.timedelta(minutes=5)
    )
    return message, token


def _starts(message: Message, token: UUID) -> bool:
    text = texts.current([message.kind])[message.kind, "en"]
    return leases.start(Start(message.pk, text, {}), token=token, now=clock.now())


def test_no_sender_starts_what_was_declined_a_moment_ago(person: PatientRow, site: Site) -> None:
    message, token = _claimed(site, person)
    preferences.decline(by=by_patient(person), patient_id=person.pk, group="reminders")
    assert _starts(message, token) is False
    message.refresh_from_db()
    again = Message.objects.select_related("patient", "contact", "site").get(pk=message.pk)
    assert drafts.refusals([again])[message.pk] in ("declined", "visit_changed")


def test_twin_that_leaves_the_lease_lets_it_start(
    person: PatientRow, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, token = _claimed(site, person)
    monkeypatch.setattr(preferences, "_decline", lambda *_given: ["reminders"])
    preferences.decline(by=by_patient(person), patient_id=person.pk, group="reminders")
    assert _starts(message, token) is True
