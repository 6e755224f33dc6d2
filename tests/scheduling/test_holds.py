"""Pencil holds: a live one blocks everybody else, an expired one blocks nobody, and it becomes a visit as a whole."""

import datetime as dt
from uuid import UUID, uuid4

import pytest

from clinic import clock
from clinic.actors import Staff
from clinic.exceptions import NotFound
from scheduling.enums import AppointmentStatus, HoldReason, Told
from scheduling.exceptions import HoldEnded, SlotTaken
from scheduling.models import Allocation, Appointment, Hold
from scheduling.services import booking, endings, holds, undoing
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
_days: dict[UUID, dt.date] = {}


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1, rooms=1)


@pytest.fixture
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


def nine(house: House, **fields: object) -> VisitRequest:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        # The same day before and after time has passed, also when midnight lies in between.
        "start": house.at(_days.setdefault(house.site.pk, factory.days_ahead(3, house.site)), 9),
        "request_key": uuid4(),
    }
    return VisitRequest(**(values | fields))  # type: ignore[arg-type]


def pencilled(house: House, desk: Staff, **fields: object) -> Hold:
    return holds.pencil(request=nine(house, **fields), until=clock.now() + 2 * HOUR, by=desk)


def pass_time(monkeypatch: pytest.MonkeyPatch, span: dt.timedelta) -> None:
    instant = clock.now() + span
    monkeypatch.setattr(clock, "now", lambda: instant)


def test_a_live_hold_blocks_everybody_else(house: House, desk: Staff) -> None:
    hold = pencilled(house, desk, note="Asks his daughter")
    assert (hold.reason, hold.note, hold.allocations.filter(active=True).count()) == (
        HoldReason.PENCIL,
        "Asks his daughter",
        2,
    )
    with pytest.raises(SlotTaken, match="taken"):
        booking.book(request=nine(house), by=desk)
    with pytest.raises(SlotTaken, match="taken"):
        pencilled(house, desk)


def test_an_expired_hold_never_blocks_a_booking(
    house: House, desk: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = pencilled(house, desk)
    pass_time(monkeypatch, 3 * HOUR)
    visit = booking.book(request=nine(house), by=desk)
    hold.refresh_from_db()
    assert (visit.status, hold.released_at) == (AppointmentStatus.BOOKED, clock.now())


def test_an_expired_hold_blocks_neither_another_hold_nor_an_undo(
    house: House, desk: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = booking.book(request=nine(house), by=desk)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=desk)
    pencilled(house, desk)
    pass_time(monkeypatch, 3 * HOUR)
    pencilled(house, desk)
    pass_time(monkeypatch, 3 * HOUR)
    undone = undoing.undo(change_id=visit.changes.get().pk, by=desk)
    assert undone.status == AppointmentStatus.BOOKED


def test_a_hold_becomes_a_visit_with_its_own_team_and_only_once(house: House, desk: Staff) -> None:
    hold = pencilled(house, desk, note="Asks his daughter")
    team = set(hold.allocations.values_list("resource", "blocks"))
    first, second = (holds.book_held(hold_id=hold.pk, by=desk, told=Told.PHONE) for _time in range(2))
    held = Allocation.objects.filter(active=True)
    assert (first.pk, first.note, first.told) == (second.pk, "Asks his daughter", "phone")
    assert {(row.resource_id, row.blocks) for row in held} == team
    assert set(held.values_list("appointment", flat=True)) == {first.pk}


def test_a_hold_that_expired_or_was_released_is_not_booked(
    house: House, desk: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, expired = (
        pencilled(house, desk),
        pencilled(house, desk, start=house.at(factory.days_ahead(3, house.site), 11)),
    )
    holds.release(hold_id=released.pk, by=desk)
    with pytest.raises(HoldEnded):
        holds.book_held(hold_id=released.pk, by=desk)
    pass_time(monkeypatch, 2 * HOUR)
    with pytest.raises(HoldEnded):
        holds.book_held(hold_id=expired.pk, by=desk)
    assert Appointment.objects.count() == 0


def test_released_is_free_at_once_and_releasing_twice_does_nothing_more(house: House, desk: Staff) -> None:
    hold = pencilled(house, desk)
    first, second = (holds.release(hold_id=hold.pk, by=desk).released_at for _time in range(2))
    assert first == second
    booking.book(request=nine(house), by=desk)


def test_one_form_makes_one_hold_and_it_never_outlasts_the_start(house: House, desk: Staff) -> None:
    request = nine(house)
    late = request.start + 2 * HOUR
    first, second = (holds.pencil(request=request, until=late, by=desk) for _time in range(2))
    assert (first.pk, Hold.objects.count(), second.expires_at) == (second.pk, 1, request.start)


def test_a_foreign_hold_is_not_found(house: House, desk: Staff) -> None:
    hold = pencilled(house, desk)
    other = clinic.staff(at=clinic.site(name="Elsewhere"))
    for service in (holds.release, holds.book_held):
        with pytest.raises(NotFound):
            service(hold_id=hold.pk, by=other)  # type: ignore[operator]


def test_tidy_marks_what_has_expired(house: House, desk: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    pencilled(house, desk)
    assert holds.tidy(by=factory.BY) == 0
    pass_time(monkeypatch, 3 * HOUR)
    assert [holds.tidy(by=factory.BY), Allocation.objects.filter(active=True).count()] == [1, 0]
