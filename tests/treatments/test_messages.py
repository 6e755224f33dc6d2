"""The mails of the recovery week: neutral words, an emergency number, and nothing for a session that was not done."""

import re

import pytest

from clinic import messaging
from clinic.enums import MessageState
from clinic.models import Message
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
    rows = list(Message.objects.filter(kind__startswith="treatments.recovery", state=MessageState.PENDING))
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert messages.recheck(rows) == {}
    with django_assert_num_queries(1):  # type: ignore[operator]
        values = messages.placeholders(rows)
    assert {value["emergency"] for value in values.values()} == {ward.house.site.emergency_phone}

    Session.objects.filter(course=courses[0], number=1).update(status="planned")
    refused = messages.recheck(rows)
    mine = {row.pk for row in rows if row.patient_id == courses[0].patient_id}
    assert refused == dict.fromkeys(mine, "not_treated")
