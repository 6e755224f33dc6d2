"""The course on one page: the same number of questions for one session and for five."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.models import Message, User
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Course
from treatments.services import outcomes

QUERIES = 26


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def treated(ward: Ward, *, sessions: int, mails: int) -> Course:
    """A course of so many sessions, one injected and answered, with so many more mails."""
    order, _visits = factory.booked(ward, first=1, apart=21, placed=factory.order(ward, sessions=sessions))
    factory.inject(ward, order.course, at=clock.now() - dt.timedelta(days=12))
    for point, pain in (("baseline", 8), ("before_2", 4)):
        outcomes.record_response(
            by=ward.nurse,
            course_id=order.course_id,
            instrument="nrs",
            time_point=point,
            answers={"value": pain},
        )
    now = clock.now()
    Message.objects.bulk_create(
        Message(
            site=ward.house.site,
            patient_id=order.patient_id,
            kind="treatments.recovery_day_1",
            about=f"session:{factory.session(order.course).pk}:1",
            about_rev=1,
            idempotency_key=f"{order.pk}:{number}",
            state="delivered",
            planned_for=now - dt.timedelta(hours=number),
            next_at=now,
            expires_at=now + dt.timedelta(days=1),
            created_at=now,
        )
        for number in range(mails)
    )
    return order.course


@pytest.mark.django_db
def test_page_asks_as_often_for_five_sessions_and_forty_mails_as_for_one(ward: Ward) -> None:
    client = Client()
    client.force_login(
        User.objects.get(pk=ward.physician.user_id),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    asked, sizes = [], []
    for sessions, mails in ((2, 1), (ward.protocol.max_sessions, 40)):
        course = treated(ward, sessions=sessions, mails=mails)
        url = reverse("treatments:course-detail", args=[course.pk])
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url, headers={"accept-encoding": "gzip"})
        # The clock of the tests asks the database at every look; that of production does not.
        asked.append(sum("clinic_clockoffset" not in query["sql"] for query in queries))
        sizes.append(len(page.content))
    assert asked == [QUERIES, QUERIES]
    assert max(sizes) < 80_000
