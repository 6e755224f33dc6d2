"""What a booking asks of the database: a few statements, the same however full the calendar is."""

import dataclasses
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from clinic import audit
from clinic.actors import Actor
from clinic.models import AuditEvent
from clinic.transactions import use_case
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("before", [0, 8])
def test_booking_takes_the_same_few_statements_in_an_empty_and_in_a_full_day(
    before: int, django_assert_num_queries: DjangoAssertNumQueries, settings: object
) -> None:
    settings.CLOCK_OFFSET_ALLOWED = False  # type: ignore[attr-defined]  # as in production: no query for the clock
    house = factory.house()
    desk = clinic.staff(at=house.site)
    day = factory.days_ahead(30, house.site)
    requests = [
        VisitRequest(
            clinic.patient().pk,
            house.visit("prp_session").pk,
            house.site.pk,
            house.at(day, 8 + number),
            purpose=uuid4(),
        )
        for number in range(before + 1)
    ]
    for request in requests[:-1]:
        booking.book(request=request, by=desk)
    # The choice of a team: three reads. Then the locks together with the look at what is taken, what else is read again
    # under them, and five round trips of rows, the links of the mails among them.
    with django_assert_num_queries(17):
        booking.book(request=requests[-1], by=desk)


def test_whoever_lost_a_race_reads_only_what_is_taken_to_choose_another_team(
    django_assert_num_queries: DjangoAssertNumQueries, settings: object
) -> None:
    settings.CLOCK_OFFSET_ALLOWED = False  # type: ignore[attr-defined]  # as in production: no query for the clock
    house = factory.house(physicians=2)
    start = house.at(factory.days_ahead(30, house.site), 9)
    request = VisitRequest(clinic.patient().pk, house.visit("consultation").pk, house.site.pk, start)
    lost = booking.plan([request])
    booking.book_many(plans=lost, by=clinic.staff(at=house.site))
    other = dataclasses.replace(request, patient_id=clinic.patient().pk)
    with django_assert_num_queries(1):
        [again] = booking.plan([other], earlier=lost)
    assert {member.resource_id for member in again.team}.isdisjoint(lost[0].resource_ids)


def test_the_events_of_a_use_case_are_written_together_and_not_at_all_when_it_fails() -> None:
    before = AuditEvent.objects.count()

    @use_case
    def story(*, by: Actor, fails: bool) -> None:
        audit.record("clinic.story.begun", by=by)
        audit.record("clinic.story.ended", by=by)
        assert AuditEvent.objects.count() == before
        if fails:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        story(by=factory.BY, fails=True)
    assert AuditEvent.objects.count() == before
    with CaptureQueriesContext(connection) as queries:
        story(by=factory.BY, fails=False)
    written = [query["sql"] for query in queries if "INSERT" in query["sql"]]
    assert (len(written), AuditEvent.objects.count()) == (1, before + 2)
