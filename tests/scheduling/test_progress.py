"""A visit on its day: every legal move of the table passes, every other is refused, facts stand beside plans."""

import itertools
from uuid import uuid4

import pytest

from clinic.actors import Staff
from clinic.enums import Role
from clinic.exceptions import IllegalMove, StaleVersion
from clinic.models import AuditEvent, Message
from scheduling import policies
from scheduling.enums import APPOINTMENT_TRANSITIONS, APPOINTMENT_UNDO, AppointmentStatus
from scheduling.models import Allocation, Appointment
from scheduling.selectors import visits
from scheduling.services import booking, endings, progress
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db

STAGES = ["check_in", "draw", "separation", "injection", "recovery"]


@pytest.fixture
def house() -> House:
    return factory.house()


@pytest.fixture
def nurse(house: House) -> Staff:
    return clinic.staff(Role.NURSE, at=house.site)


@pytest.fixture
def visit(house: House, nurse: Staff) -> Appointment:
    start = house.at(factory.days_ahead(6, house.site), 9)
    request = VisitRequest(
        clinic.patient().pk, house.visit("prp_session").pk, house.site.pk, start, purpose=uuid4()
    )
    return booking.book(request=request, by=nurse)


def where(visit: Appointment) -> str:
    visit.refresh_from_db()
    return visits.place(visit)


def test_every_status_has_a_row_in_the_table() -> None:
    assert set(APPOINTMENT_TRANSITIONS) == set(APPOINTMENT_UNDO) == set(AppointmentStatus)


@pytest.mark.parametrize(("status", "to"), list(itertools.product(AppointmentStatus, AppointmentStatus)))
def test_check_transition_follows_the_table(status: AppointmentStatus, to: AppointmentStatus) -> None:
    if to in APPOINTMENT_TRANSITIONS[status]:
        policies.check_transition(status, to)
    else:
        with pytest.raises(IllegalMove):
            policies.check_transition(status, to)


@pytest.mark.parametrize(("status", "to"), list(itertools.product(AppointmentStatus, AppointmentStatus)))
def test_check_transition_of_an_undo_follows_its_own_table(
    status: AppointmentStatus, to: AppointmentStatus
) -> None:
    if to in APPOINTMENT_UNDO[status]:
        policies.check_transition(status, to, undo=True)
    else:
        with pytest.raises(IllegalMove):
            policies.check_transition(status, to, undo=True)


def test_undo_of_an_arrival_that_never_was_is_refused(visit: Appointment, nurse: Staff) -> None:
    """A walk in random order found this: the undo released a provisional repeat."""
    Appointment.objects.filter(pk=visit.pk).update(status=AppointmentStatus.PROVISIONAL, told_rev=0)

    with pytest.raises(IllegalMove):
        progress.undo(appointment_id=visit.pk, by=nurse)

    visit.refresh_from_db()
    assert (visit.status, visit.told_rev) == (AppointmentStatus.PROVISIONAL, 0)


def test_cancelled_visit_cannot_be_confirmed_or_released(visit: Appointment, nurse: Staff) -> None:
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=nurse)

    with pytest.raises(IllegalMove):
        endings.confirm(appointment_id=visit.pk, by=nurse)
    with pytest.raises(IllegalMove):
        endings.release(appointment_ids=[visit.pk], by=nurse)


