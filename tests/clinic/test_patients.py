"""Registering and changing a patient."""

import datetime as dt

import pytest

from clinic import clock
from clinic.enums import MessageState, Role, TaskState
from clinic.exceptions import IllegalMove, InvalidInput, NotAllowed, NotFound, StaleVersion
from clinic.ids import new_id
from clinic.models import AuditEvent, Contact, Message, Patient, PatientPhone, Task
from clinic.services import contacts, deaths, erasure, outbox, patients
from clinic.services.contacts import ContactData
from tests.clinic.people import SEED, data, member, patient, site

pytestmark = pytest.mark.django_db


def test_register_gives_record_numbers_phones_and_words() -> None:
    one = patient(mobile="+14155550123", other_phone="+4930901820")
    other = patient(family_name="Ng")
    assert one.record_number.startswith("P-")
    assert int(other.record_number[2:]) == int(one.record_number[2:]) + 1
    assert list(one.phones.values_list("position", "e164", "national")) == [
        (0, "+14155550123", "4155550123"),
        (1, "+4930901820", "30901820"),
    ]
    assert sorted(one.name_words.values_list("word__word", flat=True)) == ["anna", "muller"]
    assert AuditEvent.objects.filter(action="clinic.patient.registered", patient_id=one.pk).count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", dt.date(1899, 12, 31)),
        ("birth_date", dt.date(2999, 1, 1)),
        ("given_name", "Anna\r\nBcc: all@example.org"),
        ("family_name", "Mül\x00ler"),
        ("family_name", "x" * 81),
        ("given_name", "   "),
        ("mobile", "12"),
        ("notes", "\x00"),
    ],
)
def test_register_bad_value_writes_nothing(field: str, value: object) -> None:
    with pytest.raises(InvalidInput):
        patient(**{field: value})
    assert Patient.objects.count() == 0


def test_update_writes_version_words_phones_and_audit() -> None:
    one = patient(mobile="+14155550123", other_phone="+4930901820")
    patients.update(
        by=SEED,
        patient_id=one.pk,
        version=1,
        data=data(family_name="Größe-Nuñez", mobile="+4930901820", reminders_consent=True),
    )
    one.refresh_from_db()
    assert one.version == 2
    assert one.reminders_consent_at is not None
    assert sorted(one.name_words.values_list("word__word", flat=True)) == ["anna", "grosse", "nunez"]
    assert list(one.phones.values_list("position", "e164")) == [(0, "+4930901820")]
    event = AuditEvent.objects.get(action="clinic.patient.updated")
    assert event.detail == {"changed": ["family_name", "reminders_consent", "phones"]}


def test_update_stale_version_writes_nothing() -> None:
    one = patient()
    patients.update(by=SEED, patient_id=one.pk, version=1, data=data(given_name="Anne"))
    with pytest.raises(StaleVersion) as caught:
        patients.update(by=SEED, patient_id=one.pk, version=1, data=data(given_name="Hanna"))
    assert caught.value.current_version == 2
    assert Patient.objects.get().given_name == "Anne"


def test_update_unknown_patient() -> None:
    with pytest.raises(NotFound):
        patients.update(by=SEED, patient_id=new_id(), version=1, data=data())


def test_register_needs_permission() -> None:
    home = site()
    patients.register(by=member(Role.FRONT_DESK, home).actor(), data=data())
    with pytest.raises(NotAllowed):
        patients.register(by=patient_actor(), data=data())


def patient_actor():  # type: ignore[no-untyped-def]
    from clinic.actors import Patient as PatientActor

    return PatientActor(patient_id=new_id(), link_id=new_id())


