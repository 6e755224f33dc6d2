"""The rows of the bench, in the order in which they run."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.enums import Role
from clinic.models import Message
from scheduling.models import Allocation
from scheduling.services import availability, booking
from scheduling.services.plans import VisitRequest
from tests.bench import floors
from tests.bench.clocked import milliseconds, row
from tests.bench.swarm import swarm
from tests.concurrency.together import deadlocks, overlaps
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

WRITERS = 32
BUSY_DAYS = 10
Row = dict[str, Any]


def measured(names: list[str]) -> Iterator[Row]:
    """Every row, or those named."""
    house = factory.house(physicians=3, nurses=3, rooms=3, chairs=4, centrifuges=3, bays=4)
    for name, rows in ROWS.items():
        if not names or name in names:
            yield from rows(house)


def booking_contended(house: House) -> Iterator[Row]:
    """32 writers at once for the same day; half and more of them lose."""
    desk = clinic.staff(at=house.site)
    day = factory.days_ahead(60, house.site)
    patients = [clinic.patient() for _ in range(WRITERS)]
    requests = [_request(house, patient.pk, day, index % 8) for index, patient in enumerate(patients)]
    before = deadlocks()
    outcomes = swarm(lambda request: booking.book(request=request, by=desk), requests)
    seconds = max(taken for _error, taken in outcomes)
    booked = sum(not error for error, _taken in outcomes)
    floor = floors.plain_bookings(house, writers=WRITERS, day=factory.days_ahead(90, house.site))
    note = f"{booked} of {WRITERS} booked, {overlaps()} overlaps, {deadlocks() - before} deadlocks"
    yield row("booking_contended", booked / seconds, "bookings/s", floor, note)
    yield row("booking_contended_worst_wait", seconds, "s", None, "bar: 2 s")


def fill(house: House) -> None:
    """A believable load: visits every quarter hour on each of the next days, through the real service."""
    desk = clinic.staff(at=house.site)
    for number in range(1, BUSY_DAYS + 1):
        day = factory.days_ahead(number, house.site)
        for index in range(0, 32, 2):
            request = _request(house, clinic.patient().pk, day, index)
            booking.book_many(plans=booking.plan([request]), by=desk)


def availability_30d(house: House) -> Iterator[Row]:
    """Every start of a staged visit with anybody over 30 days."""
    if not Allocation.objects.filter(
        blocks__startswith__lt=house.at(factory.days_ahead(BUSY_DAYS, house.site), 20)
    ).exists():
        fill(house)
    now = house.at(factory.days_ahead(1, house.site), 0)
    ask = partial(
        availability.free_starts,
        visit_type_id=house.visit("prp_session").pk,
        site_id=house.site.pk,
        earliest=now,
        latest=now + dt.timedelta(days=30),
    )
    with CaptureQueriesContext(connection) as queries:
        found = len(ask())
    note = f"{found} starts, {len(queries)} queries; floor: fetching the allocations alone"
    yield row("availability_30d", milliseconds(ask), "ms", milliseconds(floors.fetch_allocations), note)


def page_day(house: House) -> Iterator[Row]:
    """Server time of the day list."""
    client = Client()
    client.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    day = factory.days_ahead(2, house.site)
    address = f"/schedule/{day}/"
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, headers={"accept-encoding": "gzip"})
    note = (
        f"{len(queries)} queries, {len(response.content) // 1024} KB on the wire; floor: a page without data"
    )
    yield row(
        "page_day",
        milliseconds(lambda: client.get(address)),
        "ms",
        milliseconds(lambda: client.get("/healthz")),
        note,
    )


def outbox_rows(house: House) -> Iterator[Row]:
    """What planning the mails of one booking costs, beside inserting the bare rows."""
    desk = clinic.staff(at=house.site)
    day = factory.days_ahead(40, house.site)
    before = Message.objects.count()
    starts = iter(range(500))

    def book() -> None:
        request = _request(house, clinic.patient().pk, day + dt.timedelta(days=next(starts)), 4)
        booking.book_many(plans=booking.plan([request]), by=desk)

    taken = milliseconds(book, runs=15)
    note = f"{Message.objects.count() - before} mails planned in 16 bookings; floor: the same rows by plain statements"
    yield row("booking_alone", taken, "ms", floors.plain_booking_ms(house), note)


def _request(house: House, patient_id: Any, day: dt.date, quarter: int) -> VisitRequest:
    start = house.at(day, 8) + dt.timedelta(minutes=15 * quarter)
    return VisitRequest(patient_id, house.visit("prp_session").pk, house.site.pk, start, purpose=uuid4())


ROWS: dict[str, Callable[[House], Iterator[Row]]] = {
    "booking_contended": booking_contended,
    "booking_alone": outbox_rows,
    "availability_30d": availability_30d,
    "page_day": page_day,
}
