"""Adverse events: what contradicts itself is refused, what is known later is written on, a physician judges the cause."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed, StaleVersion
from clinic.models import AuditEvent
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.data import EventData
from treatments.models import AdverseEvent, Course
from treatments.services import events

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def course(ward: Ward) -> Course:
    return factory.order(ward).course


@pytest.fixture
def flare(ward: Ward) -> EventData:
    return EventData("pain_flare", 2, clock.today(ward.house.site.zone))


def test_event_is_recorded_with_its_author(ward: Ward, course: Course, flare: EventData) -> None:
    event = events.record(by=ward.nurse, course_id=course.pk, data=flare)

    assert (event.name, event.is_serious, event.recorded_by_id, event.causality) == (
        "Pain flare",
        False,
        ward.nurse.user_id,
        "",
    )
    assert AuditEvent.objects.get(subject_key=event.pk, action__contains="adverse").detail == {
        "grade": 2,
        "serious": False,
    }


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"code": "other"}, "term"),
        ({"grade": 6}, "grade"),
        ({"grade": 4}, "seriousness"),
        ({"grade": 5, "seriousness": "death"}, "outcome"),
        ({"outcome": "fatal"}, "outcome"),
        ({"outcome": "resolved"}, "resolved_on"),
        ({"started_on": dt.date(2200, 1, 1)}, "started_on"),
        ({"started_on": dt.date(2001, 1, 1)}, "started_on"),
    ],
)
def test_event_that_contradicts_itself_is_refused(
    ward: Ward, course: Course, flare: EventData, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        events.record(by=ward.nurse, course_id=course.pk, data=replace(flare, **fields))

    assert refused.value.field == field
    assert not AdverseEvent.objects.exists()


def test_event_cannot_end_before_it_began(ward: Ward, course: Course, flare: EventData) -> None:
    yesterday = flare.started_on - dt.timedelta(days=1)

    with pytest.raises(InvalidInput) as refused:
        events.record(
            by=ward.nurse,
            course_id=course.pk,
            data=replace(flare, outcome="resolved", resolved_on=yesterday),
        )

    assert refused.value.field == "resolved_on"


def test_event_of_another_courses_session_is_refused(ward: Ward, course: Course, flare: EventData) -> None:
    other = factory.session(factory.order(ward).course)

    with pytest.raises(InvalidInput) as refused:
        events.record(by=ward.nurse, course_id=course.pk, data=replace(flare, session_id=other.pk))

    assert refused.value.field == "session"


def test_event_is_written_on_and_a_stale_form_refused(ward: Ward, course: Course, flare: EventData) -> None:
    event = events.record(by=ward.nurse, course_id=course.pk, data=flare)
    worse = replace(flare, grade=3, seriousness="hospital")

    event = events.correct(by=ward.physician, event_id=event.pk, data=worse, version=1)

    assert (event.grade, event.is_serious, event.version) == (3, True, 2)
    with pytest.raises(StaleVersion):
        events.correct(by=ward.nurse, event_id=event.pk, data=flare, version=1)


def test_cause_is_a_physicians_judgement(ward: Ward, course: Course, flare: EventData) -> None:
    event = events.record(by=ward.nurse, course_id=course.pk, data=flare)

    with pytest.raises(NotAllowed):
        events.assess(by=ward.nurse, event_id=event.pk, causality="possible")
    event = events.assess(by=ward.physician, event_id=event.pk, causality="possible")

    assert (event.causality, event.assessed_by_id) == ("possible", ward.physician.user_id)
    with pytest.raises(InvalidInput):
        events.assess(by=ward.physician, event_id=event.pk, causality="surely")


@pytest.mark.parametrize(
    "change",
    [
        {"code": "hiccups"},
        {"code": "other", "term": ""},
        {"grade": 0},
        {"grade": 5},
        {"seriousness": "hospital"},
        {"resolved_on": dt.date(2026, 1, 1)},
        {"causality": "certain"},
    ],
)
def test_database_refuses_an_impossible_event(
    ward: Ward, course: Course, flare: EventData, change: dict[str, Any]
) -> None:
    event = events.record(by=ward.nurse, course_id=course.pk, data=flare)

    with pytest.raises(IntegrityError), transaction.atomic():
        AdverseEvent.objects.filter(pk=event.pk).update(**change)


def test_event_pages_record_write_on_and_judge(ward: Ward, course: Course, client: Client) -> None:
    client.force_login(clinic.user(Role.PHYSICIAN, at=ward.house.site))
    new = reverse("treatments:event-new", args=[course.pk])
    said = {
        "code": "pain_flare",
        "grade": 2,
        "started_on": clock.today(ward.house.site.zone).isoformat(),
        "outcome": "ongoing",
        "source": "phone",
    }

    assert client.post(new, said | {"code": "other"}).status_code == 422
    assert client.post(new, said).status_code == 302
    event = course.adverse_events.get()
    page = reverse("treatments:event-detail", args=[course.pk, event.pk])
    assert client.post(page, said | {"grade": 3, "version": 1}).status_code == 302
    assert client.post(page, said | {"version": 1}).status_code == 422
    client.post(reverse("treatments:event-assess", args=[course.pk, event.pk]), {"causality": "probable"})
    client.post(reverse("treatments:event-resolve", args=[course.pk, event.pk]))

    event.refresh_from_db()
    assert (event.grade, event.source, event.causality, event.outcome) == (
        3,
        "phone",
        "probable",
        "resolved",
    )
    assert "Probable" in client.get(page).content.decode()
