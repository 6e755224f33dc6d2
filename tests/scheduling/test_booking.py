"""Booking one visit: what it holds, what it tells, how it is refused."""

import datetime as dt
from collections.abc import Sequence
from uuid import uuid4

import pytest

from clinic import clock
from clinic.enums import Permission, Role
from clinic.exceptions import InvalidInput, NotAllowed, NotFound, StaleVersion
from clinic.models import AuditEvent, Message, Task
from clinic.services import erasure
from scheduling import rules
from scheduling.enums import AppointmentStatus, RefusalLevel, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.models import Allocation, Appointment, Requirement
from scheduling.rules import Override, Refusal, StartRequest
from scheduling.services import availability, booking, endings, moves, occupancy
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return factory.house()


def session_at(house: House, hour: int, minute: int = 0, *, days: int = 10, **fields: object) -> VisitRequest:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("prp_session").pk,
        "site_id": house.site.pk,
        "start": house.at(factory.days_ahead(days, house.site), hour, minute),
        "purpose": uuid4(),
    }
    return VisitRequest(**(values | fields))  # type: ignore[arg-type]


def test_book_holds_each_stage_resource(house: House) -> None:
    request = session_at(house, 9)
    appointment = booking.book(request=request, by=clinic.staff(at=house.site))
    spans = {
        (
            row.resource.kind_id,
            (row.period.lower - request.start).seconds // 60,
            (row.blocks.upper - request.start).seconds // 60,
        )
        for row in appointment.allocations.filter(active=True).select_related("resource")
    }
    assert spans == {
        ("nurse", 10, 20),
        ("draw_chair", 10, 40),
        ("centrifuge", 20, 40),
        ("physician", 40, 60),
        ("procedure_room", 40, 70),
        ("recovery_bay", 60, 75),
    }


def test_book_plans_confirmation_and_reminders(house: House) -> None:
    appointment = booking.book(request=session_at(house, 9), by=clinic.staff(at=house.site))
    kinds = list(Message.objects.filter(about=f"appointment:{appointment.pk}").values_list("kind", flat=True))
    assert kinds == ["appointment.confirmation", "appointment.reminder_3d", "appointment.reminder_1d"]


def test_book_provisional_tells_nothing(house: House) -> None:
    appointment = booking.book(
        request=session_at(house, 9, status=AppointmentStatus.PROVISIONAL), by=clinic.staff(at=house.site)
    )
    assert Message.objects.filter(about=f"appointment:{appointment.pk}").count() == 0
    assert appointment.told_rev == 0


def test_book_same_form_twice_books_once(house: House) -> None:
    request = session_at(house, 9, request_key=uuid4())
    by = clinic.staff(at=house.site)
    first, second = booking.book(request=request, by=by), booking.book(request=request, by=by)
    assert first.pk == second.pk
    assert Appointment.objects.count() == 1


def test_book_uses_another_team_when_one_is_taken(house: House) -> None:
    by = clinic.staff(at=house.site)
    first = booking.book(request=session_at(house, 9), by=by)
    second = booking.book(request=session_at(house, 9), by=by)
    leads = {
        row.resource_id for row in Allocation.objects.filter(appointment__in=[first, second], is_lead=True)
    }
    assert leads == {row.pk for row in house.resources["physician"]}


def test_book_when_everything_is_taken_names_it_and_writes_nothing(house: House) -> None:
    by = clinic.staff(at=house.site)
    for _ in range(2):
        booking.book(request=session_at(house, 9), by=by)
    with pytest.raises(SlotTaken) as refused:
        booking.book(request=session_at(house, 9), by=by)
    assert "Centrifuge 1 and Centrifuge 2 are taken until 09:40." in refused.value.message
    assert Appointment.objects.count() == 2


@pytest.mark.parametrize("minute", [0, 15, 30, 45])
def test_book_same_patient_overlapping_is_refused(house: House, minute: int) -> None:
    by = clinic.staff(at=house.site)
    request = session_at(house, 9)
    booking.book(request=request, by=by)
    with pytest.raises(SlotTaken, match="The patient has another visit"):
        booking.book(request=session_at(house, 9, minute, patient_id=request.patient_id), by=by)