def test_household_links_both_and_merges() -> None:
    one, third, fourth = patient(), patient(given_name="Carl"), patient(given_name="Dora")
    two = patients.register(by=SEED, data=data(given_name="Bert"), household_with=one.pk)
    one.refresh_from_db()
    assert two.household_id == one.household_id is not None
    patients.update(
        by=SEED, patient_id=fourth.pk, version=1, data=data(given_name="Dora"), household_with=third.pk
    )
    third.refresh_from_db()
    patients.update(
        by=SEED,
        patient_id=third.pk,
        version=third.version,
        data=data(given_name="Carl"),
        household_with=one.pk,
    )
    assert set(Patient.objects.values_list("household_id", flat=True)) == {one.household_id}
    patients.leave_household(by=SEED, patient_id=two.pk)
    assert Patient.objects.get(pk=two.pk).household_id is None


def _mail(one: Patient, home: object) -> Message:
    now = clock.now()
    return Message.objects.create(
        site=home, patient=one, kind="appointment.reminder_1d", about="appointment:1", about_rev=1, idempotency_key="k",
        planned_for=now, next_at=now, expires_at=now + dt.timedelta(days=1), created_at=now, snapshot={"name": "Anna"},
    )  # fmt: skip


def test_mark_deceased_withdraws_mails_and_asks_the_desk() -> None:
    home, one = site(), patient(email="anna@example.org")
    mail = _mail(one, home)
    deaths.mark_deceased(by=SEED, patient_id=one.pk, version=1, on=dt.date(2026, 1, 1), site_id=home.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.reason) == (MessageState.CANCELLED, "deceased")
    assert Task.objects.get(patient=one, state=TaskState.OPEN).role == Role.FRONT_DESK
    deaths.unmark_deceased(by=SEED, patient_id=one.pk, version=2)
    assert Patient.objects.get().is_active


def test_mark_deceased_before_birth_is_refused() -> None:
    home, one = site(), patient()
    with pytest.raises(InvalidInput):
        deaths.mark_deceased(by=SEED, patient_id=one.pk, version=1, on=dt.date(1949, 1, 1), site_id=home.pk)


def test_erase_leaves_nobody_to_be_found() -> None:
    home = site()
    one = patient(email="anna@example.org", mobile="+14155550123", notes="Call after 5")
    patients.update(
        by=SEED, patient_id=one.pk, version=1, data=data(given_name="Hanna", mobile="+14155550123")
    )
    contacts.add(by=SEED, patient_id=one.pk, data=ContactData(name="Berta Müller", email="berta@example.org"))
    mail = _mail(one, home)
    manager = member(Role.MANAGER, home).actor()
    erasure.erase(by=manager, patient_id=one.pk)
    one.refresh_from_db()
    mail.refresh_from_db()
    assert (one.given_name, one.email, one.notes, one.birth_date) == ("—", "", "", dt.date(1950, 1, 1))
    assert not one.is_active
    assert (mail.state, mail.snapshot) == (MessageState.CANCELLED, None)
    assert (PatientPhone.objects.count(), one.name_words.count()) == (0, 0)
    for model in (Patient, Contact, PatientPhone):
        rows = str(list(model.pgh_event_model.objects.values()))
        assert not any(word in rows for word in ("Anna", "Hanna", "Berta", "5550123", "Call after"))
    with pytest.raises(IllegalMove):
        patients.update(by=manager, patient_id=one.pk, version=one.version, data=data())


def test_erase_is_for_managers() -> None:
    one = patient()
    with pytest.raises(NotAllowed):
        erasure.erase(by=member(Role.PHYSICIAN, site()).actor(), patient_id=one.pk)


def test_withdrawn_consent_withdraws_what_needs_it() -> None:
    one = patient(email="anna@mail.example", reminders_consent=True)
    place = site()
    now = clock.now()
    plans = [
        outbox.Plan(kind, f"appointment:{one.pk}", 1, one.pk, place.pk, now, now + dt.timedelta(days=1))
        for kind in ("appointment.confirmation", "appointment.reminder_1d")
    ]
    outbox.plan(plans, by=SEED)
    patients.update(by=SEED, patient_id=one.pk, version=1, data=data(email="anna@mail.example"))
    assert sorted(Message.objects.values_list("kind", "state")) == [
        ("appointment.confirmation", "pending"),
        ("appointment.reminder_1d", "cancelled"),
    ]
