"""Different use cases that touch the same rows at once end without a deadlock reaching anyone."""

import datetime as dt
import time
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from clinic.enums import Role
from clinic.exceptions import DomainError
from scheduling.exceptions import SlotTaken
from scheduling.models import Allocation, TimeOff
from scheduling.services import absences, booking, endings, progress
from scheduling.services.plans import VisitRequest
from scheduling.services.scarcity import VisitsInTheWay
from tests.concurrency.together import deadlocks, overlaps, together
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories import scheduling as factory
from tests.factories.treatments import Ward
from treatments.models import SessionBooking
from treatments.services import blood, planning, reviews

ROUNDS = 5


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward()


def _request(ward: Ward, start: dt.datetime) -> VisitRequest:
    house = ward.house
    return VisitRequest(
        clinic.patient().pk, house.visit("consultation").pk, house.site.pk, start, house.one("physician").pk
    )


@pytest.fixture
def slow_look_at_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever enters time off looks at the visits and hesitates: without its lock a booking slips in between."""
    look = absences.reads.visits_using

    def hesitate(**asked: Any) -> Any:
        found = look(**asked)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(absences.reads, "visits_using", hesitate)


@pytest.mark.usefixtures("slow_look_at_visits")
def test_time_off_against_a_booking(ward: Ward) -> None:
    """Either the booking was first and stands in the way, or the time off was first and the slot is taken."""
    before = deadlocks()
    manager, desk = clinic.staff(Role.MANAGER, at=ward.house.site), clinic.staff(at=ward.house.site)
    physician = ward.house.one("physician")
    seen = set()
    for round_ in range(ROUNDS * 2):
        start = ward.house.at(factory.days_ahead(100 + round_, ward.house.site), 9)
        away = partial(
            absences.take_off,
            by=manager,
            site_id=ward.house.site.pk,
            resource_id=physician.pk,
            start=start,
            end=start + dt.timedelta(hours=8),
        )
        book = partial(booking.book, request=_request(ward, start), by=desk)
        outcomes = together([away, book] if round_ % 2 else [book, away])
        errors = {type(outcome.error) for outcome in outcomes if outcome.error is not None}
        assert len(errors) == 1
        assert errors <= {SlotTaken, VisitsInTheWay}
        seen |= errors
        off = TimeOff.objects.filter(resource=physician, period__contains=start).exists()
        held = Allocation.objects.filter(resource=physician, active=True, blocks__contains=start).exists()
        assert off != held
    assert deadlocks() == before


def test_board_taps_against_the_session_page(ward: Ward) -> None:
    before = deadlocks()
    for round_ in range(ROUNDS):
        course = treatments.order(ward).course
        session = treatments.session(course)
        start = ward.house.at(factory.days_ahead(1 + round_, ward.house.site), 9)
        request = VisitRequest(
            course.patient_id,
            ward.house.visit("prp_session").pk,
            ward.house.site.pk,
            start,
            purpose=session.pk,
        )
        visit = booking.book(request=request, by=ward.desk)
        progress.arrive(appointment_id=visit.pk, by=ward.nurse)
        taps = [partial(progress.advance, appointment_id=visit.pk, by=ward.nurse) for _ in range(3)]
        record = partial(
            blood.record_preparation, by=ward.nurse, session_id=session.pk, data=treatments.preparation()
        )
        inject = partial(treatments.inject, ward, course)
        outcomes = together([*taps, record, inject])
        unexpected = [
            o.error for o in outcomes if o.error is not None and not isinstance(o.error, DomainError)
        ]
        assert unexpected == []
        assert visit.stages.filter(started_at__isnull=False).count() == 3
    assert deadlocks() == before


def test_cancelling_against_deciding_at_the_gate(ward: Ward) -> None:
    """The desk cancels a provisional repeat while the physician releases it: one order of events or the other."""
    before = deadlocks()
    for round_ in range(ROUNDS):
        order = treatments.order(ward)
        site = ward.house.site
        days = [2 + round_, 2 + round_ + 28, 2 + round_ + 56, 2 + round_ + 84]
        starts = {n: ward.house.at(factory.days_ahead(day, site), 12) for n, day in enumerate(days, 1)}
        booked = planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())
        treatments.inject(ward, order.course)
        cancel = partial(
            endings.cancel, appointment_id=booked[1].pk, reason="patient_cannot_come", by=ward.desk
        )
        decide = partial(
            reviews.decide,
            by=ward.physician,
            course_id=order.course_id,
            before_session=2,
            decision="continue",
            reason="",
        )
        outcomes = together([cancel, decide])
        unexpected = [
            o.error for o in outcomes if o.error is not None and not isinstance(o.error, DomainError)
        ]
        assert unexpected == []
        booked[1].refresh_from_db()
        open_bookings = SessionBooking.objects.filter(appointment=booked[1], is_open=True).count()
        assert (booked[1].status == "cancelled") == (open_bookings == 0)
    assert overlaps() == 0
    assert deadlocks() == before
