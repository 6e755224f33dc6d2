"""What a booking costs, alone and when everybody wants the same resources; beside the same rows by plain statements."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Message
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.bench import floors
from tests.bench.clocked import Row, milliseconds, row
from tests.bench.swarm import swarm
from tests.concurrency.together import deadlocks
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

WRITERS = 32
STARTS = 16
ROUNDS = 5
SHARE_OF_FLOOR = 0.3
WORST_WAIT_S = 2
KINDLY = {"", "SlotTaken", "TryAgain"}

_OVERLAPS = """
SELECT (SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
          ON a.resource_id = b.resource_id AND a.id < b.id AND a.blocks && b.blocks
         WHERE a.active AND b.active AND a.site_id = %(site)s)
     + (SELECT count(*) FROM scheduling_appointment a JOIN scheduling_appointment b
          ON a.patient_id = b.patient_id AND a.id < b.id AND a.period && b.period
         WHERE a.site_id = %(site)s AND a.status IN ('booked', 'confirmed') AND b.status IN ('booked', 'confirmed'))"""


def booking_alone(house: House) -> Iterator[Row]:
    """One booking of a staged visit at the measured site, from the choice of a team to the commit."""
    desk = clinic.staff(at=house.site)
    days = iter(range(40, 340))

    def request() -> VisitRequest:
        return _request(house, clinic.patient().pk, factory.days_ahead(next(days), house.site), quarter=35)

    with CaptureQueriesContext(connection) as queries:
        booking.book(request=(asked := request()), by=desk)
    mails = Message.objects.filter(patient_id=asked.patient_id).count()
    made = iter([request() for _ in range(20)])
    taken = milliseconds(lambda: booking.book(request=next(made), by=desk), runs=15)
    note = f"{len(queries) - 1} statements, {mails} mails planned; floor: the same rows by plain statements"
    yield row("booking_alone", taken, "ms", floor=floors.plain_booking_ms(house), note=note)


def booking_contended(_measured: House) -> Iterator[Row]:
    """32 writers, ten resources, 16 starts a quarter of an hour apart with room for one visit each: half of them lose."""
    house = factory.house(physicians=2, nurses=1, rooms=2, chairs=2, centrifuges=2, bays=1)
    desk = clinic.staff(at=house.site)
    before = deadlocks()

    def book(request: VisitRequest) -> None:
        booking.book(request=request, by=desk)

    ours = [_round(house, book, day) for day in range(30, 30 + ROUNDS)]
    plain = floors.Plain(house, by=desk)
    floor = [_round(house, plain.book, day) for day in range(60, 60 + ROUNDS)]
    errors = {error for outcome in ours for error, _seconds in outcome}
    note = (
        f"{_won(ours)} of {WRITERS * ROUNDS} booked in {ROUNDS} rounds (floor {_won(floor)}), {_overlaps(house)} overlaps, "
        f"{deadlocks() - before} deadlocks in the database, {len(errors - KINDLY)} errors that no user should see"
    )
    yield row(
        "booking_contended",
        _rate(ours),
        "bookings/s",
        floor=_rate(floor),
        share_of_floor=SHARE_OF_FLOOR,
        note=note,
    )
    worst = max(seconds for outcome in ours for _error, seconds in outcome)
    yield row(
        "booking_contended_worst_wait", worst, "s", at_most=WORST_WAIT_S, note="the last loser included"
    )


Outcomes = list[tuple[str, float]]


def _round(house: House, book: Callable[[Any], None], ahead: int) -> Outcomes:
    day = factory.days_ahead(ahead, house.site)
    requests = [_request(house, clinic.patient().pk, day, index % STARTS) for index in range(WRITERS)]
    return swarm(book, requests)


def _won(rounds: Sequence[Outcomes]) -> int:
    return sum(not error for outcomes in rounds for error, _seconds in outcomes)


def _rate(rounds: Sequence[Outcomes]) -> float:
    """Committed bookings per second, from the start of each round to its last answer."""
    return _won(rounds) / sum(max(seconds for _error, seconds in outcomes) for outcomes in rounds)


def _overlaps(house: House) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAPS, {"site": house.site.pk})
        return int(cursor.fetchone()[0])


def _request(house: House, patient_id: UUID, day: dt.date, quarter: int) -> VisitRequest:
    start = house.at(day, 8) + dt.timedelta(minutes=15 * quarter)
    return VisitRequest(patient_id, house.visit("prp_session").pk, house.site.pk, start, purpose=uuid4())
