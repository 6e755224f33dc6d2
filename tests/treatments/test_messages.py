"""The mails of the recovery week: neutral words, an emergency number, and nothing for a session that was not done."""

import re

import pytest

from clinic import messaging
from clinic.enums import MessageState
from clinic.models import Link, Message
from clinic.services import contacts, links
from clinic.services.contacts import ContactData
from tests.factories import clinic
from tests.factories import treatments as factory
from treatments import messages
from treatments.models import Session
from treatments.policies import recovery

FORBIDDEN = r"prp|plate|plaqueta|plasma|spine|spinal|back|espalda|columna|disc|joint|injection|inyec|dose|ibuprofen|treatment|tratamiento"
TEXTS = [text for by_language in messages.TEXTS.values() for text in by_language.values()]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.subject)
def test_words_are_neutral(text: messaging.DefaultText) -> None:
    assert re.findall(rf"\b({FORBIDDEN})", f"{text.subject} {text.body}".lower()) == []


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.subject)
def test_words_name_phone_and_emergency(text: messaging.DefaultText) -> None:
    assert {"phone", "emergency"} <= messaging.placeholders_of(text.body)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.subject)
def test_sentences_are_short(text: messaging.DefaultText) -> None:
    """Reading age about 11: one idea a sentence."""
    sentences = re.split(r"[.!?:]\s|\n\n", text.body)
    assert max(len(sentence.split()) for sentence in sentences) <= 18


def test_every_day_has_its_text() -> None:
    assert [recovery.kind_for(day) for day in (0, 1, 2, 3, 6, 7, 30)] == [
        recovery.KINDS[day] for day in (0, 1, 1, 3, 3, 7, 7)
    ]
    assert {messaging.get(kind).key for kind in recovery.KINDS.values()} == set(recovery.KINDS.values())


@pytest.mark.django_db
def test_recheck_and_placeholders_answer_a_batch(django_assert_num_queries: object) -> None:
    ward = factory.ward()
    courses = [factory.order(ward, clinic.patient(language="es")).course for _ in range(2)]
    for course in courses:
        factory.inject(ward, course)
    waiting = Message.objects.filter(kind__startswith="treatments.recovery", state=MessageState.PENDING)
    rows = list(waiting.select_related("patient"))
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert messages.recheck(rows) == {}
    with django_assert_num_queries(2):  # type: ignore[operator]
        values = messages.placeholders(rows)
    assert {value["emergency"] for value in values.values()} == {ward.house.site.emergency_phone}

    Session.objects.filter(course=courses[0], number=1).update(status="planned")
    refused = messages.recheck(rows)
    mine = {row.pk for row in rows if row.patient_id == courses[0].patient_id}
    assert refused == dict.fromkeys(mine, "not_treated")


@pytest.mark.django_db
def test_mail_carries_the_link_of_whoever_gets_it_and_keeps_it_nowhere() -> None:
    ward = factory.ward()
    course = factory.order(ward, clinic.patient(language="es")).course
    for may_hear, email in ((True, "grete@example.org"), (False, "otto@example.org")):
        contacts.add(
            by=ward.desk,
            patient_id=course.patient_id,
            data=ContactData(
                name="Ein Mensch",
                relationship="Kind",
                email=email,
                gets_mails=True,
                may_hear_details=may_hear,
            ),
        )
    factory.inject(ward, course)
    rows = list(Message.objects.filter(kind=recovery.KINDS[1]).select_related("patient", "contact"))
    values = messages.placeholders(rows)
    addresses = {
        row.contact.email if row.contact else row.patient.email: values[row.pk].get("button_url")
        for row in rows
    }
    link = Link.objects.get(about=f"session:{factory.session(course).pk}", contact=None)
    assert addresses[course.patient.email] == links.address_of(link)
    assert addresses["otto@example.org"] is None
    assert len(set(addresses.values())) == 3
    assert {value["how"] for value in values.values()} == {messages._HOW["es"], messages._WITHOUT["es"]}
    masked = messaging.masked(recovery.KINDS[1], values[rows[0].pk])
    assert str(addresses[course.patient.email]) not in masked.values()
