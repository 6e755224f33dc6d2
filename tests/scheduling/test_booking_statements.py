"""What a booking asks of the database: a few statements, the same however full the calendar is."""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

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
    # The choice of a team: three reads. Then the locks, what was read again under them, and one insert a table.
    with django_assert_num_queries(24):
        booking.book(request=requests[-1], by=desk)
