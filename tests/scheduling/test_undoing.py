"""Taking back a move, a cancellation, a no-show."""

import datetime as dt
from uuid import uuid4

import pytest

from clinic import clock
from clinic.actors import Staff
from clinic.exceptions import IllegalMove, NotFound
from clinic.models import AuditEvent
from scheduling.enums import AppointmentStatus
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment, VisitChange
from scheduling.services import absences, booking, endings, moves, undoing
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
GRACE = 4 * MINUTE


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1)


@pytest.fixture
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


def book(house: House, hour: int = 9, *, days: int = 10, **fields: object) -> Appointment:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("prp_session").pk,
        "site_id": house.site.pk,
        "start": house.at(factory.days_ahead(days, house.site), hour),
        "purpose": uuid4(),
    }
    return booking.book(request=VisitRequest(**(values | fields)), by=BY)  # type: ignore[arg-type]


def held(visit: Appointment) -> list[tuple[str, dt.datetime]]:
    rows = visit.allocations.filter(active=True).order_by("period", "resource__name")
    return [(row.resource.name, row.period.lower) for row in rows.select_related("resource")]


def latest(visit: Appointment) -> VisitChange:
    change = visit.changes.first()
    assert change is not None
    return change


def test_undo_of_a_move_holds_the_same_team_at_the_old_time(house: House, desk: Staff) -> None:
    visit = book(house)
    was, start = held(visit), visit.period.lower
    endings.confirm(appointment_id=visit.pk, by=desk)
    moves.move(appointment_id=visit.pk, start=start + DAY, by=desk)
    undone = undoing.undo(change_id=latest(visit).pk, by=desk)
    assert (held(visit), undone.period.lower, undone.status) == (was, start, AppointmentStatus.CONFIRMED)
    assert visit.stages.order_by("position")[1].planned_start == start + 10 * MINUTE
    assert visit.allocations.filter(active=False).count() == 12
    assert list(visit.changes.values_list("kind", flat=True)) == ["undone", "moved", "confirmed"]
    assert AuditEvent.objects.filter(action="scheduling.appointment.undone").count() == 1


@pytest.mark.parametrize("status", ["provisional", "booked", "confirmed"])
def test_undo_of_a_cancellation_brings_the_visit_back_as_it_was(
    house: House, desk: Staff, status: str
) -> None:
    visit = book(house, status=AppointmentStatus("provisional" if status == "provisional" else "booked"))
    if status == "confirmed":
        endings.confirm(appointment_id=visit.pk, by=desk)
    was = held(visit)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=desk)
    undone = undoing.undo(change_id=latest(visit).pk, by=desk)
    assert (undone.status, undone.reason_id, held(visit)) == (status, None, was)


def test_undo_loses_to_whoever_has_the_time_by_now(house: House, desk: Staff) -> None:
    visit = book(house)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=desk)
    book(house)
    with pytest.raises(SlotTaken, match="just taken"):
        undoing.undo(change_id=latest(visit).pk, by=desk)
    visit.refresh_from_db()
    assert (visit.status, held(visit)) == (AppointmentStatus.CANCELLED, [])


def test_undo_loses_to_time_off(house: House, desk: Staff) -> None:
    visit = book(house)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=desk)
    absences.take_off(
        by=BY,
        site_id=house.site.pk,
        resource_id=house.one("physician").pk,
        start=visit.period.lower - DAY,
        end=visit.period.upper + DAY,
        reason="",
    )
    with pytest.raises(SlotTaken, match="not working"):
        undoing.undo(change_id=latest(visit).pk, by=desk)


def test_only_the_latest_change_is_taken_back_and_then_the_one_before(house: House, desk: Staff) -> None:
    visit = book(house)
    start = visit.period.lower
    for number in (1, 2):
        moves.move(appointment_id=visit.pk, start=start + number * DAY, by=desk)
    second, first = visit.changes.all()
    with pytest.raises(IllegalMove, match="changed again"):
        undoing.undo(change_id=first.pk, by=desk)
    undoing.undo(change_id=second.pk, by=desk)
    undone = undoing.undo(change_id=first.pk, by=desk)
    assert undone.period.lower == start


def test_undo_sent_twice_undoes_once(house: House, desk: Staff) -> None:
    visit = book(house)
    moves.move(appointment_id=visit.pk, start=visit.period.lower + DAY, by=desk)
    change = latest(visit)
    first, second = (undoing.undo(change_id=change.pk, by=desk) for _time in range(2))
    assert (first.version, visit.changes.count()) == (second.version, 2)


def test_a_confirmation_and_a_foreign_change_are_not_taken_back(house: House, desk: Staff) -> None:
    visit = endings.confirm(appointment_id=book(house).pk, by=desk)
    with pytest.raises(IllegalMove, match="cannot be taken back"):
        undoing.undo(change_id=latest(visit).pk, by=desk)
    with pytest.raises(NotFound):
        undoing.undo(change_id=latest(visit).pk, by=clinic.staff(at=clinic.site(name="Elsewhere")))


def test_a_visit_is_not_put_back_into_time_that_is_over(
    house: House, desk: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = book(house)
    old_end = visit.period.upper
    moves.move(appointment_id=visit.pk, start=visit.period.lower + DAY, by=desk)
    monkeypatch.setattr(clock, "now", lambda: old_end)
    with pytest.raises(IllegalMove, match="has passed"):
        undoing.undo(change_id=latest(visit).pk, by=desk)