@pytest.mark.parametrize(("hour", "minute"), [(7, 45), (17, 0), (3, 0)])
def test_book_outside_hours_is_refused(house: House, hour: int, minute: int) -> None:
    with pytest.raises(SlotTaken, match="not working or closed"):
        booking.book(request=session_at(house, hour, minute), by=clinic.staff(at=house.site))


def test_book_in_the_past_is_refused(house: House) -> None:
    with pytest.raises(InvalidInput, match="has passed"):
        booking.book(request=session_at(house, 9, days=-1), by=clinic.staff(at=house.site))


def test_book_for_an_erased_patient_is_refused(house: House) -> None:
    patient = clinic.patient(erased_at=clock.now())
    with pytest.raises(InvalidInput, match="Nothing can be booked"):
        booking.book(request=session_at(house, 9, patient_id=patient.pk), by=clinic.staff(at=house.site))


def test_book_session_without_an_order_is_refused(house: House) -> None:
    with pytest.raises(InvalidInput, match="order"):
        booking.book(request=session_at(house, 9, purpose=None), by=clinic.staff(at=house.site))


def test_book_at_a_foreign_site_is_refused(house: House) -> None:
    elsewhere = clinic.site(name="Elsewhere")
    with pytest.raises(NotFound):
        booking.book(request=session_at(house, 9), by=clinic.staff(at=elsewhere))


def test_move_ends_old_allocations_and_tells_once(house: House) -> None:
    by = clinic.staff(at=house.site)
    appointment = booking.book(request=session_at(house, 9), by=by)
    start = appointment.period.lower + dt.timedelta(days=1)
    moved = moves.move(appointment_id=appointment.pk, start=start, by=by, version=1)
    assert (moved.period.lower, moved.told_rev, moved.version) == (start, 2, 2)
    assert Allocation.objects.filter(appointment=moved, active=True).count() == 6
    assert Allocation.objects.filter(appointment=moved, active=False).count() == 6
    pending = Message.objects.filter(about=f"appointment:{moved.pk}", state="pending")
    assert sorted(pending.values_list("kind", "about_rev")) == [
        ("appointment.confirmation", 2),
        ("appointment.reminder_1d", 2),
        ("appointment.reminder_3d", 2),
    ]


def test_move_by_a_quarter_hour_does_not_stand_in_its_own_way(house: House) -> None:
    by = clinic.staff(at=house.site)
    appointment = booking.book(request=session_at(house, 9), by=by)
    moved = moves.move(
        appointment_id=appointment.pk, start=appointment.period.lower + dt.timedelta(minutes=15), by=by
    )
    assert moved.told_rev == 2


def test_move_with_a_stale_version_is_refused(house: House) -> None:
    by = clinic.staff(at=house.site)
    appointment = booking.book(request=session_at(house, 9), by=by)
    later = appointment.period.lower + dt.timedelta(days=1)
    moves.move(appointment_id=appointment.pk, start=later, by=by, version=1)
    with pytest.raises(StaleVersion):
        moves.move(appointment_id=appointment.pk, start=later + dt.timedelta(days=1), by=by, version=1)


def test_cancel_frees_everything_and_keeps_the_rows(house: House) -> None:
    by = clinic.staff(at=house.site)
    request = session_at(house, 9)
    appointment = booking.book(request=request, by=by)
    endings.cancel(appointment_id=appointment.pk, reason="patient_unwell", by=by)
    assert Allocation.objects.filter(appointment=appointment, active=True).count() == 0
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    assert list(
        AuditEvent.objects.filter(action="scheduling.appointment.cancelled").values_list("detail", flat=True)
    ) == [{"reason": "patient_unwell", "was": "booked"}]
    booking.book(request=session_at(house, 9), by=by)


def test_cancel_without_a_known_reason_is_refused(house: House) -> None:
    by = clinic.staff(at=house.site)
    appointment = booking.book(request=session_at(house, 9), by=by)
    with pytest.raises(InvalidInput):
        endings.cancel(appointment_id=appointment.pk, reason="because", by=by)