def test_advance_walks_through_every_stage_to_discharge(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    places = [where(visit)]
    for _ in range(6):
        progress.advance(appointment_id=visit.pk, by=nurse)
        places.append(where(visit))
    assert places == ["arrived", *STAGES, "done"]
    assert visit.stages.filter(started_at__isnull=False, ended_at__isnull=False).count() == 5


def test_undo_walks_all_the_way_back(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    for _ in range(6):
        progress.advance(appointment_id=visit.pk, by=nurse)
    places = []
    for _ in range(7):
        progress.undo(appointment_id=visit.pk, by=nurse)
        places.append(where(visit))
    assert places == [*reversed(STAGES), "arrived", "expected"]
    assert visit.stages.filter(started_at__isnull=False).count() == 0
    assert visit.arrived_at is None


def test_advance_before_arrival_is_refused(visit: Appointment, nurse: Staff) -> None:
    with pytest.raises(IllegalMove):
        progress.advance(appointment_id=visit.pk, by=nurse)


def test_advance_moves_no_allocation(visit: Appointment, nurse: Staff) -> None:
    before = list(Allocation.objects.order_by("pk").values_list("pk", "period", "active"))
    progress.arrive(appointment_id=visit.pk, by=nurse)
    progress.advance(appointment_id=visit.pk, by=nurse)
    assert list(Allocation.objects.order_by("pk").values_list("pk", "period", "active")) == before


def test_end_stage_out_of_order_is_a_fact(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    progress.end_stage(appointment_id=visit.pk, stage="injection", by=nurse)
    row = visit.stages.get(code="injection")
    assert row.started_at == row.ended_at is not None


def test_start_stage_twice_is_refused(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    progress.start_stage(appointment_id=visit.pk, stage="draw", by=nurse)
    with pytest.raises(IllegalMove, match="has already begun"):
        progress.start_stage(appointment_id=visit.pk, stage="draw", by=nurse)


def test_arrive_ends_the_reminders(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    assert set(Message.objects.values_list("state", "reason")) == {("cancelled", "arrived")}


def test_undo_of_an_arrival_plans_the_reminders_again(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    progress.undo(appointment_id=visit.pk, by=nurse)
    pending = Message.objects.filter(state="pending").order_by("planned_for")
    assert list(pending.values_list("kind", "about_rev")) == [
        ("appointment.reminder_3d", 2),
        ("appointment.reminder_1d", 2),
    ]


def test_not_done_frees_what_is_held(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    progress.not_done(appointment_id=visit.pk, reason="not_fit", by=nurse)
    assert (where(visit), Allocation.objects.filter(active=True).count()) == ("off", 0)


def test_each_tap_leaves_an_audit_event(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    progress.advance(appointment_id=visit.pk, by=nurse)
    progress.undo(appointment_id=visit.pk, by=nurse)
    events = (
        AuditEvent.objects.filter(subject_key=str(visit.pk)).order_by("pk").values_list("action", "actor_key")
    )
    assert list(events) == [
        (f"scheduling.appointment.{action}", str(nurse.user_id))
        for action in ("booked", "arrived", "stage", "undone")
    ]


def test_no_show_before_the_start_is_refused(visit: Appointment, nurse: Staff) -> None:
    with pytest.raises(Exception, match="can still come"):
        endings.no_show(appointment_id=visit.pk, by=nurse)


def test_arrive_gives_the_smallest_number_that_nobody_has(house: House, nurse: Staff) -> None:
    start = house.at(factory.days_ahead(6, house.site), 9)
    kind = house.visit("consultation").pk
    made = [
        booking.book(request=VisitRequest(clinic.patient().pk, kind, house.site.pk, start), by=nurse)
        for _ in range(2)
    ]
    made.append(
        booking.book(
            request=VisitRequest(
                clinic.patient().pk, kind, house.site.pk, start.replace(hour=start.hour + 2)
            ),
            by=nurse,
        )
    )
    numbers = [progress.arrive(appointment_id=each.pk, by=nurse).call_number for each in made[:2]]
    progress.undo(appointment_id=made[0].pk, by=nurse)
    numbers.append(progress.arrive(appointment_id=made[2].pk, by=nurse).call_number)
    assert numbers == [1, 2, 1]
    made[0].refresh_from_db()
    assert (made[0].call_day, made[0].call_number) == (None, None)


@pytest.mark.parametrize("taps", range(1, 7))
def test_a_tap_on_what_was_shown_before_the_last_tap_is_told(
    visit: Appointment, nurse: Staff, taps: int
) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    visit.refresh_from_db()
    for _ in range(taps):
        seen = visit.version
        progress.advance(appointment_id=visit.pk, by=nurse, version=seen)
        visit.refresh_from_db()
    for tap in (progress.advance, progress.undo):
        with pytest.raises(StaleVersion):
            tap(appointment_id=visit.pk, by=nurse, version=seen)


def test_each_undo_can_be_undone_once(visit: Appointment, nurse: Staff) -> None:
    progress.arrive(appointment_id=visit.pk, by=nurse)
    for _ in range(3):
        progress.advance(appointment_id=visit.pk, by=nurse)
    visit.refresh_from_db()
    seen = visit.version
    progress.undo(appointment_id=visit.pk, by=nurse, version=seen)
    with pytest.raises(StaleVersion):
        progress.undo(appointment_id=visit.pk, by=nurse, version=seen)
    assert where(visit) == "draw"