def test_release_tells_the_patient(house: House) -> None:
    by = clinic.staff(Role.PHYSICIAN, at=house.site)
    appointment = booking.book(request=session_at(house, 9, status=AppointmentStatus.PROVISIONAL), by=by)
    endings.release(appointment_ids=[appointment.pk], by=by, told=Told.MAIL)
    assert Message.objects.filter(about=f"appointment:{appointment.pk}", state="pending").count() == 3


def test_book_by_a_patient_actor_is_not_allowed(house: House) -> None:
    from clinic.actors import Patient

    with pytest.raises(NotAllowed):
        booking.book(request=session_at(house, 9), by=Patient(uuid4(), uuid4()))


def test_free_starts_offers_exactly_what_book_accepts(house: House) -> None:
    by = clinic.staff(at=house.site)
    day = factory.days_ahead(10, house.site)
    for hour in (9, 11, 14):
        booking.book(request=session_at(house, hour, lead_id=house.one("physician").pk), by=by)
    purpose = uuid4()
    offered = {
        slot.start
        for slot in availability.free_starts(
            visit_type_id=house.visit("prp_session").pk,
            site_id=house.site.pk,
            earliest=house.at(day, 8),
            latest=house.at(day, 18),
            lead_id=house.one("physician").pk,
            purpose=purpose,
        )
    }
    accepted = set()
    for quarter in range(40):
        start = house.at(day, 8) + dt.timedelta(minutes=15 * quarter)
        request = session_at(house, 8, start=start, lead_id=house.one("physician").pk)
        try:
            booking.plan([request])
        except SlotTaken:
            continue
        accepted.add(start)
    assert offered == accepted
    assert len(offered) > 5


def test_erasing_a_patient_leaves_a_task_to_cancel_what_is_booked(house: House) -> None:
    request = session_at(house, 9, note="Ask for Ada's sister")
    appointment = booking.book(request=request, by=clinic.staff(at=house.site))
    erasure.erase(by=clinic.staff(Role.MANAGER, at=house.site), patient_id=request.patient_id)
    appointment.refresh_from_db()
    assert appointment.note == ""
    task = Task.objects.get()
    assert (task.kind, task.state) == ("visit.of_erased_patient", "open")
    assert task.title == "Record erased: cancel the visits that are still booked"


@pytest.fixture
def warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that warns of every start; physicians may go ahead."""

    def rule(requests: Sequence[StartRequest]) -> list[Refusal]:
        return [
            Refusal(start, RefusalLevel.WARN, "too_soon", "Too soon.", Permission.OVERRIDE_INTERVAL)
            for request in requests
            for start in request.starts
        ]

    monkeypatch.setitem(rules._rules, "too_soon", rule)


@pytest.mark.usefixtures("warning")
def test_book_against_a_warning_needs_somebody_who_may_and_a_reason(house: House) -> None:
    desk, physician = clinic.staff(at=house.site), clinic.staff(Role.PHYSICIAN, at=house.site)
    accepted = Override("Travels abroad afterwards.", frozenset({"too_soon"}))
    silent = Override("  ", frozenset({"too_soon"}))
    for by, override in ((desk, None), (desk, accepted), (physician, None), (physician, silent)):
        with pytest.raises(BookingRefused, match="Too soon"):
            booking.book(request=session_at(house, 9), by=by, override=override)
    appointment = booking.book(request=session_at(house, 9), by=physician, override=accepted)
    assert appointment.override_reason == "Travels abroad afterwards."
    event = AuditEvent.objects.get(action="scheduling.appointment.booked")
    assert event.detail == {"overrode": ["too_soon"]}


def test_team_is_what_the_visit_holds_after_its_kind_has_changed(house: House) -> None:
    visit = booking.book(request=session_at(house, 9), by=BY)
    held = {row.resource_id for row in visit.allocations.filter(active=True)}
    Requirement.objects.filter(visit_type=visit.visit_type).exclude(is_lead=True).first().delete()  # type: ignore[union-attr]
    Requirement.objects.create(
        visit_type=visit.visit_type, kind_id="recovery_bay", offset=0, minutes=10, turnover=0
    )

    team = {member.resource_id for member in occupancy.team_of(visit)}
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)

    assert team < held
    assert {member.resource_id for member in occupancy.team_of(visit)} == team
